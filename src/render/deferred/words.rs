//! Deferred actions, products and choices in words. Raw text: whoever writes it to a terminal escapes it.

use crate::catalog::deferred::record::{DeferredRecord, ShownProduct};
use crate::catalog::{Choice, DeferredKind};

use super::super::escape::quoted;

/// `duplicate-claim 4006381333931`
pub(super) fn what(record: &DeferredRecord) -> String {
    if record.subject.is_empty() { record.kind.clone() } else { format!("{} {}", record.kind, record.subject) }
}

/// `1002 "Tea"`, or the id alone.
pub(super) fn whose(record: &DeferredRecord) -> String {
    if record.name.is_empty() {
        record.external_id.clone()
    } else {
        format!("{} {}", record.external_id, quoted(&record.name))
    }
}

/// `#17 "Tea"`, or the id alone for those who may not read products.
pub(super) fn short(product: &ShownProduct) -> String {
    if product.name.is_empty() { product.id.to_string() } else { format!("{} {}", product.id, quoted(&product.name)) }
}

/// `#17 "Tea", reference A-1, barcode 4006381333931, archived`
pub(super) fn long(product: &ShownProduct) -> String {
    let mut out = vec![short(product)];
    if let Some(details) = &product.details {
        out.extend(details.reference.as_ref().map(|r| format!("reference {r}")));
        out.push(details.barcode.as_ref().map_or("no barcode".to_owned(), |b| format!("barcode {b}")));
        out.extend((!details.active).then(|| "archived".to_owned()));
        out.extend(details.company.as_ref().map(|c| format!("of company {}", quoted(c))));
    }
    out.join(", ")
}

/// `give`, `link to #42 "Tea"`
pub(super) fn made(choice: Choice, product: Option<&ShownProduct>) -> String {
    match product {
        Some(product) => format!("{} to {}", choice.code(), short(product)),
        None => choice.code().to_owned(),
    }
}

/// A word of a command as a shell wants it.
pub(super) fn shell(word: &str) -> String {
    let harmless = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '=' | '/');
    if word.chars().all(harmless) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// What the next import does with a choice: a sentence without "At the next import" and full stop.
pub(super) fn effect(record: &DeferredRecord, choice: Choice, product: Option<&ShownProduct>) -> String {
    use DeferredKind::{DuplicateClaim, ForeignHolder, ProductGone, SecondHolder, SharedTemplate};
    let (code, whose) = (&record.subject, whose(record));
    let holder = record.holder.as_ref().map_or_else(|| "whoever has it".to_owned(), short);
    let value = if record.value.is_empty() { String::new() } else { format!(" {}", record.value) };
    let until = "until the source says something else";
    match (choice, record.known_kind()) {
        (Choice::Give, Some(ForeignHolder)) => {
            format!("barcode {code} is taken away from {holder} and goes to {whose}")
        }
        (Choice::Give, Some(SecondHolder)) => {
            format!("barcode {code} is taken away from {holder} and stays at {whose} alone")
        }
        (Choice::Give, _) => {
            format!(
                "barcode {code} goes to {whose}, and the other products that the source lists it at stay without it"
            )
        }
        (Choice::Link, _) => {
            let product = product.map_or_else(|| "the chosen product".to_owned(), short);
            format!("{whose} is linked to {product}, which follows the source from then on")
        }
        (Choice::Create, Some(ProductGone)) => format!("{whose} is created anew in Odoo"),
        (Choice::Create, _) => format!("{whose} is created in Odoo as a new product"),
        (Choice::Keep, Some(DuplicateClaim)) => {
            format!("barcode {code} stays where it is and {whose} stays without it, {until}")
        }
        (Choice::Keep, Some(ForeignHolder)) => {
            format!("barcode {code} stays with {holder} and {whose} stays without it, {until}")
        }
        (Choice::Keep, Some(SecondHolder)) => format!("barcode {code} stays at {whose} and at {holder}, {until}"),
        (Choice::Keep, _) => format!("{whose} keeps the {code} that it has in Odoo, {until}"),
        (Choice::Take, Some(SharedTemplate)) => {
            format!("{whose} gets the {code}{value} of the source, and with it all variants that share it")
        }
        (Choice::Take, _) => format!("{whose} gets the {code}{value} of the source, this once"),
        (Choice::Placeholder, _) => {
            format!("{code} is no barcode any more: who has it loses it, and nobody is asked about it again")
        }
        (Choice::Code, _) => {
            format!("{code} is a barcode that many products list: each of them waits for it, as for any other")
        }
        (Choice::Abandon, _) => {
            "it is left as it is, and not asked about again until what waits is another value".to_owned()
        }
    }
}
