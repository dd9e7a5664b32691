//! Findings as one JSON document.
//!
//! The schema, version 1. Fields and kinds of findings are only ever added within a version; what means something else
//! gets a new version. Barcodes and external ids are strings, record ids of Odoo and counts are integers.
//!
//! ```json
//! {
//!   "format": "erpsync-check", "version": 1,
//!   "sources": ["polonez"], "failed": [{"source": "other", "message": "…"}],
//!   "only": null,
//!   "counts": {"error": 1, "warning": 0, "info": 0},
//!   "findings": [
//!     {"code": "foreign-holder-active", "severity": "error", "source": "polonez", "barcode": "4006381333931",
//!      "records": [
//!        {"kind": "source", "id": "1001", "name": "Tea", "barcode": "4006381333931"},
//!        {"kind": "product", "id": 17, "name": "Old tea", "barcode": "4006381333931", "active": true,
//!         "company": "shared", "company_name": null}
//!      ],
//!      "more": 0, "message": "…", "remedy": "…"}
//!   ]
//! }
//! ```
//!
//! - `sources`: those that were checked; `failed`: those that could not be read, while others could.
//! - `only`: the codes of `--only`, `null` for all. `counts` are of the findings that are listed.
//! - `code` is stable and documented in `docs/findings.md`, `message` and `remedy` are not. `source` is `null` for findings
//!   about Odoo alone, `barcode` for those that are not about one code.
//! - `kind`: `source`, `product`, `packaging` (Odoo up to 18), `unit` (19); the last two have the record's own `id` and
//!   `product`, the id of the product, whose name and state they carry. `company`: `shared`, `own`, `other`, the last with
//!   `company_name`. `barcode` is what the record has or lists, as it stands.
//! - `records` are at most twenty of each side; `more` counts the others.
//!
//! Control and bidirectional characters in strings are written `\u001b`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use crate::catalog::Company;
use crate::check::{Finding, Record, Report, Severity};

use super::{kind, relation};

/// The schema's version; it changes when a field is taken away or means something else.
const VERSION: u32 = 1;

/// Writes one JSON document (`"format": "erpsync-check"`, `"version": 1`) with a line break at its end.
///
/// # Errors
/// When `out` cannot be written.
pub fn check_json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let only = || report.only.iter().map(|c| c.name()).collect::<Vec<_>>();
    let document = Document {
        format: "erpsync-check",
        version: VERSION,
        sources: report.checked.iter().map(|s| s.as_str()).collect(),
        failed: report.failed.iter().map(|(source, message)| Failed { source: source.as_str(), message }).collect(),
        only: (!report.only.is_empty()).then(only),
        counts: Counts {
            error: report.count(Severity::Error),
            warning: report.count(Severity::Warning),
            info: report.count(Severity::Info),
        },
        findings: report.findings.iter().map(FindingJson::new).collect(),
    };
    super::super::json::document(&document, out)
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    sources: Vec<&'a str>,
    failed: Vec<Failed<'a>>,
    only: Option<Vec<&'static str>>,
    counts: Counts,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
struct Failed<'a> {
    source: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Counts {
    error: usize,
    warning: usize,
    info: usize,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    code: &'static str,
    severity: &'static str,
    source: Option<&'a str>,
    barcode: Option<&'a str>,
    records: Vec<RecordJson<'a>>,
    more: usize,
    message: &'a str,
    remedy: &'static str,
}

impl<'a> FindingJson<'a> {
    fn new(finding: &'a Finding) -> Self {
        Self {
            code: finding.code.name(),
            severity: finding.code.severity().name(),
            source: finding.source.as_ref().map(|s| s.as_str()),
            barcode: finding.barcode.as_deref(),
            records: finding.records.iter().map(RecordJson::new).collect(),
            more: finding.more,
            message: &finding.message,
            remedy: finding.code.remedy(),
        }
    }
}

#[derive(Serialize)]
struct RecordJson<'a> {
    kind: &'static str,
    id: Value,
    name: &'a str,
    barcode: Option<&'a str>,
    #[serde(flatten)]
    in_odoo: Option<InOdooJson<'a>>,
}

#[derive(Serialize)]
struct InOdooJson<'a> {
    active: bool,
    company: &'static str,
    company_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<i64>,
}

impl<'a> RecordJson<'a> {
    fn new(record: &'a Record) -> Self {
        let in_odoo = |active, company: &'a Company, product| {
            let company_name = match company {
                Company::Shared | Company::Own => None,
                Company::Other(name) => Some(name.as_str()),
            };
            Some(InOdooJson { active, company: relation(company), company_name, product })
        };
        let kind = kind(record);
        match record {
            Record::Listed { id, name, barcode } => {
                Self { kind, id: json!(id.as_str()), name, barcode: barcode.as_deref(), in_odoo: None }
            }
            Record::Product(p) => Self {
                kind,
                id: json!(p.id.get()),
                name: &p.name,
                barcode: p.barcode.as_deref(),
                in_odoo: in_odoo(p.active, &p.company, None),
            },
            Record::Packaging(p) => Self {
                kind,
                id: json!(p.id),
                name: &p.name,
                barcode: Some(&p.barcode),
                in_odoo: in_odoo(p.active, &p.company, Some(p.product.get())),
            },
        }
    }
}
