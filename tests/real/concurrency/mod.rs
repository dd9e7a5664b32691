//! Several at once on real Odoos, with the built binary: runs of several machines, processes that sleep or die, clocks
//! that differ, people who keep working.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`, root (for host names) and Debian's `faketime`; run with
//! `cargo test --test real -- --ignored concurrency::`. `ERPSYNC_TEST_FULL=1` makes more pairs and longer storms.

mod clocks;
mod editors;
mod machines;
mod meanwhile;
mod overlap;
mod pairs;
mod suspended;
mod unlock;

on_both! {
    one_run_at_a_time: overlap::busy,
    pairs_at_the_same_instant: pairs::race,
    a_lease_that_is_freed: unlock::scenario,
    the_pause_switch: overlap::paused,
    the_pause_switch_holds_a_run_at_work: overlap::paused_at_work,
    dont_touch_holds_a_run_at_work: overlap::closed_at_work,
    setup_takes_its_turn: overlap::setup_at_work,
    the_lease_is_renewed_while_reading: overlap::renewed_while_reading,
    a_run_that_slept_writes_nothing_more: suspended::scenario,
    a_dead_machine_is_taken_over: suspended::dead,
    clocks_that_differ: clocks::scenario,
    people_keep_working: editors::scenario,
    a_storm_of_edits: editors::storm,
    an_edit_made_meanwhile_is_not_overwritten: meanwhile::edits,
    a_code_given_away_meanwhile: meanwhile::codes,
    a_duplicate_made_meanwhile_is_told: meanwhile::duplicates,
}
