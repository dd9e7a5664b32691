//! Worlds that a search among random ones found, made small: one run left something for the next.

use super::unread::give;
use super::world::{Bound, World, id, price, shop, waits};
use crate::catalog::{Aspect, Choice, Decision, FieldSet, MatchRule, ProductId, SourceName, SourceOrder};
use crate::plan::{DeferredKind, ExtraBarcodes, FieldPolicy, MissingPolicy, Plan, Scope};

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

/// Nobody can tell which code it is to have, and the one it has is another's by now: the next run decides.
#[test]
fn a_product_that_waits_for_an_unreadable_row_stays_archived_while_its_code_is_elsewhere() {
    for (codes, unread, comes_back_with) in
        [(&["D"][..], "D", None), (&["A", "D"], "A", None), (&["A", "B"], "A", Some("B"))]
    {
        let mut world = waking(codes, unread);
        let before = world.products.clone();
        assert_eq!(settled(world.clone()).counts().reactivate, 0, "{codes:?}");
        let _ = world.run();
        assert_eq!(world.products, before);
        (world.source("1").name, world.source("1").codes) = (Some("Pen".to_owned()), vec![unread.to_owned()]);
        assert_eq!(settled(world.clone()).counts().reactivate, 1, "{codes:?}");
        let _ = world.run();
        assert_eq!((world.products[&2].active, world.products[&2].barcode.as_deref()), (true, comes_back_with));
    }
}

/// With extra codes: what is put on packagings waits with it.
#[test]
fn what_stays_archived_gets_its_further_codes_when_it_comes_back() {
    let mut world = waking(&["D", "E"], "D");
    world.policy.extra_barcodes = ExtraBarcodes::Packaging;
    let first = settled(world);
    assert!(first.moves.is_empty(), "{:#?}", first.moves);
}

/// A person said whose product it is, and a row that cannot be read for one run would be recognised by it.
#[test]
fn a_choice_comes_before_what_is_recognised() {
    for readable in [true, false] {
        let mut world = World::new();
        world.policy.match_rules = vec![MatchRule::Barcode];
        world.row("1", "Tea", "1", &["E"]).row("5", "Pen", "1", &["K"]);
        world.product(2, "Tea", "1", Some("K"));
        world.product(3, "Tea", "1", Some("E")).other_company = true;
        world.decisions.push(Decision {
            external_id: id("1"),
            kind: DeferredKind::OtherCompany,
            subject: String::new(),
            value: String::new(),
            choice: Choice::Link,
            product: ProductId::new(2),
        });
        if !readable {
            world.source("5").name = None;
        }
        let plan = world.run();
        assert_eq!(
            plan.adoptions.iter().map(|a| (a.external_id.clone(), a.product.get())).collect::<Vec<_>>(),
            [(id("1"), 2)]
        );
    }
}

/// Six products list K, a person gave it to two of them, and one of these two cannot be read for one run.
#[test]
fn a_code_that_was_given_is_no_placeholder_whoever_else_lists_it() {
    let mut world = World::new();
    for number in 1..=6 {
        world.synced(&number.to_string(), number, "Tea", "1", &[]);
        world.source(&number.to_string()).codes = vec!["K".to_owned()];
    }
    for ext in ["2", "3"] {
        world.decisions.push(give(ext, "K"));
    }
    let asked = waits(&settled(world.clone()));
    assert!(asked.iter().all(|w| w.ends_with("duplicate-claim K")) && asked.len() == 6, "{asked:?}");
    // The one that still lists it has it; who does not list it any more gave nobody anything.
    world.source("3").codes.clear();
    assert_eq!(settled(world.clone()).counts().barcodes, 1);
    world.source("2").codes.clear();
    world.policy.max_products_per_barcode = 3;
    assert_eq!(waits(&settled(world)), ["1 placeholder K"]);
}

#[test]
fn a_choice_about_a_code_stays_when_the_source_spells_it_otherwise() {
    let mut world = World::new();
    let (upc, ean) = ("036000291452", "0036000291452");
    world.synced("1", 1, "Tea", "1", &[]).synced("2", 2, "Pen", "1", &[]);
    world.source("1").codes = vec![ean.to_owned()];
    world.source("2").codes = vec![upc.to_owned()];
    world.decisions.push(give("1", upc));
    assert_eq!(settled(world.clone()).moves[0].moves[0].external_id, id("1"));
    world.decisions.push(give("2", upc));
    assert_eq!(waits(&settled(world)), [format!("1 duplicate-claim {upc}"), format!("2 duplicate-claim {upc}")]);
}

/// What is recognised by 5, whose row cannot be read, may turn out to be its own.
#[test]
fn a_given_code_is_not_taken_from_a_product_that_is_kept_for_an_unreadable_row() {
    let mut world = World::new();
    world.policy.match_rules = vec![MatchRule::Barcode];
    world.synced("4", 1, "Tea", "1", &[]).row("5", "Pen", "1", &["K"]);
    // It does not settle for the other one meanwhile.
    world.source("4").codes = vec!["K".to_owned(), "L".to_owned()];
    world.product(2, "Pen", "1", Some("K"));
    world.decisions.push(give("4", "K"));
    world.source("5").name = None;
    assert!(settled(world.clone()).moves.is_empty());
    world.source("5").name = Some("Pen".to_owned());
    assert_eq!(settled(world).moves[0].moves.len(), 2);
}

/// Both are active in the end: the one that comes back counts from the first run on.
#[test]
fn a_product_of_two_sources_that_wakes_is_told_of_at_once() {
    let mut world = World::new();
    world.policy.match_rules = vec![MatchRule::Barcode];
    world.row("3", "Cup", "1", &["K"]).row("6", "Tea", "1", &[]);
    world.product(1, "Cup", "1", Some("K"));
    world.product(2, "Tea", "1", Some("K")).active = false;
    world.link("6", 2).archived_by_us = true;
    shared(&mut world, "first", 2, &[], false);
    assert_eq!(waits(&settled(world.clone())), ["3 held K"]);
    // A run about the other one does not reactivate it.
    world.scope = Scope::Only([id("3")].into());
    assert_eq!(waits(&settled(world)), [""; 0]);
}

/// Its choice about another code is still there when the row can be read again.
#[test]
fn what_hangs_on_an_unreadable_row_is_not_evaluated() {
    let mut world = World::new();
    world.synced("4", 1, "Tea", "1", &[]).synced("5", 2, "Pen", "1", &[]).product(3, "Cup", "1", Some("B"));
    (world.source("4").codes, world.source("5").codes) = (vec!["B".to_owned(), "K".to_owned()], vec!["B".to_owned()]);
    world.links.get_mut(&id("5")).unwrap().said_barcodes = vec!["B".to_owned()];
    world.source("5").codes = vec!["\u{0}".to_owned()];
    let plan = settled(world);
    let of = |ext: &str| plan.unevaluated.iter().find(|u| u.external_id == id(ext)).map(|u| u.aspects.clone());
    assert_eq!((of("4"), of("5")), (Some(vec![Aspect::Barcode]), Some(vec![Aspect::Barcode])));
    assert_eq!(plan.unchanged, 0);
}
