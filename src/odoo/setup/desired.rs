//! What Odoo shall have after setup, as records with names. Data only; nothing is asked or written here.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::procedure::Procedure;
use super::schema::{Field, FieldType, MODELS, Model, Rights};
use super::views::{SCREENS, Screen};

/// The groups: key, name, comment.
pub(super) const GROUPS: [(&str, &str, &str); 3] = [
    ("group_reader", "Catalogue synchronisation: reader", "Sees links, history, deferred actions and runs."),
    (
        "group_operator",
        "Catalogue synchronisation: operator",
        "Settles deferred actions, sets \"don't touch\" and the pause switch.",
    ),
    ("group_sync", "Catalogue synchronisation: sync account", "The account that erpsync runs as."),
];

/// A record that shall exist.
pub(super) struct Desired {
    /// Its name in `ir.model.data`.
    pub key: String,
    /// Its model.
    pub model: &'static str,
    /// For people.
    pub what: String,
    /// Its values, compared field by field and mended where they differ.
    pub values: Map<String, Value>,
}

fn record(key: String, model: &'static str, what: String, values: Value) -> Desired {
    let Value::Object(values) = values else { unreachable!("values are an object") };
    Desired { key, model, what, values }
}

/// A reference to a record by name.
pub(super) fn reference(key: &str) -> Value {
    json!({ "$ref": key })
}

/// The field in which users, menus and actions keep their groups.
pub(super) fn groups_field(odoo: u32) -> &'static str {
    if odoo >= 19 { "group_ids" } else { "groups_id" }
}

/// `x2many` values that replace all, in Odoo's own words.
fn exactly(keys: &[&str]) -> Value {
    let refs: Vec<Value> = keys.iter().map(|k| reference(k)).collect();
    json!([[6, 0, refs]])
}

pub(super) fn groups() -> Vec<Desired> {
    GROUPS
        .iter()
        .map(|(key, name, comment)| {
            let implied: &[&str] = if *key == "group_operator" { &["group_reader"] } else { &[] };
            let values = json!({"name": name, "comment": comment, "implied_ids": exactly(implied)});
            record((*key).to_owned(), "res.groups", format!("group {name:?}"), values)
        })
        .collect()
}

/// A model's key in the register.
pub(super) fn model_key(model: &str) -> String {
    format!("model_{model}")
}

/// Values that create a model with all its fields and rights at once: on 19 rights that come later do not work in the
/// worker that made them.
pub(super) fn model_values(model: &Model) -> Map<String, Value> {
    let fields: Vec<Value> = model.fields.iter().map(|f| json!([0, 0, field_values(f)])).collect();
    let access: Vec<Value> = access_values(model).into_iter().map(|a| json!([0, 0, a])).collect();
    let values =
        json!({"name": model.label, "model": model.model, "state": "manual", "field_id": fields, "access_ids": access});
    let Value::Object(values) = values else { unreachable!("values are an object") };
    values
}

/// Values of one field.
pub(super) fn field_values(field: &Field) -> Map<String, Value> {
    let mut values = Map::new();
    let mut set = |key: &str, value: Value| values.insert(key.to_owned(), value);
    set("name", json!(field.name));
    set("field_description", json!(field.label));
    set("state", json!("manual"));
    set("index", json!(field.index));
    set("ttype", json!(field_type(field)));
    match field.kind {
        FieldType::Many2one(target) => {
            set("relation", json!(target));
            set("on_delete", json!("set null"));
        }
        FieldType::PartOf(target) => {
            set("relation", json!(target));
            set("on_delete", json!("cascade"));
        }
        FieldType::Selection(options) => {
            let lines = options.iter().enumerate();
            let lines: Vec<Value> =
                lines.map(|(i, (value, name))| json!([0, 0, {"value": value, "name": name, "sequence": i}])).collect();
            set("selection_ids", json!(lines));
        }
        FieldType::Char | FieldType::Text | FieldType::Integer | FieldType::Boolean | FieldType::Datetime => {}
    }
    values
}

/// Odoo's word for a field's kind.
pub(super) fn field_type(field: &Field) -> &'static str {
    match field.kind {
        FieldType::Char => "char",
        FieldType::Text => "text",
        FieldType::Integer => "integer",
        FieldType::Boolean => "boolean",
        FieldType::Datetime => "datetime",
        FieldType::Many2one(_) | FieldType::PartOf(_) => "many2one",
        FieldType::Selection(_) => "selection",
    }
}

/// Values of the rights on a model, one record a group.
pub(super) fn access_values(model: &Model) -> Vec<Map<String, Value>> {
    let of = |group: &str, [read, write, create, unlink]: Rights| {
        let values = json!({
            "name": format!("{} {group}", model.model), "group_id": reference(&format!("group_{group}")),
            "perm_read": read, "perm_write": write, "perm_create": create, "perm_unlink": unlink, "active": true,
        });
        let Value::Object(values) = values else { unreachable!("values are an object") };
        values
    };
    [("sync", model.sync), ("operator", model.operator), ("reader", model.reader), ("system", model.system)]
        .into_iter()
        .filter(|(_, rights)| rights.contains(&true))
        .map(|(group, rights)| of(group, rights))
        .collect()
}

/// Views, window actions and menus.
pub(super) fn screens(odoo: u32) -> Vec<Desired> {
    let groups = groups_field(odoo);
    let mut out = Vec::new();
    // Administrators see it too: whoever ran setup wants to see what it made.
    let all = ["group_reader", "group_operator", "group_sync", "group_system"];
    out.push(record(
        "menu_root".to_owned(),
        "ir.ui.menu",
        "menu \"Catalogue synchronisation\"".to_owned(),
        json!({"name": "Catalogue synchronisation", "sequence": 250, groups: exactly(&all)}),
    ));
    for screen in SCREENS {
        let model = screen.model;
        let list = Screen::list_type(odoo);
        out.push(view(model, list, json!(screen.list(odoo))));
        out.push(view(model, "search", json!(screen.search())));
        let values = json!({
            "name": screen.menu, "res_model": model, "view_mode": format!("{list},form"), "context": screen.context(),
            "help": screen.help(), "search_view_id": reference(&format!("view_{model}_search")), groups: exactly(&all),
        });
        out.push(record(
            format!("action_{model}"),
            "ir.actions.act_window",
            format!("window action {:?}", screen.menu),
            values,
        ));
        let values = json!({
            "name": screen.menu, "sequence": screen.sequence, "parent_id": reference("menu_root"),
            "action": {"$action": format!("action_{model}")}, groups: exactly(&all),
        });
        out.push(record(format!("menu_{model}"), "ir.ui.menu", format!("menu {:?}", screen.menu), values));
    }
    // Forms have buttons that open other screens' window actions.
    out.extend(SCREENS.iter().map(|s| view(s.model, "form", json!({"$text": s.form(odoo)}))));
    out
}

fn view(model: &str, kind: &str, arch: Value) -> Desired {
    let values = json!({"name": format!("{model} {kind}"), "model": model, "type": kind, "arch_db": arch});
    record(format!("view_{model}_{kind}"), "ir.ui.view", format!("view {model} {kind}"), values)
}

/// Puts the ids of window actions into a text that names them as `{action_…}`; nothing while one of them is unknown.
pub(super) fn filled(text: &str, known: &BTreeMap<String, i64>) -> Option<String> {
    let mut parts = text.split("{action_");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (model, rest) = part.split_once('}')?;
        out += &known.get(&format!("action_{model}"))?.to_string();
        out += rest;
    }
    Some(out)
}

/// The key of a procedure.
pub(super) fn procedure_key(procedure: Procedure) -> String {
    format!("procedure_{}", procedure.name())
}

/// The procedures, each for the sync group alone: on 19 an action without a group can be run by a portal customer.
pub(super) fn procedures(odoo: u32) -> Vec<Desired> {
    Procedure::ALL
        .iter()
        .map(|p| {
            let values = json!({
                "name": format!("erpsync: {}", p.name()), "model_id": reference(&model_key("x_pz_product")),
                "state": "code", "code": p.code(odoo), groups_field(odoo): exactly(&["group_sync"]),
            });
            record(procedure_key(*p), "ir.actions.server", format!("procedure {:?}", p.name()), values)
        })
        .collect()
}

/// All models with their labels, for the survey.
pub(super) fn models() -> &'static [Model] {
    MODELS
}
