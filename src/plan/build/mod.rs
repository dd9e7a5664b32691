//! Builds the plan: identity, barcode assignment and field comparison put together, product by product.
//!
//! Pure. `fields` compares names and prices, `barcodes` seats the products for the assignment and turns its outcome into
//! moves; here is what they have in common.

mod barcodes;
mod fields;

use std::collections::BTreeMap;

use crate::catalog::{
    Aspect, BadRow, BadRowKind, Catalogue, DeferredKind, ExternalId, ExternalProduct, FieldSet, Link, MatchRule,
    OdooState, Overruled, Price, ProductName, Said, SourceName, Variant,
};

use super::action::{
    Activity, ArchivedInOdoo, BarcodeMove, Component, Creation, Deferred, LinkValues, Missing, NotWritten, Plan,
    Unevaluated, Update,
};
use super::assign::{Assignment, Rules, Seat, assign};
use super::decisions::Decisions;
use super::guards;
use super::identity::{Identity, identify, reserved, wakes};
use super::lists::{Lists, is_unidentified};
use super::policy::{ExtraBarcodes, MissingPolicy, NewWithoutPrice, Policy, Scope};
use fields::{Fields, Remember};

/// A plan without actions.
pub(super) fn empty(source: &SourceName, catalogue: &Catalogue, odoo: &OdooState, scope: &Scope) -> Plan {
    Plan {
        source: source.clone(),
        languages: odoo.languages.clone(),
        adoptions: Vec::new(),
        moves: Vec::new(),
        creations: Vec::new(),
        updates: Vec::new(),
        deferred: Vec::new(),
        unevaluated: Vec::new(),
        archived_in_odoo: Vec::new(),
        missing: Vec::new(),
        still_missing: 0,
        not_written: Vec::new(),
        overruled: Overruled::default(),
        bad_rows: catalogue.bad_rows.clone(),
        unchanged: 0,
        untouched: 0,
        refusals: Vec::new(),
        scope: match scope {
            Scope::All => None,
            Scope::Only(ids) => Some(ids.iter().cloned().collect()),
        },
    }
}

/// Counts what was not looked at, as it is known to be in step.
fn count_the_rest(plan: &mut Plan, odoo: &OdooState) {
    // A run about some products speaks of those alone.
    if plan.scope.is_none() {
        plan.unchanged += odoo.rest.unchanged;
        plan.still_missing += odoo.rest.missing;
        plan.overruled = plan.overruled.plus(odoo.rest.overruled);
    }
}

/// Fills the plan.
pub(super) fn build(plan: &mut Plan, catalogue: &Catalogue, odoo: &OdooState, policy: &Policy, scope: &Scope) {
    let lists = Lists::new(catalogue, &odoo.links);
    let decisions = Decisions::new(&odoo.decisions, |id, key| lists.lists(id, key));
    let reserved = reserved(catalogue, odoo, scope, &decisions);
    let identities = identify(catalogue, odoo, &lists, policy, scope, &decisions, &reserved);
    let (seats, held) = if policy.barcodes {
        barcodes::seats(catalogue, odoo, &lists, policy, scope, &identities, &decisions)
    } else {
        (BTreeMap::new(), 0)
    };
    let rules = Rules {
        max_component: policy.max_component,
        extras: policy.extra_barcodes == ExtraBarcodes::Packaging,
        hold: holds_releases(catalogue, policy),
        given: &decisions.given,
        placeholder: &|key| decisions.is_placeholder(key),
        shared: &|key, products| decisions.is_shared(key, products, policy),
        reserved: &|product| reserved.contains_key(&product),
    };
    let assignment = assign(&seats, &odoo.holders, rules);
    let fields = Fields { digits: odoo.digits, languages: &odoo.languages, policy, decisions: &decisions };
    let mut builder = Builder {
        odoo,
        policy,
        fields,
        hold: holds_releases(catalogue, policy),
        seats: &seats,
        assignment: &assignment,
        plan,
        moves: BTreeMap::new(),
    };
    for (id, identity) in &identities {
        if scope.contains(id) {
            builder.product(&catalogue.products[*id], identity);
        }
    }
    for (_, link) in odoo.links.iter().filter(|(id, _)| scope.contains(id) && !catalogue.products.contains_key(*id)) {
        builder.absent(link, lists.is_unread(link));
    }
    for id in catalogue.unreadable.keys().filter(|id| scope.contains(id) && !odoo.links.contains_key(*id)) {
        builder.not_evaluated(id, &Aspect::ALL);
    }
    builder.obstacles(catalogue, &identities, scope);
    builder.shared(catalogue, scope);
    builder.finish();
    if held > 0 {
        plan.bad_rows.push(orphans(catalogue, held));
        plan.bad_rows.sort();
    }
    count_the_rest(plan, odoo);
}

/// Do so many barcode rows belong to no product that the two queries may not fit together? No product loses its barcode then.
fn holds_releases(catalogue: &Catalogue, policy: &Policy) -> bool {
    !policy.allow.release && policy.guards.max_orphans.is_exceeded(catalogue.orphan_barcodes, catalogue.barcode_rows)
}

/// What is said then.
fn orphans(catalogue: &Catalogue, held: usize) -> BadRow {
    let Catalogue { orphan_barcodes: orphans, barcode_rows: rows, orphans: ids, .. } = catalogue;
    let some: Vec<&str> = ids.iter().map(ExternalId::as_str).collect();
    let such = if some.is_empty() { String::new() } else { format!(", such as {}", some.join(", ")) };
    let message = format!(
        "{orphans} of {rows} barcode rows have ids that no product row has{such}: the two queries may not fit together, so {held} products keep barcodes that the source does not list for them; correct the queries, or, if it is right, let it through with --allow-release (see max_orphans)"
    );
    BadRow { id: None, kind: BadRowKind::Orphans, message, barcode_row: true }
}

/// Prices alone, of linked products alone: what `sync-prices` is for. `prices` are what the source says, NULLs among them.
pub(super) fn build_prices(plan: &mut Plan, catalogue: &Catalogue, odoo: &OdooState, policy: &Policy, scope: &Scope) {
    let decisions = Decisions::new(&odoo.decisions, |_, _| true);
    let fields = Fields { digits: odoo.digits, languages: &odoo.languages, policy, decisions: &decisions };
    for (id, link) in odoo.links.iter().filter(|(id, _)| scope.contains(id)) {
        let Some(product) = catalogue.products.get(id) else {
            if catalogue.unreadable.contains_key(id) || is_unidentified(catalogue, link) {
                plan.unevaluated.push(Unevaluated { external_id: id.clone(), aspects: Aspect::ALL.to_vec() });
            }
            continue;
        };
        if link.no_touch {
            plan.untouched += 1;
            continue;
        }
        // Products that are gone or another company's are the import's business.
        let Some(variant) = link.product.as_ref().filter(|v| !v.other_company) else {
            plan.unevaluated.push(Unevaluated { external_id: id.clone(), aspects: vec![Aspect::Price] });
            continue;
        };
        let mut remember = Remember::new(Some(link));
        if variant.is_archived() {
            plan.archived_in_odoo.push(archived_in_odoo(id, &link.said_name, variant));
        }
        if product.price_unreadable {
            plan.unevaluated.push(Unevaluated { external_id: id.clone(), aspects: vec![Aspect::Price] });
            continue;
        }
        let waiting = plan.deferred.len();
        // The name was not read; the link knows one.
        let name = ProductName::parse(&link.said_name).unwrap_or_else(|_| product.name.clone());
        let product = &ExternalProduct { name, ..product.clone() };
        let price = fields.price(product, variant, Some(link), &mut remember, &mut plan.deferred);
        note_overruled(plan, &fields, product, variant, FieldSet { price: true, ..FieldSet::NONE }, &remember);
        let update = Update {
            external_id: id.clone(),
            label: link.said_name.clone(),
            product: variant.id,
            template: variant.template,
            adopt: None,
            archived: variant.is_archived(),
            activity: None,
            name: None,
            price,
            link: remember.finish(),
        };
        if !update.is_note() || !update.link.is_empty() {
            plan.updates.push(update);
        } else if plan.deferred.len() == waiting {
            plan.unchanged += 1;
        }
    }
    settle(plan, &decisions);
    count_the_rest(plan, odoo);
    plan.refusals = guards::check_plan(plan, odoo, policy);
}

/// Orders what waits, and marks what people settled.
fn settle(plan: &mut Plan, decisions: &Decisions<'_>) {
    for deferred in &mut plan.deferred {
        decisions.settle(deferred);
    }
    plan.deferred.sort_by(|a, b| (&a.external_id, a.kind, &a.subject).cmp(&(&b.external_id, b.kind, &b.subject)));
    plan.unevaluated.sort_by(|a, b| a.external_id.cmp(&b.external_id));
}

/// Something that waits, about a product of the source.
fn deferred(product: &ExternalProduct, kind: DeferredKind, subject: &str, value: String, message: String) -> Deferred {
    Deferred {
        external_id: product.id.clone(),
        label: product.name.to_string(),
        kind,
        subject: subject.to_owned(),
        holder: None,
        candidates: Vec::new(),
        value,
        message,
        settled: None,
    }
}

/// What could not be read of a product that was, or hangs on another that could not.
fn not_read(product: &ExternalProduct, assignment: &Assignment) -> Vec<Aspect> {
    let barcode = product.barcodes_incomplete || assignment.waiting.contains(&product.id);
    let parts = [(product.price_unreadable, Aspect::Price), (barcode, Aspect::Barcode)];
    parts.into_iter().filter(|(unread, _)| *unread).map(|(_, aspect)| aspect).collect()
}

fn archived_in_odoo(id: &ExternalId, label: &str, variant: &Variant) -> ArchivedInOdoo {
    ArchivedInOdoo { external_id: id.clone(), label: label.to_owned(), product: variant.id, half: variant.active }
}

/// The price of a new product; zero is none yet.
fn real_price(product: &ExternalProduct, odoo: &OdooState) -> Option<Price> {
    product.price.filter(|said| !said.rounded(odoo.digits).is_zero())
}

/// Why a new product has to wait.
fn cannot_be_created(product: &ExternalProduct, odoo: &OdooState, policy: &Policy) -> Option<(DeferredKind, String)> {
    match real_price(product, odoo) {
        Some(said) => {
            let too_large = said.rounded(odoo.digits).to_odoo(odoo.digits).err()?;
            Some((DeferredKind::PriceTooLarge, format!("{too_large}; correct it in the source")))
        }
        None if policy.new_without_price == NewWithoutPrice::Unsaleable => None,
        None => {
            let message = "new product without a price (zero is none either); it is created once the source has one (or see new_without_price)";
            Some((DeferredKind::NoPrice, message.to_owned()))
        }
    }
}

/// Is a product that the source no longer has archived by this run? Not while another source has it, and not twice: whoever
/// reactivated it by hand meanwhile decided against it.
fn retires(link: &Link, policy: &Policy) -> bool {
    policy.missing == MissingPolicy::Archive
        && !link.archived_by_us
        && link
            .product
            .as_ref()
            .is_some_and(|v| v.active && !v.other_company && v.sharers.iter().all(|s| s.missing && !s.archived_by_us))
}

/// Counts the values that another source overrules, and lists those of which nobody has heard yet.
fn note_overruled(
    plan: &mut Plan,
    fields: &Fields<'_>,
    product: &ExternalProduct,
    variant: &Variant,
    about: FieldSet,
    remember: &Remember,
) {
    let overruled = remember.overruled.and(about);
    // No product is shared where there is one source.
    if overruled.is_empty() {
        return;
    }
    let codes = product.barcodes.iter().map(|code| code.key()).collect();
    let said = Said { name: product.name.as_str(), price: product.price, codes };
    let extras = fields.policy.extra_barcodes == ExtraBarcodes::Packaging;
    let lost = said.differing(&variant.shown(fields.digits), fields.digits, extras).and(overruled);
    plan.overruled.count(lost);
    let precedence = &fields.policy.precedence;
    let new = remember.newly_overruled();
    let price = product.price.map(|said| said.rounded(fields.digits).to_string()).unwrap_or_default();
    let now = variant.rounded_price(fields.digits).map_or_else(|| variant.price.clone(), |price| price.to_string());
    let listed = product.barcodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let barcode = variant.barcode.clone().unwrap_or_default();
    for (field, is, owner, said, now) in [
        (
            "name",
            lost.name && new.name,
            precedence.of_name(&variant.sharers),
            product.name.to_string(),
            variant.names.join(" / "),
        ),
        ("price", lost.price && new.price, precedence.of_price(&variant.sharers), price, now),
        ("barcode", lost.barcode && new.barcode, precedence.of_barcode(&variant.sharers), listed, barcode),
    ] {
        if let Some(owner) = owner.filter(|_| is) {
            plan.not_written.push(NotWritten {
                external_id: product.id.clone(),
                label: product.name.to_string(),
                field: field.to_owned(),
                said,
                now,
                owner: owner.source.clone(),
            });
        }
    }
}

struct Builder<'a, 'p> {
    odoo: &'a OdooState,
    policy: &'a Policy,
    fields: Fields<'a>,
    hold: bool,
    seats: &'a BTreeMap<ExternalId, Seat<'a>>,
    assignment: &'a Assignment,
    plan: &'p mut Plan,
    moves: BTreeMap<ExternalId, BarcodeMove>,
}

impl Builder<'_, '_> {
    fn product(&mut self, product: &ExternalProduct, identity: &Identity<'_>) {
        // Before all else: it also silences a link whose product is gone.
        if self.odoo.links.get(&product.id).is_some_and(|link| link.no_touch) {
            self.plan.untouched += 1;
            return;
        }
        match identity {
            Identity::Linked(link, variant) => self.existing(product, variant, Some(link), None),
            Identity::Adopt(variant, rule) => self.existing(product, variant, None, Some(*rule)),
            Identity::New => self.new_product(product),
            Identity::Blocked { kind, candidates, message } => {
                self.not_evaluated(&product.id, &[Aspect::Name, Aspect::Price, Aspect::Barcode]);
                let waits = deferred(product, *kind, "", String::new(), message.clone());
                self.plan.deferred.push(Deferred { candidates: candidates.clone(), ..waits });
            }
        }
    }

    /// A linked product that the source no longer has, or cannot be read just now: kept as it is, but for codes that
    /// another product lists, or archived, as the policy says.
    fn absent(&mut self, link: &Link, unread: bool) {
        if link.no_touch {
            self.plan.untouched += 1;
            return;
        }
        if unread {
            return self.not_evaluated(&link.external_id, &Aspect::ALL);
        }
        let Some(variant) = &link.product else { return };
        // A product that cannot give its codes up now, as too many moves hang on them, or as none is taken away, waits with them.
        let empty = self.assignment.targets.get(&link.external_id).is_none_or(Option::is_none);
        let holds = self.hold && !barcodes::extras_of(Some(link), variant).is_empty();
        let archive = retires(link, self.policy) && empty && !holds;
        let (external_id, label) = (link.external_id.clone(), link.said_name.clone());
        let gives_up = self.give_up(link, variant, archive);
        if link.missing && !archive && !gives_up {
            self.plan.still_missing += 1;
        } else {
            let having = variant.sharers.iter().filter(|s| !s.missing).map(|s| s.source.clone());
            let (external_id, label) = (external_id.clone(), label.clone());
            self.plan.missing.push(Missing { external_id, label, archive, still_in: having.collect() });
        }
        let values = LinkValues {
            missing: (!link.missing).then_some(true),
            archived_by_us: archive.then_some(true),
            ..LinkValues::default()
        };
        if archive || !values.is_empty() {
            self.plan.updates.push(Update {
                external_id,
                label,
                product: variant.id,
                template: variant.template,
                adopt: None,
                archived: variant.is_archived(),
                activity: archive.then_some(Activity::Archive),
                name: None,
                price: None,
                link: values,
            });
        }
    }

    fn existing(
        &mut self,
        product: &ExternalProduct,
        variant: &Variant,
        link: Option<&Link>,
        adopt: Option<MatchRule>,
    ) {
        let not_read = not_read(product, self.assignment);
        self.not_evaluated(&product.id, &not_read);
        let waiting = self.plan.deferred.len();
        let mut remember = Remember::new(link);
        let name = self.fields.name(product, variant, link, &mut remember, &mut self.plan.deferred);
        let price = self.fields.price(product, variant, link, &mut remember, &mut self.plan.deferred);
        let moved = self.barcode(product, variant, link, &mut remember);
        let all = FieldSet { name: true, price: true, barcode: true };
        note_overruled(self.plan, &self.fields, product, variant, all, &remember);
        let asleep = self.assignment.asleep.contains(&product.id);
        if !asleep {
            remember.values.missing = link.filter(|l| l.missing).map(|_| false);
            // Only what we archived comes back by itself.
            remember.values.archived_by_us = link.filter(|l| l.archived_by_us).map(|_| false);
        }
        let activity = link.filter(|l| !asleep && wakes(l, variant)).map(|_| Activity::Reactivate);
        if variant.is_archived() && activity.is_none() {
            self.plan.archived_in_odoo.push(archived_in_odoo(&product.id, product.name.as_str(), variant));
        }
        let update = Update {
            external_id: product.id.clone(),
            label: product.name.to_string(),
            product: variant.id,
            template: variant.template,
            adopt,
            archived: variant.is_archived(),
            activity,
            name,
            price,
            link: remember.finish(),
        };
        if adopt.is_some() {
            self.plan.adoptions.push(update);
        } else if !update.is_note() || !update.link.is_empty() {
            self.plan.updates.push(update);
        } else if !moved && self.plan.deferred.len() == waiting && not_read.is_empty() {
            self.plan.unchanged += 1;
        }
    }

    /// Notes what was not looked at.
    fn not_evaluated(&mut self, id: &ExternalId, aspects: &[Aspect]) {
        if !aspects.is_empty() {
            self.plan.unevaluated.push(Unevaluated { external_id: id.clone(), aspects: aspects.to_vec() });
        }
    }

    fn new_product(&mut self, product: &ExternalProduct) {
        if product.price_unreadable {
            // The row itself is reported.
            return self.not_evaluated(&product.id, &Aspect::ALL);
        }
        self.not_evaluated(&product.id, &not_read(product, self.assignment));
        if let Some((kind, message)) = cannot_be_created(product, self.odoo, self.policy) {
            self.plan.deferred.push(deferred(product, kind, "price", String::new(), message));
            return;
        }
        let price = real_price(product, self.odoo).map(|said| said.rounded(self.odoo.digits));
        let target = self.assignment.targets.get(&product.id).cloned().flatten();
        self.plan.creations.push(Creation {
            external_id: product.id.clone(),
            name: product.name.clone(),
            price,
            said_price: product.price,
            barcode: target.and_then(|t| product.barcodes.iter().find(|c| c.as_str() == t).cloned()),
            said_barcodes: product.barcodes.iter().map(ToString::to_string).collect(),
            extras: self.assignment.extras.get(&product.id).map(|e| e.add.clone()).unwrap_or_default(),
            relink: self.odoo.links.contains_key(&product.id),
        });
    }

    /// Orders everything.
    fn finish(mut self) {
        for group in &self.assignment.components {
            let moves: Vec<_> = group.iter().filter_map(|id| self.moves.remove(id)).collect();
            if !moves.is_empty() {
                self.plan.moves.push(Component { moves });
            }
        }
        debug_assert!(self.moves.is_empty(), "every move belongs to a component");
        self.robberies();
        settle(self.plan, self.fields.decisions);
    }
}
