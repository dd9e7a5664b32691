//! Takes away what was recorded long ago and tells nothing about what is so now; the procedure says what stays.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalog::Moment;

use super::error::OdooError;
use super::procedure::Procedure;
use super::row::moment_text;
use super::session::Session;

/// What is pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Lines of the barcode history.
    Barcodes,
    /// Lines of the price history.
    Prices,
    /// Lines of the name history.
    Names,
    /// Deferred actions that are closed.
    Deferred,
    /// Runs.
    Runs,
}

impl Kind {
    /// All of them, in the order in which they go.
    pub const ALL: [Self; 5] = [Self::Barcodes, Self::Prices, Self::Names, Self::Deferred, Self::Runs];

    fn model(self) -> &'static str {
        match self {
            Self::Barcodes => "x_pz_product_barcode_history",
            Self::Prices => "x_pz_product_price_history",
            Self::Names => "x_pz_product_name_history",
            Self::Deferred => "x_pz_conflict",
            Self::Runs => "x_pz_run",
        }
    }
}

/// How many records of a kind there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// That may go.
    pub old: usize,
    /// In all.
    pub all: usize,
}

/// Counts what is older than that moment and may go. Changes nothing.
///
/// # Errors
/// When the call fails.
pub async fn count(session: &Session, before: Moment) -> Result<BTreeMap<Kind, Count>, OdooError> {
    let answer = session.ask(Procedure::Prune, json!({"what": "count", "before": moment_text(before)})).await?;
    let counts = Kind::ALL.map(|kind| {
        let pair = &answer["counts"][kind.model()];
        Some((kind, Count { old: number(&pair[0])?, all: number(&pair[1])? }))
    });
    counts.into_iter().collect::<Option<_>>().ok_or_else(|| not_understood(&answer))
}

/// Deletes up to `limit` of them, in one transaction, and says which; `None` when nothing is left.
///
/// # Errors
/// When the call fails. What an earlier call deleted stays so.
pub async fn delete(session: &Session, before: Moment, limit: usize) -> Result<Option<(Kind, usize)>, OdooError> {
    let question = json!({"what": "delete", "before": moment_text(before), "limit": limit});
    let answer = session.ask(Procedure::Prune, question).await?;
    let counts = answer["counts"].as_object().ok_or_else(|| not_understood(&answer))?;
    let Some((model, deleted)) = counts.iter().next() else { return Ok(None) };
    let kind = Kind::ALL.into_iter().find(|kind| kind.model() == model);
    kind.zip(number(deleted)).map(Some).ok_or_else(|| not_understood(&answer))
}

/// Leaves a line among the runs.
///
/// # Errors
/// When the call fails.
pub async fn note(session: &Session, before: Moment, line: &Note<'_>) -> Result<(), OdooError> {
    let Note { key, holder, started, status, summary } = line;
    let question = json!({
        "what": "end", "before": moment_text(before), "key": key, "holder": holder, "started": moment_text(*started),
        "status": status, "summary": summary,
    });
    session.ask(Procedure::Prune, question).await.map(drop)
}

/// The line of a pruning among the runs.
#[derive(Debug, Clone, Copy)]
pub struct Note<'a> {
    /// The run's id in text; a second line of the same is not made.
    pub key: &'a str,
    /// Machine and process, for people.
    pub holder: &'a str,
    /// When it began.
    pub started: Moment,
    /// A word or two.
    pub status: &'a str,
    /// What was done.
    pub summary: &'a str,
}

fn number(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|n| usize::try_from(n).ok())
}

fn not_understood(answer: &Value) -> OdooError {
    OdooError::Answer {
        call: "prune".to_owned(),
        reason: "no counts".to_owned(),
        body: answer.to_string().chars().take(200).collect(),
    }
}
