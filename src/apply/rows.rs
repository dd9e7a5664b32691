//! Turns planned actions into the rows that Odoo's procedures take. The border where decimals become floats.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalog::{Price, PriceDigits};
use crate::odoo::writer::{CreateRow, MoveRow, NameRow, PriceRow, UpdateRow};
use crate::plan::{Activity, BarcodeMove, Creation, LinkValues, Update};

/// The float for Odoo. The plan holds only prices that fit; a broken promise must end the run, as no other number is right.
fn float(price: Price, digits: PriceDigits) -> f64 {
    price.to_odoo(digits).expect("the planner defers prices that do not fit")
}

/// A new product.
pub(super) fn create(c: &Creation, digits: PriceDigits) -> CreateRow {
    CreateRow {
        external_id: c.external_id.to_string(),
        name: c.name.to_string(),
        price: c.price.map(|price| float(price, digits)),
        said_price: c.said_price.map(|said| said.to_string()),
        wrote_price: wrote_price(c).map(|wrote| wrote.to_string()),
        barcode: c.barcode.as_ref().map(ToString::to_string),
        said_barcodes: c.said_barcodes.join("\n"),
        extras: c.extras.clone(),
        relink: c.relink,
    }
}

/// What the link remembers as written. An unsaleable product has price zero by our doing, so that the source's first price
/// looks like nobody's edit. Where the source says zero, nothing tells that this is not a price but for its absence here.
fn wrote_price(c: &Creation) -> Option<Price> {
    c.price.or(if c.said_price.is_none() { Some(Price::ZERO) } else { None })
}

/// A name, a price, a link.
pub(super) fn update(u: &Update, digits: PriceDigits) -> UpdateRow {
    let name = u.name.as_ref().map(|n| NameRow {
        new: n.languages.iter().map(|l| (l.language.clone(), l.new.to_string())).collect(),
        old: n.languages.iter().map(|l| (l.language.clone(), l.old.clone())).collect(),
        cause: n.reason.code(),
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
        activity: u.activity.map(|activity| match activity {
            Activity::Archive => "archive",
            Activity::Reactivate => "reactivate",
        }),
        missing: u.link.missing,
        link: link(&u.link),
    }
}

fn link(values: &LinkValues) -> BTreeMap<&'static str, Value> {
    let LinkValues {
        said_name,
        said_price,
        said_barcodes,
        wrote_name,
        wrote_price,
        wrote_barcode,
        wrote_extras,
        kept,
        overruled,
        // It changes the link's state too, and so goes by itself.
        missing: _,
        archived_by_us,
    } = values;
    let mut out = BTreeMap::new();
    let mut set = |key, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(key, value);
        }
    };
    set("said_name", said_name.as_ref().map(|n| json!(n)));
    set("said_price", said_price.map(|p| json!(p.map(|p| p.to_string()))));
    set("said_barcodes", said_barcodes.as_ref().map(|codes| json!(Some(codes.join("\n")).filter(|t| !t.is_empty()))));
    set("wrote_name", wrote_name.as_ref().map(|n| json!(n)));
    set("wrote_price", wrote_price.map(|p| json!(p.to_string())));
    set("wrote_barcode", wrote_barcode.as_ref().map(|code| json!(code)));
    set("wrote_extras", wrote_extras.as_ref().map(|codes| json!(Some(codes.join("\n")).filter(|t| !t.is_empty()))));
    set("kept", kept.map(|k| json!(Some(k.words()).filter(|t| !t.is_empty()))));
    set("overruled", overruled.map(|o| json!(Some(o.words()).filter(|t| !t.is_empty()))));
    set("archived_by_us", archived_by_us.map(|yes| json!(yes)));
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
        add: m.extras.add.clone(),
        remove: m.extras.remove.clone(),
        wrote_extras: m.wrote_extras.as_ref().map(|codes| codes.join("\n")),
        outside: m.outside,
        cause: m.reason.code(),
    }
}
