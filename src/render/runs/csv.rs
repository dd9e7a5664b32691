//! Runs for spreadsheets; see `csv_cell` for what its cells and lines look like.
//!
//! `started,ended,seconds,command,source,status,created,changed,barcodes,refused,deferred,summary,host,run`; what is not
//! recorded is empty. Columns are only ever added at the end.

use std::io::{self, Write};

use crate::catalog::RunRecord;

use super::super::csv_cell::Table;
use super::super::history::{Zone, rfc3339};
use super::seconds;

pub(super) fn write(zone: Zone<'_>, runs: &[RunRecord], out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Table::new(out);
    rows.row([
        "started", "ended", "seconds", "command", "source", "status", "created", "changed", "barcodes", "refused",
        "deferred", "summary", "host", "run",
    ])?;
    for run in runs {
        let moment = |moment: Option<_>| moment.map(|m| rfc3339(zone, m)).unwrap_or_default();
        let RunRecord { key, source, command, host, started, ended, status, summary, .. } = run;
        rows.row([
            moment(*started),
            moment(*ended),
            seconds(run).map(|s| s.to_string()).unwrap_or_default(),
            command.clone(),
            source.clone(),
            status.clone(),
            run.created.to_string(),
            run.changed.to_string(),
            run.barcodes.to_string(),
            run.refused.to_string(),
            run.deferred.to_string(),
            summary.clone(),
            host.clone(),
            key.clone(),
        ])?;
    }
    rows.end()
}
