//! What a run did: counts, what Odoo refused, what somebody overtook. Data only.

use crate::catalog::{ExternalId, Overruled};

/// A planned change that was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDone {
    /// Whose.
    pub external_id: ExternalId,
    /// The product's name, for people.
    pub label: String,
    /// Why, in Odoo's words or ours.
    pub message: String,
}

/// Why a run ended before its plan did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// `--deadline`.
    Deadline,
}

/// What a run did. Everything counted is committed in Odoo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The run's id, as in Odoo's list of runs.
    pub run: String,
    /// Products created with their links.
    pub created: usize,
    /// Products recognised and linked.
    pub adopted: usize,
    /// Products with a new name or price.
    pub updated: usize,
    /// Barcodes given, moved or taken away on existing products.
    pub barcodes: usize,
    /// Products archived, as the source no longer has them.
    pub archived: usize,
    /// Products reactivated, as the source has them again.
    pub reactivated: usize,
    /// Products that the source lists and a person archived.
    pub archived_in_odoo: usize,
    /// Links that only remember something new.
    pub notes: usize,
    /// What the source says and other sources overrule.
    pub overruled: Overruled,
    /// What Odoo refused, one by one; the others went through.
    pub refused: Vec<NotDone>,
    /// What somebody edited in Odoo between the plan and the write; the next run looks again.
    pub overtaken: Vec<NotDone>,
    /// Deferred actions opened by this run.
    pub opened: usize,
    /// Deferred actions closed by this run.
    pub closed: usize,
    /// Deferred actions that are open now for this source.
    pub open: usize,
    /// Barcodes that two active products have at the end of the run: from Odoo 16 on its database does not prevent two
    /// people from giving one code at the same time.
    pub duplicates: Vec<String>,
    /// Ended by a signal, after the batch in flight.
    pub interrupted: Option<Interrupt>,
}
