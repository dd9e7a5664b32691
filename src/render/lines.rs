//! A plan as lines for `grep`, `cut` and `awk`: one line for each change, nine columns separated by tabs, no heading, no
//! colour, no counts.
//!
//! | column | what |
//! | --- | --- |
//! | 1 symbol | `+` a field of a new product, `&` the link or a field of an adopted one, `~` a field that changes, `-` a barcode taken away without another in its place, or a product archived, `!` waits, `?` missing in the source (kept), or archived in Odoo while the source lists it, `=` only the link remembers something (verbose only), or another source owns the field, `x` bad row, `#` refused by a guard |
//! | 2 source | its name in `sync.toml` |
//! | 3 external id | empty where there is none |
//! | 4 field | `name:LANGUAGE`, `name` (all languages), `price`, `barcode`, `barcode:#17` (of Odoo product 17, outside the source), `further` (a code on a packaging or unit), `active`, `link`, `product`, `archived-in-odoo`; for `!` the deferred action's kind, for `x` the bad row's kind, for `#` the guard |
//! | 5 old | what Odoo has; empty for none |
//! | 6 new | what is written; empty for none; for an `overruled` one, what the source says and nobody writes. For `link` the Odoo product, for `!` what it is about: a barcode or a field |
//! | 7 reason | a stable word |
//! | 8 name | the product's name |
//! | 9 detail | the reason in words, a message, where a barcode comes from; not stable |
//!
//! Tabs and line breaks in values are written `\t`, `\n`, `\r`, a backslash `\\`, other characters that a terminal must
//! not get `\u{1b}`. Columns are only ever added at the end. Order: by product, then what Odoo has archived, then bad rows, then refusals.

use std::io::{self, Write};

use crate::plan::{Activity, Plan, Settled};

use super::Options;
use super::escape::column;
use super::items::{Field, FieldKind, Item, Origins, Symbol, items};

/// One line; empty columns where there is nothing to say.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    pub symbol: &'a str,
    pub source: &'a str,
    pub id: &'a str,
    pub field: &'a str,
    pub old: &'a str,
    pub new: &'a str,
    pub reason: &'a str,
    pub name: &'a str,
    pub detail: &'a str,
}

impl Line<'_> {
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { symbol, source, id, field, old, new, reason, name, detail } = self;
        let columns = [symbol, source, id, field, old, new, reason, name, detail];
        for (i, text) in columns.into_iter().enumerate() {
            write!(out, "{}{}", if i == 0 { "" } else { "\t" }, column(text))?;
        }
        writeln!(out)
    }
}

/// Writes a plan as lines with tabs between nine columns, nothing for an empty plan. [`Options::max_items`] is for texts;
/// here it does nothing.
///
/// Columns: symbol, source, external id, field, old, new, reason, name, detail. Symbols as in
/// [`plan_text`](super::plan_text), except that each line has its own: `-` wherever a barcode is taken away, `!` wherever
/// something waits, `x` for a bad row, `#` for a guard that refuses (its name is the field). Tab, line break and
/// backslash in values are `\t`, `\n`, `\r`, `\\`, other control characters `\u{1b}`.
///
/// # Errors
/// When `out` cannot be written.
pub fn plan_lines(plan: &Plan, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let source = plan.source.as_str();
    let origins = Origins::new(plan);
    for item in items(plan) {
        write_item(&item, source, &origins, options, out)?;
    }
    for one in &plan.archived_in_odoo {
        Line {
            symbol: Symbol::Missing.as_str(),
            source,
            id: one.external_id.as_str(),
            field: "archived-in-odoo",
            new: &one.product.to_string(),
            reason: if one.half { "template-archived" } else { "archived" },
            name: &one.label,
            detail: "the source lists it; kept in step",
            ..Line::default()
        }
        .write(out)?;
    }
    for row in &plan.bad_rows {
        Line {
            symbol: Symbol::BadRow.as_str(),
            source,
            id: row.id.as_ref().map_or("", |id| id.as_str()),
            field: row.kind.code(),
            reason: "bad-row",
            detail: &row.message,
            ..Line::default()
        }
        .write(out)?;
    }
    for refusal in &plan.refusals {
        Line {
            symbol: Symbol::Refusal.as_str(),
            source,
            field: &refusal.guard,
            reason: "refused",
            detail: &refusal.message,
            ..Line::default()
        }
        .write(out)?;
    }
    Ok(())
}

fn write_item(
    item: &Item<'_>,
    source: &str,
    origins: &Origins<'_>,
    options: Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let base = || Line { source, id: item.id.as_str(), name: item.label(), ..Line::default() };
    if let Some((update, rule)) = item.update.and_then(|u| Some((u, u.adopt?))) {
        Line {
            symbol: Symbol::Adopt.as_str(),
            field: "link",
            new: &update.product.to_string(),
            reason: "adopted",
            detail: &format!("recognised by {}", rule.code()),
            ..base()
        }
        .write(out)?;
    }
    for field in item.fields(origins) {
        let reason = field.why.text();
        Line {
            symbol: symbol(item, &field).as_str(),
            field: &match (field.language, field.outside) {
                (Some(language), _) => format!("{}:{language}", field.kind.as_str()),
                (None, Some((product, _))) => format!("{}:{product}", field.kind.as_str()),
                (None, None) => field.kind.as_str().to_owned(),
            },
            old: field.old.as_deref().unwrap_or_default(),
            new: field.new.as_deref().unwrap_or_default(),
            reason: field.why.code(),
            detail: &field.origin.map_or_else(|| reason.clone(), |origin| format!("{reason}; {}", origin.text())),
            ..base()
        }
        .write(out)?;
    }
    for deferred in &item.deferred {
        Line {
            symbol: Symbol::Deferred.as_str(),
            field: deferred.kind.code(),
            new: &deferred.subject,
            reason: match deferred.settled {
                None => "deferred",
                Some(Settled::Decided) => "decided",
                Some(Settled::Abandoned) => "abandoned",
            },
            detail: &deferred.message,
            ..base()
        }
        .write(out)?;
    }
    if let Some(activity) = item.update.and_then(|u| u.activity) {
        let (symbol, old, new, reason, detail) = match activity {
            Activity::Archive => (Symbol::Archive, "active", "archived", "missing-in-source", "missing in the source"),
            Activity::Reactivate => (Symbol::Update, "archived", "active", "back-in-source", "back in the source"),
        };
        Line { symbol: symbol.as_str(), field: "active", old, new, reason, detail, ..base() }.write(out)?;
    }
    if let Some(why) = item.why_left() {
        Line { symbol: Symbol::Missing.as_str(), field: "product", reason: "missing", detail: &why, ..base() }
            .write(out)?;
    }
    for value in &item.not_written {
        Line {
            symbol: Symbol::Note.as_str(),
            field: &value.field,
            old: &value.now,
            new: &value.said,
            reason: "overruled",
            detail: &format!("source {} owns the {}; it is not written", value.owner, value.field),
            ..base()
        }
        .write(out)?;
    }
    if options.verbose && item.update.is_some_and(crate::plan::Update::is_note) {
        Line {
            symbol: Symbol::Note.as_str(),
            field: "link",
            reason: "note",
            detail: "the link remembers what the source says",
            ..base()
        }
        .write(out)?;
    }
    Ok(())
}

fn symbol(item: &Item<'_>, field: &Field<'_>) -> Symbol {
    match item.symbol() {
        Symbol::Create => Symbol::Create,
        _ if matches!(field.kind, FieldKind::Barcode | FieldKind::Further) && field.new.is_none() => Symbol::Release,
        Symbol::Adopt => Symbol::Adopt,
        Symbol::Update
        | Symbol::Release
        | Symbol::Archive
        | Symbol::Deferred
        | Symbol::Note
        | Symbol::Missing
        | Symbol::BadRow
        | Symbol::Refusal => Symbol::Update,
    }
}
