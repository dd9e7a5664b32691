//! Carries the steps out. Each call is a transaction; what was begun and not ended is found by the next survey.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::client::Odoo;
use super::super::error::OdooError;
use super::super::procedure::Procedure;
use super::super::transport::Call;
use super::desired::{filled, groups_field, procedure_key, reference};
use super::lease::SetupLease;
use super::schema::{INDEXES, SCHEMA};
use super::{MODULE, Survey, Work, call_settled, created_ids};

/// The name of the action that makes the indexes and is gone after its call.
pub(super) const INDEXES_ACTION: &str = "erpsync: indexes";

/// Carries out what the survey found, step by step, and holds the lease meanwhile; `done` is told of each.
///
/// # Errors
/// When Odoo refuses a step, or the lease is lost; the steps before it stay, and setup can be run again.
pub async fn install(
    odoo: &Odoo,
    survey: Survey,
    mut lease: Option<&mut SetupLease>,
    mut done: impl FnMut(&str),
) -> Result<(), OdooError> {
    let mut known = survey.known;
    for step in survey.steps {
        if let Some(lease) = &mut lease {
            lease.hold(odoo).await?;
        }
        match step.work {
            Work::Create { key, model, values } => {
                let id = create(odoo, model, resolve(values, &known)).await?;
                register(odoo, &key, model, id).await?;
                known.insert(key, id);
            }
            Work::Add { model, values } => {
                create(odoo, model, resolve(values, &known)).await?;
            }
            Work::Write { model, id, values } => write(odoo, model, id, resolve(values, &known)).await?,
            Work::Adopt { key, model, id, values } => {
                if !values.is_empty() {
                    write(odoo, model, id, resolve(values, &known)).await?;
                }
                register(odoo, &key, model, id).await?;
            }
            Work::Delete { model, ids } => delete(odoo, model, &ids).await?,
            Work::Merge { from, into } => merge(odoo, from, known.get(into).copied().unwrap_or_default()).await?,
            Work::Indexes => indexes(odoo, &known).await?,
            Work::SetupRow => setup_row(odoo, &known).await?,
            Work::Grant { user } => {
                let group = known.get("group_sync").copied().unwrap_or_default();
                let mut values = Map::new();
                values.insert(groups_field(odoo.version).to_owned(), json!([[4, group]]));
                write(odoo, "res.users", user, values).await?;
            }
        }
        done(&step.what);
    }
    Ok(())
}

/// Puts ids in the place of names.
pub(super) fn resolve(values: Map<String, Value>, known: &BTreeMap<String, i64>) -> Map<String, Value> {
    fn one(value: Value, known: &BTreeMap<String, i64>) -> Value {
        match value {
            Value::Object(map) if map.contains_key("$ref") => {
                json!(known.get(map["$ref"].as_str().unwrap_or_default()).copied().unwrap_or_default())
            }
            Value::Object(map) if map.contains_key("$action") => {
                let id = known.get(map["$action"].as_str().unwrap_or_default()).copied().unwrap_or_default();
                json!(format!("ir.actions.act_window,{id}"))
            }
            Value::Object(map) if map.contains_key("$text") => {
                let text = map["$text"].as_str().unwrap_or_default();
                json!(filled(text, known).unwrap_or_else(|| text.to_owned()))
            }
            Value::Object(map) => Value::Object(resolve(map, known)),
            Value::Array(list) => Value::Array(list.into_iter().map(|v| one(v, known)).collect()),
            other => other,
        }
    }
    values.into_iter().map(|(k, v)| (k, one(v, known))).collect()
}

pub(super) async fn create(odoo: &Odoo, model: &'static str, values: Map<String, Value>) -> Result<i64, OdooError> {
    let answer = call_settled(odoo, &Call::new(model, "create").arg("vals_list", json!([values]))).await?;
    created_ids(&answer).first().copied().ok_or_else(|| OdooError::Answer {
        call: format!("{model}.create"),
        reason: "no id".to_owned(),
        body: answer.to_string(),
    })
}

async fn write(odoo: &Odoo, model: &'static str, id: i64, values: Map<String, Value>) -> Result<(), OdooError> {
    odoo.call(&Call::new(model, "write").ids(&[id]).arg("vals", Value::Object(values))).await.map(drop)
}

pub(super) async fn delete(odoo: &Odoo, model: &'static str, ids: &[i64]) -> Result<(), OdooError> {
    // A repetition finds nothing left; so does whoever comes second.
    let found = odoo.search_read(model, json!([["id", "in", ids]]), &["id"]).await?;
    let ids: Vec<i64> = found.iter().filter_map(|r| r["id"].as_i64()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    odoo.call(&Call::new(model, "unlink").ids(&ids)).await.map(drop)
}

async fn merge(odoo: &Odoo, from: i64, into: i64) -> Result<(), OdooError> {
    let field = if odoo.version >= 19 { "user_ids" } else { "users" };
    let rows = odoo.search_read("res.groups", json!([["id", "=", from]]), &[field]).await?;
    let members: Vec<i64> =
        rows.iter().filter_map(|r| r[field].as_array()).flatten().filter_map(Value::as_i64).collect();
    if !members.is_empty() {
        let mut values = Map::new();
        values.insert(groups_field(odoo.version).to_owned(), json!([[4, into]]));
        odoo.call(&Call::new("res.users", "write").ids(&members).arg("vals", Value::Object(values))).await?;
    }
    delete(odoo, "res.groups", &[from]).await
}

async fn register(odoo: &Odoo, key: &str, model: &str, id: i64) -> Result<(), OdooError> {
    let stale =
        odoo.search_read("ir.model.data", json!([["module", "=", MODULE], ["name", "=", key]]), &["id"]).await?;
    let stale: Vec<i64> = stale.iter().filter_map(|r| r["id"].as_i64()).collect();
    if !stale.is_empty() {
        odoo.call(&Call::new("ir.model.data", "unlink").ids(&stale)).await?;
    }
    let values = json!({"module": MODULE, "name": key, "model": model, "res_id": id, "noupdate": true});
    let Value::Object(values) = values else { unreachable!("values are an object") };
    create(odoo, "ir.model.data", values).await.map(drop)
}

/// Unique indexes cannot be asked for over the API; a server action that lives for one call can make them.
async fn indexes(odoo: &Odoo, known: &BTreeMap<String, i64>) -> Result<(), OdooError> {
    let code: Vec<String> = INDEXES.iter().map(|sql| format!("env.cr.execute({})", json!(sql))).collect();
    let mut values = Map::new();
    values.insert("name".to_owned(), json!(INDEXES_ACTION));
    values.insert("model_id".to_owned(), reference("model_x_pz_product"));
    values.insert("state".to_owned(), json!("code"));
    values.insert("code".to_owned(), json!(code.join("\n")));
    // An action without a group could be run by anybody for as long as it lives.
    values.insert(groups_field(odoo.version).to_owned(), json!([[6, 0, [reference("group_system")]]]));
    let action = create(odoo, "ir.actions.server", resolve(values, known)).await?;
    let ran = odoo.call(&Call::new("ir.actions.server", "run").ids(&[action])).await;
    delete(odoo, "ir.actions.server", &[action]).await?;
    ran.map(drop)
}

/// The administrators' group.
pub(super) async fn system_group(odoo: &Odoo) -> Result<i64, OdooError> {
    let domain = json!([["module", "=", "base"], ["name", "=", "group_system"]]);
    let rows = odoo.search_read("ir.model.data", domain, &["res_id"]).await?;
    rows.first()
        .and_then(|r| r["res_id"].as_i64())
        .ok_or_else(|| OdooError::Configuration("Odoo has no group base.group_system".to_owned()))
}

/// The database's own id; a copy made by Odoo's database manager gets another one.
pub(super) async fn database_uuid(odoo: &Odoo) -> Result<String, OdooError> {
    let rows = odoo.search_read("ir.config_parameter", json!([["key", "=", "database.uuid"]]), &["value"]).await?;
    Ok(rows.first().and_then(|r| r["value"].as_str()).unwrap_or_default().to_owned())
}

/// Name → id of every procedure, as the setup's row keeps it for accounts that may not look procedures up.
pub(super) fn procedure_ids(known: &BTreeMap<String, i64>) -> Value {
    let ids = Procedure::ALL.iter().map(|p| (p.name().to_owned(), json!(known.get(&procedure_key(*p)))));
    Value::Object(ids.collect())
}

async fn setup_row(odoo: &Odoo, known: &BTreeMap<String, i64>) -> Result<(), OdooError> {
    let values = json!({
        "x_name": "erpsync", "x_schema": SCHEMA, "x_uuid": database_uuid(odoo).await?,
        "x_procedures": procedure_ids(known).to_string(), "x_group": known.get("group_sync"),
    });
    let Value::Object(values) = values else { unreachable!("values are an object") };
    let rows = odoo.search_read("x_pz_setup", json!([]), &["id"]).await?;
    match rows.first().and_then(|r| r["id"].as_i64()) {
        Some(id) => write(odoo, "x_pz_setup", id, values).await,
        None => create(odoo, "x_pz_setup", values).await.map(drop),
    }
}
