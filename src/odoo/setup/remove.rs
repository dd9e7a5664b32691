//! Takes out of Odoo what setup made, and what people made that cannot live without it: their filters, views and menus on
//! our models.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::client::Odoo;
use super::super::error::OdooError;
use super::super::transport::Call;
use super::lease::SetupLease;
use super::{MODULE, call_settled, desired, orphans, registered, require_administrator};

/// What is to be taken out, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// For people, in order.
    pub what: Vec<String>,
    work: Vec<(&'static str, Vec<i64>)>,
}

impl Removal {
    /// Is there nothing of ours?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.what.is_empty()
    }

    /// Is this action among those that go?
    fn has(&self, row: &Map<String, Value>) -> bool {
        let of_actions = self.work.iter().filter(|(model, _)| *model == "ir.actions.server");
        of_actions.flat_map(|(_, ids)| ids).any(|id| row["id"] == *id)
    }

    fn add(&mut self, model: &'static str, what: &str, rows: &[Map<String, Value>]) {
        let ids: Vec<i64> = rows.iter().filter_map(|r| r["id"].as_i64()).collect();
        if !ids.is_empty() {
            self.what.extend(rows.iter().map(|r| format!("{what} {:?}", r["name"].as_str().unwrap_or_default())));
            self.work.push((model, ids));
        }
    }
}

/// Models that stay with `--keep-history`, with their screens and groups.
const HISTORY: [&str; 5] = [
    "x_pz_run",
    "x_pz_product",
    "x_pz_product_barcode_history",
    "x_pz_product_price_history",
    "x_pz_product_name_history",
];

/// Does a registered record stay with `--keep-history`?
fn is_history(key: &str) -> bool {
    let of = |m: &str| {
        ["menu", "action", "model"].iter().any(|kind| key == format!("{kind}_{m}"))
            || ["list", "tree", "form", "search"].iter().any(|v| key == format!("view_{m}_{v}"))
    };
    key.starts_with("group_") || key == "menu_root" || HISTORY.iter().any(|m| of(m))
}

/// Lists what would be taken out.
///
/// # Errors
/// When the account is no administrator or a call fails.
pub async fn survey_removal(odoo: &Odoo, keep_history: bool) -> Result<Removal, OdooError> {
    require_administrator(odoo).await?;
    let register = registered(odoo).await?;
    let mut out = Removal { what: Vec::new(), work: Vec::new() };
    let going: Vec<&str> =
        desired::models().iter().map(|m| m.model).filter(|m| !keep_history || !HISTORY.contains(m)).collect();
    let ours = |model: &str| -> Vec<i64> {
        let mine = register.iter().filter(|(key, (m, _))| m == model && !(keep_history && is_history(key)));
        mine.map(|(_, (_, id))| *id).collect()
    };

    let actions = either("id", json!(ours("ir.actions.act_window")), "res_model", json!(going));
    let actions = odoo.search_read("ir.actions.act_window", actions, &["name"]).await?;
    let opened: Vec<String> = actions.iter().map(|r| format!("ir.actions.act_window,{}", r["id"])).collect();
    let menus = either("id", json!(ours("ir.ui.menu")), "action", json!(opened));
    let menus = odoo.search_read("ir.ui.menu", menus, &["name"]).await?;
    // Children before their parent, which would leave them behind at the top.
    let root = register.get("menu_root").map(|(_, id)| *id);
    let (root, rest): (Vec<_>, Vec<_>) = menus.into_iter().partition(|r| r["id"].as_i64() == root);
    out.add("ir.ui.menu", "menu", &rest);
    out.add("ir.ui.menu", "menu", &root);
    out.add("ir.actions.act_window", "window action", &actions);
    let views = either("id", json!(ours("ir.ui.view")), "model", json!(going));
    out.add("ir.ui.view", "view", &odoo.search_read("ir.ui.view", views, &["name"]).await?);
    let filters = json!([["model_id", "in", going]]);
    out.add("ir.filters", "filter", &odoo.search_read("ir.filters", filters, &["name"]).await?);
    let ids: Vec<i64> = model_ids(odoo, &going).await?.into_values().collect();
    let procedures = either("id", json!(ours("ir.actions.server")), "model_id", json!(ids));
    out.add("ir.actions.server", "procedure", &odoo.search_read("ir.actions.server", procedures, &["name"]).await?);
    let passing = orphans::passing_actions(odoo).await?;
    out.add("ir.actions.server", "action", &passing.into_iter().filter(|r| !out.has(r)).collect::<Vec<_>>());
    models(odoo, &going, &mut out).await?;
    groups(odoo, ours("res.groups"), keep_history, &mut out).await?;
    stale(odoo, &register, &mut out).await?;
    Ok(out)
}

fn either(one: &str, ones: Value, other: &str, others: Value) -> Value {
    json!(["|", [one, "in", ones], [other, "in", others]])
}

async fn model_ids(odoo: &Odoo, names: &[&str]) -> Result<BTreeMap<String, i64>, OdooError> {
    let domain = json!([["model", "in", names], ["state", "=", "manual"]]);
    let rows = odoo.search_read("ir.model", domain, &["model"]).await?;
    Ok(rows.iter().filter_map(|r| Some((r["model"].as_str()?.to_owned(), r["id"].as_i64()?))).collect())
}

async fn models(odoo: &Odoo, going: &[&str], out: &mut Removal) -> Result<(), OdooError> {
    let ids = model_ids(odoo, going).await?;
    // Those that refer to others before the others.
    for model in going.iter().rev() {
        if let Some(id) = ids.get(*model) {
            out.what.push(format!("model {model} with all its records"));
            out.work.push(("ir.model", vec![*id]));
        }
    }
    Ok(())
}

async fn groups(odoo: &Odoo, registered: Vec<i64>, keep_history: bool, out: &mut Removal) -> Result<(), OdooError> {
    let mut ids = registered;
    if !keep_history {
        ids.extend(orphans::groups(odoo).await?.into_iter().map(|(_, id)| id));
    }
    let rows = odoo.search_read("res.groups", json!([["id", "in", ids]]), &["name"]).await?;
    out.add("res.groups", "group", &rows);
    Ok(())
}

/// Registrations of records that somebody took away past Odoo.
async fn stale(odoo: &Odoo, register: &BTreeMap<String, (String, i64)>, out: &mut Removal) -> Result<(), OdooError> {
    const KINDS: [&str; 6] =
        ["ir.ui.menu", "ir.actions.act_window", "ir.ui.view", "ir.actions.server", "res.groups", "ir.model"];
    let mut stale = Vec::new();
    for kind in KINDS {
        let mine: BTreeMap<i64, &String> =
            register.iter().filter(|(_, (m, _))| m == kind).map(|(key, (_, id))| (*id, key)).collect();
        let ids: Vec<i64> = mine.keys().copied().collect();
        let rows = odoo.search_read(kind, json!([["id", "in", ids]]), &["id"]).await?;
        let there: BTreeSet<i64> = rows.iter().filter_map(|r| r["id"].as_i64()).collect();
        stale.extend(mine.into_iter().filter(|(id, _)| !there.contains(id)).map(|(_, key)| key.clone()));
    }
    let domain = json!([["module", "=", MODULE], ["name", "in", stale]]);
    out.add("ir.model.data", "registration", &odoo.search_read("ir.model.data", domain, &["name"]).await?);
    Ok(())
}

/// Takes it out, in order, and holds the lease meanwhile; can be run again after a failure.
///
/// # Errors
/// When Odoo refuses a step, or the lease is lost.
pub async fn remove(odoo: &Odoo, removal: Removal, lease: &mut SetupLease) -> Result<(), OdooError> {
    for (model, ids) in removal.work {
        lease.hold(odoo).await?;
        let found = odoo.search_read(model, json!([["id", "in", ids]]), &["id"]).await?;
        let ids: Vec<i64> = found.iter().filter_map(|r| r["id"].as_i64()).collect();
        if !ids.is_empty() {
            call_settled(odoo, &Call::new(model, "unlink").ids(&ids)).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::views::SCREENS;
    use super::*;

    #[test]
    fn what_stays_has_no_button_to_what_goes() {
        for screen in SCREENS.iter().filter(|s| HISTORY.contains(&s.model)) {
            for button in screen.form.buttons {
                assert!(HISTORY.contains(&button.action), "{} has a button to {}", screen.model, button.action);
            }
        }
    }
}
