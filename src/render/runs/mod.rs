//! The list of runs as text for people, JSON for programs, CSV for spreadsheets; oldest first. Moments are shown in the zone
//! that the caller gives, always with the offset.

mod csv;
mod json;
mod text;

use std::io::{self, Write};

use crate::catalog::RunRecord;

use super::Style;
use super::history::{Asked, HistoryFormat, Zone};

/// Writes the runs of a period.
///
/// # Errors
/// When `out` cannot be written.
pub fn runs(
    format: HistoryFormat,
    style: Style,
    zone: Zone<'_>,
    asked: &Asked,
    runs: &[RunRecord],
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        HistoryFormat::Text => text::write(style, zone, asked, runs, out),
        HistoryFormat::Json => json::write(zone, asked, runs, out),
        HistoryFormat::Csv => csv::write(zone, runs, out),
    }
}

/// How long a run took, in whole seconds; `None` when its end is not recorded.
fn seconds(run: &RunRecord) -> Option<i64> {
    Some((run.ended?.0 - run.started?.0).max(0))
}

#[cfg(test)]
mod tests;
