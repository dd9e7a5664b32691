//! What an examination found: a line a check for people, or one JSON document. Decides nothing.
//!
//! The document, version 1; fields and checks are only ever added within a version:
//!
//! ```json
//! {
//!   "format": "erpsync-doctor", "version": 1,
//!   "counts": {"ok": 21, "warning": 1, "failed": 1, "skipped": 0},
//!   "checks": [
//!     {"area": "Source polonez", "check": "rights", "state": "warning", "message": "…", "cure": "…"}
//!   ]
//! }
//! ```
//!
//! `area`, `check` and `state` are stable, `message` and `cure` (`null` where nothing is to be done) are not.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use serde::Serialize;

use crate::catalog::{Check, CheckState, Diagnosis};

use super::text::Page;
use super::{Style, plain, plural};

/// Columns of the state and of the check's name, each with the blanks behind it.
const STATE: usize = 9;
const NAME: usize = 18;
/// Columns before a message.
const MESSAGE: usize = 2 + STATE + NAME;

/// Writes a line a check, with what to do on a line of its own; the last line counts.
///
/// # Errors
/// When `out` cannot be written.
pub fn diagnosis_text(diagnosis: &Diagnosis, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { style, out };
    for area in &diagnosis.areas {
        page.strong(&plain(&area.title))?;
        page.line("")?;
        for check in &area.checks {
            one(&mut page, check)?;
        }
        page.line("")?;
    }
    let all: usize = CheckState::ALL.iter().map(|state| diagnosis.count(*state)).sum();
    let counts: Vec<String> = CheckState::ALL
        .iter()
        .map(|state| (diagnosis.count(*state), state))
        .filter(|(count, state)| *count > 0 || **state == CheckState::Ok)
        .map(|(count, state)| match state {
            CheckState::Warning => plural(count, "warning"),
            CheckState::Ok | CheckState::Failed | CheckState::Skipped => format!("{count} {}", state.word()),
        })
        .collect();
    page.line(&format!("{}: {}.", plural(all, "check"), counts.join(", ")))
}

fn one(page: &mut Page<'_>, check: &Check) -> io::Result<()> {
    let word = check.state.word();
    write!(page.out, "  ")?;
    page.painted(ansi(check.state), word)?;
    write!(page.out, "{:blank$}{:NAME$}", "", check.name, blank = STATE - word.len())?;
    page.paragraph(MESSAGE, MESSAGE, &check.says.replace('\n', " "))?;
    match &check.cure {
        Some(cure) => page.paragraph(MESSAGE, 0, &format!("→ {}", cure.replace('\n', " "))),
        None => Ok(()),
    }
}

fn ansi(state: CheckState) -> Ansi {
    match state {
        CheckState::Ok => AnsiColor::Green.on_default(),
        CheckState::Warning => AnsiColor::Yellow.on_default(),
        CheckState::Failed => AnsiColor::Red.on_default().bold(),
        CheckState::Skipped => Ansi::new().dimmed(),
    }
}

/// Writes one JSON document with a line break at its end.
///
/// # Errors
/// When `out` cannot be written.
pub fn diagnosis_json(diagnosis: &Diagnosis, out: &mut dyn Write) -> io::Result<()> {
    let count = |state| diagnosis.count(state);
    let checks = diagnosis.areas.iter().flat_map(|area| area.checks.iter().map(move |check| (area, check)));
    let document = Document {
        format: "erpsync-doctor",
        version: 1,
        counts: Counts {
            ok: count(CheckState::Ok),
            warning: count(CheckState::Warning),
            failed: count(CheckState::Failed),
            skipped: count(CheckState::Skipped),
        },
        checks: checks
            .map(|(area, check)| CheckJson {
                area: &area.title,
                check: check.name,
                state: check.state.word(),
                message: &check.says,
                cure: check.cure.as_deref(),
            })
            .collect(),
    };
    super::json::document(&document, out)
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    counts: Counts,
    checks: Vec<CheckJson<'a>>,
}

#[derive(Serialize)]
struct Counts {
    ok: usize,
    warning: usize,
    failed: usize,
    skipped: usize,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    area: &'a str,
    check: &'static str,
    state: &'static str,
    message: &'a str,
    cure: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Area;

    fn sample() -> Diagnosis {
        let odoo = vec![
            Check::ok("address", "https://odoo.example answers as Odoo 19.0"),
            Check::warning(
                "clock",
                "Odoo's clock is 90 s ahead of this machine's",
                "let both machines keep time by NTP",
            ),
            Check::failed("login", "Odoo refused\u{1b}[31m the login\nof sync", "check odoo.login and the password"),
            Check::skipped("setup", "not tried, after what failed above"),
        ];
        Diagnosis { areas: vec![Area { title: "Odoo".to_owned(), checks: odoo }] }
    }

    #[test]
    fn text_for_people() {
        let mut out = Vec::new();
        diagnosis_text(&sample(), Style { color: false, width: 60 }, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn one_document() {
        let mut out = Vec::new();
        diagnosis_json(&sample(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }
}
