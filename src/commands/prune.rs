//! `erpsync prune --keep 24m`: deletes lines of history, closed deferred actions and runs that are older.
//!
//! Takes no lease and needs none: a run at work neither reads nor writes what is pruned, so neither waits for the other. Each
//! batch is one short transaction in Odoo. What tells who has a code or a price since when stays whatever its age.

use std::collections::BTreeMap;
use std::io;

use chrono::{DateTime, Days, Months, SecondsFormat, Utc};
use serde_json::json;

use crate::apply::report::Interrupt;
use crate::catalog::Moment;
use crate::config::{Environment, Overrides};
use crate::odoo::prune::{self, Count, Kind, Note, Windows};
use crate::odoo::{Odoo, Session};
use crate::render::grouped;

use super::run::{key, this_process};
use super::show_history::local;
use super::{Console, Failure, Outcome, Signals, connect, printed, told};

/// Records of which one call deletes what may go.
const BATCH: usize = 2000;

/// How long records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// So many months.
    Months(u32),
    /// So many days.
    Days(u32),
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// How long records are kept.
    pub keep: Keep,
    /// Count, delete nothing.
    pub dry_run: bool,
    /// How to print.
    pub format: Format,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One document.
    Json,
}

/// What came of it.
struct Pruned {
    before: Moment,
    counts: BTreeMap<Kind, Count>,
    /// `None` for a dry run.
    deleted: Option<BTreeMap<Kind, usize>>,
}

/// Runs it.
///
/// # Errors
/// See [`Failure`].
pub async fn run(
    overrides: &Overrides,
    request: &Request,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let now = Utc::now();
    let before = match request.keep {
        Keep::Months(months) => now.checked_sub_months(Months::new(months)),
        Keep::Days(days) => now.checked_sub_days(Days::new(days.into())),
    };
    let before = before.ok_or_else(|| Failure::Usage("--keep is too long".to_owned()))?;
    let before = Moment(before.timestamp());
    let settings = super::settings(overrides, env)?;
    let options = connect::odoo(&settings.odoo, connect::configured_account(&settings.odoo, env)?, signals.hurry());
    let (session, counts) = signals
        .unless_interrupted(async {
            let odoo = Odoo::connect(&options).await?;
            let session = Session::open(odoo, &connect::reading_session(&settings)).await?;
            let counts = prune::count(&session, before).await?;
            Ok::<_, Failure>((session, counts))
        })
        .await?;
    let old: usize = counts.values().map(|c| c.old).sum();
    if request.dry_run {
        show(&Pruned { before, counts, deleted: None }, request.format, console).or_else(printed_failure)?;
        return Ok(Outcome { would_change: old > 0, ..Outcome::default() });
    }
    let mut deleted = BTreeMap::new();
    let ended = delete(&session, before, signals, &mut deleted).await;
    if !deleted.is_empty() {
        note(&session, before, now, &ended, &deleted).await;
    }
    let pruned = Pruned { before, counts, deleted: Some(deleted) };
    told(show(&pruned, request.format, console));
    Ok(Outcome { interrupted: ended?, ..Outcome::default() })
}

/// A dry run's answer is what was asked for.
fn printed_failure(error: io::Error) -> Result<(), Failure> {
    printed(Err(error))
}

/// Deletes batch by batch, until nothing is left or the run shall end.
async fn delete(
    session: &Session,
    before: Moment,
    signals: &Signals,
    deleted: &mut BTreeMap<Kind, usize>,
) -> Result<Option<Interrupt>, Failure> {
    let mut windows = Windows::default();
    loop {
        if let Some(why) = signals.seen() {
            return Ok(Some(why));
        }
        let Some((kind, n)) = prune::delete(session, before, &mut windows, BATCH).await? else { return Ok(None) };
        if n > 0 {
            *deleted.entry(kind).or_default() += n;
            log::debug!("{n} {} deleted", noun(kind));
        }
    }
}

/// Leaves a line among the runs; what was done is done, whether that succeeds or not.
async fn note(
    session: &Session,
    before: Moment,
    started: DateTime<Utc>,
    ended: &Result<Option<Interrupt>, Failure>,
    deleted: &BTreeMap<Kind, usize>,
) {
    let key = key("prune", &uuid::Uuid::new_v4());
    let parts: Vec<String> = deleted.iter().map(|(kind, n)| format!("{n} {}", noun(*kind))).collect();
    let summary = format!("older than {}: {} deleted", utc(before), parts.join(", "));
    let status = match ended {
        Ok(None) => "done",
        Ok(Some(_)) => "interrupted",
        Err(_) => "failed",
    };
    log::info!("run {key} {status}: {summary}; {:.1} s", (Utc::now() - started).as_seconds_f64());
    let line =
        Note { key: &key, holder: &this_process(), started: Moment(started.timestamp()), status, summary: &summary };
    if let Err(e) = prune::note(session, before, &line).await {
        log::warn!("the line about it among the runs was not written: {e}");
    }
}

fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Barcodes => "lines of barcode history",
        Kind::Prices => "lines of price history",
        Kind::Names => "lines of name history",
        Kind::Deferred => "closed deferred actions",
        Kind::Runs => "runs",
    }
}

/// A stable word, for JSON.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Barcodes => "barcode-history",
        Kind::Prices => "price-history",
        Kind::Names => "name-history",
        Kind::Deferred => "deferred",
        Kind::Runs => "runs",
    }
}

fn utc(moment: Moment) -> String {
    DateTime::from_timestamp(moment.0, 0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn show(pruned: &Pruned, format: Format, console: &mut Console<'_>) -> io::Result<()> {
    if console.quiet {
        return Ok(());
    }
    let text = match format {
        Format::Text => text(pruned),
        Format::Json => document(pruned),
    };
    console.out.write_all(text.as_bytes())
}

fn text(Pruned { before, counts, deleted }: &Pruned) -> String {
    let old: usize = counts.values().map(|c| c.old).sum();
    let mut out = format!(
        "Older than {}, and not needed to tell what is so now:\n",
        local(*before).format("%Y-%m-%d %H:%M:%S %:z")
    );
    for (kind, Count { old, all }) in counts {
        out += &format!("  {:>9} of {:>9} {}\n", grouped(*old), grouped(*all), noun(*kind));
    }
    out += &match deleted {
        _ if old == 0 => "Nothing to delete.\n".to_owned(),
        None => format!("{} would be deleted.\n", grouped(old)),
        Some(deleted) => format!("{} deleted.\n", grouped(deleted.values().sum())),
    };
    out
}

fn document(Pruned { before, counts, deleted }: &Pruned) -> String {
    let kinds = counts.iter().map(|(kind, Count { old, all })| {
        let deleted = deleted.as_ref().map(|deleted| deleted.get(kind).copied().unwrap_or_default());
        json!({"kind": word(*kind), "old": old, "all": all, "deleted": deleted})
    });
    let document =
        json!({"format": "erpsync-prune", "version": 1, "before": utc(*before), "kinds": kinds.collect::<Vec<_>>()});
    format!("{document:#}\n")
}
