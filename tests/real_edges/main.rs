//! Edges on real Odoos, with the built binary: adoption, fields, bad rows, refusals, lost answers, signals,
//! conflicts.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real_edges -- --ignored`.

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod adoption;
mod bad_rows;
mod command_line;
mod conflicts;
mod constants;
mod drift;
mod fields;
#[allow(dead_code, reason = "other suites use the rest")]
mod gate;
mod interruption;
mod lost_answers;
mod obstacles;
mod proxy;
mod questions;
mod refusals;
#[allow(dead_code, reason = "other suites use the rest")]
mod world;

/// How the names of this suite's databases begin.
const PREFIX: &str = "erpsync_edge";
/// Whether each import is planned both ways before: by digests, and in full.
const COMPARES: bool = false;

on_both! {
    existing_products_are_adopted: crate::adoption::scenario,
    match_rules_apply_in_their_order: crate::adoption::order,
    fields_arrive_as_they_are: crate::fields::scenario,
    products_without_a_price: crate::fields::without_price,
    prices_jump_only_when_let: crate::fields::jumps,
    variants_share_a_template: crate::fields::variants,
    drift_is_handled_as_configured: crate::drift::scenario,
    drift_in_one_language: crate::drift::one_language,
    new_products_get_constants: crate::constants::scenario,
    bad_rows_are_named_one_by_one: crate::bad_rows::scenario,
    one_refused_record_does_not_stop_the_others: crate::refusals::scenario,
    products_given_to_another_company: crate::obstacles::company,
    every_obstacle_at_every_write: crate::obstacles::scenario,
    a_thousand_rows_in_a_call: crate::refusals::thousand,
    a_lost_answer_is_asked_again: crate::lost_answers::scenario,
    a_call_sent_twice_at_once: crate::lost_answers::twice,
    a_signal_ends_after_the_batch: crate::interruption::scenario,
    odoo_goes_away_in_the_middle: crate::interruption::broken,
    the_command_line: crate::command_line::scenario,
    codes_held_outside_the_source: crate::conflicts::scenario,
    hostile_questions: crate::questions::scenario,
}
