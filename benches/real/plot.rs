//! Two logarithmic axes and some lines, as SVG. Pure.

use std::fmt::Write as _;

/// A line with markers.
pub struct Line {
    /// For the legend.
    pub name: String,
    /// x and y, both above zero but where the panel has a place for zero.
    pub points: Vec<(f64, f64)>,
}

/// One diagram. The y axis is in seconds.
pub struct Panel {
    /// Above it.
    pub title: String,
    /// Below it.
    pub x: String,
    /// Where x = 0 stands on the logarithmic axis.
    pub zero: Option<f64>,
    /// The lines.
    pub lines: Vec<Line>,
}

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 340.0;
const COLOURS: [&str; 4] = ["#8a8f98", "#1f6feb", "#c2410c", "#15803d"];

/// All panels side by side.
pub fn svg(panels: &[Panel]) -> String {
    let width = WIDTH * panels.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    for (at, panel) in panels.iter().enumerate() {
        let _ = writeln!(out, "<g transform=\"translate({} 0)\">{}</g>", WIDTH * at as f64, drawn(panel));
    }
    out + "</svg>\n"
}

struct Axis {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Axis {
    /// Whole decades around the values.
    fn around(values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min).log10().floor();
        let most = values.fold(f64::NEG_INFINITY, f64::max).log10().ceil();
        Self { from: least, to: most.max(least + 1.0), start, end }
    }

    fn at(&self, value: f64) -> f64 {
        self.start + (value.log10() - self.from) / (self.to - self.from) * (self.end - self.start)
    }

    fn decades(&self) -> impl Iterator<Item = f64> + use<> {
        (self.from as i32..=self.to as i32).map(|power| 10_f64.powi(power))
    }
}

fn drawn(panel: &Panel) -> String {
    let (left, right, top, bottom) = (62.0, WIDTH - 18.0, 40.0, HEIGHT - 52.0);
    let shown = |x: f64| if x == 0.0 { panel.zero.unwrap_or(1.0) } else { x };
    let all = || panel.lines.iter().flat_map(|l| l.points.iter());
    let x = Axis::around(all().map(|p| shown(p.0)), left, right);
    let y = Axis::around(all().map(|p| p.1), bottom, top);
    let mut out = format!("<text x=\"{left}\" y=\"22\" font-size=\"14\" fill=\"#111111\">{}</text>\n", panel.title);
    for value in y.decades() {
        let at = y.at(value);
        let _ = writeln!(
            out,
            "<line x1=\"{left}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#e3e5e8\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#444444\">{}</text>",
            left - 7.0,
            at + 4.0,
            label(value)
        );
    }
    for value in x.decades() {
        let at = x.at(value);
        let _ = writeln!(
            out,
            "<line x1=\"{at:.1}\" y1=\"{top}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"#e3e5e8\"/>\
             <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#444444\">{}</text>",
            bottom + 17.0,
            if panel.zero.is_some_and(|zero| value < zero) { String::new() } else { label(value) }
        );
    }
    if let Some(zero) = panel.zero {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#444444\">0</text>",
            x.at(zero),
            bottom + 17.0
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#111111\">{}</text>\
         <text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\" fill=\"#111111\">seconds</text>",
        f64::midpoint(left, right),
        bottom + 38.0,
        panel.x,
        f64::midpoint(top, bottom)
    );
    for (number, line) in panel.lines.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let points: Vec<(f64, f64)> = line.points.iter().map(|p| (x.at(shown(p.0)), y.at(p.1))).collect();
        // Nothing lies between zero and the first share.
        let joined = if line.points.first().is_some_and(|p| p.0 == 0.0) { &points[1..] } else { &points[..] };
        let path: Vec<String> = joined.iter().map(|p| format!("{:.1},{:.1}", p.0, p.1)).collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        for point in &points {
            let _ = writeln!(out, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>", point.0, point.1);
        }
        let at = top + 14.0 + 18.0 * number as f64;
        let _ = writeln!(
            out,
            "<line x1=\"{0}\" y1=\"{at}\" x2=\"{1}\" y2=\"{at}\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{2}\" y=\"{3}\" fill=\"#111111\">{4}</text>",
            left + 10.0,
            left + 30.0,
            left + 37.0,
            at + 4.0,
            line.name
        );
    }
    out
}

fn label(value: f64) -> String {
    if value >= 1_000_000.0 {
        format!("{}M", value / 1e6)
    } else if value >= 1_000.0 {
        format!("{}k", value / 1e3)
    } else {
        format!("{value}")
    }
}
