//! update.py: names and prices, each only where Odoo still has what the plan saw; links of recognised products.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::writing::{Answers, event, halves, history, leased, links_of, object, write_history};
use super::{Ask, text_of, variant};
use crate::odoo::clock;
use crate::odoo::env::Env;
use crate::odoo::error::{OdooFault, python_text};
use crate::odoo::products;
use crate::odoo::store::{Record, integer, text};

/// What Odoo has at the beginning of the call.
struct Current {
    template: i64,
    price: String,
    names: BTreeMap<String, String>,
}

/// What is known before anything is written.
struct Known {
    current: BTreeMap<i64, Current>,
    links: BTreeMap<String, i64>,
    /// Products that were created unsaleable for want of a price.
    priceless: BTreeSet<String>,
}

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let leased = leased(env, ask)?;
    let rows = if leased { ask.list("rows")? } else { &[] };
    let ids: Vec<&str> = rows.iter().filter_map(|r| text_of(r, "external_id")).collect();
    let links = links_of(env, ask, &ids)?;
    let mut current = BTreeMap::new();
    for product in rows.iter().filter_map(|r| r["product"].as_i64()) {
        if let Some((_, template)) = variant::pair(env, product) {
            let name = |l: &str| products::name(template, Some(l)).unwrap_or_default().to_owned();
            let names = ask.languages()?.into_iter().map(|l| (l.to_owned(), name(l))).collect();
            let template_id = integer(template, "id").unwrap_or_default();
            current.insert(product, Current { template: template_id, price: variant::price(env, template), names });
        }
    }
    let known = Known { priceless: priceless(env, &links), current, links };
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
    Ok(json!({"leased": leased, "answers": answers}))
}

fn priceless(env: &Env<'_>, links: &BTreeMap<String, i64>) -> BTreeSet<String> {
    let without = |link: i64| {
        let link = env.store.row("x_pz_product", link);
        link.is_some_and(|r| text(r, "x_wrote_price") == Some("0") && text(r, "x_said_price").is_none())
    };
    links.iter().filter(|(_, link)| without(**link)).map(|(id, _)| id.clone()).collect()
}

fn differs(current: &str, new: &Value) -> bool {
    current.parse::<f64>().ok() != new.as_f64()
}

/// Why this row must not be written any more; `None` when all is as the plan saw it, or as it wants it.
fn overtaken(row: &Value, known: &Known) -> Option<String> {
    let now = row["product"].as_i64().and_then(|p| known.current.get(&p)).filter(|c| row["template"] == c.template);
    let Some(now) = now else { return Some("the product was deleted in Odoo".to_owned()) };
    if row["adopt"].is_null() && !known.links.contains_key(text_of(row, "external_id").unwrap_or_default()) {
        return Some("the link was deleted in Odoo".to_owned());
    }
    for (lang, old) in row["name"]["old"].as_object().into_iter().flatten() {
        let name = now.names.get(lang).map(String::as_str).unwrap_or_default();
        if *old != name && row["name"]["new"] != name {
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
    let mut prices = Vec::new();
    for row in part {
        let id = text_of(row, "external_id").unwrap_or_default();
        let label = format!("[{id}] {}", text_of(row, "label").unwrap_or_default());
        let now = &known.current[&row["product"].as_i64().unwrap_or_default()];
        let link = match known.links.get(id) {
            Some(link) => *link,
            None => {
                let mut values = event(env, "ok");
                values.extend(object(json!({
                    "x_name": label, "x_source": ask.get("source")?, "x_external_id": id, "x_product_id": row["product"],
                    "x_matched_by": row["adopt"],
                })));
                env.create("x_pz_product", &values)?
            }
        };
        let price = &row["price"];
        let mut values = Record::new();
        if price.is_object() && differs(&now.price, &price["new"]) {
            values.insert("list_price".to_owned(), price["new"].clone());
        }
        let priced = row["link"]["said_price"].as_str().is_some_and(|p| !p.is_empty());
        if known.priceless.contains(id) && priced && ask.get("sale_ok")? == true {
            values.insert("sale_ok".to_owned(), json!(true));
        }
        if !values.is_empty() {
            env.write("product.template", &[now.template], &values)?;
        }
        for lang in row["name"]["old"].as_object().into_iter().flat_map(Map::keys) {
            if row["name"]["new"] != now.names.get(lang).map(String::as_str).unwrap_or_default() {
                env.lang = Some(lang.clone());
                let written = env.write(
                    "product.template",
                    &[now.template],
                    &Record::from_iter([("name".to_owned(), row["name"]["new"].clone())]),
                );
                env.lang = None;
                written?;
            }
        }
        let mut values = link_values(&row["link"])?;
        if row["name"].is_object() || row["link"]["said_name"].as_str().is_some_and(|n| !n.is_empty()) {
            values.insert("x_name".to_owned(), json!(label));
        }
        values.insert("x_event_update".to_owned(), json!(clock::seconds(&env.store.now)));
        env.write("x_pz_product", &[link], &values)?;
        if price.is_object() {
            let change = (text_of(price, "old_text"), text_of(price, "new_text"));
            prices.push(history(env, ask, link, row, "price", change, text_of(price, "cause").unwrap_or_default())?);
        }
        answers.insert(id.to_owned(), json!({"done": true}));
    }
    write_history(env, "x_pz_product_price_history", prices)
}

fn link_values(values: &Value) -> Result<Record, OdooFault> {
    const FIELDS: [&str; 6] =
        ["said_name", "said_price", "said_barcodes", "wrote_name", "wrote_price", "wrote_barcode"];
    let mut out = Record::new();
    for (name, value) in values.as_object().into_iter().flatten() {
        if !FIELDS.contains(&name.as_str()) {
            return Err(OdooFault::value_error(format!("'{name}'")));
        }
        out.insert(format!("x_{name}"), if value.is_null() { json!(false) } else { value.clone() });
    }
    Ok(out)
}
