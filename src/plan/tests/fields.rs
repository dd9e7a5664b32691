//! Names and prices: three-way, under each policy, in several languages, and at the edges of a number.

use rust_decimal::Decimal;

use super::world::{World, id, price, waits};
use crate::plan::{FieldPolicy, Plan, PriceLimit};

/// One product in sync: "Tea" at 10.
fn synced() -> World {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "10", &["A"]);
    world
}

/// `what changed (reason)` of the one update, or what waits, or nothing.
fn told(plan: &Plan) -> String {
    let mut words = waits(plan);
    for update in &plan.updates {
        let name = update.name.as_ref().map(|c| format!("{} ({})", c.languages[0].new, c.reason.code()));
        let price = update.price.as_ref().map(|c| format!("{} → {} ({})", c.old, c.new, c.reason.code()));
        words.extend(name.into_iter().chain(price));
        if update.is_note() {
            words.push("note".to_owned());
        }
    }
    words.join("; ")
}

#[test]
fn in_sync_there_is_nothing_to_do() {
    let plan = synced().plan();
    assert!(plan.is_empty() && plan.deferred.is_empty());
    assert_eq!(plan.unchanged, 1);
}

#[test]
fn three_ways_for_name_and_price() {
    use FieldPolicy::{Ask, Odoo, Source};
    // Source now, Odoo now; what the plan says of the name, and of the price.
    for (policy, source, odoo, expected) in [
        (Source, ("Pen", "11"), ("Tea", "10"), "Pen (source-changed); 10 → 11 (source-changed)"),
        (Odoo, ("Pen", "11"), ("Tea", "10"), "Pen (source-changed); 10 → 11 (source-changed)"),
        (Ask, ("Pen", "11"), ("Tea", "10"), "Pen (source-changed); 10 → 11 (source-changed)"),
        (Source, ("Tea", "10"), ("Cup", "12"), "Tea (drift); 12 → 10 (drift)"),
        (Odoo, ("Tea", "10"), ("Cup", "12"), ""),
        (Ask, ("Tea", "10"), ("Cup", "12"), "1 drift name; 1 drift price"),
        (Source, ("Pen", "11"), ("Cup", "12"), "Pen (both-changed); 12 → 11 (both-changed)"),
        (Odoo, ("Pen", "11"), ("Cup", "12"), "note"),
        (Ask, ("Pen", "11"), ("Cup", "12"), "1 drift name; 1 drift price"),
        (Source, ("Pen", "11"), ("Pen", "11"), "note"),
        (Ask, ("Pen", "11"), ("Pen", "11.00"), "note"),
    ] {
        let mut world = synced();
        (world.policy.name, world.policy.price) = (policy, policy);
        world.source("1").name = Some(source.0.to_owned());
        world.source("1").price = Some(source.1.to_owned());
        let product = world.products.get_mut(&1).unwrap();
        (product.names[0], product.price) = (odoo.0.to_owned(), odoo.1.to_owned());
        let plan = world.run();
        assert_eq!(told(&plan), expected, "{policy:?} {source:?} {odoo:?}");
        let again = world.plan();
        assert!(again.is_empty() && waits(&again) == waits(&plan), "{policy:?} {source:?} {odoo:?} repeats");
        let kept = plan.updates.iter().all(|u| u.is_note()) && policy != Source;
        assert_eq!(world.products[&1].names[0], if kept { odoo.0 } else { source.0 });
    }
}

#[test]
fn a_kept_edit_stays_an_edit() {
    for policy in [FieldPolicy::Odoo, FieldPolicy::Ask] {
        let mut world = synced();
        (world.policy.name, world.policy.price) = (policy, policy);
        let product = world.products.get_mut(&1).unwrap();
        (product.names[0], product.price) = ("Cup".to_owned(), "12".to_owned());
        world.source("1").name = Some("Pen".to_owned());
        let _ = world.run();
        // The source changes once more: the edit is still not ours to overwrite.
        world.source("1").name = Some("Mat".to_owned());
        world.source("1").price = Some("13".to_owned());
        let _ = world.run();
        assert_eq!((world.products[&1].names[0].as_str(), world.products[&1].price.as_str()), ("Cup", "12"));
        // Whoever changes his mind lets the source have it.
        (world.policy.name, world.policy.price) = (FieldPolicy::Source, FieldPolicy::Source);
        let _ = world.run();
        assert_eq!((world.products[&1].names[0].as_str(), world.products[&1].price.as_str()), ("Mat", "13.00"));
    }
}

#[test]
fn adoption_obeys_the_policy_and_the_next_run_too() {
    for policy in [FieldPolicy::Source, FieldPolicy::Odoo, FieldPolicy::Ask] {
        let mut world = World::new();
        (world.policy.name, world.policy.price) = (policy, policy);
        world.row("1", "Tea", "10", &["A"]);
        world.product(1, "Old", "12", Some("A"));
        let first = world.run();
        let second = world.plan();
        assert!(second.is_empty(), "{policy:?} {second:#?}");
        assert_eq!(waits(&first), waits(&second));
        assert_eq!(first.deferred.is_empty(), policy != FieldPolicy::Ask);
        assert_eq!(world.products[&1].names[0], if policy == FieldPolicy::Source { "Tea" } else { "Old" });
    }
}

#[test]
fn only_the_language_that_drifted_is_written() {
    let mut world = World::new();
    world.languages = vec!["en_US".to_owned(), "ru_RU".to_owned(), "de_DE".to_owned()];
    world.synced("1", 1, "Tea", "10", &[]);
    world.products.get_mut(&1).unwrap().names[1] = "Чай".to_owned();
    let plan = world.run();
    let change = plan.updates[0].name.as_ref().unwrap();
    let old: Vec<_> = change.languages.iter().map(|o| (o.language.as_str(), o.old.as_str())).collect();
    assert_eq!(old, [("ru_RU", "Чай")]);
    assert_eq!(change.reason.code(), "drift");
    assert!(world.plan().is_empty());
}

#[test]
fn a_price_is_rounded_before_it_is_compared() {
    for (digits, said, kept) in
        [(2, "9.9955", "10.00"), (2, "0.005", "0.01"), (2, "1.0049", "1.00"), (4, "1.0049", "1.0049")]
    {
        let mut world = World::new();
        world.digits = digits;
        world.policy.allow.price_change = true;
        world.synced("1", 1, "Tea", "5", &[]);
        world.source("1").price = Some(said.to_owned());
        let plan = world.run();
        assert_eq!(plan.counts().prices, 1);
        assert_eq!(world.products[&1].price, kept);
        assert_eq!(world.links[&id("1")].said_price, Some(price(said)), "the link has the source's own words");
        assert!(world.plan().is_empty(), "no update for ever at {said}");
    }
}

#[test]
fn a_change_below_the_rounding_is_a_note_once() {
    let mut world = synced();
    world.source("1").price = Some("10.001".to_owned());
    assert_eq!(told(&world.run()), "note");
    assert!(world.plan().is_empty());
}

#[test]
fn odoo_may_have_more_digits_than_it_keeps() {
    let mut world = synced();
    world.products.get_mut(&1).unwrap().price = "10.000000000000002".to_owned();
    assert!(world.plan().is_empty());
}

#[test]
fn no_price_and_no_readable_price_leave_odoo_s() {
    for value in [None, Some("-1"), Some("bad")] {
        let mut world = synced();
        world.source("1").price = value.map(str::to_owned);
        let before = world.products.clone();
        let plan = world.run();
        assert_eq!(told(&plan), if value.is_none() { "1 price-gone price" } else { "" }, "{value:?}");
        assert_eq!((plan.unchanged, plan.bad_rows.len()), (0, usize::from(value.is_some())));
        assert!(world.products == before && world.links[&id("1")].said_price == Some(price("10")));
        assert!(world.plan().is_empty(), "{value:?}");
    }
}

#[test]
fn a_negative_price_in_odoo_is_an_edit() {
    for (policy, expected) in
        [(FieldPolicy::Source, "-5 → 10 (drift)"), (FieldPolicy::Odoo, ""), (FieldPolicy::Ask, "1 drift price")]
    {
        let mut world = synced();
        world.policy.price = policy;
        world.products.get_mut(&1).unwrap().price = "-5".to_owned();
        assert_eq!(told(&world.plan()), expected);
        // Also where we never wrote one.
        world.links.get_mut(&id("1")).unwrap().wrote_price = None;
        assert_eq!(told(&world.plan()), expected, "{policy:?}");
    }
}

#[test]
fn a_price_beyond_a_float_waits() {
    let mut world = synced();
    world.policy.allow.price_change = true;
    world.row("2", "Sun", "9223372036854775807", &["B"]);
    world.source("1").price = Some("9223372036854775807".to_owned());
    let plan = world.run();
    assert_eq!(waits(&plan), ["1 price-too-large price", "2 price-too-large price"]);
    assert!(plan.is_empty());
}

#[test]
fn a_price_jumps_when_it_passes_both_limits() {
    // The limits are 50 % and 10.
    for (from, to, jumps) in [
        ("10", "15", false),
        ("10", "16", false),   // far in percent, near in money
        ("100", "111", false), // near in percent, far in money
        ("100", "150", false),
        ("100", "150.01", true),
        ("100", "49.99", true),
        ("100", "50", false),
        ("5", "15", false),
        ("5", "15.01", true),
        ("20", "30.01", true),
        ("20", "30", false),
        ("1", "0", true),        // to zero, always
        ("0.01", "0.004", true), // rounds to zero
        ("0", "10", false),      // from zero the amount tells
        ("0", "10.01", true),
        ("0", "99999", true),
    ] {
        let mut world = World::new();
        world.synced("1", 1, "Tea", from, &[]);
        world.source("1").price = Some(to.to_owned());
        let plan = world.plan();
        assert_eq!(waits(&plan).len(), usize::from(jumps), "{from} → {to}: {:?}", plan.deferred);
        assert_eq!(plan.counts().prices, usize::from(!jumps), "{from} → {to}");
        if jumps {
            assert_eq!(waits(&plan), ["1 price-jump price"]);
            assert!(plan.is_empty(), "nothing is remembered as handled");
        }
        world.policy.allow.price_change = true;
        assert_eq!(world.plan().counts().prices, 1, "{from} → {to} is let through");
    }
}

#[test]
fn the_largest_prices_do_not_overflow() {
    let mut world = World::new();
    world.policy.max_price_change = PriceLimit { percent: Decimal::MAX, amount: Decimal::ZERO };
    world.synced("1", 1, "Tea", "0.01", &[]);
    world.products.get_mut(&1).unwrap().price = "79228162514264337593543950335".to_owned();
    world.source("1").price = Some("0.01".to_owned());
    assert_eq!(told(&world.plan()), "79228162514264337593543950335 → 0.01 (drift)");
    world.products.get_mut(&1).unwrap().price = "0.0000000000000000000000000001".to_owned();
    world.digits = 4;
    world.source("1").price = Some("900000000".to_owned());
    assert_eq!(told(&world.plan()), "1 price-jump price");
    world.policy.allow.price_change = true;
    assert_eq!(world.plan().counts().prices, 1);
}

#[test]
fn one_variant_of_several_is_not_renamed_or_repriced() {
    let mut world = synced();
    world.products.get_mut(&1).unwrap().siblings = 2;
    world.source("1").name = Some("Pen".to_owned());
    world.source("1").price = Some("11".to_owned());
    world.source("1").codes = vec!["B".to_owned()];
    let plan = world.run();
    assert_eq!(waits(&plan), ["1 shared-template name", "1 shared-template price"]);
    assert_eq!(plan.counts().barcodes, 1, "the barcode is the variant's own");
    let again = world.plan();
    assert!(again.is_empty());
    assert_eq!(waits(&again), waits(&plan));
}

#[test]
fn do_not_touch_means_all_of_it() {
    let mut world = synced();
    world.links.get_mut(&id("1")).unwrap().no_touch = true;
    let row = world.source("1");
    (row.name, row.price, row.codes) = (Some("Pen".to_owned()), Some("99".to_owned()), vec!["B".to_owned()]);
    let plan = world.plan();
    assert!(plan.is_empty() && plan.deferred.is_empty());
    assert_eq!((plan.untouched, plan.unchanged), (1, 0));
}

#[test]
fn unreadable_rows_change_nothing() {
    let mut world = synced();
    world.synced("2", 2, "Pen", "10", &["B"]);
    world.source("1").name = None;
    world.source("1").codes.clear();
    let double = world.source("2").clone();
    world.rows.push(double);
    world.source("2").price = Some("77".to_owned());
    world.row("3", "Cup", "1", &["A"]);
    let plan = world.plan();
    assert!(plan.updates.is_empty() && plan.moves.is_empty() && plan.missing.is_empty());
    assert_eq!(waits(&plan), ["3 held A"], "its code is not given away either");
    assert_eq!(plan.bad_rows.len(), 2);
}

#[test]
fn missing_products_are_reported_and_kept() {
    let mut world = synced();
    world.rows.clear();
    world.row("2", "Pen", "1", &["B"]);
    let plan = world.run();
    let missing: Vec<_> = plan.missing.iter().map(|m| (m.external_id.as_str(), m.label.as_str())).collect();
    assert_eq!(missing, [("1", "Tea")]);
    assert_eq!(world.products[&1].barcode.as_deref(), Some("A"));
    assert!(world.plan().is_empty());
    assert_eq!((world.plan().missing.len(), world.plan().still_missing), (0, 1), "still counted");
}
