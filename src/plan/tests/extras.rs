//! Further codes on packagings or units, so that they scan: kept in step with the source, conflicts included.

use super::world::{World, id, moves, waits};
use crate::plan::ExtraBarcodes;

fn packing() -> World {
    let mut world = World::new();
    world.policy.extra_barcodes = ExtraBarcodes::Packaging;
    world
}

#[test]
fn they_come_and_go_with_the_source() {
    let mut world = packing();
    world.row("1", "Tea", "1", &["A", "B", "C"]);
    let plan = world.run();
    assert_eq!(plan.creations[0].extras, ["B", "C"]);
    assert!(world.plan().is_empty());
    world.source("1").codes = vec!["A".to_owned(), "C".to_owned(), "D".to_owned()];
    let plan = world.run();
    assert_eq!(plan.counts().extras, 2);
    assert_eq!(plan.counts().barcodes, 0, "the barcode itself stays");
    assert_eq!(world.products[&1].packaging, ["C", "D"]);
    assert_eq!(world.links[&id("1")].wrote_extras, ["C", "D"]);
    assert!(world.plan().is_empty());
}

#[test]
fn a_further_code_becomes_the_barcode() {
    let mut world = packing();
    world.row("1", "Tea", "1", &["A", "B"]);
    let _ = world.run();
    world.source("1").codes = vec!["B".to_owned()];
    let plan = world.run();
    assert_eq!(moves(&plan), "1: A → B (source-changed)");
    assert_eq!((world.products[&1].barcode.as_deref(), world.products[&1].packaging.len()), (Some("B"), 0));
    assert!(world.plan().is_empty());
}

#[test]
fn a_further_code_moves_to_another_product_in_one_component() {
    let mut world = packing();
    world.row("1", "Tea", "1", &["A", "B"]).row("2", "Pen", "1", &["C"]);
    let _ = world.run();
    world.source("1").codes = vec!["A".to_owned(), "C".to_owned()];
    world.source("2").codes = vec!["B".to_owned()];
    let plan = world.run();
    assert_eq!(plan.moves.len(), 1, "a swap of a barcode and a further code is one transaction");
    assert_eq!(
        (world.products[&2].barcode.as_deref(), world.products[&1].packaging.clone()),
        (Some("B"), vec!["C".into()])
    );
    assert!(world.plan().is_empty());
}

#[test]
fn a_contested_one_stays_where_it_is_and_is_told() {
    let mut world = packing();
    world.row("1", "Tea", "1", &["A", "B"]);
    let _ = world.run();
    world.row("2", "Pen", "1", &["B"]);
    let plan = world.run();
    assert_eq!(waits(&plan), ["2 duplicate-claim B"]);
    assert_eq!(world.products[&1].packaging, ["B"]);
    assert!(world.plan().is_empty());
    world.source("1").codes = vec!["A".to_owned()];
    let _ = world.run();
    assert_eq!((world.products[&2].barcode.as_deref(), world.products[&1].packaging.len()), (Some("B"), 0));
    assert!(world.plan().is_empty());
}

#[test]
fn a_code_outside_is_told_for_further_codes_too() {
    let mut world = packing();
    world.product(9, "Stranger", "1", Some("B"));
    world.policy.match_rules.clear();
    world.row("1", "Tea", "1", &["A", "B"]);
    let plan = world.run();
    assert_eq!(waits(&plan), ["1 foreign-holder B"]);
    assert!(world.products[&10].packaging.is_empty());
    assert_eq!(waits(&world.plan()), ["1 foreign-holder B"], "and told again by the next run");
    world.products.get_mut(&9).unwrap().barcode = None;
    let _ = world.run();
    assert_eq!(world.products[&10].packaging, ["B"]);
}

#[test]
fn people_s_own_packagings_are_left_alone() {
    let mut world = packing();
    world.row("1", "Tea", "1", &["A", "B"]);
    let _ = world.run();
    world.products.get_mut(&1).unwrap().packaging.push("MINE".to_owned());
    assert!(world.plan().is_empty());
    world.source("1").codes = vec!["A".to_owned()];
    let _ = world.run();
    assert_eq!(world.products[&1].packaging, ["MINE"]);
}

#[test]
fn one_that_a_person_took_away_comes_back() {
    let mut world = packing();
    world.row("1", "Tea", "1", &["A", "B"]);
    let _ = world.run();
    world.products.get_mut(&1).unwrap().packaging.clear();
    let _ = world.run();
    assert_eq!(world.products[&1].packaging, ["B"]);
    assert!(world.plan().is_empty());
}

#[test]
fn without_the_setting_ours_go_again() {
    let mut world = packing();
    world.row("1", "Tea", "1", &["A", "B"]);
    let _ = world.run();
    world.policy.extra_barcodes = ExtraBarcodes::Keep;
    let _ = world.run();
    assert!(world.products[&1].packaging.is_empty() && world.links[&id("1")].wrote_extras.is_empty());
    assert!(world.plan().is_empty());
}

#[test]
fn a_missing_product_gives_a_further_code_to_who_lists_it() {
    let mut world = packing();
    world.row("1", "Tea", "1", &["A", "B"]).row("2", "Pen", "1", &["C"]);
    let _ = world.run();
    world.rows.remove(0);
    world.source("2").codes = vec!["B".to_owned()];
    let _ = world.run();
    assert_eq!((world.products[&2].barcode.as_deref(), world.products[&1].packaging.len()), (Some("B"), 0));
    assert_eq!(world.products[&1].barcode.as_deref(), Some("A"));
    assert!(world.plan().is_empty());
}

#[test]
fn an_adopted_product_gets_its_further_codes() {
    let mut world = packing();
    world.product(5, "Tea", "1", Some("A"));
    world.row("1", "Tea", "1", &["A", "B"]);
    let _ = world.run();
    assert_eq!(world.products[&5].packaging, ["B"]);
    assert!(world.plan().is_empty());
}

#[test]
fn one_that_a_person_took_over_is_that_person_s() {
    let mut world = packing();
    world.row("1", "Tea", "1", &["A", "B"]);
    let _ = world.run();
    world.products.get_mut(&1).unwrap().packaging.clear();
    world.source("1").codes = vec!["A".to_owned()];
    let _ = world.run();
    assert!(world.links[&id("1")].wrote_extras.is_empty());
    world.products.get_mut(&1).unwrap().packaging.push("B".to_owned());
    assert!(world.plan().is_empty());
}

/// The link is there and the move is not: the next run makes it, for the same reason.
#[test]
fn an_adoption_that_was_cut_short_is_finished_as_one() {
    for (had, listed, expected) in [("A", ["A", "B"], "5: A → A (adopted)"), ("Z", ["A", "B"], "5: Z → A (adopted)")]
    {
        let mut world = packing();
        world.policy.match_rules = vec![crate::catalog::MatchRule::DefaultCode];
        world.row("5", "Tea", "1", &listed);
        world.product(7, "Tea", "1", Some(had)).default_code = Some("5".to_owned());
        let whole = world.plan();
        assert_eq!(moves(&whole), expected);
        let mut cut = whole.clone();
        cut.moves.clear();
        world.apply(&cut);
        let rest = world.run();
        assert!(rest.adoptions.is_empty());
        assert_eq!(moves(&rest), expected);
        assert_eq!(world.links[&id("5")].said_barcodes, listed);
        assert!(world.plan().is_empty());
    }
}
