//! snapshot.py: a page of the links of one source, by id, each with the product that it points to; where it is asked for,
//! what people chose.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Ask, variant};
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::store::{Record, flag, integer, text};

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let prices_only = ask.get("prices_only")? == true;
    let (source, after) = (ask.text("source")?, ask.number("after")?);
    let limit = usize::try_from(ask.number("limit")?).unwrap_or(0);
    let only: Option<BTreeSet<&str>> =
        ask.get("only")?.as_array().map(|ids| ids.iter().filter_map(Value::as_str).collect());
    let wanted =
        |link: &Record| only.as_ref().is_none_or(|o| text(link, "x_external_id").is_some_and(|e| o.contains(e)));
    let of_source = env.store.rows("x_pz_product").filter(|(_, r)| text(r, "x_source") == Some(source));
    let (mut links, mut packed) = (Vec::new(), BTreeSet::new());
    for (id, link) in of_source.filter(|(id, r)| *id > after && wanted(r)).take(limit) {
        let mut row = remembered(id, link, prices_only);
        match integer(link, "x_product_id").and_then(|p| variant::pair(env, p)) {
            Some((product, template)) => {
                row.extend(variant::columns(env, ask, product, template)?);
                if !prices_only {
                    row.extend(variant::names(ask, template)?);
                    // Ours are asked for even when the setting is off by now: they are taken away then.
                    if ask.get("extras")? == true || text(link, "x_wrote_extras").is_some() {
                        packed.extend(integer(product, "id"));
                    }
                }
            }
            // What a LEFT JOIN gives: NULLs, but false for coalesce(p.active, false) and 0 for the other two.
            None => {
                row.extend([Value::Null, Value::Null, json!(false), Value::Null, json!("0"), json!(0), json!(false)]);
                if !prices_only {
                    row.extend(ask.languages()?.iter().map(|_| Value::Null));
                }
            }
        }
        links.push(Value::Array(row));
    }
    let packagings: Vec<Value> =
        variant::packagings(env, &packed).into_iter().map(|(product, codes)| json!([product, codes])).collect();
    let (decisions, chosen) = if ask.get("choices")? == true { decisions(env, ask)? } else { (Vec::new(), Vec::new()) };
    Ok(json!({"links": links, "packagings": packagings, "decisions": decisions, "chosen": chosen, "sharers": []}))
}

/// What the link itself says, in 14 columns.
fn remembered(id: i64, link: &Record, prices_only: bool) -> Vec<Value> {
    let said = |name: &str| json!(text(link, name));
    let whole = |name: &str| if prices_only { Value::Null } else { said(name) };
    vec![
        json!(id),
        said("x_external_id"),
        said("x_said_name"),
        said("x_said_price"),
        whole("x_said_barcodes"),
        whole("x_wrote_name"),
        said("x_wrote_price"),
        whole("x_wrote_barcode"),
        json!(flag(link, "x_no_touch")),
        json!(flag(link, "x_archived_by_us") && !prices_only),
        whole("x_wrote_extras"),
        said("x_kept"),
        json!(flag(link, "x_missing")),
        said("x_overruled"),
    ]
}

/// The choices about deferred actions that are not closed, and the products that were chosen.
fn decisions(env: &Env<'_>, ask: &Ask<'_>) -> Result<(Vec<Value>, Vec<Value>), OdooFault> {
    let source = ask.text("source")?;
    let (mut decisions, mut products) = (Vec::new(), BTreeSet::new());
    for (_, r) in env.store.rows("x_pz_conflict").filter(|(_, r)| text(r, "x_source") == Some(source)) {
        if text(r, "x_state").is_some_and(|state| state != "closed") && text(r, "x_choice").is_some() {
            let mut row: Vec<Value> = ["x_external_id", "x_kind", "x_subject", "x_value", "x_choice"]
                .iter()
                .map(|name| json!(text(r, name)))
                .collect();
            row.push(json!(integer(r, "x_choice_product_id")));
            products.extend(integer(r, "x_choice_product_id"));
            decisions.push(Value::Array(row));
        }
    }
    let mut chosen = Vec::new();
    for product in products {
        if let Some((variant, template)) = variant::pair(env, product) {
            let mut row = variant::columns(env, ask, variant, template)?;
            let links = &mut env.store.rows("x_pz_product");
            row.push(json!(
                links.any(|(_, r)| integer(r, "x_product_id") == Some(product) && text(r, "x_source") == Some(source))
            ));
            row.extend(variant::names(ask, template)?);
            chosen.push(Value::Array(row));
        }
    }
    Ok((decisions, chosen))
}
