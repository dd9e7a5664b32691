//! Who calls, in which language, on which transaction; and what the caller may do.

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::OdooFault;
use super::schema::groups_field;
use super::store::{Record, Store, flag, ids, integer, text};

/// What a group may do with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    Read,
    Write,
    Create,
    Unlink,
}

impl Right {
    fn column(self) -> &'static str {
        match self {
            Self::Read => "perm_read",
            Self::Write => "perm_write",
            Self::Create => "perm_create",
            Self::Unlink => "perm_unlink",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Read => "access",
            Self::Write => "modify",
            Self::Create => "create",
            Self::Unlink => "delete",
        }
    }
}

/// A call's surroundings. The store is the transaction: whoever began it keeps it or drops it.
pub(super) struct Env<'a> {
    pub store: &'a mut Store,
    /// The language of the context; none is `en_US`.
    pub lang: Option<String>,
    /// Leave archived records out of searches.
    pub active_test: bool,
    /// A procedure is at work, which writes erpsync's own records past the caller's rights.
    pub in_procedure: bool,
    /// Called over JSON-2, whose errors differ.
    pub json2: bool,
}

impl<'a> Env<'a> {
    /// Takes language and `active_test` from a context.
    pub(super) fn new(store: &'a mut Store, context: &Record, json2: bool) -> Result<Self, OdooFault> {
        let lang = text(context, "lang").map(str::to_owned);
        if let Some(lang) = &lang
            && store.version >= 19
            && !installed(store, lang)
        {
            return Err(OdooFault::user(format!("Invalid language code: {lang}")));
        }
        let active_test = context.get("active_test").is_none_or(|v| *v != Value::Bool(false));
        Ok(Self { store, lang, active_test, in_procedure: false, json2 })
    }

    pub(super) fn version(&self) -> u32 {
        self.store.version
    }

    /// The caller's record.
    pub(super) fn user(&self) -> Record {
        self.store.row("res.users", self.store.uid).cloned().unwrap_or_default()
    }

    /// The caller's groups, implied ones included.
    pub(super) fn groups(&self) -> BTreeSet<i64> {
        let mut todo = ids(&self.user(), groups_field(self.version()));
        let mut out = BTreeSet::new();
        while let Some(group) = todo.pop() {
            if out.insert(group)
                && let Some(record) = self.store.row("res.groups", group)
            {
                todo.extend(ids(record, "implied_ids"));
            }
        }
        out
    }

    /// May the caller do this with that model's records?
    pub(super) fn may(&self, model: &str, right: Right) -> bool {
        if self.in_procedure && model.starts_with("x_pz_") {
            return true;
        }
        let allowed = self.allowed(model, right);
        !allowed.is_disjoint(&self.groups())
    }

    /// As [`Env::may`], with Odoo's error.
    pub(super) fn check(&self, model: &str, right: Right) -> Result<(), OdooFault> {
        if self.may(model, right) {
            return Ok(());
        }
        let label = self.store.models.get(model).map_or(model, |m| m.label.as_str());
        let mut names: Vec<&str> = self
            .allowed(model, right)
            .into_iter()
            .filter_map(|id| self.store.row("res.groups", id))
            .filter_map(|r| text(r, "full_name").or_else(|| text(r, "name")))
            .collect();
        names.sort_unstable();
        let who = if names.is_empty() {
            "No group currently allows this operation.".to_owned()
        } else {
            let names: Vec<String> = names.iter().map(|n| format!("\t- {n}")).collect();
            format!("This operation is allowed for the following groups:\n{}", names.join("\n"))
        };
        Err(OdooFault::access(format!(
            "You are not allowed to {} '{label}' ({model}) records.\n\n{who}\n\nContact your administrator to request access if necessary.",
            right.verb()
        )))
    }

    /// The groups that may: from `ir.model.access` for models made over the API, from a short table for Odoo's own.
    fn allowed(&self, model: &str, right: Right) -> BTreeSet<i64> {
        if self.store.models.get(model).is_some_and(|m| m.manual) {
            let number = self.store.rows("ir.model").find(|(_, r)| text(r, "model") == Some(model)).map(|(id, _)| id);
            let rows = self.store.rows("ir.model.access").map(|(_, r)| r);
            let rows =
                rows.filter(|r| integer(r, "model_id") == number && flag(r, "active") && flag(r, right.column()));
            return rows.filter_map(|r| integer(r, "group_id")).collect();
        }
        let new = self.version() >= 19;
        let names: &[&str] = match (model, right) {
            ("product.product" | "product.template" | "product.uom" | "product.packaging", Right::Read)
            | ("product.category" | "uom.uom" | "account.tax", Right::Read)
            | ("product.pricelist" | "product.pricelist.item" | "res.currency" | "res.users.apikeys", Right::Read)
            | ("res.users" | "res.groups" | "res.lang" | "res.company", Right::Read) => &["base.group_user"],
            ("ir.model" | "ir.model.fields" | "ir.model.data", Right::Read) if !new => &["base.group_user"],
            ("product.product" | "product.template" | "product.uom" | "product.packaging", _)
            | ("product.category" | "uom.uom" | "account.tax", _) => {
                if new {
                    &["product.group_product_manager"]
                } else {
                    &["base.group_system", "sales_team.group_sale_manager"]
                }
            }
            _ => &["base.group_system"],
        };
        names.iter().filter_map(|name| self.by_name(name)).collect()
    }

    /// The id of a record of a module, by its name: `base.group_system`.
    pub(super) fn by_name(&self, name: &str) -> Option<i64> {
        let (module, name) = name.split_once('.')?;
        let mut rows = self.store.rows("ir.model.data").map(|(_, r)| r);
        rows.find(|r| text(r, "module") == Some(module) && text(r, "name") == Some(name))
            .and_then(|r| integer(r, "res_id"))
    }

    /// Is the caller in that group?
    pub(super) fn has_group(&self, name: &str) -> bool {
        self.by_name(name).is_some_and(|id| self.groups().contains(&id))
    }

    /// Does the work in a savepoint.
    pub(super) fn savepoint<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, OdooFault>,
    ) -> Result<T, OdooFault> {
        let saved = self.store.clone();
        let outcome = work(self);
        if outcome.is_err() {
            *self.store = saved;
        }
        outcome
    }
}

/// Is the language installed?
pub(super) fn installed(store: &Store, lang: &str) -> bool {
    store.rows("res.lang").any(|(_, r)| flag(r, "active") && text(r, "code") == Some(lang))
}
