//! Which Odoo product an external product is: its link, a recognised existing product, or a new one. Never a guess.
//!
//! Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Candidate, Catalogue, CodeKey, ExternalId, Link, MatchRule, OdooState, ProductId, Variant};

use super::action::DeferredKind;
use super::policy::Scope;

/// What to ask Odoo before planning, beyond the links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Questions {
    /// Products without a link, with the values that the match rules look for.
    pub unlinked: Vec<Unlinked>,
    /// Barcodes, in all their spellings, whose holders must be known.
    pub codes: BTreeSet<String>,
}

/// A product without a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlinked {
    /// Its external id, which is also its internal reference under [`MatchRule::DefaultCode`].
    pub id: ExternalId,
    /// Its name.
    pub name: String,
    /// Its barcodes, in all their spellings.
    pub codes: Vec<String>,
}

/// Decides what to ask: candidates for products without a link, and the holders of every code that a product lists while
/// it has none of them. A product that has one of its codes keeps it, so nobody else matters.
#[must_use]
pub fn questions(catalogue: &Catalogue, links: &BTreeMap<ExternalId, Link>, scope: &Scope) -> Questions {
    let mut out = Questions::default();
    for (id, product) in &catalogue.products {
        let spellings = || product.barcodes.iter().flat_map(|c| c.spellings());
        match links.get(id) {
            None if scope.contains(id) => out.unlinked.push(Unlinked {
                id: id.clone(),
                name: product.name.as_str().to_owned(),
                codes: spellings().collect(),
            }),
            None => {}
            Some(link) => {
                let current = link.product.as_ref().and_then(Variant::code_key);
                if current.is_some_and(|key| product.barcodes.iter().any(|c| c.key() == key)) {
                    continue;
                }
            }
        }
        out.codes.extend(spellings());
    }
    out
}

/// Where an external product stands in Odoo.
#[derive(Debug, Clone)]
pub(super) enum Identity<'a> {
    /// Linked to a living variant.
    Linked(&'a Link, &'a Variant),
    /// Recognised by a rule.
    Adopt(&'a Variant, MatchRule),
    /// To be created.
    New,
    /// Nobody can tell, or it must not be told: waits.
    Blocked { kind: DeferredKind, candidates: Vec<ProductId>, message: String },
}

/// Identifies every readable product of the source that the run works on, or that has a link.
pub(super) fn identify<'a>(
    catalogue: &'a Catalogue,
    odoo: &'a OdooState,
    rules: &[MatchRule],
    scope: &Scope,
) -> BTreeMap<&'a ExternalId, Identity<'a>> {
    let mut claims: BTreeMap<CodeKey, usize> = BTreeMap::new();
    for code in catalogue.products.values().flat_map(|p| &p.barcodes) {
        *claims.entry(code.key()).or_default() += 1;
    }
    let mut out: BTreeMap<&ExternalId, Identity<'_>> = BTreeMap::new();
    let mut claimed_by: BTreeMap<ProductId, Vec<&ExternalId>> = BTreeMap::new();
    for id in catalogue.products.keys() {
        let identity = match odoo.links.get(id) {
            Some(link) => linked(link),
            None if !scope.contains(id) => continue,
            None => recognise(id, odoo, rules, &claims),
        };
        if let Identity::Adopt(variant, _) = &identity {
            claimed_by.entry(variant.id).or_default().push(id);
        }
        out.insert(id, identity);
    }
    for (product, ids) in claimed_by.into_iter().filter(|(_, ids)| ids.len() > 1) {
        for id in &ids {
            let others: Vec<_> = ids.iter().filter(|o| *o != id).map(ToString::to_string).collect();
            let message = format!(
                "product {product} of Odoo would be adopted by {} as well; nothing is linked or created until one of them is linked by hand or the source tells them apart",
                others.join(", ")
            );
            out.insert(
                id,
                Identity::Blocked { kind: DeferredKind::AmbiguousMatch, candidates: vec![product], message },
            );
        }
    }
    out
}

fn linked(link: &Link) -> Identity<'_> {
    let blocked = |kind, message: &str| Identity::Blocked { kind, candidates: Vec::new(), message: message.to_owned() };
    match &link.product {
        None => blocked(
            DeferredKind::ProductGone,
            "the linked product was deleted in Odoo; choose another product on the link, or delete the link to have the product created again",
        ),
        Some(variant) if variant.other_company => blocked(
            DeferredKind::OtherCompany,
            "the linked product was given to another company; give it back, or link another product",
        ),
        Some(variant) => Identity::Linked(link, variant),
    }
}

fn recognise<'a>(
    id: &ExternalId,
    odoo: &'a OdooState,
    rules: &[MatchRule],
    claims: &BTreeMap<CodeKey, usize>,
) -> Identity<'a> {
    let all: &[Candidate] = odoo.candidates.get(id).map(Vec::as_slice).unwrap_or_default();
    for rule in rules {
        let found: BTreeMap<ProductId, &Variant> =
            all.iter().filter(|c| c.rule == *rule && !c.linked).map(|c| (c.variant.id, &c.variant)).collect();
        let ids = || found.keys().copied().collect();
        let mut variants = found.values();
        match (variants.next(), variants.next()) {
            (None, _) => {}
            (Some(one), None) if one.other_company => {
                let message = format!(
                    "product {} of another company matches by {}; nothing is linked or created, so that no product exists twice: link it by hand, or change the match rules",
                    one.id,
                    rule.code()
                );
                return Identity::Blocked { kind: DeferredKind::OtherCompany, candidates: ids(), message };
            }
            (Some(one), None) => {
                let contested = *rule == MatchRule::Barcode
                    && one.code_key().and_then(|key| claims.get(&key)).is_some_and(|claimants| *claimants > 1);
                if contested {
                    let message = format!(
                        "product {} of Odoo matches by a barcode that the source lists at several products; nothing is linked or created until the source lists it once",
                        one.id
                    );
                    return Identity::Blocked { kind: DeferredKind::AmbiguousMatch, candidates: ids(), message };
                }
                return Identity::Adopt(one, *rule);
            }
            (Some(_), Some(_)) => {
                let names: Vec<_> = found.keys().map(ToString::to_string).collect();
                let message = format!(
                    "{} products of Odoo match by {} ({}); nothing is linked or created until only one is left or one is linked by hand",
                    found.len(),
                    rule.code(),
                    names.join(", ")
                );
                return Identity::Blocked { kind: DeferredKind::AmbiguousMatch, candidates: ids(), message };
            }
        }
    }
    Identity::New
}
