//! Golden output of the list of runs.

use chrono::{DateTime, FixedOffset};

use super::*;
use crate::catalog::Moment;

fn almaty(moment: Moment) -> DateTime<FixedOffset> {
    DateTime::from_timestamp(moment.0, 0).unwrap().with_timezone(&FixedOffset::east_opt(5 * 3600).unwrap())
}

fn sample() -> Vec<RunRecord> {
    let run = |key: &str, began: i64, took: Option<i64>, status: &str| RunRecord {
        key: key.to_owned(),
        source: "polonez".to_owned(),
        command: "import-products".to_owned(),
        host: "erp, process 4711".to_owned(),
        started: Some(Moment(1_790_000_000 + began)),
        ended: took.map(|took| Moment(1_790_000_000 + began + took)),
        status: status.to_owned(),
        ..RunRecord::default()
    };
    vec![
        RunRecord {
            created: 3,
            changed: 1200,
            deferred: 2,
            summary: "3 created, 0 adopted, 1200 changed".to_owned(),
            ..run("20260921T142640Z-polonez-9f0c11", 0, Some(185), "done")
        },
        RunRecord { source: String::new(), command: "prune".to_owned(), ..run("k2", 3600, Some(7840), "done") },
        RunRecord { summary: "=1+1\u{1b}[31m \u{202e}".to_owned(), ..run("k3", 7200, None, "died") },
        run("k4", 7300, None, "running"),
        RunRecord::default(),
    ]
}

fn written(format: HistoryFormat, asked: &Asked, all: &[RunRecord], color: bool) -> String {
    let mut out = Vec::new();
    runs(format, Style { color, width: 0 }, &almaty, asked, all, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn golden() {
    let asked = Asked { since: Some(Moment(1_790_000_000)), limit: Some(5), ..Asked::default() };
    let all = sample();
    insta::assert_snapshot!("text", written(HistoryFormat::Text, &asked, &all, false));
    insta::assert_snapshot!("json", written(HistoryFormat::Json, &asked, &all, false));
    insta::assert_snapshot!("csv", written(HistoryFormat::Csv, &asked, &all, false).replace('\r', ""));
    let none = Asked { recent_days: Some(7), ..Asked::default() };
    assert_eq!(written(HistoryFormat::Text, &none, &[], false), "No runs in the last 7 days (--since shows more).\n");
    let empty: serde_json::Value = serde_json::from_str(&written(HistoryFormat::Json, &none, &[], false)).unwrap();
    assert_eq!(empty["count"], 0);
}

#[test]
fn nothing_reaches_a_terminal() {
    for format in [HistoryFormat::Text, HistoryFormat::Json, HistoryFormat::Csv] {
        let text = written(format, &Asked::default(), &sample(), false);
        assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r') || c == '\u{202e}'), "{text:?}");
    }
    assert!(written(HistoryFormat::Text, &Asked::default(), &sample(), true).contains("\u{1b}[31mdied"));
}
