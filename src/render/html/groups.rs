//! The plan by reason: a table for each, with a product a row.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::catalog::history::cause_words;
use crate::catalog::{MatchRule, ProductId};
use crate::plan::{Activity, Plan};

use super::super::items::{Field, FieldKind, Item, Origin, Origins, Why, items};
use super::super::{grouped, plural};
use super::section::fold;
use super::{GROUP, ROWS, cell};

/// Reasons in the order of the page; others come after them.
const ORDER: [&str; 12] = [
    "new",
    "new-without-price",
    "source-changed",
    "both-changed",
    "drift",
    "claimed-by-another",
    "no-longer-listed",
    "adopted",
    BACK,
    "missing-in-source",
    "chosen",
    "reverted",
];

/// Of a product that is reactivated.
const BACK: &str = "back-in-source";

#[derive(Default)]
struct Group {
    rows: Vec<Markup>,
    products: usize,
}

pub(super) fn groups(plan: &Plan) -> Markup {
    let origins = Origins::new(plan);
    let mut groups: BTreeMap<(usize, &'static str), Group> = BTreeMap::new();
    let mut listed = 0;
    for item in items(plan).filter(Item::is_change) {
        for (reason, lines) in by_reason(&item, &origins) {
            let place = ORDER.iter().position(|known| *known == reason).unwrap_or(ORDER.len());
            let group = groups.entry((place, reason)).or_default();
            group.products += 1;
            if group.rows.len() < GROUP && listed < ROWS {
                listed += 1;
                group.rows.push(row(&item, &lines, plan));
            }
        }
    }
    if groups.is_empty() {
        return html! {};
    }
    html! {
        h3 { "The plan, by reason" }
        @for ((_, reason), Group { rows, products }) in &groups {
            (fold(&title(reason), &plural(*products, "product"), rows.len(), products - rows.len(), html! {
                thead { tr { th { "Product" } th { "Name" } th { "What changes" } } }
                tbody { @for row in rows { (row) } }
            }))
        }
        @let notes = plan.counts().notes;
        @if notes > 0 {
            p.dim { (grouped(notes)) " links only remember something new: nothing changes in Odoo's products." }
        }
    }
}

fn title(reason: &'static str) -> String {
    let words = match reason {
        "new" => "new products",
        "new-without-price" => "new products without a price, not for sale",
        BACK => "back in the source, reactivated",
        other => cause_words(other).unwrap_or(other),
    };
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// One thing that is done with a product.
enum Line<'a> {
    /// It is linked, as this rule recognised it.
    Link(ProductId, MatchRule),
    /// It becomes active, or is archived.
    Active(bool),
    /// A value is written.
    Field(Field<'a>),
}

/// What is done with a product, by reason. Nothing is formatted yet: most of a large plan is not listed.
fn by_reason<'a>(item: &Item<'a>, origins: &Origins<'a>) -> BTreeMap<&'static str, Vec<Line<'a>>> {
    let mut out: BTreeMap<&'static str, Vec<Line<'a>>> = BTreeMap::new();
    if let Some(update) = item.update {
        if let Some(rule) = update.adopt {
            out.entry("adopted").or_default().push(Line::Link(update.product, rule));
        }
        match update.activity {
            Some(Activity::Archive) => out.entry("missing-in-source").or_default().push(Line::Active(false)),
            Some(Activity::Reactivate) => out.entry(BACK).or_default().push(Line::Active(true)),
            None => {}
        }
    }
    // A new product is one row, whatever is said of its price.
    let whole = item.creation.map(|c| if c.price.is_some() { "new" } else { "new-without-price" });
    for field in item.fields(origins) {
        let lines = out.entry(whole.unwrap_or_else(|| field.why.code())).or_default();
        // The name of a new product stands in a column of its own.
        if item.creation.is_none() || field.kind != FieldKind::Name {
            lines.push(Line::Field(field));
        }
    }
    out
}

fn line(line: &Line<'_>, new: bool, languages: bool) -> Markup {
    match line {
        Line::Link(product, rule) => html! {
            span.field { "link" } " to product " (product) " " small { "(recognised by " (rule.code()) ")" }
        },
        Line::Active(active) => {
            let word = |active| if active { "yes" } else { "no" };
            html! { span.field { "active" } " " del { (word(!active)) } " → " ins { (word(*active)) } }
        }
        Line::Field(one) => field(one, new, languages),
    }
}

fn field(field: &Field<'_>, new: bool, languages: bool) -> Markup {
    let value = |value: Option<&str>| value.map_or_else(|| "none".to_owned(), cell);
    let language = field.language.filter(|_| languages);
    let outside = field.outside.map(|(product, name)| format!("at product {product} {name:?}"));
    // What the heading says already is not said again.
    let reason = match field.why {
        Why::Reason(reason) => Some(reason.text()).filter(|text| cause_words(reason.code()) != Some(text)),
        Why::New | Why::NewWithoutPrice => None,
    };
    let asides: Vec<String> = outside.into_iter().chain(reason).chain(field.origin.map(Origin::text)).collect();
    html! {
        span.field { (field.kind.as_str()) @if let Some(language) = language { " " (cell(language)) } } " "
        @if !new { del { (value(field.old.as_deref())) } " → " }
        ins { (value(field.new.as_deref())) }
        @if !asides.is_empty() { " " small { "(" (cell(&asides.join("; "))) ")" } }
    }
}

fn row(item: &Item<'_>, lines: &[Line<'_>], plan: &Plan) -> Markup {
    let (new, languages) = (item.creation.is_some(), plan.languages.len() > 1);
    html! {
        tr data-row="" {
            td { (cell(item.id.as_str())) }
            td.name { (cell(item.label())) }
            td.words { @for one in lines { div { (line(one, new, languages)) } } }
        }
    }
}
