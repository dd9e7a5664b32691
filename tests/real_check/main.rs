//! `check-barcodes` on real Odoos, with the built binary: every kind of finding brought about as it comes about in life,
//! and nothing written.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real_check -- --ignored`.

#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code, reason = "shared with another suite")]
#[path = "../real_edges/world.rs"]
mod world;

mod kinds;
mod quiet;

/// How the names of this suite's databases begin.
const PREFIX: &str = "erpsync_check";

/// Each scenario once on each version, as a test of its own.
macro_rules! on_both {
    ($($name:ident: $scenario:path,)*) => {
        mod on_14 {
            $(#[test] #[ignore = "needs a real Odoo 14"] fn $name() { $scenario(14) })*
        }
        mod on_19 {
            $(#[test] #[ignore = "needs a real Odoo 19"] fn $name() { $scenario(19) })*
        }
    };
}

on_both! {
    every_kind_of_finding: crate::kinds::scenario,
    a_clean_shop_is_quiet: crate::quiet::scenario,
}
