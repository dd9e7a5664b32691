//! Odoo alone: active products that share a barcode, and check digits.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::barcode::clean;
use crate::catalog::scannable::{Tally, Verdict};
use crate::catalog::{CodeRules, Company, Nomenclature, OdooCodes, OdooProduct};

use super::code::Code;
use super::finding::{Finding, Record};
use super::index::Holder;
use super::spelling::{LooseKey, WRONG, count, is_wrong};

pub(super) fn check(odoo: &OdooCodes, nomenclature: &Nomenclature, told: &BTreeSet<String>, out: &mut Vec<Finding>) {
    let mut same: BTreeMap<&str, BTreeSet<&OdooProduct>> = BTreeMap::new();
    let mut near: BTreeMap<LooseKey, BTreeSet<&OdooProduct>> = BTreeMap::new();
    for product in odoo.products.iter().filter(|p| p.active) {
        let Some(code) = product.barcode.as_deref() else { continue };
        same.entry(code).or_default().insert(product);
        if is_ours(&product.company) {
            near.entry(LooseKey::of(code)).or_default().insert(product);
        }
    }
    for (code, products) in same.iter().filter(|(_, products)| meet(products)) {
        let message = format!("{} have it", count(products.len(), "active product"));
        out.push(finding(Code::DuplicateInOdoo, code, products.iter().map(|p| Record::Product((*p).clone())), message));
    }
    for products in near.values().filter(|products| products.len() > 1) {
        let spellings: BTreeSet<&str> = products.iter().filter_map(|p| p.barcode.as_deref()).collect();
        if let Some(first) = spellings.first().filter(|_| spellings.len() > 1) {
            let message = format!("{} of one number", count(spellings.len(), "spelling"));
            let records = products.iter().map(|p| Record::Product((*p).clone()));
            out.push(finding(Code::NearDuplicateInOdoo, first, records, message));
        }
    }
    let products = odoo.products.iter().filter(|p| p.active && is_ours(&p.company)).map(Holder::Product);
    let packagings = odoo.packagings.iter().filter(|p| p.active && is_ours(&p.company)).map(Holder::Packaging);
    let holders: Vec<Holder<'_>> =
        products.chain(packagings).filter(|h| !told.contains(&*clean(h.barcode()))).collect();
    let rules = CodeRules::default();
    let mut tally = Tally::default();
    for holder in &holders {
        if let Verdict::Doubtful(form, _, odd) = rules.judge(holder.barcode()) {
            tally.count(form, odd.is_some());
        }
    }
    let mut wrong: BTreeMap<(&str, Code, String), BTreeSet<Holder<'_>>> = BTreeMap::new();
    for holder in holders {
        let code = holder.barcode();
        let odd = match rules.judge(code) {
            Verdict::Odd(odd) => Some(odd),
            Verdict::Doubtful(form, _, odd) => odd.filter(|_| tally.are_gtins(form)),
            Verdict::Code(_) | Verdict::Empty | Verdict::Placeholder => None,
        };
        let told = match (odd, nomenclature.looks_for(&clean(code))) {
            (Some(odd), _) => Some((Code::UnscannableInOdoo, odd.short())),
            (None, Some(other)) => Some((Code::WeighedCodeInOdoo, other.to_string())),
            (None, None) if is_wrong(code, nomenclature) => Some((Code::WrongCheckDigitInOdoo, WRONG.to_owned())),
            (None, None) => None,
        };
        if let Some((kind, message)) = told {
            wrong.entry((code, kind, message)).or_default().insert(holder);
        }
    }
    for ((code, kind, message), holders) in wrong {
        out.push(finding(kind, code, holders.iter().map(|h| h.record()), message));
    }
}

fn is_ours(company: &Company) -> bool {
    matches!(company, Company::Shared | Company::Own)
}

/// Two companies' own products never meet at a till; the rule is that of the procedure that ends an import.
fn meet(products: &BTreeSet<&OdooProduct>) -> bool {
    let of = |company: &Company| products.iter().filter(|p| p.company == *company).count();
    products.len() > 1 && (of(&Company::Shared) > 0 || of(&Company::Own) > 1)
}

fn finding(code: Code, barcode: &str, records: impl ExactSizeIterator<Item = Record>, message: String) -> Finding {
    let mut finding =
        Finding { code, source: None, barcode: Some(barcode.to_owned()), records: Vec::new(), more: 0, message };
    finding.push(records);
    finding
}
