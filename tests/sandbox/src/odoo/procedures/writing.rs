//! writing.py: what every writing procedure begins with, the lane's row above all, and what they share.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Ask, or_false, text_of, variant};
use crate::odoo::clock;
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::products::barcode_index;
use crate::odoo::schema::packaging_model;
use crate::odoo::store::{Record, integer, text};

/// Answers by external id.
pub(super) type Answers = Map<String, Value>;

/// Renews the lease of the call's lane; false when it is not ours any more.
pub(super) fn leased(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<bool, OdooFault> {
    let (lane, token) = (ask.number("lane")?, ask.text("token")?);
    let until = clock::later(&env.store.now, ask.number("seconds")?);
    let mine = |r: &Record| integer(r, "x_lane") == Some(lane) && text(r, "x_token") == Some(token);
    let row = env.store.rows("x_pz_lane").find(|(_, r)| mine(r)).map(|(id, _)| id);
    match row {
        Some(id) => {
            env.store.set("x_pz_lane", id, Map::from_iter([("x_expires".to_owned(), json!(until))])).map(|()| true)
        }
        None => Ok(false),
    }
}

/// Whose switch it is that a writing procedure did nothing.
pub(super) fn paused(env: &Env<'_>, leased: bool) -> Value {
    if leased { Value::Null } else { super::lease::pause(env) }
}

/// The links of the source with these external ids.
pub(super) fn links_of(env: &Env<'_>, ask: &Ask<'_>, ids: &[&str]) -> Result<BTreeMap<String, i64>, OdooFault> {
    let source = ask.text("source")?;
    let wanted: BTreeSet<&str> = ids.iter().copied().collect();
    let rows = env.store.rows("x_pz_product").filter(|(_, r)| text(r, "x_source") == Some(source));
    Ok(rows
        .filter_map(|(id, r)| text(r, "x_external_id").filter(|e| wanted.contains(e)).map(|e| (e.to_owned(), id)))
        .collect())
}

/// Codes that are taken off a product's packagings, by product.
pub(super) type Off<'a> = BTreeMap<i64, Vec<&'a str>>;

/// Which of these codes stand on a record other than those products, or than the packagings whose codes are taken off.
pub(super) fn taken(env: &Env<'_>, codes: &[&str], but: &[i64], off: &Off<'_>) -> BTreeMap<String, i64> {
    let mut out = BTreeMap::new();
    for code in codes {
        let holders = env.store.find("product.product", barcode_index(env.version()), &[code]);
        if let Some(first) = holders.iter().filter(|id| !but.contains(id)).min() {
            out.insert((*code).to_owned(), *first);
        }
    }
    let wanted: BTreeSet<&str> = codes.iter().copied().collect();
    for (_, packaging) in env.store.rows(packaging_model(env.version())).rev() {
        if let (Some(code), Some(product)) = (text(packaging, "barcode"), integer(packaging, "product_id"))
            && wanted.contains(code)
            && !off.get(&product).is_some_and(|codes| codes.contains(&code))
        {
            out.insert(code.to_owned(), product);
        }
    }
    out
}

/// Further codes that scan: a unit's from 19 on, a packaging's before.
pub(super) fn put_on_packagings(env: &mut Env<'_>, product: i64, codes: &[&str]) -> Result<(), OdooFault> {
    let model = packaging_model(env.version());
    for code in codes {
        let values = if env.version() >= 19 {
            let unit = variant::pair(env, product).and_then(|(_, template)| integer(template, "uom_id"));
            json!({"product_id": product, "uom_id": unit, "barcode": code})
        } else {
            json!({"product_id": product, "name": code, "qty": 1.0, "barcode": code})
        };
        env.create(model, &object(values))?;
    }
    Ok(())
}

/// Takes these codes off the product's packagings or units, which go with them.
pub(super) fn take_off_packagings(env: &mut Env<'_>, product: i64, codes: &[&str]) -> Result<(), OdooFault> {
    if codes.is_empty() {
        return Ok(());
    }
    let model = packaging_model(env.version());
    let listed = |r: &Record| {
        integer(r, "product_id") == Some(product) && text(r, "barcode").is_some_and(|code| codes.contains(&code))
    };
    let found: Vec<i64> = env.store.rows(model).filter(|(_, r)| listed(r)).map(|(id, _)| id).collect();
    env.unlink(model, &found)
}

/// The texts of a list of a row of the question.
pub(super) fn texts<'a>(row: &'a Value, key: &str) -> Vec<&'a str> {
    row[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Does the work in a savepoint; what went wrong as text, or `None`. Only bad data is caught.
pub(super) fn isolated(env: &mut Env<'_>, work: impl FnOnce(&mut Env<'_>) -> Result<(), OdooFault>) -> Option<String> {
    env.savepoint(work).err().map(|fault| fault.words())
}

/// Does the work for all rows that can be done, and names the single ones that can't.
pub(super) fn halves(
    env: &mut Env<'_>,
    answers: &mut Answers,
    rows: &[&Value],
    work: &impl Fn(&mut Env<'_>, &[&Value], &mut Answers) -> Result<(), OdooFault>,
) {
    if rows.is_empty() {
        return;
    }
    let mut done = Answers::new();
    match isolated(env, |env| work(env, rows, &mut done)) {
        None => answers.extend(done),
        Some(problem) if rows.len() == 1 => {
            answers.insert(text_of(rows[0], "external_id").unwrap_or_default().to_owned(), json!({"refused": problem}));
        }
        Some(_) => {
            let (first, second) = rows.split_at(rows.len() / 2);
            halves(env, answers, first, work);
            halves(env, answers, second, work);
        }
    }
}

/// The state that drives, and the trio that people of the first system read from it.
pub(super) fn event(env: &Env<'_>, state: &str) -> Record {
    let (kind, check) = match state {
        "ok" => (11, 1),
        "waiting" => (12, 0),
        "manual" => (13, 1),
        "refused" => (14, -9),
        "missing" => (11, 0),
        _ => (12, -1),
    };
    let values = json!({
        "x_state": state, "x_event_type": kind, "x_event_check": check, "x_event_update": clock::seconds(&env.store.now),
    });
    object(values)
}

/// A JSON object as a record.
pub(super) fn object(values: Value) -> Record {
    match values {
        Value::Object(values) => values,
        other => unreachable!("an object, not {other}"),
    }
}

/// A line of a history. A field is written once a run and product; more than once only with something else in its name.
pub(super) fn history(
    env: &Env<'_>,
    ask: &Ask<'_>,
    link: Option<i64>,
    row: &Value,
    field: &str,
    (old, new): (Option<&str>, Option<&str>),
    cause: &str,
) -> Result<Record, OdooFault> {
    let id = text_of(row, "external_id").unwrap_or_default();
    let shown = |value: Option<&str>| value.filter(|v| !v.is_empty()).unwrap_or("-").to_owned();
    Ok(object(json!({
        "x_name": format!("{id}: {} → {}", shown(old), shown(new)), "x_link_id": link, "x_source": ask.get("source")?,
        "x_external_id": id, "x_old": or_false(old), "x_new": or_false(new), "x_when": clock::seconds(&env.store.now),
        "x_run_id": ask.get("run")?, "x_cause": cause, "x_operation": format!("{}:{id}:{field}", ask.text("key")?),
    })))
}

/// Writes lines whose operation key is not there yet.
pub(super) fn write_history(env: &mut Env<'_>, model: &str, lines: Vec<Record>) -> Result<(), OdooFault> {
    let done: BTreeSet<String> =
        env.store.rows(model).filter_map(|(_, r)| text(r, "x_operation").map(str::to_owned)).collect();
    for line in lines {
        if !text(&line, "x_operation").is_some_and(|key| done.contains(key)) {
            env.create(model, &line)?;
        }
    }
    Ok(())
}
