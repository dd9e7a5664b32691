//! Product names.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use super::{Flaw, LOST, code_point, flaw_but};

/// Why a text is not a product name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// NULL, empty or blank: Odoo requires a name.
    #[error("the name is empty")]
    Empty,
    /// Longer than [`ProductName::MAX_LEN`].
    #[error("the name has more than {max} characters", max = ProductName::MAX_LEN)]
    TooLong,
    /// A control character.
    #[error("the name contains {}", code_point(*.0))]
    Character(char),
    /// U+FFFD.
    #[error(
        "the name contains U+FFFD, which stands for a letter that was lost; correct it in the source, or take such names as they are with damaged_names = \"keep\""
    )]
    Damaged,
}

/// A product's name, without blanks at its ends; line breaks and tabs inside become one blank, as a name is one line
/// on a till and a label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductName(Box<str>);

impl ProductName {
    /// Longest name accepted, in UTF-16 code units.
    pub const MAX_LEN: usize = 1000;

    /// Parses a name, damaged or not: whether U+FFFD is taken was settled when the source was read.
    ///
    /// # Errors
    /// When it is empty, too long or carries a forbidden character.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Self::check_damaged(text).map(|text| Self(text.into()))
    }

    /// The text of the name that [`ProductName::parse`] makes of this one, unless letters of it were lost.
    ///
    /// # Errors
    /// As [`ProductName::parse`], and when it has U+FFFD in place of a letter.
    pub fn check(text: &str) -> Result<Cow<'_, str>, NameError> {
        Self::check_but(text, None)
    }

    /// The text of the name that [`ProductName::parse`] makes of this one.
    ///
    /// # Errors
    /// As [`ProductName::parse`].
    pub fn check_damaged(text: &str) -> Result<Cow<'_, str>, NameError> {
        Self::check_but(text, Some(LOST))
    }

    fn check_but(text: &str, allowed: Option<char>) -> Result<Cow<'_, str>, NameError> {
        let text = text.trim();
        let flaw = |text: &str, max| flaw_but(text, max, allowed);
        let refuse = |flaw| match flaw {
            Flaw::TooLong => NameError::TooLong,
            Flaw::Character(LOST) => NameError::Damaged,
            Flaw::Character(c) => NameError::Character(c),
        };
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        match flaw(text, Self::MAX_LEN) {
            None => Ok(Cow::Borrowed(text)),
            Some(Flaw::Character('\t' | '\r' | '\n')) => {
                let parts = text.split(['\t', '\r', '\n']).filter(|part| !part.is_empty());
                let line = parts.collect::<Vec<_>>().join(" ");
                flaw(&line, Self::MAX_LEN).map_or(Ok(Cow::Owned(line)), |flaw| Err(refuse(flaw)))
            }
            Some(flaw) => Err(refuse(flaw)),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProductName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined() {
        assert_eq!(ProductName::parse(" Чай\r\nзелёный ").unwrap().as_str(), "Чай зелёный");
    }

    #[test]
    fn damaged_names_are_refused() {
        assert_eq!(ProductName::parse(" \n "), Err(NameError::Empty));
        assert_eq!(ProductName::parse("a\u{0}"), Err(NameError::Character('\u{0}')));
        assert_eq!(ProductName::parse("a\u{1b}[31m"), Err(NameError::Character('\u{1b}')));
        assert_eq!(ProductName::parse(&"é".repeat(1001)), Err(NameError::TooLong));
        assert_eq!(ProductName::parse(&"\u{1F375}".repeat(501)), Err(NameError::TooLong));
        assert!(ProductName::parse(&"\u{1F375}".repeat(500)).is_ok());
    }
}
