//! `erpsync deferred` on real Odoos, with the built binary: deferred actions that real imports opened, listed, shown and
//! settled by accounts of each of our groups. What the next import does with a choice is not told here.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real -- --ignored deferred::`.

mod desk;
mod people;
mod settling;

on_both! {
    what_waits_is_shown_and_settled: settling::scenario,
    everybody_has_their_rights: people::scenario,
}
