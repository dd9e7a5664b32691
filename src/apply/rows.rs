//! Turns planned actions into the rows that Odoo's procedures take. The border where decimals become floats.

use std::collections::BTreeMap;

use crate::catalog::{Price, PriceDigits};
use crate::odoo::writer::{CreateRow, MoveRow, NameRow, PriceRow, UpdateRow};
use crate::plan::{BarcodeMove, Creation, LinkValues, Update};

/// The float for Odoo. The plan holds only prices that fit; a broken promise must end the run, as no other number is right.
fn float(price: Price, digits: PriceDigits) -> f64 {
    price.to_odoo(digits).expect("the planner defers prices that do not fit")
}

/// A new product.
pub(super) fn create(c: &Creation, digits: PriceDigits) -> CreateRow {
    CreateRow {
        external_id: c.external_id.to_string(),
        name: c.name.to_string(),
        price: c.price.map(|(rounded, _)| float(rounded, digits)),
        said_price: c.price.map(|(_, said)| said.to_string()),
        // An unsaleable product has price zero by our doing; the first price of the source then counts as a change.
        wrote_price: c.price.map_or(Price::ZERO, |(rounded, _)| rounded).to_string(),
        barcode: c.barcode.as_ref().map(ToString::to_string),
        said_barcodes: c.said_barcodes.join("\n"),
    }
}

/// A name, a price, a link.
pub(super) fn update(u: &Update, digits: PriceDigits) -> UpdateRow {
    let name = u.name.as_ref().map(|n| NameRow {
        new: n.new.to_string(),
        old: n.old.iter().map(|o| (o.language.clone(), o.name.clone())).collect(),
    });
    let price = u.price.as_ref().map(|p| PriceRow {
        new: float(p.new, digits),
        new_text: p.new.to_string(),
        old: p.old.clone(),
        old_text: Price::parse(&p.old).map_or_else(|_| p.old.clone(), |old| old.to_string()),
        cause: p.reason.code(),
    });
    UpdateRow {
        external_id: u.external_id.to_string(),
        label: u.label.clone(),
        product: u.product.get(),
        template: u.template.get(),
        adopt: u.adopt.map(crate::catalog::MatchRule::code),
        name,
        price,
        link: link(&u.link),
    }
}

fn link(values: &LinkValues) -> BTreeMap<&'static str, Option<String>> {
    let LinkValues { said_name, said_price, said_barcodes, wrote_name, wrote_price, wrote_barcode } = values;
    let mut out = BTreeMap::new();
    let mut set = |key, value: Option<Option<String>>| {
        if let Some(value) = value {
            out.insert(key, value);
        }
    };
    set("said_name", said_name.clone().map(Some));
    set("said_price", said_price.map(|p| Some(p.to_string())));
    set("said_barcodes", said_barcodes.as_ref().map(|codes| Some(codes.join("\n")).filter(|t| !t.is_empty())));
    set("wrote_name", wrote_name.clone().map(Some));
    set("wrote_price", wrote_price.map(|p| Some(p.to_string())));
    set("wrote_barcode", wrote_barcode.clone());
    out
}

/// A barcode.
pub(super) fn barcode(m: &BarcodeMove) -> MoveRow {
    MoveRow {
        external_id: m.external_id.to_string(),
        product: m.product.get(),
        old: m.old.clone(),
        new: m.new.clone(),
        said_barcodes: m.said_barcodes.as_ref().map(|codes| codes.join("\n")),
        cause: m.reason.code(),
    }
}
