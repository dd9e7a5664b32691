//! Builds the plan: identity, barcode assignment and field comparison put together, product by product.
//!
//! Pure.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::catalog::{
    Catalogue, CodeKey, DeferredKind, ExternalId, ExternalProduct, Link, MatchRule, OdooState, Price, Variant,
};

use super::action::{
    BarcodeMove, Component, Creation, Deferred, LinkValues, Missing, NameChange, OldName, Plan, PriceChange, Reason,
    Update,
};
use super::assign::{Assignment, Seat, assign};
use super::compare::{Facts, Verdict, adopted, three_way};
use super::explain::explain;
use super::identity::{Identity, identify};
use super::policy::{FieldPolicy, NewWithoutPrice, Policy, PriceLimit, Scope};

/// Fills the plan.
pub(super) fn build(plan: &mut Plan, catalogue: &Catalogue, odoo: &OdooState, policy: &Policy, scope: &Scope) {
    let identities = identify(catalogue, odoo, &policy.match_rules, scope);
    let seats = seats(catalogue, odoo, policy, scope, &identities);
    let assignment = assign(&seats, &odoo.holders, policy.max_component);
    let mut builder = Builder { odoo, policy, seats: &seats, assignment: &assignment, plan, moves: BTreeMap::new() };
    for (id, identity) in &identities {
        if scope.contains(id) {
            builder.product(&catalogue.products[*id], identity);
        }
    }
    for (id, link) in odoo.links.iter().filter(|(id, _)| scope.contains(id) && !catalogue.products.contains_key(*id)) {
        builder.absent(link, catalogue.unreadable.contains(id));
    }
    builder.obstacles(catalogue, &identities, scope);
    builder.finish();
}

fn lists(product: &ExternalProduct, code: &str) -> bool {
    let key = CodeKey::of(code);
    product.barcodes.iter().any(|c| c.key() == key)
}

/// Who sits at the table when barcodes are assigned.
fn seats<'a>(
    catalogue: &'a Catalogue,
    odoo: &'a OdooState,
    policy: &Policy,
    scope: &Scope,
    identities: &BTreeMap<&ExternalId, Identity<'a>>,
) -> BTreeMap<ExternalId, Seat<'a>> {
    let mut seats = BTreeMap::new();
    let seat = |variant: Option<&'a Variant>, claims, frozen, missing| Seat {
        product: variant.map(|v| v.id),
        current: variant.and_then(|v| v.barcode.as_deref()),
        claims,
        frozen,
        missing,
    };
    for (id, product) in &catalogue.products {
        let claims = product.barcodes.as_slice();
        // What Odoo has now and the source does not list: may it be taken away?
        let keeps_unlisted = |variant: &Variant, edited: bool| match variant.barcode.as_deref() {
            Some(code) if lists(product, code) => false,
            None if !edited => false,
            current => {
                (product.barcodes_incomplete && current.is_some()) || (policy.barcode != FieldPolicy::Source && edited)
            }
        };
        let seat = match identities.get(id) {
            None => seat(None, claims, true, false),
            Some(Identity::Blocked { .. }) => {
                seat(odoo.links.get(id).and_then(|l| l.product.as_ref()), claims, true, false)
            }
            Some(Identity::Linked(link, variant)) => {
                let edited = variant.barcode != link.wrote_barcode;
                let frozen = link.no_touch || !scope.contains(id) || keeps_unlisted(variant, edited);
                seat(Some(variant), claims, frozen, false)
            }
            Some(Identity::Adopt(variant, _)) => {
                let frozen = keeps_unlisted(variant, variant.barcode.is_some());
                seat(Some(variant), claims, frozen, false)
            }
            // A product that is not created now must not take a code from anybody.
            Some(Identity::New) => seat(None, claims, cannot_be_created(product, odoo, policy).is_some(), false),
        };
        seats.insert(id.clone(), seat);
    }
    for (id, link) in odoo.links.iter().filter(|(id, _)| !catalogue.products.contains_key(*id)) {
        let frozen = link.no_touch || !scope.contains(id) || catalogue.unreadable.contains(id);
        let other_company = link.product.as_ref().is_some_and(|v| v.other_company);
        seats.insert(id.clone(), seat(link.product.as_ref(), &[], frozen || other_company, true));
    }
    seats
}

/// Why a new product has to wait.
fn cannot_be_created(product: &ExternalProduct, odoo: &OdooState, policy: &Policy) -> Option<(DeferredKind, String)> {
    match product.price {
        Some(said) => {
            let too_large = said.rounded(odoo.digits).to_odoo(odoo.digits).err()?;
            Some((DeferredKind::PriceTooLarge, format!("{too_large}; correct it in the source")))
        }
        None if policy.new_without_price == NewWithoutPrice::Unsaleable => None,
        None => {
            let message =
                "new product without a price; it is created once the source has one (or see new_without_price)";
            Some((DeferredKind::NoPrice, message.to_owned()))
        }
    }
}

struct Builder<'a, 'p> {
    odoo: &'a OdooState,
    policy: &'a Policy,
    seats: &'a BTreeMap<ExternalId, Seat<'a>>,
    assignment: &'a Assignment,
    plan: &'p mut Plan,
    moves: BTreeMap<ExternalId, BarcodeMove>,
}

impl Builder<'_, '_> {
    fn defer(&mut self, product: &ExternalProduct, kind: DeferredKind, subject: &str, message: String) {
        self.plan.deferred.push(Deferred {
            external_id: product.id.clone(),
            label: product.name.to_string(),
            kind,
            subject: subject.to_owned(),
            holder: None,
            candidates: Vec::new(),
            message,
        });
    }

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
                self.defer(product, *kind, "", message.clone());
                if let Some(last) = self.plan.deferred.last_mut() {
                    last.candidates.clone_from(candidates);
                }
            }
        }
    }

    /// A linked product that the source no longer has, or cannot be read just now: kept as it is, but for a barcode that
    /// another product lists.
    fn absent(&mut self, link: &Link, unreadable: bool) {
        if link.no_touch || unreadable {
            self.plan.untouched += usize::from(link.no_touch);
            return;
        }
        let Some(variant) = &link.product else { return };
        self.plan.missing.push(Missing { external_id: link.external_id.clone(), label: link.said_name.clone() });
        let target = self.assignment.targets.get(&link.external_id).cloned().flatten();
        if target != variant.barcode {
            let reason = self.taken_reason(&link.external_id).unwrap_or(Reason::NoLongerListed);
            self.push_move(&link.external_id, &link.said_name, variant, target, None, reason);
        }
    }

    fn taken_reason(&self, id: &ExternalId) -> Option<Reason> {
        self.assignment.taken_by.get(id).map(|by| Reason::ClaimedBy(by.clone()))
    }

    fn push_move(
        &mut self,
        id: &ExternalId,
        label: &str,
        variant: &Variant,
        new: Option<String>,
        said_barcodes: Option<Vec<String>>,
        reason: Reason,
    ) {
        let change = BarcodeMove {
            external_id: id.clone(),
            label: label.to_owned(),
            product: variant.id,
            old: variant.barcode.clone(),
            new,
            said_barcodes,
            reason,
        };
        self.moves.insert(id.clone(), change);
    }

    fn existing(
        &mut self,
        product: &ExternalProduct,
        variant: &Variant,
        link: Option<&Link>,
        adopt: Option<MatchRule>,
    ) {
        let waiting = self.plan.deferred.len();
        let mut values = LinkValues::default();
        let name = self.name(product, variant, link, &mut values);
        let price = self.price(product, variant, link, &mut values);
        let moved = self.barcode(product, variant, link, &mut values);
        let update = Update {
            external_id: product.id.clone(),
            label: product.name.to_string(),
            product: variant.id,
            template: variant.template,
            adopt,
            archived: !variant.active,
            name,
            price,
            link: values,
        };
        if adopt.is_some() {
            self.plan.adoptions.push(update);
        } else if !update.is_note() || !update.link.is_empty() {
            self.plan.updates.push(update);
        } else if !moved && self.plan.deferred.len() == waiting {
            self.plan.unchanged += 1;
        }
    }

    fn name(
        &mut self,
        product: &ExternalProduct,
        variant: &Variant,
        link: Option<&Link>,
        values: &mut LinkValues,
    ) -> Option<NameChange> {
        let want = product.name.as_str();
        let same = variant.names.iter().all(|n| n == want);
        let said_changed = link.is_none_or(|l| l.said_name != want);
        let verdict = match link {
            None => adopted(same, self.policy.name),
            Some(link) => {
                let odoo_edited = variant.names.iter().any(|n| *n != link.wrote_name);
                three_way(Facts { same, source_changed: said_changed, odoo_edited }, self.policy.name)
            }
        };
        let mut handled = |wrote: bool| {
            values.said_name = said_changed.then(|| want.to_owned());
            values.wrote_name = (wrote && link.is_none_or(|l| l.wrote_name != want)).then(|| want.to_owned());
        };
        match verdict {
            Verdict::Same => handled(true),
            Verdict::Leave => handled(false),
            Verdict::Ask => {
                let now = variant.names.join(" / ");
                let message = format!(
                    "name: Odoo has {now:?}, edited there; the source says {want:?}; the policy is to ask, so it stays"
                );
                self.defer(product, DeferredKind::Drift, "name", message);
            }
            Verdict::Write(_) if variant.siblings > 0 => self.shared_template(product, variant, "name", want),
            Verdict::Write(reason) => {
                handled(true);
                let names = self.odoo.languages.iter().zip(&variant.names).filter(|(_, n)| *n != want);
                let old = names.map(|(l, n)| OldName { language: l.clone(), name: n.clone() }).collect();
                return Some(NameChange { old, new: product.name.clone(), reason });
            }
        }
        None
    }

    fn shared_template(&mut self, product: &ExternalProduct, variant: &Variant, field: &str, want: &str) {
        let message = format!(
            "{field} {want:?}: product {} has {} more variants that share its {field}; change it on the product in Odoo, or link a product without variants",
            variant.id, variant.siblings
        );
        self.defer(product, DeferredKind::SharedTemplate, field, message);
    }

    fn price(
        &mut self,
        product: &ExternalProduct,
        variant: &Variant,
        link: Option<&Link>,
        values: &mut LinkValues,
    ) -> Option<PriceChange> {
        let said = product.price?;
        let digits = self.odoo.digits;
        let want = said.rounded(digits);
        let now = variant.rounded_price(digits);
        let same = now == Some(want);
        let said_changed = link.is_none_or(|l| l.said_price != Some(said));
        let verdict = match link {
            None => adopted(same, self.policy.price),
            Some(link) => {
                // What is no price of ours (negative) was not written by us, even if we never wrote one.
                let odoo_edited = now.is_none() || now != link.wrote_price.map(|p| p.rounded(digits));
                three_way(Facts { same, source_changed: said_changed, odoo_edited }, self.policy.price)
            }
        };
        let mut handled = |wrote: bool| {
            values.said_price = said_changed.then_some(said);
            values.wrote_price = (wrote && link.is_none_or(|l| l.wrote_price != Some(want))).then_some(want);
        };
        match verdict {
            Verdict::Same => handled(true),
            Verdict::Leave => handled(false),
            Verdict::Ask => {
                let message = format!(
                    "price: Odoo has {}, edited there; the source says {want}; the policy is to ask, so it stays",
                    variant.price
                );
                self.defer(product, DeferredKind::Drift, "price", message);
            }
            Verdict::Write(reason) => {
                if let Err(e) = want.to_odoo(digits) {
                    self.defer(product, DeferredKind::PriceTooLarge, "price", format!("{e}; correct it in the source"));
                } else if variant.siblings > 0 {
                    self.shared_template(product, variant, "price", &want.to_string());
                } else if let Some(message) = self.jump(now, want).filter(|_| reason != Reason::Drift) {
                    // Putting back what we wrote before is no news from the source.
                    self.defer(product, DeferredKind::PriceJump, "price", message);
                } else {
                    handled(true);
                    return Some(PriceChange { old: variant.price.clone(), new: want, reason });
                }
            }
        }
        None
    }

    /// Does the price move further than one run may move it?
    fn jump(&self, now: Option<Price>, want: Price) -> Option<String> {
        let old = now.filter(|p| !p.is_zero())?;
        if self.policy.allow.price_change {
            return None;
        }
        let PriceLimit { percent, amount } = self.policy.max_price_change;
        let moved = (want.decimal() - old.decimal()).abs();
        // By division: a product of two large decimals could overflow.
        let share = moved.checked_div(old.decimal()).and_then(|s| s.checked_mul(Decimal::ONE_HUNDRED));
        let far = moved > amount && share.is_none_or(|s| s > percent);
        (far || want.is_zero()).then(|| {
            let shown = share.map_or_else(|| "far".to_owned(), |s| format!("{} %", s.round_dp(1).normalize()));
            format!("price {old} → {want} moves by {shown}; let it through with --allow-price-change, or correct it in the source")
        })
    }

    /// Plans a move where the assignment says so; `true` if there is one.
    fn barcode(
        &mut self,
        product: &ExternalProduct,
        variant: &Variant,
        link: Option<&Link>,
        values: &mut LinkValues,
    ) -> bool {
        let listed: Vec<String> = product.barcodes.iter().map(ToString::to_string).collect();
        // A list that could not be read whole does not replace the one that was.
        let said_changed = link.is_none_or(|l| l.said_barcodes != listed && !product.barcodes_incomplete);
        let edited = link.is_some_and(|l| l.wrote_barcode != variant.barcode);
        let target = self.assignment.targets.get(&product.id).cloned().flatten();
        let said_barcodes = said_changed.then_some(listed);
        if target != variant.barcode {
            let reason = match (link, &target) {
                (None, Some(_)) => Reason::Adopted,
                (_, None) => self.taken_reason(&product.id).unwrap_or(match edited && !said_changed {
                    true => Reason::Drift,
                    false => Reason::NoLongerListed,
                }),
                (Some(_), Some(_)) if edited && said_changed => Reason::BothChanged,
                (Some(_), Some(_)) if edited => Reason::Drift,
                (Some(_), Some(_)) => Reason::SourceChanged,
            };
            if link.is_none() {
                values.said_barcodes.clone_from(&said_barcodes);
                values.wrote_barcode = Some(variant.barcode.clone());
            }
            self.push_move(&product.id, product.name.as_str(), variant, target, said_barcodes, reason);
            return true;
        }
        values.said_barcodes = said_barcodes;
        let frozen = self.seats.get(&product.id).is_some_and(|s| s.frozen);
        // What stays because a person or the policy says so was not written by us, and remains an edit.
        if (link.is_none() || edited) && !frozen {
            values.wrote_barcode = Some(variant.barcode.clone());
        }
        if frozen && self.policy.barcode == FieldPolicy::Ask && !product.barcodes_incomplete {
            let now = variant.barcode.as_deref().unwrap_or("none");
            let message = format!(
                "barcode: Odoo has {now}, edited there; the source does not list it; the policy is to ask, so it stays"
            );
            self.defer(product, DeferredKind::Drift, "barcode", message);
        }
        false
    }

    fn new_product(&mut self, product: &ExternalProduct) {
        if let Some((kind, message)) = cannot_be_created(product, self.odoo, self.policy) {
            return self.defer(product, kind, "price", message);
        }
        let price = product.price.map(|said| (said.rounded(self.odoo.digits), said));
        let target = self.assignment.targets.get(&product.id).cloned().flatten();
        self.plan.creations.push(Creation {
            external_id: product.id.clone(),
            name: product.name.clone(),
            price,
            barcode: target.and_then(|t| product.barcodes.iter().find(|c| c.as_str() == t).cloned()),
            said_barcodes: product.barcodes.iter().map(ToString::to_string).collect(),
        });
    }

    /// Turns what stood in the way of a barcode into deferred actions.
    fn obstacles(&mut self, catalogue: &Catalogue, identities: &BTreeMap<&ExternalId, Identity<'_>>, scope: &Scope) {
        for (id, code, obstacle) in &self.assignment.obstacles {
            let waits_already = match identities.get(id) {
                None | Some(Identity::Blocked { .. }) => true,
                Some(Identity::Linked(link, _)) => link.no_touch,
                Some(Identity::Adopt(..) | Identity::New) => false,
            };
            let Some(product) = catalogue.products.get(id).filter(|_| !waits_already && scope.contains(id)) else {
                continue;
            };
            let (kind, holder, message) = explain(code, obstacle, self.seats, scope);
            self.defer(product, kind, code, message);
            if let Some(last) = self.plan.deferred.last_mut() {
                last.holder = holder;
            }
        }
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
        self.plan
            .deferred
            .sort_by(|a, b| (&a.external_id, a.kind, &a.subject).cmp(&(&b.external_id, b.kind, &b.subject)));
    }
}
