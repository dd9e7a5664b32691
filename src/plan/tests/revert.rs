//! A run is undone where nobody has changed anything since, and the next import leaves it so.

use super::world::{World, id, moves, waits};
use crate::catalog::{Change, ChangedField, Choice, Decision, DeferredKind, Moment, SourceName};
use crate::plan::{ExtraBarcodes, MissingPolicy, Plan, codes_to_restore, plan_revert};

/// What the history would say of a plan.
fn changes(plan: &Plan) -> Vec<Change> {
    let line = |ext: &str, field, old: Option<String>, new: Option<String>, cause: &str| Change {
        id: 1,
        when: Moment(0),
        field,
        source: "shop".to_owned(),
        external_id: ext.to_owned(),
        linked: true,
        name: String::new(),
        language: None,
        old,
        new,
        further: false,
        cause: cause.to_owned(),
        run: Some("R1".to_owned()),
    };
    let mut out = Vec::new();
    for update in plan.adoptions.iter().chain(&plan.updates) {
        let ext = update.external_id.as_str();
        for one in update.name.iter().flat_map(|n| &n.languages) {
            let names = (Some(one.old.clone()), Some(one.new.to_string()));
            let change = line(ext, ChangedField::Name, names.0, names.1, "source-changed");
            out.push(Change { language: Some(one.language.clone()), ..change });
        }
        if let Some(price) = &update.price {
            let (old, new) = (Some(price.old.clone()), Some(price.new.to_string()));
            out.push(line(ext, ChangedField::Price, old, new, "source-changed"));
        }
    }
    for one in plan.barcode_moves() {
        // As move.py writes them: a product outside has no external id.
        let ext = if one.outside { "" } else { one.external_id.as_str() };
        if one.is_move() {
            let codes = (one.old.clone(), one.new.clone());
            out.push(line(ext, ChangedField::Barcode, codes.0, codes.1, one.reason.code()));
        }
        let further = |old: Option<&String>, new: Option<&String>| {
            let change = line(ext, ChangedField::Barcode, old.cloned(), new.cloned(), one.reason.code());
            Change { further: true, ..change }
        };
        out.extend(one.extras.remove.iter().map(|code| further(Some(code), None)));
        out.extend(one.extras.add.iter().map(|code| further(None, Some(code))));
    }
    for new in &plan.creations {
        let price = new.price.map(|p| p.to_string());
        out.push(line(new.external_id.as_str(), ChangedField::Price, None, price, "created"));
    }
    out
}

fn revert(world: &World, changes: &[Change]) -> Plan {
    let mut odoo = world.state();
    // The lookup is asked for the codes that come back.
    let asked = codes_to_restore(changes);
    let mut wide = world.clone();
    wide.rows.push(super::world::Row {
        id: "probe".to_owned(),
        name: Some("Probe".to_owned()),
        price: Some("1".to_owned()),
        codes: asked.into_iter().collect(),
    });
    wide.scope = crate::plan::Scope::All;
    odoo.holders = wide.state().holders;
    plan_revert(&SourceName::parse("shop").unwrap(), "R1", changes, &odoo, &world.policy, &world.scope)
}

fn shop() -> World {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "10", &["A"]).synced("2", 2, "Pen", "20", &["B"]).synced("3", 3, "Cup", "30", &[]);
    world
}

#[test]
fn everything_goes_back_and_stays() {
    let mut world = shop();
    let before = world.products.clone();
    (world.source("1").name, world.source("1").price) = (Some("Green tea".to_owned()), Some("11".to_owned()));
    world.source("1").codes = vec!["B".to_owned()];
    world.source("2").codes = vec!["A".to_owned()];
    world.source("3").codes = vec!["C".to_owned()];
    let changes = changes(&world.run());
    let plan = revert(&world, &changes);
    assert!(plan.deferred.is_empty(), "{:?}", waits(&plan));
    assert_eq!(moves(&plan), "1: B → A (reverted), 2: A → B (reverted); 3: C → - (reverted)");
    world.apply(&plan);
    for (number, product) in &before {
        let now = &world.products[number];
        assert_eq!((&now.names, &now.barcode), (&product.names, &product.barcode), "product {number}");
    }
    assert_eq!(world.products[&1].price, "10.00");
    let next = world.plan();
    assert!(next.is_empty(), "the next import leaves what was restored: {next:#?}");
    assert!(revert(&world, &changes).is_empty(), "and undoing it again does nothing");
}

#[test]
fn the_source_may_speak_again() {
    let mut world = shop();
    world.source("1").price = Some("11".to_owned());
    let changes = changes(&world.run());
    let plan = revert(&world, &changes);
    world.apply(&plan);
    world.source("1").price = Some("12".to_owned());
    let _ = world.run();
    assert_eq!(world.products[&1].price, "12.00");
}

#[test]
fn what_was_changed_since_stays() {
    let mut world = shop();
    (world.source("1").name, world.source("1").price) = (Some("Green tea".to_owned()), Some("11".to_owned()));
    world.source("1").codes = vec!["C".to_owned()];
    let changes = changes(&world.run());
    let product = world.products.get_mut(&1).unwrap();
    (product.names[0], product.price, product.barcode) = ("Mine".to_owned(), "12".to_owned(), Some("X".to_owned()));
    let plan = revert(&world, &changes);
    assert!(plan.is_empty());
    assert_eq!(waits(&plan), ["1 not-undone barcode", "1 not-undone name", "1 not-undone price"]);
}

#[test]
fn a_code_that_went_elsewhere_does_not_come_back() {
    let mut world = shop();
    world.source("1").codes = vec!["C".to_owned()];
    let changes = changes(&world.run());
    world.product(9, "Stranger", "1", Some("A"));
    let plan = revert(&world, &changes);
    assert!(plan.is_empty(), "the present code is not taken away for nothing: {}", moves(&plan));
    assert_eq!(waits(&plan), ["1 not-undone A"]);
    assert!(plan.deferred[0].message.contains("Stranger"), "{}", plan.deferred[0].message);
}

#[test]
fn new_products_and_lost_links_are_named() {
    let mut world = shop();
    world.row("4", "New", "1", &[]);
    world.source("1").price = Some("11".to_owned());
    world.source("2").price = Some("21".to_owned());
    let changes = changes(&world.run());
    world.links.get_mut(&id("1")).unwrap().product = None;
    world.links.get_mut(&id("2")).unwrap().no_touch = true;
    let plan = revert(&world, &changes);
    assert!(plan.is_empty());
    assert_eq!(waits(&plan), ["1 not-undone product", "2 not-undone product", "4 not-undone product"]);
}

#[test]
fn what_is_not_undone_is_named() {
    let mut world = shop();
    world.policy.extra_barcodes = ExtraBarcodes::Packaging;
    world.policy.missing = MissingPolicy::Archive;
    world.product(9, "Stranger", "1", Some("X"));
    world.source("1").codes.push("E".to_owned());
    world.source("3").codes.push("X".to_owned());
    world.rows.retain(|row| row.id != "2");
    world.decisions.push(Decision {
        external_id: id("3"),
        kind: DeferredKind::ForeignHolder,
        subject: "X".to_owned(),
        value: String::new(),
        choice: Choice::Give,
        product: None,
    });
    let changes = changes(&world.run());
    world.decisions.clear();
    assert!(!world.products[&2].active && world.products[&9].barcode.is_none());
    let plan = revert(&world, &changes);
    assert_eq!(waits(&plan), ["1 not-undone E", "2 not-undone barcode", "3 not-undone X"]);
    assert_eq!(moves(&plan), "3: X → - (reverted)", "an archived product gets no code that it would keep from others");
}

#[test]
fn an_undoing_that_was_cut_short_is_finished() {
    let mut world = shop();
    world.source("1").codes = vec!["B".to_owned()];
    world.source("2").codes = vec!["A".to_owned()];
    let changes = changes(&world.run());
    let mut plan = revert(&world, &changes);
    plan.updates.clear();
    world.apply(&plan);
    let plan = revert(&world, &changes);
    assert!(plan.moves.is_empty() && plan.deferred.is_empty(), "{:?}", waits(&plan));
    world.apply(&plan);
    assert_eq!(world.products[&1].barcode.as_deref(), Some("A"));
    assert!(world.plan().is_empty(), "the next import leaves what was restored");
}

#[test]
fn a_circle_of_which_one_code_is_gone_stays_as_it_is() {
    let mut world = World::new();
    for (n, own) in [(1, "A"), (2, "B"), (3, "C")] {
        world.synced(&n.to_string(), n, "Tea", "1", &[own]);
    }
    for (ext, next) in [("1", "B"), ("2", "C"), ("3", "A")] {
        world.source(ext).codes = vec![next.to_owned()];
    }
    let changes = changes(&world.run());
    // The first gives its code away by hand, and a stranger has it now.
    world.products.get_mut(&3).unwrap().barcode = Some("X".to_owned());
    world.product(9, "Stranger", "1", Some("A"));
    let plan = revert(&world, &changes);
    assert!(plan.is_empty(), "nobody is left without a code: {}", moves(&plan));
    let told: std::collections::BTreeSet<_> = plan.deferred.iter().map(|d| d.external_id.to_string()).collect();
    assert_eq!(told.into_iter().collect::<Vec<_>>(), ["1", "2", "3"]);
}

/// A run that changed everything is undone in as many steps as it has lines.
#[test]
fn the_undoing_of_a_large_run_is_no_square() {
    const MANY: i64 = 50_000;
    let mut world = World::new();
    world.synced("1", 1, "Tea", "2", &[]);
    let (one, mut odoo) = (world.bound().remove(&id("1")).unwrap(), world.state());
    let mut changes = Vec::new();
    for n in 1..=MANY {
        let ext = id(&n.to_string());
        let mut link = crate::catalog::Link { external_id: ext.clone(), ..one.clone() };
        link.product.as_mut().unwrap().id = super::world::pid(n);
        odoo.links.insert(ext, link);
        changes.push(Change {
            id: n,
            when: Moment(0),
            field: ChangedField::Price,
            source: "shop".to_owned(),
            external_id: n.to_string(),
            linked: true,
            name: String::new(),
            language: None,
            old: Some("1".to_owned()),
            new: Some("2".to_owned()),
            further: false,
            cause: "source-changed".to_owned(),
            run: Some("R1".to_owned()),
        });
    }
    let plan = plan_revert(&super::world::shop(), "R1", &changes, &odoo, &world.policy, &world.scope);
    let kept = |u: &crate::plan::Update| u.price.is_some() && u.link.kept.is_some_and(|k| k.price);
    assert_eq!(plan.updates.iter().filter(|u| kept(u)).count(), usize::try_from(MANY).unwrap());
}
