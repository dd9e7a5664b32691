//! Several sources that have the same products: one owner a field, and nobody fights.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::world::{Product, World, id, moves, waits};
use crate::catalog::{
    Choice, Decision, DeferredKind, FieldSet, FileOrder, Overruled, Precedence, Price, SourceName, SourceOrder,
};
use crate::plan::{
    Activity, ExtraBarcodes, FieldPolicy, MissingPolicy, Plan, Reason, codes_to_restore, plan_prices, plan_revert,
};

/// One Odoo and its sources; each source has its rows and its links.
#[derive(Debug, Clone)]
struct Odoo {
    products: BTreeMap<i64, Product>,
    sources: BTreeMap<SourceName, World>,
    order: SourceOrder,
}

fn name(text: &str) -> SourceName {
    SourceName::parse(text).unwrap()
}

impl Odoo {
    /// With these sources, in the order of a configuration file: `acc, web: price`.
    fn new(order: &str) -> Self {
        let order = SourceOrder::parse(&order.replace(", ", "\n"));
        let names = order.others(&name("nobody"));
        let sources = names.into_iter().map(|name| (name, World::new())).collect();
        Self { products: BTreeMap::new(), sources, order }
    }

    fn of(&mut self, source: &str) -> &mut World {
        self.sources.get_mut(&name(source)).unwrap()
    }

    fn all(&mut self, mut set: impl FnMut(&mut World)) {
        self.sources.values_mut().for_each(&mut set);
    }

    /// What a source comes to see.
    fn world(&self, source: &str) -> World {
        let (source, counting) = (name(source), self.order.others(&name(source)));
        let others = self.sources.iter().filter(|(other, _)| counting.contains(other));
        World {
            products: self.products.clone(),
            others: others.map(|(other, world)| (other.clone(), world.links.clone())).collect(),
            ..self.sources[&source].clone()
        }
        .with(self.order.precedence(&source))
    }

    fn plan(&self, source: &str) -> Plan {
        self.world(source).plan()
    }

    fn run(&mut self, source: &str) -> Plan {
        let mut world = self.world(source);
        let plan = world.run();
        self.products = std::mem::take(&mut world.products);
        for (other, links) in std::mem::take(&mut world.others) {
            self.sources.get_mut(&other).unwrap().links = links;
        }
        *self.of(source) = world;
        plan
    }

    /// Nothing is left to do for anybody.
    fn settled(&self) {
        for source in self.sources.keys() {
            let plan = self.plan(source.as_str());
            assert!(plan.is_empty(), "{source}: {plan:#?}");
        }
    }

    fn shows(&self, number: i64) -> (&str, &str, Option<&str>) {
        let product = &self.products[&number];
        // As people write it.
        let price = product.price.trim_end_matches('0').trim_end_matches('.');
        (&product.names[0], price, product.barcode.as_deref())
    }
}

trait With {
    fn with(self, precedence: Precedence) -> Self;
}

impl With for World {
    fn with(mut self, precedence: Precedence) -> Self {
        self.policy.precedence = precedence;
        self
    }
}

/// `acc` has 1, `web` has 501, one barcode.
fn tea(order: &str) -> Odoo {
    let mut odoo = Odoo::new(order);
    odoo.of("acc").row("1", "Tea acc", "4.50", &["A"]);
    odoo.of("web").row("501", "Tea in the shop", "5.50", &["A"]);
    odoo
}

const ONE_EACH: Overruled = Overruled { products: 1, names: 1, prices: 1, barcodes: 0 };

#[test]
fn the_first_source_of_the_file_owns_what_two_share() {
    let mut odoo = tea("acc, web");
    let _ = odoo.run("acc");
    let plan = odoo.run("web");
    assert_eq!((plan.adoptions.len(), plan.counts().names, plan.counts().prices), (1, 0, 0));
    let lost: Vec<_> = plan.not_written.iter().map(|v| [&*v.field, &*v.said, &*v.now, v.owner.as_str()]).collect();
    assert_eq!(lost, [["name", "Tea in the shop", "Tea acc", "acc"], ["price", "5.5", "4.5", "acc"]]);
    assert_eq!(odoo.shows(1), ("Tea acc", "4.5", Some("A")));
    odoo.settled();
    let plan = odoo.plan("web");
    assert_eq!((plan.overruled, plan.not_written.len()), (ONE_EACH, 0), "counted by every run, told once");
    assert_eq!(odoo.plan("acc").overruled, Overruled::default());
}

#[test]
fn whoever_ran_first_yields_to_the_owner() {
    let mut odoo = tea("acc, web");
    let _ = odoo.run("web");
    assert_eq!(odoo.shows(1), ("Tea in the shop", "5.5", Some("A")));
    let plan = odoo.run("acc");
    assert_eq!(plan.adoptions[0].name.as_ref().unwrap().reason, Reason::Adopted);
    let plan = odoo.run("web");
    assert!(plan.updates[0].is_note() && plan.not_written.len() == 2);
    assert_eq!(odoo.shows(1), ("Tea acc", "4.5", Some("A")));
    odoo.settled();
}

#[test]
fn a_field_may_be_given_to_a_later_source() {
    let mut odoo = tea("acc, web: price");
    let _ = odoo.run("acc");
    let _ = odoo.run("web");
    assert_eq!(odoo.shows(1), ("Tea acc", "5.5", Some("A")));
    let plan = odoo.run("acc");
    assert_eq!((plan.overruled.names, plan.overruled.prices), (0, 1));
    odoo.settled();
    // Each source's changes come through in its own fields, and only there.
    odoo.of("acc").source("1").name = Some("Green tea".to_owned());
    odoo.of("acc").source("1").price = Some("4.40".to_owned());
    odoo.of("web").source("501").name = Some("Fine tea".to_owned());
    odoo.of("web").source("501").price = Some("5.60".to_owned());
    let _ = odoo.run("web");
    let plan = odoo.run("acc");
    assert_eq!(plan.not_written.len(), 1, "the new price is told: {:?}", plan.not_written);
    assert_eq!(odoo.shows(1), ("Green tea", "5.6", Some("A")));
    odoo.settled();
}

#[test]
fn an_edit_in_odoo_is_put_back_by_the_owner_alone() {
    let mut odoo = tea("acc, web: price");
    for source in ["acc", "web", "acc"] {
        let _ = odoo.run(source);
    }
    let product = odoo.products.get_mut(&1).unwrap();
    product.names[0] = "Edited".to_owned();
    product.price = "9.00".to_owned();
    let plan = odoo.run("web");
    assert_eq!(plan.updates[0].price.as_ref().unwrap().reason, Reason::Drift);
    assert_eq!(odoo.shows(1), ("Edited", "5.5", Some("A")));
    let plan = odoo.run("acc");
    assert_eq!(plan.updates[0].name.as_ref().unwrap().reason, Reason::Drift);
    assert_eq!(odoo.shows(1), ("Tea acc", "5.5", Some("A")));
    odoo.settled();
}

#[test]
fn another_order_moves_what_is_owned_as_ordinary_changes_under_guards() {
    for policy in [FieldPolicy::Source, FieldPolicy::Odoo, FieldPolicy::Ask] {
        let mut odoo = tea("acc, web");
        odoo.all(|w| (w.policy.name, w.policy.price, w.policy.barcode) = (policy, policy, policy));
        odoo.of("web").source("501").codes = vec!["B".to_owned(), "A".to_owned()];
        let _ = odoo.run("acc");
        let _ = odoo.run("web");
        odoo.of("web").source("501").codes.pop();
        odoo.of("web").source("501").price = Some("45".to_owned());
        let _ = odoo.run("web");
        odoo.settled();
        odoo.order = SourceOrder::parse("web\nacc");
        let plan = odoo.run("web");
        assert_eq!(plan.updates[0].name.as_ref().unwrap().reason, Reason::SourceChanged, "{policy:?}");
        assert_eq!(moves(&plan), "501: A → B (source-changed)");
        assert_eq!(waits(&plan), ["501 price-jump price"], "a jump is no drift");
        odoo.of("web").policy.allow.price_change = true;
        let plan = odoo.run("web");
        assert_eq!(plan.updates[0].price.as_ref().unwrap().reason, Reason::SourceChanged);
        let _ = odoo.run("acc");
        assert_eq!(odoo.shows(1), ("Tea in the shop", "45", Some("B")));
        odoo.settled();
    }
}

#[test]
fn an_edit_that_the_policy_leaves_is_left_by_a_new_owner_too() {
    for (policy, waiting) in [(FieldPolicy::Odoo, 0), (FieldPolicy::Ask, 3)] {
        let mut odoo = tea("acc, web");
        odoo.all(|w| (w.policy.name, w.policy.price, w.policy.barcode) = (policy, policy, policy));
        odoo.of("web").source("501").codes.push("B".to_owned());
        let _ = odoo.run("acc");
        let _ = odoo.run("web");
        let product = odoo.products.get_mut(&1).unwrap();
        product.names[0] = "Edited".to_owned();
        product.price = "5.00".to_owned();
        product.barcode = Some("C".to_owned());
        odoo.order = SourceOrder::parse("web\nacc");
        let plan = odoo.run("web");
        assert_eq!(plan.deferred.len(), waiting, "{policy:?}");
        assert_eq!(odoo.shows(1), ("Edited", "5", Some("C")));
        let _ = odoo.run("acc");
        odoo.settled();
    }
}

#[test]
fn barcodes_are_those_of_the_owner() {
    let mut odoo = tea("acc, web");
    odoo.all(|w| w.policy.extra_barcodes = ExtraBarcodes::Packaging);
    odoo.of("acc").source("1").codes = vec!["A".to_owned(), "X".to_owned()];
    odoo.of("web").source("501").codes = vec!["B".to_owned(), "A".to_owned(), "Y".to_owned()];
    let _ = odoo.run("acc");
    let plan = odoo.run("web");
    assert_eq!(plan.overruled.barcodes, 1, "B and Y scan nowhere");
    assert_eq!(plan.not_written.last().map(|v| (&*v.said, &*v.now)), Some(("A B Y", "A")));
    assert_eq!((odoo.shows(1).2, &odoo.products[&1].packaging[..]), (Some("A"), &["X".to_owned()][..]));
    odoo.settled();
    // Another product of the later source does not get what the owner's product has, and it says so.
    odoo.of("web").row("502", "Tin", "1", &["X"]);
    let plan = odoo.run("web");
    assert_eq!(waits(&plan), ["502 held X"]);
    assert_eq!(odoo.products[&1].packaging, ["X"]);
    // Once the owner lets go of it, it is free.
    odoo.of("acc").source("1").codes.pop();
    let _ = odoo.run("acc");
    let plan = odoo.run("web");
    assert!(plan.deferred.is_empty());
    assert_eq!(odoo.products[&2].barcode.as_deref(), Some("X"));
    odoo.settled();
}

#[test]
fn the_new_owner_of_barcodes_takes_over_the_secondary_ones() {
    let mut odoo = tea("web, acc");
    odoo.all(|w| w.policy.extra_barcodes = ExtraBarcodes::Packaging);
    odoo.of("web").source("501").codes = vec!["A".to_owned(), "X".to_owned(), "Y".to_owned()];
    odoo.of("acc").source("1").codes = vec!["X".to_owned(), "A".to_owned()];
    let _ = odoo.run("web");
    let _ = odoo.run("acc");
    assert_eq!(odoo.products[&1].packaging, ["X", "Y"]);
    odoo.settled();
    odoo.order = SourceOrder::parse("acc\nweb");
    let _ = odoo.run("acc");
    let _ = odoo.run("web");
    assert_eq!((odoo.shows(1).2, &odoo.products[&1].packaging[..]), (Some("A"), &["X".to_owned()][..]));
    odoo.settled();
    // And gives one as the main barcode that stood on a packaging by the other's doing.
    odoo.of("acc").source("1").codes = vec!["X".to_owned()];
    let _ = odoo.run("acc");
    assert_eq!((odoo.shows(1).2, odoo.products[&1].packaging.len()), (Some("X"), 0));
    let _ = odoo.run("web");
    odoo.settled();
}

#[test]
fn clashes_in_the_later_source_about_a_shared_product_wait_for_nobody() {
    let mut odoo = tea("acc, web");
    odoo.of("web").row("502", "Tin", "1", &["A", "T"]);
    let _ = odoo.run("acc");
    let plan = odoo.run("web");
    // Two of them list A, so that neither is recognised by it.
    assert_eq!(waits(&plan), ["501 ambiguous-match", "502 ambiguous-match"]);
    odoo.of("web").source("502").codes.remove(0);
    let _ = odoo.run("web");
    odoo.of("web").source("502").codes.push("A".to_owned());
    let plan = odoo.run("web");
    assert_eq!(waits(&plan), ["502 duplicate-claim A"], "501 has it, and does not own it");
    odoo.settled();
}

#[test]
fn what_one_source_no_longer_has_is_archived_once_nobody_has_it() {
    let mut odoo = tea("acc, web");
    odoo.all(|w| w.policy.missing = MissingPolicy::Archive);
    let _ = odoo.run("acc");
    let _ = odoo.run("web");
    let (in_acc, in_web) = (odoo.of("acc").rows.remove(0), odoo.of("web").rows.remove(0));
    odoo.of("web").rows.push(in_web.clone());
    odoo.of("acc").row("2", "Pen", "1", &["P"]);
    let plan = odoo.run("acc");
    assert!(!plan.missing[0].archive);
    assert_eq!(plan.missing[0].still_in, [name("web")]);
    assert!(odoo.products[&1].active);
    // Who is left owns it.
    let plan = odoo.run("web");
    assert_eq!(plan.updates[0].name.as_ref().unwrap().reason, Reason::SourceChanged);
    assert_eq!(odoo.shows(1), ("Tea in the shop", "5.5", Some("A")));
    odoo.settled();
    // The last one to have it archives it.
    odoo.of("web").rows.clear();
    odoo.of("web").row("502", "Tin", "1", &["T"]);
    let plan = odoo.run("web");
    assert!(plan.missing[0].archive && plan.missing[0].still_in.is_empty());
    assert!(!odoo.products[&1].active && odoo.products[&1].barcode.is_none());
    odoo.settled();
    // And whoever has it again brings it back, with what it says.
    odoo.of("acc").rows.push(in_acc);
    let plan = odoo.run("acc");
    assert_eq!(plan.updates.iter().find_map(|u| u.activity), Some(Activity::Reactivate));
    assert_eq!(odoo.shows(1), ("Tea acc", "4.5", Some("A")));
    odoo.settled();
    // What a person archives meanwhile stays archived.
    odoo.products.get_mut(&1).unwrap().active = false;
    odoo.of("web").rows.push(in_web);
    let _ = odoo.run("web");
    let _ = odoo.run("acc");
    assert!(!odoo.products[&1].active);
    odoo.settled();
}

#[test]
fn what_a_person_brought_back_is_not_archived_by_the_next_source() {
    let mut odoo = tea("acc, web");
    odoo.all(|w| w.policy.missing = MissingPolicy::Archive);
    let _ = odoo.run("acc");
    let _ = odoo.run("web");
    for source in ["acc", "web"] {
        odoo.of(source).rows.clear();
        odoo.of(source).row("9", "Pen", "1", &["P"]);
    }
    let _ = odoo.run("acc");
    let _ = odoo.run("web");
    assert!(!odoo.products[&1].active);
    odoo.products.get_mut(&1).unwrap().active = true;
    odoo.settled();
}

#[test]
fn what_comes_back_to_its_first_source_is_taken_over_as_a_change() {
    let mut odoo = tea("acc, web");
    let _ = odoo.run("acc");
    let _ = odoo.run("web");
    let row = odoo.of("acc").rows.remove(0);
    odoo.of("acc").row("2", "Pen", "1", &["P"]);
    let _ = odoo.run("acc");
    let _ = odoo.run("web");
    let row = super::world::Row { price: Some("45".to_owned()), ..row };
    odoo.of("acc").rows.push(row);
    let plan = odoo.run("acc");
    assert_eq!(plan.updates[0].name.as_ref().unwrap().reason, Reason::SourceChanged);
    assert_eq!(waits(&plan), ["1 price-jump price"]);
    let _ = odoo.run("web");
    assert_eq!(odoo.shows(1), ("Tea acc", "5.5", Some("A")));
}

#[test]
fn three_sources_and_one_that_nobody_knows_any_more() {
    let mut odoo = Odoo::new("acc, web, till");
    odoo.of("acc").row("1", "Tea acc", "4.50", &["A"]);
    odoo.of("web").row("501", "Tea in the shop", "5.50", &["A"]);
    odoo.of("till").row("T1", "TEA", "6.50", &["A"]);
    for source in ["till", "acc", "web", "till"] {
        let _ = odoo.run(source);
    }
    odoo.settled();
    assert_eq!(odoo.shows(1), ("Tea acc", "4.5", Some("A")));
    let owner = |plan: Plan| plan.overruled;
    assert_eq!((owner(odoo.plan("web")), owner(odoo.plan("till"))), (ONE_EACH, ONE_EACH));
    // The first one was taken out of the file, and a person stated the order without it.
    let file = FileOrder { stated: Some(vec![name("web"), name("till")]), sources: Vec::new() };
    odoo.order = odoo.order.with(&file);
    odoo.all(|w| w.policy.missing = MissingPolicy::Archive);
    let plan = odoo.run("web");
    assert_eq!(plan.updates[0].name.as_ref().unwrap().reason, Reason::BothChanged, "nobody tells who wrote it");
    assert_eq!(odoo.shows(1), ("Tea in the shop", "5.5", Some("A")));
    odoo.sources.remove(&name("acc"));
    odoo.settled();
    // Its links do not keep the product alive either.
    for source in ["web", "till"] {
        odoo.of(source).rows.clear();
        odoo.of(source).row("9", "Pen", "1", &["P"]);
    }
    let _ = odoo.run("till");
    let plan = odoo.run("web");
    assert!(plan.missing[0].archive);
}

#[test]
fn links_of_an_earlier_release_fall_in_with_the_order() {
    let mut odoo = tea("acc, web");
    let _ = odoo.run("acc");
    // As it was: each run put its own values back.
    odoo.order = SourceOrder::parse("web");
    let _ = odoo.run("web");
    assert_eq!(odoo.shows(1), ("Tea in the shop", "5.5", Some("A")));
    odoo.order = SourceOrder::parse("acc\nweb");
    let plan = odoo.run("web");
    assert!(plan.updates.iter().all(|u| u.is_note()) && plan.not_written.is_empty(), "what Odoo has is what web says");
    let _ = odoo.run("acc");
    assert_eq!(odoo.shows(1), ("Tea acc", "4.5", Some("A")));
    odoo.settled();
    assert_eq!(odoo.plan("web").overruled, ONE_EACH);
}

#[test]
fn names_are_compared_in_every_language() {
    let mut odoo = tea("acc, web");
    odoo.all(|w| w.languages = vec!["en_US".to_owned(), "ru_RU".to_owned()]);
    let _ = odoo.run("acc");
    let _ = odoo.run("web");
    odoo.of("web").source("501").name = Some("Tea acc".to_owned());
    let _ = odoo.run("web");
    assert_eq!(odoo.plan("web").overruled.names, 0, "both say the same");
    odoo.products.get_mut(&1).unwrap().names[1] = "Чай".to_owned();
    assert_eq!(odoo.plan("web").overruled.names, 1);
    assert!(odoo.plan("web").is_empty());
    let _ = odoo.run("acc");
    assert_eq!(odoo.products[&1].names[1], "Tea acc");
    odoo.settled();
}

#[test]
fn what_waits_about_a_field_closes_by_itself_when_it_is_anothers() {
    let mut odoo = tea("web, acc");
    let _ = odoo.run("web");
    odoo.of("web").source("501").price = Some("55".to_owned());
    odoo.of("web").policy.name = FieldPolicy::Ask;
    odoo.products.get_mut(&1).unwrap().names[0] = "Edited".to_owned();
    assert_eq!(waits(&odoo.run("web")), ["501 price-jump price", "501 drift name"]);
    let choice = Decision {
        external_id: id("501"),
        kind: DeferredKind::PriceJump,
        subject: "price".to_owned(),
        value: "55".to_owned(),
        choice: Choice::Take,
        product: None,
    };
    odoo.of("web").decisions.push(choice);
    odoo.order = SourceOrder::parse("acc\nweb");
    let _ = odoo.run("acc");
    let plan = odoo.run("web");
    assert!(plan.deferred.is_empty(), "{:?}", plan.deferred);
    assert_eq!(odoo.shows(1), ("Tea acc", "4.5", Some("A")));
    odoo.settled();
}

#[test]
fn what_a_person_kept_is_forgotten_with_the_field() {
    let mut odoo = tea("web, acc");
    let _ = odoo.run("web");
    odoo.of("web").links.get_mut(&id("501")).unwrap().kept = FieldSet { name: true, price: true, barcode: true };
    odoo.order = SourceOrder::parse("acc\nweb");
    let _ = odoo.run("acc");
    let _ = odoo.run("web");
    assert_eq!(odoo.of("web").links[&id("501")].kept, FieldSet::NONE);
    odoo.settled();
}

#[test]
fn prices_alone_keep_to_the_owner_too() {
    let mut odoo = tea("acc, web");
    let _ = odoo.run("acc");
    let _ = odoo.run("web");
    odoo.of("web").source("501").price = Some("5.60".to_owned());
    let mut world = odoo.world("web");
    let of = |world: &World| {
        plan_prices(&super::world::shop(), &world.catalogue(), &world.state(), &world.policy, &world.scope)
    };
    let plan = of(&world);
    assert!(plan.updates[0].is_note() && plan.not_written.len() == 1);
    assert_eq!(plan.overruled, Overruled { products: 1, prices: 1, ..Overruled::default() });
    world.apply(&plan);
    assert!(of(&world).is_empty());
    let mut world = odoo.world("acc");
    world.source("1").price = Some("4.60".to_owned());
    assert_eq!(of(&world).updates[0].price.as_ref().map(|p| p.new), Price::parse("4.6").ok());
}

#[test]
fn a_run_is_not_undone_in_fields_of_another_source() {
    let mut odoo = tea("web, acc");
    let _ = odoo.run("web");
    odoo.of("web").source("501").price = Some("5.60".to_owned());
    let plan = odoo.run("web");
    let price = plan.updates[0].price.clone().unwrap();
    let mut change = crate::catalog::Change {
        id: 1,
        when: crate::catalog::Moment(0),
        field: crate::catalog::ChangedField::Price,
        source: "web".to_owned(),
        external_id: "501".to_owned(),
        linked: true,
        name: String::new(),
        language: None,
        old: Some(price.old),
        new: Some(price.new.to_string()),
        further: false,
        cause: "source-changed".to_owned(),
        run: Some("R1".to_owned()),
    };
    // The owner says the same, so that nobody has changed the price since.
    odoo.of("acc").source("1").price = Some("5.60".to_owned());
    odoo.order = SourceOrder::parse("acc\nweb");
    let _ = odoo.run("acc");
    let world = odoo.world("web");
    let revert = |change: &crate::catalog::Change, world: &World| {
        assert!(codes_to_restore(std::slice::from_ref(change)).is_empty());
        let changes = std::slice::from_ref(change);
        plan_revert(&super::world::shop(), "R1", changes, &world.state(), &world.policy, &world.scope)
    };
    let plan = revert(&change, &world);
    assert!(plan.is_empty());
    assert_eq!(plan.deferred[0].message, "source acc owns the price of product #1 now; it stays");
    // The owner's own run is undone as ever.
    change.external_id = "1".to_owned();
    assert!(revert(&change, &odoo.world("acc")).updates[0].price.is_some());
}

/// What a source says of a product that three of them have.
type Says = (String, String, Vec<String>);

fn says() -> impl Strategy<Value = Says> {
    let codes = prop::sample::subsequence(vec!["A", "B", "C", "D"], 0..4);
    let name = prop::sample::select(vec!["Tea", "Pen", "Cup"]).prop_map(str::to_owned);
    let price = prop::sample::select(vec!["1", "2", "3", ""]).prop_map(str::to_owned);
    (name, price, codes.prop_map(|codes| codes.into_iter().map(str::to_owned).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// However often and in whatever order they run, whatever they say and whatever is edited in between: when each has run
    /// twice more, nobody has anything to do, and no code stands twice.
    #[test]
    fn nobody_fights(
        order in Just(vec!["acc", "web", "till"]).prop_shuffle(),
        given in prop::sample::select(vec!["", ": price", ": barcode name"]),
        archive in any::<bool>(),
        packaging in any::<bool>(),
        products in prop::collection::vec(prop::collection::vec(prop::option::weighted(0.8, says()), 3), 1..4),
        turns in prop::collection::vec((0..3_usize, prop::option::weighted(0.3, (0..3_usize, says())), prop::bool::weighted(0.1)), 1..8),
    ) {
        let mut odoo = Odoo::new(&format!("{}, {}, {}{given}", order[0], order[1], order[2]));
        odoo.all(|w| {
            w.policy.missing = if archive { MissingPolicy::Archive } else { MissingPolicy::Keep };
            w.policy.extra_barcodes = if packaging { ExtraBarcodes::Packaging } else { ExtraBarcodes::Keep };
            w.policy.allow.price_change = true;
            w.policy.match_rules = vec![crate::catalog::MatchRule::Barcode, crate::catalog::MatchRule::DefaultCode];
        });
        for (n, of_sources) in products.iter().enumerate() {
            // The internal reference makes them one product, whatever barcodes they have.
            for (source, says) in ["acc", "web", "till"].iter().zip(of_sources) {
                if let Some((name, price, codes)) = says {
                    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
                    odoo.of(source).row(&n.to_string(), name, price, &codes);
                }
            }
            let number = i64::try_from(n).unwrap() + 1;
            let mut world = World::new();
            world.product(number, "Begun", "1", None).default_code = Some(n.to_string());
            odoo.products.extend(world.products);
        }
        for (at, edit, moved) in turns {
            let source = ["acc", "web", "till"][at];
            if let Some((n, (name, price, codes))) = edit {
                let rows = &mut odoo.of(source).rows;
                match rows.iter().position(|r| r.id == n.to_string()) {
                    Some(at) if price.is_empty() => drop(rows.remove(at)),
                    Some(at) => {
                        rows[at].name = Some(name.clone());
                        rows[at].codes = codes.clone();
                    }
                    None => {}
                }
                if let Some(product) = odoo.products.get_mut(&(i64::try_from(n).unwrap() + 1)) {
                    product.names[0] = name;
                }
            }
            if moved {
                odoo.order = SourceOrder::parse(&format!("{source}\n{}", odoo.order.text()));
            }
            let _ = odoo.run(source);
        }
        // Codes go from hand to hand between sources, one run a step.
        for _ in 0..4 {
            for source in ["acc", "web", "till"] {
                let _ = odoo.run(source);
            }
        }
        for source in ["acc", "web", "till"] {
            let plan = odoo.plan(source);
            prop_assert!(plan.is_empty(), "{source}: {plan:#?}\n{odoo:#?}");
        }
    }
}
