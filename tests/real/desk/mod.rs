//! What operators do, on real Odoos, with the built binary: choices that the next import carries out, products that go and
//! come back, further barcodes, prices alone, plans that are kept, runs that are undone.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real -- --ignored desk::`.

mod choices;
mod extras;
mod fields;
mod judged;
mod missing;
mod plans;
mod prices;
mod revert;
mod sharing;
mod standing;
mod variants;

on_both! {
    choices_stand_until_they_are_carried_out: standing::scenario,
    variants_come_and_go: variants::scenario,
    barcodes_are_given_by_hand: choices::barcodes,
    products_are_linked_by_hand: choices::products,
    fields_are_taken_and_kept: fields::scenario,
    products_go_and_come_back: missing::scenario,
    further_barcodes_scan: extras::scenario,
    prices_alone: prices::scenario,
    a_plan_is_kept_and_applied: plans::scenario,
    a_run_is_undone: revert::scenario,
    sources_share_products: sharing::scenario,
    what_changed_is_found_by_its_row: judged::scenario,
}
