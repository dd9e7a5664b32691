//! `check-barcodes` on real Odoos, with the built binary: every kind of finding brought about as it comes about in life,
//! and nothing written.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real -- --ignored check::`.

mod kinds;
mod quiet;

on_both! {
    every_kind_of_finding: kinds::scenario,
    a_clean_shop_is_quiet: quiet::scenario,
}
