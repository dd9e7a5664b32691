//! Looks for barcodes that clash, or are not what they should be: in a source, in Odoo, and between them.
//!
//! Pure: no I/O, no clock, no async. Uses `catalog` alone, decides nothing about what an import does, and changes nothing.
//! Same inputs in whatever order, same findings in the same order; no more than a few passes over the data, however many
//! products list one code.
//!
//! Reading order: `code` (the kinds of findings), `finding` (one of them, and the report), `spelling` (when two texts are
//! one code), then what looks for them: `index` (a source beside Odoo), `listed` (the source alone), `holders` (who has
//! its codes in Odoo), `linked` (what its own products have there), `in_odoo` (Odoo alone).
//!
//! What counts as one code: [`CodeKey`], as everywhere, says which texts are one code at a till; it makes the
//! errors. Texts that are one article number to a person but not to a till – a lost leading zero, blanks inside – are
//! `near-…` and `respelled-…` findings.

mod code;
mod finding;
mod holders;
mod in_odoo;
mod index;
mod linked;
mod listed;
mod overruled;
mod spelling;

pub use code::{Code, Severity};
pub use finding::{Finding, Record, Report, SHOWN_RECORDS};

use std::collections::BTreeSet;

use crate::catalog::{Catalogue, CodeKey, LinkedCode, Nomenclature, OdooCodes, Precedence, PriceDigits, SourceName};

/// A source, as it was read, and its links in Odoo.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its name.
    pub name: &'a SourceName,
    /// What it says.
    pub catalogue: &'a Catalogue,
    /// Its links, in any order.
    pub links: &'a [LinkedCode],
    /// An import recognises existing products by their barcodes, and adopts them.
    pub adopts_by_barcode: bool,
    /// So many barcode rows belong to no product that an import takes no barcode away.
    pub misjoined: bool,
    /// What people said is no code.
    pub placeholders: &'a BTreeSet<CodeKey>,
    /// The company's own rules for codes that carry a weight or a price.
    pub nomenclature: &'a Nomenclature,
    /// What products that it shares with other sources are judged by.
    pub shared: &'a Sharing,
}

/// What products that several sources have are judged by.
#[derive(Debug, Clone)]
pub struct Sharing {
    /// Who comes before the source.
    pub precedence: Precedence,
    /// How many decimals of a price Odoo keeps.
    pub digits: PriceDigits,
    /// Secondary barcodes stand on packagings or units.
    pub extras: bool,
}

/// What there is to say about one source, and about its codes in Odoo; in order.
#[must_use]
pub fn check_source(source: &Source<'_>, odoo: &OdooCodes) -> Vec<Finding> {
    let index = index::Index::new(source, odoo);
    let mut out = Vec::new();
    let empty = listed::check(&index, &mut out);
    if !empty {
        holders::check(&index, &mut out);
        linked::check(&index, &mut out);
        overruled::check(&index, odoo, &mut out);
    }
    finding::put_in_order(&mut out);
    out
}

/// What there is to say about Odoo alone; in order. `told` are texts that a source answers for.
#[must_use]
pub fn check_odoo(odoo: &OdooCodes, nomenclature: &Nomenclature, told: &BTreeSet<String>) -> Vec<Finding> {
    let mut out = Vec::new();
    in_odoo::check(odoo, nomenclature, told, &mut out);
    finding::put_in_order(&mut out);
    out
}

#[cfg(test)]
mod tests;
