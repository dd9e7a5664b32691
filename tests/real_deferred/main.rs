//! `erpsync deferred` on real Odoos, with the built binary: deferred actions that real imports opened, listed, shown and
//! settled by accounts of each of our groups. What the next import does with a choice is not told here.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real_deferred -- --ignored`.

#[macro_use]
#[path = "../common/mod.rs"]
mod common;
#[path = "../real_edges/world.rs"]
#[allow(dead_code)]
mod world;

mod desk;
mod people;
mod settling;

/// How the names of this suite's databases begin.
const PREFIX: &str = "erpsync_deferred";
/// Whether each import is planned both ways before: by digests, and in full.
const COMPARES: bool = false;

on_both! {
    what_waits_is_shown_and_settled: crate::settling::scenario,
    everybody_has_their_rights: crate::people::scenario,
}
