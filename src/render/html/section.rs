//! A source: what came of it, its plan in numbers, what waits, the plan by reason.

use maud::{Markup, html};

use crate::apply::report::{NotDone, Report};
use crate::catalog::ProductId;
use crate::plan::{Counts, Deferred, Plan, Settled};

use super::super::report::summary_line;
use super::super::text::plan_summary_line;
use super::super::{grouped, plural};
use super::{GROUP, OPEN, cell, groups, histogram, notice};

/// A source's part of the page: the plan, and what came of it.
#[must_use]
pub fn html_section(plan: &Plan, report: Option<&Report>) -> String {
    let counts = plan.counts();
    html! {
        section {
            h2 { "Source " (cell(plan.source.as_str())) }
            @match report {
                Some(report) => {
                    p.lead { "Run " (cell(&report.run)) " " (cell(&summary_line(report))) "." }
                    p.dim { (cell(&plan_summary_line(plan))) }
                }
                None => p.lead { (cell(&plan_summary_line(plan))) }
            }
            @for refusal in &plan.refusals {
                (notice(&format!("Refused by {}, so nothing is changed", refusal.guard), &refusal.message))
            }
            (numbers(&counts))
            @if let Some(report) = report { (not_done(report)) }
            (waiting(plan))
            (histogram::histogram(plan))
            (groups::groups(plan))
            (missing(plan))
            (bad_rows(plan))
        }
    }
    .into_string()
}

fn numbers(counts: &Counts) -> Markup {
    let all = [
        (counts.create, "to create"),
        (counts.adopt, "to adopt"),
        (counts.update, "to change"),
        (counts.prices, "prices"),
        (counts.names, "names"),
        (counts.barcodes, "barcodes"),
        (counts.archive, "to archive"),
        (counts.reactivate, "to reactivate"),
        (counts.deferred, "waiting"),
        (counts.missing, "missing"),
        (counts.bad_rows, "bad rows"),
        (counts.archived_in_odoo, "archived in Odoo"),
        (counts.unchanged, "unchanged"),
    ];
    html! {
        ul.counts {
            @for (n, what) in all {
                li class=(if n > 0 && what != "unchanged" { "some" } else if n == 0 { "none" } else { "" }) { b { (grouped(n)) } (what) }
            }
        }
    }
}

/// A table that folds, with what was left out below it.
pub(super) fn fold(title: &str, count: &str, rows: usize, left_out: usize, table: Markup) -> Markup {
    html! {
        details open[rows <= OPEN] {
            summary { (title) " " span { (count) } }
            div.wide { table { (table) } }
            @if left_out > 0 {
                p.more { "… and " (plural(left_out, "more product")) ", not listed here; --format lines lists all." }
            }
        }
    }
}

fn not_done(report: &Report) -> Markup {
    let lists: [(&str, &[NotDone]); 2] = [
        ("Refused by Odoo; the others went through", &report.refused),
        ("Edited in Odoo meanwhile, so not overwritten; the next run looks again", &report.overtaken),
    ];
    html! {
        @if report.interrupted.is_some() {
            (notice("Ended before its plan did", "what is counted is whole in Odoo, and the next run does the rest"))
        }
        @if !report.duplicates.is_empty() {
            (notice("Barcodes at two active products", &report.duplicates.join(", ")))
        }
        @for (title, all) in lists.into_iter().filter(|(_, all)| !all.is_empty()) {
            (fold(title, &plural(all.len(), "product"), all.len(), all.len().saturating_sub(GROUP), html! {
                thead { tr { th { "Product" } th { "Name" } th { "Why" } } }
                tbody {
                    @for one in all.iter().take(GROUP) {
                        tr data-row="" {
                            td { (cell(one.external_id.as_str())) }
                            td.name { (cell(&one.label)) }
                            td.words { (cell(&one.message)) }
                        }
                    }
                }
            }))
        }
    }
}

fn waiting(plan: &Plan) -> Markup {
    let n = plan.deferred.len();
    if n == 0 {
        return html! {};
    }
    html! {
        h3 { "What waits, and for what" }
        (fold("Conflicts and deferred actions", &grouped(n), n, n.saturating_sub(GROUP), html! {
            thead { tr { th { "Product" } th { "Name" } th { "Kind" } th { "What waits and why" } th { "Choices" } } }
            tbody { @for one in plan.deferred.iter().take(GROUP) { (deferred(one)) } }
        }))
    }
}

fn deferred(one: &Deferred) -> Markup {
    let settled = one.settled.map(|settled| match settled {
        Settled::Decided => "decided by a person",
        Settled::Abandoned => "left by a person",
    });
    let candidates: Vec<String> = one.candidates.iter().map(ProductId::to_string).collect();
    html! {
        tr data-row="" {
            td { (cell(one.external_id.as_str())) }
            td.name { (cell(&one.label)) }
            td { span.kind { (one.kind.code()) } @if !one.subject.is_empty() { br; (cell(&one.subject)) } }
            td.words {
                (cell(&one.message))
                @if let Some(holder) = one.holder { br; small { "at product " (holder) " now" } }
                @if !candidates.is_empty() { br; small { "candidates: products " (cell(&candidates.join(", "))) } }
                @if !one.value.is_empty() { br; small { "value that waits: " (cell(&one.value)) } }
            }
            td {
                @match settled {
                    Some(settled) => small { (settled) },
                    None => (one.kind.choices().iter().map(|c| c.code()).collect::<Vec<_>>().join(", ")),
                }
            }
        }
    }
}

fn missing(plan: &Plan) -> Markup {
    let kept: Vec<_> = plan.missing.iter().filter(|m| !m.archive).collect();
    if kept.is_empty() {
        return html! {};
    }
    html! {
        (fold("No longer in the source, left as they are", &grouped(kept.len()), kept.len(), kept.len().saturating_sub(GROUP), html! {
            thead { tr { th { "Product" } th { "Name" } } }
            tbody {
                @for one in kept.iter().take(GROUP) {
                    tr data-row="" { td { (cell(one.external_id.as_str())) } td.name { (cell(&one.label)) } }
                }
            }
        }))
    }
}

fn bad_rows(plan: &Plan) -> Markup {
    let all = &plan.bad_rows;
    if all.is_empty() {
        return html! {};
    }
    html! {
        (fold("Bad rows of the source, left out or used in part", &grouped(all.len()), all.len(), all.len().saturating_sub(GROUP), html! {
            thead { tr { th { "Product" } th { "Kind" } th { "What is wrong; correct it in the source" } } }
            tbody {
                @for row in all.iter().take(GROUP) {
                    tr data-row="" {
                        td { (row.id.as_ref().map_or_else(|| "(no id)".to_owned(), |id| cell(id.as_str()))) }
                        td { span.kind { (row.kind.code()) } }
                        td.words { (cell(&row.message)) }
                    }
                }
            }
        }))
    }
}
