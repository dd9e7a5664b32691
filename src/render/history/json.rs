//! A history as one JSON document.
//!
//! The schema, version 1. Fields are only ever added within a version; what means something else gets a new version.
//! Barcodes and prices are strings, never numbers; what is not there is `null`; moments are RFC 3339 in the zone of the
//! machine. Each change stands on a line of its own, so that a long history can be read as it comes. A document that was
//! cut off has no end and does not parse.
//!
//! ```json
//! {
//!   "format": "erpsync-history", "version": 1,
//!   "since": "2026-11-01T00:00:00+05:00", "until": null,
//!   "run": null,
//!   "changes": [
//!     {"when": "2026-11-22T14:03:11+05:00", "source": "polonez", "external_id": "1001", "linked": true, "name": "Tea",
//!      "field": "barcode", "language": null, "old": "4006381333931", "new": null,
//!      "cause": {"code": "claimed-by-another", "text": "the source lists it at another product now"},
//!      "run": "20261122T090308Z-polonez-9f0c11"}
//!   ],
//!   "count": 1
//! }
//! ```
//!
//! - `since`, `until`: the period, its end excluded, or `null`; `run`: `null`, or with `--run` `{"key", "source",
//!   "command", "started", "ended", "status", "summary"}`.
//! - `field`: `barcode`, `price`, `name` (with `language`). A cause's code is stable, its text is not; `cause` is `null`
//!   when none is recorded.
//! - `linked`: does the line belong to a link? Without one it tells of a product outside the source, or of a link that
//!   was deleted since, and `name` is empty.
//!
//! With `--barcode`, in the place of `changes` and `count`:
//!
//! ```json
//! {
//!   "barcode": "4006381333931",
//!   "holders": [
//!     {"source": "polonez", "external_id": "1001", "linked": true, "name": "Tea",
//!      "from": {"when": "…", "cause": {"code": "created", "text": "…"}, "run": "…", "other": null},
//!      "until": {"when": "…", "cause": {"code": "…", "text": "…"}, "run": "…",
//!                "other": {"source": "polonez", "external_id": "1002", "linked": true}},
//!      "until_latest": null, "now": false}
//!   ]
//! }
//! ```
//!
//! - `from`: `null` when the beginning is not recorded; `until`: `null` when the interval has not ended (`now`), or its
//!   end is not recorded (then `until_latest` says by when it had ended, if that is known).
//! - `other`: who lost the code to this one, or got it from it, in the same run.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use crate::catalog::{Change, Handover, Moment, RunRecord, Tenant, Tenure, TenureEnd};

use super::super::json::safe;
use super::{HistoryWriter, cause_words_or_code};

/// The schema's version; it changes when a field is taken away or means something else.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct RunJson<'a> {
    key: &'a str,
    source: &'a str,
    command: &'a str,
    started: Option<String>,
    ended: Option<String>,
    status: &'a str,
    summary: &'a str,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    when: String,
    source: &'a str,
    external_id: &'a str,
    linked: bool,
    name: &'a str,
    field: &'static str,
    language: Option<&'a str>,
    old: Option<&'a str>,
    new: Option<&'a str>,
    cause: Option<CauseJson<'a>>,
    run: Option<&'a str>,
}

#[derive(Serialize)]
struct CauseJson<'a> {
    code: &'a str,
    text: Cow<'a, str>,
}

#[derive(Serialize)]
struct TenantJson<'a> {
    source: &'a str,
    external_id: &'a str,
    linked: bool,
}

#[derive(Serialize)]
struct HandoverJson<'a> {
    when: String,
    cause: Option<CauseJson<'a>>,
    run: Option<&'a str>,
    other: Option<TenantJson<'a>>,
}

#[derive(Serialize)]
struct TenureJson<'a> {
    #[serde(flatten)]
    tenant: TenantJson<'a>,
    name: &'a str,
    from: Option<HandoverJson<'a>>,
    until: Option<HandoverJson<'a>>,
    until_latest: Option<String>,
    now: bool,
}

fn start(writer: &HistoryWriter<'_>, out: &mut dyn Write) -> io::Result<()> {
    let moment = |moment: Option<Moment>| moment.map(|m| writer.rfc3339(m));
    let run = writer.asked.run.as_ref().map(|run| {
        let RunRecord { key, source, command, started, ended, status, summary, .. } = run;
        RunJson { key, source, command, started: moment(*started), ended: moment(*ended), status, summary }
    });
    writeln!(out, "{{\n  \"format\": \"erpsync-history\",\n  \"version\": {VERSION},")?;
    writeln!(out, "  \"since\": {},", safe(&moment(writer.asked.since))?)?;
    writeln!(out, "  \"until\": {},", safe(&moment(writer.asked.until))?)?;
    writeln!(out, "  \"run\": {},", safe(&run)?)
}

pub(super) fn begin(writer: &HistoryWriter<'_>, out: &mut dyn Write) -> io::Result<()> {
    start(writer, out)?;
    write!(out, "  \"changes\": [")
}

pub(super) fn changes(writer: &HistoryWriter<'_>, changes: &[Change], out: &mut dyn Write) -> io::Result<()> {
    for (i, change) in changes.iter().enumerate() {
        let line = ChangeJson {
            when: writer.rfc3339(change.when),
            source: &change.source,
            external_id: &change.external_id,
            linked: change.linked,
            name: &change.name,
            field: change.field.as_str(),
            language: change.language.as_deref(),
            old: change.old.as_deref(),
            new: change.new.as_deref(),
            cause: cause(&change.cause),
            run: change.run.as_deref(),
        };
        let comma = if writer.count + i > 0 { "," } else { "" };
        write!(out, "{comma}\n    {}", safe(&line)?)?;
    }
    Ok(())
}

pub(super) fn end(writer: &HistoryWriter<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}],\n  \"count\": {}\n}}", closing(writer.count), writer.count)
}

pub(super) fn tenures(
    writer: &HistoryWriter<'_>,
    barcode: &str,
    tenures: &[Tenure],
    out: &mut dyn Write,
) -> io::Result<()> {
    start(writer, out)?;
    writeln!(out, "  \"barcode\": {},", safe(&barcode)?)?;
    write!(out, "  \"holders\": [")?;
    for (i, tenure) in tenures.iter().enumerate() {
        let (until, until_latest) = match &tenure.until {
            TenureEnd::Now => (None, None),
            TenureEnd::Recorded(until) => (Some(handover(writer, until)), None),
            TenureEnd::Unrecorded { latest } => (None, latest.map(|m| writer.rfc3339(m))),
        };
        let line = TenureJson {
            tenant: tenant(&tenure.tenant),
            name: &tenure.name,
            from: tenure.from.as_ref().map(|from| handover(writer, from)),
            until,
            until_latest,
            now: tenure.until == TenureEnd::Now,
        };
        write!(out, "{}\n    {}", if i > 0 { "," } else { "" }, safe(&line)?)?;
    }
    writeln!(out, "{}]\n}}", closing(tenures.len()))
}

fn closing(count: usize) -> &'static str {
    if count > 0 { "\n  " } else { "" }
}

fn handover<'a>(writer: &HistoryWriter<'_>, handover: &'a Handover) -> HandoverJson<'a> {
    HandoverJson {
        when: writer.rfc3339(handover.when),
        cause: cause(&handover.cause),
        run: handover.run.as_deref(),
        other: handover.other.as_ref().map(tenant),
    }
}

fn tenant(tenant: &Tenant) -> TenantJson<'_> {
    TenantJson { source: &tenant.source, external_id: &tenant.external_id, linked: tenant.linked }
}

fn cause(code: &str) -> Option<CauseJson<'_>> {
    (!code.is_empty()).then(|| CauseJson { code, text: cause_words_or_code(code) })
}
