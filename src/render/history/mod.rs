//! The history of the catalogue as text for people, JSON for programs, CSV for spreadsheets: either changes, oldest first,
//! or who had one barcode from when to when.
//!
//! Changes come in parts and are written as they come: [`HistoryWriter::begin`], [`HistoryWriter::changes`] as often as
//! needed, [`HistoryWriter::end`]. Moments are shown in the zone that the caller gives, always with the offset.
//!
//! Reading order: here what all formats share, then `text`, `json`, `csv`, each with its own contract.

mod csv;
mod json;
mod text;

use std::borrow::Cow;
use std::io::{self, Write};

use chrono::{DateTime, FixedOffset};

use crate::catalog::history::cause_words;
use crate::catalog::{Change, Moment, RunRecord, Tenant, Tenure};

use super::Style;

/// How to print a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryFormat {
    /// For people.
    Text,
    /// One document.
    Json,
    /// For spreadsheets.
    Csv,
}

/// From a moment to the reader's clock.
pub type Zone<'z> = &'z (dyn Fn(Moment) -> DateTime<FixedOffset> + Send + Sync);

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Not before.
    pub since: Option<Moment>,
    /// Before, that moment excluded.
    pub until: Option<Moment>,
    /// Nothing was asked for, so the last days are shown: how many.
    pub recent_days: Option<u32>,
    /// The newest so many.
    pub limit: Option<usize>,
    /// One run's.
    pub run: Option<RunRecord>,
}

/// Writes a history in one of the formats.
pub struct HistoryWriter<'z> {
    format: HistoryFormat,
    style: Style,
    zone: Zone<'z>,
    asked: Asked,
    count: usize,
    /// Whose change was written last: the next one of the same product and moment needs no heading.
    last: Option<(Moment, Tenant)>,
}

impl<'z> HistoryWriter<'z> {
    /// Writes nothing yet.
    #[must_use]
    pub fn new(format: HistoryFormat, style: Style, zone: Zone<'z>, asked: Asked) -> Self {
        Self { format, style, zone, asked, count: 0, last: None }
    }

    /// Writes what stands before the first change.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            HistoryFormat::Text => text::begin(self, out),
            HistoryFormat::Json => json::begin(self, out),
            HistoryFormat::Csv => csv::begin(out),
        }
    }

    /// Writes the next changes.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn changes(&mut self, changes: &[Change], out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            HistoryFormat::Text => text::changes(self, changes, out)?,
            HistoryFormat::Json => json::changes(self, changes, out)?,
            HistoryFormat::Csv => csv::changes(self, changes, out)?,
        }
        self.count += changes.len();
        Ok(())
    }

    /// Writes what stands after the last change.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn end(self, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            HistoryFormat::Text => text::end(&self, out),
            HistoryFormat::Json => json::end(&self, out),
            HistoryFormat::Csv => Ok(()),
        }
    }

    /// Writes, instead of changes, who had a barcode; `tenures` are those to show, `now` who has it now.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn tenures(self, barcode: &str, tenures: &[Tenure], now: &[Tenant], out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            HistoryFormat::Text => text::tenures(&self, barcode, tenures, now, out),
            HistoryFormat::Json => json::tenures(&self, barcode, tenures, out),
            HistoryFormat::Csv => csv::tenures(&self, tenures, out),
        }
    }

    /// For programs: `2026-11-22T14:03:11+03:00`.
    fn rfc3339(&self, moment: Moment) -> String {
        rfc3339(self.zone, moment)
    }

    /// For people: `2026-11-22 14:03:11 +03:00`.
    fn clock(&self, moment: Moment) -> String {
        clock(self.zone, moment)
    }
}

/// For programs.
pub(super) fn rfc3339(zone: Zone<'_>, moment: Moment) -> String {
    zone(moment).to_rfc3339()
}

/// For people.
pub(super) fn clock(zone: Zone<'_>, moment: Moment) -> String {
    zone(moment).format("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// ` since …, until …`, both as people mean them: the end included.
pub(super) fn period(zone: Zone<'_>, asked: &Asked) -> String {
    if let Some(days) = asked.recent_days {
        return format!(" in the last {days} days (--since shows more)");
    }
    let since = asked.since.map(|m| format!(" since {}", clock(zone, m)));
    let until = asked.until.map(|m| format!(" until {}", clock(zone, Moment(m.0 - 1))));
    since.into_iter().chain(until).collect()
}

/// A cause in words; one that this version does not know as it is recorded.
fn cause_words_or_code(code: &str) -> Cow<'_, str> {
    cause_words(code).map_or(Cow::Borrowed(code), Cow::Borrowed)
}

/// A product as a person calls it: `polonez 1001`.
fn tenant(tenant: &Tenant) -> String {
    let Tenant { source, external_id, linked } = tenant;
    let parts = [source.as_str(), external_id.as_str(), if *linked { "" } else { "(without a link)" }];
    let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    parts.join(" ")
}

fn tenant_of(change: &Change) -> Tenant {
    let Change { source, external_id, linked, .. } = change;
    Tenant { source: source.clone(), external_id: external_id.clone(), linked: *linked }
}

#[cfg(test)]
mod tests;
