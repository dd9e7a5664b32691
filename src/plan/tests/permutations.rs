//! Whatever the source does with its barcodes: one run settles what can be settled, and moves nothing else.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::world::{World, id};

/// What becomes of the codes of a shop whose products each have one.
#[derive(Debug, Clone)]
struct Shuffle {
    /// `claims[i]`: the places whose codes the source lists at product `i` now, in order.
    claims: Vec<Vec<usize>>,
    /// Places whose code a product outside the source has, and not the product itself.
    foreign: BTreeSet<usize>,
    /// Archived in Odoo, by a person.
    archived: BTreeSet<usize>,
}

fn shuffle() -> impl Strategy<Value = Shuffle> {
    (1_usize..=50).prop_flat_map(|n| {
        let order = Just((0..n).collect::<Vec<_>>()).prop_shuffle();
        let more = prop::collection::vec((0..n, 0..n), 0..n / 4 + 1);
        let none = prop::collection::btree_set(0..n, 0..n / 5 + 1);
        let foreign = prop::collection::btree_set(0..n, 0..n / 5 + 1);
        let archived = prop::collection::btree_set(0..n, 0..n / 4 + 1);
        (order, more, none, foreign, archived).prop_map(|(order, more, none, foreign, archived)| {
            let mut claims: Vec<Vec<usize>> = order.into_iter().map(|place| vec![place]).collect();
            for i in none {
                claims[i].clear();
            }
            for (i, place) in more {
                if !claims[i].contains(&place) {
                    claims[i].push(place);
                }
            }
            Shuffle { claims, foreign, archived }
        })
    })
}

fn code(place: usize) -> String {
    format!("C{place:02}")
}

fn number(place: usize) -> i64 {
    i64::try_from(place).unwrap() + 1
}

/// In step before the source changes; the products of foreign places have no code, and somebody else has it.
fn world(shuffle: &Shuffle) -> World {
    let mut world = World::new();
    world.policy.match_rules.clear();
    for place in 0..shuffle.claims.len() {
        let listed = if shuffle.foreign.contains(&place) { None } else { Some(code(place)) };
        let codes: Vec<&str> = listed.iter().map(String::as_str).collect();
        world.synced(&number(place).to_string(), number(place), "Tea", "1", &codes);
        world.products.get_mut(&number(place)).unwrap().active = !shuffle.archived.contains(&place);
    }
    for place in &shuffle.foreign {
        world.product(1000 + number(*place), "Stranger", "1", Some(&code(*place)));
    }
    for (place, claims) in shuffle.claims.iter().enumerate() {
        world.source(&number(place).to_string()).codes = claims.iter().map(|c| code(*c)).collect();
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_permutation_is_settled_by_one_run(shuffle in shuffle()) {
        let before = world(&shuffle);
        let mut after = before.clone();
        let plan = after.run();
        let catalogue = before.catalogue();
        let mut claimants: BTreeMap<&str, usize> = BTreeMap::new();
        for barcode in catalogue.products.values().flat_map(|p| &p.barcodes) {
            *claimants.entry(barcode.as_str()).or_default() += 1;
        }
        let outside: BTreeSet<String> = shuffle.foreign.iter().map(|place| code(*place)).collect();

        let mut seen = BTreeSet::new();
        for barcode in after.products.values().filter_map(|p| p.barcode.clone()) {
            prop_assert!(seen.insert(barcode.clone()), "{barcode} is on two products");
        }
        for place in 0..shuffle.claims.len() {
            let (now, then) = (&after.products[&number(place)].barcode, &before.products[&number(place)].barcode);
            let listed: Vec<&str> =
                catalogue.products[&id(&number(place).to_string())].barcodes.iter().map(|c| c.as_str()).collect();
            let free = |c: &&&str| claimants[**c] == 1 && !outside.contains(**c);
            match now.as_deref() {
                Some(code) => prop_assert!(listed.contains(&code), "product {place} has {code}, which is not listed"),
                None => prop_assert!(!listed.iter().any(|c| free(&c)), "product {place} has nothing, and may"),
            }
            if then.as_deref().is_some_and(|code| listed.contains(&code)) {
                prop_assert_eq!(now, then, "a code that is still listed moved");
            }
        }
        for (number, product) in &before.products {
            let now = &after.products[number];
            prop_assert_eq!((now.active, &now.names, &now.price), (product.active, &product.names, &product.price));
            if *number > 1000 {
                prop_assert_eq!(&now.barcode, &product.barcode, "a product outside lost its code");
            }
        }
        prop_assert!(plan.creations.is_empty() && plan.adoptions.is_empty());
        prop_assert!(after.plan().is_empty(), "the second run has something to do");
    }
}
