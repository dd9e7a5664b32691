//! A plan for a person: product by product, field by field, with the reason.
//!
//! Nothing stands to the right of a name in a column of its own: names have wide and combining characters. What data may
//! not do to a terminal: see `escape`. Nothing is said by colour alone.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};

use crate::catalog::BadRow;
use crate::plan::{Activity, ArchivedInOdoo, Counts, Plan};

use super::escape::{code, plain, quoted};
use super::items::{Field, FieldKind, Item, Origin, Origins, Symbol, Why, items};
use super::{Options, Style, grouped, plural};

/// Columns before a field's name.
pub(super) const INDENT: usize = 6;
/// Columns before a field's value.
pub(super) const VALUE: usize = INDENT + 9;
/// So many archived products are named, as they stay the same from run to run.
const ARCHIVED: usize = 20;
/// Texts narrower than this are not wrapped: there is nothing to be gained.
const NARROWEST: usize = 40;

/// Writes a plan; the last line counts ([`plan_summary_line`]).
///
/// A product starts with what happens to it: `+` created, `&` adopted, `~` changed, `-` only a barcode taken away, or archived,
/// `!` waits, `?` missing in the source (kept), `=` only a note on its link (with [`Options::verbose`]). After the
/// products: bad rows (`x`), then what the guards refuse (`#`).
///
/// # Errors
/// When `out` cannot be written.
pub fn plan_text(plan: &Plan, style: Style, options: Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { style, out };
    let origins = Origins::new(plan);
    let most = options.max_items.unwrap_or(usize::MAX);
    let (mut shown, mut left_out) = (0, 0);
    for item in
        items(plan).filter(|item| options.verbose || item.symbol() != Symbol::Note || !item.not_written.is_empty())
    {
        if shown < most {
            shown += 1;
            page.item(&item, &origins, plan, options)?;
        } else {
            left_out += 1;
        }
    }
    page.more(left_out, "product")?;
    let mut something = shown + left_out > 0;
    if !plan.bad_rows.is_empty() {
        page.gap(something)?;
        page.bad_rows(&plan.bad_rows, most)?;
        something = true;
    }
    if !plan.archived_in_odoo.is_empty() {
        page.gap(something)?;
        page.archived(&plan.archived_in_odoo, most)?;
        something = true;
    }
    if !plan.refusals.is_empty() {
        page.gap(something)?;
        page.line("Refused, so nothing is changed:")?;
        for refusal in &plan.refusals {
            page.symbol(Symbol::Refusal)?;
            page.strong(&refusal.guard)?;
            page.line("")?;
            page.paragraph(INDENT, 0, &refusal.message)?;
        }
        something = true;
    }
    page.gap(something)?;
    page.line(&plan_summary_line(plan))
}

/// A plan in one line, without a line break: `Plan: 3 to create, 5 to change (2 names, 4 barcodes), 1,984 unchanged.`
#[must_use]
pub fn plan_summary_line(plan: &Plan) -> String {
    let counts = plan.counts();
    let mut parts = to_write(&counts);
    let idle = parts.is_empty();
    for (n, what) in [
        (counts.deferred, "deferred"),
        (counts.settled, "settled by hand"),
        (counts.missing, "missing"),
        (counts.bad_rows, if counts.bad_rows == 1 { "bad row" } else { "bad rows" }),
        (counts.archived_in_odoo, "archived in Odoo"),
        (plan.untouched, "left alone"),
        (counts.overruled.products, "overruled by another source"),
    ] {
        if n > 0 {
            parts.push(format!("{} {what}", grouped(n)));
        }
    }
    let scope = plan.scope.as_ref().map_or_else(String::new, |ids| format!(" ({} only)", plural(ids.len(), "product")));
    if !plan.refusals.is_empty() {
        let said = if parts.is_empty() { "nothing was compared".to_owned() } else { parts.join(", ") };
        return format!("Plan{scope}, refused: {said}.");
    }
    if idle && parts.is_empty() {
        return format!("Nothing to do{scope}: {} in step.", plural(counts.unchanged, "product"));
    }
    parts.push(format!("{} unchanged", grouped(counts.unchanged)));
    let head = if idle { "Nothing to do" } else { "Plan" };
    format!("{head}{scope}: {}.", parts.join(", "))
}

/// The parts of the last line that stand for writes.
fn to_write(counts: &Counts) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = |n, what: &str| {
        if n > 0 {
            parts.push(format!("{} {what}", grouped(n)));
        }
    };
    part(counts.create, "to create");
    part(counts.adopt, "to adopt");
    part(counts.update, "to change");
    part(counts.archive, "to archive");
    part(counts.reactivate, "to reactivate");
    let fields = [
        (counts.names, "name"),
        (counts.prices, "price"),
        (counts.barcodes, "barcode"),
        (counts.extras, "further barcode"),
    ];
    let fields: Vec<String> = fields.into_iter().filter(|(n, _)| *n > 0).map(|(n, noun)| plural(n, noun)).collect();
    // The fields are those of all existing products together, so they stand after them.
    if let Some(last) = parts.last_mut().filter(|_| !fields.is_empty()) {
        last.push_str(&format!(" ({})", fields.join(", ")));
    }
    if counts.notes > 0 {
        parts.push(format!("{} to note on links", grouped(counts.notes)));
    }
    parts
}

/// Something to write on: the pieces that texts are made of. Escaping is the caller's part, except for
/// [`Page::paragraph`] and [`Page::head`], which take raw text.
pub(super) struct Page<'w> {
    pub style: Style,
    pub out: &'w mut dyn Write,
}

impl Page<'_> {
    /// An empty line, if there is something before it.
    pub fn gap(&mut self, wanted: bool) -> io::Result<()> {
        if wanted { self.line("") } else { Ok(()) }
    }

    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    pub fn painted(&mut self, ansi: Ansi, text: &str) -> io::Result<()> {
        if self.style.color { write!(self.out, "{ansi}{text}{ansi:#}") } else { write!(self.out, "{text}") }
    }

    pub fn symbol(&mut self, symbol: Symbol) -> io::Result<()> {
        let ansi = match symbol {
            Symbol::Create => AnsiColor::Green.on_default(),
            Symbol::Adopt => AnsiColor::Cyan.on_default(),
            Symbol::Update => AnsiColor::Yellow.on_default(),
            Symbol::Release | Symbol::Archive => AnsiColor::Red.on_default(),
            Symbol::Deferred => AnsiColor::Magenta.on_default(),
            Symbol::Note | Symbol::Missing => Ansi::new().dimmed(),
            Symbol::BadRow | Symbol::Refusal => AnsiColor::Red.on_default().bold(),
        };
        self.painted(ansi, symbol.as_str())?;
        write!(self.out, " ")
    }

    pub fn strong(&mut self, text: &str) -> io::Result<()> {
        self.painted(Ansi::new().bold(), text)
    }

    pub fn aside(&mut self, text: &str) -> io::Result<()> {
        write!(self.out, "  ")?;
        self.painted(Ansi::new().dimmed(), &format!("({text})"))
    }

    /// A product's first line, without its end.
    pub fn head(&mut self, symbol: Symbol, id: &str, label: &str) -> io::Result<()> {
        self.symbol(symbol)?;
        self.strong(&plain(id))?;
        if label.is_empty() { Ok(()) } else { write!(self.out, "  {}", plain(label)) }
    }

    /// A message, wrapped between words; its own lines stay lines. `used` columns of the first one are written already.
    pub fn paragraph(&mut self, indent: usize, used: usize, message: &str) -> io::Result<()> {
        let mut used = used;
        for line in message.lines().filter(|line| !line.trim().is_empty()) {
            self.wrapped(indent, used, &plain(line))?;
            used = 0;
        }
        if used > 0 { self.line("") } else { Ok(()) }
    }

    fn wrapped(&mut self, indent: usize, used: usize, text: &str) -> io::Result<()> {
        let wraps = self.style.width >= NARROWEST;
        let mut at = used;
        for (i, word) in text.split(' ').enumerate() {
            let length = word.chars().count();
            let full = wraps && i > 0 && at + 1 + length > self.style.width;
            if full {
                writeln!(self.out)?;
            }
            if full || at == 0 {
                write!(self.out, "{:indent$}{word}", "")?;
                at = indent + length;
            } else {
                let blank = if i > 0 { " " } else { "" };
                write!(self.out, "{blank}{word}")?;
                at += blank.len() + length;
            }
        }
        self.line("")
    }

    /// What was left out of a long list.
    pub fn more(&mut self, n: usize, noun: &str) -> io::Result<()> {
        if n > 0 { self.line(&format!("… and {}", plural(n, &format!("more {noun}")))) } else { Ok(()) }
    }

    pub fn field(&mut self, name: &str) -> io::Result<()> {
        write!(self.out, "{:INDENT$}{name:width$}", "", width = VALUE - INDENT)
    }

    fn item(&mut self, item: &Item<'_>, origins: &Origins<'_>, plan: &Plan, options: Options) -> io::Result<()> {
        let symbol = item.symbol();
        self.head(symbol, item.id.as_str(), item.label())?;
        match item.update.map(|u| (u.activity, u.archived)) {
            Some((Some(Activity::Reactivate), _)) => self.aside("back in the source; reactivated")?,
            Some((None, true)) => self.aside("archived in Odoo")?,
            _ => {}
        }
        match symbol {
            Symbol::Missing => self.aside(&item.why_left().unwrap_or_default())?,
            Symbol::Archive => self.aside("missing in the source; archived")?,
            Symbol::Note if item.deferred.is_empty() && item.not_written.is_empty() => {
                self.aside("nothing changes; the link remembers what the source says")?
            }
            Symbol::Create
            | Symbol::Adopt
            | Symbol::Update
            | Symbol::Release
            | Symbol::Note
            | Symbol::Deferred
            | Symbol::BadRow
            | Symbol::Refusal => {}
        }
        self.line("")?;
        if let Some((update, rule)) = item.update.and_then(|u| Some((u, u.adopt?))) {
            self.field("link")?;
            self.line(&format!("to product {}, recognised by {}", update.product, rule.code()))?;
        }
        self.fields(item, &item.fields(origins), plan)?;
        if let Some(creation) = item.creation.filter(|c| options.verbose && !c.said_barcodes.is_empty()) {
            let listed: Vec<_> = creation.said_barcodes.iter().map(|c| code(c)).collect();
            self.field("listed")?;
            self.line(&listed.join(", "))?;
        }
        if let Some(why) = item.why_left().filter(|_| symbol != Symbol::Missing) {
            self.field("missing")?;
            self.line(&why)?;
        }
        for value in &item.not_written {
            self.field(&value.field)?;
            let shown = |text: &str| if value.field == "name" { quoted(text) } else { code(text).into_owned() };
            let (now, said) = (shown(&value.now), shown(&value.said));
            write!(self.out, "{}", if value.now.is_empty() { "none" } else { &now })?;
            self.aside(&format!("{} owns it; {said} is not written", value.owner))?;
            self.line("")?;
        }
        for deferred in item.deferred.iter().filter(|d| options.verbose || d.settled.is_none()) {
            self.field(if deferred.settled.is_some() { "settled" } else { "waits" })?;
            let kind = deferred.kind.code();
            self.painted(AnsiColor::Magenta.on_default(), kind)?;
            write!(self.out, ": ")?;
            self.paragraph(VALUE, VALUE + kind.len() + 2, &deferred.message)?;
        }
        Ok(())
    }

    fn fields(&mut self, item: &Item<'_>, fields: &[Field<'_>], plan: &Plan) -> io::Result<()> {
        // A new product's name stands in its first line.
        let fields: Vec<&Field<'_>> =
            fields.iter().filter(|f| item.creation.is_none() || f.kind != FieldKind::Name).collect();
        // Languages in which the same is written over the same make one line.
        for alike in fields.chunk_by(|a, b| a.language.is_some() && a.kind == b.kind && a.old == b.old) {
            let field = alike[0];
            self.field(field.kind.as_str())?;
            let old = field.old.as_deref();
            let new = field.new.as_deref();
            if item.creation.is_some() {
                write!(self.out, "{}", value(field.kind, new))?;
            } else {
                write!(self.out, "{} → {}", value(field.kind, old), value(field.kind, new))?;
            }
            let languages: Vec<_> = alike.iter().filter_map(|f| f.language).map(plain).collect();
            if !languages.is_empty() && plan.languages.len() > 1 {
                write!(self.out, "  [{}]", languages.join(", "))?;
            }
            let reason = (!matches!(field.why, Why::New)).then(|| field.why.text());
            let outside = field.outside.map(|(product, name)| format!("at product {product} {name:?}"));
            let origin = field.origin.map(Origin::text);
            let asides: Vec<String> = outside.into_iter().chain(reason).chain(origin).collect();
            if !asides.is_empty() {
                self.aside(&plain(&asides.join("; ")))?;
            }
            if let Some((price, said)) =
                item.creation.and_then(|c| Some((c.price?, c.said_price?))).filter(|_| field.kind == FieldKind::Price)
                && price != said
            {
                self.aside(&format!("{said} in the source, rounded as Odoo keeps prices"))?;
            }
            self.line("")?;
        }
        Ok(())
    }

    fn archived(&mut self, products: &[ArchivedInOdoo], most: usize) -> io::Result<()> {
        self.line("Archived in Odoo and listed in the source: kept in step, and nobody can sell them; reactivate them, or take them out of the source:")?;
        let most = most.min(ARCHIVED);
        for one in products.iter().take(most) {
            self.head(Symbol::Missing, one.external_id.as_str(), &one.label)?;
            self.aside(&format!("product {}{}", one.product, if one.half { ", its template" } else { "" }))?;
            self.line("")?;
        }
        self.more(products.len().saturating_sub(most), "product")
    }

    fn bad_rows(&mut self, rows: &[BadRow], most: usize) -> io::Result<()> {
        self.line("Bad rows of the source, left out or used in part; correct them there:")?;
        for row in rows.iter().take(most) {
            let id = row.id.as_ref().map_or("(no id)", |id| id.as_str());
            self.head(Symbol::BadRow, id, "")?;
            write!(self.out, "  ")?;
            self.paragraph(INDENT, 4 + id.chars().count(), &row.message)?;
        }
        self.more(rows.len().saturating_sub(most), "bad row")
    }
}

fn value(kind: FieldKind, value: Option<&str>) -> String {
    match (kind, value) {
        (_, None) => "none".to_owned(),
        (FieldKind::Name, Some(text)) => quoted(text),
        (FieldKind::Price | FieldKind::Barcode | FieldKind::Further, Some(text)) => code(text).into_owned(),
    }
}
