//! Makes text of a source or of Odoo fit to be shown.
//!
//! A name may carry a terminal's escape sequence, a line break that forges a second line, or marks that turn the reading
//! direction so that a line says something else than its bytes. Such characters are shown as Rust writes them, `\u{1b}`:
//!
//! - C0 and C1 controls and DEL, line breaks and tabs among them; U+2028 and U+2029, which some tools take for line breaks;
//! - bidirectional controls: U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069, U+206A to U+206F;
//! - what has neither width nor meaning on its own: U+00AD, U+180E, U+200B, U+2060 to U+2064, U+FEFF, U+FFF9 to U+FFFB and
//!   the tags U+E0000 to U+E007F. Otherwise two names that differ would look the same.
//!
//! Joiners (U+200C, U+200D) stay: Persian and emoji need them. Letters of right-to-left scripts stay, of course.
//!
//! Must not be used for JSON, which has escapes of its own (see `json`).

use std::borrow::Cow;
use std::fmt::Write as _;

/// May the character not be shown as it is?
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// White space other than the blank: shown as it is in running text, but not where two values are compared.
fn is_odd_blank(c: char) -> bool {
    c.is_whitespace() && c != ' '
}

fn escape_if(text: &str, odd: impl Fn(char) -> bool, put: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if !text.contains(&odd) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if odd(c) {
            put(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn put_code(out: &mut String, c: char) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
}

/// Running text: a label, a message.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    escape_if(text, is_unsafe, put_code)
}

/// A name among others, in quotes; odd blanks (U+00A0 and the like) are made visible. Quotes inside stay: names have many.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", escape_if(text, |c| is_unsafe(c) || is_odd_blank(c), put_code))
}

/// A code, in quotes only when it would be misread without: empty, with blanks, or spelt like the word for no code.
pub(super) fn code(text: &str) -> Cow<'_, str> {
    if text.is_empty() || text == "none" || text.contains(char::is_whitespace) {
        Cow::Owned(quoted(text))
    } else {
        plain(text)
    }
}

/// A column of a line: as [`plain`], with `\t`, `\n`, `\r` for tab and line breaks and `\\` for a backslash, so that the
/// value can be had back without doubt.
pub(super) fn column(text: &str) -> Cow<'_, str> {
    escape_if(
        text,
        |c| c == '\\' || is_unsafe(c),
        |out, c| match c {
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            _ => put_code(out, c),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_text_is_not_touched() {
        for text in ["", "Чай \"Майский\" 100\u{a0}г", "茶", "e\u{301}", "👩\u{200d}🍳", "קפה", "C:\\x"]
        {
            assert!(matches!(plain(text), Cow::Borrowed(t) if t == text), "{text:?}");
        }
    }

    #[test]
    fn dangerous_characters_are_spelt_out() {
        for (given, shown) in [
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\nb\tc\rd", "a\\u{a}b\\u{9}c\\u{d}d"),
            ("\u{9b}2J\u{7f}\u{0}", "\\u{9b}2J\\u{7f}\\u{0}"),
            ("a\u{202e}b\u{2066}c\u{200f}", "a\\u{202e}b\\u{2066}c\\u{200f}"),
            ("Tea\u{200b}", "Tea\\u{200b}"),
            ("x\u{e0041}", "x\\u{e0041}"),
        ] {
            assert_eq!(plain(given), shown);
        }
    }

    #[test]
    fn columns_can_be_read_back() {
        assert_eq!(column("a\tb\\n\n\r\u{1b}"), "a\\tb\\\\n\\n\\r\\u{1b}");
    }

    #[test]
    fn a_value_is_not_misread() {
        assert_eq!(quoted("Tea\u{a0}1 \"x\""), "\"Tea\\u{a0}1 \"x\"\"");
        assert_eq!(code("4006381333931"), "4006381333931");
        assert_eq!(code(" 4006"), "\" 4006\"");
        assert_eq!(code("none"), "\"none\"");
        assert_eq!(code(""), "\"\"");
    }
}
