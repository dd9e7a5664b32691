//! Who is who: creation, adoption by each rule, what is ambiguous, and links that lead nowhere.

use super::world::{World, id, pid, waits};
use crate::catalog::MatchRule;
use crate::plan::{DeferredKind, NewWithoutPrice, questions};

fn with_rules(rules: &[MatchRule]) -> World {
    let mut world = World::new();
    world.policy.match_rules = rules.to_vec();
    world
}

#[test]
fn a_new_product_is_created_whole() {
    let mut world = World::new();
    world.row("7", "Tea", "1.005", &["B", "A"]);
    let plan = world.run();
    let new = &plan.creations[0];
    assert_eq!((new.external_id.as_str(), new.name.as_str()), ("7", "Tea"));
    let (want, said) = (new.price.unwrap(), new.said_price.unwrap());
    assert_eq!((want.to_string(), said.to_string()), ("1.01".to_owned(), "1.005".to_owned()));
    assert_eq!(new.barcode.as_ref().map(|c| c.as_str()), Some("A"));
    assert_eq!(new.said_barcodes, ["A", "B"]);
    assert!(plan.deferred.is_empty() && world.plan().is_empty());
}

#[test]
fn a_new_product_without_a_price_waits_or_cannot_be_sold() {
    // Zero, or what rounds to it, is no price yet.
    for none in [None, Some("0"), Some("0.00"), Some("0.004")] {
        let mut world = World::new();
        world.row("1", "Tea", "", &["A"]);
        world.source("1").price = none.map(str::to_owned);
        assert_eq!(waits(&world.plan()), ["1 no-price price"], "{none:?}");
        assert!(world.plan().is_empty());
        world.policy.new_without_price = NewWithoutPrice::Unsaleable;
        let plan = world.run();
        assert!(plan.creations[0].price.is_none() && plan.creations[0].barcode.is_some());
        assert!(world.plan().is_empty() && world.plan().deferred.is_empty(), "{none:?}");
        // Its first price is the source's doing, however high, and not somebody's edit.
        world.source("1").price = Some("300".to_owned());
        world.policy.price = crate::plan::FieldPolicy::Odoo;
        let plan = world.run();
        assert_eq!(plan.updates[0].price.as_ref().unwrap().reason.code(), "source-changed", "{none:?}");
        assert!(world.plan().is_empty());
    }
}

#[test]
fn a_new_product_that_waits_takes_no_barcode_from_anybody() {
    for price in ["", "90071992547409921"] {
        let mut world = World::new();
        world.product(1, "Old", "1", Some("A"));
        world.link("gone", 1);
        world.row("1", "Tea", price, &["A"]);
        let plan = world.plan();
        assert!(plan.moves.is_empty(), "{price:?}: {:?}", plan.moves);
        assert_eq!(plan.deferred.len(), 1);
    }
}

#[test]
fn each_rule_adopts() {
    for (rule, code, reference, name) in [
        (MatchRule::Barcode, Some("A"), None, "Other"),
        (MatchRule::DefaultCode, None, Some("1"), "Other"),
        (MatchRule::Name, None, None, "Tea"),
    ] {
        let mut world = with_rules(&[rule]);
        world.row("1", "Tea", "2", &["A"]);
        world.product(5, name, "2", code).default_code = reference.map(str::to_owned);
        let plan = world.run();
        assert_eq!(plan.adoptions[0].adopt, Some(rule));
        assert_eq!(plan.adoptions[0].product, pid(5));
        assert!(plan.creations.is_empty() && plan.deferred.is_empty());
        assert_eq!(world.products[&5].barcode.as_deref(), Some("A"));
        assert_eq!(world.products[&5].names, ["Tea"]);
        assert!(world.plan().is_empty(), "{rule:?}");
    }
}

#[test]
fn a_rule_that_is_not_configured_finds_nothing() {
    let mut world = with_rules(&[]);
    world.row("1", "Tea", "2", &["A"]);
    world.product(5, "Tea", "2", Some("A")).default_code = Some("1".to_owned());
    let plan = world.plan();
    assert_eq!(plan.creations.len(), 1);
    assert_eq!(waits(&plan), ["1 foreign-holder A"], "its barcode stays where it is");
    assert_eq!(plan.deferred[0].holder, Some(pid(5)));
}

#[test]
fn the_first_rule_that_finds_something_decides() {
    let mut world = with_rules(&[MatchRule::DefaultCode, MatchRule::Barcode]);
    world.row("1", "Tea", "2", &["A"]);
    world.product(5, "X", "2", Some("A"));
    world.product(6, "Y", "2", None).default_code = Some("1".to_owned());
    let plan = world.plan();
    assert_eq!((plan.adoptions[0].product, plan.adoptions[0].adopt), (pid(6), Some(MatchRule::DefaultCode)));
    assert_eq!(waits(&plan), ["1 foreign-holder A"]);
    world.policy.match_rules.reverse();
    assert_eq!(world.plan().adoptions[0].product, pid(5));
}

#[test]
fn archived_products_are_recognised_and_stay_archived() {
    let mut world = World::new();
    world.row("1", "Tea", "2", &["A"]);
    world.product(5, "Old", "2", Some("A")).active = false;
    let plan = world.run();
    assert!(plan.adoptions[0].archived);
    assert!(!world.products[&5].active && world.plan().is_empty());
}

#[test]
fn several_candidates_wait() {
    let mut world = with_rules(&[MatchRule::Name]);
    world.row("1", "Tea", "2", &[]);
    for n in 5..12 {
        world.product(n, "Tea", "2", None);
    }
    let plan = world.plan();
    assert!(plan.is_empty());
    assert_eq!(waits(&plan), ["1 ambiguous-match"]);
    assert_eq!(plan.deferred[0].candidates.len(), 7);
    assert!(plan.deferred[0].message.contains("#5, #6, #7, #8, #9 and 2 more"), "{}", plan.deferred[0].message);
}

#[test]
fn two_ids_for_one_product_both_wait() {
    let mut world = with_rules(&[MatchRule::DefaultCode, MatchRule::Name]);
    world.row("1", "Tea", "2", &[]).row("2", "Pen", "2", &[]);
    world.product(5, "Pen", "2", None).default_code = Some("1".to_owned());
    let plan = world.plan();
    assert!(plan.is_empty());
    assert_eq!(waits(&plan), ["1 ambiguous-match", "2 ambiguous-match"]);
    assert!(plan.deferred.iter().all(|d| d.candidates == [pid(5)]));
}

#[test]
fn a_contested_barcode_recognises_nobody() {
    let mut world = World::new();
    world.row("1", "Tea", "2", &["A"]).row("2", "Pen", "2", &["A"]);
    world.product(5, "X", "2", Some("A"));
    let plan = world.plan();
    assert!(plan.is_empty());
    assert_eq!(waits(&plan), ["1 ambiguous-match", "2 ambiguous-match"], "the barcode is not told a second time");
    world.source("2").codes.clear();
    let plan = world.run();
    assert_eq!((plan.adoptions.len(), plan.creations.len()), (1, 1));
}

/// Others wait for the product by its barcode: who matches by name must not snatch it, or they would be created double.
#[test]
fn a_product_with_a_contested_barcode_is_not_adopted_by_another_rule() {
    let mut world = with_rules(&[MatchRule::Barcode, MatchRule::Name]);
    world.row("1", "Pen", "2", &["A"]).row("2", "Cup", "2", &["A"]).row("3", "Tea", "2", &[]);
    world.product(5, "Tea", "2", Some("A"));
    let plan = world.plan();
    assert!(plan.is_empty(), "{plan:#?}");
    assert_eq!(plan.deferred.iter().filter(|d| d.kind == DeferredKind::AmbiguousMatch).count(), 3);
}

/// An adopted product is nobody else's candidate, which the next run would see; so this one does.
#[test]
fn an_adoption_settles_who_else_is_who() {
    let mut world = with_rules(&[MatchRule::DefaultCode, MatchRule::Name]);
    world.row("1", "Pen", "2", &[]).row("2", "Tea", "2", &[]);
    world.product(5, "Tea", "2", None).default_code = Some("1".to_owned());
    world.product(6, "Tea", "2", None);
    let plan = world.run();
    let adopted: Vec<_> = plan.adoptions.iter().map(|u| (u.external_id.as_str(), u.product)).collect();
    assert_eq!(adopted, [("1", pid(5)), ("2", pid(6))]);
    assert!(world.plan().is_empty());
}

#[test]
fn linked_products_are_not_adopted_again() {
    let mut world = with_rules(&[MatchRule::Name]);
    world.synced("1", 5, "Tea", "2", &[]).row("2", "Tea", "2", &[]);
    assert_eq!(world.plan().creations.len(), 1);
    // Nor where the lookup was answered before the link was made.
    let mut state = world.state();
    for candidate in state.candidates.values_mut().flatten() {
        candidate.linked = false;
    }
    let source = crate::catalog::SourceName::parse("shop").unwrap();
    let plan = crate::plan::plan(&source, &world.catalogue(), &state, &world.policy, &world.scope);
    assert_eq!((plan.adoptions.len(), plan.creations.len()), (0, 1));
}

#[test]
fn another_company_s_product_is_neither_adopted_nor_doubled() {
    let mut world = World::new();
    world.row("1", "Tea", "2", &["A"]);
    world.product(5, "Tea", "2", Some("A")).other_company = true;
    assert_eq!(waits(&world.plan()), ["1 other-company"]);
    assert!(world.plan().is_empty());
    // Given away after it was linked.
    let mut world = World::new();
    world.synced("1", 5, "Tea", "2", &["A"]).row("2", "Pen", "2", &["A"]);
    world.source("1").codes.clear();
    world.products.get_mut(&5).unwrap().other_company = true;
    let plan = world.plan();
    assert_eq!(waits(&plan), ["1 other-company", "2 held A"]);
    assert!(plan.moves.is_empty() && plan.creations[0].barcode.is_none());
}

#[test]
fn a_deleted_product_waits_and_its_claims_count() {
    let mut world = World::new();
    world.synced("1", 5, "Tea", "2", &["A"]).row("2", "Pen", "2", &["A"]);
    world.products.clear();
    world.links.get_mut(&id("1")).unwrap().product = None;
    let plan = world.plan();
    assert_eq!(waits(&plan), ["1 product-gone", "2 duplicate-claim A"]);
    assert!(plan.creations[0].barcode.is_none());
    // "Don't touch" silences it.
    world.links.get_mut(&id("1")).unwrap().no_touch = true;
    let plan = world.plan();
    assert_eq!((waits(&plan), plan.untouched), (vec!["2 duplicate-claim A".to_owned()], 1));
}

#[test]
fn only_what_may_matter_is_asked() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "2", &["A"]).synced("2", 2, "Pen", "2", &["B"]).synced("3", 3, "Cup", "2", &["C"]);
    world.products.get_mut(&2).unwrap().barcode = None;
    world.products.get_mut(&3).unwrap().barcode = Some(" C".to_owned());
    world.row("4", "Mat", "2", &["036000291452"]).row("5", "Far", "2", &["F"]);
    world.scope = crate::plan::Scope::Only(["1", "2", "3", "4"].map(id).into());
    let asked = questions(&world.catalogue(), &world.state().links, &[], &world.scope, false);
    let codes: Vec<_> = asked.codes.iter().map(String::as_str).collect();
    assert_eq!(codes, ["0036000291452", "036000291452", "B", "C"]);
    assert_eq!(asked.unlinked.len(), 1);
    assert_eq!(asked.unlinked[0].codes, ["036000291452", "0036000291452", "36000291452"], "also without its zeros");
}

/// Twenty thousand products of one name and one product of that name: naming all in all messages would not end.
#[test]
fn a_name_that_everybody_has_is_no_square() {
    let mut world = with_rules(&[MatchRule::Name]);
    for n in 0..20_000 {
        world.row(&n.to_string(), "Tea", "2", &[]);
    }
    let catalogue = world.catalogue();
    world.rows.truncate(1);
    world.product(5, "Tea", "2", None);
    let mut state = world.state();
    let one = state.candidates.pop_first().unwrap().1;
    state.candidates = catalogue.products.keys().map(|ext| (ext.clone(), one.clone())).collect();
    let source = crate::catalog::SourceName::parse("shop").unwrap();
    let plan = crate::plan::plan(&source, &catalogue, &state, &world.policy, &world.scope);
    assert_eq!(plan.deferred.len(), 20_000);
    assert!(plan.deferred[9].message.contains("0, 1, 2, 3, 4 and 19994 more"), "{}", plan.deferred[9].message);
}

/// A product that two claim is nobody's: a third, who waits between it and another, is not pushed to the other.
#[test]
fn a_disputed_product_settles_nothing() {
    let mut world = with_rules(&[MatchRule::DefaultCode, MatchRule::Barcode, MatchRule::Name]);
    world.row("1", "Tea", "2", &[]).row("2", "Pen", "2", &[]).row("3", "Cup", "2", &["X", "Y"]);
    world.product(5, "Pen", "2", Some("X")).default_code = Some("1".to_owned());
    world.product(6, "Mug", "2", Some("Y"));
    let plan = world.plan();
    assert!(plan.is_empty(), "{plan:#?}");
    assert_eq!(waits(&plan), ["1 ambiguous-match", "2 ambiguous-match", "3 ambiguous-match"]);
}
