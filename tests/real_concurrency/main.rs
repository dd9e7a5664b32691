//! Several at once on real Odoos, with the built binary: runs of several machines, processes that sleep or die, clocks
//! that differ, people who keep working.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`, root (for host names) and Debian's `faketime`; run with
//! `cargo test --test real_concurrency -- --ignored`. `ERPSYNC_TEST_FULL=1` makes more pairs and longer storms.

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod clocks;
mod editors;
#[path = "../real_edges/gate.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod gate;
mod machines;
mod meanwhile;
mod overlap;
mod pairs;
#[path = "../real_edges/proxy.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod proxy;
mod suspended;
mod unlock;
mod whole;
#[path = "../real_edges/world.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod world;

/// How the names of this suite's databases begin.
const PREFIX: &str = "erpsync_conc";
/// Whether each import is planned both ways before: by digests, and in full.
const COMPARES: bool = false;

on_both! {
    one_run_at_a_time: crate::overlap::busy,
    pairs_at_the_same_instant: crate::pairs::race,
    a_lease_that_is_freed: crate::unlock::scenario,
    the_pause_switch: crate::overlap::paused,
    a_run_that_slept_writes_nothing_more: crate::suspended::scenario,
    a_dead_machine_is_taken_over: crate::suspended::dead,
    clocks_that_differ: crate::clocks::scenario,
    people_keep_working: crate::editors::scenario,
    a_storm_of_edits: crate::editors::storm,
    an_edit_made_meanwhile_is_not_overwritten: crate::meanwhile::edits,
    a_code_given_away_meanwhile: crate::meanwhile::codes,
    a_duplicate_made_meanwhile_is_told: crate::meanwhile::duplicates,
}
