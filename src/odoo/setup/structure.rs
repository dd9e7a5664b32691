//! Compares our models with what they shall be: fields, choices, rights. Reads only.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::client::Odoo;
use super::super::error::OdooError;
use super::desired;
use super::schema::{FieldType, Model};
use super::survey::{found_id, same};
use super::{Step, StepAction, Survey, Work};

type Rows = Vec<Map<String, Value>>;

/// What Odoo has of our models.
struct Found {
    fields: Rows,
    choices: Rows,
    access: Rows,
}

pub(super) async fn models(odoo: &Odoo, out: &mut Survey) -> Result<(), OdooError> {
    const PRODUCT: &str = "product.product";
    let names: Vec<&str> = desired::models().iter().map(|m| m.model).collect();
    let asked: Vec<&str> = names.iter().copied().chain([PRODUCT]).collect();
    let rows = odoo.search_read("ir.model", json!([["model", "in", asked]]), &["model"]).await?;
    let present: BTreeMap<String, i64> =
        rows.iter().filter_map(|r| Some((r["model"].as_str()?.to_owned(), r["id"].as_i64()?))).collect();
    if !present.contains_key(PRODUCT) {
        return Err(OdooError::Configuration(
            "this Odoo has no products: install one of its apps that brings them (Sales, Inventory, Point of Sale …) first"
                .to_owned(),
        ));
    }
    let wanted = ["model", "name", "field_description", "ttype", "relation", "index"];
    let manual = json!([["model", "in", names], ["state", "=", "manual"]]);
    let access = ["name", "group_id", "model_id", "perm_read", "perm_write", "perm_create", "perm_unlink", "active"];
    let ids: Vec<i64> = desired::models().iter().filter_map(|m| present.get(m.model).copied()).collect();
    let fields = odoo.search_read("ir.model.fields", manual, &wanted).await?;
    let choosing: Vec<i64> =
        fields.iter().filter(|r| r["ttype"] == "selection").filter_map(|r| r["id"].as_i64()).collect();
    let choices = json!([["field_id", "in", choosing]]);
    let found = Found {
        fields,
        choices: odoo.search_read("ir.model.fields.selection", choices, &["field_id", "value"]).await?,
        access: odoo.search_read("ir.model.access", json!([["model_id", "in", ids]]), &access).await?,
    };
    for model in desired::models() {
        let key = desired::model_key(model.model);
        let Some(id) = present.get(model.model) else {
            out.known.remove(&key);
            let what = format!("model {} {:?}, {} fields", model.model, model.label, model.fields.len());
            let work = Work::Create { key, model: "ir.model", values: desired::model_values(model) };
            out.steps.push(Step { action: StepAction::Create, what, work });
            continue;
        };
        if out.known.insert(key.clone(), *id) != Some(*id) {
            let what = format!("model {}, left over by a setup that was interrupted", model.model);
            let work = Work::Adopt { key, model: "ir.model", id: *id, values: Map::new() };
            out.steps.push(Step { action: StepAction::Change, what, work });
        }
        fields_of(model, *id, &found, out)?;
        access_of(model, *id, &found, out);
    }
    Ok(())
}

fn fields_of(model: &Model, id: i64, found: &Found, out: &mut Survey) -> Result<(), OdooError> {
    for field in model.fields {
        let row = found.fields.iter().find(|r| r["model"] == model.model && r["name"] == field.name);
        let what = format!("field {}.{}", model.model, field.name);
        let mut values = desired::field_values(field);
        let Some(row) = row else {
            values.insert("model_id".to_owned(), json!(id));
            out.steps.push(Step {
                action: StepAction::Create,
                what,
                work: Work::Add { model: "ir.model.fields", values },
            });
            continue;
        };
        if row["ttype"] != desired::field_type(field) || values.get("relation").is_some_and(|to| row["relation"] != *to)
        {
            return Err(OdooError::Configuration(format!(
                "{what} exists with type {} {}, and Odoo cannot change a field's type: rename or remove it by hand",
                row["ttype"].as_str().unwrap_or_default(),
                row["relation"].as_str().unwrap_or_default(),
            )));
        }
        let field_id = row["id"].as_i64().unwrap_or(0);
        if let FieldType::Selection(options) = field.kind {
            for (sequence, (value, name)) in options.iter().enumerate() {
                let has = |r: &Map<String, Value>| found_id(&r["field_id"]) == Some(field_id) && r["value"] == *value;
                if !found.choices.iter().any(has) {
                    let choice = json!({"field_id": field_id, "value": value, "name": name, "sequence": sequence});
                    let Value::Object(values) = choice else { unreachable!("values are an object") };
                    let work = Work::Add { model: "ir.model.fields.selection", values };
                    out.steps.push(Step {
                        action: StepAction::Create,
                        what: format!("choice {value:?} of {what}"),
                        work,
                    });
                }
            }
        }
        if row["field_description"] != field.label || row["index"] != field.index {
            values.retain(|name, _| name == "field_description" || name == "index");
            let work = Work::Write { model: "ir.model.fields", id: field_id, values };
            out.steps.push(Step { action: StepAction::Change, what, work });
        }
    }
    Ok(())
}

fn access_of(model: &Model, id: i64, found: &Found, out: &mut Survey) {
    for mut values in desired::access_values(model) {
        let row = found.access.iter().find(|r| r["name"] == values["name"] && found_id(&r["model_id"]) == Some(id));
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

/// Those of the named fields that the model has by now, without those that a step is about to add.
pub(super) fn fields_present<'a>(survey: &Survey, model: &str, names: &[&'a str]) -> Vec<&'a str> {
    let id = survey.known.get(&desired::model_key(model)).copied();
    let absent = |name: &str| {
        survey.steps.iter().any(|s| match &s.work {
            Work::Add { model: "ir.model.fields", values } => {
                values["name"] == name && values["model_id"].as_i64() == id
            }
            _ => false,
        })
    };
    names.iter().copied().filter(|name| !absent(name)).collect()
}
