//! A history for spreadsheets; see `csv_cell` for what its cells and lines look like.
//!
//! - Changes: `when,source,external_id,name,field,language,old,new,cause,run`.
//! - Intervals of a barcode: `source,external_id,name,from,until,until_latest,from_cause,from_run,from_other,until_cause,
//!   until_run,until_other`; `from` is empty when the beginning is not recorded, `until` is `now` or, when the end is not
//!   recorded, empty.
//!
//! Moments are RFC 3339, causes the stable words. Columns are only ever added at the end.

use std::io::{self, Write};

use crate::catalog::{Change, Handover, Tenant, Tenure, TenureEnd};

use super::super::csv_cell::Table;
use super::{HistoryWriter, tenant};

pub(super) fn begin(out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Table::new(out);
    rows.row(["when", "source", "external_id", "name", "field", "language", "old", "new", "cause", "run"])?;
    rows.end()
}

pub(super) fn changes(writer: &HistoryWriter<'_>, changes: &[Change], out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Table::new(out);
    for change in changes {
        let Change { when, source, external_id, name, field, language, old, new, cause, run, .. } = change;
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        rows.row([
            writer.rfc3339(*when),
            source.clone(),
            external_id.clone(),
            name.clone(),
            field.as_str().to_owned(),
            or_empty(language),
            or_empty(old),
            or_empty(new),
            cause.clone(),
            or_empty(run),
        ])?;
    }
    rows.end()
}

pub(super) fn tenures(writer: &HistoryWriter<'_>, tenures: &[Tenure], out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Table::new(out);
    rows.row([
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
        let head = [source.clone(), external_id.clone(), name.clone(), start, end, latest];
        rows.row(head.into_iter().chain(begun).chain(ended))?;
    }
    rows.end()
}

fn ends(handover: Option<&Handover>) -> [String; 3] {
    let Some(Handover { cause, run, other, .. }) = handover else { return Default::default() };
    let other = other.as_ref().map(tenant).unwrap_or_default();
    [cause.clone(), run.clone().unwrap_or_default(), other]
}
