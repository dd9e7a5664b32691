//! Runs as one JSON document, each on a line of its own.
//!
//! The schema, version 1. Fields are only ever added within a version; what means something else gets a new version.
//!
//! ```json
//! {
//!   "format": "erpsync-runs", "version": 1,
//!   "since": "2026-11-01T00:00:00+05:00", "until": null,
//!   "runs": [
//!     {"run": "20261122T090308Z-polonez-9f0c11", "command": "import-products", "source": "polonez",
//!      "host": "erp, process 4711", "started": "2026-11-22T14:03:08+05:00", "ended": "2026-11-22T14:03:20+05:00",
//!      "seconds": 12, "status": "done", "created": 3, "changed": 1, "barcodes": 0, "refused": 0, "deferred": 2,
//!      "summary": "3 created, …"}
//!   ],
//!   "count": 1
//! }
//! ```
//!
//! `ended` and `seconds` are `null` for a run that is at work, or died; `source` is empty for what is about none, such as
//! pruning. `deferred` is what was open for the source at the run's end.

use std::io::{self, Write};

use serde::Serialize;

use crate::catalog::{Moment, RunRecord};

use super::super::history::{Asked, Zone, rfc3339};
use super::super::json::safe;
use super::seconds;

/// The schema's version; it changes when a field is taken away or means something else.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct RunJson<'a> {
    run: &'a str,
    command: &'a str,
    source: &'a str,
    host: &'a str,
    started: Option<String>,
    ended: Option<String>,
    seconds: Option<i64>,
    status: &'a str,
    created: usize,
    changed: usize,
    barcodes: usize,
    refused: usize,
    deferred: usize,
    summary: &'a str,
}

pub(super) fn write(zone: Zone<'_>, asked: &Asked, runs: &[RunRecord], out: &mut dyn Write) -> io::Result<()> {
    let moment = |moment: Option<Moment>| moment.map(|m| rfc3339(zone, m));
    writeln!(out, "{{\n  \"format\": \"erpsync-runs\",\n  \"version\": {VERSION},")?;
    writeln!(out, "  \"since\": {},", safe(&moment(asked.since))?)?;
    writeln!(out, "  \"until\": {},", safe(&moment(asked.until))?)?;
    write!(out, "  \"runs\": [")?;
    for (i, run) in runs.iter().enumerate() {
        let line = RunJson {
            run: &run.key,
            command: &run.command,
            source: &run.source,
            host: &run.host,
            started: moment(run.started),
            ended: moment(run.ended),
            seconds: seconds(run),
            status: &run.status,
            created: run.created,
            changed: run.changed,
            barcodes: run.barcodes,
            refused: run.refused,
            deferred: run.deferred,
            summary: &run.summary,
        };
        write!(out, "{}\n    {}", if i > 0 { "," } else { "" }, safe(&line)?)?;
    }
    let closing = if runs.is_empty() { "" } else { "\n  " };
    writeln!(out, "{closing}],\n  \"count\": {}\n}}", runs.len())
}
