//! Parts of a catalogue: `--only` and `--limit`.

use super::world::{World, id, moves, waits};
use crate::catalog::{Choice, Decision, DeferredKind, MatchRule, ProductId, SourceName};
use crate::plan::{Plan, Scope, plan_limited};

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

/// What a person chose for one that a run leaves out, and what an unreadable row would find, are not to be had in it.
#[test]
fn a_run_about_a_part_takes_nothing_that_is_kept_for_others() {
    let world = |unread: bool| {
        let mut world = World::new();
        world.policy.match_rules = vec![MatchRule::Barcode];
        world.row("1", "Tea", "1", &["K"]).row("5", "Pen", "1", if unread { &["K"] } else { &[] });
        world.product(2, "Pot", "7", Some("K"));
        if unread {
            world.source("5").name = None;
        } else {
            world.decisions.push(Decision {
                external_id: id("5"),
                kind: DeferredKind::AmbiguousMatch,
                subject: String::new(),
                value: String::new(),
                choice: Choice::Link,
                product: ProductId::new(2),
            });
        }
        world
    };
    for unread in [false, true] {
        for plan in [limited(&world(unread), 1), {
            let mut world = world(unread);
            world.scope = Scope::Only([id("1")].into());
            world.plan()
        }] {
            assert!(plan.adoptions.is_empty() && plan.moves.is_empty(), "{plan:#?}");
        }
    }
    // And a code that a person gave to one of the source is not taken from what is kept for an unreadable row.
    let mut world = World::new();
    world.policy.match_rules = vec![MatchRule::Barcode];
    world.synced("4", 1, "Tea", "1", &[]).row("5", "Pen", "1", &["K"]);
    (world.source("4").codes, world.source("4").price) = (vec!["K".to_owned()], Some("1.5".to_owned()));
    world.product(2, "Pen", "1", Some("K"));
    world.decisions.push(super::unread::give("4", "K"));
    world.source("5").name = None;
    let plan = limited(&world, 1);
    assert!(plan.updates.len() == 1 && plan.moves.is_empty(), "{plan:#?}");
}

/// Another product than the chosen one is nobody's wish.
#[test]
fn a_choice_that_cannot_be_carried_out_links_nothing_else() {
    let mut world = World::new();
    world.policy.match_rules = vec![MatchRule::Name];
    world.row("5", "Pen", "1", &[]).synced("6", 7, "Pen", "1", &[]);
    world.source("6").name = Some("Cup".to_owned());
    world.product(8, "Pen", "1", None);
    world.decisions.push(Decision {
        external_id: id("5"),
        kind: DeferredKind::AmbiguousMatch,
        subject: String::new(),
        value: String::new(),
        choice: Choice::Link,
        product: ProductId::new(7),
    });
    let plan = world.plan();
    assert!(plan.adoptions.is_empty() && plan.creations.is_empty());
    assert_eq!(super::world::waits(&plan), ["5 ambiguous-match"]);
    let message = &plan.deferred[0].message;
    assert!(
        message.contains("#7, which a person chose, is linked") && message.contains("cannot be carried out"),
        "{message}"
    );
}
