//! Products that the source no longer has, and that come back.

use super::world::{World, id, moves};
use crate::plan::{Activity, ExtraBarcodes, MissingPolicy};

fn archiving() -> World {
    let mut world = World::new();
    world.policy.missing = MissingPolicy::Archive;
    world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "2", &["B"]);
    world
}

fn remove(world: &mut World, ext: &str) -> super::world::Row {
    let at = world.rows.iter().position(|r| r.id == ext).unwrap();
    world.rows.remove(at)
}

#[test]
fn a_kept_product_is_noted_once() {
    let mut world = archiving();
    world.policy.missing = MissingPolicy::Keep;
    let row = remove(&mut world, "1");
    let plan = world.run();
    assert!(plan.updates[0].is_note() && plan.missing.len() == 1 && !plan.missing[0].archive);
    assert!(world.links[&id("1")].missing);
    assert!(world.plan().is_empty() && world.plan().counts().missing == 1, "counted by every run");
    world.rows.push(row);
    let _ = world.run();
    assert!(!world.links[&id("1")].missing);
    assert!(world.plan().is_empty());
}

#[test]
fn an_archived_product_gives_its_codes_up_and_comes_back() {
    let mut world = archiving();
    world.policy.extra_barcodes = ExtraBarcodes::Packaging;
    world.source("1").codes.push("C".to_owned());
    let _ = world.run();
    assert_eq!(world.products[&1].packaging, ["C"]);
    let row = remove(&mut world, "1");
    let plan = world.run();
    assert_eq!(moves(&plan), "1: A → - (missing-in-source)");
    assert_eq!(plan.updates[0].activity, Some(Activity::Archive));
    let product = &world.products[&1];
    assert!(!product.active && product.barcode.is_none() && product.packaging.is_empty());
    assert!(world.links[&id("1")].archived_by_us);
    assert!(world.plan().is_empty());
    world.rows.push(row);
    let plan = world.run();
    assert_eq!(plan.updates[0].activity, Some(Activity::Reactivate));
    let product = &world.products[&1];
    assert!(product.active && product.barcode.as_deref() == Some("A") && product.packaging == ["C"]);
    assert!(!world.links[&id("1")].archived_by_us);
    assert!(world.plan().is_empty());
}

#[test]
fn what_a_person_archived_stays_archived() {
    let mut world = archiving();
    world.products.get_mut(&1).unwrap().active = false;
    let row = remove(&mut world, "1");
    let plan = world.run();
    assert!(plan.updates.iter().all(|u| u.activity.is_none()) && !plan.missing[0].archive);
    world.rows.push(row);
    let _ = world.run();
    assert!(!world.products[&1].active);
}

#[test]
fn what_a_person_reactivated_is_not_archived_again() {
    let mut world = archiving();
    remove(&mut world, "1");
    let _ = world.run();
    world.products.get_mut(&1).unwrap().active = true;
    assert!(world.plan().is_empty());
}

#[test]
fn its_code_may_go_to_another_meanwhile() {
    let mut world = archiving();
    let row = remove(&mut world, "1");
    world.source("2").codes = vec!["A".to_owned()];
    let _ = world.run();
    assert_eq!(world.products[&2].barcode.as_deref(), Some("A"));
    world.rows.push(row);
    let plan = world.run();
    assert_eq!(super::world::waits(&plan), ["1 duplicate-claim A"]);
    assert!(world.products[&1].active && world.products[&1].barcode.is_none());
}

#[test]
fn a_link_that_is_not_to_be_touched_is_not_archived() {
    let mut world = archiving();
    world.links.get_mut(&id("1")).unwrap().no_touch = true;
    remove(&mut world, "1");
    assert!(world.plan().is_empty());
}

#[test]
fn an_unreadable_product_is_not_missing() {
    let mut world = archiving();
    world.source("1").name = None;
    let plan = world.plan();
    assert!(plan.is_empty() && plan.missing.is_empty());
}

#[test]
fn too_many_are_refused() {
    let mut world = archiving();
    for n in 3..40 {
        world.synced(&n.to_string(), n, "Cup", "1", &[]);
    }
    world.rows.truncate(10);
    world.policy.allow.archive = false;
    let plan = world.plan();
    let guards: Vec<_> = plan.refusals.iter().map(|r| r.guard.to_string()).collect();
    assert_eq!(guards, ["max_archive"], "and not max_release: the codes go with their products");
}

/// A person archived what the source still lists: it is kept in step, and named by every run.
#[test]
fn what_a_person_archived_is_named_while_the_source_lists_it() {
    for half in [false, true] {
        let mut world = World::new();
        world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "1", &["B"]);
        let product = world.products.get_mut(&1).unwrap();
        (product.active, product.half_archived) = (half, half);
        world.source("1").price = Some("2".to_owned());
        let plan = world.run();
        let named = |plan: &crate::plan::Plan| {
            let shown = plan.archived_in_odoo.iter().map(|a| (a.external_id.to_string(), a.product.get(), a.half));
            shown.collect::<Vec<_>>()
        };
        assert_eq!(named(&plan), [("1".to_owned(), 1, half)]);
        assert!(plan.updates[0].archived && plan.updates[0].price.is_some());
        let again = world.plan();
        assert!(again.is_empty() && again.unchanged == 2);
        assert_eq!(named(&again), named(&plan));
        assert_eq!(named(&super::prices::prices(&world)), named(&plan));
        world.rows.retain(|row| row.id != "1");
        assert!(world.plan().archived_in_odoo.is_empty(), "the source no longer lists it");
    }
}
