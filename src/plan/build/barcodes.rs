//! Barcodes: who sits at the table when they are assigned, and what becomes of the outcome.
//!
//! Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalogue, Choice, CodeKey, DeferredKind, ExternalId, ExternalProduct, Link, OdooState, Variant};

use super::super::action::{BarcodeMove, Component, Deferred, Reason, Settled};
use super::super::assign::{Extras, Seat};
use super::super::decisions::Decisions;
use super::super::explain::explain;
use super::super::identity::{Identity, wakes};
use super::super::lists::Lists;
use super::super::policy::{FieldPolicy, Policy, Scope};
use super::fields::{Remember, taken_over};
use super::{Builder, cannot_be_created, deferred, holds_releases, retires};

/// Why a code that the source does not list stays at a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stays {
    /// It does not.
    No,
    /// A code of the source could not be read: perhaps it is this one.
    Incomplete,
    /// Many barcode rows belong to no product: perhaps to this one.
    Orphans,
    /// A person chose what Odoo has, in an earlier run.
    Kept,
    /// A person chose it, and this run carries it out.
    Chosen,
    /// It was edited, and the policy is that Odoo owns barcodes.
    Policy,
    /// It was edited, and the policy is to ask.
    Ask,
}

fn listed(product: &ExternalProduct) -> Vec<String> {
    product.barcodes.iter().map(ToString::to_string).collect()
}

/// A list that could not be read whole does not replace the one that was.
fn said_changed(product: &ExternalProduct, link: Option<&Link>) -> bool {
    link.is_none_or(|l| l.said_barcodes != listed(product) && !product.barcodes_incomplete)
}

/// The run that made the link ended before the barcode's move, which was to follow: the link remembers the code that Odoo
/// had, and nothing that the source said. (Where Odoo had none either, it looks like any link without codes.)
fn is_half_adopted(link: &Link, variant: &Variant) -> bool {
    link.said_barcodes.is_empty()
        && link.wrote_barcode.is_some()
        && link.wrote_barcode == variant.barcode
        && !link.kept.barcode
}

/// Somebody gave the product another barcode than the one that was written; of a product without a link, any is somebody's.
fn is_edited(link: Option<&Link>, variant: &Variant) -> bool {
    let Some(link) = link else { return variant.barcode.is_some() };
    let by_another = || {
        taken_over(Some(link), variant, |f| f.barcode)
            && variant.sharers.iter().any(|s| s.wrote_barcode == variant.barcode)
    };
    variant.barcode != link.wrote_barcode && !by_another()
}

/// The secondary codes that we wrote, as far as they are there: by runs of other sources too, which owned the product's
/// barcodes before this one, or still do.
pub(super) fn extras_of<'a>(link: Option<&'a Link>, variant: &'a Variant) -> Vec<&'a str> {
    let there: BTreeSet<&str> = variant.packagings.iter().map(String::as_str).collect();
    let mut seen = BTreeSet::new();
    let ours = link.into_iter().flat_map(|l| &l.wrote_extras);
    let all = ours.chain(variant.sharers.iter().flat_map(|s| &s.wrote_extras)).map(String::as_str);
    all.filter(|code| there.contains(code) && seen.insert(*code)).collect()
}

fn stays(
    product: &ExternalProduct,
    variant: &Variant,
    link: Option<&Link>,
    policy: &Policy,
    decisions: &Decisions<'_>,
    hold: bool,
) -> Stays {
    let current = variant.barcode.as_deref();
    if current.is_some_and(|code| product.barcodes.iter().any(|c| c.key() == CodeKey::of(code))) {
        return Stays::No;
    }
    if link.is_some_and(|l| l.kept.barcode) && !said_changed(product, link) {
        return Stays::Kept;
    }
    if product.barcodes_incomplete && current.is_some() {
        return Stays::Incomplete;
    }
    if hold && current.is_some() {
        return Stays::Orphans;
    }
    if !is_edited(link, variant) {
        return Stays::No;
    }
    match policy.barcode {
        FieldPolicy::Source => Stays::No,
        FieldPolicy::Odoo => Stays::Policy,
        FieldPolicy::Ask => match decisions.choice(&product.id, DeferredKind::Drift, "barcode", &value(product)) {
            Some(Choice::Take) => Stays::No,
            Some(Choice::Keep) => Stays::Chosen,
            _ => Stays::Ask,
        },
    }
}

/// What waits when a barcode's drift does: the whole list.
fn value(product: &ExternalProduct) -> String {
    listed(product).join(" ")
}

/// Who sits at the table when barcodes are assigned, and how many are held to what they have for the sake of barcode rows
/// without a product.
pub(super) fn seats<'a>(
    catalogue: &'a Catalogue,
    odoo: &'a OdooState,
    lists: &'a Lists<'a>,
    policy: &Policy,
    scope: &Scope,
    identities: &BTreeMap<&ExternalId, Identity<'a>>,
    decisions: &Decisions<'_>,
) -> (BTreeMap<ExternalId, Seat<'a>>, usize) {
    let mut seats = BTreeMap::new();
    let hold = holds_releases(catalogue, policy);
    let mut held = 0;
    let seat = |id: &ExternalId, variant: Option<&'a Variant>, link: Option<&'a Link>, frozen| Seat {
        product: variant.map(|v| v.id),
        current: variant.and_then(|v| v.barcode.as_deref()),
        claims: lists.read(id),
        remembered: lists.remembered(id),
        // A code that stands in a row which could not be read may come before the others.
        frozen: frozen || !lists.remembered(id).is_empty(),
        unread: !lists.remembered(id).is_empty(),
        extras: variant.map(|v| extras_of(link, v)).unwrap_or_default(),
        packagings: variant.map(|v| v.packagings.as_slice()).unwrap_or_default(),
        ..Seat::default()
    };
    let overruled = |variant: &Variant| policy.precedence.of_barcode(&variant.sharers).is_some();
    for (id, product) in &catalogue.products {
        let mut keeps = |variant: &Variant, link: Option<&Link>| {
            if overruled(variant) {
                return true;
            }
            let stays = stays(product, variant, link, policy, decisions, hold);
            let unlisted = |code: &&str| !product.barcodes.iter().any(|c| c.key() == CodeKey::of(code));
            let loses = || hold && extras_of(link, variant).iter().any(unlisted);
            held += usize::from(scope.contains(id) && (stays == Stays::Orphans || loses()));
            stays != Stays::No
        };
        let seat = match identities.get(id) {
            None => seat(id, None, None, true),
            Some(Identity::Blocked { .. }) => {
                let link = odoo.links.get(id);
                seat(id, link.and_then(|l| l.product.as_ref()), link, true)
            }
            Some(Identity::Linked(link, variant)) => {
                let frozen = link.no_touch || !scope.contains(id) || keeps(variant, Some(*link));
                let seat = seat(id, Some(variant), Some(link), frozen);
                Seat { wakes: scope.contains(id) && wakes(link, variant), overruled: overruled(variant), ..seat }
            }
            Some(Identity::Adopt(variant, _)) => {
                Seat { overruled: overruled(variant), ..seat(id, Some(variant), None, keeps(variant, None)) }
            }
            // A product that is not created now must not take a code from anybody.
            Some(Identity::New) => {
                let waits = product.price_unreadable || cannot_be_created(product, odoo, policy).is_some();
                seat(id, None, None, waits)
            }
        };
        seats.insert(id.clone(), seat);
    }
    for (id, link) in odoo.links.iter().filter(|(id, _)| !catalogue.products.contains_key(*id)) {
        // Another source has it still: its codes are that one's.
        let anothers = |v: &Variant| v.other_company || v.sharers.iter().any(|s| !s.missing);
        let anothers = link.product.as_ref().is_some_and(anothers);
        let unread = lists.is_unread(link);
        let frozen = link.no_touch || !scope.contains(id) || unread || anothers;
        let has = link.product.as_ref().is_some_and(|v| v.barcode.is_some() || !extras_of(Some(link), v).is_empty());
        held += usize::from(hold && has && !frozen && retires(link, policy));
        let frozen = frozen || hold && has;
        let retired = !frozen && retires(link, policy);
        let seat = seat(id, link.product.as_ref(), Some(link), frozen);
        seats.insert(id.clone(), Seat { missing: !unread, retired, unread, ..seat });
    }
    for id in catalogue.unreadable.keys().filter(|id| !odoo.links.contains_key(*id)) {
        seats.insert(id.clone(), Seat { unread: true, ..seat(id, None, None, true) });
    }
    (seats, held)
}

impl Builder<'_, '_> {
    fn taken_reason(&self, id: &ExternalId) -> Option<Reason> {
        self.assignment.taken_by.get(id).map(|by| Reason::ClaimedBy(by.clone()))
    }

    fn push_move(&mut self, change: BarcodeMove) {
        self.moves.insert(change.external_id.clone(), change);
    }

    /// What becomes of the further codes, and what the link remembers of them.
    fn extras(&self, id: &ExternalId) -> (Extras, Option<Vec<String>>) {
        let Some(extras) = self.assignment.extras.get(id) else { return (Extras::default(), None) };
        let removed: BTreeSet<&str> = extras.remove.iter().map(String::as_str).collect();
        let seat = &self.seats[id];
        let stay = seat.extras.iter().filter(|code| !removed.contains(*code));
        let mut after: Vec<String> = stay.map(ToString::to_string).chain(extras.add.iter().cloned()).collect();
        // In the source's order, whichever of them came first.
        let places: BTreeMap<CodeKey, usize> = seat.claims.iter().map(|c| c.key()).zip(0..).collect();
        after.sort_by_cached_key(|code| places.get(&CodeKey::of(code)).copied());
        (extras.clone(), Some(after))
    }

    /// A product that the source no longer has: codes that others list, or all of them when it is archived. `true` if
    /// there is a move.
    pub(super) fn give_up(&mut self, link: &Link, variant: &Variant, archive: bool) -> bool {
        let id = &link.external_id;
        if !self.policy.barcodes {
            return false;
        }
        let target = self.assignment.targets.get(id).cloned().flatten();
        let (extras, wrote_extras) = self.extras(id);
        if target == variant.barcode && extras.is_empty() {
            return false;
        }
        let taken = self.taken_reason(id);
        let reason = if archive { Reason::Missing } else { taken.unwrap_or(Reason::NoLongerListed) };
        self.push_move(BarcodeMove {
            external_id: id.clone(),
            label: link.said_name.clone(),
            product: variant.id,
            old: variant.barcode.clone(),
            new: target,
            said_barcodes: None,
            extras,
            wrote_extras,
            outside: false,
            reason,
        });
        true
    }

    /// Plans a move where the assignment says so; `true` if there is one.
    pub(super) fn barcode(
        &mut self,
        product: &ExternalProduct,
        variant: &Variant,
        link: Option<&Link>,
        remember: &mut Remember,
    ) -> bool {
        if !self.policy.barcodes {
            // What an earlier setting read is forgotten; what Odoo has is not looked at.
            remember.values.said_barcodes = link.filter(|l| !l.said_barcodes.is_empty()).map(|_| Vec::new());
            remember.overruled.barcode = false;
            return false;
        }
        let said_changed = said_changed(product, link);
        remember.overruled.barcode = self.policy.precedence.of_barcode(&variant.sharers).is_some();
        if remember.overruled.barcode {
            remember.kept.barcode = false;
            remember.values.said_barcodes = said_changed.then(|| listed(product));
            return false;
        }
        let stays = stays(product, variant, link, self.policy, self.fields.decisions, self.hold);
        let taken_over = taken_over(link, variant, |f| f.barcode);
        let edited = link.is_some() && is_edited(link, variant);
        let remembered = link.is_some_and(|l| l.wrote_barcode == variant.barcode);
        let target = self.assignment.targets.get(&product.id).cloned().flatten();
        let said_barcodes = said_changed.then(|| listed(product));
        remember.kept.barcode = matches!(stays, Stays::Kept | Stays::Chosen);
        let (extras, wrote_extras) = self.extras(&product.id);
        // One of ours that a person deleted is ours no longer: it may come back as that person's own. One that another
        // source wrote becomes ours.
        let wrote_extras = wrote_extras.or_else(|| {
            let ours = &self.seats[&product.id].extras;
            let before = link.map(|l| l.wrote_extras.as_slice()).unwrap_or_default();
            (!before.iter().eq(ours)).then(|| ours.iter().map(ToString::to_string).collect())
        });
        if target != variant.barcode || !extras.is_empty() {
            let given = target.as_deref().and_then(|t| self.fields.decisions.given.get(&CodeKey::of(t)));
            let adopting = link.is_none_or(|l| is_half_adopted(l, variant));
            let reason = match &target {
                _ if target != variant.barcode && given.is_some_and(|g| g.to == product.id) => Reason::Chosen,
                Some(_) if adopting => Reason::Adopted,
                None if target == variant.barcode && adopting => Reason::Adopted,
                _ if target == variant.barcode => Reason::SourceChanged,
                None => self.taken_reason(&product.id).unwrap_or(match edited && !said_changed && !taken_over {
                    true => Reason::Drift,
                    false => Reason::NoLongerListed,
                }),
                Some(_) if edited && (said_changed || taken_over) => Reason::BothChanged,
                Some(_) if edited => Reason::Drift,
                Some(_) => Reason::SourceChanged,
            };
            if link.is_none() {
                // What the source says is handled once the move is made: see `is_half_adopted`.
                remember.values.wrote_barcode = Some(variant.barcode.clone());
            }
            self.push_move(BarcodeMove {
                external_id: product.id.clone(),
                label: product.name.to_string(),
                product: variant.id,
                old: variant.barcode.clone(),
                new: target,
                said_barcodes,
                extras,
                wrote_extras,
                outside: false,
                reason,
            });
            return true;
        }
        remember.values.said_barcodes = said_barcodes;
        remember.values.wrote_extras = wrote_extras;
        let frozen = self.seats.get(&product.id).is_some_and(|s| s.frozen);
        // What stays because a person or the policy says so was not written by us, and remains an edit; what a person
        // agreed to counts as written.
        if !remembered && (!frozen || stays == Stays::Chosen) {
            remember.values.wrote_barcode = Some(variant.barcode.clone());
        }
        if stays == Stays::Ask {
            let now = variant.barcode.as_deref().unwrap_or("none");
            let message = format!(
                "barcode: Odoo has {now}, edited there; the source does not list it; the policy is to ask, so it stays"
            );
            self.plan.deferred.push(deferred(product, DeferredKind::Drift, "barcode", value(product), message));
        }
        false
    }

    /// Turns what stood in the way of a barcode into deferred actions, and notes where a person settled a clash that the
    /// source still has.
    pub(super) fn obstacles(
        &mut self,
        catalogue: &Catalogue,
        identities: &BTreeMap<&ExternalId, Identity<'_>>,
        scope: &Scope,
    ) {
        let precedence = &self.policy.precedence;
        let waits_already = |id: &ExternalId| match identities.get(id) {
            None | Some(Identity::Blocked { .. }) => true,
            // Of whose barcodes another source is the owner, nothing waits.
            Some(Identity::Linked(link, variant)) => link.no_touch || precedence.of_barcode(&variant.sharers).is_some(),
            Some(Identity::Adopt(variant, _)) => precedence.of_barcode(&variant.sharers).is_some(),
            Some(Identity::New) => false,
        };
        for (id, code, obstacle) in &self.assignment.obstacles {
            let Some(product) = catalogue.products.get(id).filter(|_| !waits_already(id) && scope.contains(id)) else {
                continue;
            };
            let (kind, holder, message) = explain(code, obstacle, self.seats, scope);
            let subject = self.fields.decisions.spelling(id, kind, code);
            let waits = deferred(product, kind, subject, String::new(), message);
            self.plan.deferred.push(Deferred { holder, ..waits });
        }
        for (id, code) in &self.assignment.settled {
            let Some(product) = catalogue.products.get(id).filter(|_| scope.contains(id)) else { continue };
            let message = format!("barcode {code} is listed at several products; a person gave it to this one");
            let subject = self.fields.decisions.spelling(id, DeferredKind::DuplicateClaim, code);
            let waits = deferred(product, DeferredKind::DuplicateClaim, subject, String::new(), message);
            self.plan.deferred.push(Deferred { settled: Some(Settled::Decided), ..waits });
        }
    }

    /// Codes that so many products list that a person is asked once whether they are any, and what was said of them.
    pub(super) fn shared(&mut self, catalogue: &Catalogue, scope: &Scope) {
        let decisions = self.fields.decisions;
        let said = decisions.shared.values().map(|d| (d.external_id.clone(), d.subject.clone(), String::new()));
        let asked = self.assignment.shared.iter().filter(|s| !decisions.shared.contains_key(&s.key)).map(|shared| {
            let some: Vec<&str> = shared.first.iter().map(ExternalId::as_str).collect();
            let more = match shared.count - shared.first.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let code = shared.key.as_str();
            let message = format!(
                "barcode {code} is listed at {} products ({}{more}), and nobody else gets it; choose \"placeholder\" if it stands where there is none, or \"code\" if it is one: then each of them waits for it",
                shared.count,
                some.join(", ")
            );
            (shared.first[0].clone(), code.to_owned(), message)
        });
        for (id, subject, message) in said.chain(asked).filter(|(id, ..)| scope.contains(id)).collect::<Vec<_>>() {
            let label = catalogue.products.get(&id).map(|p| p.name.to_string()).unwrap_or_default();
            let message = if message.is_empty() {
                format!("barcode {subject} was listed at many products; a person said what it is")
            } else {
                message
            };
            self.plan.deferred.push(Deferred {
                external_id: id,
                label,
                kind: DeferredKind::Placeholder,
                subject,
                holder: None,
                candidates: Vec::new(),
                value: String::new(),
                message,
                settled: None,
            });
        }
    }

    /// Products outside the source lose their code first where a person gave it to one of the source's.
    pub(super) fn robberies(&mut self) {
        let of =
            |(at, c): (usize, &Component)| c.moves.iter().map(move |m| (m.external_id.clone(), at)).collect::<Vec<_>>();
        let places: BTreeMap<ExternalId, usize> = match self.assignment.outside.is_empty() {
            true => BTreeMap::new(),
            false => self.plan.moves.iter().enumerate().flat_map(of).collect(),
        };
        for (owner, holder) in &self.assignment.outside {
            let release = BarcodeMove {
                external_id: owner.clone(),
                label: holder.name.clone(),
                product: holder.product,
                old: Some(holder.barcode.clone()),
                new: None,
                said_barcodes: None,
                extras: Extras::default(),
                wrote_extras: None,
                outside: true,
                reason: Reason::Chosen,
            };
            match places.get(owner) {
                Some(at) => self.plan.moves[*at].moves.insert(0, release),
                None => self.plan.moves.push(Component { moves: vec![release] }),
            }
        }
    }
}
