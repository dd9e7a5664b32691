//! Plans the undoing of a run: prices, names and barcodes go back to what they were, where nobody has changed them since.
//!
//! Pure. A plan like any other; what it restores counts as chosen by a person, so that the next import leaves it until the
//! source says something else.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{
    Barcode, Catalogue, Change, ChangedField, CodeKey, DeferredKind, ExternalId, FieldSet, Link, OdooState, Precedence,
    Price, ProductName, Sharer, SourceName, Variant,
};

use super::action::{
    BarcodeMove, Component, Deferred, LanguageName, LinkValues, NameChange, Plan, PriceChange, Reason, Update,
};
use super::assign::{Extras, Rules, Seat, assign};
use super::build;
use super::explain::explain;
use super::policy::{Policy, Scope};

/// The codes, in all spellings, whose holders must be known before a revert can be planned.
#[must_use]
pub fn codes_to_restore(changes: &[Change]) -> BTreeSet<String> {
    changes
        .iter()
        .filter(|c| is_barcode(c))
        .filter_map(|c| parsed(c.old.as_deref()?))
        .flat_map(|c| c.spellings())
        .collect()
}

fn is_barcode(change: &Change) -> bool {
    change.field == ChangedField::Barcode && !change.further
}

/// What stood in Odoo, as far as it is a barcode by our rules; a person may have typed anything.
fn parsed(code: &str) -> Option<Barcode> {
    Barcode::parse(code).ok().flatten()
}

/// Plans to undo `changes`, which one run made. `odoo` holds the links of their products and the holders of
/// [`codes_to_restore`].
pub fn plan_revert(
    source: &SourceName,
    run: &str,
    changes: &[Change],
    odoo: &OdooState,
    policy: &Policy,
    scope: &Scope,
) -> Plan {
    let mut plan = build::empty(source, &Catalogue::default(), odoo, scope);
    let mut by_product: BTreeMap<ExternalId, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        if let Ok(id) = ExternalId::parse(&change.external_id)
            && scope.contains(&id)
        {
            by_product.entry(id).or_default().push(change);
        }
    }
    let mut revert = Revert {
        run,
        odoo,
        precedence: &policy.precedence,
        plan: &mut plan,
        codes: BTreeMap::new(),
        kept: BTreeMap::new(),
    };
    for (id, lines) in &by_product {
        revert.product(id, lines);
    }
    revert.strangers(changes);
    revert.barcodes(policy.max_component);
    revert.finish();
    plan
}

struct Revert<'a, 'p> {
    run: &'a str,
    odoo: &'a OdooState,
    precedence: &'a Precedence,
    plan: &'p mut Plan,
    /// The barcode that each product had, for those that get it back.
    codes: BTreeMap<ExternalId, Option<Barcode>>,
    kept: BTreeMap<ExternalId, FieldSet>,
}

impl<'a> Revert<'a, '_> {
    fn reason(&self) -> Reason {
        Reason::Reverted(self.run.to_owned())
    }

    fn not_undone(&mut self, id: &ExternalId, label: &str, subject: &str, message: String) {
        self.plan.deferred.push(Deferred {
            external_id: id.clone(),
            label: label.to_owned(),
            kind: DeferredKind::NotUndone,
            subject: subject.to_owned(),
            holder: None,
            candidates: Vec::new(),
            value: String::new(),
            message,
            settled: None,
        });
    }

    fn product(&mut self, id: &ExternalId, lines: &[&Change]) {
        let label = self.odoo.links.get(id).map_or_else(String::new, |link| link.said_name.clone());
        let linked = self.odoo.links.get(id).and_then(|link| Some((link, link.product.as_ref()?)));
        let Some((link, variant)) = linked else {
            let message = "its link or its product was deleted in Odoo since".to_owned();
            return self.not_undone(id, &label, "product", message);
        };
        if link.no_touch {
            return self.not_undone(id, &label, "product", "it is marked not to be touched".to_owned());
        }
        if lines.iter().any(|line| line.cause == "created") {
            let message = format!(
                "the run created product {}; nothing is ever deleted: archive it in Odoo if it should not be there",
                variant.id
            );
            return self.not_undone(id, &label, "product", message);
        }
        let owners = [
            (ChangedField::Name, "name", self.precedence.of_name(&variant.sharers)),
            (ChangedField::Price, "price", self.precedence.of_price(&variant.sharers)),
            (ChangedField::Barcode, "barcode", self.precedence.of_barcode(&variant.sharers)),
        ];
        for (field, word, owner) in owners {
            if let Some(Sharer { source, .. }) = owner.filter(|_| lines.iter().any(|line| line.field == field)) {
                let message = format!("source {source} owns the {word} of product {} now; it stays", variant.id);
                self.not_undone(id, &label, word, message);
            }
        }
        let ours = |line: &&&Change| owners.iter().all(|(field, _, owner)| *field != line.field || owner.is_none());
        let lines: Vec<&Change> = lines.iter().filter(ours).copied().collect();
        let lines = lines.as_slice();
        let mut kept = link.kept;
        let name = self.name(id, lines, link, variant, &mut kept);
        let price = self.price(id, lines, variant, &mut kept);
        for line in lines.iter().filter(|line| is_barcode(line)) {
            if line.new != variant.barcode && line.old == variant.barcode && variant.barcode == link.wrote_barcode {
                // An undoing that was cut short came as far as this: without the note, the next import would take it back.
                kept.barcode = true;
            } else if line.new != variant.barcode {
                self.changed_since(id, &label, "barcode", variant.barcode.as_deref().unwrap_or("none"));
            } else if line.cause == Reason::Missing.code() && !variant.active {
                // Up to Odoo 15 an archived product would keep others from its code, unseen.
                let message = "it was archived and gave its barcode up; reactivate it in Odoo first".to_owned();
                self.not_undone(id, &label, "barcode", message);
            } else if line.old.as_deref().is_some_and(|code| parsed(code).is_none()) {
                let message = format!("{:?}, which it had, is no barcode", line.old.as_deref().unwrap_or_default());
                self.not_undone(id, &label, "barcode", message);
            } else {
                self.codes.insert(id.clone(), line.old.as_deref().and_then(parsed));
            }
        }
        for line in lines.iter().filter(|line| line.further) {
            let code = line.new.as_deref().or(line.old.as_deref()).unwrap_or_default();
            let message = format!("further barcode {code} is not undone: they follow the source");
            self.not_undone(id, &label, code, message);
        }
        if name.is_some() || price.is_some() {
            let values = LinkValues {
                wrote_name: name.as_ref().and_then(|n| n.languages.first()).map(|l| l.new.to_string()),
                wrote_price: price.as_ref().map(|p| p.new),
                ..LinkValues::default()
            };
            self.plan.updates.push(update(link, variant, name, price, values));
        }
        self.kept.insert(id.clone(), kept);
    }

    /// Products outside the source, which lost a code because a person gave it away, do not get it back: nothing tells
    /// that they are still what they were.
    fn strangers(&mut self, changes: &[Change]) {
        let mut lost =
            changes.iter().filter(|c| is_barcode(c) && c.external_id.is_empty() && c.new.is_none()).peekable();
        if lost.peek().is_none() {
            return;
        }
        let mut gained: BTreeMap<CodeKey, ExternalId> = BTreeMap::new();
        for change in changes {
            if let (Some(code), Ok(id)) = (change.new.as_deref(), ExternalId::parse(&change.external_id)) {
                gained.entry(CodeKey::of(code)).or_insert(id);
            }
        }
        for lost in lost {
            let Some(code) = lost.old.as_deref() else { continue };
            let to = gained.get(&CodeKey::of(code)).cloned();
            let Some(id) = to.filter(|id| self.kept.contains_key(id)) else { continue };
            let label = self.odoo.links[&id].said_name.clone();
            let message = format!(
                "barcode {code} was taken from a product outside the source, which does not get it back; give it by hand in Odoo"
            );
            self.not_undone(&id, &label, code, message);
        }
    }

    fn changed_since(&mut self, id: &ExternalId, label: &str, field: &str, now: &str) {
        let message = format!("the {field} is {now} now: a person or a later run has changed it since; it stays");
        self.not_undone(id, label, field, message);
    }

    fn name(
        &mut self,
        id: &ExternalId,
        lines: &[&Change],
        link: &Link,
        variant: &Variant,
        kept: &mut FieldSet,
    ) -> Option<NameChange> {
        let mut languages = Vec::new();
        for line in lines.iter().filter(|line| line.field == ChangedField::Name) {
            let at = self.odoo.languages.iter().position(|l| Some(l) == line.language.as_ref());
            let now = at.and_then(|at| variant.names.get(at));
            let old = line.old.as_deref().and_then(|old| ProductName::parse(old).ok());
            match (now, old) {
                (Some(now), Some(old)) if line.new.as_ref() == Some(now) => languages.push(LanguageName {
                    language: line.language.clone().unwrap_or_default(),
                    old: now.clone(),
                    new: old,
                }),
                (now, _) => {
                    let now =
                        now.map_or_else(|| "in a language that is not configured".to_owned(), |n| format!("{n:?}"));
                    self.changed_since(id, &link.said_name, "name", &now);
                }
            }
        }
        kept.name |= !languages.is_empty();
        (!languages.is_empty()).then(|| NameChange { languages, reason: self.reason() })
    }

    fn price(
        &mut self,
        id: &ExternalId,
        lines: &[&Change],
        variant: &Variant,
        kept: &mut FieldSet,
    ) -> Option<PriceChange> {
        let line = lines.iter().find(|line| line.field == ChangedField::Price)?;
        let digits = self.odoo.digits;
        let parse =
            |text: &Option<String>| text.as_deref().and_then(|t| Price::parse(t).ok()).map(|p| p.rounded(digits));
        let (now, new) = (variant.rounded_price(digits), parse(&line.new));
        match parse(&line.old) {
            Some(old) if now.is_some() && now == new && old.to_odoo(digits).is_ok() => {
                kept.price = true;
                Some(PriceChange { old: variant.price.clone(), new: old, reason: self.reason() })
            }
            _ => {
                let label = self.odoo.links[id].said_name.clone();
                self.changed_since(id, &label, "price", &variant.price);
                None
            }
        }
    }

    /// Barcodes go back together, so that a swap is undone as it was done: releases before assignments.
    fn barcodes(&mut self, max_component: usize) {
        let claims: BTreeMap<&ExternalId, Vec<Barcode>> =
            self.codes.iter().map(|(id, code)| (id, code.iter().cloned().collect())).collect();
        let none: Vec<Barcode> = Vec::new();
        let mut seats: BTreeMap<ExternalId, Seat<'_>> = BTreeMap::new();
        for (id, link) in &self.odoo.links {
            let Some(variant) = &link.product else { continue };
            seats.insert(
                id.clone(),
                Seat {
                    product: Some(variant.id),
                    current: variant.barcode.as_deref(),
                    claims: claims.get(id).unwrap_or(&none),
                    frozen: !claims.contains_key(id),
                    ..Seat::default()
                },
            );
        }
        let given = BTreeMap::new();
        let done = assign(
            &seats,
            &self.odoo.holders,
            Rules {
                max_component,
                extras: false,
                hold: false,
                given: &given,
                placeholder: &|_| false,
                shared: &|_, _| false,
                reserved: &|_| false,
            },
        );
        let mut moves: BTreeMap<ExternalId, BarcodeMove> = BTreeMap::new();
        for (id, seat) in &seats {
            let target = done.targets.get(id).cloned().flatten();
            let link = &self.odoo.links[id];
            let Some(variant) = link.product.as_ref().filter(|_| target.as_deref() != seat.current) else { continue };
            moves.insert(
                id.clone(),
                BarcodeMove {
                    external_id: id.clone(),
                    label: link.said_name.clone(),
                    product: variant.id,
                    old: variant.barcode.clone(),
                    new: target,
                    said_barcodes: None,
                    extras: Extras::default(),
                    wrote_extras: None,
                    outside: false,
                    reason: self.reason(),
                },
            );
        }
        let mut hung: Vec<(ExternalId, String, String)> = Vec::new();
        let mut told_already: BTreeSet<ExternalId> = done.obstacles.iter().map(|(id, ..)| id.clone()).collect();
        for group in &done.components {
            let group: Vec<_> = group.iter().filter_map(|id| moves.remove(id)).collect();
            // A code that cannot come back is no reason to take the present one away, nor to leave it to those who would
            // get it back: what hangs together stays as it is.
            let stuck = |m: &BarcodeMove| m.new.is_none() && !seats[&m.external_id].claims.is_empty();
            if let Some(stuck) = group.iter().find(|m| stuck(m)).map(|m| m.external_id.clone()) {
                for one in group.into_iter().filter(|m| told_already.insert(m.external_id.clone())) {
                    let message = format!("its barcode hangs together with that of {stuck}, which cannot come back");
                    hung.push((one.external_id, "barcode".to_owned(), message));
                }
            } else if !group.is_empty() {
                self.plan.moves.push(Component { moves: group });
            }
        }
        let all = Scope::All;
        let told: Vec<_> = done
            .obstacles
            .iter()
            .map(|(id, code, obstacle)| (id.clone(), code.clone(), explain(code, obstacle, &seats, &all).2))
            .collect();
        for (id, code, message) in told.into_iter().chain(hung) {
            let label = self.odoo.links[&id].said_name.clone();
            self.not_undone(&id, &label, &code, message);
        }
    }

    /// What was restored counts as chosen, until the source says something else.
    fn finish(self) {
        let Self { odoo, plan, mut kept, .. } = self;
        for id in plan.barcode_moves().map(|m| m.external_id.clone()) {
            kept.entry(id).or_default().barcode = true;
        }
        // Products were gone through in the order of their ids.
        let restored = plan.updates.len();
        for (id, kept) in kept {
            let link = &odoo.links[&id];
            let Some(variant) = link.product.as_ref().filter(|_| kept != link.kept) else { continue };
            match plan.updates[..restored].binary_search_by(|u| u.external_id.cmp(&id)) {
                Ok(at) => plan.updates[at].link.kept = Some(kept),
                Err(_) => {
                    let values = LinkValues { kept: Some(kept), ..LinkValues::default() };
                    plan.updates.push(update(link, variant, None, None, values));
                }
            }
        }
        plan.updates.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        plan.deferred.sort_by(|a, b| (&a.external_id, a.kind, &a.subject).cmp(&(&b.external_id, b.kind, &b.subject)));
    }
}

fn update(
    link: &Link,
    variant: &Variant,
    name: Option<NameChange>,
    price: Option<PriceChange>,
    values: LinkValues,
) -> Update {
    Update {
        external_id: link.external_id.clone(),
        label: link.said_name.clone(),
        product: variant.id,
        template: variant.template,
        adopt: None,
        archived: variant.is_archived(),
        activity: None,
        name,
        price,
        link: values,
    }
}
