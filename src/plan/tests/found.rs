//! Worlds that a search among random ones found, made small: one run left something for the next.

use super::world::{Bound, World, id, price, shop};
use crate::catalog::{FieldSet, MatchRule, SourceName, SourceOrder};
use crate::plan::{DeferredKind, ExtraBarcodes, FieldPolicy, MissingPolicy, Plan};

/// Nothing is left to do, and what waited waits as before. The first plan.
fn settled(mut world: World) -> Plan {
    let first = world.run();
    let second = world.plan();
    assert!(second.is_empty(), "first {first:#?}\nsecond {second:#?}");
    let waits = |plan: &Plan| plan.deferred.iter().map(|d| (d.kind, d.subject.clone())).collect::<Vec<_>>();
    assert_eq!(waits(&first), waits(&second));
    first
}

/// Another source that has a product too: `first` owns everything that it has, `pricing` prices alone.
fn shared(world: &mut World, source: &str, number: i64, extras: &[&str], missing: bool) {
    world.policy.precedence = SourceOrder::parse("first\nshop\npricing: price").precedence(&shop());
    let bound = Bound {
        product: Some(number),
        wrote_name: "Tea".to_owned(),
        wrote_price: Some(price("1")),
        wrote_extras: extras.iter().map(|code| (*code).to_owned()).collect(),
        missing,
        ..Bound::default()
    };
    world.others.entry(SourceName::parse(source).unwrap()).or_default().insert(id("o"), bound);
}

#[test]
fn a_name_that_waits_after_an_absence_is_asked_about_until_it_is_settled() {
    let mut world = World::new();
    world.policy.name = FieldPolicy::Ask;
    world.synced("1", 1, "Mat", "1", &[]);
    world.products.get_mut(&1).unwrap().names = vec!["Cup".to_owned()];
    let link = world.links.get_mut(&id("1")).unwrap();
    (link.missing, link.kept) = (true, FieldSet { name: true, ..FieldSet::NONE });
    shared(&mut world, "pricing", 1, &[], false);
    assert_eq!(settled(world).deferred[0].kind, DeferredKind::Drift);
}

#[test]
fn an_adoption_takes_away_what_a_source_that_is_gone_put_on_packagings() {
    let mut world = World::new();
    (world.policy.match_rules, world.policy.extra_barcodes) = (vec![MatchRule::Name], ExtraBarcodes::Packaging);
    world.row("1", "Tea", "1", &[]).product(1, "Tea", "1", None).packaging = vec!["X".to_owned()];
    shared(&mut world, "first", 1, &["X"], true);
    assert_eq!(settled(world).moves[0].moves[0].extras.remove, ["X"]);
}

#[test]
fn a_move_remembers_what_another_source_put_on_packagings() {
    let mut world = World::new();
    world.policy.extra_barcodes = ExtraBarcodes::Packaging;
    world.synced("1", 1, "Tea", "1", &["A"]).product(2, "Pen", "1", Some("C"));
    world.source("1").codes = vec!["C".to_owned()];
    world.products.get_mut(&1).unwrap().packaging = vec!["C".to_owned()];
    shared(&mut world, "pricing", 1, &["C"], false);
    let first = settled(world);
    assert_eq!(first.moves[0].moves[0].wrote_extras.as_deref(), Some(&["C".to_owned()][..]));
}

#[test]
fn blanks_are_taken_away_beside_a_packaging_that_goes() {
    let mut world = World::new();
    world.policy.extra_barcodes = ExtraBarcodes::Keep;
    world.synced("1", 1, "Tea", "1", &["X"]).row("2", "Pen", "1", &["X"]);
    world.products.get_mut(&1).unwrap().barcode = Some(" X".to_owned());
    world.product(2, "Pen", "1", None).packaging = vec!["X".to_owned()];
    world.link("2", 2).wrote_extras = vec!["X".to_owned()];
    let first = settled(world);
    let new = |plan: &Plan| plan.moves.iter().flat_map(|c| &c.moves).filter_map(|m| m.new.clone()).collect::<Vec<_>>();
    assert_eq!(new(&first), ["X"]);
}

/// A product that comes back, as its row is there again, while an unreadable row may have the code of `unread`; a product
/// outside has D, as the one that comes back does.
fn waking(codes: &[&str], unread: &str) -> World {
    let mut world = World::new();
    world.policy.missing = MissingPolicy::Archive;
    world.synced("1", 1, "Pen", "1", &[unread]).row("2", "Tea", "1", codes);
    let row = world.source("1");
    (row.name, row.codes) = (None, vec!["\u{0}".to_owned()]);
    world.product(2, "Tea", "1", Some("D")).active = false;
    world.link("2", 2).archived_by_us = true;
    world.product(3, "Cup", "1", Some("D"));
    world
}

#[test]
fn a_product_that_wakes_and_waits_tells_of_a_second_holder_at_once() {
    for world in [waking(&["D"], "D"), waking(&["A", "D"], "A")] {
        let first = settled(world);
        assert!(first.deferred.iter().any(|d| d.kind == DeferredKind::SecondHolder), "{:#?}", first.deferred);
    }
}
