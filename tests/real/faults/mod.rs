//! A fault at each call of a run that changes everything, and SIGKILL at random moments, on real Odoos: the next run ends
//! where a run without the fault ends.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`. A slice by default; `ERPSYNC_TEST_FAULTS=all ERPSYNC_TEST_KILLS=100 cargo test --test real -- --ignored faults::`
//! is the whole.

mod real;
mod reset;

use crate::common::faults::kills;
use crate::common::faults::matrix::{self, Slice};
use crate::common::faults::trial::Lab;
use real::Real;

/// Databases of their own for a run that was asked for more, so that the slice may run beside it.
fn name(what: &str) -> String {
    let asked = ["ERPSYNC_TEST_FAULTS", "ERPSYNC_TEST_KILLS"].iter().any(|name| std::env::var_os(name).is_some());
    if asked { format!("{what}_asked") } else { what.to_owned() }
}

fn faults(version: u32) {
    let mut lab = Lab::new(Real::new(version, &name("faults")));
    let usual = lab.usual();
    // Four calls each, of kinds that the other does not have; each call meets a fault on the stand-ins.
    let slice = if version == 14 { Slice { from: 1, step: 7, kind: 4 } } else { Slice { from: 5, step: 7, kind: 0 } };
    matrix::run(&mut lab, &usual, slice);
}

fn killed(version: u32) {
    let mut lab = Lab::new(Real::new(version, &name("kills")));
    let usual = lab.usual();
    kills::run(&mut lab, &usual, kills::wanted(2));
}

on_both! {
    a_fault_at_each_call: faults,
    killed_at_random_moments: killed,
}
