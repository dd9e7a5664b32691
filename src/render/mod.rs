//! Plans, reports, histories and findings as text for people, lines for `grep`, JSON for programs, CSV for spreadsheets.
//!
//! Decides nothing and knows no terminal: whether to colour and how wide to write are arguments, and everything goes to a
//! [`std::io::Write`]. Reads `catalog`, `plan`, `check` and `apply::report`, nothing else of ours. Same input, same bytes.
//!
//! Reading order: `escape` (what data may not do to a terminal), `items` (the plan grouped by product, the one view that
//! all formats share), then a file per format: `text`, `lines`, `json`, and `report` for what a run did. `check` shows
//! findings, `html` plans and reports in a browser, [`deferred`] what waits in Odoo, `history` what was recorded, `runs` what
//! ran, `diagnosis` what an examination found, each in formats of its own; `csv_cell` is what
//! their tables share.

mod check;
mod csv_cell;
pub mod deferred;
mod diagnosis;
mod escape;
mod history;
mod html;
mod items;
mod json;
mod lines;
mod metrics;
mod report;
mod runs;
mod text;

pub use check::{check_csv, check_json, check_text, codes_text};
pub use diagnosis::{diagnosis_json, diagnosis_text};
pub use history::{Asked, HistoryFormat, HistoryWriter, Zone};
pub use html::{Page, html_failure, html_page, html_section};
pub use json::{json, log_line};
pub use lines::plan_lines;
pub use metrics::{Figures, Metrics, RunFigures};
pub use report::{report_lines, report_text, summary_line};
pub use runs::runs;
pub use text::{plan_summary_line, plan_text};

/// How a text looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// With ANSI colours. Nothing is said by colour alone.
    pub color: bool,
    /// Columns at which long messages are wrapped; 0, or less than 40, for never.
    pub width: usize,
}

/// How much is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Also what usually does not matter: links that only remember something new, further codes of new products.
    pub verbose: bool,
    /// The most products, and the most bad rows, that a text lists; `None` for all. Counts are always of all.
    pub max_items: Option<usize>,
}

/// Text that may hold anything, made safe for a terminal, on one line: control and reordering characters are escaped.
#[must_use]
pub fn plain(text: &str) -> String {
    escape::plain(text).into_owned()
}

/// The same for a text of several lines, which stay lines.
#[must_use]
pub fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// A number with its noun: `1 name`, `1,984 names`.
fn plural(n: usize, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", grouped(n))
}

/// A number as people read it: `1,984`.
#[must_use]
pub fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
