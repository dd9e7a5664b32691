//! The plan about the few products that digests and looks single out is the plan about all.

use std::collections::BTreeSet;

use super::convergence::world;
use super::world::{Bound, World, id, waits};
use crate::catalog::barcode::clean;
use crate::catalog::digest::{Buckets, Line, id_hash, line_digest};
use crate::catalog::source::BarcodeOrder;
use crate::catalog::{
    Catalogue, CodeKey, ExternalId, Link, ListingBuilder, OdooState, Price, PriceDigits, Rest, Sharer, SourceName,
    SourceOrder,
};
use crate::plan::narrow::{self, Comparison, Narrowing};
use crate::plan::{FieldPolicy, MissingPolicy, Plan, Scope, plan, plan_prices, questions};

use proptest::prelude::*;

fn line(link: &Link, what: Line) -> u64 {
    let price = link.said_price.map(|p| p.to_string()).unwrap_or_default();
    let id = link.external_id.as_str();
    let text = match what {
        Line::Whole => format!("{id}\u{1f}{}\u{1f}{price}\u{1f}{}", link.said_name, link.said_barcodes.join("\n")),
        Line::Prices => format!("{id}\u{1f}{price}"),
    };
    line_digest(&[text.as_bytes()])
}

/// What the digest procedure takes for settled, if the source says what it said.
fn settled(link: &Link, world: &World, what: Line) -> bool {
    let digits = PriceDigits::from_odoo(Some(world.digits));
    let Some(variant) = link.product.as_ref().filter(|v| !v.other_company && !v.is_archived()) else { return false };
    // The link knows who owns a field; nothing more is looked at where it is another source.
    let precedence = &world.policy.precedence;
    let own = |owner: Option<&Sharer>, overruled: bool, kept: bool, rule: bool| match owner {
        Some(_) => overruled && !kept,
        None => !overruled && rule,
    };
    let now = variant.rounded_price(digits);
    let no_price = || link.kept.price || link.wrote_price.is_none_or(Price::is_zero);
    let price = link.said_price.map_or_else(no_price, |said| {
        if said.is_zero() && link.wrote_price.is_none() {
            return true;
        }
        let want = said.rounded(digits);
        if now == Some(want) {
            return !link.kept.price && link.wrote_price == Some(want);
        }
        let edited = now.is_none() || now != link.wrote_price.map(|p| p.rounded(digits));
        link.kept.price || world.policy.price == FieldPolicy::Odoo && edited
    });
    let price = own(precedence.of_price(&variant.sharers), link.overruled.price, link.kept.price, price);
    if what == Line::Prices {
        return price;
    }
    let name = if variant.names.iter().all(|n| *n == link.said_name) {
        !link.kept.name && link.wrote_name == link.said_name
    } else {
        let edited = variant.names.iter().any(|n| *n != link.wrote_name);
        link.kept.name || world.policy.name == FieldPolicy::Odoo && edited
    };
    let name = own(precedence.of_name(&variant.sharers), link.overruled.name, link.kept.name, name);
    let keys: BTreeSet<CodeKey> = link.said_barcodes.iter().map(|c| CodeKey::of(c)).collect();
    let barcode = match &variant.barcode {
        None => link.said_barcodes.is_empty() && link.wrote_barcode.is_none(),
        Some(code) => {
            variant.barcode == link.wrote_barcode && clean(code) == *code && keys.contains(&CodeKey::of(code))
        }
    };
    let extras = if world.extras() && link.said_barcodes.len() > 1 {
        let mut have: Vec<&String> = link.wrote_extras.iter().chain(&variant.barcode).collect();
        let mut said: Vec<&String> = link.said_barcodes.iter().collect();
        have.sort();
        said.sort();
        have == said && link.wrote_extras.iter().all(|code| variant.packagings.contains(code))
    } else {
        link.wrote_extras.is_empty()
    };
    let inherited = variant.sharers.iter().any(|s| !s.wrote_extras.is_empty());
    let barcodes = barcode && !link.kept.barcode && extras && !inherited;
    let barcodes = own(precedence.of_barcode(&variant.sharers), link.overruled.barcode, link.kept.barcode, barcodes);
    price && name && barcodes && !link.archived_by_us
}

/// The same of a link whose product the source does not have, as it says.
fn rests(link: &Link, world: &World) -> bool {
    let Some(variant) = &link.product else { return true };
    let retires = world.policy.missing == MissingPolicy::Archive
        && !link.archived_by_us
        && variant.active
        && !variant.other_company
        && variant.sharers.iter().all(|s| s.missing && !s.archived_by_us);
    let shared = |code: &String| {
        let key = CodeKey::of(code);
        let mut others = world.products.iter().filter(|(n, _)| **n != variant.id.get());
        others.any(|(_, p)| p.barcode.as_deref().map(CodeKey::of).as_ref() == Some(&key))
    };
    !retires
        && variant.barcode == link.wrote_barcode
        && link.wrote_extras.is_empty()
        && variant.sharers.iter().all(|s| s.wrote_extras.is_empty())
        && !variant.barcode.as_ref().is_some_and(shared)
}

fn looks(world: &World, what: Line) -> BTreeSet<ExternalId> {
    let twin = |link: &Link| {
        let code = link.product.as_ref().and_then(|v| v.barcode.as_ref());
        let has = |p: &&super::world::Product| p.active && p.barcode.as_ref() == code;
        code.is_some() && world.products.values().filter(has).count() > 1
    };
    let looked = |link: &Link| match (link.missing, what) {
        _ if link.no_touch => true,
        (true, Line::Whole) => !rests(link, world) || twin(link),
        (true, Line::Prices) => false,
        (false, _) => !settled(link, world, what) || what == Line::Whole && twin(link),
    };
    let of_links = world.bound().into_values().filter(looked).map(|l| l.external_id);
    of_links.chain(world.decisions.iter().map(|d| d.external_id.clone())).collect()
}

/// What a run that asks for digests comes to know.
fn narrowed(world: &World, what: Line) -> (Catalogue, OdooState) {
    let listing = world.listing();
    let (bound, looks) = (world.bound(), looks(world, what));
    let mut theirs = Buckets::new(2);
    let told = || bound.values().filter(|l| !l.missing);
    for link in told().filter(|l| !looks.contains(&l.external_id)) {
        theirs.add(id_hash(link.external_id.as_str()), line(link, what));
    }
    let mut narrowing = Narrowing::new(&listing, what);
    let only = match &world.scope {
        Scope::All => BTreeSet::new(),
        Scope::Only(ids) => ids.clone(),
    };
    narrowing.want(looks.iter().cloned().chain(only));
    let comparison = Comparison::new(&listing, what, &theirs, bound.len(), looks);
    for page in comparison.pages() {
        let within = |l: &&Link| {
            let hash = id_hash(l.external_id.as_str());
            page.iter().any(|(low, high)| (*low..=*high).contains(&hash))
        };
        let lines = told().filter(within).map(|l| (l.external_id.clone(), line(l, what)));
        narrowing.want(comparison.changed(page, lines));
    }
    let whole = world.state();
    let mut state = OdooState {
        links: Default::default(),
        candidates: Default::default(),
        holders: Default::default(),
        rest: Rest::default(),
        ..whole
    };
    loop {
        let asked = narrowing.to_ask();
        if asked.is_empty() {
            break;
        }
        let part: std::collections::BTreeMap<_, _> =
            bound.iter().filter(|(id, _)| asked.contains(id)).map(|(id, l)| (id.clone(), l.clone())).collect();
        if what == Line::Whole {
            narrowing.follow_links(&part, &world.decisions);
            let questions = questions(&listing.part_of(&asked), &part, &world.decisions, &world.scope, world.extras());
            let (candidates, holders) = world.answers(&questions);
            for holder in holders.values().flatten() {
                let of = bound.iter().filter(|(_, l)| l.product.as_ref().is_some_and(|v| v.id == holder.product));
                narrowing.want(of.map(|(id, _)| id.clone()));
            }
            let variants = candidates.values().flatten().map(|c| &c.variant);
            variants.chain(state.chosen.values().map(|(v, _)| v)).for_each(|v| narrowing.follow_variant(v));
            state.candidates.extend(candidates);
            for (key, list) in holders {
                let all = state.holders.entry(key).or_default();
                all.extend(list);
                all.sort();
                all.dedup();
            }
        }
        state.links.extend(part);
    }
    let catalogue = narrowing.catalogue();
    let still = |l: &&Link| l.missing && l.product.is_some() && !l.no_touch;
    state.rest = Rest {
        links: bound.len() - state.links.len(),
        unchanged: listing.len() - catalogue.products.len(),
        missing: match what {
            Line::Whole => bound.values().filter(still).count() - state.links.values().filter(still).count(),
            Line::Prices => 0,
        },
        overruled: {
            let of = |links: &std::collections::BTreeMap<ExternalId, Link>| {
                narrow::overruled(links.values(), state.digits, world.extras(), what)
            };
            of(&bound).less(of(&state.links))
        },
    };
    (catalogue, state)
}

fn plans(world: &World, what: Line) -> (Plan, Plan, usize) {
    let source = super::world::shop();
    let of = |catalogue: &Catalogue, state: &OdooState| match what {
        Line::Whole => plan(&source, catalogue, state, &world.policy, &world.scope),
        Line::Prices => plan_prices(&source, catalogue, state, &world.policy, &world.scope),
    };
    let (catalogue, state) = narrowed(world, what);
    (of(&world.catalogue(), &world.state()), of(&catalogue, &state), state.links.len())
}

fn agree(world: &World, what: Line) -> Result<usize, TestCaseError> {
    let (whole, narrow, looked) = plans(world, what);
    prop_assert_eq!(&whole, &narrow, "{:?}: {:?}", what, world);
    Ok(looked)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// On any two sides, and again on what a run leaves behind, where little is looked at.
    #[test]
    fn the_narrow_plan_is_the_whole_plan(mut world in world(9)) {
        agree(&world, Line::Whole)?;
        agree(&world, Line::Prices)?;
        let scope = std::mem::replace(&mut world.scope, Scope::All);
        let plan = world.plan();
        if plan.refusals.is_empty() {
            world.apply(&plan);
            agree(&world, Line::Whole)?;
            agree(&world, Line::Prices)?;
            world.scope = scope;
            agree(&world, Line::Whole)?;
        }
    }
}

/// An archived product has the code that an active one has, whose barcodes another source owns: no question finds both.
#[test]
fn an_archived_one_beside_a_product_of_another_source_is_told_by_no_run() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["E"]).synced("2", 2, "Pen", "1", &["E"]);
    world.source("1").codes.clear();
    world.products.get_mut(&2).unwrap().active = false;
    world.policy.precedence = SourceOrder::parse("first\nshop").precedence(&super::world::shop());
    let first = Bound { product: Some(1), wrote_name: "Tea".to_owned(), ..Bound::default() };
    world.others.entry(SourceName::parse("first").unwrap()).or_default().insert(id("o"), first);
    for _ in 0..2 {
        let (whole, narrow, _) = plans(&world, Line::Whole);
        assert_eq!(whole, narrow);
        assert!(whole.deferred.is_empty(), "{:#?}", whole.deferred);
        world.apply(&whole);
    }
}

#[test]
fn what_is_in_step_is_not_looked_at() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "9.5", &["A"]).synced("2", 2, "Pen", "2", &["B", "C"]).synced("3", 3, "Cup", "", &[]);
    world.rows.retain(|r| r.id != "3");
    world.links.get_mut(&id("3")).unwrap().missing = true;
    let (whole, narrow, looked) = plans(&world, Line::Whole);
    assert_eq!((whole.unchanged, whole.still_missing, looked), (2, 1, 0));
    assert_eq!(whole, narrow);
    // A product that lists a code of another one brings that one along.
    world.row("4", "Mat", "1", &["C"]);
    let (whole, narrow, looked) = plans(&world, Line::Whole);
    assert_eq!((waits(&whole), looked), (vec!["2 duplicate-claim C".to_owned(), "4 duplicate-claim C".to_owned()], 1));
    assert_eq!(whole, narrow);
}

#[test]
fn a_price_that_became_null_waits_until_it_is_back_or_kept() {
    let mut world = World::new();
    world.synced("1", 1, "Tea", "9.5", &["A"]);
    world.source("1").price = None;
    for line in [Line::Whole, Line::Prices] {
        let (whole, narrow, looked) = plans(&world, line);
        assert_eq!((waits(&whole), whole.is_empty(), looked), (vec!["1 price-gone price".to_owned()], true, 1));
        assert_eq!((whole.unchanged, &whole), (0, &narrow));
    }
    // An older version took NULL for handled: the link tells all the same.
    let mut older = world.clone();
    older.links.get_mut(&id("1")).unwrap().said_price = None;
    assert_eq!(waits(&plans(&older, Line::Whole).1), ["1 price-gone price"]);
    world.policy.allow.prices_gone = true;
    let _ = world.run();
    world.policy.allow.prices_gone = false;
    assert_eq!(plans(&world, Line::Whole).2, 0, "kept, and not asked about again");
    assert_eq!(world.products[&1].price, "9.5");
    world.source("1").price = Some("10".to_owned());
    let _ = world.run();
    assert_eq!(world.products[&1].price, "10.00");
    assert!(!world.links[&id("1")].kept.price);
}

/// Whoever has a code that another source wrote beside it says so where every run sees it, and else not at all.
#[test]
fn what_another_source_owns_is_not_seen_by_chance() {
    let first = SourceName::parse("first").unwrap();
    let mut world = World::new();
    world.synced("1", 1, "Tea", "1", &["036000291452"]).synced("2", 2, "Pen", "2", &[]);
    world.products.get_mut(&2).unwrap().barcode = Some("0036000291452".to_owned());
    let link = world.links.get_mut(&id("2")).unwrap();
    link.overruled.barcode = true;
    let owner = link.clone();
    world.policy.precedence.barcode = vec![first.clone()];
    world.others.insert(first, [(id("o"), owner)].into());
    let (whole, narrow, looked) = plans(&world, Line::Whole);
    assert_eq!((waits(&whole), whole.unchanged, looked), (vec![], 2, 0));
    assert_eq!(whole, narrow);
    world.products.get_mut(&2).unwrap().barcode = Some("036000291452".to_owned());
    let (whole, narrow, looked) = plans(&world, Line::Whole);
    assert_eq!((waits(&whole), looked), (vec!["1 held 036000291452".to_owned()], 2));
    assert_eq!(whole, narrow);
}

/// Products come to be looked at one by one, and the rows that were left out are as many.
#[test]
fn a_product_is_picked_without_the_rows_that_were_left_out() {
    const MANY: usize = 30_000;
    let mut b = ListingBuilder::new(BarcodeOrder::Text);
    for n in 0..MANY {
        b.product(Some(&n.to_string()), Some("Pen"), Ok(None));
        b.product(None, Some("No id at all, and a name that is told"), Ok(None));
    }
    let listing = b.finish();
    let mut narrowing = Narrowing::new(&listing, Line::Whole);
    let _ = narrowing.to_ask();
    for n in 0..MANY {
        let one = id(&n.to_string());
        narrowing.want([one.clone()]);
        assert_eq!(narrowing.to_ask().into_iter().collect::<Vec<_>>(), [one]);
    }
    assert_eq!(narrowing.catalogue().bad_rows.len(), MANY);
}
