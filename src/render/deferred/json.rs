//! Deferred actions as one JSON document.
//!
//! The schema, version 1. Fields are only ever added within a version; what means something else gets a new version. Barcodes
//! and values are strings, record ids of Odoo are integers, times are UTC, what is not there is `null`; records are in the
//! order of their numbers.
//!
//! ```json
//! {
//!   "format": "erpsync-deferred", "version": 1,
//!   "open": 1, "undecided": 1,
//!   "records": [
//!     {"number": 12, "state": "open", "source": "polonez", "external_id": "1002", "name": "Tea",
//!      "kind": "duplicate-claim", "subject": "4006381333931", "value": null, "message": "barcode … is listed at …",
//!      "product": {"id": 18, "name": "Tea", "details": {"reference": "1002", "barcode": null, "active": true, "company": null}},
//!      "holder": {"id": 17, "name": "Coffee", "details": null}, "candidates": [],
//!      "choices": ["give", "keep", "abandon"], "choice": null, "choice_product": null, "outcome": null,
//!      "opened": "2026-11-03T10:07:00Z", "opened_by": "20261103T100700Z-polonez-4711af",
//!      "closed": null, "closed_by": null, "changed": "2026-11-03T10:07:00Z", "changed_by": "erpsync",
//!      "rivals": null, "commands": null}
//!   ]
//! }
//! ```
//!
//! - `number`: the record's id in Odoo, which commands take; `kind`, `state` and `choice` are stable words.
//! - `open`: how many of the records are open; `undecided`: how many of those have no choice. Exit status 3 when not zero.
//! - `subject`: the barcode or field; `value`: the value that waits. `product` is what the external id is linked to.
//! - a product's `details` are `null`, and its `name` may be, for an account that may not read products.
//! - `opened_by` and `closed_by` are runs, `changed_by` is an account.
//! - `rivals` and `commands` are there in the document of a single one (`show`): the numbers of the other products' deferred
//!   actions about the same barcode, and `{"choice", "command", "effect"}` for each possible choice.

use std::io::{self, Write};

use serde::Serialize;

use crate::catalog::deferred::record::{DeferredRecord, DeferredState, ProductDetails, ShownProduct};

use super::super::json::document;
use super::Detail;

/// The schema's version; it changes when a field is taken away or means something else.
const VERSION: u32 = 1;

/// Writes one document: the records, or with a detail that one alone with everything about it.
///
/// # Errors
/// When `out` cannot be written.
pub fn json(records: &[DeferredRecord], detail: Option<&Detail<'_>>, out: &mut dyn Write) -> io::Result<()> {
    let records: Vec<&DeferredRecord> = detail.map_or_else(|| records.iter().collect(), |d| vec![d.record]);
    let all = DocumentJson {
        format: "erpsync-deferred",
        version: VERSION,
        open: records.iter().filter(|r| r.state == DeferredState::Open).count(),
        undecided: records.iter().filter(|r| r.is_undecided()).count(),
        records: records.iter().map(|r| RecordJson::new(r, detail)).collect(),
    };
    document(&all, out)
}

#[derive(Serialize)]
struct DocumentJson<'a> {
    format: &'static str,
    version: u32,
    open: usize,
    undecided: usize,
    records: Vec<RecordJson<'a>>,
}

#[derive(Serialize)]
struct RecordJson<'a> {
    number: i64,
    state: &'static str,
    source: &'a str,
    external_id: &'a str,
    name: Option<&'a str>,
    kind: &'a str,
    subject: Option<&'a str>,
    value: Option<&'a str>,
    message: &'a str,
    product: Option<ProductJson<'a>>,
    holder: Option<ProductJson<'a>>,
    candidates: Vec<ProductJson<'a>>,
    choices: Vec<&'static str>,
    choice: Option<&'static str>,
    choice_product: Option<ProductJson<'a>>,
    outcome: Option<&'a str>,
    opened: Option<String>,
    opened_by: Option<&'a str>,
    closed: Option<String>,
    closed_by: Option<&'a str>,
    changed: Option<String>,
    changed_by: Option<&'a str>,
    rivals: Option<Vec<i64>>,
    commands: Option<Vec<CommandJson>>,
}

#[derive(Serialize)]
struct ProductJson<'a> {
    id: i64,
    name: Option<&'a str>,
    details: Option<DetailsJson<'a>>,
}

#[derive(Serialize)]
struct DetailsJson<'a> {
    reference: Option<&'a str>,
    barcode: Option<&'a str>,
    active: bool,
    company: Option<&'a str>,
}

#[derive(Serialize)]
struct CommandJson {
    choice: &'static str,
    command: String,
    effect: String,
}

fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|t| !t.is_empty())
}

/// `2026-11-03 10:07:00` as ISO 8601.
pub(super) fn time(text: &str) -> Option<String> {
    filled(text).map(|text| format!("{}Z", text.replacen(' ', "T", 1)))
}

impl<'a> RecordJson<'a> {
    fn new(record: &'a DeferredRecord, detail: Option<&Detail<'_>>) -> Self {
        let commands = |detail: &Detail<'_>| {
            let ways = detail.ways().into_iter();
            ways.map(|way| CommandJson { choice: way.choice.code(), command: way.command, effect: way.effect })
                .collect()
        };
        Self {
            number: record.number,
            state: record.state.code(),
            source: &record.source,
            external_id: &record.external_id,
            name: filled(&record.name),
            kind: &record.kind,
            subject: filled(&record.subject),
            value: filled(&record.value),
            message: &record.message,
            product: record.product.as_ref().map(ProductJson::new),
            holder: record.holder.as_ref().map(ProductJson::new),
            candidates: record.candidates.iter().map(ProductJson::new).collect(),
            choices: record.choices().iter().map(|c| c.code()).collect(),
            choice: record.choice.map(|c| c.code()),
            choice_product: record.chosen.as_ref().map(ProductJson::new),
            outcome: filled(&record.outcome),
            opened: time(&record.opened),
            opened_by: filled(&record.opened_by),
            closed: time(&record.closed),
            closed_by: filled(&record.closed_by),
            changed: time(&record.changed),
            changed_by: filled(&record.changed_by),
            rivals: detail.map(|d| d.rivals.iter().map(|r| r.number).collect()),
            commands: detail.map(commands),
        }
    }
}

impl<'a> ProductJson<'a> {
    fn new(product: &'a ShownProduct) -> Self {
        Self {
            id: product.id.get(),
            name: filled(&product.name),
            details: product.details.as_ref().map(|ProductDetails { reference, barcode, active, company }| {
                DetailsJson {
                    reference: reference.as_deref(),
                    barcode: barcode.as_deref(),
                    active: *active,
                    company: company.as_deref(),
                }
            }),
        }
    }
}
