//! Golden output of every format, and what must hold for any data.

use proptest::prelude::*;

use crate::apply::report::{Interrupt, NotDone, Report};
use crate::catalog::{BadRow, BadRowKind};
use crate::plan::{Component, DeferredKind, Missing, Plan, Reason, Refusal, Update};

use super::escape::is_unsafe;
use super::*;

const VERBOSE: Options = Options { verbose: true, max_items: None };
const NARROW: Style = Style { color: false, width: 80 };

fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(plan: &Plan, style: Style, options: Options) -> String {
    written(|out| plan_text(plan, style, options, out))
}

fn lines(plan: &Plan, options: Options) -> String {
    written(|out| plan_lines(plan, options, out))
}

fn report_of(report: &Report) -> String {
    written(|out| report_text(report, NARROW, out))
}

#[test]
fn text_of_a_rich_plan() {
    insta::assert_snapshot!(text(&sample::rich(), NARROW, Options::default()));
}

#[test]
fn text_in_colour_with_everything() {
    let style = Style { color: true, width: 0 };
    insta::assert_snapshot!(text(&sample::rich(), style, VERBOSE).replace('\u{1b}', "␛"));
}

#[test]
fn text_of_a_long_list() {
    let options = Options { verbose: false, max_items: Some(1) };
    insta::assert_snapshot!(text(&sample::rich(), NARROW, options));
}

#[test]
fn text_of_other_plans() {
    let empty = sample::empty();
    let quiet = Plan {
        deferred: sample::rich().deferred,
        scope: Some(vec![sample::id("1001"), sample::id("1003"), sample::id("1011")]),
        unchanged: 0,
        ..sample::empty()
    };
    let plans =
        [("empty", empty), ("waiting only", quiet), ("refused", sample::refused()), ("unread", sample::unread())];
    let shown: Vec<String> =
        plans.iter().map(|(what, plan)| format!("[{what}]\n{}", text(plan, NARROW, Options::default()))).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn lines_of_plans() {
    insta::assert_snapshot!(lines(&sample::rich(), VERBOSE));
    assert_eq!(lines(&sample::empty(), VERBOSE), "");
    insta::assert_snapshot!("lines_of_a_refused_plan", lines(&sample::refused(), Options::default()));
}

#[test]
fn json_of_plans() {
    let json = |plan: &Plan| written(|out| super::json(plan, None, out));
    insta::assert_snapshot!(json(&sample::rich()));
    insta::assert_snapshot!("json_of_an_empty_plan", json(&sample::empty()));
    insta::assert_snapshot!("json_of_a_refused_plan", json(&sample::refused()));
}

/// Choices, further codes, products that go and come back, a run undone.
#[test]
fn what_operators_bring_about() {
    let plan = sample::desk();
    insta::assert_snapshot!("text_of_the_desk", text(&plan, NARROW, VERBOSE));
    insta::assert_snapshot!("text_of_the_desk_in_short", text(&plan, NARROW, Options::default()));
    insta::assert_snapshot!("lines_of_the_desk", lines(&plan, VERBOSE));
    insta::assert_snapshot!("json_of_the_desk", written(|out| super::json(&plan, None, out)));
}

#[test]
fn json_of_a_run() {
    let report = Report { interrupted: Some(Interrupt::Terminated), ..sample::report() };
    insta::assert_snapshot!(written(|out| super::json(&sample::empty(), Some(&report), out)));
}

#[test]
fn reports() {
    let quiet = Report { run: "2f1c9a".to_owned(), ..Report::default() };
    let settled = Report { closed: 1, ..Report::default() };
    let stopped = Report { interrupted: Some(Interrupt::Interrupted), created: 1, barcodes: 1, ..Report::default() };
    let all = [("full", sample::report()), ("quiet", quiet), ("settled", settled), ("stopped", stopped)];
    let mut shown = String::new();
    for (what, report) in &all {
        shown += &format!("[{what}]\n{}log: {}\n\n", report_of(report), summary_line(report));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn lines_of_reports() {
    let lines = |report: &Report| written(|out| report_lines(&sample::empty().source, report, out));
    assert_eq!(lines(&Report { created: 9, ..Report::default() }), "");
    insta::assert_snapshot!(lines(&Report { interrupted: Some(Interrupt::Interrupted), ..sample::report() }));
}

#[test]
fn a_follower_of_a_circle_is_not_in_it() {
    let chain = Component {
        moves: vec![
            sample::moved("1", "a", Some("x"), Some("y"), Reason::SourceChanged),
            sample::moved("2", "b", Some("y"), Some("x"), Reason::SourceChanged),
            // A second holder of the same code: the first one gives it.
            sample::moved("3", "c", Some("x"), Some("z"), Reason::SourceChanged),
            sample::moved("4", "d", Some(" z "), Some("z"), Reason::SourceChanged),
            sample::moved("5", "e", None, Some("y"), Reason::SourceChanged),
        ],
    };
    let plan = Plan { moves: vec![chain], ..sample::empty() };
    let details: Vec<String> =
        lines(&plan, VERBOSE).lines().map(|l| l.rsplit('\t').next().unwrap().to_owned()).collect();
    assert_eq!(
        details,
        [
            "changed in the source; swap with 2",
            "changed in the source; swap with 1",
            "changed in the source; from 4",
            "changed in the source",
            "changed in the source; from 2",
        ]
    );
}

#[test]
fn numbers_are_grouped() {
    for (n, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (12_345, "12,345")] {
        assert_eq!(grouped(n), shown);
    }
    assert_eq!((plural(1, "name"), plural(0, "name")), ("1 name".to_owned(), "0 names".to_owned()));
}

#[test]
fn messages_wrap_between_words() {
    let message = "word ".repeat(40);
    let plan = Plan {
        deferred: vec![sample::deferred("1", "x", DeferredKind::Drift, "name", message.trim())],
        ..sample::empty()
    };
    for width in 40..100 {
        let shown = text(&plan, Style { color: false, width }, Options::default());
        let mut wrapped = shown.lines().filter(|l| l.contains("word"));
        assert!(wrapped.all(|l| l.chars().count() <= width), "{width}: {shown}");
        assert_eq!(shown.matches("word").count(), 40);
        assert!(!shown.contains("wordword"), "{width}: {shown}");
    }
    let unwrapped = text(&plan, Style { color: false, width: 39 }, Options::default());
    assert!(unwrapped.contains(message.trim()));
}

/// Any text, with the characters that matter far more often than chance would have them.
fn nasty() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        '\u{1b}',
        '\n',
        '\t',
        '\r',
        '\0',
        '\u{7f}',
        '\u{9b}',
        '\u{202e}',
        '\u{2066}',
        '\u{200f}',
        '\u{feff}',
        '\u{2028}',
        '\u{e0001}',
        '"',
        '\\',
        ' ',
        '[',
        'm',
        '1',
        '茶',
        '\u{301}',
    ]);
    prop::collection::vec(prop_oneof![odd, any::<char>()], 0..24).prop_map(String::from_iter)
}

/// A plan and a report with `t` in every text that is not parsed on its way in.
fn spoilt(t: &str) -> (Plan, Report) {
    let mut plan = sample::rich();
    let text = || t.to_owned();
    plan.languages.push(text());
    plan.updates.push(Update {
        name: sample::renamed(&[(t, t), ("en_US", t)], "new", Reason::Drift),
        price: sample::repriced(t, "1", Reason::Drift),
        ..sample::update("9001", t, 1)
    });
    plan.moves.push(Component { moves: vec![sample::moved("9002", t, Some(t), None, Reason::NoLongerListed)] });
    plan.moves.push(Component { moves: vec![sample::moved("9003", t, None, Some(t), Reason::NoLongerListed)] });
    plan.deferred.push(sample::deferred("9004", t, DeferredKind::Held, t, t));
    plan.missing.push(Missing { external_id: sample::id("9005"), label: text(), archive: false, still_in: Vec::new() });
    plan.bad_rows.push(BadRow { id: None, kind: BadRowKind::Id, message: text(), barcode_row: false });
    plan.refusals.push(Refusal { guard: "max_create".into(), message: text() });
    plan.creations[1].said_barcodes.push(text());
    // Ids and names let bidirectional marks pass, though no controls.
    if let Ok(id) = crate::catalog::ExternalId::parse(t) {
        plan.missing.push(Missing { external_id: id, label: String::new(), archive: false, still_in: Vec::new() });
    }
    if let Ok(name) = crate::catalog::ProductName::parse(t) {
        plan.creations[0].name = name;
    }
    let one = NotDone { external_id: sample::id("1"), label: text(), message: text() };
    let report = Report {
        run: text(),
        refused: vec![one.clone()],
        overtaken: vec![one],
        duplicates: vec![text()],
        ..sample::report()
    };
    (plan, report)
}

/// Takes out the colours that we write ourselves: `ESC [ digits and semicolons m`.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        match part[end..].strip_prefix('m') {
            Some(rest) => out += rest,
            None => out += &format!("\u{1b}[{part}"),
        }
    }
    out
}

fn first_unsafe(text: &str, allowed: &[char]) -> Option<char> {
    text.chars().find(|c| is_unsafe(*c) && !allowed.contains(c))
}

proptest! {
    #[test]
    fn nothing_reaches_the_terminal_but_text(t in nasty(), width in 0_usize..120) {
        let (plan, report) = spoilt(&t);
        let plain = text(&plan, Style { color: false, width }, VERBOSE);
        prop_assert_eq!(first_unsafe(&plain, &['\n']), None);
        let coloured = text(&plan, Style { color: true, width }, VERBOSE);
        prop_assert_eq!(&without_colours(&coloured), &plain, "colours add nothing but themselves");
        prop_assert_eq!(first_unsafe(&report_of(&report), &['\n']), None);
        prop_assert_eq!(first_unsafe(&summary_line(&report), &[]), None);
        prop_assert_eq!(first_unsafe(&plan_summary_line(&plan), &[]), None);
        let source = &plan.source;
        for all in [lines(&plan, VERBOSE), written(|out| report_lines(source, &report, out))] {
            prop_assert_eq!(first_unsafe(&all, &['\n', '\t']), None);
            for line in all.lines() {
                prop_assert_eq!(line.split('\t').count(), 9, "{}", line);
            }
        }
    }

    #[test]
    fn json_reads_back_as_it_was(t in nasty()) {
        let (plan, report) = spoilt(&t);
        let document = written(|out| super::json(&plan, Some(&report), out));
        prop_assert_eq!(first_unsafe(&document, &['\n']), None);
        let value: serde_json::Value = serde_json::from_str(&document).unwrap();
        prop_assert_eq!(value["run"].as_str(), Some(&*t));
        prop_assert_eq!(value["refused"][0]["message"].as_str(), Some(&*t));
        let deferred = value["plan"]["deferred"].as_array().unwrap();
        prop_assert_eq!(deferred.last().unwrap()["subject"].as_str(), Some(&*t));
    }

    /// A forged line would begin with a symbol at the left edge; every one of ours belongs to something in the plan.
    #[test]
    fn data_forges_no_line(t in nasty()) {
        let (plan, _) = spoilt(&t);
        let heads = |text: &str| text.lines().filter(|l| l.starts_with(['+', '&', '~', '-', '!', '?', '=', 'x', '#'])).count();
        let (calm, _) = spoilt("calm");
        let parses = usize::from(crate::catalog::ExternalId::parse(&t).is_ok());
        let shown = text(&plan, Style::default(), VERBOSE);
        prop_assert_eq!(heads(&shown), heads(&text(&calm, Style::default(), VERBOSE)) - 1 + parses, "{}", shown);
    }
}
