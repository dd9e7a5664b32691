//! Which tables, views and rights the database has.

use std::collections::{BTreeMap, BTreeSet};

use super::sqltype::ColType;

/// A column of a table.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub name: String,
    pub col: ColType,
    /// The T-SQL text of its DEFAULT.
    pub default: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) enum RelationKind {
    Table(Vec<Column>),
    /// The T-SQL text of the view's query.
    View(String),
}

/// A table or view; tables are SQLite tables named `schema.name`, so that one snapshot covers all schemas.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub schema: String,
    pub name: String,
    pub kind: RelationKind,
    /// SELECT is refused to the login.
    pub denied: bool,
    /// What else the login was granted: INSERT, UPDATE, DELETE.
    pub granted: BTreeSet<String>,
}

impl Relation {
    /// The quoted name of the SQLite table.
    pub fn storage(&self) -> String {
        quoted(&format!("{}.{}", self.schema, self.name))
    }
}

/// All of the database.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalog {
    pub schemas: BTreeSet<String>,
    pub relations: BTreeMap<String, Relation>,
    /// `ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON` was run.
    pub snapshot_allowed: bool,
}

impl Catalog {
    pub fn new() -> Self {
        Self {
            schemas: ["dbo", "logistics"].map(str::to_owned).into(),
            relations: BTreeMap::new(),
            snapshot_allowed: false,
        }
    }

    pub fn key(schema: &str, name: &str) -> String {
        format!("{}.{}", schema.to_lowercase(), name.to_lowercase())
    }

    pub fn get(&self, schema: &str, name: &str) -> Option<&Relation> {
        self.relations.get(&Self::key(schema, name))
    }

    /// The relation behind `name`, `schema.name` or `database.schema.name`, with brackets or not.
    pub fn by_text(&self, text: &str, database: &str) -> Option<&Relation> {
        let parts: Vec<String> =
            text.split('.').map(|part| part.trim_matches(['[', ']', '"', ' ']).to_owned()).collect();
        match parts.as_slice() {
            [name] => self.get("dbo", name),
            [schema, name] => self.get(schema, name),
            [db, schema, name] if db.eq_ignore_ascii_case(database) => self.get(schema, name),
            _ => None,
        }
    }
}

/// An SQLite identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An SQLite text literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
