//! A finding, the records that it is about, and the report of a whole check.

use std::collections::BTreeSet;

use crate::catalog::{ExternalId, OdooPackaging, OdooProduct, SourceName};

use super::code::{Code, Severity};

/// The most records of each side that a finding names: a code that a hundred thousand products list must make neither a
/// line of megabytes nor their square.
pub const SHOWN_RECORDS: usize = 20;

/// A record that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Record {
    /// A product of the source.
    Listed {
        /// Its external id.
        id: ExternalId,
        /// Its name.
        name: String,
        /// The barcode in question as the source lists it there.
        barcode: Option<String>,
    },
    /// A product in Odoo.
    Product(OdooProduct),
    /// A packaging or unit barcode in Odoo.
    Packaging(OdooPackaging),
}

/// Something that was found. Ordered as it is shown: by code, then barcode, then records.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What kind.
    pub code: Code,
    /// In which source; `None` for Odoo alone.
    pub source: Option<SourceName>,
    /// The barcode in question; `None` where it is not about one.
    pub barcode: Option<String>,
    /// The records, products of the source first; at most [`SHOWN_RECORDS`] of each side.
    pub records: Vec<Record>,
    /// How many records more there are.
    pub more: usize,
    /// What exactly, as a fragment.
    pub message: String,
}

impl Finding {
    /// Adds records from an iterator of known length, as many as are shown, and counts the others.
    pub(super) fn push(&mut self, records: impl ExactSizeIterator<Item = Record>) {
        self.more += records.len().saturating_sub(SHOWN_RECORDS);
        self.records.extend(records.take(SHOWN_RECORDS));
    }
}

/// What a check came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The sources that were checked, by name.
    pub checked: Vec<SourceName>,
    /// The sources that could not be read, and why.
    pub failed: Vec<(SourceName, String)>,
    /// Only these kinds were asked for; empty for all.
    pub only: BTreeSet<Code>,
    /// The findings: source by source, then those of Odoo alone.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Takes findings in, those of kinds that were asked for.
    pub fn add(&mut self, findings: Vec<Finding>) {
        let wanted = |f: &Finding| self.only.is_empty() || self.only.contains(&f.code);
        self.findings.extend(findings.into_iter().filter(wanted));
    }

    /// How many there are of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.code.severity() == severity).count()
    }

    /// Is there anything that somebody has to look at: an error or a warning?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.findings.iter().any(|f| f.code.severity() != Severity::Info)
    }
}

pub(super) fn put_in_order(findings: &mut [Finding]) {
    findings.sort();
}
