//! Deferred actions in the words of a shop: what kind it is, what can be chosen. Text in, text out.

use crate::catalog::{Choice, DeferredKind};

use super::schema::CHOICES;
use super::views::{When, conditions};

/// A kind of deferred action for people of the shop.
fn kind_in_words(kind: DeferredKind) -> &'static str {
    match kind {
        DeferredKind::DuplicateClaim => "Several products of the source list one barcode",
        DeferredKind::Placeholder => "Many products of the source list one barcode: is it one?",
        DeferredKind::ForeignHolder => "Another product of this shop has the barcode",
        DeferredKind::Held => "The barcode is at a product that must be left as it is",
        DeferredKind::SecondHolder => "Two active products have one barcode",
        DeferredKind::TooManyMoves => "Too many barcodes change places at once",
        DeferredKind::AmbiguousMatch => "It is not clear which product this is",
        DeferredKind::ProductGone => "The product was deleted here",
        DeferredKind::OtherCompany => "The product belongs to another company",
        DeferredKind::SharedTemplate => "The product has variants that share name and price",
        DeferredKind::PriceJump => "The price changes a lot",
        DeferredKind::PriceTooLarge => "The price is too large for Odoo",
        DeferredKind::NoPrice => "A new product has no price",
        DeferredKind::PriceGone => "The source no longer has the price",
        DeferredKind::Drift => "Somebody changed here what the source says",
        DeferredKind::Refused => "Odoo refused the change",
        DeferredKind::OutOfScope => "The run was told to leave this out",
        DeferredKind::NotUndone => "Changed since, so it was not undone",
    }
}

/// What a choice does; its name is the label of `x_choice`.
fn choice_in_words(choice: Choice) -> &'static str {
    match choice {
        Choice::Give => "whoever else has it loses it.",
        Choice::Link => "choose an existing product, and it is kept in step from then on.",
        Choice::Create => "a product is made that has no connection with those that exist.",
        Choice::Keep => "until the source says something else again.",
        Choice::Take => "this one value is written.",
        Choice::Placeholder => "it stands where there is no code, and from now on it is none.",
        Choice::Code => "each of these products then waits for it.",
        Choice::Abandon => "until something else waits here. Nothing is changed.",
    }
}

/// The kind of a deferred action, as a heading.
pub(super) fn kinds(odoo: u32) -> String {
    let word = |kind: &DeferredKind| {
        let only = conditions(odoo, &[("invisible", When::NotIn("x_kind", &[kind.code()]))]);
        format!("<span{only}>{}</span>", kind_in_words(*kind))
    };
    let words: String = DeferredKind::ALL.iter().filter(|k| k.is_recorded()).map(word).collect();
    format!("<div class=\"oe_title\"><h2>{words}</h2></div>")
}

/// Which choices count for which kinds. A list of choices cannot be narrowed in a view, so the form says it.
pub(super) fn choices(odoo: u32, unless: When<'_>) -> String {
    let mut offers: Vec<(&[Choice], Vec<&str>)> = Vec::new();
    for kind in DeferredKind::ALL.into_iter().filter(|k| k.is_recorded()) {
        match offers.iter_mut().find(|(choices, _)| *choices == kind.choices()) {
            Some((_, kinds)) => kinds.push(kind.code()),
            None => offers.push((kind.choices(), vec![kind.code()])),
        }
    }
    let label = |choice: &Choice| CHOICES.iter().find(|(code, _)| *code == choice.code()).map_or("", |c| c.1);
    let mut out = format!("<div colspan=\"2\" class=\"me-3 mr-3\"{}>", conditions(odoo, &[("invisible", unless)]));
    for (offered, kinds) in offers {
        let only = conditions(odoo, &[("invisible", When::NotIn("x_kind", &kinds))]);
        let lines: String =
            offered.iter().map(|c| format!("<li><b>{}</b>: {}</li>", label(c), choice_in_words(*c))).collect();
        out += &format!("<ul class=\"ps-3 pl-3\"{only}>{lines}</ul>");
    }
    out + "<p class=\"text-muted\">The next run does it. A choice that is not listed here is left alone, and the run says so above.</p></div>"
}
