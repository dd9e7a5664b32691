//! Guards: what a run refuses to do without being told, because it looks like a broken source rather than like work.
//!
//! Pure. A refusal names the numbers, the likely cause and the flag that lets it through.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalogue, DeferredKind, OdooState};

use super::action::{Plan, Reason};
use super::policy::{Limit, Policy};

/// What a guard refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A stable word: the guard's name in `sync.toml`, or `empty-source`, `first-run`.
    pub guard: Cow<'static, str>,
    /// What was seen and what to do.
    pub message: String,
}

fn refusal(guard: &'static str, message: String) -> Refusal {
    Refusal { guard: Cow::Borrowed(guard), message }
}

/// A source that answered with nothing is broken, not empty: checked before anything is planned.
#[must_use]
pub fn check_source(catalogue: &Catalogue, policy: &Policy) -> Vec<Refusal> {
    let mut out = Vec::new();
    if policy.allow.empty_source {
        return out;
    }
    let mut empty = |what: &str| {
        out.push(refusal(
            "empty-source",
            format!("the source returned no {what}; that is taken for a failed read (check the query, the database and the account's rights); --allow-empty-source lets it through"),
        ));
    };
    if catalogue.product_rows == 0 {
        empty("products");
    } else if catalogue.readable == 0 && catalogue.unreadable.is_empty() {
        empty("product that can be used");
    } else if catalogue.barcode_rows == 0 {
        empty("barcodes");
    }
    out
}

/// The same for a reading of prices alone, where no barcodes is nothing to wonder about.
#[must_use]
pub fn check_prices(catalogue: &Catalogue, policy: &Policy) -> Vec<Refusal> {
    let something = catalogue.readable > 0 || !catalogue.unreadable.is_empty();
    if something { Vec::new() } else { check_source(catalogue, policy) }
}

/// Checks a finished plan.
#[must_use]
pub fn check_plan(plan: &Plan, odoo: &OdooState, policy: &Policy) -> Vec<Refusal> {
    let mut out = Vec::new();
    let counts = plan.counts();
    let first_run = odoo.linked() == 0;
    // Adopted products are at stake like the linked ones; without them every share of a first run would be of nothing.
    let linked = odoo.linked() + counts.adopt;
    if first_run && odoo.product_count > 0 && counts.create + counts.adopt > 0 && !policy.allow.first_run {
        out.push(refusal(
            "first-run",
            format!(
                "Odoo has products already ({}), and none is linked to source {}: this run would create {} and adopt {}; look at the dry run, then let the first run through with --first-run",
                odoo.product_count, plan.source, counts.create, counts.adopt
            ),
        ));
    }
    let mut check = |guard, limit: Limit, n: usize, allowed: bool, what: &str, flag: &str| {
        if !allowed && limit.is_exceeded(n, linked) {
            let Limit { count, percent } = limit;
            out.push(refusal(
                guard,
                format!("{n} {what} of {linked} linked products: more than {count} and more than {percent} %; if this is right, let it through with {flag}"),
            ));
        }
    };
    let g = policy.guards;
    check(
        "max_create",
        g.max_create,
        counts.create + counts.adopt,
        // A first run that was interrupted goes on with the same flag.
        policy.allow.create || policy.allow.first_run || first_run,
        "products to create or adopt in face",
        "--allow-create",
    );
    // A product that is archived gives its barcode up: that is max_archive's business.
    let released = plan
        .barcode_moves()
        .filter(|m| m.is_move() && m.new.is_none() && !m.outside && m.reason != Reason::Missing)
        .count();
    check(
        "max_release",
        g.max_release,
        released,
        policy.allow.release,
        "barcodes to take away in face",
        "--allow-release",
    );
    check(
        "max_archive",
        g.max_archive,
        counts.archive,
        policy.allow.archive,
        "products to archive, as the source no longer has them, in face",
        "--allow-archive",
    );
    check("max_changes", g.max_changes, counts.update, policy.allow.changes, "products to change", "--allow-changes");
    let jumps = plan.waiting().filter(|d| d.kind == DeferredKind::PriceJump).count();
    check(
        "max_price_jumps",
        g.max_price_jumps,
        jumps,
        policy.allow.price_change,
        "prices that jump beyond max_price_change in face",
        "--allow-price-change",
    );
    out
}
