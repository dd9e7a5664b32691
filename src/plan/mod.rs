//! Decides what to do; does nothing.
//!
//! Pure: no I/O, no clock, no async. [`questions`] says what must be known of Odoo, [`plan`] compares it with the
//! catalogue and returns a [`Plan`]: the same inputs give the same plan, byte for byte, and the plan after a good run is
//! empty. Reading order: [`policy`] (what a person chooses), `identity` (which product is it), [`assign`] (who gets which
//! barcode), `compare` (three-way, one field), `build` (the plan), `explain` (why a barcode waits), [`guards`] (what is
//! refused), [`action`] (the result).

pub mod action;
pub mod assign;
mod build;
mod compare;
mod explain;
pub mod guards;
mod identity;
pub mod policy;

use std::collections::BTreeSet;

use crate::catalog::{Catalogue, ExternalId, OdooState, SourceName};

pub use crate::catalog::DeferredKind;
pub use action::{
    BarcodeMove, Component, Counts, Creation, Deferred, LinkValues, Missing, NameChange, OldName, Plan, PriceChange,
    Reason, Update,
};
pub use guards::Refusal;
pub use identity::{Questions, Unlinked, questions};
pub use policy::{Allowances, FieldPolicy, GuardLimits, Limit, NewWithoutPrice, Policy, PriceLimit, Scope};

/// Compares the source's catalogue with Odoo and decides.
pub fn plan(source: &SourceName, catalogue: &Catalogue, odoo: &OdooState, policy: &Policy, scope: &Scope) -> Plan {
    let mut plan = Plan {
        source: source.clone(),
        languages: odoo.languages.clone(),
        adoptions: Vec::new(),
        moves: Vec::new(),
        creations: Vec::new(),
        updates: Vec::new(),
        deferred: Vec::new(),
        missing: Vec::new(),
        bad_rows: catalogue.bad_rows.clone(),
        unchanged: 0,
        untouched: 0,
        refusals: guards::check_source(catalogue, policy),
        scope: match scope {
            Scope::All => None,
            Scope::Only(ids) => Some(ids.iter().cloned().collect()),
        },
    };
    if !plan.refusals.is_empty() {
        return plan;
    }
    build::build(&mut plan, catalogue, odoo, policy, scope);
    plan.refusals = guards::check_plan(&plan, odoo, policy);
    plan
}

/// The same, for the first `limit` products only that have something to do, by external id.
pub fn plan_limited(
    source: &SourceName,
    catalogue: &Catalogue,
    odoo: &OdooState,
    policy: &Policy,
    scope: &Scope,
    limit: usize,
) -> Plan {
    let whole = plan(source, catalogue, odoo, policy, scope);
    if !whole.refusals.iter().all(|r| r.guard.starts_with("max_")) {
        return whole;
    }
    let updates = whole.adoptions.iter().chain(&whole.updates).map(|u| &u.external_id);
    let busy: BTreeSet<&ExternalId> = updates
        .chain(whole.creations.iter().map(|c| &c.external_id))
        .chain(whole.barcode_moves().map(|m| &m.external_id))
        .collect();
    let first: BTreeSet<ExternalId> = busy.into_iter().take(limit).cloned().collect();
    plan(source, catalogue, odoo, policy, &Scope::Only(first))
}

#[cfg(test)]
mod tests;
