//! Product names.

use std::fmt;

use thiserror::Error;

use super::{code_point, forbidden_character, utf16_len};

/// Why a text is not a product name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// NULL, empty or blank: Odoo requires a name.
    #[error("the name is empty")]
    Empty,
    /// Longer than [`ProductName::MAX_LEN`].
    #[error("the name has more than {max} characters", max = ProductName::MAX_LEN)]
    TooLong,
    /// A control character or U+FFFD.
    #[error("the name contains {}", code_point(*.0))]
    Character(char),
}

/// A product's name, without blanks at its ends; line breaks and tabs inside become one blank, as a name is one line
/// on a till and a label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductName(Box<str>);

impl ProductName {
    /// Longest name accepted, in UTF-16 code units.
    pub const MAX_LEN: usize = 1000;

    /// Parses a name.
    ///
    /// # Errors
    /// When it is empty, too long or carries a forbidden character.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if utf16_len(text) > Self::MAX_LEN {
            return Err(NameError::TooLong);
        }
        let text = if text.contains(['\t', '\r', '\n']) {
            text.split(['\t', '\r', '\n']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        } else {
            text.to_owned()
        };
        match forbidden_character(&text) {
            Some(c) => Err(NameError::Character(c)),
            None => Ok(Self(text.into())),
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
