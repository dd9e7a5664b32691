//! Models made over the API: `ir.model` and `ir.model.fields` records become models that can be used at once.

use std::sync::Arc;

use serde_json::{Value, json};

use super::env::Env;
use super::error::OdooFault;
use super::schema::{Kind, Model, field};
use super::store::{Index, Record, integer, text};

impl Env<'_> {
    /// What Odoo fills in or refuses before a record of the registry is made.
    pub(super) fn before_insert(&mut self, model: &str, record: &mut Record) -> Result<(), OdooFault> {
        let manual = |name: Option<&str>| name.is_some_and(|n| n.starts_with("x_"));
        match model {
            "ir.model" => {
                record.entry("state").or_insert(json!("manual"));
                let name = text(record, "model");
                if !manual(name) {
                    return Err(OdooFault::validation("The model name must start with 'x_'."));
                }
                if self.store.rows("ir.model").any(|(_, r)| text(r, "model") == name) {
                    return Err(OdooFault::validation("Each model must be unique!"));
                }
            }
            "ir.model.fields" => {
                record.entry("state").or_insert(json!("manual"));
                let owner = integer(record, "model_id").and_then(|id| self.store.row("ir.model", id)).cloned();
                let owner = owner.as_ref().and_then(|r| text(r, "model")).unwrap_or_default().to_owned();
                if !manual(text(record, "name")) {
                    return Err(OdooFault::validation("Custom fields must have a name that starts with 'x_' !"));
                }
                if let Some(target) = text(record, "relation")
                    && !self.store.models.contains_key(target)
                    && target != owner
                {
                    return Err(OdooFault::user(format!("Model {target} does not exist!")));
                }
                record.insert("model".to_owned(), json!(owner));
            }
            "res.groups" => {
                let name = record.get("name").cloned().unwrap_or(Value::Null);
                record.entry("full_name").or_insert(name);
            }
            "res.users" => {
                record.entry("lang").or_insert(json!("en_US"));
                record.entry("company_id").or_insert(json!(1));
                record.entry("company_ids").or_insert(json!([1]));
            }
            _ => {}
        }
        Ok(())
    }

    /// Brings the registry in step with its records.
    pub(super) fn after_change(&mut self, model: &str) -> Result<(), OdooFault> {
        if !["ir.model", "ir.model.fields"].contains(&model) {
            return Ok(());
        }
        let mut fresh: Vec<(String, Model)> = Vec::new();
        for (id, record) in self.store.rows("ir.model").filter(|(_, r)| text(r, "state") == Some("manual")) {
            let name = text(record, "model").unwrap_or_default().to_owned();
            let mut made = Model::new(text(record, "name").unwrap_or_default(), true);
            for (_, row) in self.store.rows("ir.model.fields").filter(|(_, r)| integer(r, "model_id") == Some(id)) {
                let kind = kind(row)?;
                let label = text(row, "field_description").unwrap_or_default();
                made.fields.insert(text(row, "name").unwrap_or_default().to_owned(), field(label, kind));
            }
            fresh.push((name, made));
        }
        self.store.models.retain(|_, m| !m.manual);
        for (name, made) in fresh {
            self.store.add_table(&name);
            self.store.models.insert(name, Arc::new(made));
        }
        Ok(())
    }

    /// A model's table goes with it.
    pub(super) fn after_delete(&mut self, model: &str, record: &Record) {
        if model == "ir.model"
            && let Some(name) = text(record, "model")
        {
            self.store.models.remove(name);
            self.store.drop_table(name);
        }
    }

    /// Carries out the SQL by which setup makes its indexes; any other SQL is refused.
    pub(super) fn create_indexes(&mut self, code: &str) -> Result<(), OdooFault> {
        for line in code.lines() {
            let refused = || OdooFault::value_error(format!("the stand-in cannot run this code: {line}"));
            let sql = line.strip_prefix("env.cr.execute(").and_then(|l| l.strip_suffix(')')).ok_or_else(refused)?;
            let sql: String = serde_json::from_str(sql).map_err(|_| refused())?;
            if let Some(name) = sql.strip_prefix("DROP INDEX IF EXISTS ") {
                self.store.drop_index(name);
                continue;
            }
            // It makes queries faster, and keeps nothing unique.
            // Digests are computed here when they are asked for.
            // No database here is of an earlier release.
            let passed = ["CREATE INDEX IF NOT EXISTS ", "DO ", "UPDATE x_pz_setup SET x_sources = "];
            if passed.iter().any(|start| sql.starts_with(start)) {
                continue;
            }
            let (model, index) = self.parse_index(&sql).ok_or_else(refused)?;
            self.store.add_index(&model, index)?;
        }
        Ok(())
    }

    fn parse_index(&self, sql: &str) -> Option<(String, Index)> {
        let rest = sql.strip_prefix("CREATE UNIQUE INDEX IF NOT EXISTS ")?;
        let (name, rest) = rest.split_once(" ON ")?;
        let (table, rest) = rest.split_once(" (")?;
        let (columns, filter) = match rest.split_once(") WHERE ") {
            Some((columns, filter)) => (columns, Some(filter)),
            None => (rest.strip_suffix(')')?, None),
        };
        // The comma inside coalesce(…, '') is no separator.
        let columns = columns.replace(", '')", "");
        let columns: Vec<(&str, bool)> =
            columns.split(", ").map(|c| c.strip_prefix("coalesce(").map_or((c, false), |c| (c, true))).collect();
        let model = self.store.models.get(table)?;
        if columns.iter().any(|(column, _)| !model.fields.contains_key(*column)) {
            return None;
        }
        let mut index = Index::new(name, true, &columns);
        if let Some(filter) = filter {
            let (column, equal, value) = match filter.split_once(" != '") {
                Some((column, value)) => (column, false, value),
                None => filter.split_once(" = '").map(|(column, value)| (column, true, value))?,
            };
            index.filter = Some((column.to_owned(), equal, value.strip_suffix('\'')?.to_owned()));
        }
        Some((table.to_owned(), index))
    }
}

fn kind(row: &Record) -> Result<Kind, OdooFault> {
    Ok(match text(row, "ttype").unwrap_or_default() {
        "char" => Kind::Text("char"),
        "text" => Kind::Text("text"),
        "selection" => Kind::Text("selection"),
        "integer" => Kind::Integer,
        "float" => Kind::Float,
        "boolean" => Kind::Boolean,
        "datetime" => Kind::Datetime,
        "many2one" => Kind::Many2one(
            text(row, "relation").unwrap_or_default().to_owned(),
            text(row, "on_delete") == Some("cascade"),
        ),
        other => return Err(OdooFault::value_error(format!("the stand-in makes no fields of type {other}"))),
    })
}
