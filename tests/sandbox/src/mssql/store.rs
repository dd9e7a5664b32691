//! The database behind the stand-in: one SQLite file in WAL mode, so that readers keep their snapshot while the
//! administrator writes, and one snapshot covers all schemas (attached databases would each have their own).

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use rusqlite::Connection;
use rusqlite::types::Value;

use super::catalog::{Catalog, RelationKind, quoted};
use super::convert::{Mode, convert};
use super::error::SqlError;
use super::functions;
use super::sqltype::{Len, SqlType};

/// A value for `MssqlServer::insert_rows`; it is converted to the column's type as an INSERT would.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    /// NULL.
    Null,
    /// An integer, for any numeric column.
    Int(i64),
    /// A float; not for money, which takes text.
    Float(f64),
    /// Text: also decimals, dates and identifiers.
    Text(String),
    /// Binary; in a `char`/`varchar` column the bytes as they are, valid in the code page or not.
    Bytes(Vec<u8>),
}

impl From<i64> for SqlValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for SqlValue {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for SqlValue {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for SqlValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for SqlValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for SqlValue {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl<T: Into<SqlValue>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

pub(super) struct Store {
    directory: tempfile::TempDir,
    catalog: RwLock<Catalog>,
    admin: Mutex<Connection>,
}

impl Store {
    pub fn create() -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let admin = open(&directory).map_err(io::Error::other)?;
        admin.pragma_update(None, "journal_mode", "WAL").map_err(io::Error::other)?;
        Ok(Self { directory, catalog: RwLock::new(Catalog::new()), admin: Mutex::new(admin) })
    }

    /// A connection for a session; it can only read.
    pub fn session(&self) -> Result<Connection, SqlError> {
        let connection = open(&self.directory)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    pub fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn change_catalog<T>(&self, change: impl FnOnce(&mut Catalog) -> T) -> T {
        change(&mut self.catalog.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn admin(&self) -> MutexGuard<'_, Connection> {
        self.admin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Inserts rows in one transaction; a row has a value per column, in the table's order.
    pub fn insert_rows<R>(
        &self,
        table: &str,
        rows: impl IntoIterator<Item = R>,
        database: &str,
    ) -> Result<u64, SqlError>
    where
        R: IntoIterator<Item = SqlValue>,
    {
        let catalog = self.catalog();
        let relation = catalog.by_text(table, database).ok_or_else(|| SqlError::invalid_object(table))?;
        let RelationKind::Table(columns) = &relation.kind else {
            return Err(SqlError::unsupported("inserting into a view"));
        };
        let mut admin = self.admin();
        let transaction = admin.transaction()?;
        let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let mut count = 0;
        {
            let mut insert = transaction.prepare(&format!(
                "INSERT INTO {} ({}) VALUES ({marks})",
                relation.storage(),
                names.join(", ")
            ))?;
            for row in rows {
                let mut values = Vec::with_capacity(columns.len());
                for value in row {
                    let Some(column) = columns.get(values.len()) else {
                        return Err(SqlError::unsupported("a row with too many values"));
                    };
                    values.push(stored(value, column.col)?);
                }
                if values.len() != columns.len() {
                    return Err(SqlError::unsupported("a row with too few values"));
                }
                insert.execute(rusqlite::params_from_iter(values))?;
                count += 1;
            }
        }
        transaction.commit()?;
        Ok(count)
    }
}

fn stored(value: SqlValue, col: super::sqltype::ColType) -> Result<Value, SqlError> {
    let (value, from) = match value {
        SqlValue::Null => return Ok(Value::Null),
        SqlValue::Int(number) => (Value::Integer(number), SqlType::BigInt),
        SqlValue::Float(number) => (Value::Real(number), SqlType::Float),
        SqlValue::Text(text) => (Value::Text(text), SqlType::NVarChar(Len::Max)),
        SqlValue::Bytes(bytes) => match col.ty {
            SqlType::Char(_) | SqlType::VarChar(_) => return Ok(Value::Blob(bytes)),
            _ => (Value::Blob(bytes), SqlType::VarBinary(Len::Max)),
        },
    };
    convert(value, from, col.ty, col.collation, Mode::Assign)
}

fn open(directory: &tempfile::TempDir) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(directory.path().join("store.db"))?;
    // Nothing here outlives the process.
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    functions::register(&connection)?;
    Ok(connection)
}
