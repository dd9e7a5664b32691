//! The source alone: codes at several products, several codes at one product, check digits, rows that cannot be used.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::suspects::Suspect;
use crate::catalog::{BadRowKind, CodeKey, Examples, ExternalId, Respelled};

use super::code::Code;
use super::finding::{Finding, Record};
use super::index::{Claim, Index, listed};
use super::spelling::{WRONG, count, is_wrong};

/// Returns whether the source is empty, so that comparing it would blame Odoo for all that is missing.
pub(super) fn check(index: &Index<'_>, out: &mut Vec<Finding>) -> bool {
    let catalogue = index.source.catalogue;
    bad_rows(index, out);
    if catalogue.orphan_barcodes > 0 {
        let some: Vec<&str> = catalogue.orphans.iter().map(ExternalId::as_str).collect();
        let such = if some.is_empty() { String::new() } else { format!(", such as of {}", some.join(", ")) };
        let (orphans, all) = (count(catalogue.orphan_barcodes, "barcode row"), catalogue.barcode_rows);
        let message = format!("{orphans} of {all} belong to no product row{such}");
        let code = if index.source.misjoined { Code::MisjoinedBarcodes } else { Code::OrphanBarcodes };
        out.push(index.finding(code, None, message));
    }
    if catalogue.placeholders.count > 0 {
        let some: Vec<String> = catalogue.placeholders.first.iter().take(5).map(|text| format!("{text:?}")).collect();
        let message = format!("{}, such as {}", count(catalogue.placeholders.count, "row"), some.join(", "));
        out.push(index.finding(Code::Placeholders, None, message));
    }
    names(index, Code::GarbledNames, &catalogue.suspects.garbled, out);
    names(index, Code::HtmlInNames, &catalogue.suspects.entities, out);
    // A placeholder was read, and is no code: a run goes on with such a source, and so does the comparison.
    if catalogue.placeholders.count == 0 && catalogue.products.values().all(|product| product.barcodes.is_empty()) {
        let (products, barcodes) = (catalogue.product_rows, catalogue.barcode_rows);
        let (products, barcodes) = (count(products, "product row"), count(barcodes, "barcode row"));
        let message = format!("no barcode of a product could be read; {products} and {barcodes} came");
        out.push(index.finding(Code::EmptySource, None, message));
        return true;
    }
    duplicates(index, out);
    near(index, out);
    several(index, out);
    check_digits(index, out);
    false
}

/// Names that look damaged, with what the first of them probably mean.
fn names(index: &Index<'_>, code: Code, suspects: &Examples<Suspect>, out: &mut Vec<Finding>) {
    let Some(first) = suspects.first.first() else { return };
    let names = index.source.catalogue.products.len();
    let message =
        format!("{} of {names}; {:?} is probably {:?}", count(suspects.count, "name"), first.name, first.meant);
    let mut finding = index.finding(code, None, message);
    let record = |s: &Suspect| Record::Listed { id: s.id.clone(), name: s.name.clone(), barcode: None };
    finding.push(suspects.first.iter().map(record).collect::<Vec<_>>().into_iter());
    finding.more = suspects.count - finding.records.len();
    out.push(finding);
}

fn bad_rows(index: &Index<'_>, out: &mut Vec<Finding>) {
    for row in &index.source.catalogue.bad_rows {
        let code = match row.kind {
            BadRowKind::Barcode => Code::UnreadableBarcode,
            BadRowKind::Unscannable => Code::UnscannableBarcode,
            BadRowKind::Id | BadRowKind::Name | BadRowKind::DuplicateId => Code::UnreadableProduct,
            // Says nothing about barcodes, or is told as a whole.
            BadRowKind::Price | BadRowKind::Orphans => continue,
        };
        let product = row.id.as_ref().and_then(|id| index.source.catalogue.products.get(id));
        let record = row.id.as_ref().map(|id| Record::Listed {
            id: id.clone(),
            name: product.map(|p| p.name.to_string()).unwrap_or_default(),
            barcode: None,
        });
        let mut finding = index.finding(code, None, row.message.clone());
        finding.records.extend(record);
        out.push(finding);
    }
}

fn duplicates(index: &Index<'_>, out: &mut Vec<Finding>) {
    for (key, claims) in index.claims.iter().filter(|(_, c)| c.len() > 1) {
        let lists = |id| claims.binary_search_by(|(product, _)| product.id.cmp(id)).is_ok();
        let mut keepers = index.held.get(key).into_iter().flatten().filter(|l| lists(&l.external_id));
        let mut finding = index.finding(Code::DuplicateInSource, Some(claims[0].1.as_str()), String::new());
        finding.push(claims.iter().map(|(product, code)| listed(product, Some(code))));
        let first = keepers.next();
        let more = keepers.count();
        let kept = match first.and_then(|l| Some((l, l.product.as_ref()?))) {
            None => "none of them has it in Odoo".to_owned(),
            Some((link, product)) => {
                finding.records.push(Record::Product(product.clone()));
                let others = if more > 0 { format!(", and {more} more") } else { String::new() };
                format!("in Odoo {} has it (product {}){others}", link.external_id, product.id)
            }
        };
        finding.message = format!("{} list it; {kept}", count(claims.len(), "product"));
        out.push(finding);
    }
}

fn near(index: &Index<'_>, out: &mut Vec<Finding>) {
    let mut within: BTreeMap<(&str, &str), Vec<Record>> = BTreeMap::new();
    for claims in index.near.values().filter(|c| c.len() > 1) {
        let keys: BTreeSet<CodeKey> = claims.iter().map(|(_, code)| code.key()).collect();
        if keys.len() < 2 {
            continue;
        }
        let (first, last) = (claims[0].0, claims[claims.len() - 1].0);
        if first.id == last.id {
            let records = within.entry((first.id.as_str(), claims[0].1.as_str())).or_default();
            records.extend(claims.iter().map(|(product, code)| listed(product, Some(code))));
            continue;
        }
        let message = format!("{} of several products are one number", count(keys.len(), "code"));
        let mut finding = index.finding(Code::NearDuplicateInSource, Some(claims[0].1.as_str()), message);
        finding.push(claims.iter().map(|(product, code)| listed(product, Some(code))));
        out.push(finding);
    }
    for Respelled { id, kept, dropped } in &index.source.catalogue.respelled {
        let Some(product) = index.source.catalogue.products.get(id) else { continue };
        let records = within.entry((product.id.as_str(), kept.as_str())).or_default();
        if records.is_empty() {
            records.push(listed(product, Some(kept)));
        }
        records.push(listed(product, Some(dropped)));
    }
    for ((_, code), records) in within {
        let message = format!("{} of one number", count(records.len(), "spelling"));
        let mut finding = index.finding(Code::RespelledInSource, Some(code), message);
        finding.push(records.into_iter());
        out.push(finding);
    }
}

fn several(index: &Index<'_>, out: &mut Vec<Finding>) {
    for product in index.source.catalogue.products.values().filter(|p| p.barcodes.len() > 1) {
        let link = index.links.get(&product.id);
        let in_odoo = link.and_then(|l| l.product.as_ref());
        let kept = match (link, in_odoo) {
            (None, _) => "the product is not linked yet".to_owned(),
            (Some(_), None) => "its product in Odoo was deleted".to_owned(),
            (Some(_), Some(p)) => match p.barcode.as_deref() {
                None => "its product in Odoo has none".to_owned(),
                Some(code) => format!("its product in Odoo has {code}"),
            },
        };
        let message = format!("{} listed; {kept}", count(product.barcodes.len(), "barcode"));
        let mut finding = index.finding(Code::SeveralBarcodes, None, message);
        finding.push(product.barcodes.iter().map(|code| listed(product, Some(code))));
        finding.records.extend(in_odoo.cloned().map(Record::Product));
        out.push(finding);
    }
}

fn check_digits(index: &Index<'_>, out: &mut Vec<Finding>) {
    let mut wrong: BTreeMap<(&str, Code, String), Vec<Claim<'_>>> = BTreeMap::new();
    for (product, code) in index.claims.values().flatten() {
        let text = code.as_str();
        let told = match index.source.nomenclature.looks_for(text) {
            Some(other) => Some((Code::WeighedCodeInSource, other.to_string())),
            None if is_wrong(text, index.source.nomenclature) => {
                Some((Code::WrongCheckDigitInSource, WRONG.to_owned()))
            }
            None => None,
        };
        if let Some((kind, message)) = told {
            wrong.entry((text, kind, message)).or_default().push((product, code));
        }
    }
    for ((code, kind, message), claims) in wrong {
        let mut finding = index.finding(kind, Some(code), message);
        finding.push(claims.iter().map(|(product, code)| listed(product, Some(code))));
        out.push(finding);
    }
}
