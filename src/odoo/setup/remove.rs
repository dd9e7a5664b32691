//! Takes out of Odoo what setup made.

use serde_json::json;

use super::super::client::Odoo;
use super::super::error::OdooError;
use super::super::transport::Call;
use super::desired;
use super::{registered, require_administrator};

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
}

/// Models that stay with `--keep-history`, with their screens and groups.
const HISTORY: [&str; 4] = ["x_pz_run", "x_pz_product", "x_pz_product_barcode_history", "x_pz_product_price_history"];

/// Lists what would be taken out.
///
/// # Errors
/// When the account is no administrator or a call fails.
pub async fn survey_removal(odoo: &Odoo, keep_history: bool) -> Result<Removal, OdooError> {
    require_administrator(odoo).await?;
    let register = registered(odoo).await?;
    let mut out = Removal { what: Vec::new(), work: Vec::new() };
    let stays = |key: &str| {
        keep_history
            && (key.starts_with("group_")
                || key == "menu_root"
                || HISTORY.iter().any(|m| {
                    [format!("menu_{m}"), format!("action_{m}"), format!("model_{m}")].contains(&key.to_owned())
                        || ["list", "tree", "form", "search"].iter().any(|v| key == format!("view_{m}_{v}"))
                }))
    };
    for model in ["ir.ui.menu", "ir.actions.act_window", "ir.ui.view", "ir.actions.server"] {
        let mine: Vec<(&String, i64)> = register
            .iter()
            .filter(|(key, (m, _))| m == model && !stays(key))
            .map(|(key, (_, id))| (key, *id))
            .collect();
        // Children before their parent: the root menu sorts by its own rule.
        let (root, rest): (Vec<_>, Vec<_>) = mine.into_iter().partition(|(key, _)| *key == "menu_root");
        for part in [rest, root] {
            if !part.is_empty() {
                out.what.extend(part.iter().map(|(key, _)| key.replace('_', " ")));
                out.work.push((model, part.into_iter().map(|(_, id)| id).collect()));
            }
        }
    }
    let names: Vec<&str> = desired::models().iter().map(|m| m.model).collect();
    let rows =
        odoo.search_read("ir.model", json!([["model", "in", names], ["state", "=", "manual"]]), &["model"]).await?;
    for model in names.iter().rev().filter(|m| !stays(&desired::model_key(m))) {
        if let Some(id) = rows.iter().find(|r| r["model"] == **model).and_then(|r| r["id"].as_i64()) {
            out.what.push(format!("model {model} with all its records"));
            out.work.push(("ir.model", vec![id]));
        }
    }
    let groups: Vec<i64> =
        register.iter().filter(|(key, (m, _))| m == "res.groups" && !stays(key)).map(|(_, (_, id))| *id).collect();
    if !groups.is_empty() {
        out.what.push(format!("{} groups", groups.len()));
        out.work.push(("res.groups", groups));
    }
    Ok(out)
}

/// Takes it out, in order; can be run again after a failure.
///
/// # Errors
/// When Odoo refuses a step.
pub async fn remove(odoo: &Odoo, removal: Removal) -> Result<(), OdooError> {
    for (model, ids) in removal.work {
        let found = odoo.search_read(model, json!([["id", "in", ids]]), &["id"]).await?;
        let ids: Vec<i64> = found.iter().filter_map(|r| r["id"].as_i64()).collect();
        if !ids.is_empty() {
            odoo.call(&Call::new(model, "unlink").ids(&ids)).await?;
        }
    }
    Ok(())
}
