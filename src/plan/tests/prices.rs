//! Prices alone, of linked products alone.

use super::world::{World, id, waits};
use crate::catalog::{Aspect, Catalogue, SourceName};
use crate::plan::{Plan, plan_prices};

pub(super) fn prices(world: &World) -> Plan {
    plan_prices(&SourceName::parse("shop").unwrap(), &world.catalogue(), &world.state(), &world.policy, &world.scope)
}

#[test]
fn only_prices_of_linked_products_are_written() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "2", &["B"]).row("3", "Cup", "3", &["C"]);
    world.source("1").price = Some("1.5".to_owned());
    world.source("1").name = Some("Other".to_owned());
    world.source("2").codes = vec!["Z".to_owned()];
    let plan = prices(&world);
    assert_eq!(plan.updates.len(), 1);
    assert!(plan.updates[0].name.is_none() && plan.moves.is_empty() && plan.creations.is_empty());
    assert_eq!(plan.updates[0].label, "Tea", "the name that the link knows");
    assert_eq!((plan.unchanged, plan.missing.len()), (1, 0));
    world.apply(&plan);
    assert!(prices(&world).is_empty());
    assert_eq!(world.links[&id("1")].said_name, "Tea", "the import still has to hear of the name");
}

#[test]
fn what_may_not_be_written_waits() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &[]).synced("2", 2, "Pen", "1", &[]).synced("3", 3, "Cup", "1", &[]);
    for ext in ["1", "2", "3"] {
        world.source(ext).price = Some("99".to_owned());
    }
    world.products.get_mut(&2).unwrap().siblings = 1;
    world.links.get_mut(&id("3")).unwrap().no_touch = true;
    let plan = prices(&world);
    assert!(plan.is_empty());
    assert_eq!(waits(&plan), ["1 price-jump price", "2 shared-template price"]);
    assert_eq!(plan.untouched, 1);
}

/// What waits at them is not settled by a run that cannot look at them.
#[test]
fn products_that_are_gone_or_another_companys_are_not_evaluated() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &[]).synced("2", 2, "Pen", "1", &[]);
    world.links.get_mut(&id("1")).unwrap().product = None;
    world.products.get_mut(&2).unwrap().other_company = true;
    let plan = prices(&world);
    let seen: Vec<_> = plan.unevaluated.iter().map(|u| (u.external_id.as_str(), &*u.aspects)).collect();
    assert_eq!(seen, [("1", &[Aspect::Price][..]), ("2", &[Aspect::Price][..])]);
}

#[test]
fn an_empty_reading_is_refused_and_no_barcodes_are_no_wonder() {
    let mut world = World::new();
    (world.policy.allow.empty_source, world.policy.allow.no_barcodes) = (false, false);
    world.synced("1", 1, "Tea", "1", &[]);
    assert!(prices(&world).refusals.is_empty());
    let nothing = plan_prices(
        &SourceName::parse("shop").unwrap(),
        &Catalogue::default(),
        &world.state(),
        &world.policy,
        &world.scope,
    );
    assert_eq!(nothing.refusals[0].guard, "empty-source");
}
