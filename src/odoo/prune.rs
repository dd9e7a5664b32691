//! Takes away what was recorded long ago and tells nothing about what is so now; the procedure says what stays.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::catalog::Moment;

use super::error::OdooError;
use super::procedure::Procedure;
use super::row::moment_text;
use super::session::Session;
use super::snapshot::further;

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
    let mut counts = BTreeMap::from(Kind::ALL.map(|kind| (kind, Count::default())));
    let mut windows = Windows::default();
    while let Some((kind, found)) = windows.next(session, "count", before, COUNTED).await? {
        let count = counts.entry(kind).or_default();
        count.old += found.old;
        count.all += found.all;
    }
    Ok(counts)
}

/// Deletes what may go among the next `limit` records, in one transaction, and says how many of which kind that were; `None`
/// at the end.
///
/// # Errors
/// When the call fails. What an earlier call deleted stays so.
pub async fn delete(
    session: &Session,
    before: Moment,
    windows: &mut Windows,
    limit: usize,
) -> Result<Option<(Kind, usize)>, OdooError> {
    Ok(windows.next(session, "delete", before, limit).await?.map(|(kind, found)| (kind, found.old)))
}

/// Records that are counted by one call.
const COUNTED: usize = 20_000;

/// How far one has come: kind by kind, and in each by id.
#[derive(Debug, Default)]
pub struct Windows {
    /// Kinds that are done.
    done: usize,
    after: i64,
}

impl Windows {
    async fn next(
        &mut self,
        session: &Session,
        what: &str,
        before: Moment,
        limit: usize,
    ) -> Result<Option<(Kind, Count)>, OdooError> {
        let Some(kind) = Kind::ALL.get(self.done).copied() else { return Ok(None) };
        let (before, after) = (moment_text(before), self.after);
        let question = |limit: usize| json!({"what": what, "kind": kind.model(), "before": before, "after": after, "limit": limit});
        let (answer, asked) = session.ask_some(Procedure::Prune, limit, question).await?;
        let counts = &answer["counts"];
        let found = number(&counts["old"]).zip(number(&counts["all"]));
        let (old, all) = found.ok_or_else(|| not_understood(&answer))?;
        match answer["last"].as_i64() {
            Some(last) if all >= asked => self.after = further(after, last, "prune")?,
            _ => *self = Self { done: self.done + 1, after: 0 },
        }
        Ok(Some((kind, Count { old, all })))
    }
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
