//! report.py: opens the deferred actions that are new, settles and closes those that people or the source settled, looks
//! for duplicate codes, and writes the run's line.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::lookup::active_holders;
use super::writing::{event, leased, links_of, object};
use super::{Ask, or_false, text_of};
use crate::odoo::clock;
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::store::{Record, flag, integer, text};

/// External id, kind, subject.
type Key = (String, String, String);

#[derive(Default)]
struct Outcome {
    opened: usize,
    closed: usize,
    open: usize,
    duplicates: Vec<String>,
}

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let leased = leased(env, ask)?;
    let mut outcome = Outcome::default();
    if leased && ask.get("conflicts")? == true {
        conflicts(env, ask, &mut outcome)?;
        let source = ask.text("source")?;
        let open = |r: &Record| text(r, "x_source") == Some(source) && text(r, "x_state") == Some("open");
        outcome.open = env.store.rows("x_pz_conflict").filter(|(_, r)| open(r)).count();
        if ask.get("finish")?.is_object() {
            outcome.duplicates = duplicates(env, ask)?;
        }
    }
    if leased && let Some(finish) = ask.get("finish")?.as_object() {
        let mut values = object(json!({"x_ended": clock::seconds(&env.store.now), "x_deferred": outcome.open}));
        for name in ["status", "summary", "created", "changed", "barcodes", "refused"] {
            values.insert(format!("x_{name}"), finish.get(name).cloned().unwrap_or(Value::Null));
        }
        env.write("x_pz_run", &[ask.number("run")?], &values)?;
    }
    let Outcome { opened, closed, open, duplicates } = outcome;
    Ok(json!({"leased": leased, "opened": opened, "closed": closed, "open": open, "duplicates": duplicates}))
}

/// Codes that two active products have; two companies' own products never meet at a till.
fn duplicates(env: &Env<'_>, ask: &Ask<'_>) -> Result<Vec<String>, OdooFault> {
    let own = ask.get("company")?.as_i64();
    let meet = |holders: &[Option<i64>]| {
        let of_own = holders.iter().filter(|c| c.is_some() && **c == own).count();
        holders.len() > 1 && (holders.contains(&None) || of_own > 1)
    };
    let all = active_holders(env).into_iter().filter(|(_, holders)| meet(holders));
    Ok(all.map(|(code, _)| code).take(1000).collect())
}

fn key(row: &Value) -> Key {
    let part = |name: &str| text_of(row, name).unwrap_or_default().to_owned();
    (part("external_id"), part("kind"), part("subject"))
}

/// The deferred actions that are not closed and that this part of the report speaks of.
fn live(env: &Env<'_>, ask: &Ask<'_>) -> Result<BTreeMap<Key, (i64, Record)>, OdooFault> {
    let source = ask.text("source")?;
    let named: BTreeSet<Key> = ask.list("rows")?.iter().map(key).collect();
    let scope: Option<BTreeSet<&str>> =
        ask.get("scope")?.as_array().map(|s| s.iter().filter_map(Value::as_str).collect());
    let about: Option<BTreeSet<(&str, &str)>> = ask.get("about")?.as_array().map(|about| {
        about.iter().map(|a| (a[0].as_str().unwrap_or_default(), a[1].as_str().unwrap_or_default())).collect()
    });
    let (after, until) = (ask.get("after")?.as_str(), ask.get("until")?.as_str());
    let mut before = BTreeMap::new();
    for (id, r) in env.store.rows("x_pz_conflict").filter(|(_, r)| text(r, "x_source") == Some(source)) {
        let state = text(r, "x_state");
        if state.is_none_or(|s| s == "closed") {
            continue;
        }
        let part = |name: &str| text(r, name).unwrap_or_default().to_owned();
        let key: Key = (part("x_external_id"), part("x_kind"), part("x_subject"));
        if after.is_some_and(|after| *key.0 <= *after) || until.is_some_and(|until| *key.0 > *until) {
            continue;
        }
        let mine = scope.as_ref().is_none_or(|s| s.contains(key.0.as_str()));
        let aspect = ask.get("aspects")?[&key.1].as_str().unwrap_or(&key.2);
        let blind = ask.get("unevaluated")?[&key.0].as_array().is_some_and(|of| of.iter().any(|a| a == aspect));
        // A run about one field looks at linked products alone.
        let links = || env.store.rows("x_pz_product").map(|(_, link)| link);
        let is_linked = |link: &Record| {
            (text(link, "x_source"), text(link, "x_external_id")) == (Some(source), Some(key.0.as_str()))
                && link["x_product_id"].is_i64()
        };
        if about.is_some() && !links().any(is_linked) {
            continue;
        }
        let spoken_of = mine && !blind && about.as_ref().is_none_or(|a| a.contains(&(key.1.as_str(), key.2.as_str())));
        if named.contains(&key) || spoken_of {
            before.insert(key, (id, r.clone()));
        }
    }
    Ok(before)
}

/// How a person settled it, if one did: the run says so, or a refused row was left for good.
fn settled<'a>(row: &'a Value, known: Option<&Record>) -> Option<&'a str> {
    let left = row["kind"] == "refused" && known.and_then(|r| text(r, "x_choice")) == Some("abandon");
    if left { Some("abandoned") } else { text_of(row, "settled") }
}

/// What changes in a deferred action that is there already.
fn renewed(row: &Value, known: &Record, holder: Option<i64>) -> Record {
    let mut values = Record::new();
    let mut set = |name: &str, value: Value| values.insert(name.to_owned(), value);
    if text(known, "x_message") != text_of(row, "message") {
        set("x_message", row["message"].clone());
    }
    if integer(known, "x_holder_id") != holder {
        set("x_holder_id", json!(holder));
    }
    let value = text_of(row, "value").unwrap_or_default();
    let state = text(known, "x_state");
    match settled(row, Some(known)) {
        // Another value waits than the one that a person saw.
        _ if text(known, "x_value").unwrap_or_default() != value => {
            set("x_value", or_false(Some(value)));
            set("x_state", json!("open"));
            for name in ["x_choice", "x_choice_product_id", "x_outcome"] {
                set(name, json!(false));
            }
        }
        Some(now) if state != Some(now) => {
            set("x_state", json!(now));
            let outcome = text(known, "x_choice").map(|choice| format!("chosen: {choice}"));
            set("x_outcome", or_false(outcome.as_deref()));
        }
        None if state != Some("open") => {
            set("x_state", json!("open"));
            set("x_outcome", json!(false));
        }
        _ => {}
    }
    values
}

fn conflicts(env: &mut Env<'_>, ask: &Ask<'_>, outcome: &mut Outcome) -> Result<(), OdooFault> {
    let source = ask.text("source")?;
    let before = live(env, ask)?;
    // A holder may have been deleted since the plan.
    let holder_of = |env: &Env<'_>, row: &Value| {
        row["holder"].as_i64().filter(|id| env.store.row("product.product", *id).is_some())
    };
    let (mut fresh, mut now, mut touched) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for row in ask.list("rows")? {
        let key = key(row);
        if !now.insert(key.clone()) {
            continue;
        }
        touched.insert(key.0.clone());
        let known = before.get(&key);
        let waits = settled(row, known.map(|(_, r)| r)).is_none();
        match known {
            None if waits => fresh.push(row),
            None => {}
            Some((id, r)) => {
                let values = renewed(row, r, holder_of(env, row));
                if !values.is_empty() {
                    env.write("x_pz_conflict", &[*id], &values)?;
                }
            }
        }
    }
    let undone: BTreeSet<&str> = ask.list("undone")?.iter().filter_map(Value::as_str).collect();
    let cut_short = ask.get("cut_short")? == true;
    let stands =
        |key: &Key, r: &Record| text(r, "x_choice").is_some() && (cut_short || undone.contains(key.0.as_str()));
    let gone = before.iter().filter(|(key, _)| !now.contains(*key));
    touched.extend(gone.clone().map(|(key, _)| key.0.clone()));
    // The plan carried the choice out, and Odoo did not let it, or the run ended before: it still stands.
    let gone: Vec<_> = gone.filter(|(key, (_, r))| !stands(key, r)).collect();
    let ids: Vec<&str> = touched.iter().map(String::as_str).collect();
    let links = links_of(env, ask, &ids)?;
    let time = clock::seconds(&env.store.now);
    for row in &fresh {
        let (id, kind, subject) = key(row);
        let candidates: Vec<String> =
            row["candidates"].as_array().into_iter().flatten().map(Value::to_string).collect();
        let values = json!({
            "x_name": format!("{id}: {kind} {subject}"), "x_source": source, "x_external_id": id, "x_kind": kind,
            "x_subject": subject, "x_message": row["message"], "x_link_id": links.get(&id),
            "x_holder_id": holder_of(env, row), "x_candidates": or_false(Some(&candidates.join(" "))),
            "x_value": or_false(text_of(row, "value")), "x_choices": row["choices"], "x_opened": time,
            "x_opened_run_id": ask.get("run")?, "x_state": "open",
        });
        env.create("x_pz_conflict", &object(values))?;
    }
    for (_, (id, r)) in &gone {
        let how = text(r, "x_choice").map_or("settled by itself".to_owned(), |choice| format!("chosen: {choice}"));
        let values = json!({
            "x_state": "closed", "x_closed": time, "x_closed_run_id": ask.get("run")?, "x_outcome": how,
        });
        env.write("x_pz_conflict", &[*id], &object(values))?;
    }
    // By this run, whichever copy of this call did it.
    let run = ask.number("run")?;
    let by_this_run =
        |field: &str| env.store.rows("x_pz_conflict").filter(|(_, r)| integer(r, field) == Some(run)).count();
    (outcome.opened, outcome.closed) = (by_this_run("x_opened_run_id"), by_this_run("x_closed_run_id"));
    for id in &touched {
        if let Some(link) = links.get(id) {
            let state = state_of_link(env, source, id, *link);
            if env.store.row("x_pz_product", *link).and_then(|r| text(r, "x_state")) != Some(state) {
                let values = event(env, state);
                env.write("x_pz_product", &[*link], &values)?;
            }
        }
    }
    Ok(())
}

/// The state of a link is what waits for it, whichever run found it.
fn state_of_link(env: &Env<'_>, source: &str, id: &str, link: i64) -> &'static str {
    let of_link = |r: &Record| text(r, "x_source") == Some(source) && text(r, "x_external_id") == Some(id);
    let open = env.store.rows("x_pz_conflict").filter(|(_, r)| of_link(r) && text(r, "x_state") == Some("open"));
    let kinds: BTreeSet<&str> = open.filter_map(|(_, r)| text(r, "x_kind")).collect();
    let record = env.store.row("x_pz_product", link);
    if kinds.contains("product-gone") {
        "gone"
    } else if kinds.contains("refused") {
        "refused"
    } else if !kinds.is_empty() {
        "waiting"
    } else if record.is_some_and(|r| flag(r, "x_missing")) {
        "missing"
    } else if record.and_then(|r| text(r, "x_matched_by")) == Some("manual") {
        "manual"
    } else {
        "ok"
    }
}
