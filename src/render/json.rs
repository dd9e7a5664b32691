//! A plan, or a plan and what came of it, as one JSON document.
//!
//! The schema, version 1. Fields are only ever added within a version; what means something else gets a new version.
//! Prices and barcodes are strings, never numbers; record ids of Odoo and counts are integers; what is not there is
//! `null`; lists are in the order of external ids.
//!
//! A plan alone (a dry run):
//!
//! ```json
//! {
//!   "format": "erpsync-plan", "version": 1,
//!   "source": "polonez", "languages": ["en_US"],
//!   "scope": null,
//!   "refused": false, "in_step": false,
//!   "counts": {"create": 0, "adopt": 0, "update": 1, "names": 0, "prices": 0, "barcodes": 1, "notes": 0,
//!              "extras": 0, "archive": 0, "reactivate": 0, "deferred": 0, "settled": 0, "missing": 0, "bad_rows": 0,
//!              "archived_in_odoo": 0, "unchanged": 1984, "untouched": 0,
//!              "overruled": {"products": 0, "names": 0, "prices": 0, "barcodes": 0}},
//!   "changes": [
//!     {"external_id": "1001", "name": "Tea", "action": "update", "product": 17, "archived": false,
//!      "activity": null, "matched_by": null,
//!      "fields": [
//!        {"field": "barcode", "language": null, "old": "4006381333931", "new": null,
//!         "reason": {"code": "claimed-by-another", "text": "the source lists it at 1002 now"}, "product": null, "origin": null}
//!      ]}
//!   ],
//!   "deferred": [], "missing": [], "not_written": [], "archived_in_odoo": [], "bad_rows": [], "refusals": []
//! }
//! ```
//!
//! - `scope`: the external ids that the run was limited to, `null` for all; `in_step`: there is nothing to write.
//! - `action`: `create`, `adopt`, `update`. Products of which only the link remembers something new are counted (`notes`)
//!   and not listed.
//! - `matched_by`: of an adopted product, `default_code`, `barcode` or `name`.
//! - `activity`: `archive` or `reactivate`, where the product is.
//! - `field`: `name` (with `language`, or `null` for a new product: all languages), `price`, `barcode`, `further` (a code on a
//!   packaging or unit); with a `product`, it is that Odoo product's, which stands outside the source. A `reason`'s code is
//!   stable, its text is not.
//! - `origin`: whose barcode it was, `{"kind": "swap" | "circle" | "from", "external_id": "1002", "size": 2}`; `size` is
//!   the number of products in the circle.
//! - `deferred`: `{"external_id", "name", "kind", "subject", "holder", "candidates", "value", "choices",
//!   "settled", "message"}`: an Odoo product, a list of such, the value that waits, what a person may choose, `decided` or
//!   `abandoned` where one did, and text; `missing`: `{"external_id", "name", "archive", "still_in"}`, the last
//!   being the other sources that have it; `archived_in_odoo`: `{"external_id", "name", "product", "half"}`, what the source lists
//!   and a person archived, `half` where the variant is active and its template is not; `not_written`: `{"external_id", "name",
//!   "field", "said", "now", "owner"}`, what another source overrules, as far as that is new (`overruled` counts all); `bad_rows`: `{"external_id", "kind",
//!   "message"}`; `refusals`: `{"guard", "message"}`.
//!
//! A real run: the report, with the plan inside:
//!
//! ```json
//! {
//!   "format": "erpsync-report", "version": 1, "run": "…",
//!   "created": 0, "adopted": 0, "changed": 1, "barcodes": 1, "archived": 0, "reactivated": 0,
//!   "archived_in_odoo": 0, "notes": 0,
//!   "refused": [{"external_id": "1003", "name": "Coffee", "message": "…"}], "overtaken": [],
//!   "overruled": {"products": 0, "names": 0, "prices": 0, "barcodes": 0},
//!   "deferred": {"opened": 0, "closed": 0, "open": 0},
//!   "duplicates": [], "interrupted": null,
//!   "plan": {"format": "erpsync-plan", "version": 1}
//! }
//! ```
//!
//! `interrupted` is `null`, `SIGINT`, `SIGTERM` or `--deadline`. Control and bidirectional characters in strings are written `\u001b`, so
//! that the document is fit for a terminal and reads back as it was.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use crate::apply::report::{NotDone, Report};
use crate::catalog::Overruled;
use crate::plan::{Activity, Plan, Settled};

use super::escape::is_unsafe;
use super::items::{Field, Item, Origins, Symbol, items};
use super::report::signal;

/// The schema's version; it changes when a field is taken away or means something else.
const VERSION: u32 = 1;

/// Writes one JSON document with a line break at its end: the plan (`"format": "erpsync-plan"`), or, with a report, what
/// came of it with the plan inside (`"format": "erpsync-report"`, `"plan": {…}`).
///
/// Both have `"version": 1`; fields may be added, none is taken away within a version. Prices and barcodes are strings.
///
/// # Errors
/// When `out` cannot be written.
pub fn json(plan: &Plan, report: Option<&Report>, out: &mut dyn Write) -> io::Result<()> {
    let plan = PlanJson::new(plan);
    match report {
        None => document(&plan, out),
        Some(report) => document(&ReportJson::new(report, plan), out),
    }
}

/// One document, indented, fit for a terminal, with a line break at its end.
pub(super) fn document(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Safe(PrettyFormatter::new())))?;
    writeln!(out)
}

/// JSON on one line, fit for a terminal: characters that are not stand inside strings only, and are written `\u001b`.
pub(super) fn safe(value: &impl Serialize) -> io::Result<String> {
    let text = serde_json::to_string(value)?;
    if !text.contains(is_unsafe) {
        return Ok(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Ok(out)
}

/// A line of a log as a JSON object: time, level, target, message.
#[must_use]
pub fn log_line(time: &str, level: &str, target: &str, message: &str) -> String {
    #[derive(Serialize)]
    struct LineJson<'a> {
        time: &'a str,
        level: &'a str,
        target: &'a str,
        message: &'a str,
    }
    // Strings always become JSON.
    safe(&LineJson { time, level, target, message }).unwrap_or_default()
}

#[derive(Serialize)]
struct PlanJson<'a> {
    format: &'static str,
    version: u32,
    source: &'a str,
    languages: &'a [String],
    scope: Option<Vec<&'a str>>,
    refused: bool,
    in_step: bool,
    counts: CountsJson,
    changes: Vec<ChangeJson<'a>>,
    deferred: Vec<DeferredJson<'a>>,
    missing: Vec<MissingJson<'a>>,
    not_written: Vec<NotWrittenJson<'a>>,
    archived_in_odoo: Vec<ArchivedJson<'a>>,
    bad_rows: Vec<BadRowJson<'a>>,
    refusals: Vec<RefusalJson<'a>>,
}

#[derive(Serialize)]
struct CountsJson {
    create: usize,
    adopt: usize,
    update: usize,
    names: usize,
    prices: usize,
    barcodes: usize,
    notes: usize,
    extras: usize,
    archive: usize,
    reactivate: usize,
    deferred: usize,
    settled: usize,
    missing: usize,
    bad_rows: usize,
    archived_in_odoo: usize,
    unchanged: usize,
    untouched: usize,
    overruled: Overruled,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    external_id: &'a str,
    name: &'a str,
    action: &'static str,
    product: Option<i64>,
    archived: bool,
    activity: Option<&'static str>,
    matched_by: Option<&'static str>,
    fields: Vec<FieldJson<'a>>,
}

#[derive(Serialize)]
struct FieldJson<'a> {
    field: &'static str,
    language: Option<&'a str>,
    old: Option<Cow<'a, str>>,
    new: Option<Cow<'a, str>>,
    reason: ReasonJson,
    product: Option<i64>,
    origin: Option<OriginJson<'a>>,
}

#[derive(Serialize)]
struct ReasonJson {
    code: &'static str,
    text: String,
}

#[derive(Serialize)]
struct OriginJson<'a> {
    kind: &'static str,
    external_id: &'a str,
    size: Option<usize>,
}

#[derive(Serialize)]
struct DeferredJson<'a> {
    external_id: &'a str,
    name: &'a str,
    kind: &'static str,
    subject: &'a str,
    holder: Option<i64>,
    candidates: Vec<i64>,
    value: &'a str,
    choices: Vec<&'static str>,
    settled: Option<&'static str>,
    message: &'a str,
}

#[derive(Serialize)]
struct MissingJson<'a> {
    external_id: &'a str,
    name: &'a str,
    archive: bool,
    still_in: Vec<&'a str>,
}

#[derive(Serialize)]
struct NotWrittenJson<'a> {
    external_id: &'a str,
    name: &'a str,
    field: &'a str,
    said: &'a str,
    now: &'a str,
    owner: &'a str,
}

#[derive(Serialize)]
struct ArchivedJson<'a> {
    external_id: &'a str,
    name: &'a str,
    product: i64,
    half: bool,
}

#[derive(Serialize)]
struct BadRowJson<'a> {
    external_id: Option<&'a str>,
    kind: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct RefusalJson<'a> {
    guard: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct ReportJson<'a> {
    format: &'static str,
    version: u32,
    run: &'a str,
    created: usize,
    adopted: usize,
    changed: usize,
    barcodes: usize,
    archived: usize,
    reactivated: usize,
    archived_in_odoo: usize,
    notes: usize,
    overruled: Overruled,
    refused: Vec<NotDoneJson<'a>>,
    overtaken: Vec<NotDoneJson<'a>>,
    deferred: OpenJson,
    duplicates: &'a [String],
    interrupted: Option<&'static str>,
    plan: PlanJson<'a>,
}

#[derive(Serialize)]
struct OpenJson {
    opened: usize,
    closed: usize,
    open: usize,
}

#[derive(Serialize)]
struct NotDoneJson<'a> {
    external_id: &'a str,
    name: &'a str,
    message: &'a str,
}

impl<'a> PlanJson<'a> {
    fn new(plan: &'a Plan) -> Self {
        let counts = plan.counts();
        let origins = Origins::new(plan);
        Self {
            format: "erpsync-plan",
            version: VERSION,
            source: plan.source.as_str(),
            languages: &plan.languages,
            scope: plan.scope.as_ref().map(|ids| ids.iter().map(|id| id.as_str()).collect()),
            refused: !plan.refusals.is_empty(),
            in_step: plan.refusals.is_empty() && plan.is_empty(),
            counts: CountsJson {
                create: counts.create,
                adopt: counts.adopt,
                update: counts.update,
                names: counts.names,
                prices: counts.prices,
                barcodes: counts.barcodes,
                notes: counts.notes,
                extras: counts.extras,
                archive: counts.archive,
                reactivate: counts.reactivate,
                deferred: counts.deferred,
                settled: counts.settled,
                missing: counts.missing,
                bad_rows: counts.bad_rows,
                archived_in_odoo: counts.archived_in_odoo,
                unchanged: counts.unchanged,
                untouched: plan.untouched,
                overruled: counts.overruled,
            },
            changes: items(plan).filter(Item::is_change).map(|item| ChangeJson::new(&item, &origins)).collect(),
            deferred: plan
                .deferred
                .iter()
                .map(|d| DeferredJson {
                    external_id: d.external_id.as_str(),
                    name: &d.label,
                    kind: d.kind.code(),
                    subject: &d.subject,
                    holder: d.holder.map(|p| p.get()),
                    candidates: d.candidates.iter().map(|p| p.get()).collect(),
                    value: &d.value,
                    choices: d.kind.choices().iter().map(|c| c.code()).collect(),
                    settled: d.settled.map(|settled| match settled {
                        Settled::Decided => "decided",
                        Settled::Abandoned => "abandoned",
                    }),
                    message: &d.message,
                })
                .collect(),
            missing: plan
                .missing
                .iter()
                .map(|m| MissingJson {
                    external_id: m.external_id.as_str(),
                    name: &m.label,
                    archive: m.archive,
                    still_in: m.still_in.iter().map(|s| s.as_str()).collect(),
                })
                .collect(),
            not_written: plan
                .not_written
                .iter()
                .map(|v| NotWrittenJson {
                    external_id: v.external_id.as_str(),
                    name: &v.label,
                    field: &v.field,
                    said: &v.said,
                    now: &v.now,
                    owner: v.owner.as_str(),
                })
                .collect(),
            archived_in_odoo: plan
                .archived_in_odoo
                .iter()
                .map(|one| ArchivedJson {
                    external_id: one.external_id.as_str(),
                    name: &one.label,
                    product: one.product.get(),
                    half: one.half,
                })
                .collect(),
            bad_rows: plan
                .bad_rows
                .iter()
                .map(|row| BadRowJson {
                    external_id: row.id.as_ref().map(|id| id.as_str()),
                    kind: row.kind.code(),
                    message: &row.message,
                })
                .collect(),
            refusals: plan.refusals.iter().map(|r| RefusalJson { guard: &r.guard, message: &r.message }).collect(),
        }
    }
}

impl<'a> ChangeJson<'a> {
    fn new(item: &Item<'a>, origins: &Origins<'a>) -> Self {
        Self {
            external_id: item.id.as_str(),
            name: item.label(),
            action: match item.symbol() {
                Symbol::Create => "create",
                Symbol::Adopt => "adopt",
                Symbol::Update
                | Symbol::Release
                | Symbol::Archive
                | Symbol::Deferred
                | Symbol::Note
                | Symbol::Missing
                | Symbol::BadRow
                | Symbol::Refusal => "update",
            },
            product: item.product().map(|p| p.get()),
            archived: item.update.is_some_and(|u| u.archived),
            activity: item.update.and_then(|u| u.activity).map(|activity| match activity {
                Activity::Archive => "archive",
                Activity::Reactivate => "reactivate",
            }),
            matched_by: item.update.and_then(|u| u.adopt).map(|rule| rule.code()),
            fields: item.fields(origins).into_iter().map(FieldJson::new).collect(),
        }
    }
}

impl<'a> FieldJson<'a> {
    fn new(field: Field<'a>) -> Self {
        Self {
            field: field.kind.as_str(),
            language: field.language,
            old: field.old,
            new: field.new,
            reason: ReasonJson { code: field.why.code(), text: field.why.text() },
            product: field.outside.map(|(product, _)| product.get()),
            origin: field.origin.map(|origin| OriginJson {
                kind: origin.code(),
                external_id: origin.other().as_str(),
                size: origin.size(),
            }),
        }
    }
}

impl<'a> ReportJson<'a> {
    fn new(report: &'a Report, plan: PlanJson<'a>) -> Self {
        fn list(all: &[NotDone]) -> Vec<NotDoneJson<'_>> {
            all.iter()
                .map(|NotDone { external_id, label, message }| NotDoneJson {
                    external_id: external_id.as_str(),
                    name: label,
                    message,
                })
                .collect()
        }
        Self {
            format: "erpsync-report",
            version: VERSION,
            run: &report.run,
            created: report.created,
            adopted: report.adopted,
            changed: report.updated,
            barcodes: report.barcodes,
            archived: report.archived,
            reactivated: report.reactivated,
            archived_in_odoo: report.archived_in_odoo,
            notes: report.notes,
            overruled: report.overruled,
            refused: list(&report.refused),
            overtaken: list(&report.overtaken),
            deferred: OpenJson { opened: report.opened, closed: report.closed, open: report.open },
            duplicates: &report.duplicates,
            interrupted: report.interrupted.map(signal),
            plan,
        }
    }
}

/// Pretty JSON whose strings are fit for a terminal: JSON itself demands escapes for C0 controls only.
struct Safe(PrettyFormatter<'static>);

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unsafe(*c)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}
