//! `check-barcodes` on real Odoos, with the built binary: every kind of finding brought about as it comes about in life,
//! and nothing written.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real_check -- --ignored`.

#[macro_use]
#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "shared with another suite")]
#[path = "../real_edges/world.rs"]
mod world;

mod kinds;
mod quiet;

/// How the names of this suite's databases begin.
const PREFIX: &str = "erpsync_check";
/// Whether each import is planned both ways before: by digests, and in full.
const COMPARES: bool = false;

on_both! {
    every_kind_of_finding: crate::kinds::scenario,
    a_clean_shop_is_quiet: crate::quiet::scenario,
}
