//! A page for people who look rather than read: one file that needs nothing else, for any browser, and for paper.
//!
//! Everything that comes from a source or from Odoo is escaped by the templates, and what would turn or hide text besides is
//! spelt out as on a terminal. The page may load nothing and run one script, its own: its policy says so.
//!
//! A page stays readable whatever the plan's size: a group lists at most [`GROUP`] products and a source at most [`ROWS`], a
//! cell holds at most [`CELL`] characters. What is left out is counted; counts, notices and the histogram are of all.
//!
//! Reading order: here the frame, `section` (a source), `groups` (its plan by reason), `histogram`.

mod groups;
mod histogram;
mod section;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::escape::plain;

pub use section::html_section;

/// Products that one group lists.
const GROUP: usize = 2_000;

/// Products that all groups of a source list.
const ROWS: usize = 10_000;

/// Characters of a cell.
const CELL: usize = 400;

/// A group that has no more rows than this is open from the beginning.
const OPEN: usize = 200;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What stands around the sources.
#[derive(Debug, Clone, Default)]
pub struct Page<'a> {
    /// What was done: `import-products, dry run`.
    pub title: &'a str,
    /// When, for people.
    pub made: &'a str,
    /// The sources, see [`html_section`].
    pub sections: &'a [String],
    /// Why the command failed.
    pub failure: Option<&'a str>,
}

/// The whole page.
#[must_use]
pub fn html_page(page: &Page<'_>) -> String {
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { "erpsync: " (cell(page.title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "erpsync: " (cell(page.title)) }
                p.dim { (cell(page.made)) ", erpsync " (env!("CARGO_PKG_VERSION")) }
                @if let Some(failure) = page.failure { (notice("Failed", failure)) }
                div.search hidden {
                    input #search type="search" placeholder="Search: id, name, barcode, price …" aria-label="Search" autocomplete="off";
                    output #found for="search" {}
                }
                @for section in page.sections { (PreEscaped(section)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// The word for a script or style in a policy. The browser computes the same over what stands between the tags.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// Data in a cell: made harmless, cut when it is long.
fn cell(text: &str) -> String {
    let cut = text.char_indices().nth(CELL).map(|(at, _)| &text[..at]);
    match cut {
        Some(cut) => format!("{}…", plain(cut)),
        None => plain(text).into_owned(),
    }
}

fn notice(head: &str, text: &str) -> Markup {
    html! { div.notice { strong { (head) } ": " (plain(text)) } }
}

/// The source's turn failed.
#[must_use]
pub fn html_failure(source: &str, failure: &str) -> String {
    html! { section { h2 { (cell(source)) } (notice("Failed", failure)) } }.into_string()
}

#[cfg(test)]
mod tests;
