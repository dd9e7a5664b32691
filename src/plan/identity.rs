//! Which Odoo product an external product is: its link, a recognised existing product, or a new one. Never a guess.
//!
//! Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::barcode::clean;
use crate::catalog::scannable::readings;
use crate::catalog::{
    Barcode, Candidate, Catalogue, Choice, CodeKey, Decision, DeferredKind, ExternalId, Link, MatchRule, OdooState,
    ProductId, Variant,
};

use super::decisions::Decisions;
use super::lists::Lists;
use super::policy::{Policy, Scope};

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
    /// Its name; empty when it could not be read.
    pub name: String,
    /// Its barcodes, in all their spellings.
    pub codes: Vec<String>,
}

/// Decides what to ask: candidates for products without a link, and the holders of every code that a product lists while
/// it has none of them. A product that has one of its codes keeps it, so nobody else matters, unless blanks around it are
/// to be mended, it is archived and comes back (whatever it has), a person gave one of its codes to somebody, or its further codes are to scan too (`extras`): then those that it has not yet are asked for. Products
/// out of scope get nothing, so nothing is asked for them, but for rows that cannot be read: what these would find is kept for them.
#[must_use]
pub fn questions(
    catalogue: &Catalogue,
    links: &BTreeMap<ExternalId, Link>,
    decisions: &[Decision],
    scope: &Scope,
    extras: bool,
) -> Questions {
    let mut out = Questions::default();
    let given = decisions.iter().filter(|d| d.choice == Choice::Give && scope.contains(&d.external_id));
    let mut moving: BTreeSet<CodeKey> = BTreeSet::new();
    for code in given.filter_map(|d| Barcode::parse(&d.subject).ok().flatten()) {
        out.codes.extend(code.spellings());
        moving.insert(code.key());
    }
    // What is read of a row that is unreadable may recognise a product of Odoo, which nobody else is to have then.
    for (id, known) in catalogue.unreadable.iter().filter(|(id, _)| !links.contains_key(*id)) {
        let codes = recognising(&known.barcodes);
        out.unlinked.push(Unlinked { id: id.clone(), name: String::new(), codes });
    }
    for (id, product) in &catalogue.products {
        let spellings = || product.barcodes.iter().flat_map(|c| c.spellings());
        if !scope.contains(id) {
            continue;
        }
        match links.get(id) {
            None => out.unlinked.push(Unlinked {
                id: id.clone(),
                name: product.name.as_str().to_owned(),
                codes: recognising(product.barcodes.iter().chain(&product.meant)),
            }),
            Some(link) => {
                let current = link.product.as_ref().and_then(|v| v.barcode.as_deref()).filter(|c| clean(c) == *c);
                let wakes = link.product.as_ref().is_some_and(|v| wakes(link, v));
                let own = current.filter(|_| wakes).and_then(|code| Barcode::parse(code).ok().flatten());
                out.codes.extend(own.iter().flat_map(Barcode::spellings));
                let current = current.map(CodeKey::of).filter(|key| product.barcodes.iter().any(|c| c.key() == *key));
                if let Some(current) =
                    current.filter(|_| !wakes && !product.barcodes.iter().any(|c| moving.contains(&c.key())))
                {
                    let packagings = link.product.iter().flat_map(|v| &v.packagings).map(|c| CodeKey::of(c));
                    let present: BTreeSet<CodeKey> = packagings.chain([current]).collect();
                    let absent = product.barcodes.iter().filter(|c| extras && !present.contains(&c.key()));
                    out.codes.extend(absent.flat_map(|c| c.spellings()));
                    continue;
                }
            }
        }
        out.codes.extend(spellings());
    }
    out
}

/// What these codes recognise an existing product by.
fn recognising<'a>(codes: impl IntoIterator<Item = &'a Barcode> + Clone) -> Vec<String> {
    let spellings = codes.clone().into_iter().flat_map(Barcode::spellings);
    spellings.chain(codes.into_iter().filter_map(Barcode::without_zeros).map(str::to_owned)).collect()
}

/// Does a product that the source has come back to life? Only one that we archived, be it a run of another source that was the
/// last to have it.
pub(super) fn wakes(link: &Link, variant: &Variant) -> bool {
    let by_another = || link.missing && variant.sharers.iter().any(|s| s.archived_by_us);
    !variant.active && (link.archived_by_us || by_another())
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

/// How many ids or products a message names.
const SHOWN: usize = 5;

/// A few of many: `1, 2, 3, 4, 5 and 7 more`.
fn some_of<T: ToString>(all: impl Iterator<Item = T>, count: usize) -> String {
    let shown: Vec<_> = all.take(SHOWN).map(|one| one.to_string()).collect();
    let more = count.saturating_sub(shown.len());
    shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

/// Identifies every readable product of the source that the run works on, or that has a link.
///
/// An adopted product is not to be had by anybody else, which may settle who another product is; whoever waits for one of
/// several is therefore looked at again, and the next run finds nobody it could tell that this one could not. What a row
/// that could not be read would have found is kept for it.
pub(super) fn identify<'a>(
    catalogue: &'a Catalogue,
    odoo: &'a OdooState,
    lists: &Lists<'_>,
    policy: &Policy,
    scope: &Scope,
    decisions: &Decisions<'_>,
    reserved: &Reserved<'a>,
) -> BTreeMap<&'a ExternalId, Identity<'a>> {
    let claims = lists.claims();
    // What many list, or a person said is no code, tells no product from another.
    let idle = claims.iter().filter(|(key, n)| decisions.is_placeholder(key) || decisions.is_shared(key, **n, policy));
    // A code that a person gave to one of its claimants recognises that one alone.
    let given = decisions.given.iter().filter(|(_, given)| given.alone);
    let known = Known {
        odoo,
        rules: &policy.match_rules,
        claims: &claims,
        idle: idle.map(|(key, _)| key).collect(),
        given: given.map(|(key, given)| (key, &given.to)).collect(),
        reserved,
    };
    let mut out: BTreeMap<&ExternalId, Identity<'_>> = BTreeMap::new();
    let mut taken: BTreeSet<ProductId> = odoo.links.values().filter_map(|l| l.product.as_ref()).map(|v| v.id).collect();
    let mut open: BTreeSet<&ExternalId> = BTreeSet::new();
    for id in catalogue.products.keys() {
        match odoo.links.get(id) {
            // A person said what becomes of a link that lost its product.
            Some(link) if link.product.is_none() && scope.contains(id) && decisions.identity(id).is_some() => {
                open.insert(id);
            }
            Some(link) => {
                out.insert(id, linked(link));
            }
            None if scope.contains(id) => {
                open.insert(id);
            }
            None => {}
        }
    }
    let mut claimed_by: BTreeMap<ProductId, Vec<&ExternalId>> = BTreeMap::new();
    let mut waiting_for: BTreeMap<ProductId, Vec<&ExternalId>> = BTreeMap::new();
    // A person's choice comes before what rules recognise.
    let mut later = open.clone();
    open.retain(|id| known.chosen(id, decisions, &taken).is_some());
    later.retain(|id| !open.contains(id));
    while !(open.is_empty() && later.is_empty()) {
        let mut claimed: BTreeSet<ProductId> = BTreeSet::new();
        for id in std::mem::take(&mut open) {
            let identity = match (known.chosen(id, decisions, &taken), odoo.links.get(id)) {
                (Some(identity), _) => identity,
                (None, Some(link)) => linked(link),
                (None, None) => known.recognise(id, &taken),
            };
            match &identity {
                Identity::Adopt(variant, _) => {
                    claimed_by.entry(variant.id).or_default().push(id);
                    claimed.insert(variant.id);
                }
                Identity::Blocked { kind: DeferredKind::AmbiguousMatch, candidates, .. } => match candidates.as_slice()
                {
                    // Recognised, but by a code that others list too: nobody else is to have the product meanwhile.
                    [one] => claimed_by.entry(*one).or_default().push(id),
                    several => several.iter().for_each(|p| waiting_for.entry(*p).or_default().push(id)),
                },
                Identity::Blocked { .. } | Identity::Linked(..) | Identity::New => {}
            }
            out.insert(id, identity);
        }
        // Whom several ids claim is nobody's, now and in later rounds.
        for product in claimed.into_iter().filter(|p| claimed_by[p].len() == 1) {
            taken.insert(product);
            let waiting = waiting_for.remove(&product).into_iter().flatten();
            open.extend(waiting.filter(|id| matches!(out[id], Identity::Blocked { .. })));
        }
        open.append(&mut later);
    }
    for (product, mut ids) in claimed_by.into_iter().filter(|(_, ids)| ids.len() > 1) {
        ids.sort();
        for id in &ids {
            if !matches!(out[id], Identity::Adopt(..)) {
                continue;
            }
            let others = some_of(ids.iter().filter(|o| *o != id), ids.len() - 1);
            let message = format!(
                "product {product} of Odoo would be adopted by {others} as well; nothing is linked or created until one of them is linked by hand or the source tells them apart"
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
            "the linked product was deleted in Odoo; link another product, or have it created again",
        ),
        Some(variant) if variant.other_company => blocked(
            DeferredKind::OtherCompany,
            "the linked product was given to another company; give it back, or choose another product on the link",
        ),
        Some(variant) => Identity::Linked(link, variant),
    }
}

/// Existing products that are kept for others: for whom, and whether a person chose so.
pub(super) type Reserved<'a> = BTreeMap<ProductId, (&'a ExternalId, bool)>;

/// The existing products that rows which could not be read would find, and those that a person chose for them or for products
/// that this run leaves out.
pub(super) fn reserved<'a>(
    catalogue: &'a Catalogue,
    odoo: &OdooState,
    scope: &Scope,
    decisions: &Decisions<'_>,
) -> Reserved<'a> {
    let mut out = Reserved::new();
    let left_out = odoo.decisions.iter().map(|d| &d.external_id).filter(|id| !scope.contains(id));
    let left_out = left_out.filter_map(|id| catalogue.products.get_key_value(id)).map(|(id, _)| id);
    for id in catalogue.unreadable.keys().chain(left_out) {
        let open = odoo.links.get(id).is_none_or(|link| link.product.is_none());
        let unread = catalogue.unreadable.contains_key(id);
        let found = odoo.candidates.get(id).into_iter().flatten().filter(|c| unread && !c.linked);
        let found = found.map(|c| (c.variant.id, false));
        let chosen = decisions.identity(id).and_then(Decision::link).map(|product| (product, true));
        for (product, by_choice) in found.chain(chosen).filter(|_| open) {
            let whose = out.entry(product).or_insert((id, by_choice));
            if by_choice && !whose.1 {
                *whose = (id, true);
            }
        }
    }
    out
}

/// What recognises a product.
struct Known<'a, 'b> {
    odoo: &'a OdooState,
    rules: &'b [MatchRule],
    /// How many ids list each code.
    claims: &'b BTreeMap<CodeKey, usize>,
    /// Codes by which no product is recognised.
    idle: BTreeSet<&'b CodeKey>,
    given: BTreeMap<&'b CodeKey, &'b ExternalId>,
    reserved: &'b Reserved<'b>,
}

impl<'a> Known<'a, '_> {
    /// Links the product, unless it may be that of a row that could not be read; against a person's choice counts only what
    /// a person chose for that row.
    fn adopt(&self, variant: &'a Variant, rule: MatchRule) -> Identity<'a> {
        let reserved = self.reserved.get(&variant.id).filter(|(_, chosen)| *chosen || rule != MatchRule::Manual);
        let Some((other, chosen)) = reserved else { return Identity::Adopt(variant, rule) };
        let why = match chosen {
            true => format!("was chosen for {other}; nothing is linked or created until that is carried out"),
            false => format!(
                "may be that of {other}, whose row of the source cannot be read; nothing is linked or created until it can"
            ),
        };
        let message = format!("product {} of Odoo {why}", variant.id);
        Identity::Blocked { kind: DeferredKind::AmbiguousMatch, candidates: vec![variant.id], message }
    }

    /// May this product be linked?
    fn is_free(&self, product: ProductId, taken: &BTreeSet<ProductId>) -> bool {
        let chosen = self.odoo.chosen.get(&product);
        chosen.is_some_and(|(variant, linked)| !linked && !taken.contains(&product) && !variant.other_company)
    }

    /// What a person chose. What cannot be had is waited for: another product than the chosen one is nobody's wish.
    fn chosen(&self, id: &ExternalId, decisions: &Decisions<'_>, taken: &BTreeSet<ProductId>) -> Option<Identity<'a>> {
        let decision = decisions.identity(id)?;
        let Some(product) = decision.link() else { return Some(Identity::New) };
        if self.is_free(product, taken) {
            return Some(self.adopt(&self.odoo.chosen.get(&product)?.0, MatchRule::Manual));
        }
        let why = match self.odoo.chosen.get(&product) {
            None => "is gone",
            Some((variant, _)) if variant.other_company => "is another company's",
            Some(_) => "is linked to another id or kept for one",
        };
        let message = format!("product {product}, which a person chose, {why}; choose another, or have it created");
        Some(Identity::Blocked { kind: decision.kind, candidates: vec![product], message })
    }

    fn recognise(&self, id: &ExternalId, taken: &BTreeSet<ProductId>) -> Identity<'a> {
        let Self { odoo, rules, claims, given, idle, .. } = self;
        let all: &'a [Candidate] = odoo.candidates.get(id).map(Vec::as_slice).unwrap_or_default();
        for rule in *rules {
            let keys = |v: &Variant| v.barcode.as_deref().map(readings).unwrap_or_default();
            let given_to = |v: &Variant| keys(v).iter().find_map(|key| given.get(key).copied());
            let elsewhere = |v: &Variant| {
                let given_away = given_to(v).is_some_and(|to| to != id);
                *rule == MatchRule::Barcode && (given_away || keys(v).iter().any(|key| idle.contains(key)))
            };
            let free = |c: &&Candidate| {
                c.rule == *rule && !c.linked && !taken.contains(&c.variant.id) && !elsewhere(&c.variant)
            };
            let found: BTreeMap<ProductId, &Variant> =
                all.iter().filter(free).map(|c| (c.variant.id, &c.variant)).collect();
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
                        && given_to(one).is_none()
                        && keys(one).iter().filter_map(|key| claims.get(key)).any(|claimants| *claimants > 1);
                    if contested {
                        let message = format!(
                            "product {} of Odoo matches by a barcode that the source lists at several products; nothing is linked or created until the source lists it once",
                            one.id
                        );
                        return Identity::Blocked { kind: DeferredKind::AmbiguousMatch, candidates: ids(), message };
                    }
                    return self.adopt(one, *rule);
                }
                (Some(_), Some(_)) => {
                    let message = format!(
                        "{} products of Odoo match by {} ({}); nothing is linked or created until only one is left or one is linked by hand",
                        found.len(),
                        rule.code(),
                        some_of(found.keys(), found.len())
                    );
                    return Identity::Blocked { kind: DeferredKind::AmbiguousMatch, candidates: ids(), message };
                }
            }
        }
        Identity::New
    }
}
