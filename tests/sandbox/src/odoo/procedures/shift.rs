//! move.py: barcodes of existing products, released all, then assigned all, component by component; further codes on
//! packagings or units likewise.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::lease::pause;
use super::writing::{
    Answers, Off, history, isolated, leased, links_of, object, paused, put_on_packagings, take_off_packagings, taken,
    texts, write_history,
};
use super::{Ask, or_false, text_of, variant};
use crate::odoo::clock;
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::store::{Record, text};

type Component<'a> = &'a [Value];

/// What is known before anything is written.
struct Known {
    links: BTreeMap<String, i64>,
    /// The codes on packagings or units, by product.
    packed: BTreeMap<i64, BTreeSet<String>>,
}

impl Known {
    fn is_packed(&self, row: &Value, code: &str) -> bool {
        self.packed.get(&product(row)).is_some_and(|codes| codes.contains(code))
    }
}

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let leased = pause(env).is_null() && leased(env, ask)?;
    let components: Vec<Component<'_>> = if leased { ask.list("components")? } else { &[] }
        .iter()
        .map(|c| c.as_array().map_or(&[][..], Vec::as_slice))
        .collect();
    let rows = || components.iter().copied().flatten();
    let ids: Vec<&str> = rows().filter_map(|r| text_of(r, "external_id")).collect();
    let with_extras = rows().filter(|r| !texts(r, "add").is_empty() || !texts(r, "remove").is_empty());
    let packed = variant::packagings(env, &with_extras.map(product).collect());
    let known = Known { links: links_of(env, ask, &ids)?, packed };
    let mut answers = Answers::new();
    let mut ready = Vec::new();
    for component in components {
        let first = |wanted: &str| component.iter().find_map(|row| overtaken(env, &known, row, wanted));
        match (first("old"), first("new")) {
            (_, None) => mark(&mut answers, component, "done", &json!(true)),
            (Some(before), Some(_)) => mark(&mut answers, component, "overtaken", &json!(before)),
            (None, Some(_)) => ready.push(component),
        }
    }
    settle(env, &mut answers, &mut ready);
    if !ready.is_empty() && isolated(env, |env| shift(env, ask, &ready, &known)).is_none() {
        for component in ready {
            mark(&mut answers, component, "done", &json!(true));
        }
    } else {
        for component in ready {
            match isolated(env, |env| shift(env, ask, &[component], &known)) {
                None => mark(&mut answers, component, "done", &json!(true)),
                Some(problem) => mark(&mut answers, component, "refused", &json!(problem)),
            }
        }
    }
    Ok(json!({"leased": leased, "paused": paused(env, leased), "answers": answers}))
}

fn product(row: &Value) -> i64 {
    row["product"].as_i64().unwrap_or_default()
}

fn overtaken(env: &Env<'_>, known: &Known, row: &Value, wanted: &str) -> Option<String> {
    let Some(record) = env.store.row("product.product", product(row)) else {
        return Some("the product was deleted in Odoo".to_owned());
    };
    if row["outside"] != true && !known.links.contains_key(text_of(row, "external_id").unwrap_or_default()) {
        return Some("the link was deleted in Odoo".to_owned());
    }
    if wanted == "old" && row["outside"] != true {
        let link = env.store.row("x_pz_product", known.links[text_of(row, "external_id").unwrap_or_default()]);
        match link.and_then(|r| r["x_product_id"].as_i64()) {
            Some(linked) if linked == product(row) => {}
            Some(linked) => return Some(format!("the link leads to product #{linked} now, changed meanwhile")),
            None => return Some("the link leads to no product now, changed meanwhile".to_owned()),
        }
    }
    let now = text(record, "barcode").filter(|code| !code.is_empty());
    if now != text_of(row, wanted) {
        return Some(format!("the barcode is {} now, edited meanwhile", now.unwrap_or("empty")));
    }
    if wanted == "old" {
        return None;
    }
    if let Some(code) = texts(row, "add").into_iter().find(|code| !known.is_packed(row, code)) {
        return Some(format!("the further barcode {code} is not there yet"));
    }
    let left = texts(row, "remove").into_iter().find(|code| known.is_packed(row, code));
    left.map(|code| format!("the further barcode {code} is there still"))
}

fn mark(answers: &mut Answers, component: Component<'_>, kind: &str, what: &Value) {
    for row in component {
        answers.entry(text_of(row, "external_id").unwrap_or_default()).or_insert_with(|| json!({kind: what}));
    }
}

/// The codes that a row gives to its product.
fn given(row: &Value) -> Vec<&str> {
    text_of(row, "new").filter(|c| !c.is_empty()).into_iter().chain(texts(row, "add")).collect()
}

/// Drops components whose code was given away meanwhile, or stands on a product whose own move has just been dropped.
fn settle(env: &Env<'_>, answers: &mut Answers, ready: &mut Vec<Component<'_>>) {
    loop {
        let rows = || ready.iter().copied().flatten();
        let moving: Vec<i64> = rows().map(product).collect();
        let codes: Vec<&str> = rows().flat_map(given).collect();
        let mut off = Off::new();
        for row in rows() {
            let of_product = off.entry(product(row)).or_default();
            of_product.extend(texts(row, "remove"));
            of_product.extend(texts(row, "add"));
        }
        let occupied = taken(env, &codes, &moving, &off);
        let before = ready.len();
        ready.retain(|component| {
            let last = component.iter().flat_map(given).rfind(|code| occupied.contains_key(*code));
            if let Some(code) = last {
                let problem = format!("barcode {code} is at product #{} now", occupied[code]);
                mark(answers, component, "overtaken", &json!(problem));
            }
            last.is_none()
        });
        if ready.len() == before {
            return;
        }
    }
}

fn shift(env: &mut Env<'_>, ask: &Ask<'_>, part: &[Component<'_>], known: &Known) -> Result<(), OdooFault> {
    let rows = || part.iter().copied().flatten();
    let moving = || rows().filter(|row| row["old"] != row["new"]);
    let set = |env: &mut Env<'_>, row: &Value, code: Value| {
        env.write("product.product", &[product(row)], &Record::from_iter([("barcode".to_owned(), code)]))
    };
    for row in rows() {
        take_off_packagings(env, product(row), &texts(row, "remove"))?;
    }
    for row in moving() {
        if env.store.row("product.product", product(row)).is_some_and(|p| text(p, "barcode").is_some()) {
            set(env, row, json!(false))?;
        }
    }
    for row in moving() {
        if let Some(code) = text_of(row, "new").filter(|c| !c.is_empty()) {
            set(env, row, json!(code))?;
        }
    }
    let mut lines = Vec::new();
    for row in rows() {
        let mut absent = texts(row, "add");
        absent.retain(|code| !known.is_packed(row, code));
        put_on_packagings(env, product(row), &absent)?;
        lines.extend(record(env, ask, row, known)?);
    }
    write_history(env, "x_pz_product_barcode_history", lines)
}

/// Writes what the link remembers; the lines of the history that the row is worth.
fn record(env: &mut Env<'_>, ask: &Ask<'_>, row: &Value, known: &Known) -> Result<Vec<Record>, OdooFault> {
    let change = (text_of(row, "old"), text_of(row, "new"));
    let cause = text_of(row, "cause").unwrap_or_default();
    if row["outside"] == true {
        let field = format!("outside-{}", product(row));
        let mut line = history(env, ask, None, row, &field, change, cause)?;
        let shown = format!("#{}: {} → -", product(row), change.0.unwrap_or("None"));
        line.extend(object(json!({"x_name": shown, "x_external_id": false})));
        return Ok(vec![line]);
    }
    let link = known.links[text_of(row, "external_id").unwrap_or_default()];
    let mut values = object(json!({
        "x_wrote_barcode": or_false(text_of(row, "new")), "x_event_update": clock::seconds(&env.store.now),
    }));
    for name in ["said_barcodes", "wrote_extras"] {
        if let Some(codes) = text_of(row, name) {
            values.insert(format!("x_{name}"), or_false(Some(codes)));
        }
    }
    env.write("x_pz_product", &[link], &values)?;
    let mut lines = Vec::new();
    if change.0 != change.1 {
        lines.push(history(env, ask, Some(link), row, "barcode", change, cause)?);
    }
    for code in texts(row, "remove") {
        let field = format!("packaging-{code}");
        lines.push(history(env, ask, Some(link), row, &field, (Some(code), None), cause)?);
    }
    for code in texts(row, "add") {
        let field = format!("packaging+{code}");
        lines.push(history(env, ask, Some(link), row, &field, (None, Some(code)), cause)?);
    }
    Ok(lines)
}
