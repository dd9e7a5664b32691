//! Compares what Odoo has with what it shall have. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::client::Odoo;
use super::super::error::OdooError;
use super::desired::{self, Desired};
use super::schema::{LANES, SCHEMA};
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
    models(odoo, &mut out).await?;
    records(odoo, desired::screens(odoo.version), &mut out).await?;
    records(odoo, desired::procedures(odoo.version), &mut out).await?;
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
        for one in list {
            let present = out.known.get(&one.key).and_then(|id| Some((*id, rows.get(id)?)));
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
            if !changed.is_empty() {
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
fn same(wanted: &Value, found: &Value, known: &BTreeMap<String, i64>) -> bool {
    match wanted {
        Value::Object(map) if map.contains_key("$ref") => {
            let id = known.get(map["$ref"].as_str().unwrap_or_default());
            id.is_some() && found_id(found) == id.copied()
        }
        Value::Object(map) if map.contains_key("$action") => {
            let id = known.get(map["$action"].as_str().unwrap_or_default());
            id.is_some_and(|id| found.as_str() == Some(&format!("ir.actions.act_window,{id}")))
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
fn found_id(found: &Value) -> Option<i64> {
    found.as_i64().or_else(|| found.get(0).and_then(Value::as_i64))
}

async fn models(odoo: &Odoo, out: &mut Survey) -> Result<(), OdooError> {
    let names: Vec<&str> = desired::models().iter().map(|m| m.model).collect();
    let rows = odoo.search_read("ir.model", json!([["model", "in", names]]), &["model"]).await?;
    let present: BTreeMap<String, i64> =
        rows.iter().filter_map(|r| Some((r["model"].as_str()?.to_owned(), r["id"].as_i64()?))).collect();
    let wanted = ["model", "name", "field_description", "ttype", "index"];
    let fields =
        odoo.search_read("ir.model.fields", json!([["model", "in", names], ["state", "=", "manual"]]), &wanted).await?;
    let access = ["name", "group_id", "model_id", "perm_read", "perm_write", "perm_create", "perm_unlink", "active"];
    let ids: Vec<i64> = present.values().copied().collect();
    let access = odoo.search_read("ir.model.access", json!([["model_id", "in", ids]]), &access).await?;
    for model in desired::models() {
        let key = desired::model_key(model.model);
        let what = format!("model {} {:?}", model.model, model.label);
        let Some(id) = present.get(model.model) else {
            out.known.remove(&key);
            let values = desired::model_values(model);
            let work = Work::Create { key, model: "ir.model", values };
            out.steps.push(Step {
                action: StepAction::Create,
                what: format!("{what}, {} fields", model.fields.len()),
                work,
            });
            continue;
        };
        out.known.insert(key, *id);
        for field in model.fields {
            let row = fields.iter().find(|r| r["model"] == model.model && r["name"] == field.name);
            let what = format!("field {}.{}", model.model, field.name);
            let mut values = desired::field_values(field);
            match row {
                None => {
                    values.insert("model_id".to_owned(), json!(id));
                    let work = Work::Add { model: "ir.model.fields", values };
                    out.steps.push(Step { action: StepAction::Create, what, work });
                }
                Some(row) if row["ttype"] != desired::field_type(field) => {
                    return Err(OdooError::Configuration(format!(
                        "{what} exists with type {}, and Odoo cannot change a field's type: rename or remove it by hand",
                        row["ttype"]
                    )));
                }
                Some(row) if row["field_description"] != field.label || row["index"] != field.index => {
                    let id = row["id"].as_i64().unwrap_or(0);
                    values.retain(|name, _| name == "field_description" || name == "index");
                    let work = Work::Write { model: "ir.model.fields", id, values };
                    out.steps.push(Step { action: StepAction::Change, what, work });
                }
                Some(_) => {}
            }
        }
        for mut values in desired::access_values(model) {
            let row = access.iter().find(|r| r["name"] == values["name"] && found_id(&r["model_id"]) == Some(*id));
            let what = format!("rights {}", values["name"].as_str().unwrap_or_default());
            match row {
                None => {
                    values.insert("model_id".to_owned(), json!(id));
                    let work = Work::Add { model: "ir.model.access", values };
                    out.steps.push(Step { action: StepAction::Create, what, work });
                }
                Some(row) if values.iter().any(|(name, value)| !same(value, &row[name], &out.known)) => {
                    let work = Work::Write { model: "ir.model.access", id: row["id"].as_i64().unwrap_or(0), values };
                    out.steps.push(Step { action: StepAction::Change, what, work });
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// Indexes, lanes and the setup's own row, which is written last and so vouches for all that came before it.
async fn rows(odoo: &Odoo, out: &mut Survey) -> Result<(), OdooError> {
    let is_new = |out: &Survey, model: &str| !out.known.contains_key(&desired::model_key(model));
    let mut lanes = BTreeSet::new();
    if !is_new(out, "x_pz_lane") {
        let rows = odoo.search_read("x_pz_lane", json!([]), &["x_lane"]).await?;
        lanes.extend(rows.iter().filter_map(|r| r["x_lane"].as_i64()));
    }
    let mut row = None;
    if !is_new(out, "x_pz_setup") {
        row = odoo
            .search_read("x_pz_setup", json!([]), &["x_schema", "x_uuid", "x_procedures", "x_group"])
            .await?
            .into_iter()
            .next();
    }
    let schema = row.as_ref().and_then(|r| r["x_schema"].as_i64());
    if schema.is_some_and(|s| s > SCHEMA) {
        return Err(OdooError::Configuration(format!(
            "Odoo was set up by a newer erpsync (schema {}, this one knows {SCHEMA}); install that version here too",
            schema.unwrap_or_default()
        )));
    }
    if schema != Some(SCHEMA) {
        out.steps.push(Step { action: StepAction::Create, what: "unique indexes".to_owned(), work: Work::Indexes });
    }
    for lane in (0..LANES).filter(|lane| !lanes.contains(lane)) {
        let Value::Object(values) = json!({"x_name": format!("Lane {lane}"), "x_lane": lane}) else { unreachable!() };
        let what = format!("lane {lane}");
        out.steps.push(Step { action: StepAction::Create, what, work: Work::Add { model: "x_pz_lane", values } });
    }
    let fits = match &row {
        None => false,
        Some(row) => {
            let procedures: Value =
                serde_json::from_str(row["x_procedures"].as_str().unwrap_or_default()).unwrap_or_default();
            let uuid = super::install::database_uuid(odoo).await?;
            let complete = out.steps.iter().all(|s| !matches!(s.work, Work::Create { .. }));
            complete
                && schema == Some(SCHEMA)
                && row["x_uuid"] == uuid.as_str()
                && procedures == super::install::procedure_ids(&out.known)
                && row["x_group"].as_i64() == out.known.get("group_sync").copied()
        }
    };
    if !fits {
        let action = if row.is_none() { StepAction::Create } else { StepAction::Change };
        out.steps.push(Step { action, what: format!("setup record, schema {SCHEMA}"), work: Work::SetupRow });
    }
    Ok(())
}

async fn grants(odoo: &Odoo, wishes: &Wishes, out: &mut Survey) -> Result<(), OdooError> {
    let field = desired::groups_field(odoo.version);
    for login in &wishes.grant {
        let rows = odoo.search_read("res.users", json!([["login", "=", login]]), &["login", field]).await?;
        let Some(user) = rows.first() else {
            return Err(OdooError::Configuration(format!(
                "Odoo has no user with login {login:?} to let into the sync group"
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
