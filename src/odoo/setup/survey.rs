//! Compares what Odoo has with what it shall have. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::client::Odoo;
use super::super::error::OdooError;
use super::desired::{self, Desired};
use super::orphans::{self, Orphans};
use super::schema::{LANES, SCHEMA};
use super::structure::{self, fields_present};
use super::{Step, StepAction, Survey, Wishes, Work, registered, require_administrator};

/// Lists the steps that are left.
///
/// # Errors
/// When the account is no administrator, a login to let in does not exist, or a call fails.
pub async fn survey(odoo: &Odoo, wishes: &Wishes) -> Result<Survey, OdooError> {
    require_administrator(odoo).await?;
    let register = registered(odoo).await?;
    let mut out = Survey { steps: Vec::new(), known: BTreeMap::new() };
    for (key, (_, id)) in &register {
        out.known.insert(key.clone(), *id);
    }
    out.known.insert("group_system".to_owned(), super::install::system_group(odoo).await?);
    records(odoo, desired::groups(), &mut out).await?;
    structure::models(odoo, &mut out).await?;
    records(odoo, desired::screens(odoo.version), &mut out).await?;
    records(odoo, desired::procedures(odoo.version), &mut out).await?;
    orphans::obsolete(odoo, &register, &mut out).await?;
    rows(odoo, &mut out).await?;
    grants(odoo, wishes, &mut out).await?;
    Ok(out)
}

/// Compares records of one kind, found by their names.
async fn records(odoo: &Odoo, wanted: Vec<Desired>, out: &mut Survey) -> Result<(), OdooError> {
    let mut by_model: BTreeMap<&'static str, Vec<Desired>> = BTreeMap::new();
    let order: Vec<(String, &'static str)> = wanted.iter().map(|d| (d.key.clone(), d.model)).collect();
    for one in wanted {
        by_model.entry(one.model).or_default().push(one);
    }
    let mut steps: BTreeMap<String, Step> = BTreeMap::new();
    for (model, list) in by_model {
        let ids: Vec<i64> = list.iter().filter_map(|d| out.known.get(&d.key).copied()).collect();
        let mut fields: BTreeSet<&str> = BTreeSet::new();
        for one in &list {
            fields.extend(one.values.keys().map(String::as_str));
        }
        let fields: Vec<&str> = fields.into_iter().collect();
        let rows = odoo.search_read(model, json!([["id", "in", ids]]), &fields).await?;
        let rows: BTreeMap<i64, Map<String, Value>> =
            rows.into_iter().filter_map(|r| Some((r["id"].as_i64()?, r))).collect();
        let orphans = Orphans::find(odoo, model, &list, &fields).await?;
        for one in list {
            let registered = out.known.get(&one.key).and_then(|id| Some((*id, rows.get(id)?)));
            let mut adopted = false;
            let present = registered.or_else(|| {
                adopted = true;
                orphans.like(&one, &out.known)
            });
            let Some((id, row)) = present else {
                // Registered, but deleted by hand: it is made again.
                out.known.remove(&one.key);
                let work = Work::Create { key: one.key.clone(), model, values: one.values };
                steps.insert(one.key, Step { action: StepAction::Create, what: one.what, work });
                continue;
            };
            let differs = |(name, value): (&String, &Value)| !same(value, &row[name], &out.known);
            let changed: Map<String, Value> =
                one.values.iter().filter(|e| differs(*e)).map(|(k, v)| (k.clone(), v.clone())).collect();
            if adopted {
                out.known.insert(one.key.clone(), id);
                let what = format!("{}, left over by a setup that was interrupted", one.what);
                let work = Work::Adopt { key: one.key.clone(), model, id, values: changed };
                steps.insert(one.key, Step { action: StepAction::Change, what, work });
            } else if !changed.is_empty() {
                let names: Vec<&str> = changed.keys().map(String::as_str).collect();
                let what = format!("{} ({})", one.what, names.join(", "));
                steps.insert(
                    one.key,
                    Step { action: StepAction::Change, what, work: Work::Write { model, id, values: changed } },
                );
            }
        }
    }
    out.steps.extend(order.into_iter().filter_map(|(key, _)| steps.remove(&key)));
    Ok(())
}

/// Does Odoo's value say what is wanted? References are ids by now, or differ because their target is absent.
pub(super) fn same(wanted: &Value, found: &Value, known: &BTreeMap<String, i64>) -> bool {
    match wanted {
        Value::Object(map) if map.contains_key("$ref") => {
            let id = known.get(map["$ref"].as_str().unwrap_or_default());
            id.is_some() && found_id(found) == id.copied()
        }
        Value::Object(map) if map.contains_key("$action") => {
            let id = known.get(map["$action"].as_str().unwrap_or_default());
            id.is_some_and(|id| found.as_str() == Some(&format!("ir.actions.act_window,{id}")))
        }
        Value::Object(map) if map.contains_key("$text") => {
            let text = desired::filled(map["$text"].as_str().unwrap_or_default(), known);
            text.is_some_and(|text| found.as_str() == Some(&text))
        }
        Value::Array(commands) => {
            let refs = commands.first().and_then(|c| c.get(2)).and_then(Value::as_array);
            let wanted: Option<BTreeSet<i64>> = refs.map(|refs| {
                refs.iter().filter_map(|r| known.get(r["$ref"].as_str().unwrap_or_default()).copied()).collect()
            });
            let complete = wanted.as_ref().map(BTreeSet::len) == refs.map(Vec::len);
            let found = found.as_array().map(|ids| ids.iter().filter_map(Value::as_i64).collect::<BTreeSet<_>>());
            complete && wanted == found
        }
        Value::String(text) if text.is_empty() => found == wanted || *found == Value::Bool(false),
        other => other == found,
    }
}

/// A many2one comes as `[id, name]`, or as the bare id.
pub(super) fn found_id(found: &Value) -> Option<i64> {
    found.as_i64().or_else(|| found.get(0).and_then(Value::as_i64))
}

/// Indexes, lanes, the pause switch and the setup's own row, which is written last and so vouches for all that came before
/// it.
async fn rows(odoo: &Odoo, out: &mut Survey) -> Result<(), OdooError> {
    lanes(odoo, out).await?;
    pause_switch(odoo, out).await?;
    let row = setup_row(odoo, out).await?;
    let schema = row.as_ref().and_then(|r| r["x_schema"].as_i64());
    if let Some(newer) = schema.filter(|s| *s > SCHEMA) {
        return Err(OdooError::newer_setup(newer));
    }
    // A column that was lost took its index along.
    let structural = |step: &Step| {
        matches!(step.work, Work::Create { model: "ir.model", .. } | Work::Add { model: "ir.model.fields", .. })
    };
    let rebuilt = out.steps.iter().any(structural);
    if schema != Some(SCHEMA) || rebuilt {
        out.steps.push(Step { action: StepAction::Create, what: "unique indexes".to_owned(), work: Work::Indexes });
    }
    orphans::former_fields(odoo, out).await?;
    let fits = match &row {
        None => false,
        Some(row) => {
            let procedures: Value =
                serde_json::from_str(row["x_procedures"].as_str().unwrap_or_default()).unwrap_or_default();
            let uuid = super::install::database_uuid(odoo).await?;
            let complete = out.steps.iter().all(|s| !matches!(s.work, Work::Create { .. }));
            complete
                && !rebuilt
                && schema == Some(SCHEMA)
                && row["x_uuid"] == uuid.as_str()
                && procedures == super::install::procedure_ids(&out.known)
                && row["x_group"].as_i64() == out.known.get("group_sync").copied()
        }
    };
    if !fits {
        if let Some(id) = row.as_ref().filter(|_| rebuilt && schema == Some(SCHEMA)).and_then(|r| r["id"].as_i64()) {
            // Indexes cannot be looked up over the API: until they are there, the row must not vouch for them.
            let Value::Object(values) = json!({"x_schema": 0}) else { unreachable!() };
            let work = Work::Write { model: "x_pz_setup", id, values };
            let what = "setup record, unfinished for now".to_owned();
            out.steps.insert(0, Step { action: StepAction::Change, what, work });
        }
        let action = if row.is_none() { StepAction::Create } else { StepAction::Change };
        out.steps.push(Step { action, what: format!("setup record, schema {SCHEMA}"), work: Work::SetupRow });
    }
    Ok(())
}

async fn lanes(odoo: &Odoo, out: &mut Survey) -> Result<(), OdooError> {
    let mut lanes = BTreeSet::new();
    if out.known.contains_key(&desired::model_key("x_pz_lane")) {
        let fields = fields_present(out, "x_pz_lane", &["x_lane"]);
        let rows = odoo.search_read("x_pz_lane", json!([]), &fields).await?;
        if fields.is_empty() && !rows.is_empty() {
            let ids = rows.iter().filter_map(|r| r["id"].as_i64()).collect();
            let what = "lanes that lost their numbers".to_owned();
            out.steps.push(Step { action: StepAction::Delete, what, work: Work::Delete { model: "x_pz_lane", ids } });
        } else {
            lanes.extend(rows.iter().filter_map(|r| r["x_lane"].as_i64()));
        }
    }
    for lane in (0..LANES).filter(|lane| !lanes.contains(lane)) {
        let Value::Object(values) = json!({"x_name": format!("Lane {lane}"), "x_lane": lane}) else { unreachable!() };
        let what = format!("lane {lane}");
        out.steps.push(Step { action: StepAction::Create, what, work: Work::Add { model: "x_pz_lane", values } });
    }
    Ok(())
}

async fn pause_switch(odoo: &Odoo, out: &mut Survey) -> Result<(), OdooError> {
    let known = out.known.contains_key(&desired::model_key("x_pz_pause"));
    if known && !odoo.search_read("x_pz_pause", json!([]), &["id"]).await?.is_empty() {
        return Ok(());
    }
    let Value::Object(values) = json!({"x_name": "Synchronisation"}) else { unreachable!() };
    let work = Work::Add { model: "x_pz_pause", values };
    out.steps.push(Step { action: StepAction::Create, what: "pause switch".to_owned(), work });
    Ok(())
}

async fn setup_row(odoo: &Odoo, out: &Survey) -> Result<Option<Map<String, Value>>, OdooError> {
    const WANTED: [&str; 4] = ["x_schema", "x_uuid", "x_procedures", "x_group"];
    if !out.known.contains_key(&desired::model_key("x_pz_setup")) {
        return Ok(None);
    }
    let fields = fields_present(out, "x_pz_setup", &WANTED);
    let mut rows = odoo.search_read("x_pz_setup", json!([]), &fields).await?;
    rows.truncate(1);
    Ok(rows.pop().map(|mut row| {
        for name in WANTED {
            row.entry(name).or_insert(Value::Bool(false));
        }
        row
    }))
}

async fn grants(odoo: &Odoo, wishes: &Wishes, out: &mut Survey) -> Result<(), OdooError> {
    let field = desired::groups_field(odoo.version);
    for login in &wishes.grant {
        let rows = odoo.search_read("res.users", json!([["login", "=", login]]), &["login", field]).await?;
        let Some(user) = rows.first() else {
            return Err(OdooError::Configuration(format!(
                "Odoo has no user with login {login:?} to let into the sync group; make the account in Odoo first, or correct --grant (or odoo.login)"
            )));
        };
        let groups =
            user[field].as_array().map(|g| g.iter().filter_map(Value::as_i64).collect::<Vec<_>>()).unwrap_or_default();
        let member = out.known.get("group_sync").is_some_and(|id| groups.contains(id));
        if !member {
            let work = Work::Grant { user: user["id"].as_i64().unwrap_or(0) };
            out.steps.push(Step {
                action: StepAction::Change,
                what: format!("user {login:?} joins the sync group"),
                work,
            });
        }
    }
    Ok(())
}
