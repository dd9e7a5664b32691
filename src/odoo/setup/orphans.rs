//! Finds what setups left behind: records that one made and could not register any more, groups made twice by two at
//! once, screens of another version. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::client::Odoo;
use super::super::error::OdooError;
use super::desired::{self, Desired};
use super::install::INDEXES_ACTION;
use super::lease::LEASE_ACTION;
use super::schema::FORMER_FIELDS;
use super::survey::same;
use super::{Step, StepAction, Survey, Work};

/// What tells a record of ours that nobody has registered from a stranger's.
fn identity(one: &Desired) -> &'static [&'static str] {
    match one.model {
        "ir.ui.view" => &["name", "model", "type"],
        "ir.actions.act_window" => &["name", "res_model"],
        "ir.actions.server" => &["name", "state"],
        "ir.ui.menu" if one.values.contains_key("action") => &["name", "action"],
        "ir.ui.menu" => &["name", "sequence"],
        _ => &["name"],
    }
}

/// Records of one model that bear our names and that nobody has registered.
pub(super) struct Orphans {
    rows: Vec<(i64, Map<String, Value>)>,
}

impl Orphans {
    pub async fn find(
        odoo: &Odoo,
        model: &'static str,
        wanted: &[Desired],
        fields: &[&str],
    ) -> Result<Self, OdooError> {
        let names: Vec<&Value> = wanted.iter().map(|one| &one.values["name"]).collect();
        let rows = odoo.search_read(model, json!([["name", "in", names]]), fields).await?;
        let registered = registered_by_anybody(odoo, model, &rows).await?;
        let rows = rows.into_iter().filter_map(|r| Some((r["id"].as_i64()?, r)));
        Ok(Self { rows: rows.filter(|(id, _)| !registered.contains(id)).collect() })
    }

    /// The one that is meant to be this record.
    pub fn like(&self, one: &Desired, known: &BTreeMap<String, i64>) -> Option<(i64, &Map<String, Value>)> {
        let alike = |row: &Map<String, Value>| identity(one).iter().all(|f| same(&one.values[*f], &row[*f], known));
        self.rows.iter().find(|(_, row)| alike(row)).map(|(id, row)| (*id, row))
    }
}

async fn registered_by_anybody(
    odoo: &Odoo,
    model: &'static str,
    rows: &[Map<String, Value>],
) -> Result<BTreeSet<i64>, OdooError> {
    let ids: Vec<&Value> = rows.iter().map(|r| &r["id"]).collect();
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let domain = json!([["model", "=", model], ["res_id", "in", ids]]);
    let rows = odoo.search_read("ir.model.data", domain, &["res_id"]).await?;
    Ok(rows.iter().filter_map(|r| r["res_id"].as_i64()).collect())
}

/// The groups of ours that nobody has registered, by key.
pub(super) async fn groups(odoo: &Odoo) -> Result<Vec<(&'static str, i64)>, OdooError> {
    let wanted = desired::groups();
    let orphans = Orphans::find(odoo, "res.groups", &wanted, &["name"]).await?;
    let key = |row: &Map<String, Value>| desired::GROUPS.iter().find(|g| row["name"] == g.1).map(|g| g.0);
    Ok(orphans.rows.iter().filter_map(|(id, row)| Some((key(row)?, *id))).collect())
}

/// What has to go: screens of another Odoo version, groups that two setups made twice, an action for indexes that
/// outlived its call.
pub(super) async fn obsolete(
    odoo: &Odoo,
    register: &BTreeMap<String, (String, i64)>,
    out: &mut Survey,
) -> Result<(), OdooError> {
    let screens = desired::screens(odoo.version);
    for model in ["ir.ui.menu", "ir.actions.act_window", "ir.ui.view"] {
        let wanted: BTreeSet<&str> = screens.iter().filter(|d| d.model == model).map(|d| d.key.as_str()).collect();
        let ids: Vec<i64> = register
            .iter()
            .filter(|(key, (m, _))| m == model && !wanted.contains(key.as_str()))
            .map(|e| e.1.1)
            .collect();
        let rows = if ids.is_empty() {
            Vec::new()
        } else {
            odoo.search_read(model, json!([["id", "in", ids]]), &["name"]).await?
        };
        delete(model, &rows, out);
    }
    let ids: Vec<i64> = passing_actions(odoo).await?.iter().filter_map(|r| r["id"].as_i64()).collect();
    if !ids.is_empty() {
        let what = "actions of setups that were interrupted".to_owned();
        let work = Work::Delete { model: "ir.actions.server", ids };
        out.steps.push(Step { action: StepAction::Delete, what, work });
    }
    for (key, from) in groups(odoo).await? {
        // The one that takes the registered one's place is no second one.
        if out.known.get(key).is_some_and(|id| *id != from) {
            let what = format!("second group {key:?}, its members join the first");
            let work = Work::Merge { from, into: key };
            out.steps.push(Step { action: StepAction::Delete, what, work });
        }
    }
    Ok(())
}

/// Actions that setup makes for a call or two.
pub(super) async fn passing_actions(odoo: &Odoo) -> Result<Vec<Map<String, Value>>, OdooError> {
    odoo.search_read("ir.actions.server", json!([["name", "in", [INDEXES_ACTION, LEASE_ACTION]]]), &["name"]).await
}

/// Fields of ours that an earlier version had. Their screens show them no longer by now.
pub(super) async fn former_fields(odoo: &Odoo, out: &mut Survey) -> Result<(), OdooError> {
    for (model, name) in FORMER_FIELDS {
        let domain = json!([["model", "=", model], ["name", "=", name], ["state", "=", "manual"]]);
        let rows = odoo.search_read("ir.model.fields", domain, &["id"]).await?;
        if let Some(id) = rows.first().and_then(|row| row["id"].as_i64()) {
            let work = Work::Delete { model: "ir.model.fields", ids: vec![id] };
            out.steps.push(Step { action: StepAction::Delete, what: format!("field {model}.{name}"), work });
        }
    }
    Ok(())
}

fn delete(model: &'static str, rows: &[Map<String, Value>], out: &mut Survey) {
    for row in rows {
        let what = format!("{model} {:?}", row["name"].as_str().unwrap_or_default());
        let work = Work::Delete { model, ids: row["id"].as_i64().into_iter().collect() };
        out.steps.push(Step { action: StepAction::Delete, what, work });
    }
}
