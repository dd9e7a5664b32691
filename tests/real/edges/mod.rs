//! Edges on real Odoos, with the built binary: adoption, fields, bad rows, refusals, lost answers, signals,
//! conflicts.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real -- --ignored edges::`.

mod adoption;
mod bad_rows;
mod codes;
mod command_line;
mod conflicts;
mod constants;
mod drift;
mod fields;
mod interruption;
mod keys;
mod large;
mod lost_answers;
mod obstacles;
mod questions;
mod refusals;

on_both! {
    existing_products_are_adopted: adoption::scenario,
    match_rules_apply_in_their_order: adoption::order,
    fields_arrive_as_they_are: fields::scenario,
    products_without_a_price: fields::without_price,
    prices_jump_only_when_let: fields::jumps,
    prices_keep_odoos_decimals: fields::decimals,
    archived_products_are_named: fields::archived,
    variants_share_a_template: fields::variants,
    drift_is_handled_as_configured: drift::scenario,
    drift_in_one_language: drift::one_language,
    new_products_get_constants: constants::scenario,
    bad_rows_are_named_one_by_one: bad_rows::scenario,
    rows_that_cannot_be_read_for_a_while: bad_rows::interlude,
    a_source_without_barcodes: bad_rows::without_barcodes,
    one_refused_record_does_not_stop_the_others: refusals::scenario,
    products_given_to_another_company: obstacles::company,
    every_obstacle_at_every_write: obstacles::scenario,
    a_thousand_rows_in_a_call: refusals::thousand,
    a_lost_answer_is_asked_again: lost_answers::scenario,
    a_second_factor_and_keys: keys::second_factor,
    a_proxy_that_refuses_large_calls: large::refused,
    a_row_that_is_too_large_alone: large::one_row,
    calls_that_a_limit_ends: large::ended,
    a_call_sent_twice_at_once: lost_answers::twice,
    a_signal_ends_after_the_batch: interruption::scenario,
    odoo_goes_away_in_the_middle: interruption::broken,
    the_command_line: command_line::scenario,
    codes_held_outside_the_source: conflicts::scenario,
    hostile_questions: questions::scenario,
    codes_that_no_scanner_sends: codes::odd,
    codes_of_no_product: codes::shared,
    ids_of_other_types_are_found_again: codes::typed_keys,
    keys_that_the_source_takes_for_one: codes::keys,
}
