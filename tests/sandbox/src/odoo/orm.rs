//! Records through models: values converted, commands of x2many fields carried out, rights checked, references kept.
//!
//! Products have rules of their own, in `products` and `packagings`; the registry of models made over the API is in `registry`.

use serde_json::{Map, Value, json};

use super::env::{Env, Right};
use super::error::OdooFault;
use super::schema::{Field, Kind, groups_field, members_field};
use super::store::{Record, flag, ids, integer, text};

impl Env<'_> {
    /// A field of a model; a variant has its template's too.
    pub(super) fn field(&self, model: &str, name: &str) -> Option<&Field> {
        let own = self.store.models.get(model)?.fields.get(name);
        let inherited = || self.store.models.get("product.template")?.fields.get(name);
        if model == "product.product" { own.or_else(inherited) } else { own }
    }

    fn known(&self, model: &str, name: &str) -> Result<Field, OdooFault> {
        self.field(model, name).cloned().ok_or_else(|| {
            OdooFault::value_error(if self.version() >= 19 {
                format!("Invalid field '{name}' in '{model}'")
            } else {
                format!("Invalid field '{name}' on model '{model}'")
            })
        })
    }

    /// Creates a record, with the caller's rights.
    pub(super) fn create(&mut self, model: &str, values: &Record) -> Result<i64, OdooFault> {
        self.check(model, Right::Create)?;
        match model {
            "product.product" => self.create_variant(values),
            "product.template" => self.create_template(values).map(|(template, _)| template),
            "product.packaging" | "product.uom" => self.create_packaging(values),
            _ => self.create_plain(model, values),
        }
    }

    /// Creates a record of a model that has no rules of its own.
    pub(super) fn create_plain(&mut self, model: &str, values: &Record) -> Result<i64, OdooFault> {
        let mut record = Record::new();
        let mut children = Vec::new();
        for (name, value) in values {
            match self.known(model, name)?.kind {
                Kind::One2many(target, inverse) => children.push((target, inverse, value.clone())),
                kind => {
                    let stored = self.convert(&kind, &Value::Null, value)?;
                    record.insert(name.clone(), stored);
                }
            }
        }
        if self.field(model, "active").is_some() {
            record.entry("active").or_insert(Value::Bool(true));
        }
        self.before_insert(model, &mut record)?;
        let required = self.store.models[model].fields.iter().filter(|(_, f)| f.required);
        for (name, field) in required {
            // The other half of a one2many is filled in below.
            if record.get(name).is_none_or(Value::is_null) {
                let label = &self.store.models[model].label;
                return Err(OdooFault::required(self.version(), model, label, name, &field.label));
            }
        }
        let id = self.store.insert(model, record)?;
        for (target, inverse, commands) in children {
            self.children(target, inverse, id, &commands)?;
        }
        self.after_change(model)?;
        Ok(id)
    }

    /// `(0, 0, values)` on a one2many field.
    fn children(&mut self, target: &str, inverse: &str, parent: i64, commands: &Value) -> Result<(), OdooFault> {
        for command in commands.as_array().into_iter().flatten() {
            let (Some(0), Some(values)) = (command[0].as_i64(), command[2].as_object()) else {
                return Err(OdooFault::value_error(format!("the stand-in takes no command {command} here")));
            };
            let mut values = values.clone();
            values.insert(inverse.to_owned(), parent.into());
            self.create(target, &values)?;
        }
        Ok(())
    }

    /// Writes on records, with the caller's rights.
    pub(super) fn write(&mut self, model: &str, ids: &[i64], values: &Record) -> Result<(), OdooFault> {
        self.check(model, Right::Write)?;
        for id in ids {
            match model {
                "product.product" => self.write_variant(*id, values)?,
                "product.template" => self.write_template(*id, values)?,
                "product.packaging" | "product.uom" => self.write_packaging(*id, values)?,
                _ => self.write_plain(model, *id, values)?,
            }
        }
        Ok(())
    }

    pub(super) fn write_plain(&mut self, model: &str, id: i64, values: &Record) -> Result<(), OdooFault> {
        let before = self.exists(model, id)?;
        let mut changes = Record::new();
        for (name, value) in values {
            let kind = self.known(model, name)?.kind;
            if let Kind::One2many(target, inverse) = kind {
                self.children(target, inverse, id, value)?;
                continue;
            }
            changes.insert(name.clone(), self.convert(&kind, before.get(name).unwrap_or(&Value::Null), value)?);
        }
        self.store.update(model, id, changes)?;
        self.after_change(model)
    }

    /// The record, or Odoo's error.
    pub(super) fn exists(&self, model: &str, id: i64) -> Result<Record, OdooFault> {
        self.store.row(model, id).cloned().ok_or_else(|| OdooFault::missing(model, id, self.store.uid))
    }

    /// Deletes records, with the caller's rights, and what hangs on them.
    pub(super) fn unlink(&mut self, model: &str, ids: &[i64]) -> Result<(), OdooFault> {
        self.check(model, Right::Unlink)?;
        for id in ids {
            self.exists(model, *id)?;
        }
        for id in ids {
            self.delete(model, *id)?;
        }
        self.after_change(model)
    }

    fn delete(&mut self, model: &str, id: i64) -> Result<(), OdooFault> {
        let Some(record) = self.store.row(model, id).cloned() else { return Ok(()) };
        self.store.delete(model, id);
        let named: Vec<i64> = self
            .store
            .rows("ir.model.data")
            .filter(|(_, r)| text(r, "model") == Some(model) && integer(r, "res_id") == Some(id))
            .map(|(id, _)| id)
            .collect();
        for name in named {
            self.store.delete("ir.model.data", name);
        }
        let mut cascade = Vec::new();
        let mut mend: Vec<(String, i64, String, Value)> = Vec::new();
        for (other, definition) in &self.store.models {
            for (name, field) in &definition.fields {
                match &field.kind {
                    Kind::Many2one(target, with_target) if target == model => {
                        for (row, _) in self.store.rows(other).filter(|(_, r)| integer(r, name) == Some(id)) {
                            if *with_target {
                                cascade.push((other.clone(), row));
                            } else {
                                mend.push((other.clone(), row, name.clone(), Value::Null));
                            }
                        }
                    }
                    Kind::Many2many(target) if target == model => {
                        for (row, r) in self.store.rows(other).filter(|(_, r)| ids(r, name).contains(&id)) {
                            let rest: Vec<i64> = ids(r, name).into_iter().filter(|i| *i != id).collect();
                            mend.push((other.clone(), row, name.clone(), json!(rest)));
                        }
                    }
                    _ => {}
                }
            }
        }
        for (other, row, name, value) in mend {
            self.store.set(&other, row, Map::from_iter([(name, value)]))?;
        }
        for (other, row) in cascade {
            self.delete(&other, row)?;
        }
        self.after_delete(model, &record);
        Ok(())
    }

    /// A value as it is stored.
    fn convert(&self, kind: &Kind, before: &Value, value: &Value) -> Result<Value, OdooFault> {
        let none = value.is_null() || *value == Value::Bool(false);
        Ok(match kind {
            Kind::Text(_) | Kind::Datetime if none => Value::Null,
            Kind::Text(_) | Kind::Datetime => match value {
                Value::String(text) if text.contains('\0') => {
                    return Err(OdooFault::value_error("A string literal cannot contain NUL (0x00) characters."));
                }
                Value::String(_) => value.clone(),
                other => json!(super::error::python(other)),
            },
            Kind::Integer => json!(value.as_i64().unwrap_or(0)),
            Kind::Float => json!(value.as_f64().unwrap_or(0.0)),
            Kind::Boolean => json!(!none && *value != json!(0)),
            Kind::Many2one(..) if none => Value::Null,
            Kind::Many2one(target, _) => {
                let id = value.as_i64().filter(|id| self.store.row(target, *id).is_some());
                json!(id.ok_or_else(|| OdooFault::validation(format!(
                    "insert or update on a table violates a foreign key constraint\nDETAIL:  Key ({value}) is not present in table \"{}\".\n",
                    target.replace('.', "_")
                )))?)
            }
            Kind::Many2many(_) => json!(commands(before, value)?),
            Kind::One2many(..) => Value::Null,
        })
    }

    /// A stored value, for conditions; a variant's own or its template's.
    pub(super) fn stored(&self, model: &str, record: &Record, name: &str) -> Value {
        match self.field(model, name).map(|f| &f.kind) {
            Some(Kind::One2many(target, inverse)) => {
                let parent = integer(record, "id");
                json!(
                    self.store
                        .rows(target)
                        .filter(|(_, r)| integer(r, inverse) == parent)
                        .map(|(id, _)| id)
                        .collect::<Vec<_>>()
                )
            }
            Some(Kind::Boolean) => json!(self.raw(model, record, name).as_bool().unwrap_or(false)),
            _ => self.raw(model, record, name),
        }
    }

    fn raw(&self, model: &str, record: &Record, name: &str) -> Value {
        if name == "password" {
            return Value::Null;
        }
        if name == "display_name" {
            return json!(self.display_name(model, record));
        }
        if model == "res.groups" && name == members_field(self.version()) {
            let (group, of_user) = (integer(record, "id").unwrap_or_default(), groups_field(self.version()));
            let members = self.store.rows("res.users").filter(|(_, r)| ids(r, of_user).contains(&group));
            return json!(members.map(|(id, _)| id).collect::<Vec<_>>());
        }
        let own = model != "product.product" || self.store.models[model].fields.contains_key(name);
        if own && !(model == "product.template" && name == "name") {
            return record.get(name).cloned().unwrap_or(Value::Null);
        }
        let template = if own {
            Some(record)
        } else {
            integer(record, "product_tmpl_id").and_then(|t| self.store.row("product.template", t))
        };
        match template {
            Some(template) if name == "name" => json!(super::products::name(template, self.lang.as_deref())),
            Some(template) => template.get(name).cloned().unwrap_or(Value::Null),
            None => Value::Null,
        }
    }

    /// A value as `read` gives it.
    pub(super) fn read(&self, model: &str, record: &Record, name: &str) -> Value {
        let Some(field) = self.field(model, name) else { return Value::Bool(false) };
        let value = self.stored(model, record, name);
        match (&field.kind, value) {
            (Kind::Integer, Value::Null) => json!(0),
            (Kind::Float, Value::Null) => json!(0.0),
            (Kind::Many2many(_), Value::Null) => json!([]),
            (_, Value::Null) => Value::Bool(false),
            (Kind::Datetime, Value::String(text)) => json!(text.get(..19).unwrap_or(&text)),
            (Kind::Many2one(target, _), Value::Number(id)) => {
                let found = id.as_i64().and_then(|id| self.store.row(target, id));
                found.map_or(Value::Bool(false), |r| json!([id, self.display_name(target, r)]))
            }
            (_, value) => value,
        }
    }

    /// What people see of a record.
    pub(super) fn display_name(&self, model: &str, record: &Record) -> String {
        match model {
            "product.product" => {
                let name = self.raw(model, record, "name");
                let name = name.as_str().unwrap_or_default();
                text(record, "default_code").map_or_else(|| name.to_owned(), |code| format!("[{code}] {name}"))
            }
            "product.template" => super::products::name(record, self.lang.as_deref()).unwrap_or_default().to_owned(),
            _ => {
                let name = text(record, "name").or_else(|| text(record, "x_name"));
                name.map_or_else(|| format!("{model},{}", integer(record, "id").unwrap_or(0)), str::to_owned)
            }
        }
    }

    /// Is the record active? Models without the field have only active records.
    pub(super) fn is_active(record: &Record) -> bool {
        record.get("active").is_none() || flag(record, "active")
    }
}

/// What commands make of a many2many value.
fn commands(before: &Value, commands: &Value) -> Result<Vec<i64>, OdooFault> {
    let mut out: Vec<i64> = before.as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    for command in commands.as_array().into_iter().flatten() {
        let wrong = || OdooFault::value_error(format!("Wrong value for a many2many field: {command}"));
        match command[0].as_i64() {
            Some(3) => out.retain(|id| command[1] != *id),
            Some(4) => {
                let id = command[1].as_i64().ok_or_else(wrong)?;
                if !out.contains(&id) {
                    out.push(id);
                }
            }
            Some(5) => out.clear(),
            Some(6) => {
                let ids = command[2].as_array().ok_or_else(wrong)?;
                out = ids.iter().map(|id| id.as_i64().ok_or_else(wrong)).collect::<Result<_, _>>()?;
            }
            _ => return Err(wrong()),
        }
    }
    out.sort_unstable();
    Ok(out)
}
