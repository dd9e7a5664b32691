//! The figures: samples, a row for each thing measured with its ceilings beside it, Markdown for people, JSON for programs.

use serde::{Deserialize, Serialize};

use crate::measure::Usage;

/// One measured run. What a ceiling does not tell is `None`.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Sample {
    /// From start to end.
    pub seconds: f64,
    /// User and system, of the measured process alone.
    pub cpu: Option<f64>,
    /// Peak resident memory in MiB.
    pub peak: Option<f64>,
    /// Calls to Odoo.
    pub calls: Option<u64>,
}

impl From<Usage> for Sample {
    fn from(usage: Usage) -> Self {
        Self { seconds: usage.seconds, cpu: Some(usage.cpu), peak: Some(usage.peak), calls: None }
    }
}

/// All runs of one thing.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Series {
    /// What it is: `erpsync`, or a ceiling's name.
    pub name: String,
    /// In the order of time.
    pub samples: Vec<Sample>,
}

impl Series {
    /// A series of that name without samples.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), samples: Vec::new() }
    }

    /// The median of what the samples tell.
    pub fn median(&self, of: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
        let mut values: Vec<f64> = self.samples.iter().filter_map(of).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        match values.len() {
            0 => None,
            n if n % 2 == 1 => Some(values[middle]),
            _ => Some(f64::midpoint(values[middle - 1], values[middle])),
        }
    }

    /// The median of the seconds.
    pub fn seconds(&self) -> f64 {
        self.median(|s| Some(s.seconds)).unwrap_or(f64::NAN)
    }

    fn spread(&self) -> String {
        let all = || self.samples.iter().map(|s| s.seconds);
        let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
        if self.samples.len() < 2 {
            return seconds(self.seconds());
        }
        format!("{} ({}–{})", seconds(self.seconds()), seconds(least), seconds(most))
    }
}

/// One thing measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// The step.
    pub step: String,
    /// What of it.
    pub what: String,
    /// Odoo's version, where one took part.
    pub odoo: Option<u32>,
    /// Products in the source.
    pub size: u64,
    /// Records that the figure is about: read, created, changed.
    pub records: u64,
    /// The tool; in the step `read` a bare loop.
    pub subject: Series,
    /// What limits it.
    pub ceilings: Vec<Series>,
}

impl Row {
    /// A row about all products.
    pub fn new(step: &str, what: impl Into<String>, odoo: Option<u32>, size: u64) -> Self {
        let subject = Series::new("erpsync");
        Self { step: step.to_owned(), what: what.into(), odoo, size, records: size, subject, ceilings: Vec::new() }
    }

    /// One more run of a ceiling.
    pub fn ceiling(&mut self, name: &str, sample: Sample) {
        match self.ceilings.iter_mut().find(|c| c.name == name) {
            Some(series) => series.samples.push(sample),
            None => self.ceilings.push(Series { name: name.to_owned(), samples: vec![sample] }),
        }
    }

    /// One line that tells how it went.
    pub fn told(&self) -> String {
        let cells: Vec<String> = self.cells().into_iter().filter(|c| !c.is_empty()).collect();
        cells.join(" · ")
    }

    fn cells(&self) -> [String; 10] {
        let subject = &self.subject;
        let number = |of: fn(&Sample) -> Option<f64>, decimals: usize| {
            subject.median(of).map(|v| format!("{v:.decimals$}")).unwrap_or_default()
        };
        let ceilings = self.ceilings.iter().map(|c| format!("{} {}", c.name, c.spread()));
        let ratios = self.ceilings.iter().map(|c| format!("{:.2}", c.seconds() / subject.seconds()));
        [
            self.what.clone(),
            self.odoo.map(|v| v.to_string()).unwrap_or_default(),
            thousands(self.size),
            subject.spread(),
            thousands((self.records as f64 / subject.seconds()).round() as u64),
            number(|s| s.peak, 1),
            number(|s| s.cpu, 2),
            number(|s| s.calls.map(|c| c as f64), 0),
            ceilings.collect::<Vec<_>>().join("; "),
            ratios.collect::<Vec<_>>().join("; "),
        ]
    }
}

fn seconds(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.1}") }
}

/// `1234567` as `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap_or("")).collect();
    groups.join(",")
}

/// The tables, one a step, in Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut out = String::new();
    let mut steps: Vec<&str> = Vec::new();
    for row in rows {
        if !steps.contains(&row.step.as_str()) {
            steps.push(&row.step);
        }
    }
    for step in steps {
        out += &format!(
            "\n### {step}\n\n| what | Odoo | products | seconds | records/s | peak MiB | CPU s | calls | ceiling, seconds | ceiling ÷ measured |\n\
             | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |\n"
        );
        for row in rows.iter().filter(|row| row.step == step) {
            out += &format!("| {} |\n", row.cells().join(" | "));
        }
    }
    out
}
