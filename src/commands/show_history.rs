//! `erpsync show-history`: when a barcode, price or name changed, from what to what, by which run and why; or who had a
//! barcode from when to when.
//!
//! Only reads, from Odoo alone, as any account of the reader group: no lease, no lock, no source. Changes are printed as
//! they come, a page after the other, so that memory does not grow with the history.
//!
//! Statuses: a product without changes in the period is an answer (0); a product, barcode, run or source of which Odoo has
//! no trace at all is most likely misspelt, and ends with 1.

use std::io::{self, Write};

use chrono::{DateTime, FixedOffset, Local};

use crate::catalog::{Barcode, Change, ChangedField, ExternalId, Moment, SourceName, Tenant, TenureEnd, history};
use crate::config::{Environment, Overrides};
use crate::odoo::Odoo;
use crate::odoo::history::{Question, Reader, holders, knows_product, knows_source};
use crate::odoo::runs::{RunLine, find_runs};
use crate::render::{Asked, HistoryFormat, HistoryWriter};

use super::{Console, Failure, Outcome, Signals, connect};

/// What is asked for; everything that is given must hold.
#[derive(Debug, Clone)]
pub struct Request {
    /// One product's changes.
    pub product: Option<ExternalId>,
    /// Who had this barcode, in the place of changes.
    pub barcode: Option<Barcode>,
    /// Only these sources; empty for all that Odoo knows, also those that are no longer configured.
    pub sources: Vec<SourceName>,
    /// One run's changes: its key, or how it begins or ends.
    pub run: Option<String>,
    /// Which fields.
    pub fields: Vec<ChangedField>,
    /// Not before.
    pub since: Option<Moment>,
    /// Before, that moment excluded.
    pub until: Option<Moment>,
    /// `since` was chosen because nothing was asked for: so many days ago.
    pub recent_days: Option<u32>,
    /// Only the newest so many.
    pub limit: Option<usize>,
    /// How to print.
    pub format: HistoryFormat,
}

/// Runs whose keys a message about an ambiguous one lists.
const RUNS_LISTED: usize = 10;

/// Answers one question.
///
/// # Errors
/// See [`Failure`]; [`Failure::NotFound`] when Odoo has no trace of what was asked for.
pub async fn run(
    overrides: &Overrides,
    request: &Request,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let odoo = connect::reader(overrides, env, signals).await?;
    let mut nowhere = io::sink();
    let out: &mut (dyn Write + Send) = if console.quiet { &mut nowhere } else { console.out };
    let run = match &request.run {
        None => None,
        Some(key) => Some(signals.unless_interrupted(the_run(&odoo, key)).await?),
    };
    let asked = Asked {
        since: request.since,
        until: request.until,
        recent_days: request.recent_days,
        limit: request.limit,
        run: run.as_ref().map(|run| run.record.clone()),
    };
    let show = Show { odoo: &odoo, request, run, signals };
    let writer = HistoryWriter::new(request.format, console.style, &local, asked);
    match &request.barcode {
        None => show.changes(writer, out).await?,
        Some(barcode) => show.barcode(barcode, writer, out).await?,
    }
    out.flush().map_err(Failure::Output)?;
    Ok(Outcome::default())
}

/// The user's clock; `TZ` is honoured.
pub(super) fn local(moment: Moment) -> DateTime<FixedOffset> {
    DateTime::from_timestamp(moment.0, 0).unwrap_or_default().with_timezone(&Local).fixed_offset()
}

struct Show<'a> {
    odoo: &'a Odoo,
    request: &'a Request,
    run: Option<RunLine>,
    signals: &'a Signals,
}

impl Show<'_> {
    async fn changes(&self, mut writer: HistoryWriter<'_>, out: &mut (dyn Write + Send)) -> Result<(), Failure> {
        let question = Question {
            fields: self.request.fields.clone(),
            sources: self.request.sources.clone(),
            external_id: self.request.product.clone(),
            run: self.run.as_ref().map(|run| run.id),
            since: self.request.since,
            until: self.request.until,
            codes: Vec::new(),
        };
        let mut reader = Some(Reader::new(self.odoo, &question));
        let mut begun = false;
        while let Some(mut more) = reader.take() {
            let part = match self.request.limit {
                Some(limit) => self.signals.unless_interrupted(more.newest(limit)).await?,
                None => {
                    let part = self.signals.unless_interrupted(more.next()).await?;
                    reader = (!part.is_empty()).then_some(more);
                    part
                }
            };
            if !begun {
                if part.is_empty() {
                    self.require_traces().await?;
                }
                writer.begin(out).map_err(Failure::Output)?;
                begun = true;
            }
            writer.changes(&part, out).map_err(Failure::Output)?;
        }
        writer.end(out).map_err(Failure::Output)
    }

    /// All lines of the code are needed, whatever the period: an interval may have begun long before.
    async fn barcode(
        &self,
        barcode: &Barcode,
        writer: HistoryWriter<'_>,
        out: &mut (dyn Write + Send),
    ) -> Result<(), Failure> {
        let codes = barcode.spellings();
        let question = Question { fields: vec![ChangedField::Barcode], codes: codes.clone(), ..Question::default() };
        let mut reader = Reader::new(self.odoo, &question);
        let mut lines: Vec<Change> = Vec::new();
        loop {
            let part = self.signals.unless_interrupted(reader.next()).await?;
            if part.is_empty() {
                break;
            }
            lines.extend(part);
        }
        let now = self.signals.unless_interrupted(holders(self.odoo, &codes)).await?;
        let mut tenures = history::tenures(&barcode.key(), &lines, &now);
        if tenures.is_empty() {
            return Err(Failure::NotFound(format!(
                "Odoo has no trace of barcode {barcode}: no run gave it to a product or took it away"
            )));
        }
        let Request { product, sources, since, until, limit, .. } = self.request;
        let now: Vec<Tenant> = tenures.iter().filter(|t| t.until == TenureEnd::Now).map(|t| t.tenant.clone()).collect();
        tenures.retain(|t| {
            product.as_ref().is_none_or(|id| t.tenant.external_id == id.as_str())
                && (sources.is_empty() || sources.iter().any(|s| s.as_str() == t.tenant.source))
                && self.run.as_ref().is_none_or(|run| t.is_by(&run.record.key))
                && t.touches(*since, *until)
        });
        let left_out = limit.map_or(0, |limit| tenures.len().saturating_sub(limit));
        tenures.drain(..left_out);
        if tenures.is_empty() {
            self.require_traces().await?;
        }
        writer.tenures(barcode.as_str(), &tenures, &now, out).map_err(Failure::Output)
    }

    /// An empty answer is one only when product and sources are not misspelt.
    async fn require_traces(&self) -> Result<(), Failure> {
        let Request { product, sources, .. } = self.request;
        require_sources(self.odoo, sources, self.signals).await?;
        let Some(id) = product else { return Ok(()) };
        if self.signals.unless_interrupted(knows_product(self.odoo, sources, id)).await? {
            return Ok(());
        }
        let of: Vec<&str> = sources.iter().map(SourceName::as_str).collect();
        let of = if of.is_empty() { String::new() } else { format!(" of {}", of.join(", ")) };
        Err(Failure::NotFound(format!(
            "Odoo has no trace of product {id}{of}: neither a link nor a change (--product takes the product's id in the source)"
        )))
    }
}

/// An empty answer is one only when the sources are not misspelt.
///
/// # Errors
/// [`Failure::NotFound`] for one that Odoo knows nothing of.
pub(super) async fn require_sources(odoo: &Odoo, sources: &[SourceName], signals: &Signals) -> Result<(), Failure> {
    for source in sources {
        if !signals.unless_interrupted(knows_source(odoo, source)).await? {
            return Err(Failure::NotFound(format!(
                "Odoo has no trace of source {source}: no run of it, and no product (--source takes the NAME of [sources.NAME])"
            )));
        }
    }
    Ok(())
}

/// The one run that is meant.
///
/// # Errors
/// When there is none, or several.
pub(super) async fn the_run(odoo: &Odoo, key: &str) -> Result<RunLine, Failure> {
    let mut found = find_runs(odoo, key, RUNS_LISTED + 1).await?;
    match found.len() {
        0 => Err(Failure::NotFound(format!("Odoo has no run whose key is, begins or ends with {key:?}"))),
        1 => Ok(found.remove(0)),
        n => {
            let keys: Vec<&str> = found.iter().take(RUNS_LISTED).map(|run| run.record.key.as_str()).collect();
            let more = if n > RUNS_LISTED { " and more" } else { "" };
            Err(Failure::Usage(format!(
                "--run {key:?} fits several runs: {}{more}; give more of the key",
                keys.join(", ")
            )))
        }
    }
}
