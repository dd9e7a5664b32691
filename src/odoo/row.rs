//! A record of one of our models as a plain read returns it.

use chrono::{DateTime, NaiveDateTime};
use serde_json::{Map, Value};

use crate::catalog::Moment;

use super::error::OdooError;

/// How Odoo writes a moment, in UTC.
const FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// A moment for a search or a question.
pub(super) fn moment_text(moment: Moment) -> String {
    DateTime::from_timestamp(moment.0, 0).unwrap_or_default().format(FORMAT).to_string()
}

pub(super) struct Row<'a> {
    pub cells: &'a Map<String, Value>,
    pub model: &'static str,
}

impl Row<'_> {
    pub fn id(&self) -> Result<i64, OdooError> {
        self.cells.get("id").and_then(Value::as_i64).ok_or_else(|| self.not_understood("id"))
    }

    /// Odoo's word for no text is `false`; an empty one is none either.
    pub fn text(&self, name: &str) -> Option<String> {
        self.cells.get(name).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
    }

    /// A number of things; a column that was never written has none.
    pub fn count(&self, name: &str) -> usize {
        self.cells.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or_default()
    }

    pub fn moment(&self, name: &str) -> Result<Option<Moment>, OdooError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let parsed = NaiveDateTime::parse_from_str(&text, FORMAT).map_err(|_| self.not_understood(name))?;
        Ok(Some(Moment(parsed.and_utc().timestamp())))
    }

    pub fn not_understood(&self, name: &str) -> OdooError {
        OdooError::Answer {
            call: format!("{}.search_read", self.model),
            reason: format!("column {name} of record {}", self.cells.get("id").unwrap_or(&Value::Null)),
            body: self.cells.get(name).unwrap_or(&Value::Null).to_string(),
        }
    }
}
