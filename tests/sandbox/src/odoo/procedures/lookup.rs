//! lookup.py: existing products for external products without a link, and who has which barcode.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Ask, text_of, variant};
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::schema::packaging_model;
use crate::odoo::store::{flag, integer, text};

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let unlinked = ask.list("unlinked")?;
    let mut candidates = Vec::new();
    for rule in ask.list("rules")?.iter().filter_map(Value::as_str) {
        candidates.extend(of_rule(env, ask, rule, unlinked)?);
    }
    let mut holders = Vec::new();
    let loose: BTreeSet<String> = ask.list("loose")?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let codes: BTreeSet<&str> = ask.list("codes")?.iter().filter_map(Value::as_str).collect();
    let mut rows = held(env, |code| codes.contains(code));
    holders.extend(describe(env, ask, "product", &rows)?);
    rows = env
        .store
        .rows(packaging_model(env.version()))
        .filter_map(|(_, r)| Some((text(r, "barcode")?.to_owned(), integer(r, "product_id")?)))
        .filter(|(code, _)| codes.contains(code.as_str()) || loose.contains(&squeezed(code)))
        .collect();
    rows.sort();
    holders.extend(describe(env, ask, "packaging", &rows)?);
    let doubled = match ask.get("doubled")? {
        Value::Array(codes) => codes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => duplicates(env),
    };
    if !doubled.is_empty() {
        let linked = linked(env, ask)?;
        let of_linked = linked.iter().filter_map(|p| text(env.store.row("product.product", *p)?, "barcode"));
        let of_linked: BTreeSet<&str> = of_linked.collect();
        rows = held(env, |code| doubled.contains(code) && of_linked.contains(code));
        holders.extend(describe(env, ask, "product", &rows)?);
    }
    let source = ask.text("source")?;
    let odd = odd(env, ask, &loose)?;
    let of_holders = holders.iter().filter_map(|row: &Value| row[2].as_i64());
    let found: BTreeSet<i64> = of_holders.chain(odd.iter().filter_map(|row| row[0].as_i64())).collect();
    let links = env.store.rows("x_pz_product").map(|(_, r)| r).filter(|r| text(r, "x_source") == Some(source));
    let ours = links.filter(|r| integer(r, "x_product_id").is_some_and(|p| found.contains(&p)));
    let linked: Vec<&str> = ours.filter_map(|r| text(r, "x_external_id")).collect();
    Ok(json!({"candidates": candidates, "holders": holders, "odd": odd, "linked": linked, "sharers": []}))
}

/// Products whose code has something in it that no scanner sends, where the rest, or a part of it, is asked for.
fn odd(env: &Env<'_>, ask: &Ask<'_>, loose: &BTreeSet<String>) -> Result<Vec<Value>, OdooFault> {
    let linked = linked(env, ask)?;
    let mut out = Vec::new();
    for (product, _) in env.store.rows("product.product") {
        let Some((variant, template)) = variant::pair(env, product) else { continue };
        let Some(code) = text(variant, "barcode").filter(|code| code.contains(between)) else { continue };
        if loose.contains(&squeezed(code)) || code.split(between).any(|part| loose.contains(part)) {
            let mut row = variant::columns(env, ask, variant, template)?;
            row.push(json!(linked.contains(&product)));
            row.extend(variant::names(ask, template)?);
            out.push(Value::Array(row));
        }
    }
    Ok(out)
}

fn squeezed(code: &str) -> String {
    code.replace(between, "")
}

fn between(c: char) -> bool {
    c < '\u{c0}' && !c.is_ascii_alphanumeric() || c.is_whitespace() || matches!(c, '\u{200b}'..='\u{206f}' | '\u{feff}')
}

/// Codes that two active products have, in order.
pub(super) fn duplicates(env: &Env<'_>) -> BTreeSet<String> {
    active_holders(env).into_iter().filter(|(_, holders)| holders.len() > 1).map(|(code, _)| code).collect()
}

/// Codes of active products, with the company of each holder.
pub(super) fn active_holders(env: &Env<'_>) -> BTreeMap<String, Vec<Option<i64>>> {
    let mut out: BTreeMap<String, Vec<Option<i64>>> = BTreeMap::new();
    for (_, variant) in env.store.rows("product.product").filter(|(_, r)| flag(r, "active")) {
        if let Some(code) = text(variant, "barcode") {
            let template = integer(variant, "product_tmpl_id").and_then(|t| env.store.row("product.template", t));
            out.entry(code.to_owned()).or_default().push(template.and_then(|t| integer(t, "company_id")));
        }
    }
    out
}

/// The products that the source's links point to.
fn linked(env: &Env<'_>, ask: &Ask<'_>) -> Result<BTreeSet<i64>, OdooFault> {
    let source = ask.text("source")?;
    let links = env.store.rows("x_pz_product").filter(|(_, r)| text(r, "x_source") == Some(source));
    Ok(links.filter_map(|(_, r)| integer(r, "x_product_id")).collect())
}

/// Codes with their products, sorted.
fn held(env: &Env<'_>, wanted: impl Fn(&str) -> bool) -> Vec<(String, i64)> {
    let rows = env.store.rows("product.product");
    let mut out: Vec<(String, i64)> = rows
        .filter_map(|(id, r)| text(r, "barcode").filter(|code| wanted(code)).map(|code| (code.to_owned(), id)))
        .collect();
    out.sort();
    out
}

fn describe(env: &Env<'_>, ask: &Ask<'_>, kind: &str, rows: &[(String, i64)]) -> Result<Vec<Value>, OdooFault> {
    let mut out = Vec::new();
    for (code, product) in rows {
        if let Some((variant, template)) = variant::pair(env, *product) {
            out.push(json!([kind, code, product, flag(variant, "active"), variant::shown(ask, template)?]));
        }
    }
    Ok(out)
}

/// The products that a rule finds.
fn of_rule(env: &Env<'_>, ask: &Ask<'_>, rule: &str, unlinked: &[Value]) -> Result<Vec<Value>, OdooFault> {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in unlinked {
        let id = text_of(row, "id").unwrap_or_default();
        let values: Vec<&str> = match rule {
            "default_code" => vec![id],
            "name" => text_of(row, "name").into_iter().collect(),
            "barcode" => row["codes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
            other => return Err(OdooFault::value_error(format!("KeyError('{other}')"))),
        };
        for value in values {
            wanted.entry(value).or_default().insert(id);
        }
    }
    let linked = linked(env, ask)?;
    let mut found: Vec<(&str, i64, Value)> = Vec::new();
    for (product, _) in env.store.rows("product.product") {
        let Some((variant, template)) = variant::pair(env, product) else { continue };
        let shown = variant::shown(ask, template)?;
        let value = match rule {
            "default_code" => text(variant, "default_code"),
            "barcode" => text(variant, "barcode"),
            _ => shown.as_str(),
        };
        for id in value.and_then(|v| wanted.get(v)).into_iter().flatten() {
            let mut row = vec![json!(rule), json!(id)];
            row.extend(variant::columns(env, ask, variant, template)?);
            row.push(json!(linked.contains(&product)));
            row.extend(variant::names(ask, template)?);
            found.push((id, product, Value::Array(row)));
        }
    }
    found.sort_by_key(|(id, product, _)| (*id, *product));
    Ok(found.into_iter().map(|(_, _, row)| row).collect())
}
