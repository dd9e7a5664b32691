//! What linked products have in Odoo, against what the source lists for them.

use crate::catalog::barcode::clean;
use crate::catalog::{Barcode, CodeKey, ExternalProduct, LinkedCode, OdooProduct};

use super::code::Code;
use super::finding::{Finding, Record};
use super::holders::obstacle;
use super::index::{Index, listed};
use super::spelling::LooseKey;

const LEFT_ALONE: &str = "\"Don't touch\" is set on its link, so it stays";

pub(super) fn check(index: &Index<'_>, out: &mut Vec<Finding>) {
    for product in index.source.catalogue.products.values() {
        let Some(link) = index.links.get(&product.id) else { continue };
        let Some(in_odoo) = &link.product else { continue };
        // Another source owns its barcodes: see `overruled`.
        if link.shared.as_ref().is_some_and(|s| s.overruled.barcode) {
            continue;
        }
        let found = match in_odoo.barcode.as_deref() {
            Some(code) => has(index, product, link, code),
            None => has_none(index, product, link),
        };
        if let Some((code, barcode, listing, message)) = found {
            let message = if link.no_touch { format!("{message}; {LEFT_ALONE}") } else { message };
            let mut finding = index.finding(code, barcode, message);
            finding.records = records(product, in_odoo, listing);
            out.push(finding);
        }
    }
}

/// Code, barcode, how the source lists it, message.
type Found<'a> = Option<(Code, Option<&'a str>, Option<&'a Barcode>, String)>;

fn records(product: &ExternalProduct, in_odoo: &OdooProduct, listing: Option<&Barcode>) -> Vec<Record> {
    vec![listed(product, listing), Record::Product(in_odoo.clone())]
}

fn has<'a>(index: &Index<'a>, product: &'a ExternalProduct, link: &'a LinkedCode, code: &'a str) -> Found<'a> {
    let key = CodeKey::of(code);
    // What a person called a placeholder is none of them.
    let mut listed = product.barcodes.iter().filter(|c| !index.source.placeholders.contains(&c.key()));
    if let Some(same) = listed.clone().find(|c| c.key() == key) {
        let respelled = &index.source.catalogue.respelled;
        let at = respelled.partition_point(|r| r.id < product.id);
        let mut dropped = respelled[at..].iter().take_while(|r| r.id == product.id);
        if same.as_str() == code || dropped.any(|r| r.dropped.as_str() == code) {
            return None;
        }
        if clean(code) != code {
            let message = "blanks, or characters that nobody sees, stand in it in Odoo; an import takes them away, if nobody else has the code";
            return Some((Code::RespelledInOdoo, Some(code), Some(same), message.to_owned()));
        }
        let message = "an import takes them for one code and leaves it as it is".to_owned();
        return Some((Code::UpcAndEan, Some(code), Some(same), message));
    }
    let written = link.wrote_barcode.as_deref();
    let loose = LooseKey::of(code);
    if let Some(near) = listed.clone().find(|c| LooseKey::of(c.as_str()) == loose) {
        let by = if written == Some(code) { "erpsync wrote it when the source listed it so" } else { "edited in Odoo" };
        return Some((Code::RespelledInOdoo, Some(code), Some(near), by.to_owned()));
    }
    // What a row said that cannot be read, nobody knows; an import leaves such a product its code.
    if product.barcodes_incomplete {
        return None;
    }
    let more = listed.clone().count().saturating_sub(1);
    let first = listed.next();
    let lists = first.map_or_else(|| "the source lists none".to_owned(), |c| format!("the source lists {c}"));
    let lists = match more {
        0 => lists,
        more => format!("{lists} and {more} more"),
    };
    Some(if written == Some(code) {
        (Code::BarcodePending, Some(code), first, format!("erpsync wrote it; {lists} now"))
    } else {
        let wrote = written.map_or_else(|| "erpsync wrote none".to_owned(), |w| format!("erpsync wrote {w}"));
        (Code::BarcodeEdited, Some(code), first, format!("{wrote}; {lists}"))
    })
}

fn has_none<'a>(index: &Index<'a>, product: &'a ExternalProduct, link: &'a LinkedCode) -> Found<'a> {
    let first = product.barcodes.iter().find(|c| !index.source.placeholders.contains(&c.key()))?;
    if let Some(wrote) = link.wrote_barcode.as_deref() {
        let listing = product.barcodes.iter().find(|c| c.key() == CodeKey::of(wrote)).or(Some(first));
        return Some((Code::BarcodeRemoved, Some(wrote), listing, format!("erpsync wrote {wrote}")));
    }
    if let Some(free) = product.barcodes.iter().find(|c| index.is_free(&c.key())) {
        let message = "the product in Odoo has none yet".to_owned();
        return Some((Code::BarcodePending, Some(free.as_str()), Some(free), message));
    }
    let more = product.barcodes.len() - 1;
    let more = if more > 0 { format!("; {more} more are taken too") } else { String::new() };
    let message = format!("{}{more}", obstacle(index, &first.key()));
    Some((Code::BarcodeWithheld, Some(first.as_str()), Some(first), message))
}
