//! A fault at each call of a run that changes everything, and SIGKILL at random moments, on real Odoos: the next run ends
//! where a run without the fault ends.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`. A slice by default, in which both together meet each call
//! and each kind of fault; `ERPSYNC_TEST_FAULTS=all ERPSYNC_TEST_KILLS=100 cargo test --test real_faults -- --ignored --test-threads 2`
//! is the whole.

#[macro_use]
#[path = "../common/mod.rs"]
mod common;
#[path = "../faults/kills.rs"]
mod kills;
#[path = "../faults/kinds.rs"]
mod kinds;
#[path = "../faults/matrix.rs"]
mod matrix;
#[path = "../faults/place.rs"]
mod place;
mod real;
mod reset;
#[path = "../faults/story.rs"]
mod story;
#[path = "../faults/trial.rs"]
mod trial;
#[allow(dead_code, reason = "shared with another suite")]
#[path = "../real_edges/world.rs"]
mod world;

use matrix::Slice;
use real::Real;
use trial::Lab;

/// How the names of this suite's databases begin.
const PREFIX: &str = "erpsync_faults";
/// Whether each import is planned both ways before: by digests, and in full.
const COMPARES: bool = false;

/// Databases of their own for a run that was asked for more, so that the slice may run beside it.
fn name(what: &str) -> String {
    let asked = ["ERPSYNC_TEST_FAULTS", "ERPSYNC_TEST_KILLS"].iter().any(|name| std::env::var_os(name).is_some());
    if asked { format!("{what}_asked") } else { what.to_owned() }
}

fn faults(version: u32) {
    let mut lab = Lab::new(Real::new(version, &name("faults")));
    let usual = lab.usual();
    // Between them the two meet each call and each kind.
    let slice = if version == 14 { Slice { from: 1, step: 2, kind: 4 } } else { Slice { from: 2, step: 2, kind: 0 } };
    matrix::run(&mut lab, &usual, slice);
}

fn killed(version: u32) {
    let mut lab = Lab::new(Real::new(version, &name("kills")));
    let usual = lab.usual();
    kills::run(&mut lab, &usual, kills::wanted(8));
}

on_both! {
    a_fault_at_each_call: crate::faults,
    killed_at_random_moments: crate::killed,
}
