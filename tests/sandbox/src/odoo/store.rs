//! Records in memory: tables by model, unique indexes, transactions by copying. Knows nothing of models or rights.
//!
//! A [`Store`] is cheap to clone: tables are shared until somebody writes into one. So a transaction is a clone that is
//! kept or dropped, and so is a savepoint.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::OdooFault;
use super::schema::Model;

/// The columns of a record, `id` among them; NULL is `Value::Null` or absent.
pub(super) type Record = Map<String, Value>;

/// An index of a table, unique or for finding only.
#[derive(Debug, Clone)]
pub(super) struct Index {
    /// Its name in PostgreSQL.
    pub name: String,
    /// Does it refuse a second record?
    pub unique: bool,
    /// Columns; a NULL in one keeps the record out, unless the column is coalesced to `''`.
    pub columns: Vec<(String, bool)>,
    /// Only records whose column has this value, or with `false` has another one; a NULL is in neither.
    pub filter: Option<(String, bool, String)>,
    /// Odoo's sentence for a violation, where a model declares the constraint.
    pub sentence: Option<&'static str>,
    entries: HashMap<Arc<str>, Vec<i64>>,
}

impl Index {
    pub(super) fn new(name: &str, unique: bool, columns: &[(&str, bool)]) -> Self {
        let columns = columns.iter().map(|(name, coalesce)| ((*name).to_owned(), *coalesce)).collect();
        Self { name: name.to_owned(), unique, columns, filter: None, sentence: None, entries: HashMap::new() }
    }

    fn values(&self, record: &Record) -> Option<Vec<String>> {
        if let Some((column, equal, value)) = &self.filter {
            let found = record.get(column).and_then(Value::as_str)?;
            if (found == value) != *equal {
                return None;
            }
        }
        let value = |(column, coalesce): &(String, bool)| match record.get(column) {
            None | Some(Value::Null) => coalesce.then(String::new),
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
        };
        self.columns.iter().map(value).collect()
    }

    fn key(&self, record: &Record) -> Option<Arc<str>> {
        self.values(record).map(|values| Arc::from(values.join("\u{1f}")))
    }

    fn add(&mut self, version: u32, id: i64, record: &Record) -> Result<(), OdooFault> {
        let Some(key) = self.key(record) else { return Ok(()) };
        let ids = self.entries.entry(key).or_default();
        if self.unique && ids.iter().any(|other| *other != id) {
            let columns: Vec<String> = self
                .columns
                .iter()
                .map(
                    |(c, coalesce)| if *coalesce { format!("COALESCE({c}, ''::character varying)") } else { c.clone() },
                )
                .collect();
            let values = self.values(record).unwrap_or_default().join(", ");
            return Err(OdooFault::unique(version, &self.name, &columns.join(", "), &values, self.sentence));
        }
        if !ids.contains(&id) {
            ids.push(id);
        }
        Ok(())
    }

    fn remove(&mut self, id: i64, record: &Record) {
        if let Some(key) = self.key(record)
            && let Some(ids) = self.entries.get_mut(&key)
        {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.entries.remove(&key);
            }
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Table {
    rows: BTreeMap<i64, Arc<Record>>,
    last: i64,
    indexes: Vec<Index>,
}

/// A database, or a transaction on it.
#[derive(Debug, Clone)]
pub(super) struct Store {
    /// Odoo's version.
    pub version: u32,
    /// The registry.
    pub models: BTreeMap<String, Arc<Model>>,
    /// Values that a constraint of another module refuses: column, value.
    pub refused: Arc<Vec<(&'static str, String)>>,
    /// The transaction's time, UTC, with microseconds.
    pub now: String,
    /// Who writes.
    pub uid: i64,
    tables: BTreeMap<String, Arc<Table>>,
}

impl Store {
    pub(super) fn new(version: u32, models: BTreeMap<String, Arc<Model>>, now: String) -> Self {
        let tables = models.keys().map(|name| (name.clone(), Arc::default())).collect();
        Self { version, models, refused: Arc::default(), now, uid: 1, tables }
    }

    pub(super) fn add_table(&mut self, model: &str) {
        self.tables.entry(model.to_owned()).or_default();
    }

    pub(super) fn drop_table(&mut self, model: &str) {
        self.tables.remove(model);
    }

    /// All tables, for dumps.
    pub(super) fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    pub(super) fn row(&self, model: &str, id: i64) -> Option<&Record> {
        self.tables.get(model)?.rows.get(&id).map(Arc::as_ref)
    }

    pub(super) fn rows(&self, model: &str) -> impl DoubleEndedIterator<Item = (i64, &Record)> {
        self.tables.get(model).into_iter().flat_map(|t| t.rows.iter().map(|(id, r)| (*id, r.as_ref())))
    }

    pub(super) fn count(&self, model: &str) -> usize {
        self.tables.get(model).map_or(0, |t| t.rows.len())
    }

    /// Records that an index has under these values.
    pub(super) fn find(&self, model: &str, index: &str, values: &[&str]) -> &[i64] {
        let index = self.tables.get(model).and_then(|t| t.indexes.iter().find(|i| i.name == index));
        index.and_then(|i| i.entries.get(values.join("\u{1f}").as_str())).map_or(&[], Vec::as_slice)
    }

    /// Makes an index from what is there; one that exists already is left as it is.
    pub(super) fn add_index(&mut self, model: &str, mut index: Index) -> Result<(), OdooFault> {
        let version = self.version;
        let Some(table) = self.tables.get_mut(model).map(Arc::make_mut) else {
            return Err(OdooFault::value_error(format!("relation \"{}\" does not exist", model.replace('.', "_"))));
        };
        if table.indexes.iter().any(|i| i.name == index.name) {
            return Ok(());
        }
        for (id, record) in &table.rows {
            index.add(version, *id, record)?;
        }
        table.indexes.push(index);
        Ok(())
    }

    /// Drops an index by name, if there is one.
    pub(super) fn drop_index(&mut self, name: &str) {
        for table in self.tables.values_mut().filter(|t| t.indexes.iter().any(|i| i.name == name)) {
            Arc::make_mut(table).indexes.retain(|i| i.name != name);
        }
    }

    /// Inserts a record with the next id.
    pub(super) fn insert(&mut self, model: &str, mut record: Record) -> Result<i64, OdooFault> {
        let (version, uid, now) = (self.version, self.uid, self.now.clone());
        let table = self.tables.get_mut(model).map(Arc::make_mut).expect("a known model has a table");
        table.last += 1;
        let id = table.last;
        record.insert("id".to_owned(), id.into());
        for (who, when) in [("create_uid", "create_date"), ("write_uid", "write_date")] {
            record.insert(who.to_owned(), uid.into());
            record.insert(when.to_owned(), now.clone().into());
        }
        for index in &mut table.indexes {
            index.add(version, id, &record)?;
        }
        table.rows.insert(id, Arc::new(record));
        Ok(id)
    }

    /// Changes columns of a record, and when it was written.
    pub(super) fn update(&mut self, model: &str, id: i64, mut changes: Record) -> Result<(), OdooFault> {
        changes.insert("write_uid".to_owned(), self.uid.into());
        changes.insert("write_date".to_owned(), self.now.clone().into());
        self.set(model, id, changes)
    }

    /// Changes columns of a record as SQL would: nothing else.
    pub(super) fn set(&mut self, model: &str, id: i64, changes: Record) -> Result<(), OdooFault> {
        let (version, uid) = (self.version, self.uid);
        let missing = || OdooFault::missing(model, id, uid);
        let table = self.tables.get_mut(model).map(Arc::make_mut).ok_or_else(missing)?;
        let before = table.rows.get(&id).ok_or_else(missing)?;
        let mut after = before.as_ref().clone();
        after.extend(changes);
        for index in &mut table.indexes {
            index.remove(id, before);
            index.add(version, id, &after)?;
        }
        table.rows.insert(id, Arc::new(after));
        Ok(())
    }

    pub(super) fn delete(&mut self, model: &str, id: i64) {
        if let Some(table) = self.tables.get_mut(model).map(Arc::make_mut)
            && let Some(record) = table.rows.remove(&id)
        {
            for index in &mut table.indexes {
                index.remove(id, &record);
            }
        }
    }
}

/// A text column; NULL is none.
pub(super) fn text<'a>(record: &'a Record, column: &str) -> Option<&'a str> {
    record.get(column).and_then(Value::as_str)
}

/// A column that holds an id or a whole number.
pub(super) fn integer(record: &Record, column: &str) -> Option<i64> {
    record.get(column).and_then(Value::as_i64)
}

/// A boolean column; NULL is false.
pub(super) fn flag(record: &Record, column: &str) -> bool {
    record.get(column).and_then(Value::as_bool).unwrap_or(false)
}

/// The ids of a many2many column.
pub(super) fn ids(record: &Record, column: &str) -> Vec<i64> {
    record.get(column).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_i64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(value: Value) -> Record {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn unique_indexes_know_null_coalesce_and_filters() {
        let mut store = Store::new(19, BTreeMap::new(), "2026-01-01 00:00:00.000000".to_owned());
        store.add_table("t");
        let mut index = Index::new("t_uniq", true, &[("a", false), ("b", true)]);
        index.filter = Some(("state".to_owned(), true, "open".to_owned()));
        store.add_index("t", index).unwrap();
        store.insert("t", record(json!({"a": "x", "state": "open"}))).unwrap();
        store.insert("t", record(json!({"a": "x", "state": "closed"}))).unwrap();
        store.insert("t", record(json!({"a": null, "state": "open"}))).unwrap();
        store.insert("t", record(json!({"a": null, "state": "open"}))).unwrap();
        let before = store.clone();
        let fault = store.insert("t", record(json!({"a": "x", "b": "", "state": "open"}))).unwrap_err();
        assert!(fault.words().starts_with("duplicate key value violates unique constraint \"t_uniq\" DETAIL: Key (a,"));
        store = before;
        store.set("t", 1, record(json!({"state": "closed"}))).unwrap();
        store.insert("t", record(json!({"a": "x", "b": "", "state": "open"}))).unwrap();
    }
}
