//! Reads the runs' own lines: one by its key, or what ran in a period.
//!
//! Plain reads of our own model, so that an account of the reader group is enough.

use serde_json::{Value, json};

use crate::catalog::{Moment, RunRecord, SourceName};

use super::client::{Odoo, Page};
use super::error::OdooError;
use super::history::of_sources;
use super::row::{Row, moment_text};
use super::snapshot::further;

pub(super) const RUNS: &str = "x_pz_run";

/// Lines that one call returns.
const PAGE: usize = 2000;

/// The status of a run that came to its end as planned, and of one that is at work.
const DONE: &str = "done";
const RUNNING: &str = "running";

/// A run's line and its id in Odoo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLine {
    /// The id.
    pub id: i64,
    /// What stands in it.
    pub record: RunRecord,
}

/// Which runs are wanted; everything that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Of these sources; empty for all that Odoo knows.
    pub sources: Vec<SourceName>,
    /// Begun not before.
    pub since: Option<Moment>,
    /// Begun before, that moment excluded.
    pub until: Option<Moment>,
    /// Only those that did not go through as planned.
    pub failed: bool,
}

impl Question {
    fn domain(&self) -> Vec<Value> {
        let mut domain = of_sources(&self.sources);
        if let Some(since) = self.since {
            domain.push(json!(["x_started", ">=", moment_text(since)]));
        }
        if let Some(until) = self.until {
            domain.push(json!(["x_started", "<", moment_text(until)]));
        }
        if self.failed {
            domain.push(json!(["x_status", "not in", [DONE, RUNNING]]));
        }
        domain
    }
}

async fn read(odoo: &Odoo, domain: Vec<Value>, page: Page) -> Result<Vec<RunLine>, OdooError> {
    let columns = [
        "x_key",
        "x_source",
        "x_command",
        "x_host",
        "x_started",
        "x_ended",
        "x_status",
        "x_summary",
        "x_created",
        "x_changed",
        "x_barcodes",
        "x_refused",
        "x_deferred",
    ];
    let rows = odoo.search_page(RUNS, Value::Array(domain), &columns, page).await?;
    rows.iter()
        .map(|cells| {
            let row = Row { cells, model: RUNS };
            let word = |name| row.text(name).unwrap_or_default();
            let record = RunRecord {
                key: word("x_key"),
                source: word("x_source"),
                command: word("x_command"),
                host: word("x_host"),
                started: row.moment("x_started")?,
                ended: row.moment("x_ended")?,
                status: word("x_status"),
                summary: word("x_summary"),
                created: row.count("x_created"),
                changed: row.count("x_changed"),
                barcodes: row.count("x_barcodes"),
                refused: row.count("x_refused"),
                deferred: row.count("x_deferred"),
            };
            Ok(RunLine { id: row.id()?, record })
        })
        .collect()
}

/// The runs of a period in the order in which they began, or the newest `limit` of them.
///
/// # Errors
/// When a call fails or an answer is not understood.
pub async fn list_runs(odoo: &Odoo, question: &Question, limit: Option<usize>) -> Result<Vec<RunRecord>, OdooError> {
    let (mut out, mut before) = (Vec::new(), i64::from(i32::MAX));
    loop {
        let wanted = limit.map_or(PAGE, |limit| PAGE.min(limit - out.len()));
        let mut domain = question.domain();
        domain.push(json!(["id", "<", before]));
        let page = read(odoo, domain, Page { order: "id desc", limit: wanted }).await?;
        let last = page.len() < wanted;
        for line in page {
            further(line.id, before, RUNS)?;
            before = line.id;
            out.push(line.record);
        }
        if last || limit.is_some_and(|limit| out.len() >= limit) {
            out.reverse();
            return Ok(out);
        }
    }
}

/// Runs whose key is this text, else those whose key begins or ends with it: at most `limit`, oldest first.
///
/// # Errors
/// When a call fails or an answer is not understood.
pub async fn find_runs(odoo: &Odoo, key: &str, limit: usize) -> Result<Vec<RunLine>, OdooError> {
    let page = Page { order: "id", limit };
    let exact = read(odoo, vec![json!(["x_key", "=", key])], page).await?;
    if !exact.is_empty() {
        return Ok(exact);
    }
    let literal = key.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let (begins, ends) = (format!("{literal}%"), format!("%{literal}"));
    read(odoo, vec![json!("|"), json!(["x_key", "=like", begins]), json!(["x_key", "=like", ends])], page).await
}
