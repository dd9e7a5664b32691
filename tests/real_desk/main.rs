//! What operators do, on real Odoos, with the built binary: choices that the next import carries out, products that go and
//! come back, further barcodes, prices alone, plans that are kept, runs that are undone.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real_desk -- --ignored`.

#[macro_use]
#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "shared with another suite")]
#[path = "../real_edges/world.rs"]
mod world;

mod choices;
mod extras;
mod fields;
mod judged;
mod missing;
mod plans;
mod prices;
mod revert;
mod standing;
mod variants;

/// How the names of this suite's databases begin.
const PREFIX: &str = "erpsync_desk";
/// Whether each import is planned both ways before: by digests, and in full.
const COMPARES: bool = true;

on_both! {
    choices_stand_until_they_are_carried_out: crate::standing::scenario,
    variants_come_and_go: crate::variants::scenario,
    barcodes_are_given_by_hand: crate::choices::barcodes,
    products_are_linked_by_hand: crate::choices::products,
    fields_are_taken_and_kept: crate::fields::scenario,
    products_go_and_come_back: crate::missing::scenario,
    further_barcodes_scan: crate::extras::scenario,
    prices_alone: crate::prices::scenario,
    a_plan_is_kept_and_applied: crate::plans::scenario,
    a_run_is_undone: crate::revert::scenario,
    what_changed_is_found_by_its_row: crate::judged::scenario,
}
