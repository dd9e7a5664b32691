//! A history for spreadsheets: RFC 4180 with a header row, commas, lines that end with CR LF, UTF-8 without a mark.
//!
//! - Changes: `when,source,external_id,name,field,language,old,new,cause,run`.
//! - Intervals of a barcode: `source,external_id,name,from,until,until_latest,from_cause,from_run,from_other,until_cause,
//!   until_run,until_other`; `from` is empty when the beginning is not recorded, `until` is `now` or, when the end is not
//!   recorded, empty.
//!
//! Moments are RFC 3339, causes the stable words. Columns are only ever added at the end.
//!
//! A spreadsheet takes a text that begins with `=`, `+`, `-` or `@` for a formula, and some one that begins with a tab or
//! a line break. Such a text gets an apostrophe before it, and so does one that begins with an apostrophe: whoever reads
//! the file with a program takes one off to have the text back. Characters that a terminal must not get are written
//! `\u{1b}`. Leading zeros of barcodes are in the file; import the columns as text to keep them in the sheet.

use std::io::{self, Write};

use crate::catalog::{Change, Handover, Tenant, Tenure, TenureEnd};

use super::super::escape::plain;
use super::{HistoryWriter, tenant};

pub(super) fn begin(out: &mut dyn Write) -> io::Result<()> {
    let mut rows = rows(out);
    rows.write_record(["when", "source", "external_id", "name", "field", "language", "old", "new", "cause", "run"])?;
    rows.flush()
}

pub(super) fn changes(writer: &HistoryWriter<'_>, changes: &[Change], out: &mut dyn Write) -> io::Result<()> {
    let mut rows = rows(out);
    for change in changes {
        let Change { when, source, external_id, name, field, language, old, new, cause, run, .. } = change;
        let or_empty = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
        rows.write_record([
            writer.rfc3339(*when),
            harmless(source),
            harmless(external_id),
            harmless(name),
            field.as_str().to_owned(),
            or_empty(language),
            or_empty(old),
            or_empty(new),
            harmless(cause),
            or_empty(run),
        ])?;
    }
    rows.flush()
}

pub(super) fn tenures(writer: &HistoryWriter<'_>, tenures: &[Tenure], out: &mut dyn Write) -> io::Result<()> {
    let mut rows = rows(out);
    rows.write_record([
        "source",
        "external_id",
        "name",
        "from",
        "until",
        "until_latest",
        "from_cause",
        "from_run",
        "from_other",
        "until_cause",
        "until_run",
        "until_other",
    ])?;
    for Tenure { tenant: Tenant { source, external_id, .. }, name, from, until } in tenures {
        let begun = ends(from.as_ref());
        let (end, latest, ended) = match until {
            TenureEnd::Now => ("now".to_owned(), String::new(), ends(None)),
            TenureEnd::Recorded(until) => (writer.rfc3339(until.when), String::new(), ends(Some(until))),
            TenureEnd::Unrecorded { latest } => {
                (String::new(), latest.map(|m| writer.rfc3339(m)).unwrap_or_default(), ends(None))
            }
        };
        let start = from.as_ref().map(|f| writer.rfc3339(f.when)).unwrap_or_default();
        let head = [harmless(source), harmless(external_id), harmless(name), start, end, latest];
        rows.write_record(head.into_iter().chain(begun).chain(ended))?;
    }
    rows.flush()
}

fn ends(handover: Option<&Handover>) -> [String; 3] {
    let Some(Handover { cause, run, other, .. }) = handover else { return Default::default() };
    let other = other.as_ref().map(tenant).unwrap_or_default();
    [harmless(cause), harmless(run.as_deref().unwrap_or_default()), harmless(&other)]
}

/// Buffered; whoever writes rows flushes them, as an error in a destructor is lost.
fn rows(out: &mut dyn Write) -> ::csv::Writer<&mut dyn Write> {
    ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(out)
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    let apostrophe = if text.starts_with(['=', '+', '-', '@', '\'', '\t', '\r', '\n']) { "'" } else { "" };
    format!("{apostrophe}{}", plain(text))
}
