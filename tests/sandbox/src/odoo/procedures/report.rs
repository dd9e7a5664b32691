//! report.py: opens the deferred actions that are new, closes those that are gone, looks for duplicate codes, and writes
//! the run's line.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::lookup::active_holders;
use super::writing::{event, leased, links_of, object};
use super::{Ask, or_false, text_of};
use crate::odoo::clock;
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::store::{Record, integer, text};

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
        outcome.duplicates = duplicates(env, ask)?;
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

fn conflicts(env: &mut Env<'_>, ask: &Ask<'_>, outcome: &mut Outcome) -> Result<(), OdooFault> {
    let source = ask.text("source")?;
    let scope: Option<BTreeSet<&str>> =
        ask.get("scope")?.as_array().map(|s| s.iter().filter_map(Value::as_str).collect());
    let mut before: BTreeMap<Key, (i64, Record)> = BTreeMap::new();
    for (id, r) in env.store.rows("x_pz_conflict") {
        if text(r, "x_source") == Some(source) && text(r, "x_state") == Some("open") {
            let part = |name: &str| text(r, name).unwrap_or_default().to_owned();
            if scope.as_ref().is_none_or(|s| text(r, "x_external_id").is_some_and(|e| s.contains(e))) {
                before.insert((part("x_external_id"), part("x_kind"), part("x_subject")), (id, r.clone()));
            } else {
                outcome.open += 1;
            }
        }
    }
    let (mut fresh, mut now) = (Vec::new(), BTreeSet::new());
    let mut states: BTreeMap<String, &str> = BTreeMap::new();
    // A holder may have been deleted since the plan.
    let holder_of = |env: &Env<'_>, row: &Value| {
        row["holder"].as_i64().filter(|id| env.store.row("product.product", *id).is_some())
    };
    for row in ask.list("rows")? {
        let key = key(row);
        let state = states.entry(key.0.clone()).or_insert("waiting");
        if *state == "waiting" {
            *state = match key.1.as_str() {
                "refused" => "refused",
                "product-gone" => "gone",
                _ => "waiting",
            };
        }
        let holder = holder_of(env, row);
        match before.get(&key) {
            None => fresh.push(row),
            Some((id, r)) if text(r, "x_message") != text_of(row, "message") || integer(r, "x_holder_id") != holder => {
                env.write(
                    "x_pz_conflict",
                    &[*id],
                    &object(json!({"x_message": row["message"], "x_holder_id": holder})),
                )?;
            }
            Some(_) => {}
        }
        now.insert(key);
    }
    let gone: Vec<(&Key, i64)> =
        before.iter().filter(|(key, _)| !now.contains(*key)).map(|(key, (id, _))| (key, *id)).collect();
    for (key, _) in &gone {
        states.entry(key.0.clone()).or_insert("ok");
    }
    let ids: Vec<&str> = states.keys().map(String::as_str).collect();
    let links = links_of(env, ask, &ids)?;
    let time = clock::seconds(&env.store.now);
    for row in &fresh {
        let (id, kind, subject) = key(row);
        let candidates: Vec<String> =
            row["candidates"].as_array().into_iter().flatten().map(Value::to_string).collect();
        let values = json!({
            "x_name": format!("{id}: {kind} {subject}"), "x_source": source, "x_external_id": id, "x_kind": kind,
            "x_subject": subject, "x_message": row["message"], "x_link_id": links.get(&id),
            "x_holder_id": holder_of(env, row), "x_candidates": or_false(Some(&candidates.join(" "))), "x_opened": time,
            "x_opened_run_id": ask.get("run")?, "x_state": "open",
        });
        env.create("x_pz_conflict", &object(values))?;
    }
    for (_, id) in &gone {
        let values = json!({"x_state": "closed", "x_closed": time, "x_closed_run_id": ask.get("run")?});
        env.write("x_pz_conflict", &[*id], &object(values))?;
    }
    for (id, state) in &states {
        if let Some(link) = links.get(id)
            && env.store.row("x_pz_product", *link).and_then(|r| text(r, "x_state")) != Some(state)
        {
            let values = event(env, state);
            env.write("x_pz_product", &[*link], &values)?;
        }
    }
    (outcome.opened, outcome.closed) = (fresh.len(), gone.len());
    outcome.open += now.len();
    Ok(())
}
