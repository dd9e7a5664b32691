//! What people chose is carried out, once, and stands as long as the situation does.

use super::world::{World, id, moves, pid, price, waits};
use crate::catalog::{Choice, Decision, DeferredKind, MatchRule, ProductId};
use crate::plan::{FieldPolicy, Plan, Scope, Settled};

/// A choice about the deferred action of this kind that the world has now, with the value that waits.
fn choose(world: &mut World, ext: &str, kind: DeferredKind, choice: Choice, product: Option<ProductId>) {
    let plan = world.plan();
    let found = plan.deferred.iter().find(|d| d.external_id == id(ext) && d.kind == kind);
    let found = found.unwrap_or_else(|| panic!("{ext} has no {} in {:?}", kind.code(), waits(&plan)));
    world.decisions.push(Decision {
        external_id: id(ext),
        kind,
        subject: found.subject.clone(),
        value: found.value.clone(),
        choice,
        product,
    });
}

/// The same for two, who choose before either choice is carried out.
fn both(world: &mut World, ids: [&str; 2], kind: DeferredKind, choice: Choice, product: Option<ProductId>) {
    let mut other = world.clone();
    choose(world, ids[0], kind, choice, product);
    choose(&mut other, ids[1], kind, choice, product);
    world.decisions.append(&mut other.decisions);
}

/// Carries it out, and drops the decisions whose deferred action is gone, as a run's report closes them.
fn settle(world: &mut World) -> Plan {
    let plan = world.run();
    let standing: Vec<_> = plan.deferred.iter().map(|d| (d.external_id.clone(), d.kind, d.subject.clone())).collect();
    world.decisions.retain(|d| standing.contains(&(d.external_id.clone(), d.kind, d.subject.clone())));
    plan
}

fn settled(plan: &Plan) -> Vec<(String, Settled)> {
    plan.deferred.iter().filter_map(|d| Some((d.external_id.to_string(), d.settled?))).collect()
}

/// Nothing is planned, and nothing waits for anybody.
fn at_rest(world: &World) -> bool {
    let plan = world.plan();
    plan.is_empty() && plan.waiting().next().is_none()
}

#[test]
fn a_contested_code_goes_to_whom_it_is_given() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "1", &["B"]).synced("3", 3, "Cup", "1", &[]);
    for ext in ["2", "3"] {
        world.source(ext).codes.push("A".to_owned());
    }
    let _ = world.run();
    assert_eq!(waits(&world.plan()), ["2 duplicate-claim A", "3 duplicate-claim A"], "1 has it and keeps it");
    choose(&mut world, "3", DeferredKind::DuplicateClaim, Choice::Give, None);
    let plan = settle(&mut world);
    assert_eq!(moves(&plan), "1: A → - (claimed-by-another), 3: - → A (chosen)");
    assert_eq!(settled(&plan), [("3".to_owned(), Settled::Decided)]);
    assert!(at_rest(&world), "the source still lists it three times, and nobody is asked again");
    world.source("1").codes.clear();
    world.source("2").codes.retain(|c| c != "A");
    let plan = settle(&mut world);
    assert!(plan.deferred.is_empty() && world.decisions.is_empty(), "the clash is gone, and the decision with it");
    assert_eq!(world.products[&3].barcode.as_deref(), Some("A"));
}

#[test]
fn a_given_code_comes_before_the_other_codes() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["B"]).synced("2", 2, "Pen", "1", &["A"]);
    world.source("1").codes.push("A".to_owned());
    choose(&mut world, "1", DeferredKind::DuplicateClaim, Choice::Give, None);
    assert_eq!(moves(&settle(&mut world)), "2: A → - (claimed-by-another), 1: B → A (chosen)");
    assert!(at_rest(&world));
}

#[test]
fn two_who_were_given_one_code_both_wait() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "1", &[]).synced("3", 3, "Cup", "1", &[]);
    for ext in ["2", "3"] {
        world.source(ext).codes.push("A".to_owned());
    }
    both(&mut world, ["2", "3"], DeferredKind::DuplicateClaim, Choice::Give, None);
    let plan = world.plan();
    assert!(plan.barcode_moves().next().is_none());
    assert!(plan.deferred.iter().all(|d| d.settled.is_none() && d.message.contains("given to several products")));
}

#[test]
fn a_code_is_taken_from_a_product_outside() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &[]);
    world.product(9, "Stranger", "1", Some("A"));
    world.source("1").codes.push("A".to_owned());
    assert_eq!(waits(&world.plan()), ["1 foreign-holder A"]);
    choose(&mut world, "1", DeferredKind::ForeignHolder, Choice::Give, None);
    let plan = settle(&mut world);
    assert_eq!(moves(&plan), "1: A → - (chosen), 1: - → A (chosen)");
    assert!(plan.moves[0].moves[0].outside);
    assert_eq!((world.products[&9].barcode.clone(), world.products[&1].barcode.as_deref()), (None, Some("A")));
    assert!(at_rest(&world) && world.decisions.is_empty());
}

#[test]
fn a_new_product_gets_a_code_from_outside() {
    let mut world = World::new();
    world.product(9, "Stranger", "1", Some("A")).other_company = true;
    world.policy.match_rules.clear();
    world.row("1", "Tea", "1", &["A"]);
    choose(&mut world, "1", DeferredKind::ForeignHolder, Choice::Give, None);
    let plan = settle(&mut world);
    assert_eq!(plan.creations[0].barcode.as_ref().map(ToString::to_string).as_deref(), Some("A"));
    assert_eq!(world.products[&9].barcode, None);
    assert!(at_rest(&world));
}

#[test]
fn a_second_holder_loses_the_code_or_keeps_it() {
    for (choice, left) in [(Choice::Give, None), (Choice::Keep, Some("A"))] {
        let mut world = World::new();
        world.synced("1", 1, "Tea", "1", &["A"]);
        world.product(9, "Twin", "1", Some("A"));
        choose(&mut world, "1", DeferredKind::SecondHolder, choice, None);
        let _ = settle(&mut world);
        assert_eq!(world.products[&9].barcode.as_deref(), left, "{choice:?}");
        assert_eq!(world.products[&1].barcode.as_deref(), Some("A"));
        assert!(at_rest(&world), "{choice:?}");
        assert_eq!(world.decisions.len(), usize::from(left.is_some()), "what is kept stands, what is done is done");
    }
}

#[test]
fn a_packaging_is_left_to_people() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &[]);
    world.product(9, "Box", "1", None).packaging.push("A".to_owned());
    world.source("1").codes.push("A".to_owned());
    choose(&mut world, "1", DeferredKind::ForeignHolder, Choice::Give, None);
    let plan = world.plan();
    assert!(plan.barcode_moves().next().is_none());
    assert!(plan.deferred[0].message.contains("cannot be carried out"), "{}", plan.deferred[0].message);
}

#[test]
fn an_ambiguous_product_is_linked_or_created() {
    for (choice, product) in [(Choice::Link, Some(pid(8))), (Choice::Create, None)] {
        let mut world = World::new();
        world.policy.match_rules = vec![MatchRule::Name];
        world.product(8, "Tea", "1", None);
        world.product(9, "Tea", "1", None);
        world.row("1", "Tea", "1", &["A"]);
        choose(&mut world, "1", DeferredKind::AmbiguousMatch, choice, product);
        let plan = settle(&mut world);
        match product {
            Some(product) => assert_eq!(plan.adoptions[0].adopt, Some(MatchRule::Manual), "{product}"),
            None => assert_eq!(plan.creations.len(), 1),
        }
        let linked = world.links[&id("1")].product.unwrap();
        assert_eq!(linked, product.map_or(10, ProductId::get));
        assert_eq!(world.products[&linked].barcode.as_deref(), Some("A"));
        assert!(at_rest(&world) && world.decisions.is_empty());
    }
}

#[test]
fn a_product_that_cannot_be_had_is_not_linked() {
    let mut world = World::new();
    world.policy.match_rules = vec![MatchRule::Name];
    world.product(8, "Tea", "1", None);
    world.product(9, "Tea", "1", None);
    world.row("1", "Tea", "1", &[]).synced("2", 2, "Pen", "1", &[]);
    choose(&mut world, "1", DeferredKind::AmbiguousMatch, Choice::Link, Some(pid(2)));
    let plan = world.plan();
    assert_eq!(waits(&plan), ["1 ambiguous-match"]);
    assert!(plan.deferred[0].message.contains("cannot be carried out"));
}

#[test]
fn two_ids_that_chose_one_product_both_wait() {
    let mut world = World::new();
    world.policy.match_rules = vec![MatchRule::Name];
    world.product(8, "Tea", "1", None);
    world.product(9, "Tea", "1", None);
    world.row("1", "Tea", "1", &[]).row("2", "Tea", "1", &[]);
    both(&mut world, ["1", "2"], DeferredKind::AmbiguousMatch, Choice::Link, Some(pid(8)));
    let plan = world.plan();
    assert!(plan.adoptions.is_empty() && plan.creations.is_empty());
}

#[test]
fn a_link_that_lost_its_product_gets_another_or_a_new_one() {
    for (choice, product) in [(Choice::Link, Some(pid(8))), (Choice::Create, None)] {
        let mut world = World::new();
        world.synced("1", 1, "Tea", "1", &["A"]);
        world.product(8, "Old tea", "3", None);
        world.products.remove(&1);
        world.links.get_mut(&id("1")).unwrap().product = None;
        world.policy.allow.price_change = true;
        choose(&mut world, "1", DeferredKind::ProductGone, choice, product);
        let plan = settle(&mut world);
        assert_eq!((plan.adoptions.len(), plan.creations.len()), if product.is_some() { (1, 0) } else { (0, 1) });
        let linked = world.links[&id("1")].product.unwrap();
        assert_eq!(world.products[&linked].names, ["Tea"]);
        assert_eq!(world.products[&linked].barcode.as_deref(), Some("A"));
        assert!(at_rest(&world) && world.decisions.is_empty());
    }
}

#[test]
fn drift_is_taken_back_or_kept_until_the_source_speaks_again() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "5", &["A"]);
    let policy = &mut world.policy;
    (policy.name, policy.price, policy.barcode) = (FieldPolicy::Ask, FieldPolicy::Ask, FieldPolicy::Ask);
    let product = world.products.get_mut(&1).unwrap();
    (product.names, product.price, product.barcode) = (vec!["My tea".to_owned()], "6".to_owned(), Some("X".to_owned()));
    assert_eq!(waits(&world.plan()), ["1 drift barcode", "1 drift name", "1 drift price"]);
    let mut kept = world.clone();
    for (subject, choice) in [("barcode", Choice::Keep), ("name", Choice::Keep), ("price", Choice::Keep)] {
        let plan = kept.plan();
        let found = plan.deferred.iter().find(|d| d.subject == subject).unwrap();
        kept.decisions.push(Decision {
            external_id: id("1"),
            kind: found.kind,
            subject: found.subject.clone(),
            value: found.value.clone(),
            choice,
            product: None,
        });
    }
    let mut taken = kept.clone();
    let _ = settle(&mut kept);
    assert!(at_rest(&kept) && kept.decisions.is_empty());
    assert_eq!((kept.products[&1].price.as_str(), kept.products[&1].barcode.as_deref()), ("6", Some("X")));
    kept.policy.price = FieldPolicy::Source;
    assert!(at_rest(&kept), "what was agreed to is no drift, whatever the policy becomes");
    kept.source("1").price = Some("7".to_owned());
    let _ = kept.run();
    assert_eq!(kept.products[&1].price, "7.00", "a new price of the source is news");
    assert_eq!(kept.products[&1].names, ["My tea"], "and the name is not");

    for decision in &mut taken.decisions {
        decision.choice = Choice::Take;
    }
    let _ = settle(&mut taken);
    let product = &taken.products[&1];
    assert_eq!(
        (product.names[0].as_str(), product.price.as_str(), product.barcode.as_deref()),
        ("Tea", "5.00", Some("A"))
    );
    assert!(at_rest(&taken));
}

#[test]
fn a_choice_counts_for_the_value_that_was_seen() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "10", &[]);
    world.source("1").price = Some("100".to_owned());
    choose(&mut world, "1", DeferredKind::PriceJump, Choice::Take, None);
    let mut later = world.clone();
    later.source("1").price = Some("1000".to_owned());
    let plan = later.plan();
    assert!(plan.updates.iter().all(|u| u.price.is_none()), "nobody has seen this price");
    assert_eq!(waits(&plan), ["1 price-jump price"]);
    let _ = settle(&mut world);
    assert_eq!(world.products[&1].price, "100.00");
    assert!(at_rest(&world));
}

#[test]
fn a_price_that_jumps_may_be_kept_out() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "10", &[]);
    world.source("1").price = Some("100".to_owned());
    choose(&mut world, "1", DeferredKind::PriceJump, Choice::Keep, None);
    let _ = settle(&mut world);
    assert_eq!(world.products[&1].price, "10");
    assert_eq!(world.links[&id("1")].said_price, Some(price("100")));
    assert!(at_rest(&world));
    world.source("1").price = Some("11".to_owned());
    let _ = world.run();
    assert_eq!(world.products[&1].price, "11.00");
    assert!(!world.links[&id("1")].kept.price, "the source spoke again");
}

#[test]
fn one_variant_of_several_is_priced_when_a_person_says_so() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "10", &[]);
    world.products.get_mut(&1).unwrap().siblings = 2;
    world.source("1").price = Some("11".to_owned());
    choose(&mut world, "1", DeferredKind::SharedTemplate, Choice::Take, None);
    let _ = settle(&mut world);
    assert_eq!(world.products[&1].price, "11.00");
    assert!(at_rest(&world));
}

#[test]
fn what_is_abandoned_waits_in_silence() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "10", &[]);
    world.source("1").price = Some("100".to_owned());
    choose(&mut world, "1", DeferredKind::PriceJump, Choice::Abandon, None);
    let plan = settle(&mut world);
    assert_eq!(settled(&plan), [("1".to_owned(), Settled::Abandoned)]);
    assert_eq!((plan.counts().deferred, plan.counts().settled), (0, 1));
    assert!(at_rest(&world));
    world.source("1").price = Some("200".to_owned());
    assert_eq!(world.plan().waiting().count(), 1, "another price is another question");
}

#[test]
fn a_choice_that_the_kind_does_not_offer_is_nothing() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "10", &[]);
    world.source("1").price = Some("100".to_owned());
    choose(&mut world, "1", DeferredKind::PriceJump, Choice::Link, Some(pid(1)));
    let plan = world.plan();
    assert!(plan.is_empty());
    assert_eq!(plan.waiting().count(), 1);
    assert!(plan.deferred[0].message.contains("\"link\" is none for this"), "{}", plan.deferred[0].message);
}

#[test]
fn a_given_code_is_taken_from_a_product_of_the_source_and_from_one_outside() {
    let mut world = World::new();
    world.policy.max_component = 1;
    world.synced("5", 1, "Tea", "1", &["0036000291452"]).synced("3", 3, "Cup", "1", &[]);
    world.product(2, "Stranger", "1", Some("036000291452"));
    world.source("3").codes.push("036000291452".to_owned());
    choose(&mut world, "3", DeferredKind::DuplicateClaim, Choice::Give, None);
    let plan = settle(&mut world);
    assert_eq!(
        moves(&plan),
        "5: 0036000291452 → - (claimed-by-another); 3: 036000291452 → - (chosen), 3: - → 036000291452 (chosen)"
    );
    assert!(at_rest(&world));
}

#[test]
fn a_code_that_was_given_is_nobody_else_s_in_a_part_of_the_catalogue() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "1", &[]);
    world.source("2").codes.push("A".to_owned());
    choose(&mut world, "2", DeferredKind::DuplicateClaim, Choice::Give, None);
    let _ = settle(&mut world);
    world.scope = Scope::Only([id("1")].into());
    assert!(world.plan().deferred.is_empty(), "{:?}", waits(&world.plan()));
}

#[test]
fn a_given_code_that_cannot_be_had_is_told() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "1", &["B"]);
    world.links.get_mut(&id("1")).unwrap().no_touch = true;
    world.source("2").codes.push("A".to_owned());
    choose(&mut world, "2", DeferredKind::DuplicateClaim, Choice::Give, None);
    let plan = settle(&mut world);
    assert!(plan.barcode_moves().next().is_none(), "1 is not to be touched");
    assert_eq!(waits(&plan), ["2 duplicate-claim A", "2 held A"]);
    assert_eq!(plan.waiting().count(), 1, "what was chosen did not happen");
    world.links.get_mut(&id("1")).unwrap().no_touch = false;
    assert_eq!(moves(&settle(&mut world)), "1: A → - (claimed-by-another), 2: B → A (chosen)");
    assert!(at_rest(&world));
}
