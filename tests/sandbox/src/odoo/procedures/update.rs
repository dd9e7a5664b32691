//! update.py: names and prices, each only where Odoo still has what the plan saw; archiving; links of recognised
//! products, and what links remember.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::lease::pause;
use super::writing::{Answers, event, halves, history, leased, links_of, object, paused, write_history};
use super::{Ask, text_of, variant};
use crate::odoo::clock;
use crate::odoo::env::Env;
use crate::odoo::error::{OdooFault, python_text};
use crate::odoo::products;
use crate::odoo::store::{Record, flag, integer, text};

/// What Odoo has at the beginning of the call.
struct Current {
    template: i64,
    price: String,
    active: bool,
    names: BTreeMap<String, String>,
}

/// What is known before anything is written.
struct Known {
    current: BTreeMap<i64, Current>,
    links: BTreeMap<String, i64>,
    /// Where the links lead.
    linked_to: BTreeMap<String, Option<i64>>,
    /// Products that were created unsaleable for want of a price.
    priceless: BTreeSet<String>,
}

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let leased = pause(env).is_null() && leased(env, ask)?;
    let rows = if leased { ask.list("rows")? } else { &[] };
    let ids: Vec<&str> = rows.iter().filter_map(|r| text_of(r, "external_id")).collect();
    let links = links_of(env, ask, &ids)?;
    let leads_to = |link: i64| env.store.row("x_pz_product", link).and_then(|r| integer(r, "x_product_id"));
    let linked_to = links.iter().map(|(id, link)| (id.clone(), leads_to(*link))).collect();
    let mut current = BTreeMap::new();
    for product in rows.iter().filter_map(|r| r["product"].as_i64()) {
        if let Some((variant, template)) = variant::pair(env, product) {
            let name = |l: &str| products::name(template, Some(l)).unwrap_or_default().to_owned();
            let now = Current {
                template: integer(template, "id").unwrap_or_default(),
                price: variant::price(env, template),
                active: flag(variant, "active"),
                names: ask.languages()?.into_iter().map(|l| (l.to_owned(), name(l))).collect(),
            };
            current.insert(product, now);
        }
    }
    let known = Known { priceless: priceless(env, &links), current, links, linked_to };
    let mut answers = Answers::new();
    let mut ready = Vec::new();
    for row in rows {
        match overtaken(row, &known) {
            Some(problem) => {
                answers
                    .insert(text_of(row, "external_id").unwrap_or_default().to_owned(), json!({"overtaken": problem}));
            }
            None => ready.push(row),
        }
    }
    halves(env, &mut answers, &ready, &|env, part, answers| update(env, ask, part, &known, answers));
    Ok(json!({"leased": leased, "paused": paused(env, leased), "answers": answers}))
}

fn priceless(env: &Env<'_>, links: &BTreeMap<String, i64>) -> BTreeSet<String> {
    let without = |link: i64| {
        let link = env.store.row("x_pz_product", link);
        link.is_some_and(|r| match text(r, "x_said_price") {
            None => text(r, "x_wrote_price") == Some("0"),
            Some(_) => text(r, "x_matched_by").is_none() && text(r, "x_wrote_price").is_none(),
        })
    };
    links.iter().filter(|(_, link)| without(**link)).map(|(id, _)| id.clone()).collect()
}

fn differs(current: &str, new: &Value) -> bool {
    current.parse::<f64>().ok() != new.as_f64()
}

/// Why this row must not be written any more; `None` when all is as the plan saw it, or as it wants it.
fn overtaken(row: &Value, known: &Known) -> Option<String> {
    let product = row["product"].as_i64();
    let now = product.and_then(|p| known.current.get(&p)).filter(|c| row["template"] == c.template);
    let Some(now) = now else { return Some("the product was deleted in Odoo".to_owned()) };
    match known.linked_to.get(text_of(row, "external_id").unwrap_or_default()) {
        None if row["adopt"].is_null() => return Some("the link was deleted in Odoo".to_owned()),
        Some(Some(other)) if Some(*other) != product => {
            return Some(format!("the link leads to product #{other} now, changed meanwhile"));
        }
        Some(None) if row["adopt"].is_null() => {
            return Some("the link leads to no product now, changed meanwhile".to_owned());
        }
        _ => {}
    }
    for (lang, old) in row["name"]["old"].as_object().into_iter().flatten() {
        let name = now.names.get(lang).map(String::as_str).unwrap_or_default();
        if *old != name && row["name"]["new"][lang] != name {
            return Some(format!("the name is {} ({lang}) now, edited meanwhile", python_text(name)));
        }
    }
    let price = &row["price"];
    if price.is_object() && price["old"] != now.price.as_str() && differs(&now.price, &price["new"]) {
        return Some(format!("the price is {} now, edited meanwhile", now.price));
    }
    None
}

fn update(
    env: &mut Env<'_>,
    ask: &Ask<'_>,
    part: &[&Value],
    known: &Known,
    answers: &mut Answers,
) -> Result<(), OdooFault> {
    let links = part.iter().map(|row| link_of(env, ask, row, known)).collect::<Result<Vec<i64>, _>>()?;
    let (mut archived, mut reactivated) = (Vec::new(), Vec::new());
    for row in part {
        let product = row["product"].as_i64().unwrap_or_default();
        let now = &known.current[&product];
        template(env, ask, row, now, known)?;
        match text_of(row, "activity") {
            Some("archive") if now.active => archived.push(product),
            Some("reactivate") if !now.active => reactivated.push(product),
            _ => {}
        }
    }
    env.set_activity(&archived, false)?;
    env.set_activity(&reactivated, true)?;
    let (mut prices, mut names) = (Vec::new(), Vec::new());
    for (row, link) in part.iter().zip(links) {
        let id = text_of(row, "external_id").unwrap_or_default();
        remember(env, row, link, known)?;
        let price = &row["price"];
        if price.is_object() {
            let change = (text_of(price, "old_text"), text_of(price, "new_text"));
            let cause = text_of(price, "cause").unwrap_or_default();
            prices.push(history(env, ask, Some(link), row, "price", change, cause)?);
        }
        let name = &row["name"];
        for (lang, old) in name["old"].as_object().into_iter().flatten() {
            let change = (old.as_str(), text_of(&name["new"], lang));
            let cause = text_of(name, "cause").unwrap_or_default();
            let mut line = history(env, ask, Some(link), row, &format!("name-{lang}"), change, cause)?;
            line.insert("x_language".to_owned(), json!(lang));
            names.push(line);
        }
        answers.insert(id.to_owned(), json!({"done": true}));
    }
    write_history(env, "x_pz_product_price_history", prices)?;
    write_history(env, "x_pz_product_name_history", names)
}

fn label(row: &Value) -> String {
    let part = |key: &str| text_of(row, key).unwrap_or_default();
    format!("[{}] {}", part("external_id"), part("label"))
}

/// The row's link, made now when there is none.
fn link_of(env: &mut Env<'_>, ask: &Ask<'_>, row: &Value, known: &Known) -> Result<i64, OdooFault> {
    let id = text_of(row, "external_id").unwrap_or_default();
    if let Some(link) = known.links.get(id) {
        return Ok(*link);
    }
    let mut values = event(env, if row["adopt"] == "manual" { "manual" } else { "ok" });
    values.extend(object(json!({
        "x_name": label(row), "x_source": ask.get("source")?, "x_external_id": id, "x_product_id": row["product"],
        "x_matched_by": row["adopt"],
    })));
    env.create("x_pz_product", &values)
}

/// Writes price and names on the template.
fn template(env: &mut Env<'_>, ask: &Ask<'_>, row: &Value, now: &Current, known: &Known) -> Result<(), OdooFault> {
    let price = &row["price"];
    let mut values = Record::new();
    if price.is_object() && differs(&now.price, &price["new"]) {
        values.insert("list_price".to_owned(), price["new"].clone());
    }
    let said = row["link"]["said_price"].as_str().is_some_and(|p| !p.trim_matches(['0', '.']).is_empty());
    let kept = values.get("list_price").and_then(Value::as_f64).or_else(|| now.price.parse().ok()).unwrap_or_default();
    let priced = said && kept != 0.0;
    let was_priceless = known.priceless.contains(text_of(row, "external_id").unwrap_or_default());
    if was_priceless && priced && ask.get("sale_ok")? == true {
        values.insert("sale_ok".to_owned(), json!(true));
    }
    if !values.is_empty() {
        env.write("product.template", &[now.template], &values)?;
    }
    for lang in row["name"]["old"].as_object().into_iter().flat_map(Map::keys) {
        if row["name"]["new"][lang] != now.names.get(lang).map(String::as_str).unwrap_or_default() {
            let values = Record::from_iter([("name".to_owned(), row["name"]["new"][lang].clone())]);
            env.lang = Some(lang.clone());
            let written = env.write("product.template", &[now.template], &values);
            env.lang = None;
            written?;
        }
    }
    Ok(())
}

/// Writes what the link remembers.
fn remember(env: &mut Env<'_>, row: &Value, link: i64, known: &Known) -> Result<(), OdooFault> {
    let mut values = Record::new();
    if !row["adopt"].is_null() && known.linked_to.get(text_of(row, "external_id").unwrap_or_default()) == Some(&None) {
        // The link lost its product, and a person chose another, of which it remembers nothing yet.
        values.extend(event(env, "manual"));
        values.extend(object(json!({
            "x_product_id": row["product"], "x_matched_by": row["adopt"], "x_wrote_extras": false, "x_kept": false,
            "x_archived_by_us": false, "x_missing": false, "x_wrote_name": false, "x_wrote_price": false,
            "x_wrote_barcode": false, "x_said_name": false, "x_said_price": false, "x_said_barcodes": false,
        })));
    }
    if let Some(missing) = row["missing"].as_bool() {
        let matched_by = env.store.row("x_pz_product", link).and_then(|r| text(r, "x_matched_by"));
        let manual = matched_by == Some("manual") || row["adopt"] == "manual";
        let present = if manual { "manual" } else { "ok" };
        values.extend(event(env, if missing { "missing" } else { present }));
        values.insert("x_missing".to_owned(), json!(missing));
    }
    values.extend(link_values(&row["link"])?);
    if row["name"].is_object() || row["link"]["said_name"].as_str().is_some_and(|n| !n.is_empty()) {
        values.insert("x_name".to_owned(), json!(label(row)));
    }
    values.insert("x_event_update".to_owned(), json!(clock::seconds(&env.store.now)));
    env.write("x_pz_product", &[link], &values)
}

fn link_values(values: &Value) -> Result<Record, OdooFault> {
    const FIELDS: [&str; 10] = [
        "said_name",
        "said_price",
        "said_barcodes",
        "wrote_name",
        "wrote_price",
        "wrote_barcode",
        "wrote_extras",
        "kept",
        "overruled",
        "archived_by_us",
    ];
    let mut out = Record::new();
    for (name, value) in values.as_object().into_iter().flatten() {
        if !FIELDS.contains(&name.as_str()) {
            return Err(OdooFault::value_error(format!("'{name}'")));
        }
        out.insert(format!("x_{name}"), if value.is_null() { json!(false) } else { value.clone() });
    }
    Ok(out)
}
