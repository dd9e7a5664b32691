//! A history for a person: a heading a product and moment, a line a change. Nothing is said by colour alone.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};

use crate::catalog::{Change, ChangedField, Handover, Tenant, Tenure, TenureEnd};

use super::super::escape::{code, plain, quoted};
use super::super::plural;
use super::{HistoryWriter, cause_words_or_code, period, tenant, tenant_of};

/// Columns before a field's name.
const INDENT: usize = 6;

pub(super) fn begin(writer: &HistoryWriter<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Some(run) = &writer.asked.run else { return Ok(()) };
    let mut parts = vec![format!("{} of {}", run.command, run.source)];
    parts.extend(run.started.map(|m| format!("started {}", writer.clock(m))));
    parts.push(run.ended.map_or_else(|| "not ended".to_owned(), |m| format!("ended {}", writer.clock(m))));
    parts.extend(Some(run.status.clone()).filter(|s| !s.is_empty()));
    let summary = if run.summary.is_empty() { String::new() } else { format!(": {}", run.summary) };
    writeln!(out, "Run {}", plain(&run.key))?;
    writeln!(out, "{:INDENT$}{}\n", "", plain(&format!("{}{summary}", parts.join(", "))))
}

pub(super) fn changes(writer: &mut HistoryWriter<'_>, changes: &[Change], out: &mut dyn Write) -> io::Result<()> {
    for change in changes {
        let whose = (change.when, tenant_of(change));
        if writer.last.as_ref() != Some(&whose) {
            head(writer, &writer.clock(change.when), &whose.1, &change.name, out)?;
            writer.last = Some(whose);
        }
        let value = |value: &Option<String>| value_text(change.field, value.as_deref());
        let language = change.language.as_deref().map_or_else(String::new, |l| format!("  [{}]", plain(l)));
        writeln!(
            out,
            "{:INDENT$}{:9}{} → {}{language}{}",
            "",
            change.field.as_str(),
            value(&change.old),
            value(&change.new),
            aside(writer, &why(&change.cause, change.run.as_deref()))
        )?;
    }
    Ok(())
}

pub(super) fn end(writer: &HistoryWriter<'_>, out: &mut dyn Write) -> io::Result<()> {
    let newest = writer.asked.limit.filter(|limit| writer.count >= *limit).map_or("", |_| ", the newest");
    if writer.count == 0 {
        return writeln!(out, "No changes{}.", period(writer.zone, &writer.asked));
    }
    writeln!(out, "\n{}{newest}{}.", plural(writer.count, "change"), period(writer.zone, &writer.asked))
}

/// The same for the intervals of a barcode.
pub(super) fn tenures(
    writer: &HistoryWriter<'_>,
    barcode: &str,
    tenures: &[Tenure],
    now: &[Tenant],
    out: &mut dyn Write,
) -> io::Result<()> {
    for tenure in tenures {
        let from = tenure.from.as_ref().map_or_else(|| "not recorded".to_owned(), |f| writer.clock(f.when));
        let until = match &tenure.until {
            TenureEnd::Now => "now".to_owned(),
            TenureEnd::Recorded(handover) => writer.clock(handover.when),
            TenureEnd::Unrecorded { latest: None } => "not recorded".to_owned(),
            TenureEnd::Unrecorded { latest: Some(latest) } => {
                format!("not recorded, {} at the latest", writer.clock(*latest))
            }
        };
        head(writer, &format!("{from} → {until}"), &tenure.tenant, &tenure.name, out)?;
        if let Some(from) = &tenure.from {
            handover(writer, "got it", "from", from, out)?;
        }
        if let TenureEnd::Recorded(until) = &tenure.until {
            handover(writer, "lost it", "to", until, out)?;
        }
    }
    if tenures.is_empty() {
        write!(out, "Nobody had barcode {}{}", code(barcode), period(writer.zone, &writer.asked))?;
    } else {
        write!(
            out,
            "\nBarcode {}: {}{}",
            code(barcode),
            plural(tenures.len(), "interval"),
            period(writer.zone, &writer.asked)
        )?;
    }
    let now: Vec<String> = now.iter().map(|t| plain(&tenant(t)).into_owned()).collect();
    if now.is_empty() { writeln!(out, "; nobody has it now.") } else { writeln!(out, "; now at {}.", now.join(", ")) }
}

fn handover(
    writer: &HistoryWriter<'_>,
    what: &str,
    word: &str,
    handover: &Handover,
    out: &mut dyn Write,
) -> io::Result<()> {
    let other = handover.other.as_ref().map_or_else(String::new, |t| format!(" {word} {}", plain(&tenant(t))));
    let why = aside(writer, &why(&handover.cause, handover.run.as_deref()));
    writeln!(out, "{:INDENT$}{what}{other}{why}", "")
}

fn head(writer: &HistoryWriter<'_>, when: &str, whose: &Tenant, name: &str, out: &mut dyn Write) -> io::Result<()> {
    let whose = painted(writer, Ansi::new().bold(), &plain(&tenant(whose)));
    let when = painted(writer, AnsiColor::Cyan.on_default(), when);
    if name.is_empty() { writeln!(out, "{when}  {whose}") } else { writeln!(out, "{when}  {whose}  {}", plain(name)) }
}

fn value_text(field: ChangedField, value: Option<&str>) -> String {
    match (field, value) {
        (_, None) => "none".to_owned(),
        (ChangedField::Name, Some(text)) => quoted(text),
        (ChangedField::Barcode | ChangedField::Price, Some(text)) => code(text).into_owned(),
    }
}

fn why(code: &str, run: Option<&str>) -> String {
    let cause = Some(plain(&cause_words_or_code(code)).into_owned()).filter(|c| !c.is_empty());
    let run = run.map(|key| format!("run {}", plain(key)));
    cause.into_iter().chain(run).collect::<Vec<_>>().join("; ")
}

fn aside(writer: &HistoryWriter<'_>, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("  {}", painted(writer, Ansi::new().dimmed(), &format!("({text})")))
}

fn painted(writer: &HistoryWriter<'_>, ansi: Ansi, text: &str) -> String {
    if writer.style.color { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() }
}
