//! move.py: barcodes of existing products, released all, then assigned all, component by component.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::writing::{Answers, history, isolated, leased, links_of, object, taken, write_history};
use super::{Ask, or_false, text_of};
use crate::odoo::clock;
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::store::{Record, text};

type Component<'a> = &'a [Value];

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let leased = leased(env, ask)?;
    let components: Vec<Component<'_>> = if leased { ask.list("components")? } else { &[] }
        .iter()
        .map(|c| c.as_array().map_or(&[][..], Vec::as_slice))
        .collect();
    let ids: Vec<&str> = components.iter().copied().flatten().filter_map(|r| text_of(r, "external_id")).collect();
    let links = links_of(env, ask, &ids)?;
    let mut answers = Answers::new();
    let mut ready = Vec::new();
    for component in components {
        let first = |wanted: &str| component.iter().find_map(|row| overtaken(env, &links, row, wanted));
        match (first("old"), first("new")) {
            (_, None) => mark(&mut answers, component, "done", &json!(true)),
            (Some(before), Some(_)) => mark(&mut answers, component, "overtaken", &json!(before)),
            (None, Some(_)) => ready.push(component),
        }
    }
    settle(env, &mut answers, &mut ready);
    if !ready.is_empty() && isolated(env, |env| shift(env, ask, &ready, &links)).is_none() {
        for component in ready {
            mark(&mut answers, component, "done", &json!(true));
        }
    } else {
        for component in ready {
            match isolated(env, |env| shift(env, ask, &[component], &links)) {
                None => mark(&mut answers, component, "done", &json!(true)),
                Some(problem) => mark(&mut answers, component, "refused", &json!(problem)),
            }
        }
    }
    Ok(json!({"leased": leased, "answers": answers}))
}

fn overtaken(env: &Env<'_>, links: &BTreeMap<String, i64>, row: &Value, wanted: &str) -> Option<String> {
    let product = row["product"].as_i64().and_then(|p| env.store.row("product.product", p));
    let Some(product) = product else { return Some("the product was deleted in Odoo".to_owned()) };
    if !links.contains_key(text_of(row, "external_id").unwrap_or_default()) {
        return Some("the link was deleted in Odoo".to_owned());
    }
    let now = text(product, "barcode").filter(|code| !code.is_empty());
    (now != text_of(row, wanted)).then(|| format!("the barcode is {} now, edited meanwhile", now.unwrap_or("empty")))
}

fn mark(answers: &mut Answers, component: Component<'_>, kind: &str, what: &Value) {
    for row in component {
        answers.entry(text_of(row, "external_id").unwrap_or_default()).or_insert_with(|| json!({kind: what}));
    }
}

/// Drops components whose code was given away meanwhile, or stands on a product whose own move has just been dropped.
fn settle(env: &Env<'_>, answers: &mut Answers, ready: &mut Vec<Component<'_>>) {
    loop {
        let rows = || ready.iter().copied().flatten();
        let moving: Vec<i64> = rows().filter_map(|r| r["product"].as_i64()).collect();
        let codes: Vec<&str> = rows().filter_map(|r| text_of(r, "new")).filter(|c| !c.is_empty()).collect();
        let occupied = taken(env, &codes, &moving);
        let before = ready.len();
        ready.retain(|component| {
            let row = component.iter().rfind(|r| text_of(r, "new").is_some_and(|code| occupied.contains_key(code)));
            if let Some(code) = row.and_then(|r| text_of(r, "new")) {
                let problem = format!("barcode {code} is at product #{} now", occupied[code]);
                mark(answers, component, "overtaken", &json!(problem));
            }
            row.is_none()
        });
        if ready.len() == before {
            return;
        }
    }
}

fn shift(
    env: &mut Env<'_>,
    ask: &Ask<'_>,
    part: &[Component<'_>],
    links: &BTreeMap<String, i64>,
) -> Result<(), OdooFault> {
    let rows = || part.iter().copied().flatten();
    let set = |env: &mut Env<'_>, row: &Value, code: Value| {
        env.write(
            "product.product",
            &[row["product"].as_i64().unwrap_or_default()],
            &Record::from_iter([("barcode".to_owned(), code)]),
        )
    };
    for row in rows() {
        let product = row["product"].as_i64().and_then(|p| env.store.row("product.product", p));
        if product.is_some_and(|p| text(p, "barcode").is_some()) {
            set(env, row, json!(false))?;
        }
    }
    for row in rows() {
        if let Some(code) = text_of(row, "new").filter(|c| !c.is_empty()) {
            set(env, row, json!(code))?;
        }
    }
    let mut lines = Vec::new();
    for row in rows() {
        let link = links[text_of(row, "external_id").unwrap_or_default()];
        let mut values = object(json!({
            "x_wrote_barcode": or_false(text_of(row, "new")), "x_event_update": clock::seconds(&env.store.now),
        }));
        if let Some(said) = text_of(row, "said_barcodes") {
            values.insert("x_said_barcodes".to_owned(), or_false(Some(said)));
        }
        env.write("x_pz_product", &[link], &values)?;
        let change = (text_of(row, "old"), text_of(row, "new"));
        lines.push(history(env, ask, link, row, "barcode", change, text_of(row, "cause").unwrap_or_default())?);
    }
    write_history(env, "x_pz_product_barcode_history", lines)
}
