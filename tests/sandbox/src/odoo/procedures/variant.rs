//! What procedures tell of a variant: the columns of `variant_columns()` and `name_columns()`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Ask;
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::products::{name, price_text, variants};
use crate::odoo::schema::packaging_model;
use crate::odoo::store::{Record, flag, integer, text};

/// A variant with its template.
pub(super) fn pair<'a>(env: &'a Env<'_>, product: i64) -> Option<(&'a Record, &'a Record)> {
    let variant = env.store.row("product.product", product)?;
    let template = env.store.row("product.template", integer(variant, "product_tmpl_id")?)?;
    Some((variant, template))
}

/// A template's price in PostgreSQL's words.
pub(super) fn price(env: &Env<'_>, template: &Record) -> String {
    let price = template.get("list_price").and_then(Value::as_f64);
    price.map_or_else(|| "0".to_owned(), |p| price_text(env.version(), p))
}

/// The eight columns of a variant.
pub(super) fn columns(
    env: &Env<'_>,
    ask: &Ask<'_>,
    variant: &Record,
    template: &Record,
) -> Result<Vec<Value>, OdooFault> {
    let id = integer(variant, "id").unwrap_or_default();
    let template_id = integer(template, "id").unwrap_or_default();
    let siblings = variants(env.store, template_id).iter().filter(|s| **s != id);
    // Archived ones that are linked share name and price all the same.
    let linked = |s: i64| env.store.rows("x_pz_product").any(|(_, r)| integer(r, "x_product_id") == Some(s));
    let counts = |s: i64| env.store.row("product.product", s).is_some_and(|r| flag(r, "active")) || linked(s);
    let siblings = siblings.filter(|s| counts(**s)).count();
    let company = ask.get("company")?.as_i64().unwrap_or(0);
    Ok(vec![
        json!(id),
        json!(template_id),
        json!(flag(variant, "active")),
        json!(text(variant, "barcode")),
        json!(price(env, template)),
        json!(siblings),
        json!(integer(template, "company_id").is_some_and(|c| c != company)),
        json!(flag(template, "active")),
    ])
}

/// The codes on packagings or units of these products.
pub(super) fn packagings(env: &Env<'_>, products: &BTreeSet<i64>) -> BTreeMap<i64, BTreeSet<String>> {
    let mut out: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for (_, packaging) in env.store.rows(packaging_model(env.version())) {
        if let (Some(code), Some(product)) = (text(packaging, "barcode"), integer(packaging, "product_id"))
            && products.contains(&product)
            && !code.trim_matches(' ').is_empty()
        {
            out.entry(product).or_default().insert(code.to_owned());
        }
    }
    out
}

/// The names, one a language.
pub(super) fn names(ask: &Ask<'_>, template: &Record) -> Result<Vec<Value>, OdooFault> {
    Ok(ask.languages()?.into_iter().map(|l| json!(name(template, Some(l)))).collect())
}

/// The name in the first language.
pub(super) fn shown(ask: &Ask<'_>, template: &Record) -> Result<Value, OdooFault> {
    Ok(json!(name(template, ask.languages()?.first().copied())))
}
