//! Barcodes as the whole plan sees them: reasons, policies, what the link remembers.

use super::world::{World, id, moves, pid, waits};
use crate::catalog::{Choice, Decision, DeferredKind, MatchRule};
use crate::plan::{ExtraBarcodes, FieldPolicy, MissingPolicy};

fn synced(codes: &[&str]) -> World {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "10", codes);
    world
}

fn set(world: &mut World, number: i64, code: &str) {
    world.products.get_mut(&number).unwrap().barcode = (!code.is_empty()).then(|| code.to_owned());
}

fn list(world: &mut World, ext: &str, codes: &[&str]) {
    world.source(ext).codes = codes.iter().map(|c| (*c).to_owned()).collect();
}

#[test]
fn three_ways() {
    use FieldPolicy::{Ask, Odoo, Source};
    // What we wrote is A; the source lists now, Odoo has now.
    for (policy, source, odoo, expected, waiting) in [
        (Source, "B", "A", "1: A → B (source-changed)", ""),
        (Odoo, "B", "A", "1: A → B (source-changed)", ""),
        (Ask, "B", "A", "1: A → B (source-changed)", ""),
        (Source, "", "A", "1: A → - (no-longer-listed)", ""),
        (Odoo, "", "A", "1: A → - (no-longer-listed)", ""),
        (Source, "A", "X", "1: X → A (drift)", ""),
        (Odoo, "A", "X", "", ""),
        (Ask, "A", "X", "", "1 drift barcode"),
        (Source, "A", "", "1: - → A (drift)", ""),
        (Odoo, "A", "", "", ""),
        (Ask, "A", "", "", "1 drift barcode"),
        (Source, "B", "X", "1: X → B (both-changed)", ""),
        (Odoo, "B", "X", "", ""),
        (Ask, "B", "X", "", "1 drift barcode"),
        (Source, "B", "B", "", ""),
        (Ask, "B", "B", "", ""),
        (Source, "A", " A ", "1:  A  → A (drift)", ""),
    ] {
        let mut world = synced(&["A"]);
        world.policy.barcode = policy;
        list(&mut world, "1", if source.is_empty() { &[] } else { std::slice::from_ref(&source) });
        set(&mut world, 1, odoo);
        let plan = world.run();
        let case = format!("{policy:?} source {source:?} odoo {odoo:?}");
        assert_eq!((moves(&plan).as_str(), waits(&plan).join(";").as_str()), (expected, waiting), "{case}");
        let again = world.plan();
        assert!(again.is_empty() && waits(&again) == waits(&plan), "{case} repeats");
        let listed = world.source("1").codes.clone();
        assert_eq!(world.links[&id("1")].said_barcodes, listed, "{case}");
    }
}

#[test]
fn a_code_added_by_hand_where_the_source_lists_none_is_drift() {
    let mut world = synced(&[]);
    set(&mut world, 1, "X");
    assert_eq!(moves(&world.plan()), "1: X → - (drift)");
}

#[test]
fn a_switch_between_listed_codes_is_accepted() {
    let mut world = synced(&["A", "B"]);
    set(&mut world, 1, "B");
    let plan = world.run();
    assert!(plan.moves.is_empty() && plan.updates[0].is_note());
    assert_eq!(world.links[&id("1")].wrote_barcode.as_deref(), Some("B"));
    // It is ours now: when the source drops it, it goes.
    list(&mut world, "1", &["A"]);
    assert_eq!(moves(&world.run()), "1: B → A (source-changed)");
}

/// What an adopted product has and the source does not list stays an edit, and is not taken away by the run after.
#[test]
fn a_code_kept_at_adoption_is_kept_later_too() {
    for policy in [FieldPolicy::Odoo, FieldPolicy::Ask] {
        let mut world = World::new();
        world.policy.barcode = policy;
        world.policy.match_rules = vec![MatchRule::Name];
        world.row("1", "Tea", "10", &["A"]);
        world.product(1, "Tea", "10", Some("X"));
        let first = world.run();
        assert_eq!(first.adoptions.len(), 1);
        let second = world.run();
        assert!(second.is_empty(), "{policy:?} {second:#?}");
        assert_eq!(waits(&first), waits(&second));
        assert_eq!(world.products[&1].barcode.as_deref(), Some("X"));
    }
}

#[test]
fn an_adopted_product_without_a_code_gets_one_under_every_policy() {
    for policy in [FieldPolicy::Source, FieldPolicy::Odoo, FieldPolicy::Ask] {
        let mut world = World::new();
        world.policy.barcode = policy;
        world.policy.match_rules = vec![MatchRule::Name];
        world.row("1", "Tea", "10", &["A"]);
        world.product(1, "Tea", "10", None);
        assert_eq!(moves(&world.run()), "1: - → A (adopted)", "{policy:?}");
        assert!(world.plan().is_empty());
    }
}

/// The adopted product has a code that a linked one lists: it lets go, in one component with who takes it.
#[test]
fn adopting_a_product_whose_code_another_link_lists() {
    let mut world = World::new();
    world.policy.match_rules = vec![MatchRule::Name];
    world.synced("1", 1, "Tea", "10", &[]);
    list(&mut world, "1", &["X"]);
    world.row("2", "Pen", "10", &["Y"]);
    world.product(2, "Pen", "10", Some("X"));
    let plan = world.run();
    assert_eq!(moves(&plan), "2: X → Y (adopted), 1: - → X (source-changed)");
    assert!(world.plan().is_empty());
}

#[test]
fn a_swap_and_the_reasons_of_those_who_lose() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "10", &["A"]).synced("2", 2, "Pen", "10", &["B"]).synced("3", 3, "Cup", "10", &["C"]);
    list(&mut world, "1", &["B"]);
    list(&mut world, "2", &["A"]);
    list(&mut world, "3", &[]);
    world.row("4", "Mat", "1", &["C"]);
    let plan = world.run();
    assert_eq!(moves(&plan), "1: A → B (source-changed), 2: B → A (source-changed); 3: C → - (claimed-by-another)");
    assert_eq!(plan.creations[0].barcode.as_ref().unwrap().as_str(), "C");
    assert!(world.plan().is_empty());
}

#[test]
fn a_missing_product_gives_its_code_to_who_lists_it() {
    let mut world = synced(&["A"]);
    world.rows.clear();
    world.row("2", "Tea", "10", &["A"]);
    world.policy.match_rules.clear();
    let plan = world.run();
    assert_eq!(moves(&plan), "1: A → - (claimed-by-another)");
    assert_eq!(plan.creations[0].barcode.as_ref().unwrap().as_str(), "A");
    assert!(world.plan().is_empty());
}

#[test]
fn an_incomplete_list_takes_nothing_away() {
    let mut world = synced(&["A", "B"]);
    world.source("1").codes = vec!["B".to_owned(), "\u{0}".to_owned()];
    let plan = world.run();
    assert!(plan.is_empty() && plan.deferred.is_empty(), "{plan:#?}");
    assert_eq!(world.links[&id("1")].said_barcodes, ["A", "B"], "nor from what the link remembers");
    // Nor does another product get it.
    world.row("2", "Pen", "1", &["A"]);
    let plan = world.plan();
    assert_eq!((moves(&plan), waits(&plan)), (String::new(), vec!["2 duplicate-claim A".to_owned()]));
    // It may still say A, which comes before B: whoever has none gets none meanwhile, and what was new may be had.
    set(&mut world, 1, "");
    world.links.get_mut(&id("1")).unwrap().wrote_barcode = None;
    assert_eq!(moves(&world.plan()), "");
    world.links.get_mut(&id("1")).unwrap().said_barcodes = vec!["B".to_owned()];
    assert_eq!(moves(&world.plan()), "1: - → B (source-changed)");
    world.links.get_mut(&id("1")).unwrap().said_barcodes = vec!["A".to_owned(), "B".to_owned()];
    // The list is whole again.
    world.rows.truncate(1);
    set(&mut world, 1, "A");
    world.links.get_mut(&id("1")).unwrap().wrote_barcode = Some("A".to_owned());
    list(&mut world, "1", &["B"]);
    assert_eq!(moves(&world.run()), "1: A → B (source-changed)");
}

#[test]
fn a_clash_waits_for_the_source_and_names_the_keeper() {
    let mut world = synced(&["A"]);
    world.row("2", "Pen", "1", &["A"]).row("3", "Cup", "1", &["A", "C"]);
    let plan = world.run();
    assert_eq!(waits(&plan), ["2 duplicate-claim A", "3 duplicate-claim A"]);
    assert!(plan.deferred.iter().all(|d| d.holder == Some(pid(1)) && d.message.contains("it stays with 1")));
    let codes: Vec<_> = plan.creations.iter().map(|c| c.barcode.as_ref().map(|b| b.as_str().to_owned())).collect();
    assert_eq!(codes, [None, Some("C".to_owned())], "synchronised without it");
    list(&mut world, "1", &[]);
    list(&mut world, "3", &["C"]);
    assert_eq!(moves(&world.run()), "1: A → - (claimed-by-another), 2: - → A (source-changed)");
    assert!(world.plan().deferred.is_empty());
}

#[test]
fn two_keepers_are_said_to_be_two() {
    let mut world = synced(&["A"]);
    world.synced("2", 2, "Pen", "10", &["A"]).row("3", "Cup", "10", &["A"]);
    let plan = world.plan();
    assert_eq!(waits(&plan), ["1 duplicate-claim A", "2 duplicate-claim A", "3 duplicate-claim A"]);
    let text = &plan.deferred[2].message;
    assert!(text.contains("2 of them have it and keep it") && plan.deferred[2].holder.is_none(), "{text}");
}

#[test]
fn what_stands_outside_is_named() {
    let mut world = World::new();
    world.policy.match_rules.clear();
    world.row("1", "Tea", "1", &["A"]).row("2", "Pen", "1", &["B"]);
    world.product(7, "Alien", "1", Some("A")).active = false;
    world.product(8, "Box", "1", None).packaging = vec!["B".to_owned()];
    let plan = world.run();
    assert_eq!(waits(&plan), ["1 foreign-holder A", "2 foreign-holder B"]);
    assert_eq!((plan.deferred[0].holder, plan.deferred[1].holder), (Some(pid(7)), Some(pid(8))));
    assert!(plan.deferred[0].message.contains("archived product #7 \"Alien\""), "{}", plan.deferred[0].message);
    assert!(plan.deferred[1].message.contains("packaging of product #8"), "{}", plan.deferred[1].message);
    assert!(plan.creations.iter().all(|c| c.barcode.is_none()));
    // Somebody takes it away there.
    set(&mut world, 7, "");
    assert_eq!(moves(&world.run()), "1: - → A (source-changed)");
}

/// A second choice settles it: the run after, which does not look at the first one, would close what this one opened.
#[test]
fn a_second_choice_leaves_nothing_open() {
    let mut world = World::new();
    world.policy.match_rules.clear();
    world.row("1", "Tea", "1", &["A", "B"]);
    world.product(7, "Alien", "1", Some("A"));
    let plan = world.run();
    assert!(plan.deferred.is_empty());
    assert_eq!(plan.creations[0].barcode.as_ref().unwrap().as_str(), "B");
    assert!(world.plan().is_empty());
}

#[test]
fn a_circle_too_large_waits_and_says_so() {
    let mut world = World::new();
    world.policy.max_component = 2;
    for (ext, number, code) in [("1", 1, "A"), ("2", 2, "B"), ("3", 3, "C")] {
        world.synced(ext, number, "Tea", "10", &[code]);
    }
    for (ext, code) in [("1", "B"), ("2", "C"), ("3", "A")] {
        list(&mut world, ext, &[code]);
    }
    world.source("1").name = Some("Pen".to_owned());
    let plan = world.run();
    assert_eq!(waits(&plan), ["1 too-many-moves B", "2 too-many-moves C", "3 too-many-moves A"]);
    assert!(plan.deferred[0].message.contains("with 2 others"), "{}", plan.deferred[0].message);
    assert_eq!(plan.counts().names, 1, "all else is synchronised");
    let again = world.plan();
    assert!(again.is_empty() && waits(&again) == waits(&plan));
}

/// Whether or not anybody asked for the code: a finding that comes and goes would be closed while it stands.
#[test]
fn a_second_holder_is_told_by_every_run() {
    let mut world = World::new();
    world.policy.match_rules = vec![MatchRule::DefaultCode];
    world.row("1", "Tea", "1", &["A"]);
    world.product(1, "Tea", "1", Some("A")).default_code = Some("1".to_owned());
    world.product(2, "Twin", "1", Some("A"));
    for _ in 0..2 {
        let plan = world.run();
        assert_eq!(waits(&plan), ["1 second-holder A"]);
        assert_eq!(plan.deferred[0].holder, Some(pid(2)));
    }
    world.products.get_mut(&2).unwrap().active = false;
    assert!(world.plan().deferred.is_empty());
}

#[test]
fn a_missing_product_of_another_company_keeps_its_code() {
    let mut world = synced(&["A"]);
    world.rows.clear();
    world.row("2", "Pen", "10", &["A"]);
    world.products.get_mut(&1).unwrap().other_company = true;
    let plan = world.plan();
    assert_eq!((moves(&plan), waits(&plan)), (String::new(), vec!["2 held A".to_owned()]));
}

/// What no scanner sends is not written, and recognises an existing product all the same, on whichever side it stands.
#[test]
fn odd_writings_recognise_products_on_either_side() {
    for (listed, has, after) in [
        ("978-3-16-148410-0", "9783161484100", "9783161484100"),
        ("9783161484100", "978-3-16-148410-0", "9783161484100"),
        ("4006381333931", "\u{200b}4006381333931\u{a0}", "4006381333931"),
        ("\u{feff}4006381333931", "4006381333931", "4006381333931"),
        ("4006381333931.00", "4006381333931", "4006381333931"),
        ("4006381333931", "4006381333931.00", "4006381333931"),
        ("'AB-123", "AB-123", "AB-123"),
        ("AB-123", "'AB-123", "AB-123"),
        ("036000291452", "36000291452", "036000291452"),
        ("36000291452", "0036000291452", "0036000291452"),
        ("4006381333931;4006381333948", "4006381333948", "4006381333948"),
        ("AB-123", "AB-123", "AB-123"),
    ] {
        let mut world = World::new();
        world.row("1", "Tea", "10", &[listed]);
        world.product(5, "Tea", "10", Some(has));
        let plan = world.run();
        let adopted: Vec<_> = plan.adoptions.iter().map(|u| u.product).collect();
        assert_eq!((adopted, plan.creations.len()), (vec![pid(5)], 0), "{listed:?} {has:?}: {:?}", waits(&plan));
        assert_eq!(world.products[&5].barcode.as_deref(), Some(after), "{listed:?} {has:?}");
        assert!(world.plan().is_empty(), "{listed:?} {has:?} repeats: {:#?}", world.plan());
    }
}

#[test]
fn an_odd_writing_contests_what_it_recognises() {
    let mut world = World::new();
    world.row("1", "Book", "10", &["978-3-16-148410-0"]).row("2", "Book too", "10", &["9783161484100"]);
    world.product(5, "Book", "10", Some("9783161484100"));
    let plan = world.plan();
    assert!(plan.adoptions.is_empty() && plan.creations.is_empty());
    assert_eq!(waits(&plan), ["1 ambiguous-match", "2 ambiguous-match"]);
}

#[test]
fn a_written_code_stays_when_the_source_writes_it_oddly() {
    let mut world = synced(&["9783161484100"]);
    list(&mut world, "1", &["978-3-16-148410-0"]);
    let plan = world.run();
    assert!(plan.is_empty(), "{plan:#?}");
    assert_eq!(plan.bad_rows.len(), 1);
    assert_eq!(world.products[&1].barcode.as_deref(), Some("9783161484100"));
}

fn many(code: &str, n: usize) -> World {
    let mut world = World::new();
    for id in 1..=n {
        world.row(&id.to_string(), "Tea", "10", &[code]);
    }
    world
}

#[test]
fn what_stands_for_no_code_is_none_at_however_many_products() {
    for nothing in ["0", "-", "N/A", "нет"] {
        let plan = many(nothing, 2500).plan();
        assert_eq!((plan.creations.len(), plan.deferred.len(), plan.bad_rows.len()), (2500, 0, 0), "{nothing}");
    }
}

#[test]
fn a_code_that_many_list_is_asked_about_once() {
    let mut world = many("123", 2500);
    // Nobody knows whose this one is, and none of them takes it over.
    world.product(7, "Old", "1", Some("123"));
    let plan = world.plan();
    assert_eq!((plan.creations.len(), plan.adoptions.len()), (2500, 0));
    assert!(plan.creations.iter().all(|c| c.barcode.is_none()));
    assert_eq!(waits(&plan), ["1 placeholder 123"]);
    assert!(
        plan.deferred[0].message.contains("at 2500 products (1, 2, 3, 4, 5 and 2495 more)"),
        "{}",
        plan.deferred[0].message
    );
    // At a few products each waits for itself.
    assert_eq!(waits(&many("123", 5).plan()).len(), 5);
    let mut more = many("123", 6);
    assert_eq!(waits(&more.plan()), ["1 placeholder 123"]);
    more.policy.max_products_per_barcode = 6;
    assert_eq!(waits(&more.plan()).len(), 6);
}

#[test]
fn the_answer_about_a_shared_code_stands() {
    let answer = |choice: Choice| Decision {
        external_id: id("1"),
        kind: DeferredKind::Placeholder,
        subject: "123".to_owned(),
        value: String::new(),
        choice,
        product: None,
    };
    let mut world = many("123", 10);
    world.product(7, "Tea", "10", Some("123"));
    world.link("3", 7);
    // Whoever has it keeps it until a person says what it is.
    let plan = world.run();
    assert!(plan.moves.is_empty());
    assert_eq!(waits(&plan), ["1 placeholder 123"]);
    world.decisions = vec![answer(Choice::Code)];
    assert_eq!(world.plan().waiting().count(), 9, "all but who has it");
    world.decisions = vec![answer(Choice::Placeholder)];
    let plan = world.run();
    assert_eq!(moves(&plan), "3: 123 → - (no-longer-listed)");
    assert_eq!(plan.waiting().count(), 0);
    assert_eq!(plan.deferred.len(), 1, "named, so that the answer is remembered");
    assert!(world.run().is_empty());
    // The first of them goes, another comes: nobody asks again.
    world.rows.remove(0);
    world.row("11", "Tea", "10", &["123"]);
    let plan = world.plan();
    assert_eq!((plan.waiting().count(), plan.deferred.len()), (0, 1));
}

/// Where many barcode rows belong to no product, the keys of the two queries may not fit: no product loses its code.
#[test]
fn nothing_is_taken_away_while_many_barcodes_have_no_product() {
    let mut world = World::new();
    for n in 1..=30 {
        world.synced(&n.to_string(), n, "Tea", "10", &[&format!("C{n}")]);
    }
    world.policy.allow.release = false;
    world.policy.guards.max_release = crate::plan::Limit { count: 1000, percent: 100 };
    world.rows.iter_mut().take(20).for_each(|row| row.codes.clear());
    let of = |world: &World, orphans: usize| {
        let mut catalogue = world.catalogue();
        (catalogue.orphan_barcodes, catalogue.barcode_rows) = (orphans, 10 + orphans);
        catalogue.orphans = [id("ab-1")].into();
        let source = crate::catalog::SourceName::parse("shop").unwrap();
        crate::plan::plan(&source, &catalogue, &world.state(), &world.policy, &world.scope)
    };
    let released = |plan: &crate::plan::Plan| plan.barcode_moves().filter(|m| m.new.is_none()).count();
    let held = of(&world, 21);
    assert_eq!(released(&held), 0);
    assert_eq!(held.bad_rows.len(), 1);
    let message = &held.bad_rows[0].message;
    assert!(
        message.starts_with("21 of 31 barcode rows")
            && message.contains("ab-1")
            && message.contains("20 products keep"),
        "{message}"
    );
    assert_eq!(released(&of(&world, 20)), 20, "a few are usual");
    world.policy.allow.release = true;
    assert_eq!((released(&of(&world, 21)), of(&world, 21).bad_rows.len()), (20, 0));

    // Secondary ones neither, whether or not the product has its barcode still, or is archived.
    let mut world = World::new();
    world.policy.allow.release = false;
    (world.policy.extra_barcodes, world.policy.missing) = (ExtraBarcodes::Packaging, MissingPolicy::Archive);
    world.synced("1", 1, "Tea", "1", &["A"]).synced("2", 2, "Pen", "1", &[]);
    world.rows.retain(|row| row.id == "1");
    for (ext, number) in [("1", 1), ("2", 2)] {
        world.products.get_mut(&number).unwrap().packaging = vec![format!("E{ext}")];
        world.links.get_mut(&id(ext)).unwrap().wrote_extras = vec![format!("E{ext}")];
    }
    let removed = |plan: &crate::plan::Plan| plan.barcode_moves().map(|m| m.extras.remove.len()).sum::<usize>();
    let held = of(&world, 21);
    let archived = held.missing.iter().filter(|m| m.archive).count();
    assert_eq!((removed(&held), archived), (0, 0), "{held:#?}");
    assert!(held.bad_rows[0].message.contains("2 products keep"), "{}", held.bad_rows[0].message);
    assert_eq!(removed(&of(&world, 20)), 2);
    // And nobody else gets one meanwhile.
    world.source("1").codes.push("E2".to_owned());
    let held = of(&world, 21);
    assert_eq!((removed(&held), held.barcode_moves().map(|m| m.extras.add.len()).sum::<usize>()), (0, 0));
    assert_eq!(waits(&held), ["1 held E2"]);
}
