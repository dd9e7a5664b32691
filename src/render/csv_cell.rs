//! A cell of a CSV file that is safe in a spreadsheet and on a terminal.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, wherever the text came from, quotes or
//! not; such a cell gets an apostrophe in front, which spreadsheets read as "text". Control and reordering characters are
//! spelt out as everywhere (see `escape`), so that a cell is one line. Commas and quotes are the CSV writer's business.

use std::borrow::Cow;

use super::escape::plain;

/// The cell's text.
pub(super) fn cell(text: &str) -> Cow<'_, str> {
    let plain = plain(text);
    if plain.starts_with(['=', '+', '-', '@']) { Cow::Owned(format!("'{plain}")) } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text() {
        for (given, written) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1", "'+1"),
            ("-5% off", "'-5% off"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\\u{9}=1"),
            ("a\r\n=1", "a\\u{d}\\u{a}=1"),
            ("\u{1b}[31m", "\\u{1b}[31m"),
        ] {
            assert_eq!(cell(given), written);
        }
    }

    #[test]
    fn other_text_is_not_touched() {
        for text in ["", "Tea, \"green\"", "0036000291452", "'quoted'", "a=b", "Чай"] {
            assert!(matches!(cell(text), Cow::Borrowed(t) if t == text), "{text:?}");
        }
    }
}
