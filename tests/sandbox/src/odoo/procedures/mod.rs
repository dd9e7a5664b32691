//! The procedures of erpsync, at their interface: same question, same answer, same guarantees as the Python code that
//! setup installs. What that code asks in SQL is read here past all rights; what it does through Odoo's models goes
//! through rights and rules here as well.

mod barcodes;
mod create;
mod digest;
mod hello;
mod lease;
mod lookup;
mod prune;
mod report;
mod shift;
mod snapshot;
mod update;
mod variant;
mod writing;

use serde_json::{Value, json};

use super::env::Env;
use super::error::OdooFault;
use super::store::Record;

/// The question of a call, `erpsync` in its context.
pub(super) struct Ask<'a> {
    question: Value,
    version: u32,
    code: &'a str,
}

impl<'a> Ask<'a> {
    pub(super) fn new(context: &Record, version: u32, code: &'a str) -> Self {
        Self { question: context.get("erpsync").cloned().unwrap_or(Value::Null), version, code }
    }

    /// A part of the question; one that is missing is a `KeyError`, as in Python.
    fn get(&self, key: &str) -> Result<&Value, OdooFault> {
        self.question.get(key).ok_or_else(|| OdooFault::evaluating(self.version, "KeyError", key, self.code))
    }

    fn text(&self, key: &str) -> Result<&str, OdooFault> {
        Ok(self.get(key)?.as_str().unwrap_or_default())
    }

    fn number(&self, key: &str) -> Result<i64, OdooFault> {
        Ok(self.get(key)?.as_i64().unwrap_or_default())
    }

    fn list(&self, key: &str) -> Result<&[Value], OdooFault> {
        Ok(self.get(key)?.as_array().map_or(&[], Vec::as_slice))
    }

    /// The languages in which names are kept.
    fn languages(&self) -> Result<Vec<&str>, OdooFault> {
        Ok(self.list("languages")?.iter().filter_map(Value::as_str).collect())
    }
}

/// Answers a procedure.
pub(super) fn run(env: &mut Env<'_>, name: &str, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    // The prelude: archived records count, and the base language unless a step says otherwise.
    ask.get("company")?;
    env.active_test = false;
    env.lang = None;
    env.in_procedure = true;
    match name {
        "hello" => hello::run(env, ask),
        "digest" => digest::run(env, ask),
        "lease" => lease::run(env, ask),
        "snapshot" => snapshot::run(env, ask),
        "lookup" => lookup::run(env, ask),
        "create" => create::run(env, ask),
        "update" => update::run(env, ask),
        "move" => shift::run(env, ask),
        "report" => report::run(env, ask),
        "barcodes" => barcodes::run(env, ask),
        "prune" => prune::run(env, ask),
        other => Err(OdooFault::value_error(format!("the stand-in has no procedure {other:?}"))),
    }
}

/// A text of a row of the question; `None` for null.
fn text_of<'a>(row: &'a Value, key: &str) -> Option<&'a str> {
    row[key].as_str()
}

/// A text for a record: null and empty text are none, as `x or False` makes them.
fn or_false(value: Option<&str>) -> Value {
    value.filter(|t| !t.is_empty()).map_or(Value::Bool(false), |t| json!(t))
}
