//! prune.py: counts and deletes what is older than a moment and tells nothing about what is so now.

use serde_json::{Value, json};

use super::Ask;
use crate::odoo::clock;
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::store::{Record, integer, text};

/// History → whether languages are fields of their own, whether values are codes.
const HISTORY: [(&str, bool, bool); 3] = [
    ("x_pz_product_barcode_history", false, true),
    ("x_pz_product_price_history", false, false),
    ("x_pz_product_name_history", true, false),
];
const CONFLICTS: &str = "x_pz_conflict";
const RUNS: &str = "x_pz_run";

const LEAST: i64 = 27 * 86_400;

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let before = ask.text("before")?.to_owned();
    if clock::epoch(&before) > clock::epoch(&env.store.now) - LEAST {
        return Err(OdooFault::value_error("erpsync: what is not 27 days old is not pruned"));
    }
    let (mut counts, mut last) = (json!({}), None);
    match ask.text("what")? {
        what @ ("count" | "delete") => {
            let (model, after) = (ask.text("kind")?.to_owned(), ask.number("after")?);
            let limit = usize::try_from(ask.number("limit")?).unwrap_or_default();
            let rows = env.store.rows(&model).map(|(id, _)| id).filter(|id| *id > after);
            let window: Vec<i64> = rows.take(limit).collect();
            last = window.last().copied();
            let ids: Vec<i64> = old(env, &model, &before).into_iter().filter(|id| window.contains(id)).collect();
            counts = json!({"old": ids.len(), "all": window.len()});
            if what == "delete" {
                ids.into_iter().for_each(|id| env.store.delete(&model, id));
            }
        }
        "end" => {
            let key = ask.text("key")?;
            if !env.store.rows(RUNS).any(|(_, r)| text(r, "x_key") == Some(key)) {
                let line = json!({
                    "x_name": key, "x_key": key, "x_command": "prune", "x_host": ask.get("holder")?,
                    "x_status": ask.get("status")?, "x_started": ask.get("started")?,
                    "x_ended": clock::seconds(&env.store.now), "x_summary": ask.get("summary")?,
                });
                env.create(RUNS, line.as_object().expect("an object"))?;
            }
        }
        _ => {}
    }
    Ok(json!({"counts": counts, "last": last}))
}

/// What of a model may go, by id.
fn old(env: &Env<'_>, model: &str, before: &str) -> Vec<i64> {
    let rows = env.store.rows(model);
    let line = HISTORY.iter().find(|(name, ..)| *name == model);
    let goes = |(id, r): &(i64, &Record)| match (line, model) {
        (Some((_, by_language, codes)), _) => line_goes(env, model, *id, r, before, (*by_language, *codes)),
        (None, CONFLICTS) => conflict_goes(r, before),
        _ => run_goes(env, *id, r, before),
    };
    rows.filter(goes).map(|(id, _)| id).collect()
}

fn earlier(record: &Record, column: &str, before: &str) -> bool {
    text(record, column).is_some_and(|when| clock::seconds(when).as_str() < before)
}

fn line_goes(
    env: &Env<'_>,
    model: &str,
    id: i64,
    line: &Record,
    before: &str,
    (by_language, codes): (bool, bool),
) -> bool {
    let same = |r: &Record, column: &str| text(r, column) == text(line, column);
    let later = |(other, r): &(i64, &Record)| {
        *other > id
            && same(r, "x_external_id")
            && same(r, "x_source")
            && integer(r, "x_link_id") == integer(line, "x_link_id")
            && (!by_language || same(r, "x_language"))
    };
    let code = text(line, "x_new").filter(|_| codes);
    let spoken_of = |r: &Record| code.is_none() || text(r, "x_old") == code || text(r, "x_new") == code;
    let superseded = || env.store.rows(model).filter(later).any(|(_, r)| spoken_of(r));
    earlier(line, "x_when", before) && (text(line, "x_external_id").is_none() || superseded())
}

fn conflict_goes(record: &Record, before: &str) -> bool {
    text(record, "x_state") == Some("closed") && earlier(record, "x_closed", before)
}

fn run_goes(env: &Env<'_>, id: i64, run: &Record, before: &str) -> bool {
    let newer = || env.store.rows(RUNS).any(|(other, r)| other > id && text(r, "x_source") == text(run, "x_source"));
    let of_run = |r: &Record, column: &str| integer(r, column) == Some(id);
    let in_history = || {
        HISTORY.iter().any(|(model, by_language, codes)| {
            let mut lines = env.store.rows(model).filter(|(_, r)| of_run(r, "x_run_id"));
            lines.any(|(line, r)| !line_goes(env, model, line, r, before, (*by_language, *codes)))
        })
    };
    let in_conflicts = || {
        let named = |r: &Record| of_run(r, "x_opened_run_id") || of_run(r, "x_closed_run_id");
        env.store.rows(CONFLICTS).any(|(_, r)| named(r) && !conflict_goes(r, before))
    };
    earlier(run, "x_started", before)
        && text(run, "x_status") != Some("running")
        && newer()
        && !in_history()
        && !in_conflicts()
}
