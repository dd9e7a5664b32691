//! Rows that cannot be read: their products keep what they have, their claims, their place and what waits for them.

use std::collections::{BTreeMap, BTreeSet};

use super::convergence::{row, world};
use super::world::{Bound, Product, Row, World, id, waits};
use crate::catalog::{Aspect, Choice, CodeKey, Decision, DeferredKind, ExternalId, MatchRule, ProductId};
use crate::plan::{Deferred, Plan};

use proptest::prelude::*;

pub(super) fn give(ext: &str, code: &str) -> Decision {
    Decision {
        external_id: id(ext),
        kind: DeferredKind::DuplicateClaim,
        subject: code.to_owned(),
        value: String::new(),
        choice: Choice::Give,
        product: None,
    }
}

fn barcode(world: &World, number: i64) -> Option<&str> {
    world.products[&number].barcode.as_deref()
}

/// 1 and 2 list K, and nobody has it.
fn contested() -> World {
    let mut world = World::new();
    world.row("1", "Tea", "1", &["K"]).row("2", "Pen", "1", &["K", "L"]);
    world.product(1, "Tea", "1", None);
    world.product(2, "Pen", "1", Some("L"));
    world.link("1", 1);
    world.link("2", 2);
    world
}

#[test]
fn an_unreadable_rows_code_is_nobody_elses() {
    let spoil: [fn(&mut World); 2] = [
        |w| w.source("1").name = None,
        // READ COMMITTED may meet a row twice.
        |w| {
            let again = w.source("1").clone();
            w.rows.push(again);
        },
    ];
    for spoil in spoil {
        let mut world = contested();
        world.source("2").codes = vec!["K".to_owned()];
        world.products.get_mut(&2).unwrap().barcode = None;
        world.links.get_mut(&id("2")).unwrap().wrote_barcode = None;
        spoil(&mut world);
        let plan = world.run();
        assert_eq!(waits(&plan), ["2 duplicate-claim K"]);
        assert_eq!((barcode(&world, 1), barcode(&world, 2)), (None, None));
    }
}

#[test]
fn a_choice_for_an_unreadable_row_holds() {
    let mut world = contested();
    world.source("2").codes = vec!["K".to_owned()];
    world.decisions.push(give("1", "K"));
    world.source("1").name = None;
    let plan = world.run();
    assert!(barcode(&world, 2) != Some("K") && barcode(&world, 1).is_none());
    assert_eq!(
        plan.unevaluated.iter().map(|u| (u.external_id.as_str(), &*u.aspects)).collect::<Vec<_>>(),
        [("1", &Aspect::ALL[..])]
    );
    world.source("1").name = Some("Tea".to_owned());
    let _ = world.run();
    assert_eq!(barcode(&world, 1), Some("K"));
}

#[test]
fn an_unreadable_holder_that_lists_its_code_is_the_rightful_one() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["K"]).row("2", "Pen", "1", &["K"]);
    world.source("1").name = None;
    let plan = world.plan();
    assert_eq!(waits(&plan), ["2 duplicate-claim K"]);
    assert!(plan.deferred[0].message.contains("it stays with 1"), "{}", plan.deferred[0].message);
}

#[test]
fn a_list_with_a_hole_keeps_what_it_had() {
    let mut world = contested();
    world.links.get_mut(&id("1")).unwrap().said_barcodes = vec!["K".to_owned()];
    world.source("2").codes = vec!["K".to_owned(), "M".to_owned()];
    // The row that said K is damaged.
    world.source("1").codes = vec!["\u{0}".to_owned()];
    let plan = world.run();
    assert_eq!(waits(&plan), ["1 duplicate-claim K", "2 duplicate-claim K"], "M is nobody's while K may be free");
    assert_eq!(barcode(&world, 2), Some("L"));
    world.source("1").codes.clear();
    let _ = world.run();
    assert_eq!(barcode(&world, 2), Some("K"));
}

#[test]
fn whoever_wants_what_an_unreadable_row_has_settles_for_nothing_else() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "1", &["Z"]).synced("3", 3, "Cup", "1", &["Y"]);
    world.source("1").codes = vec!["B".to_owned()];
    world.source("2").codes = vec!["A".to_owned(), "C".to_owned()];
    world.source("3").codes = vec!["Z".to_owned(), "ZZ".to_owned()];
    let mut without = world.clone();
    let _ = without.run();
    world.source("1").name = None;
    let plan = world.run();
    assert!(plan.moves.is_empty(), "{:?}", plan.moves);
    assert_eq!(waits(&plan), ["2 held A", "3 held Z"]);
    world.source("1").name = Some("Tea".to_owned());
    let _ = world.run();
    assert_eq!(world.products, without.products);
}

#[test]
fn what_an_unreadable_row_would_adopt_is_kept_for_it() {
    for rule in [MatchRule::Barcode, MatchRule::DefaultCode] {
        let mut world = World::new();
        world.policy.match_rules = vec![MatchRule::DefaultCode, MatchRule::Barcode];
        world.product(7, "Tea", "1", Some("K")).default_code = (rule == MatchRule::DefaultCode).then(|| "1".to_owned());
        world.row("1", "Tea", "1", if rule == MatchRule::Barcode { &["K"] } else { &[] }).row("2", "Pen", "1", &["K"]);
        world.source("1").name = None;
        let plan = world.run();
        assert_eq!(waits(&plan)[0], "2 ambiguous-match", "{rule:?}");
        assert!(plan.adoptions.is_empty() && plan.creations.is_empty());
    }
}

#[test]
fn a_row_without_an_id_makes_nothing_missing() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["K"]).synced("2", 2, "Pen", "1", &["L"]);
    world.policy.missing = crate::plan::MissingPolicy::Archive;
    world.source("2").codes.insert(0, "K".to_owned());
    world.source("1").id = String::new();
    let plan = world.run();
    assert!(plan.missing.is_empty() && plan.moves.is_empty() && barcode(&world, 2) == Some("L"), "{plan:#?}");
    assert_eq!(plan.unevaluated[0].external_id, id("1"));
    // The row is gone for good: so is the product.
    world.rows.retain(|row| !row.id.is_empty());
    assert_eq!(world.run().counts().archive, 1);
}

#[test]
fn a_bad_price_is_not_null() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "9", &["A"]).row("2", "Pen", "1", &["B"]);
    for ext in ["1", "2"] {
        world.source(ext).price = Some("bad".to_owned());
    }
    let plan = world.plan();
    assert!(plan.is_empty() && plan.deferred.is_empty(), "{plan:#?}");
    let aspects = |u: &crate::plan::Unevaluated| (u.external_id.to_string(), u.aspects.len());
    assert_eq!(plan.unevaluated.iter().map(aspects).collect::<Vec<_>>(), [("1".to_owned(), 1), ("2".to_owned(), 4)]);
    assert_eq!(plan.unchanged, 0, "nobody knows");
}

/// What a report leaves of people's choices: those about what is still open, and about what was not looked at.
fn report(world: &mut World, plan: &Plan) {
    let blind = |d: &Decision| {
        let aspect = d.kind.aspect().map_or_else(|| d.subject.clone(), |a| a.code().to_owned());
        let of = plan.unevaluated.iter().find(|u| u.external_id == d.external_id);
        of.is_some_and(|u| u.aspects.iter().any(|a| a.code() == aspect))
    };
    let open = |d: &Decision| {
        let same = |o: &Deferred| (&o.external_id, o.kind, &o.subject) == (&d.external_id, d.kind, &d.subject);
        plan.deferred.iter().any(same)
    };
    world.decisions.retain(|d| open(d) || blind(d));
}

fn codes(world: &World, ext: &ExternalId) -> BTreeSet<CodeKey> {
    of_product(world, world.links.get(ext).and_then(|bound| bound.product))
}

fn of_product(world: &World, number: Option<i64>) -> BTreeSet<CodeKey> {
    let product = number.and_then(|number| world.products.get(&number));
    product.into_iter().flat_map(|p| p.barcode.iter().chain(&p.packaging)).map(|code| CodeKey::of(code)).collect()
}

/// Links with what they point to.
type Links = BTreeMap<ExternalId, (Bound, Option<Product>)>;

/// What is there at the end, whatever number a new product got.
fn end(world: &World, known: i64) -> (Links, BTreeMap<i64, Product>) {
    // In which spelling a code came first, and which of the further ones, is nobody's business.
    let key = |code: &String| CodeKey::of(code).as_str().to_owned();
    let product = |number: &i64| {
        let Product { barcode, packaging, .. } = &world.products[number];
        let (barcode, mut packaging): (_, Vec<_>) = (barcode.as_ref().map(key), packaging.iter().map(key).collect());
        packaging.sort();
        Product { barcode, packaging, ..world.products[number].clone() }
    };
    let link = |b: &Bound| Bound {
        product: b.product.filter(|n| *n <= known),
        wrote_barcode: b.wrote_barcode.as_ref().map(key),
        wrote_extras: b.wrote_extras.iter().map(key).collect(),
        ..b.clone()
    };
    let links = world.links.iter().map(|(id, b)| (id.clone(), (link(b), b.product.as_ref().map(product))));
    let products = world.products.keys().filter(|n| **n <= known);
    (links.collect(), products.map(|n| (*n, product(n))).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    /// Whatever rows cannot be read for one run: nobody gets a code that others list too, or is linked, who would not have been
    /// with all rows readable, and the run after comes to the same end as if nothing had been. Where people chose, a product
    /// may have got in that run what it would have waited for, and who has a code keeps it: then only the first half holds.
    #[test]
    fn an_unreadable_interlude_leaves_no_trace(
        world in world(7), rows in (0..7_usize).map(row).collect::<Vec<_>>(),
        picks in prop_oneof![Just(Vec::new()), prop::collection::vec((0..6_usize, 1..12_i64), 30)], hidden in prop::collection::vec(0..7_usize, 1..4),
        damaged in prop::collection::vec((0..7_usize, 0..3_usize), 0..3),
    ) {
        let mut world = world;
        // A name that cannot be read recognises nothing, and too long a circle is one more reason to wait.
        world.policy.match_rules.retain(|rule| *rule != MatchRule::Name);
        world.policy.max_component = 1000;
        let first = world.run();
        let chosen = !picks.is_empty();
        for (deferred, (pick, product)) in first.deferred.into_iter().zip(picks) {
            let choices = deferred.kind.choices();
            world.decisions.push(Decision {
                external_id: deferred.external_id,
                kind: deferred.kind,
                subject: deferred.subject,
                value: deferred.value,
                choice: choices[pick % choices.len()],
                product: ProductId::new(product),
            });
        }
        for (old, new) in world.rows.iter_mut().zip(rows) {
            if old.name.is_some() {
                old.name = old.name.take().and(new.name);
            }
            old.codes.extend(new.codes.into_iter().take(1));
        }
        let known = world.products.keys().next_back().copied().unwrap_or_default();
        // Twice: a choice about a code that is spelt otherwise by now is forgotten by the first run.
        let twice = |world: &mut World| {
            let plan = world.run();
            report(world, &plan);
            let once = world.clone();
            let plan = world.run();
            report(world, &plan);
            once
        };
        let mut good = world.clone();
        let once = twice(&mut good);
        let mut bad = world.clone();
        for at in hidden {
            if let Some(row) = bad.rows.get_mut(at) {
                row.name = None;
            }
        }
        for (at, code) in damaged {
            let Some(row) = bad.rows.get_mut(at) else { continue };
            let said = bad.links.get(&id(&row.id)).map(|b| b.said_barcodes.clone()).unwrap_or_default();
            // What a row said that nobody ever read, nobody can know.
            if let Some(text) = row.codes.get_mut(code) && said.iter().any(|s| CodeKey::of(s) == CodeKey::of(text)) {
                *text = "\u{0}".to_owned();
            }
        }
        let plan = bad.run();
        report(&mut bad, &plan);
        for ext in bad.links.keys() {
            let (before, after) = (codes(&world, ext), codes(&bad, ext));
            let gained: BTreeSet<_> = after.difference(&before).cloned().collect();
            // A product that is recognised brings along what it has.
            let brought = of_product(&world, bad.links[ext].product);
            let fine = &(&codes(&good, ext) | &codes(&once, ext)) | &brought;
            let lists = |row: &&Row, key: &CodeKey| row.codes.iter().any(|code| CodeKey::of(code) == *key);
            let alone = |key: &CodeKey| chosen && world.rows.iter().filter(|row| lists(row, key)).count() == 1;
            prop_assert!(gained.iter().all(|key| fine.contains(key) || alone(key)), "{} got {:?}\n{:#?}", ext, gained, plan);
            let linked = |w: &World| w.links.get(ext).and_then(|b| b.product).filter(|n| *n <= known);
            prop_assert!(linked(&bad) == linked(&world) || linked(&bad) == linked(&good), "{} is linked\n{:#?}", ext, plan);
        }
        bad.rows = world.rows.clone();
        let _ = twice(&mut bad);
        if !chosen {
            prop_assert_eq!(end(&bad, known), end(&good, known), "{:#?}", plan);
        }
    }
}
