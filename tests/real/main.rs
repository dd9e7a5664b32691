//! The suites against real Odoos, with the built binary. Each is a module, and its tests begin with its name:
//! `cargo test --test real -- --ignored edges::`.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; `ERPSYNC_TEST_FULL=1` makes suites about faults and
//! about several at once try everything and not a part.

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod gate;
mod proxy;
mod whole;
mod world;

mod check;
mod concurrency;
mod conformance;
mod daily;
mod deferred;
mod desk;
mod doctor;
mod edges;
mod faults;
mod first_day;
mod history;
mod hostile;
mod import;
mod rights;
mod setup;
mod source_faults;
