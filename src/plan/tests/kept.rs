//! A kept plan is read back as it was, and refused when anything about it is not.

use super::world::{World, id};
use crate::catalog::{Choice, Decision, DeferredKind};
use crate::plan::kept::{KeptPlan, KeptPlanError, Origin};

fn sample() -> (World, KeptPlan) {
    let mut world = World::new();
    world.synced("1", 1, "Чай \u{1b}[31m\"x\"", "1", &["A"]).synced("2", 2, "Pen", "2", &["B"]);
    world.row("3", "Cup", "9.995", &["C", "036000291452"]).row("4", "Tea", "bad", &[]).row("5", "Mug", "", &[]);
    world.product(9, "Stranger", "1", Some("C"));
    world.policy.match_rules.clear();
    world.source("1").price = Some("1.25".to_owned());
    world.source("1").name = Some("Green".to_owned());
    world.source("1").codes = vec!["B".to_owned()];
    world.source("2").codes = vec!["A".to_owned()];
    let origin = Origin {
        made: "2026-11-22T10:00:00Z".to_owned(),
        made_at: 1_795_341_600,
        database: "uuid".to_owned(),
        company: 1,
        digits: crate::catalog::PriceDigits::from_odoo(Some(2)),
        extras: false,
        create: serde_json::json!({"values": {"type": "consu"}}),
        owners: crate::catalog::Precedence::default(),
    };
    let kept = KeptPlan::new(origin, world.plan(), &world.state());
    (world, kept)
}

#[test]
fn there_and_back() {
    let (world, kept) = sample();
    let text = kept.text();
    let read = KeptPlan::parse(&text).unwrap();
    assert_eq!(read, kept);
    assert_eq!(read.text(), text);
    assert_eq!(read.plan, world.plan());
    assert!(!kept.plan.is_empty() && !kept.plan.deferred.is_empty());
    assert!(!kept.plan.bad_rows.is_empty() && !kept.plan.unevaluated.is_empty());
}

#[test]
fn a_file_that_was_cut_or_edited_is_refused() {
    let text = sample().1.text();
    for end in (0..text.len() - 2).step_by(97).filter(|end| text.is_char_boundary(*end)) {
        let error = KeptPlan::parse(&text[..end]).unwrap_err();
        assert!(matches!(error, KeptPlanError::Damaged(_)), "{end}: {error}");
    }
    let edited = text.replace("\"1.25\"", "\"1.26\"");
    assert_ne!(edited, text);
    assert_eq!(KeptPlan::parse(&edited), Err(KeptPlanError::Checksum));
    let newer = text.replacen("\"version\": 3", "\"version\": 4", 1);
    assert!(matches!(KeptPlan::parse(&newer), Err(KeptPlanError::OtherVersion { found: 4, .. })));
    for other in ["{}", "[]", "{\"format\": \"erpsync-plan\", \"version\": 1, \"program\": \"0\"}"] {
        assert!(matches!(KeptPlan::parse(other), Err(KeptPlanError::OtherFormat(_))), "{other}");
    }
}

/// Whoever can write the file can write its checksum: what no plan of ours holds is refused when it is read, before a lease is
/// taken for it.
#[test]
fn a_price_that_odoo_cannot_hold_is_refused() {
    let (_, kept) = sample();
    let large = crate::catalog::Price::parse("90000000000000000").unwrap();
    let mut created = kept.clone();
    created.plan.creations[0].price = Some(large);
    let mut changed = kept;
    changed.plan.updates.iter_mut().find_map(|u| u.price.as_mut()).expect("a changed price").new = large;
    for crafted in [created, changed] {
        let error = KeptPlan::parse(&crafted.text()).unwrap_err();
        assert!(matches!(&error, KeptPlanError::Damaged(why) if why.contains("90000000000000000")), "{error}");
    }
}

#[test]
fn any_change_of_a_link_that_the_plan_speaks_of_is_seen() {
    let (world, kept) = sample();
    assert!(kept.changed(&world.state().links, &[]).is_empty());
    for change in [
        |w: &mut World| w.products.get_mut(&1).unwrap().price = "1.01".to_owned(),
        |w: &mut World| w.products.get_mut(&1).unwrap().active = false,
        |w: &mut World| w.links.get_mut(&id("1")).unwrap().no_touch = true,
        |w: &mut World| w.links.get_mut(&id("1")).unwrap().said_price = None,
        |w: &mut World| drop(w.links.remove(&id("1"))),
    ] {
        let mut world = world.clone();
        change(&mut world);
        assert_eq!(kept.changed(&world.state().links, &[]), [&id("1")]);
    }
    let mut linked = world.clone();
    linked.link("3", 9);
    assert_eq!(kept.changed(&linked.state().links, &[]), [&id("3")], "a product that was to be created");
}

#[test]
fn a_plan_that_was_carried_out_is_known() {
    let (mut world, kept) = sample();
    world.policy.missing = crate::plan::MissingPolicy::Archive;
    world.rows.retain(|row| row.id != "2");
    let kept = KeptPlan::new(kept.origin, world.plan(), &world.state());
    assert!(!kept.is_done(&world.state().links));
    let mut after = world.clone();
    after.apply(&kept.plan);
    assert!(!kept.changed(&after.state().links, &[]).is_empty());
    assert!(kept.is_done(&after.state().links));
    for change in [
        |w: &mut World| w.links.get_mut(&id("1")).unwrap().wrote_price = None,
        |w: &mut World| w.products.get_mut(&1).unwrap().barcode = None,
        |w: &mut World| w.products.get_mut(&2).unwrap().active = true,
        |w: &mut World| w.products.get_mut(&1).unwrap().price = "13".to_owned(),
        |w: &mut World| w.products.get_mut(&1).unwrap().names[0] = "Edited".to_owned(),
        |w: &mut World| drop(w.links.remove(&id("3"))),
    ] {
        let mut other = after.clone();
        change(&mut other);
        assert!(!kept.is_done(&other.state().links), "something is left of it, or was undone");
    }
}

#[test]
fn a_choice_that_was_made_or_taken_back_since_is_seen() {
    let (world, kept) = sample();
    let decision = Decision {
        external_id: id("3"),
        kind: DeferredKind::ForeignHolder,
        subject: "C".to_owned(),
        value: String::new(),
        choice: Choice::Give,
        product: None,
    };
    assert_eq!(kept.changed(&world.state().links, std::slice::from_ref(&decision)), [&id("3")]);
    let mut chosen = world.clone();
    chosen.decisions.push(decision);
    let with = KeptPlan::new(kept.origin.clone(), chosen.plan(), &chosen.state());
    assert!(with.changed(&chosen.state().links, &chosen.decisions).is_empty());
    assert_eq!(with.changed(&chosen.state().links, &[]), [&id("3")], "nobody wants it any longer");
}

/// Of an edit that was to be put back the link remembers nothing.
#[test]
fn drift_that_was_edited_again_is_not_done() {
    let mut world = World::new();
    world.policy.extra_barcodes = crate::plan::ExtraBarcodes::Packaging;
    world.synced("1", 1, "Tea", "10", &["A"]).synced("2", 2, "Pen", "1", &["B"]);
    world.products.get_mut(&1).unwrap().price = "12".to_owned();
    world.source("2").codes.push("C".to_owned());
    let (_, kept) = sample();
    let kept = KeptPlan::new(kept.origin, world.plan(), &world.state());
    let mut done = world.clone();
    done.apply(&kept.plan);
    assert!(kept.is_done(&done.state().links));
    for change in [
        |w: &mut World| w.products.get_mut(&1).unwrap().price = "13".to_owned(),
        |w: &mut World| w.products.get_mut(&2).unwrap().packaging.clear(),
    ] {
        let mut other = done.clone();
        change(&mut other);
        assert!(!kept.is_done(&other.state().links));
    }
}
