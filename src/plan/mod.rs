//! Decides what to do; does nothing.
//!
//! Pure: no I/O, no clock, no async. [`questions`] says what must be known of Odoo, [`plan`] compares it with the
//! catalogue and returns a [`Plan`]: the same inputs give the same plan, byte for byte, and the plan after a good run is
//! empty. Reading order: [`policy`] (what a person chooses), `identity` (which product is it), `lists` (which codes it
//! lists), [`assign`] and `components`
//! (who gets which barcode, and what must move together), `decisions` (what people chose), `compare` (three-way, one
//! field), `build` (the plan), `explain` (why a barcode waits), [`guards`] (what is refused), [`action`] (the result).
//! `revert` plans the undoing of a run, [`kept`] is a plan as a text, [`narrow`] finds the few products of a large
//! catalogue that a plan has to be about.

pub mod action;
pub mod assign;
mod build;
mod compare;
mod components;
mod decisions;
mod explain;
pub mod guards;
mod identity;
pub mod kept;
mod lists;
pub mod narrow;
pub mod policy;
mod revert;

use std::collections::BTreeSet;

use crate::catalog::{Catalogue, ExternalId, OdooState, SourceName};

pub use crate::catalog::{Aspect, DeferredKind};
pub use action::{
    Activity, ArchivedInOdoo, BarcodeMove, Component, Counts, Creation, Deferred, LanguageName, LinkValues, Missing,
    NameChange, NotWritten, Plan, PriceChange, Reason, Settled, Unevaluated, Update,
};
pub use assign::Extras;
pub use guards::Refusal;
pub use identity::{Questions, Unlinked, questions};
pub use policy::{
    Allowances, ExtraBarcodes, FieldPolicy, GuardLimits, Limit, MissingPolicy, NewWithoutPrice, Policy, PriceLimit,
    Scope,
};
pub use revert::{codes_to_restore, plan_revert};

/// Compares the source's catalogue with Odoo and decides.
pub fn plan(source: &SourceName, catalogue: &Catalogue, odoo: &OdooState, policy: &Policy, scope: &Scope) -> Plan {
    let mut plan = build::empty(source, catalogue, odoo, scope);
    plan.refusals = guards::check_source(catalogue, policy);
    if !plan.refusals.is_empty() {
        return plan;
    }
    build::build(&mut plan, catalogue, odoo, policy, scope);
    plan.refusals = guards::check_plan(&plan, odoo, policy);
    plan
}

/// Compares prices alone, of linked products alone. The catalogue holds what was read of prices; names and barcodes in it
/// do not count, and neither do products without a link.
pub fn plan_prices(
    source: &SourceName,
    catalogue: &Catalogue,
    odoo: &OdooState,
    policy: &Policy,
    scope: &Scope,
) -> Plan {
    let mut plan = build::empty(source, catalogue, odoo, scope);
    plan.refusals = guards::check_prices(catalogue, policy);
    if plan.refusals.is_empty() {
        build::build_prices(&mut plan, catalogue, odoo, policy, scope);
    }
    plan
}

/// As [`plan`], for the first `limit` products only that have something to do, by external id. The guards look at all there
/// is to do: a broken source is not let in by small parts.
pub fn plan_limited(
    source: &SourceName,
    catalogue: &Catalogue,
    odoo: &OdooState,
    policy: &Policy,
    scope: &Scope,
    limit: usize,
) -> Plan {
    let whole = plan(source, catalogue, odoo, policy, scope);
    if !whole.refusals.is_empty() {
        return whole;
    }
    let updates = whole.adoptions.iter().chain(&whole.updates).map(|u| &u.external_id);
    let busy: BTreeSet<&ExternalId> = updates
        .chain(whole.creations.iter().map(|c| &c.external_id))
        .chain(whole.barcode_moves().map(|m| &m.external_id))
        .collect();
    let first: BTreeSet<ExternalId> = busy.into_iter().take(limit).cloned().collect();
    let mut part = build::empty(source, catalogue, odoo, &Scope::Only(first.clone()));
    build::build(&mut part, catalogue, odoo, policy, &Scope::Only(first));
    part
}

#[cfg(test)]
mod tests;
