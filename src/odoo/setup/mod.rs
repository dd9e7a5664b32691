//! Installs what a run needs in Odoo: models, rights, screens, procedures. Decides first ([`survey`]), then does
//! ([`install`], [`remove`]); both can be run again at any time.
//!
//! Everything made here is registered in `ir.model.data` under the module name `erpsync`, which no real module has, or
//! belongs to one of our models; that is how it is found again, and how [`remove`] knows what is ours.

mod desired;
mod install;
mod lease;
mod orphans;
mod remove;
pub mod schema;
mod screens;
mod structure;
mod survey;
mod views;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::client::Odoo;
use super::error::{ErrorClass, OdooError};
use super::retry::{Decision, Retry};
use super::transport::Call;

pub use install::install;
pub use lease::{Busy, HOLDER, SetupLease};
pub use remove::{Removal, remove, survey_removal};
pub use survey::survey;

/// The name under which our records are registered.
pub(super) const MODULE: &str = "erpsync";

/// One thing that setup has to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Create or change.
    pub action: StepAction,
    /// What, for people: `model x_pz_product "External product"`.
    pub what: String,
    pub(super) work: Work,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepAction {
    /// Makes something that is absent.
    Create,
    /// Mends something that differs.
    Change,
    /// Takes out something that another setup left behind.
    Delete,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbol = match self.action {
            StepAction::Create => '+',
            StepAction::Change => '~',
            StepAction::Delete => '-',
        };
        write!(f, "{symbol} {}", self.what)
    }
}

/// How a step is done. Values may refer to records by name, `{"$ref": "group_sync"}`, as their ids may not exist yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Work {
    /// Create a record and register it under this name.
    Create { key: String, model: &'static str, values: Map<String, Value> },
    /// Create a record that belongs to one of our models and needs no name.
    Add { model: &'static str, values: Map<String, Value> },
    /// Write on an existing record.
    Write { model: &'static str, id: i64, values: Map<String, Value> },
    /// Register a record that was made and not registered, and mend it.
    Adopt { key: String, model: &'static str, id: i64, values: Map<String, Value> },
    /// Delete records.
    Delete { model: &'static str, ids: Vec<i64> },
    /// Let the members of a group into another one of ours, and delete it.
    Merge { from: i64, into: &'static str },
    /// Make the unique indexes.
    Indexes,
    /// Fill or mend the setup's own row, last of all.
    SetupRow,
    /// Let an account into the sync group.
    Grant { user: i64 },
}

/// What setup shall make.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Logins to let into the sync group.
    pub grant: Vec<String>,
}

/// What setup found: the steps that are left, and ids of what is there.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// In order; empty when Odoo has everything.
    pub steps: Vec<Step>,
    pub(super) known: BTreeMap<String, i64>,
}

/// Refuses accounts that may not install anything.
///
/// # Errors
/// [`OdooError::Rights`] unless the account is an administrator.
pub async fn require_administrator(odoo: &Odoo) -> Result<(), OdooError> {
    let call = Call::new("res.users", "has_group");
    // The signature changed from a function of the class to one of a record in 18.
    let call = if odoo.version >= 18 {
        let uid = own_id(odoo).await?;
        call.ids(&[uid]).arg("group_ext_id", "base.group_system")
    } else {
        call.arg("group_ext_id", "base.group_system")
    };
    if odoo.call(&call).await? == Value::Bool(true) {
        return Ok(());
    }
    Err(OdooError::Rights(
        "setup needs an administrator of Odoo (Settings rights), and this account is none; name one with --admin-login and $ERPSYNC_ODOO_ADMIN_PASSWORD".to_owned(),
    ))
}

async fn own_id(odoo: &Odoo) -> Result<i64, OdooError> {
    let context = odoo.call(&Call::new("res.users", "context_get")).await?;
    context["uid"].as_i64().ok_or_else(|| OdooError::Answer {
        call: "res.users.context_get".to_owned(),
        reason: "no uid".to_owned(),
        body: context.to_string(),
    })
}

/// Reads the ids registered under our name: key → (model, id).
pub(super) async fn registered(odoo: &Odoo) -> Result<BTreeMap<String, (String, i64)>, OdooError> {
    let rows =
        odoo.search_read("ir.model.data", json!([["module", "=", MODULE]]), &["name", "model", "res_id"]).await?;
    let text = |row: &Map<String, Value>, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    Ok(rows.iter().map(|r| (text(r, "name"), (text(r, "model"), r["res_id"].as_i64().unwrap_or(0)))).collect())
}

/// Calls something that changes Odoo's models and that Odoo carried out as a whole or not at all: what it refused for a
/// passing reason is asked again, a lost answer is not.
pub(super) async fn call_settled(odoo: &Odoo, call: &Call) -> Result<Value, OdooError> {
    let retry = Retry { patience: Duration::from_secs(60), ..Retry::default() };
    let (mut attempt, began) = (0, Instant::now());
    loop {
        let error = match odoo.call_once(call).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        attempt += 1;
        let class = match &error {
            // Odoo 14 says so of its own fields when two threads rebuild their models at the same time.
            OdooError::Fault { fault, .. } if fault.message.contains("use the same table and columns") => {
                ErrorClass::Contention
            }
            other => other.class(),
        };
        match (class, retry.decide(class, attempt, began.elapsed())) {
            (ErrorClass::Contention, Decision::Wait(pause)) => {
                log::warn!("{error}; attempt {} in {:.1} s", attempt + 1, pause.as_secs_f32());
                tokio::time::sleep(pause).await;
            }
            _ => return Err(error),
        }
    }
}

/// The ids that `create` returned, in order; 14 answers a list, JSON-2 too.
pub(super) fn created_ids(value: &Value) -> Vec<i64> {
    match value {
        Value::Array(ids) => ids.iter().filter_map(Value::as_i64).collect(),
        other => other.as_i64().into_iter().collect(),
    }
}
