//! Golden pages, what data may not do to them, and that they stay readable whatever the plan's size.

use super::*;
use crate::plan::{Plan, Reason};
use crate::render::sample;

fn page(sections: &[String]) -> String {
    let text =
        html_page(&Page { title: "import-products, dry run", made: "2026-11-22 14:03", sections, failure: None });
    text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

/// Without what has files of its own, and with a line break before each element that begins a line in a browser.
fn readable(page: &str) -> String {
    let mut text = page.replace(STYLE, "STYLE").replace(SCRIPT, "SCRIPT");
    for tag in [
        "<meta",
        "<body",
        "<div class",
        "<h2",
        "<h3",
        "<p",
        "<ul",
        "<li",
        "<details",
        "<tr",
        "<td",
        "<rect",
        "<script",
        "</svg",
    ] {
        text = text.replace(tag, &format!("\n{tag}"));
    }
    text
}

#[test]
fn golden() {
    let dry = html_section(&sample::rich(), None);
    insta::assert_snapshot!("of_a_plan", readable(&page(&[dry])));
    let run = html_section(&sample::desk(), Some(&sample::report()));
    let failed = html_failure("shop-2", "cannot connect to <sql>: refused");
    insta::assert_snapshot!("of_a_run", readable(&page(&[run, failed])));
}

/// Every element of the page is one of ours, whatever names say, and nothing is loaded from anywhere.
#[test]
fn data_stays_text() {
    let evil = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\" ' & \u{1b}\u{202e}";
    let mut plan = sample::rich();
    plan.deferred[0].message = evil.to_owned();
    plan.deferred[0].label = evil.to_owned();
    plan.bad_rows[0].message = evil.to_owned();
    plan.refusals[0].message = evil.to_owned();
    plan.missing[0].label = evil.to_owned();
    plan.updates[0] = sample::update("1003", evil, 31);
    plan.updates[0].name = sample::renamed(&[("en_US", evil)], "x", Reason::Drift);
    let mut report = sample::report();
    report.refused[0].message = evil.to_owned();
    report.duplicates = vec![evil.to_owned()];
    let sections = [html_section(&plan, Some(&report)), html_failure(evil, evil)];
    let text = html_page(&Page { title: evil, made: evil, sections: &sections, failure: Some(evil) });
    assert_eq!(text.matches("<script").count(), 1);
    assert!(!text.contains("<img") && !text.contains('\u{1b}') && !text.contains('\u{202e}'));
    assert!(text.matches("&lt;script&gt;alert(1)").count() >= 9);
    for outside in ["src=", "href=", "http://", "https://", "url(", "@import", " style=", " onclick"] {
        let elsewhere = text.replace("img src=x", "");
        assert!(!elsewhere.contains(outside), "{outside}");
    }
}

fn large(n: usize) -> Plan {
    let updates = (0..n).map(|i| {
        let mut update = sample::update(&i.to_string(), &"Ж".repeat(300), 1);
        update.price = sample::repriced("10", &format!("{}", i % 25), Reason::SourceChanged);
        update.name = sample::renamed(&[("en_US", "Old"), ("ru_RU", "Old")], &"Ж".repeat(300), Reason::Drift);
        update
    });
    Plan { updates: updates.collect(), ..sample::empty() }
}

#[test]
fn a_large_plan_makes_no_large_page() {
    let text = page(&[html_section(&large(5_000), None)]);
    assert!(text.len() < 8_000_000, "{} bytes", text.len());
    assert_eq!(text.matches("<tr data-row").count(), 2 * GROUP);
    assert_eq!(text.matches("… and 3,000 more products").count(), 2);
    assert!(text.contains("5,000 to change (5,000 names, 5,000 prices)"), "counts are of all");
    assert!(text.contains("5,000 prices of existing products;"), "so is the histogram");
}

#[test]
fn nothing_to_do_is_a_page_too() {
    let text = page(&[html_section(&sample::empty(), None)]);
    assert!(
        text.contains("Nothing to do: 2,000 products in step.") && !text.contains("<details") && !text.contains("<svg")
    );
}
