//! The central promise: what a plan leads to needs no further plan.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::world::{Bound, Row, World, id};
use crate::catalog::{CodeKey, Decision, FieldSet, MatchRule, ProductId, SourceName, SourceOrder};
use crate::plan::{
    Deferred, DeferredKind, ExtraBarcodes, FieldPolicy, MissingPolicy, NewWithoutPrice, Plan, PriceLimit, Scope,
};

/// Two of them are one code, in the spellings of UPC-A and EAN-13.
const CODES: [&str; 8] = ["A", "B", "C", "D", "E", "F", "036000291452", "0036000291452"];
const NAMES: [&str; 4] = ["Tea", "Pen", "Cup", "Mat"];
const PRICES: [&str; 7] = ["0", "1", "1.005", "2.5", "9.99", "80", "90071992547409921"];

fn code() -> impl Strategy<Value = String> {
    prop::sample::select(&CODES[..]).prop_map(str::to_owned)
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(&NAMES[..]).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = String> {
    prop::sample::select(&PRICES[..]).prop_map(str::to_owned)
}

fn field_policy() -> impl Strategy<Value = FieldPolicy> {
    prop_oneof![3 => Just(FieldPolicy::Source), 1 => Just(FieldPolicy::Odoo), 1 => Just(FieldPolicy::Ask)]
}

/// One row in ten is unreadable, one code in twelve, one price in twenty.
pub(super) fn row(number: usize) -> impl Strategy<Value = Row> {
    let bad_code = prop_oneof![11 => code(), 1 => Just("\u{0}".to_owned())];
    let price = prop_oneof![16 => value().prop_map(Some), 3 => Just(None), 1 => Just(Some("bad".to_owned()))];
    (prop::option::weighted(0.9, name()), price, prop::collection::vec(bad_code, 0..4))
        .prop_map(move |(name, price, codes)| Row { id: (number + 1).to_string(), name, price, codes })
}

/// What one product of Odoo is like, and the id that it is linked to, if any.
#[derive(Debug, Clone)]
struct Thing {
    names: (String, String),
    price: String,
    barcode: Option<String>,
    packaging: Option<String>,
    archived: bool,
    siblings: bool,
    other_company: bool,
    default_code: Option<usize>,
    link: Option<usize>,
    gone: bool,
    no_touch: bool,
    /// What the link remembers differs from what is there.
    forgot: (Option<String>, Option<String>, Option<Option<String>>),
    /// The packaging is ours.
    ours: bool,
    kept: FieldSet,
    /// We archived it; the link says that the source does not have it.
    retired: (bool, bool),
    /// Fields that another source owned when the link was looked at last.
    overruled: FieldSet,
    /// Links of other sources.
    shared: Vec<Shared>,
}

/// The link of one of three other sources: what it wrote, and whether its source has the product still.
#[derive(Debug, Clone)]
struct Shared {
    source: usize,
    wrote: (String, String, Option<String>),
    extras: Option<String>,
    missing: bool,
    archived_by_us: bool,
}

/// They come before the source, own prices before it, and come behind it.
pub(super) const OTHERS: [&str; 3] = ["first", "pricing", "last"];

fn shared() -> impl Strategy<Value = Shared> {
    let flag = || prop::bool::weighted(0.25);
    (0..OTHERS.len(), (name(), value(), prop::option::of(code())), prop::option::weighted(0.2, code()), flag(), flag())
        .prop_map(|(source, wrote, extras, missing, archived)| Shared {
            source,
            wrote,
            extras,
            missing,
            archived_by_us: missing && archived,
        })
}

fn thing(ids: usize) -> impl Strategy<Value = Thing> {
    let padded =
        (code(), prop::bool::weighted(0.1)).prop_map(|(code, padded)| if padded { format!(" {code}") } else { code });
    let look = (
        (name(), name(), prop::bool::weighted(0.7)),
        prop_oneof![9 => value(), 1 => Just("-3".to_owned())],
        prop::option::weighted(0.7, padded),
        prop::option::weighted(0.05, code()),
    );
    let kind = (
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.07),
        prop::option::weighted(0.2, 0..ids),
    );
    let tie = (prop::option::weighted(0.6, 0..ids), prop::bool::weighted(0.05), prop::bool::weighted(0.1));
    let forgot = (
        prop::option::weighted(0.3, name()),
        prop::option::weighted(0.3, value()),
        prop::option::weighted(0.3, prop::option::of(code())),
    );
    let flag = || prop::bool::weighted(0.15);
    let shared = prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(shared(), 1..3)];
    let past = (any::<bool>(), (flag(), flag(), flag()), (flag(), flag()), (flag(), flag(), flag()), shared);
    (look, kind, tie, forgot, past).prop_map(|(look, kind, tie, forgot, past)| Thing {
        names: if look.0.2 { (look.0.0.clone(), look.0.0) } else { (look.0.0, look.0.1) },
        price: look.1,
        barcode: look.2,
        packaging: look.3,
        archived: kind.0,
        siblings: kind.1,
        other_company: kind.2,
        default_code: kind.3,
        link: tie.0,
        gone: tie.1,
        no_touch: tie.2,
        forgot,
        ours: past.0,
        kept: FieldSet { name: past.1.0, price: past.1.1, barcode: past.1.2 },
        retired: past.2,
        overruled: FieldSet { name: past.3.0, price: past.3.1, barcode: past.3.2 },
        shared: past.4,
    })
}

fn rules() -> impl Strategy<Value = Vec<MatchRule>> {
    prop::sample::subsequence(vec![MatchRule::Barcode, MatchRule::DefaultCode, MatchRule::Name], 0..=3).prop_shuffle()
}

/// A world in which everything that may be wrong is wrong somewhere.
pub(super) fn world(size: usize) -> impl Strategy<Value = World> {
    let rows = (0..size).map(row).collect::<Vec<_>>();
    let options = (any::<bool>(), any::<bool>(), any::<bool>());
    let policies = (field_policy(), field_policy(), field_policy(), rules(), options, 1_usize..5);
    let scope = prop_oneof![4 => Just(None), 1 => prop::collection::btree_set(1..=size, 0..=size).prop_map(Some)];
    (rows, prop::collection::vec(thing(size), 0..size + 4), policies, scope, any::<bool>(), any::<bool>(), 0..size)
        .prop_map(|(mut rows, things, policies, scope, fine, any_jump, fewer)| {
            // Some ids are missing in the source, and the first may be there twice.
            rows.truncate(rows.len() - fewer / 3);
            if fewer == 1 && !rows.is_empty() {
                rows.push(rows[0].clone());
            }
            let mut world = World::new();
            world.languages = vec!["en_US".to_owned(), "ru_RU".to_owned()];
            world.digits = if fine { 4 } else { 2 };
            world.rows = rows;
            let p = &mut world.policy;
            (p.name, p.price, p.barcode, p.match_rules) = (policies.0, policies.1, policies.2, policies.3);
            p.new_without_price = if policies.4.0 { NewWithoutPrice::Defer } else { NewWithoutPrice::Unsaleable };
            p.missing = if policies.4.1 { MissingPolicy::Keep } else { MissingPolicy::Archive };
            p.extra_barcodes = if policies.4.2 { ExtraBarcodes::Keep } else { ExtraBarcodes::Packaging };
            p.max_component = policies.5;
            p.max_price_change = PriceLimit { percent: Decimal::from(300), amount: Decimal::from(5) };
            p.allow.price_change = any_jump;
            p.precedence = SourceOrder::parse("first\nshop\npricing: price\nlast").precedence(&super::world::shop());
            if let Some(ids) = scope {
                world.scope = Scope::Only(ids.iter().map(|n| id(&n.to_string())).collect());
            }
            for (n, thing) in things.into_iter().enumerate() {
                place(&mut world, i64::try_from(n).unwrap() + 1, thing);
            }
            world
        })
}

fn place(world: &mut World, number: i64, thing: Thing) {
    let product = world.product(number, "", &thing.price, thing.barcode.as_deref());
    product.names = vec![thing.names.0.clone(), thing.names.1];
    product.packaging = thing.packaging.iter().cloned().collect();
    product.active = !thing.archived;
    product.siblings = u32::from(thing.siblings);
    product.other_company = thing.other_company;
    product.default_code = thing.default_code.map(|n| (n + 1).to_string());
    for shared in thing.shared {
        let bound = Bound {
            product: Some(number),
            wrote_name: shared.wrote.0,
            wrote_price: Some(super::world::price(&shared.wrote.1)),
            wrote_barcode: shared.wrote.2,
            wrote_extras: shared.extras.into_iter().collect(),
            archived_by_us: shared.archived_by_us,
            missing: shared.missing,
            ..Bound::default()
        };
        let source = SourceName::parse(OTHERS[shared.source]).unwrap();
        world.others.entry(source).or_default().insert(id(&format!("o{number}")), bound);
    }
    let Some(ext) = thing.link.map(|n| id(&(n + 1).to_string())).filter(|ext| !world.links.contains_key(ext)) else {
        return;
    };
    let number_price = crate::catalog::Price::parse(&thing.price).ok();
    let remembered = thing.forgot.1.map(|p| super::world::price(&p)).or(number_price);
    let bound = Bound {
        product: (!thing.gone).then_some(number),
        said_name: thing.forgot.0.clone().unwrap_or_else(|| thing.names.0.clone()),
        said_price: remembered,
        said_barcodes: thing.barcode.iter().cloned().collect(),
        wrote_name: thing.forgot.0.unwrap_or(thing.names.0),
        wrote_price: remembered,
        wrote_barcode: thing.forgot.2.unwrap_or(thing.barcode),
        wrote_extras: thing.packaging.into_iter().filter(|_| thing.ours).collect(),
        kept: thing.kept,
        no_touch: thing.no_touch,
        archived_by_us: thing.retired.0,
        missing: thing.retired.1,
        overruled: thing.overruled,
        ..Bound::default()
    };
    world.links.insert(ext, bound);
}

/// What waits, without the words: they name a holder, which the first run may have renamed.
fn lasting(plan: &Plan) -> Vec<Deferred> {
    plan.deferred.iter().map(|d| Deferred { message: String::new(), ..d.clone() }).collect()
}

fn duplicates(world: &World) -> BTreeSet<CodeKey> {
    let mut seen = BTreeSet::new();
    let codes = world.products.values().filter_map(|p| p.barcode.as_deref()).map(CodeKey::of);
    codes.filter(|key| !seen.insert(key.clone())).collect()
}

fn settings() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, max_shrink_iters: 20_000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(settings())]

    /// Applied once, nothing is left to do, and what waited waits as before.
    #[test]
    fn the_second_plan_is_empty(world in world(9)) {
        let mut after = world.clone();
        let before = duplicates(&world);
        let first = after.run();
        prop_assert!(duplicates(&after).is_subset(&before), "the plan gave a code twice");
        let second = after.plan();
        prop_assert!(second.is_empty(), "first {first:#?}\nsecond {second:#?}");
        prop_assert_eq!(lasting(&first), lasting(&second));
    }

    /// The same inputs give the same plan, in whatever order the source's rows come.
    #[test]
    fn the_plan_does_not_depend_on_order(world in world(7)) {
        let first = format!("{:?}", world.plan());
        prop_assert_eq!(&first, &format!("{:?}", world.plan()));
        let mut turned = world.clone();
        turned.rows.reverse();
        for row in &mut turned.rows {
            row.codes.reverse();
        }
        prop_assert_eq!(&first, &format!("{:?}", turned.plan()));
    }

    /// Whatever people choose about whatever waits: one run carries out what can be, nothing is left to do then, and what
    /// a person settled stays settled.
    #[test]
    fn choices_are_carried_out_by_one_run(world in world(7), picks in prop::collection::vec((0..6_usize, 1..12_i64), 30)) {
        let mut world = world;
        let _ = world.run();
        for (deferred, (pick, product)) in world.plan().deferred.into_iter().zip(picks) {
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
        let before = duplicates(&world);
        let first = world.run();
        prop_assert!(duplicates(&world).is_subset(&before), "a choice gave a code twice");
        // The report closes what is gone, and a choice goes with it.
        let key = |d: &Deferred| (d.external_id.clone(), d.kind, d.subject.clone());
        let open: BTreeSet<_> = first.deferred.iter().map(key).collect();
        world.decisions.retain(|d| open.contains(&(d.external_id.clone(), d.kind, d.subject.clone())));
        let second = world.run();
        let third = world.plan();
        prop_assert!(third.is_empty(), "first {first:#?}\nsecond {second:#?}\nthird {third:#?}");
        prop_assert_eq!(lasting(&second), lasting(&third));
        for settled in first.deferred.iter().filter(|d| d.settled.is_some()) {
            let still = second.deferred.iter().find(|d| key(d) == key(settled));
            prop_assert!(still.is_none_or(|d| d.settled == settled.settled), "{settled:?} became {still:?}");
        }
    }

    /// No two waiting actions have one key, and every one says something.
    #[test]
    fn waiting_actions_are_told_apart(world in world(9)) {
        let plan = world.plan();
        let mut seen = BTreeSet::new();
        for d in &plan.deferred {
            prop_assert!(seen.insert((&d.external_id, d.kind, &d.subject)), "twice: {d:?}");
            prop_assert!(!d.message.is_empty() && world.scope.contains(&d.external_id));
        }
    }

    /// What a person or a scope excludes is not touched.
    #[test]
    fn what_is_left_alone_stays(world in world(9)) {
        let mut after = world.clone();
        let plan = after.run();
        for (ext, bound) in &world.links {
            let unreadable = world.catalogue().unreadable.contains_key(ext);
            if bound.no_touch || unreadable || !world.scope.contains(ext) {
                prop_assert_eq!(&after.links[ext], bound);
                if let Some(number) = bound.product {
                    prop_assert_eq!(&after.products[&number], &world.products[&number]);
                }
            }
        }
        let linked: BTreeSet<i64> = after.links.values().filter_map(|b| b.product).collect();
        for (number, product) in world.products.iter().filter(|(n, _)| !linked.contains(n)) {
            prop_assert_eq!(&after.products[number], product, "an unlinked product changed");
        }
        prop_assert!(after.products.len() == world.products.len() + plan.creations.len(), "nothing is deleted");
    }

    /// Every edit afterwards, in the source and in Odoo, is settled by one more run.
    #[test]
    fn edits_are_settled_by_one_run(world in world(7), rows in (0..7_usize).map(row).collect::<Vec<_>>(),
                                    edits in prop::collection::vec((0..40_usize, name(), value(), prop::option::of(code())), 0..4)) {
        let mut world = world;
        let _ = world.run();
        world.rows = rows;
        let numbers: Vec<i64> = world.products.keys().copied().collect();
        for (at, name, value, barcode) in edits.into_iter().filter(|_| !numbers.is_empty()) {
            let product = world.products.get_mut(&numbers[at % numbers.len()]).unwrap();
            product.names[at % 2] = name;
            product.price = value;
            product.barcode = barcode;
        }
        let first = world.run();
        let second = world.plan();
        prop_assert!(second.is_empty(), "first {first:#?}\nsecond {second:#?}");
        prop_assert_eq!(lasting(&first), lasting(&second));
    }

    /// A clash that ends in the source ends in Odoo with the next run.
    #[test]
    fn a_settled_clash_is_assigned(claimants in 2_usize..6, winner in 0_usize..6, held in any::<bool>()) {
        let winner = winner % claimants;
        let mut world = World::new();
        for n in 0..claimants {
            let (ext, number) = (n.to_string(), i64::try_from(n).unwrap() + 1);
            if n % 2 == 0 {
                world.row(&ext, "Tea", "1", &["X"]);
            } else {
                world.row(&ext, "Tea", "1", &["X"]).product(number, "Tea", "1", None);
                world.link(&ext, number);
            }
        }
        if held {
            world.synced("old", 50, "Pen", "1", &["X"]);
            world.source("old").codes.clear();
        }
        let first = world.run();
        prop_assert_eq!(first.deferred.iter().filter(|d| d.kind == DeferredKind::DuplicateClaim).count(), claimants);
        prop_assert!(world.products.values().all(|p| p.barcode.is_none()), "the clash gives it to nobody");
        for n in (0..claimants).filter(|n| *n != winner) {
            world.source(&n.to_string()).codes.clear();
        }
        let next = world.run();
        prop_assert!(next.deferred.is_empty());
        let number = world.links[&id(&winner.to_string())].product.unwrap();
        prop_assert_eq!(world.products[&number].barcode.as_deref(), Some("X"));
        prop_assert!(world.plan().is_empty());
    }
}
