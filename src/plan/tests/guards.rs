//! Guards: at the limit, over it, and let through.

use super::world::World;
use crate::plan::{Allowances, Limit, Plan, Scope};

/// A hundred linked products in sync, and every limit at three products and two percent.
fn hundred() -> World {
    let mut world = World::new();
    for n in 1..=100 {
        world.synced(&n.to_string(), n, "Tea", "100", &[&format!("C{n}")]);
    }
    world.policy.allow = Allowances::default();
    let limit = Limit { count: 3, percent: 2 };
    let g = &mut world.policy.guards;
    (g.max_create, g.max_release, g.max_changes, g.max_price_jumps) = (limit, limit, limit, limit);
    (g.max_replace, g.max_prices_gone, g.max_unreadable) = (limit, limit, limit);
    world
}

fn refused(plan: &Plan) -> Vec<String> {
    plan.refusals.iter().map(|r| r.guard.to_string()).collect()
}

/// Breaks one product more each time, and tells at which count the guard refuses; `allow` must let that through.
fn trips_at(guard: &str, flag: &str, broken: impl Fn(&mut World, usize), allow: impl Fn(&mut Allowances)) -> usize {
    let mut world = hundred();
    for n in 1..=100 {
        broken(&mut world, n);
        let plan = world.plan();
        if !plan.refusals.is_empty() {
            assert_eq!(refused(&plan), [guard]);
            let message = &plan.refusals[0].message;
            assert!(message.contains(flag) && message.starts_with(&format!("{n} ")), "{message}");
            allow(&mut world.policy.allow);
            assert!(world.plan().refusals.is_empty(), "{flag} lets it through");
            return n;
        }
    }
    panic!("{guard} never refuses")
}

#[test]
fn each_guard_trips_beyond_its_limit() {
    let create = |w: &mut World, n: usize| _ = w.row(&format!("new{n}"), "Tea", "1", &[]);
    assert_eq!(trips_at("max_create", "--allow-create", create, |a| a.create = true), 4);
    let release = |w: &mut World, n: usize| {
        w.policy.guards.max_changes.count = 1000;
        w.source(&n.to_string()).codes.clear();
    };
    assert_eq!(trips_at("max_release", "--allow-release", release, |a| a.release = true), 4);
    let change = |w: &mut World, n: usize| w.source(&n.to_string()).name = Some("Pen".to_owned());
    assert_eq!(trips_at("max_changes", "--allow-changes", change, |a| a.changes = true), 4);
    let jump = |w: &mut World, n: usize| {
        w.policy.guards.max_changes.count = 1000;
        w.source(&n.to_string()).price = Some("1".to_owned());
    };
    assert_eq!(trips_at("max_price_jumps", "--allow-price-change", jump, |a| a.price_change = true), 4);
    let replace = |w: &mut World, n: usize| {
        w.policy.guards.max_changes.count = 1000;
        w.source(&n.to_string()).codes = vec![format!("D{n}")];
    };
    assert_eq!(trips_at("max_replace", "--allow-replace", replace, |a| a.replace = true), 4);
    let vanish = |w: &mut World, n: usize| w.source(&n.to_string()).price = None;
    assert_eq!(trips_at("max_prices_gone", "--allow-prices-gone", vanish, |a| a.prices_gone = true), 4);
    for spoil in [
        (|w, n| w.source(&n).name = None) as fn(&mut World, String),
        |w, n| w.source(&n).price = Some("bad".to_owned()),
        |w, n| {
            let row = w.source(&n);
            row.id.clear();
            row.codes.clear();
        },
        |w, n| w.source(&n).codes = vec!["\u{0}".to_owned()],
    ] {
        let spoiled = |w: &mut World, n: usize| spoil(w, n.to_string());
        assert_eq!(trips_at("max_unreadable", "--allow-unreadable", spoiled, |a| a.unreadable = true), 4);
    }
}

/// Further codes are barcodes too, and a setting that takes them all away is asked about.
#[test]
fn further_codes_taken_away_are_released_ones() {
    let mut world = World::new();
    world.policy.extra_barcodes = crate::plan::ExtraBarcodes::Packaging;
    for n in 1..=10 {
        world.synced(&n.to_string(), n, "Tea", "100", &[&format!("C{n}"), &format!("D{n}")]);
    }
    let _ = world.run();
    assert!(world.products.values().all(|p| p.packaging.len() == 1));
    world.policy.allow = Allowances::default();
    world.policy.guards.max_release = Limit { count: 3, percent: 2 };
    for n in 1..=10 {
        world.source(&n.to_string()).codes.truncate(1);
        assert_eq!(refused(&world.plan()).len(), usize::from(n > 3), "{n}");
    }
    assert_eq!(refused(&world.plan()), ["max_release"]);
}

/// A part of too much is too much: an hourly run with --limit must not do it bit by bit.
#[test]
fn a_limit_does_not_let_a_broken_source_in_by_parts() {
    let mut world = hundred();
    world.policy.guards.max_changes.count = 1000;
    for n in 1..=10 {
        world.source(&n.to_string()).codes.clear();
    }
    let limited = |world: &World| {
        let source = crate::catalog::SourceName::parse("shop").unwrap();
        crate::plan::plan_limited(&source, &world.catalogue(), &world.state(), &world.policy, &world.scope, 2)
    };
    assert_eq!(refused(&limited(&world)), ["max_release"]);
    world.policy.allow.release = true;
    let plan = limited(&world);
    assert_eq!((refused(&plan).len(), plan.counts().barcodes), (0, 2));
}

#[test]
fn a_moved_barcode_is_not_a_released_one() {
    let mut world = hundred();
    (world.policy.allow.changes, world.policy.allow.replace) = (true, true);
    for n in 1..=100 {
        world.source(&n.to_string()).codes = vec![format!("C{}", n % 100 + 1)];
    }
    assert_eq!(world.plan().counts().barcodes, 100);
    assert!(world.plan().refusals.is_empty());
}

#[test]
fn a_large_share_of_few_products_is_no_matter() {
    let mut world = hundred();
    world.policy.guards.max_changes = Limit { count: 50, percent: 0 };
    for n in 1..=50 {
        world.source(&n.to_string()).name = Some("Pen".to_owned());
    }
    assert!(world.plan().refusals.is_empty());
}

/// Of the linked products, and of nothing else: what a run would do must not make its own share smaller.
#[test]
fn a_share_is_of_what_is_linked() {
    let mut world = hundred();
    world.policy.guards.max_changes = Limit { count: 0, percent: 40 };
    world.policy.guards.max_create = Limit { count: 0, percent: 40 };
    for n in 1..=40 {
        world.source(&n.to_string()).name = Some("Pen".to_owned());
        world.row(&format!("new{n}"), "Tea", "1", &[]);
    }
    assert!(world.plan().refusals.is_empty());
    world.source("41").name = Some("Pen".to_owned());
    world.row("new41", "Tea", "1", &[]);
    assert_eq!(refused(&world.plan()), ["max_create", "max_changes"]);
}

#[test]
fn an_empty_source_is_a_failed_read() {
    let mut world = hundred();
    let rows = std::mem::take(&mut world.rows);
    let plan = world.plan();
    assert_eq!(refused(&plan), ["empty-source"]);
    assert!(plan.is_empty() && plan.missing.is_empty() && plan.refusals[0].message.contains("no products"));
    world.rows = rows;
    for row in &mut world.rows {
        row.codes.clear();
    }
    let plan = world.plan();
    assert_eq!(refused(&plan), ["no-barcodes"]);
    assert!(plan.is_empty() && plan.refusals[0].message.contains("no barcodes"));
    world.policy.allow.empty_source = true;
    assert_eq!(refused(&world.plan()), ["no-barcodes"], "two permissions");
    (world.policy.allow.empty_source, world.policy.allow.no_barcodes) = (false, true);
    assert_eq!(refused(&world.plan()), ["max_release", "max_changes"], "the other guards still watch");
    world.rows.clear();
    assert_eq!(refused(&world.plan()), ["empty-source"]);
}

#[test]
fn a_source_without_barcodes_leaves_odoos_alone() {
    let mut world = hundred();
    world.policy.barcodes = false;
    world.policy.missing = crate::plan::MissingPolicy::Archive;
    for row in &mut world.rows {
        row.codes.clear();
    }
    world.source("1").name = Some("Pen".to_owned());
    world.rows.retain(|row| row.id != "2");
    world.row("new", "Cup", "1", &[]).product(101, "Mat", "1", Some("C101")).default_code = Some("101".to_owned());
    world.policy.match_rules = vec![crate::catalog::MatchRule::DefaultCode];
    world.row("101", "Mat", "1", &[]);
    let plan = world.run();
    assert!(plan.refusals.is_empty() && plan.moves.is_empty() && plan.deferred.is_empty(), "{plan:#?}");
    let counts = plan.counts();
    assert_eq!((counts.names, counts.archive, counts.create, counts.adopt), (1, 1, 1, 1));
    assert!((1..=101).all(|n| world.products[&n].barcode == Some(format!("C{n}"))));
    let again = world.plan();
    assert!(again.is_empty(), "{again:#?}");
    // The source gets barcodes again: those that Odoo has stay.
    world.policy.barcodes = true;
    for n in 1..=101_i64 {
        if n != 2 {
            world.source(&n.to_string()).codes = vec![format!("C{n}"), format!("D{n}")];
        }
    }
    let plan = world.run();
    assert_eq!((plan.counts().barcodes, plan.deferred.len()), (0, 0), "{:#?}", plan.moves);
    assert!(world.plan().is_empty());
}

#[test]
fn a_first_run_asks_only_where_odoo_is_not_empty() {
    let mut world = World::new();
    world.policy.allow = Allowances::default();
    for n in 0..500 {
        world.row(&n.to_string(), "Tea", "1", &[&format!("C{n}")]);
    }
    assert!(world.plan().refusals.is_empty(), "an empty Odoo takes everything");
    world.product(1, "Tea", "500", Some("C7"));
    let plan = world.plan();
    assert_eq!(refused(&plan), ["first-run"]);
    assert!(plan.refusals[0].message.contains("create 499 and adopt 1"), "{}", plan.refusals[0].message);
    world.policy.allow.first_run = true;
    assert!(world.plan().refusals.is_empty());
    let _ = world.run();
    world.policy.allow.first_run = false;
    assert!(world.plan().refusals.is_empty(), "the second run is no first one");
}

/// The shares of a first run are shares of what it adopts, not of nothing.
#[test]
fn a_few_jumps_among_many_adoptions_are_no_refusal() {
    let mut world = World::new();
    world.policy.guards.max_price_jumps = Limit { count: 3, percent: 5 };
    for n in 1..=100 {
        world.row(&n.to_string(), "Tea", "100", &[&format!("C{n}")]);
        let price = if n <= 5 { "1" } else { "100" };
        world.product(n, "Tea", price, Some(&format!("C{n}")));
    }
    assert!(world.plan().refusals.is_empty());
    world.products.get_mut(&6).unwrap().price = "1".to_owned();
    assert_eq!(refused(&world.plan()), ["max_price_jumps"]);
}

#[test]
fn nothing_to_do_is_never_refused() {
    let mut world = hundred();
    let g = &mut world.policy.guards;
    let none = Limit { count: 0, percent: 0 };
    (g.max_create, g.max_release, g.max_changes, g.max_price_jumps) = (none, none, none, none);
    (g.max_replace, g.max_prices_gone, g.max_unreadable) = (none, none, none);
    assert!(world.plan().refusals.is_empty());
    world.links.clear();
    world.scope = Scope::Only([].into());
    assert!(world.plan().refusals.is_empty(), "a first run that links nothing");
}

#[test]
fn a_small_part_passes_the_guards_that_the_whole_does_not() {
    let mut world = hundred();
    for n in 1..=100 {
        world.source(&n.to_string()).name = Some("Pen".to_owned());
    }
    assert_eq!(refused(&world.plan()), ["max_changes"]);
    world.scope = Scope::Only([super::world::id("5")].into());
    assert!(world.plan().refusals.is_empty());
}
