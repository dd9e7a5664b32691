//! Guards: what a run refuses to do without being told, because it looks like a broken source rather than like work.
//!
//! Pure. A refusal names the numbers, the likely cause and the flag that lets it through.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::catalog::{BadRow, BadRowKind, Catalogue, CodeKey, DeferredKind, OdooState};

use super::action::{BarcodeMove, Plan, Reason};
use super::policy::{Limit, Policy};

/// What a guard refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A stable word: the guard's name in `sync.toml`, or `empty-source`, `no-barcodes`, `first-run`.
    pub guard: Cow<'static, str>,
    /// What was seen and what to do.
    pub message: String,
}

fn refusal(guard: &'static str, message: String) -> Refusal {
    Refusal { guard: Cow::Borrowed(guard), message }
}

/// A source that answered with nothing, or with much that cannot be read, is broken: checked before anything is planned.
#[must_use]
pub fn check_source(catalogue: &Catalogue, policy: &Policy) -> Vec<Refusal> {
    let mut out = check_prices(catalogue, policy);
    if out.is_empty() && policy.barcodes && catalogue.no_barcodes() && !policy.allow.no_barcodes {
        out.push(empty(
            "no-barcodes",
            "no barcodes",
            "--allow-no-barcodes lets it through; for a source that has none, set barcodes = false",
        ));
    }
    // What no scanner sends was read, and takes nothing away.
    let unread = |row: &&BadRow| row.barcode_row && row.kind != BadRowKind::Unscannable;
    let bad = catalogue.bad_rows.iter().filter(unread).count();
    unreadable(&mut out, bad, catalogue.barcode_rows, "barcode", policy);
    out
}

/// The same for a reading of prices alone.
#[must_use]
pub fn check_prices(catalogue: &Catalogue, policy: &Policy) -> Vec<Refusal> {
    let mut out = Vec::new();
    let through = "--allow-empty-source lets it through";
    if policy.allow.empty_source {
    } else if catalogue.product_rows == 0 {
        out.push(empty("empty-source", "no products", through));
    } else if catalogue.readable == 0 && catalogue.unreadable.is_empty() {
        out.push(empty("empty-source", "no product that can be used", through));
    }
    let ids: BTreeSet<_> = catalogue.bad_rows.iter().filter(|row| !row.barcode_row).map(|row| &row.id).collect();
    let bad = ids.iter().filter(|id| id.is_some()).count() + catalogue.unidentified;
    unreadable(&mut out, bad, catalogue.product_rows, "product", policy);
    out
}

fn empty(guard: &'static str, what: &str, through: &str) -> Refusal {
    let message = format!(
        "the source returned {what}; that is taken for a failed read (check the query, the database and the account's rights); {through}"
    );
    refusal(guard, message)
}

fn unreadable(out: &mut Vec<Refusal>, bad: usize, rows: usize, what: &str, policy: &Policy) {
    let limit = policy.guards.max_unreadable;
    if policy.allow.unreadable || !limit.is_exceeded(bad, rows) {
        return;
    }
    let Limit { count, percent } = limit;
    out.push(refusal(
        "max_unreadable",
        format!(
            "{bad} of {rows} {what} rows of the source cannot be read, or not whole: more than {count} and more than {percent} %; --dry-run names them; look at the query and the table; if this is right, let it through with --allow-unreadable"
        ),
    ));
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
    // A product that is archived gives its barcodes up: that is max_archive's business.
    let moves = || plan.barcode_moves().filter(|m| !m.outside && m.reason != Reason::Missing);
    check(
        "max_release",
        g.max_release,
        moves().map(released).sum(),
        policy.allow.release,
        "barcodes to take away in face",
        "--allow-release",
    );
    // On a first run the operator has looked at what adopted products get.
    check(
        "max_replace",
        g.max_replace,
        moves().filter(|m| is_replaced(m)).count(),
        policy.allow.replace || policy.allow.first_run,
        "barcodes to replace by others in face",
        "--allow-replace",
    );
    check(
        "max_archive",
        g.max_archive,
        counts.archive,
        policy.allow.archive,
        "products to archive, as the source no longer has them, in face",
        "--allow-archive",
    );
    check("max_changes", g.max_changes, counts.changed, policy.allow.changes, "products to change", "--allow-changes");
    let waiting = |kind| plan.waiting().filter(|d| d.kind == kind).count();
    check(
        "max_price_jumps",
        g.max_price_jumps,
        waiting(DeferredKind::PriceJump),
        policy.allow.price_change,
        "prices that jump beyond max_price_change in face",
        "--allow-price-change",
    );
    check(
        "max_prices_gone",
        g.max_prices_gone,
        waiting(DeferredKind::PriceGone),
        policy.allow.prices_gone,
        "prices that the source no longer has in face",
        "--allow-prices-gone",
    );
    out
}

/// How many codes a move takes away: the product's own, and those on packagings that do not become its own.
fn released(m: &BarcodeMove) -> usize {
    let own = m.new.as_deref().map(CodeKey::of);
    let further = m.extras.remove.iter().filter(|code| Some(CodeKey::of(code)) != own);
    usize::from(m.is_move() && m.new.is_none()) + further.count()
}

/// Does a product get another code in the place of the one that it had? Blanks and spellings make no other code.
fn is_replaced(m: &BarcodeMove) -> bool {
    let keys = (m.old.as_deref().map(CodeKey::of), m.new.as_deref().map(CodeKey::of));
    matches!(keys, (Some(old), Some(new)) if old != new)
}
