//! Findings for a spreadsheet: a line for each record; see `csv_cell` for what cells and lines look like.
//!
//! | column | what |
//! | --- | --- |
//! | finding | a running number; the lines of one finding have the same |
//! | severity, code | as in `docs/findings.md` |
//! | source | empty for findings about Odoo alone |
//! | barcode | what the finding is about; empty where it is not about one code |
//! | kind | `source`, `product`, `packaging`, `unit`; empty for a finding without records |
//! | id | the external id, or the id in Odoo |
//! | name | the product's name |
//! | written | the barcode that this record has or lists |
//! | state | of records in Odoo: active or archived, and another company's name |
//! | product | of packagings and units: the product's id |
//! | more | how many records more the finding has |
//! | message, remedy | in words; not stable |
//!
//! Columns are only ever added at the end.

use std::io::{self, Write};

use crate::check::{Finding, Record, Report};

use super::super::csv_cell::Table;
use super::{kind, state};

const HEADING: [&str; 14] = [
    "finding", "severity", "code", "source", "barcode", "kind", "id", "name", "written", "state", "product", "more",
    "message", "remedy",
];

/// Writes the findings as CSV; the heading always.
///
/// # Errors
/// When `out` cannot be written.
pub fn check_csv(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Table::new(out);
    writer.row(HEADING)?;
    for (number, finding) in report.findings.iter().enumerate() {
        if finding.records.is_empty() {
            line(&mut writer, number + 1, finding, None)?;
        }
        for record in &finding.records {
            line(&mut writer, number + 1, finding, Some(record))?;
        }
    }
    writer.end()
}

fn line(writer: &mut Table<'_>, number: usize, finding: &Finding, record: Option<&Record>) -> io::Result<()> {
    let (mut id, mut name, mut written, mut of, mut product) = Default::default();
    match record {
        None => {}
        Some(Record::Listed { id: external, name: label, barcode }) => {
            id = external.to_string();
            name = label.as_str();
            written = barcode.as_deref();
        }
        Some(Record::Product(p)) => {
            id = p.id.get().to_string();
            name = p.name.as_str();
            written = p.barcode.as_deref();
            of = state(p.active, &p.company);
        }
        Some(Record::Packaging(p)) => {
            id = p.id.to_string();
            name = p.name.as_str();
            written = Some(p.barcode.as_str());
            of = state(p.active, &p.company);
            product = p.product.get().to_string();
        }
    }
    let (number, more) = (number.to_string(), finding.more.to_string());
    let cells: [&str; HEADING.len()] = [
        &number,
        finding.code.severity().name(),
        finding.code.name(),
        finding.source.as_ref().map_or("", |s| s.as_str()),
        finding.barcode.as_deref().unwrap_or_default(),
        record.map_or("", kind),
        &id,
        name,
        written.unwrap_or_default(),
        &of,
        &product,
        &more,
        &finding.message,
        finding.code.remedy(),
    ];
    writer.row(cells)
}
