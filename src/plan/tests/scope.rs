//! Parts of a catalogue: `--only` and `--limit`.

use super::world::{World, id, moves, waits};
use crate::catalog::SourceName;
use crate::plan::{DeferredKind, Plan, Scope, plan_limited};

fn only(world: &mut World, ids: &[&str]) {
    world.scope = Scope::Only(ids.iter().map(|i| id(i)).collect());
}

fn limited(world: &World, limit: usize) -> Plan {
    let source = SourceName::parse("shop").unwrap();
    plan_limited(&source, &world.catalogue(), &world.state(), &world.policy, &world.scope, limit)
}

#[test]
fn others_are_not_touched_nor_mentioned() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "1", &["B"]).synced("gone", 3, "Cup", "1", &["C"]);
    world.rows.pop();
    world.row("4", "Mat", "1", &["D"]);
    for ext in ["1", "2"] {
        world.source(ext).name = Some("New".to_owned());
    }
    only(&mut world, &["2"]);
    let plan = world.plan();
    assert_eq!(plan.scope, Some(vec![id("2")]));
    assert_eq!(plan.updates.len(), 1);
    assert!(plan.creations.is_empty() && plan.missing.is_empty() && plan.deferred.is_empty());
    only(&mut world, &["gone", "nobody"]);
    assert_eq!(world.plan().missing.len(), 1);
}

#[test]
fn others_keep_their_codes_and_their_claims() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "1", &["B"]);
    world.source("1").codes = vec!["B".to_owned()];
    world.source("2").codes = vec!["A".to_owned()];
    only(&mut world, &["1"]);
    let plan = world.plan();
    assert_eq!(moves(&plan), "1: A → - (no-longer-listed)");
    assert_eq!(waits(&plan), ["1 out-of-scope B"]);
    assert!(!plan.deferred[0].kind.is_recorded(), "it ends with this run");
    world.row("3", "Cup", "1", &["N"]).row("4", "Mat", "1", &["N"]);
    only(&mut world, &["3"]);
    assert_eq!(waits(&world.plan()), ["3 duplicate-claim N"]);
    only(&mut world, &["1", "2"]);
    assert_eq!(world.plan().moves[0].moves.len(), 2, "together they swap");
}

#[test]
fn a_missing_product_out_of_scope_keeps_its_code() {
    let mut world = World::new();
    world.synced("gone", 1, "Tea", "1", &["A"]).row("2", "Pen", "1", &["A"]);
    world.rows.remove(0);
    only(&mut world, &["2"]);
    let plan = world.plan();
    assert!(plan.moves.is_empty() && plan.creations[0].barcode.is_none());
    assert_eq!(plan.deferred[0].kind, DeferredKind::OutOfScope);
}

#[test]
fn a_limit_takes_the_first_that_have_something_to_do() {
    let mut world = World::new();
    for n in 1..=6 {
        world.synced(&n.to_string(), n, "Tea", "1", &[&format!("C{n}")]);
    }
    for ext in ["2", "4", "6"] {
        world.source(ext).name = Some("Pen".to_owned());
    }
    world.row("5a", "New", "1", &[]);
    let ids = |plan: &Plan| plan.scope.clone().unwrap();
    assert_eq!(ids(&limited(&world, 2)), [id("2"), id("4")]);
    assert_eq!(limited(&world, 2).counts().update, 2);
    assert_eq!(ids(&limited(&world, 9)), [id("2"), id("4"), id("6"), id("5a")]);
    assert!(limited(&world, 0).is_empty());
    only(&mut world, &["4", "6"]);
    assert_eq!(ids(&limited(&world, 1)), [id("4")]);
}

#[test]
fn step_by_step_a_limit_leads_to_the_end() {
    let mut world = World::new();
    for n in 1..=5 {
        world.row(&n.to_string(), "Tea", "1", &[&format!("C{n}")]);
    }
    for left in (0..5).rev() {
        let plan = limited(&world, 1);
        assert_eq!(plan.creations.len(), 1);
        world.apply(&plan);
        assert_eq!(world.plan().creations.len(), left);
    }
}

#[test]
fn a_limit_passes_no_guard() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["A"]);
    for n in 2..300 {
        world.row(&n.to_string(), "Tea", "1", &["Z"]);
    }
    world.policy.allow = crate::plan::Allowances::default();
    assert_eq!(world.plan().refusals[0].guard, "max_create");
    assert_eq!(limited(&world, 10).refusals[0].guard, "max_create", "all that there is to do counts");
    world.policy.allow.create = true;
    let plan = limited(&world, 10);
    assert!(plan.refusals.is_empty() && plan.creations.len() == 10);
    world.links.clear();
    let plan = limited(&world, 10);
    assert_eq!(plan.refusals.iter().map(|r| r.guard.to_string()).collect::<Vec<_>>(), ["first-run"]);
}

#[test]
fn a_limit_counts_who_only_changes_its_barcode() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "1", &["B"]);
    world.source("2").codes = vec!["C".to_owned()];
    let plan = limited(&world, 1);
    assert_eq!((plan.scope.clone(), moves(&plan).as_str()), (Some(vec![id("2")]), "2: B → C (source-changed)"));
}
