//! Findings about barcodes as text for people, one JSON document, or CSV for a spreadsheet. Decides nothing.

mod csv;
mod json;
mod text;

pub use csv::check_csv;
pub use json::check_json;
pub use text::{check_text, codes_text};

use crate::catalog::{Company, PackagingKind};
use crate::check::Record;

/// The word for a record's kind in JSON and CSV.
fn kind(record: &Record) -> &'static str {
    match record {
        Record::Listed { .. } => "source",
        Record::Product(_) => "product",
        Record::Packaging(p) => match p.kind {
            PackagingKind::Packaging => "packaging",
            PackagingKind::Unit => "unit",
        },
    }
}

/// The word for whose a record is, in JSON.
fn relation(company: &Company) -> &'static str {
    match company {
        Company::Shared => "shared",
        Company::Own => "own",
        Company::Other(_) => "other",
    }
}

/// What there is to say of a record in Odoo: `active`, or `archived, of company "Elsewhere"`.
fn state(active: bool, company: &Company) -> String {
    let active = if active { "active" } else { "archived" };
    match company {
        Company::Shared | Company::Own => active.to_owned(),
        Company::Other(name) => format!("{active}, of company {}", super::escape::quoted(name)),
    }
}

#[cfg(test)]
mod tests;
