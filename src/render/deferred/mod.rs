//! Deferred actions as they stand in Odoo: a list, one with everything about it, and what was noted. Text for people here,
//! [`json`](json()) and [`csv`](csv()) for programs.
//!
//! Decides nothing: what may be chosen comes from [`DeferredRecord::choices`].

mod csv;
mod json;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::AnsiColor;

use crate::catalog::deferred::record::{DeferredRecord, DeferredState, ShownProduct};
use crate::catalog::{Choice, DeferredKind, ProductId};

use super::escape::plain;
use super::text::{INDENT, Page, VALUE};
use super::{Style, plural};

pub use csv::csv;
pub use json::json;

/// One deferred action and what belongs to it.
#[derive(Debug)]
pub struct Detail<'a> {
    /// The deferred action.
    pub record: &'a DeferredRecord,
    /// Those of the other products that wait for the same barcode.
    pub rivals: &'a [DeferredRecord],
    /// Candidates that the source has linked already: product → external id.
    pub linked: &'a BTreeMap<ProductId, String>,
}

/// How a choice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was noted.
    Noted,
    /// It would be.
    WouldBe,
    /// It stood already.
    Already,
}

/// A choice that was asked for.
#[derive(Debug)]
pub struct Noted<'a> {
    /// On what.
    pub record: &'a DeferredRecord,
    /// The choice, `None` when it was taken back.
    pub choice: Option<Choice>,
    /// The chosen product.
    pub product: Option<&'a ShownProduct>,
    /// How it stands.
    pub how: How,
}

/// A command that makes a choice, and what comes of it.
struct Way {
    choice: Choice,
    command: String,
    effect: String,
}

impl Detail<'_> {
    /// The commands, in the order of the kind's choices.
    fn ways(&self) -> Vec<Way> {
        let record = self.record;
        let mut out = Vec::new();
        let mut way = |of: &DeferredRecord, choice: Choice, word: &str, product: Option<&ShownProduct>| {
            let again = if self.replaces(of, choice, product) { " --replace" } else { "" };
            let command = match choice {
                Choice::Abandon => format!("erpsync deferred abandon {}{again}", record.number),
                _ => format!("erpsync deferred resolve {} --choose {}{again}", record.number, words::shell(word)),
            };
            out.push(Way { choice, command, effect: words::effect(of, choice, product) });
        };
        for choice in record.choices() {
            match choice {
                Choice::Link => {
                    let free = record.candidates.iter().filter(|c| !self.linked.contains_key(&c.id));
                    for product in free.clone() {
                        way(record, *choice, &format!("link={}", product.id.get()), Some(product));
                    }
                    if free.count() == 0 {
                        way(record, *choice, "link=PRODUCT", None);
                    }
                }
                _ => way(record, *choice, choice.code(), None),
            }
            if *choice == Choice::Give && record.known_kind() == Some(DeferredKind::DuplicateClaim) {
                for rival in self.rivals {
                    way(rival, *choice, &format!("give={}", rival.external_id), None);
                }
            }
        }
        out
    }

    /// Does the choice take the place of one that was made already, there or at another claimant?
    fn replaces(&self, of: &DeferredRecord, choice: Choice, product: Option<&ShownProduct>) -> bool {
        let same = |made: Choice| made == choice && of.chosen.as_ref().map(|p| p.id) == product.map(|p| p.id);
        let here = of.choice.is_some_and(|made| made != Choice::Abandon && !same(made));
        let mut others = self.rivals.iter().chain([self.record]).filter(|r| r.number != of.number);
        here || choice == Choice::Give && others.any(|r| r.choice == Some(Choice::Give))
    }
}

/// Writes a list; the last line counts.
///
/// # Errors
/// When `out` cannot be written.
pub fn list_text(records: &[DeferredRecord], style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { style, out };
    for record in records {
        head(&mut page, record)?;
        page.field("waits")?;
        page.painted(AnsiColor::Magenta.on_default(), &plain(&words::what(record)))?;
        page.line(&format!(", {}", plain(&state(record))))?;
        labelled(&mut page, "value", &record.value)?;
        if let Some(holder) = &record.holder {
            labelled(&mut page, "holder", &words::short(holder))?;
        }
        choice(&mut page, record)?;
        page.paragraph(INDENT, 0, &record.message)?;
    }
    page.gap(!records.is_empty())?;
    page.line(&counted(records))
}

fn counted(records: &[DeferredRecord]) -> String {
    let open = records.iter().filter(|r| r.state == DeferredState::Open).count();
    let undecided = records.iter().filter(|r| r.is_undecided()).count();
    let others = records.len() - open;
    let mut out = if open == 0 {
        "Nothing is open.".to_owned()
    } else {
        let choices = match undecided {
            0 => "all with a choice that the next import carries out".to_owned(),
            n => format!("{n} without a choice (`erpsync deferred show N` tells what can be chosen)"),
        };
        format!("{}: {choices}.", plural(open, "open deferred action"))
    };
    if others > 0 {
        out.push_str(&format!(" {} decided, abandoned or closed.", super::grouped(others)));
    }
    out
}

/// Writes everything about one.
///
/// # Errors
/// When `out` cannot be written.
pub fn show_text(detail: &Detail<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let record = detail.record;
    let mut page = Page { style, out };
    head(&mut page, record)?;
    page.field("waits")?;
    page.painted(AnsiColor::Magenta.on_default(), &plain(&words::what(record)))?;
    page.line("")?;
    labelled(&mut page, "value", &record.value)?;
    labelled(&mut page, "state", &state(record))?;
    choice(&mut page, record)?;
    let products = [("product", &record.product), ("holder", &record.holder), ("chosen", &record.chosen)];
    for (label, product) in products.into_iter().filter_map(|(l, p)| Some((l, p.as_ref()?))) {
        labelled(&mut page, label, &words::long(product))?;
    }
    for candidate in &record.candidates {
        let linked = detail.linked.get(&candidate.id).map(|id| format!(", linked to {id} already"));
        labelled(&mut page, "one of", &format!("{}{}", words::long(candidate), linked.unwrap_or_default()))?;
    }
    for rival in detail.rivals {
        let choice = rival.choice.map(|c| format!(", choice {}", words::made(c, rival.chosen.as_ref())));
        let also = format!("{} waits for it too: deferred action {}", words::whose(rival), rival.number);
        labelled(&mut page, "also", &format!("{also}{}", choice.unwrap_or_default()))?;
    }
    page.paragraph(INDENT, 0, &record.message)?;
    let ways = detail.ways();
    if !ways.is_empty() {
        page.line("")?;
        page.line("Possible choices, and what the next import does with them:")?;
    }
    for way in &ways {
        page.line(&format!("  {}", plain(&way.command)))?;
        page.paragraph(INDENT, 0, &way.effect)?;
    }
    if record.choice.is_some() && !ways.is_empty() {
        page.line(&format!("  erpsync deferred reset {}", record.number))?;
        page.paragraph(INDENT, 0, "the choice is taken back")?;
    }
    page.line("")?;
    page.line("History:")?;
    let by = |what: &str, name: &str| if name.is_empty() { String::new() } else { format!(" by {what}{name}") };
    event(&mut page, "opened", &record.opened, &by("run ", &record.opened_by))?;
    event(&mut page, "changed", &record.changed, &by("", &record.changed_by))?;
    event(&mut page, "closed", &record.closed, &by("run ", &record.closed_by))?;
    labelled(&mut page, "outcome", &record.outcome)
}

fn head(page: &mut Page<'_>, record: &DeferredRecord) -> io::Result<()> {
    page.strong(&record.number.to_string())?;
    let name = if record.name.is_empty() { String::new() } else { format!("  {}", plain(&record.name)) };
    page.line(&format!("  {} {}{name}", plain(&record.source), plain(&record.external_id)))
}

/// A line with a value, unless that is empty; wrapped.
fn labelled(page: &mut Page<'_>, label: &str, value: &str) -> io::Result<()> {
    if value.is_empty() {
        return Ok(());
    }
    page.field(label)?;
    page.paragraph(VALUE, VALUE, value)
}

fn choice(page: &mut Page<'_>, record: &DeferredRecord) -> io::Result<()> {
    match record.choice {
        Some(choice) => labelled(page, "choice", &words::made(choice, record.chosen.as_ref())),
        None => Ok(()),
    }
}

fn event(page: &mut Page<'_>, label: &str, when: &str, by: &str) -> io::Result<()> {
    if when.is_empty() { Ok(()) } else { labelled(page, label, &format!("{when} UTC{by}")) }
}

/// `open since 2026-11-03 10:07:00 UTC`
fn state(record: &DeferredRecord) -> String {
    let (word, time) = match record.state {
        DeferredState::Closed => ("on", &record.closed),
        DeferredState::Open | DeferredState::Decided | DeferredState::Abandoned => ("since", &record.opened),
    };
    let code = record.state.code();
    match (time.is_empty(), record.state) {
        (true, _) => code.to_owned(),
        (false, DeferredState::Open | DeferredState::Closed) => format!("{code} {word} {time} UTC"),
        (false, DeferredState::Decided | DeferredState::Abandoned) => format!("{code}, opened {time} UTC"),
    }
}

/// Writes what was noted, or would be, and what the next import does with it.
///
/// # Errors
/// When `out` cannot be written.
pub fn noted_text(noted: &Noted<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let Noted { record, choice, product, how } = noted;
    let mut page = Page { style, out };
    let before = record.choice.map(|c| words::made(c, record.chosen.as_ref()));
    let what = match (choice, how) {
        (Some(choice), How::Noted) => format!("chosen: {}", words::made(*choice, *product)),
        (Some(choice), How::WouldBe) => format!("would be chosen: {}", words::made(*choice, *product)),
        (Some(choice), How::Already) => format!("already chosen: {}", words::made(*choice, *product)),
        (None, How::Noted) => {
            format!("taken back: {}", before.clone().unwrap_or_else(|| record.state.code().to_owned()))
        }
        (None, How::WouldBe) => {
            format!("would be taken back: {}", before.clone().unwrap_or_else(|| record.state.code().to_owned()))
        }
        (None, How::Already) => "has no choice to take back".to_owned(),
    };
    let instead = before.filter(|_| choice.is_some() && *how != How::Already && record.choice != *choice);
    let instead = instead.map(|made| format!(" instead of {made}")).unwrap_or_default();
    page.strong(&record.number.to_string())?;
    let line = format!("  {} {}, {}: {what}{instead}", record.source, words::whose(record), words::what(record));
    page.line(&plain(&line))?;
    match choice {
        // Odoo is in step with it, or the next import brings it so: the same words fit both.
        Some(choice) => {
            let effect = words::effect(record, *choice, *product);
            page.paragraph(INDENT, 0, &format!("At the next import {effect}."))
        }
        None => page.paragraph(INDENT, 0, "At the next import it waits for a choice, if it still has to wait."),
    }
}

#[cfg(test)]
mod tests;
