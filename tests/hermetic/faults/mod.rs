//! A fault at each call of a run that changes everything, and SIGKILL at random moments, against stand-ins: the next run
//! ends where a run without the fault ends.
//!
//! A slice by default; `ERPSYNC_TEST_FAULTS=all cargo test --test hermetic faults:: -- --nocapture` is the whole, and
//! `ERPSYNC_TEST_KILLS=200` sets the number of kills. The same on real Odoos: `tests/real/faults`.

mod standin;

use crate::common::faults::kills;
use crate::common::faults::matrix::{self, Slice};
use crate::common::faults::trial::Lab;
use standin::Standin;

fn faults(version: u32, kind: usize) {
    let mut lab = Lab::new(Standin::new(version));
    let usual = lab.usual();
    matrix::run(&mut lab, &usual, Slice { from: 1, step: 1, kind });
}

fn killed(version: u32) {
    let mut lab = Lab::new(Standin::new(version));
    let usual = lab.usual();
    kills::run(&mut lab, &usual, kills::wanted(4));
}

#[test]
fn a_fault_at_each_call_on_14() {
    faults(14, 0);
}

#[test]
fn a_fault_at_each_call_on_19() {
    faults(19, 8);
}

#[test]
fn killed_at_random_moments_on_14() {
    killed(14);
}

#[test]
fn killed_at_random_moments_on_19() {
    killed(19);
}
