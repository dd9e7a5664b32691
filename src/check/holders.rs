//! Codes of the source that records outside it have in Odoo.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{CodeKey, Company, ExternalId, ProductId};

use super::code::Code;
use super::finding::Finding;
use super::index::{Claim, Holder, Index, listed};
use super::spelling::count;

pub(super) fn check(index: &Index<'_>, out: &mut Vec<Finding>) {
    let adopted = adopted(index);
    for (key, holders) in &index.foreign {
        let claims = &index.claims[key];
        let is_adopted = |h: &Holder<'_>| matches!(h, Holder::Product(p) if adopted.contains(&p.id));
        let mut kinds: BTreeMap<Code, Vec<Holder<'_>>> = BTreeMap::new();
        for holder in holders {
            let code = if is_adopted(holder) { Code::HolderToAdopt } else { holder.code() };
            kinds.entry(code).or_default().push(*holder);
        }
        for (code, holders) in kinds {
            let message = format!(
                "listed by {}, held by {} in Odoo",
                count(claims.len(), "product"),
                count(holders.len(), "record")
            );
            out.push(finding(index, code, claims, &holders, message));
        }
    }
    for (key, holders) in &index.near_foreign {
        let message = "the two are one number, written in different ways".to_owned();
        out.push(finding(index, Code::NearForeignHolder, &index.near[key], holders, message));
    }
}

fn finding(index: &Index<'_>, code: Code, claims: &[Claim<'_>], holders: &[Holder<'_>], message: String) -> Finding {
    let mut finding = index.finding(code, Some(claims[0].1.as_str()), message);
    finding.push(claims.iter().map(|(product, code)| listed(product, Some(code))));
    finding.push(holders.iter().map(|h| h.record()));
    finding
}

/// Products that the next import links to a source product without a link: the only ones that have its codes, had by no
/// other, and its codes not contested.
fn adopted(index: &Index<'_>) -> BTreeSet<ProductId> {
    if !index.source.adopts_by_barcode {
        return BTreeSet::new();
    }
    let mut candidates: BTreeMap<&ExternalId, BTreeSet<ProductId>> = BTreeMap::new();
    let mut blocked: BTreeSet<&ExternalId> = BTreeSet::new();
    for (key, holders) in &index.foreign {
        let products = || {
            holders.iter().filter_map(|h| match h {
                Holder::Product(p) => Some(*p),
                Holder::Packaging(_) => None,
            })
        };
        let claims = &index.claims[key];
        if products().next().is_none() {
            continue;
        }
        if let [(product, _)] = claims.as_slice()
            && products().all(|p| matches!(p.company, Company::Shared | Company::Own))
        {
            candidates.entry(&product.id).or_default().extend(products().map(|p| p.id));
        } else {
            blocked.extend(claims.iter().map(|(product, _)| &product.id));
        }
    }
    let mut wanted: BTreeMap<ProductId, usize> = BTreeMap::new();
    let open = |id: &ExternalId| !index.links.contains_key(id);
    for products in candidates.iter().filter(|(id, _)| open(id)).map(|(_, products)| products) {
        for product in products {
            *wanted.entry(*product).or_default() += 1;
        }
    }
    candidates
        .iter()
        .filter(|(id, products)| open(id) && !blocked.contains(*id) && products.len() == 1)
        .filter_map(|(_, products)| products.first().copied())
        .filter(|product| wanted[product] == 1)
        .collect()
}

/// Why a code that one product lists cannot be given to it, as a fragment.
pub(super) fn obstacle(index: &Index<'_>, key: &CodeKey) -> &'static str {
    if index.claims.get(key).is_some_and(|c| c.len() > 1) {
        "several products of the source list it"
    } else if index.foreign.contains_key(key) {
        "a record outside the source has it"
    } else if index.own_packaging.contains(key) {
        "a packaging or unit of the product has it"
    } else {
        "a linked product has it that must not be touched"
    }
}
