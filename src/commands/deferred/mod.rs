//! `erpsync deferred`: what waits in Odoo, and what a person chose about it. Nothing is carried out here: the next import
//! does that with the choices it finds when it begins.
//!
//! Needs no source, takes no lease and no lock, and heeds no pause switch: a run may be going on meanwhile.

mod settle;

use crate::catalog::deferred::choosing::Wish;
use crate::catalog::deferred::record::DeferredRecord;
use crate::catalog::{DeferredKind, ExternalId, SourceName};
use crate::config::{Environment, Overrides, Settings};
use crate::odoo::deferred::{self, Filter};
use crate::odoo::{Odoo, require_setup};
use crate::render;

use super::{Console, Failure, Outcome, Signals, connect, printed};

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One document.
    Json,
    /// A table; of a list only.
    Csv,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Those that wait, or all.
    List {
        /// Of these sources; empty for all.
        sources: Vec<SourceName>,
        /// Of these kinds; empty for all.
        kinds: Vec<DeferredKind>,
        /// Of these products; empty for all.
        external_ids: Vec<ExternalId>,
        /// In any state, not the open ones alone.
        all: bool,
        /// How to print.
        format: Format,
    },
    /// Everything about one.
    Show {
        /// Which.
        number: i64,
        /// How to print.
        format: Format,
    },
    /// A choice to note, or to take back.
    Settle(Settle),
}

/// A choice to note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settle {
    /// On which; one at least.
    pub numbers: Vec<i64>,
    /// What is chosen; `None` takes a choice back.
    pub wish: Option<Wish>,
    /// Also over another choice.
    pub replace: bool,
    /// Show, write nothing.
    pub dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// See [`Failure`]; [`Failure::Declined`] when there is no such deferred action, or the choice does not fit it.
pub async fn run(
    overrides: &Overrides,
    request: &Request,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let settings = super::settings(overrides, env)?;
    let odoo = signals.unless_interrupted(connected(&settings, env, signals)).await?;
    match request {
        Request::List { sources, kinds, external_ids, all, format } => {
            let filter = Filter {
                sources: sources.clone(),
                kinds: kinds.clone(),
                external_ids: external_ids.clone(),
                all: *all,
            };
            let records = signals.unless_interrupted(listed(&odoo, &settings, &filter)).await?;
            list(&records, *format, console)
        }
        Request::Show { number, format } => signals.unless_interrupted(show(&odoo, *number, *format, console)).await,
        Request::Settle(request) => settle::run(&odoo, request, signals, console).await,
    }
}

async fn connected(settings: &Settings, env: &dyn Environment, signals: &Signals) -> Result<Odoo, Failure> {
    let account = connect::configured_account(&settings.odoo, env)?;
    let odoo = Odoo::connect(&connect::odoo(&settings.odoo, account, signals.hurry())).await?;
    require_setup(&odoo).await.map_err(deferred::no_reader)?;
    Ok(odoo)
}

async fn listed(odoo: &Odoo, settings: &Settings, filter: &Filter) -> Result<Vec<DeferredRecord>, Failure> {
    let records = deferred::list(odoo, filter).await?;
    // "Nothing is open" must not be the answer to a misspelt name.
    for source in filter.sources.iter().filter(|s| !settings.sources.contains_key(s)) {
        if !records.iter().any(|r| r.source == source.as_str()) && !deferred::knows_source(odoo, source).await? {
            return Err(Failure::Usage(format!(
                "--source {source}: neither Odoo nor {} knows such a source",
                settings.path.display()
            )));
        }
    }
    Ok(records)
}

fn list(records: &[DeferredRecord], format: Format, console: &mut Console<'_>) -> Result<Outcome, Failure> {
    let outcome = Outcome { open: records.iter().any(DeferredRecord::is_undecided), ..Outcome::default() };
    if !console.quiet {
        printed(match format {
            Format::Text => render::deferred::list_text(records, console.style, console.out),
            Format::Json => render::deferred::json(records, None, console.out),
            Format::Csv => render::deferred::csv(records, console.out),
        })?;
    }
    Ok(outcome)
}

async fn show(odoo: &Odoo, number: i64, format: Format, console: &mut Console<'_>) -> Result<Outcome, Failure> {
    let found = found(odoo, &[number]).await?;
    let Some(record) = found.first() else { return Err(missing(&[number])) };
    let rivals = if record.choices().is_empty() { Vec::new() } else { deferred::rivals(odoo, record).await? };
    let candidates: Vec<_> = record.candidates.iter().map(|c| c.id).collect();
    let linked = deferred::links_of(odoo, &record.source, &candidates).await?;
    let detail = render::deferred::Detail { record, rivals: &rivals, linked: &linked };
    if !console.quiet {
        printed(match format {
            Format::Json => render::deferred::json(&[], Some(&detail), console.out),
            Format::Text | Format::Csv => render::deferred::show_text(&detail, console.style, console.out),
        })?;
    }
    Ok(Outcome::default())
}

/// The records with these numbers, in this order, each once.
///
/// # Errors
/// When one does not exist.
async fn found(odoo: &Odoo, numbers: &[i64]) -> Result<Vec<DeferredRecord>, Failure> {
    let mut records = deferred::find(odoo, numbers).await?;
    let lacking: Vec<i64> = numbers.iter().filter(|n| !records.iter().any(|r| r.number == **n)).copied().collect();
    if !lacking.is_empty() {
        return Err(missing(&lacking));
    }
    records.sort_by_key(|r| numbers.iter().position(|n| *n == r.number));
    Ok(records)
}

fn missing(numbers: &[i64]) -> Failure {
    let shown: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    Failure::Declined(format!(
        "Odoo has no deferred action {}; `erpsync deferred list --all` shows all there are",
        shown.join(", ")
    ))
}
