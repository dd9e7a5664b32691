//! How far prices move, as bars: how many prices by how many percent.

use maud::{Markup, html};
use rust_decimal::Decimal;

use crate::catalog::Price;
use crate::plan::Plan;

use super::super::{grouped, plural};

/// Upper ends in percent, the last one open.
const ENDS: [i64; 11] = [-50, -20, -10, -5, -1, 0, 1, 5, 10, 20, 50];

const LABELS: [&str; 12] = [
    "over −50 %",
    "−50 to −20 %",
    "−20 to −10 %",
    "−10 to −5 %",
    "−5 to −1 %",
    "under −1 %",
    "under +1 %",
    "+1 to +5 %",
    "+5 to +10 %",
    "+10 to +20 %",
    "+20 to +50 %",
    "over +50 %",
];

const ROW: usize = 24;
const LEFT: usize = 110;
const BAR: usize = 520;

pub(super) fn histogram(plan: &Plan) -> Markup {
    let (bins, odd) = bins(plan);
    let all: usize = bins.iter().sum();
    if all == 0 {
        return html! {};
    }
    let most = bins.iter().copied().max().unwrap_or_default().max(1);
    let height = ROW * LABELS.len() + 8;
    html! {
        h3 { "How far prices move" }
        figure {
            svg viewBox={ "0 0 " (LEFT + BAR + 80) " " (height) } role="img" aria-label={ "How far " (plural(all, "price")) " move, in percent" } {
                line x1=(LEFT) x2=(LEFT) y1="0" y2=(height) {}
                @for (at, (n, label)) in bins.iter().zip(LABELS).enumerate() {
                    @let y = at * ROW + 4;
                    @let width = (n * BAR).div_ceil(most);
                    text.axis x=(LEFT - 8) y=(y + 15) text-anchor="end" { (label) }
                    @if *n > 0 {
                        rect class=(if at < 6 { "down" } else { "up" }) x=(LEFT) y=(y) width=(width) height=(ROW - 6) { title { (label) ": " (plural(*n, "price")) } }
                        text x=(LEFT + width + 6) y=(y + 15) { (grouped(*n)) }
                    }
                }
            }
            figcaption.dim {
                (plural(all, "price")) " of existing products; prices that wait are not counted."
                @if odd > 0 { " " (plural(odd, "price")) " without an old price to compare with." }
            }
        }
    }
}

/// How many prices in each bin, and how many move from nothing.
fn bins(plan: &Plan) -> ([usize; 12], usize) {
    let mut bins = [0; 12];
    let mut odd = 0;
    let changes = plan.adoptions.iter().chain(&plan.updates).filter_map(|u| u.price.as_ref());
    for change in changes {
        match Price::parse(&change.old).map(Price::decimal) {
            Ok(old) if old > Decimal::ZERO => {
                let percent = (change.new.decimal() - old).checked_mul(Decimal::ONE_HUNDRED).map(|moved| moved / old);
                bins[bin(percent.unwrap_or(Decimal::MAX))] += 1;
            }
            _ => odd += 1,
        }
    }
    (bins, odd)
}

/// The first bin whose end is not passed; upwards an end belongs to the next one, so that both sides are alike.
fn bin(percent: Decimal) -> usize {
    let passed = |end: &i64| {
        let end = Decimal::from(*end);
        if end < Decimal::ZERO { percent >= end } else { percent > end || (end > Decimal::ZERO && percent >= end) }
    };
    ENDS.iter().filter(|end| passed(end)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_alike() {
        for (percent, label) in [
            ("-100", "over −50 %"),
            ("-50.1", "over −50 %"),
            ("-50", "−50 to −20 %"),
            ("-20.1", "−50 to −20 %"),
            ("-1", "under −1 %"),
            ("-0.01", "under −1 %"),
            ("0.01", "under +1 %"),
            ("1", "+1 to +5 %"),
            ("19.9", "+10 to +20 %"),
            ("50", "over +50 %"),
            ("9900", "over +50 %"),
        ] {
            assert_eq!(LABELS[bin(percent.parse().unwrap())], label, "{percent}");
        }
    }
}
