//! Golden output of a history in every format, and what must hold for any data.

use proptest::prelude::*;

use crate::catalog::history::{ChangedField, tenures};
use crate::catalog::{CodeKey, ExternalId};
use crate::plan::Reason;

use super::super::escape::is_unsafe;
use super::*;

const FORMATS: [HistoryFormat; 3] = [HistoryFormat::Text, HistoryFormat::Json, HistoryFormat::Csv];
const CODE: &str = "4006381333931";

/// Newfoundland's winter: three and a half hours west.
fn zone(moment: Moment) -> DateTime<FixedOffset> {
    let offset = FixedOffset::west_opt(3 * 3600 + 1800).unwrap();
    DateTime::from_timestamp(moment.0, 0).unwrap().with_timezone(&offset)
}

/// 2026-11-22 09:03:11 UTC and so many seconds.
fn at(seconds: i64) -> Moment {
    Moment(1_795_338_191 + seconds)
}

fn change(id: i64, seconds: i64, field: ChangedField, product: &str, old: &str, new: &str, cause: &str) -> Change {
    let value = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Change {
        id,
        when: at(seconds),
        field,
        source: "polonez".to_owned(),
        external_id: product.to_owned(),
        linked: true,
        name: if product == "1001" { "Чай «Майский», \"100\" г" } else { "=Coffee" }.to_owned(),
        language: (field == ChangedField::Name).then(|| "ru_RU".to_owned()),
        old: value(old),
        new: value(new),
        further: false,
        cause: cause.to_owned(),
        run: Some(format!("20261122T090308Z-polonez-{}", if seconds < 60 { "9f0c11" } else { "b2a7e0" })),
    }
}

fn sample() -> Vec<Change> {
    use ChangedField::{Barcode, Name, Price};
    vec![
        change(1, 0, Barcode, "1001", "", CODE, "created"),
        change(1, 0, Price, "1001", "", "12.5", "created"),
        change(2, 3, Price, "1002", "12.5", "13.9999", "drift"),
        change(2, 3600, Barcode, "1002", "-73513537", CODE, "source-changed"),
        change(3, 3600, Barcode, "1001", CODE, "", "claimed-by-another"),
        change(1, 3601, Name, "1001", "Tea", "\u{202e}Чай\n2", "source-changed"),
        Change {
            linked: false,
            name: String::new(),
            run: None,
            ..change(4, 7200, Barcode, "", "0", "", "some-later-cause")
        },
        change(5, 9000, Barcode, "1002", CODE, " none ", ""),
    ]
}

fn written(format: HistoryFormat, style: Style, asked: Asked, parts: &[&[Change]]) -> String {
    let mut out = Vec::new();
    let mut writer = HistoryWriter::new(format, style, &zone, asked);
    writer.begin(&mut out).unwrap();
    for part in parts {
        writer.changes(part, &mut out).unwrap();
    }
    writer.end(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn asked() -> Asked {
    Asked { since: Some(at(-60)), until: Some(at(86400)), ..Asked::default() }
}

fn of_run() -> Asked {
    let run = RunRecord {
        key: "20261122T090308Z-polonez-9f0c11".to_owned(),
        source: "polonez".to_owned(),
        command: "import-products".to_owned(),
        started: Some(at(-3)),
        ended: None,
        status: String::new(),
        summary: "3 created\u{1b}[2J".to_owned(),
        ..RunRecord::default()
    };
    Asked { run: Some(run), ..Asked::default() }
}

#[test]
fn changes_in_text() {
    let all = sample();
    insta::assert_snapshot!(written(HistoryFormat::Text, Style::default(), asked(), &[&all]));
    let colour = Style { color: true, width: 0 };
    let shown = written(HistoryFormat::Text, colour, of_run(), &[&all[..3]]).replace('\u{1b}', "␛");
    insta::assert_snapshot!("changes_in_colour_of_a_run", shown);
}

#[test]
fn the_last_line_says_what_was_looked_at() {
    let last = |asked: Asked, changes: &[Change]| {
        let text = written(HistoryFormat::Text, Style::default(), asked, &[changes]);
        text.lines().last().unwrap().to_owned()
    };
    let recent = Asked { recent_days: Some(7), since: Some(at(0)), ..Asked::default() };
    assert_eq!(last(recent, &[]), "No changes in the last 7 days (--since shows more).");
    let newest = Asked { limit: Some(2), ..Asked::default() };
    assert_eq!(last(newest.clone(), &sample()[..2]), "2 changes, the newest.");
    assert_eq!(last(newest, &sample()[..1]), "1 change.");
    let until = Asked { until: Some(at(1)), ..Asked::default() };
    assert_eq!(last(until, &sample()[..1]), "1 change until 2026-11-22 05:33:11 -03:30.");
}

#[test]
fn changes_in_json() {
    insta::assert_snapshot!(written(HistoryFormat::Json, Style::default(), asked(), &[&sample()]));
    insta::assert_snapshot!("no_changes_in_json", written(HistoryFormat::Json, Style::default(), of_run(), &[&[]]));
}

#[test]
fn changes_in_csv() {
    let shown = written(HistoryFormat::Csv, Style::default(), asked(), &[&sample()]);
    assert!(shown.split_terminator("\r\n").all(|line| !line.contains(['\r', '\n'])), "{shown:?}");
    insta::assert_snapshot!(shown.replace("\r\n", "\n"));
    assert_eq!(written(HistoryFormat::Csv, Style::default(), asked(), &[]).lines().count(), 1);
}

fn holders(format: HistoryFormat, changes: &[Change], now: &[(Tenant, String)], asked: Asked) -> String {
    let found = tenures(&CodeKey::of(CODE), changes, now);
    let now: Vec<Tenant> = now.iter().map(|(tenant, _)| tenant.clone()).collect();
    let mut out = Vec::new();
    HistoryWriter::new(format, Style::default(), &zone, asked).tenures(CODE, &found, &now, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn who_had_a_barcode() {
    let mut changes = sample();
    changes.truncate(5);
    // Taken away and given back by hand, unseen: only the second time is recorded.
    changes.push(change(6, 9000, ChangedField::Barcode, "1001", "", CODE, "drift"));
    changes.push(Change { linked: false, ..change(7, 9100, ChangedField::Barcode, "-7", CODE, "", "drift") });
    let now = [(tenant_of(&changes[0]), "Tea".to_owned())];
    let mut shown = String::new();
    for format in FORMATS {
        shown += &format!("[{format:?}]\n{}\n", holders(format, &changes, &now, asked()).replace("\r\n", "\n"));
    }
    shown += &format!("[given to nobody]\n{}", holders(HistoryFormat::Text, &[], &[], asked()));
    shown += &format!("\n[and in JSON]\n{}", holders(HistoryFormat::Json, &[], &[], Asked::default()));
    insta::assert_snapshot!(shown);
}

#[test]
fn every_reason_of_a_plan_has_words() {
    let id = ExternalId::parse("1").unwrap();
    let reasons = [
        Reason::SourceChanged,
        Reason::Drift,
        Reason::BothChanged,
        Reason::Adopted,
        Reason::NoLongerListed,
        Reason::ClaimedBy(id),
        Reason::Chosen,
        Reason::Missing,
        Reason::Reverted(String::new()),
    ];
    for reason in reasons {
        assert!(cause_words(reason.code()).is_some(), "{}", reason.code());
    }
}

#[test]
fn formulas_are_made_harmless() {
    for (text, wanted) in [
        ("=1+1", "'=1+1"),
        ("+7 495", "'+7 495"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "\\u{9}=1"),
        ("'quoted'", "''quoted'"),
        ("Tea = good", "Tea = good"),
        ("", ""),
    ] {
        let change = Change { name: text.to_owned(), ..sample()[0].clone() };
        let shown = written(HistoryFormat::Csv, Style::default(), Asked::default(), &[&[change]]);
        let mut rows = ::csv::Reader::from_reader(shown.as_bytes());
        assert_eq!(&rows.records().next().unwrap().unwrap()[3], wanted);
    }
}

proptest! {
    /// Whatever stands in the history, a terminal gets nothing that it must not, programs get back what was recorded, and
    /// it makes no difference in how many parts it was read.
    #[test]
    fn any_text_is_shown_safely(texts in prop::collection::vec("\\PC{0,8}|[=+@'\",\r\n\t\u{1b}\u{202e}\\\\-]{0,4}", 6), cut in 0..3_usize) {
        let changes: Vec<Change> = (0..2)
            .map(|i| Change {
                name: texts[i].clone(),
                external_id: texts[i + 1].clone(),
                old: Some(texts[i + 2].clone()),
                new: Some(texts[i + 3].clone()),
                cause: texts[i + 4].clone(),
                ..sample()[i].clone()
            })
            .collect();
        for format in FORMATS {
            let shown = written(format, Style::default(), Asked::default(), &[&changes]);
            let parts = [&changes[..cut], &changes[cut..]];
            prop_assert_eq!(&shown, &written(format, Style::default(), Asked::default(), &parts));
            let controls = if format == HistoryFormat::Csv { "\r\n" } else { "\n" };
            prop_assert!(!shown.replace(controls, "").contains(is_unsafe), "{:?}", shown);
        }
        let json = written(HistoryFormat::Json, Style::default(), Asked::default(), &[&changes]);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        let csv = written(HistoryFormat::Csv, Style::default(), Asked::default(), &[&changes]);
        let mut rows = ::csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
        prop_assert_eq!(rows.len(), changes.len());
        for (i, change) in changes.iter().enumerate() {
            let line = &read["changes"][i];
            prop_assert_eq!(line["name"].as_str(), Some(change.name.as_str()));
            prop_assert_eq!(line["old"].as_str(), change.old.as_deref());
            prop_assert_eq!(line["cause"]["code"].as_str().unwrap_or_default(), change.cause.as_str());
            prop_assert!(!rows[i][3].starts_with(['=', '+', '-', '@']), "{:?}", &rows[i]);
        }
    }
}
