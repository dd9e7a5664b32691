//! Odoo, or the PostgreSQL under it, is stopped and started in the middle of a run of the built binary.
//!
//! Needs servers that nobody else uses: `tests/restarts/run` brings them up, runs this and stops them.
//! `ERPSYNC_TEST_FULL=1` tries every way to stop at every moment.

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

#[path = "../real_edges/gate.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod gate;
#[path = "../real_edges/proxy.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod proxy;
mod servers;
#[path = "../real_concurrency/whole.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod whole;
#[path = "../real_edges/world.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod world;

/// How the names of this suite's databases begin.
const PREFIX: &str = "erpsync_restart";
/// Whether each import is planned both ways before: by digests, and in full.
const COMPARES: bool = false;

on_both! {
    servers_that_come_back: crate::servers::come_back,
    servers_that_stay_away: crate::servers::stay_away,
}
