//! What a run did, for a person, as lines, and in one line for the log. (As JSON: see `json`.)
//!
//! Tells what was done, what was refused and what nobody did. Decides nothing: the exit status is made elsewhere.

use std::io::{self, Write};

use crate::apply::report::{Interrupt, NotDone, Report};
use crate::catalog::SourceName;

use super::items::Symbol;
use super::lines::Line;
use super::text::Page;
use super::{Style, grouped, plural};

/// Columns before a message.
const INDENT: usize = 6;

/// Writes a report: what was not done, one by one, then a last line that counts:
/// `Done: 3 created, 1 adopted, 5 changed, 4 barcodes moved; 1 refused; 2 deferred open (1 new, 0 settled).`
///
/// # Errors
/// When `out` cannot be written.
pub fn report_text(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { style, out };
    let Report { refused, overtaken, duplicates, .. } = report;
    let mut something = section(
        &mut page,
        "Refused by Odoo; the others went through, and these wait in the list of deferred actions:",
        refused,
        false,
    )?;
    something |= section(
        &mut page,
        "Edited in Odoo while the run was working, so not overwritten; the next run looks again:",
        overtaken,
        something,
    )?;
    if !duplicates.is_empty() {
        page.gap(something)?;
        page.line("Two active products have one barcode; a scan finds either; take it away at one of them:")?;
        for code in duplicates {
            page.head(Symbol::Deferred, code, "")?;
            page.line("")?;
        }
        something = true;
    }
    if let Some(by) = report.interrupted {
        page.gap(something)?;
        page.line(&format!(
            "Interrupted by {}: the batch in flight was finished, what is counted is whole in Odoo, and the next run does the rest.",
            signal(by)
        ))?;
        something = true;
    }
    page.gap(something)?;
    let head = if report.interrupted.is_some() { "Interrupted" } else { "Done" };
    page.line(&format!("{head}: {}.", counts(report)))
}

fn section(page: &mut Page<'_>, heading: &str, all: &[NotDone], gap: bool) -> io::Result<bool> {
    if all.is_empty() {
        return Ok(false);
    }
    page.gap(gap)?;
    page.line(heading)?;
    for one in all {
        page.head(Symbol::Deferred, one.external_id.as_str(), &one.label)?;
        page.line("")?;
        page.paragraph(INDENT, 0, &one.message)?;
    }
    Ok(true)
}

/// A report in one line for a log, without a line break.
#[must_use]
pub fn summary_line(report: &Report) -> String {
    let head = if report.interrupted.is_some() { "interrupted" } else { "done" };
    format!("{head}: {}", counts(report))
}

fn counts(report: &Report) -> String {
    let mut done = Vec::new();
    for (n, what) in [(report.created, "created"), (report.adopted, "adopted"), (report.updated, "changed")] {
        if n > 0 {
            done.push(format!("{} {what}", grouped(n)));
        }
    }
    if report.barcodes > 0 {
        done.push(format!("{} moved", plural(report.barcodes, "barcode")));
    }
    for (n, what) in [(report.archived, "archived"), (report.reactivated, "reactivated")] {
        if n > 0 {
            done.push(format!("{} {what}", grouped(n)));
        }
    }
    if report.notes > 0 {
        done.push(format!("{} noted", plural(report.notes, "link")));
    }
    let mut parts = vec![if done.is_empty() { "nothing changed".to_owned() } else { done.join(", ") }];
    for (n, what) in [(report.refused.len(), "refused"), (report.overtaken.len(), "overtaken")] {
        if n > 0 {
            parts.push(format!("{} {what}", grouped(n)));
        }
    }
    if !report.duplicates.is_empty() {
        parts.push(format!("{} at two products", plural(report.duplicates.len(), "barcode")));
    }
    if report.archived_in_odoo > 0 {
        parts.push(format!("{} listed and archived in Odoo", plural(report.archived_in_odoo, "product")));
    }
    if report.overruled.products > 0 {
        parts.push(format!("{} overruled by another source", grouped(report.overruled.products)));
    }
    let Report { opened, closed, open, .. } = *report;
    if opened + closed + open > 0 {
        parts.push(format!("{} deferred open ({} new, {} settled)", grouped(open), grouped(opened), grouped(closed)));
    }
    parts.join("; ")
}

/// The signal's name, or the flag's.
pub(super) fn signal(by: Interrupt) -> &'static str {
    match by {
        Interrupt::Interrupted => "SIGINT",
        Interrupt::Terminated => "SIGTERM",
        Interrupt::Deadline => "--deadline",
    }
}

/// Writes what was not done as lines, in the columns of [`plan_lines`](super::plan_lines) and nothing when all went well:
/// `!` with the field `refused` or `overtaken` and the message as detail, `!` with the field `duplicate-barcode` and the
/// code as new value, `#` with the field `interrupted`.
///
/// # Errors
/// When `out` cannot be written.
pub fn report_lines(source: &SourceName, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let source = source.as_str();
    let line = || Line { symbol: Symbol::Deferred.as_str(), source, ..Line::default() };
    for (all, field, reason) in
        [(&report.refused, "refused", "refused-by-odoo"), (&report.overtaken, "overtaken", "edited-meanwhile")]
    {
        for NotDone { external_id, label, message } in all {
            Line { id: external_id.as_str(), field, reason, name: label, detail: message, ..line() }.write(out)?;
        }
    }
    for code in &report.duplicates {
        let detail = "two active products have this barcode";
        Line { field: "duplicate-barcode", new: code, reason: "second-holder", detail, ..line() }.write(out)?;
    }
    if let Some(by) = report.interrupted {
        let detail = "the batch in flight was finished; the next run does the rest";
        Line { symbol: Symbol::Refusal.as_str(), field: "interrupted", reason: signal(by), detail, ..line() }
            .write(out)?;
    }
    Ok(())
}
