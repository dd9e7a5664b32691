//! Odoo, or the PostgreSQL under it, is stopped and started in the middle of a run of the built binary.
//!
//! Needs servers that nobody else uses: `tests/restarts/run` brings them up, runs this and stops them.
//! `ERPSYNC_TEST_FULL=1` tries every way to stop at every moment.

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

#[path = "../real/gate.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod gate;
#[path = "../real/proxy.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod proxy;
mod servers;
#[path = "../real/whole.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod whole;
#[path = "../real/world.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod world;

on_both! {
    servers_that_come_back: servers::come_back,
    servers_that_stay_away: servers::stay_away,
}
