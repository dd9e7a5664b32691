//! Identifiers. Each kind has a type of its own, so that a template's id is never taken for a variant's.

use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;

use super::{Flaw, code_point, flaw};

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdError {
    /// NULL, empty or blank.
    #[error("the id is empty")]
    Empty,
    /// Longer than [`ExternalId::MAX_LEN`].
    #[error("the id has more than {max} characters", max = ExternalId::MAX_LEN)]
    TooLong,
    /// A control character or U+FFFD.
    #[error("the id contains {}", code_point(*.0))]
    Character(char),
}

/// The id of a product in the source, as text: `1001`, `A-17`, a GUID.
///
/// Blanks at the ends are removed (`char(n)` columns pad). Ordered as people expect: whole numbers by value, before all
/// other texts, which go by code point.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExternalId {
    /// The value of a canonical whole number, [`NO_NUMBER`] for every other text: kept, as ids are compared more than made.
    number: u64,
    text: Box<str>,
}

/// Greater than every number of 18 digits.
const NO_NUMBER: u64 = u64::MAX;

impl ExternalId {
    /// Longest id accepted, in UTF-16 code units.
    pub const MAX_LEN: usize = 64;

    /// Parses an id.
    ///
    /// # Errors
    /// When it is empty, too long or carries a forbidden character.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        Self::check(text).map(|text| Self { number: number(text).unwrap_or(NO_NUMBER), text: text.into() })
    }

    /// The text of the id that [`ExternalId::parse`] makes of this one.
    ///
    /// # Errors
    /// As [`ExternalId::parse`].
    pub fn check(text: &str) -> Result<&str, IdError> {
        let text = text.trim();
        match flaw(text, Self::MAX_LEN) {
            None if text.is_empty() => Err(IdError::Empty),
            None => Ok(text),
            Some(Flaw::TooLong) => Err(IdError::TooLong),
            Some(Flaw::Character(c)) => Err(IdError::Character(c)),
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The value of a canonical whole number: `42`, not `042` nor `4.2`.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    (digits && text.len() <= 18 && (text.len() == 1 || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
}

impl Ord for ExternalId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number).then_with(|| self.text.cmp(&other.text))
    }
}

impl PartialOrd for ExternalId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The name of a source: the `NAME` of `[sources.NAME]`; lower-case letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(Box<str>);

/// A source's name with other characters, or none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a source's name has 1 to 32 lower-case letters, digits, '-' or '_', not {0:?}")]
pub struct SourceNameError(String);

impl SourceName {
    /// Parses a name.
    ///
    /// # Errors
    /// When it is empty, longer than 32 characters or has characters other than `a-z 0-9 - _`.
    pub fn parse(text: &str) -> Result<Self, SourceNameError> {
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if fits { Ok(Self(text.into())) } else { Err(SourceNameError(text.to_owned())) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

macro_rules! odoo_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "i64")]
        pub struct $name(i64);

        impl TryFrom<i64> for $name {
            type Error = String;

            fn try_from(id: i64) -> Result<Self, String> {
                Self::new(id).ok_or_else(|| format!("{id} is no record's id"))
            }
        }

        impl $name {
            /// A record's id as Odoo gave it; `None` unless it is positive.
            #[must_use]
            pub fn new(id: i64) -> Option<Self> {
                (id > 0).then_some(Self(id))
            }

            /// The number, for Odoo's border and for people.
            #[must_use]
            pub fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "#{}", self.0)
            }
        }
    };
}

odoo_id!(
    /// The id of a `product.product` record, a variant: what is bound, scanned and sold.
    ProductId
);
odoo_id!(
    /// The id of a `product.template` record: what carries name and list price.
    TemplateId
);

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ExternalId {
        ExternalId::parse(text).unwrap()
    }

    #[test]
    fn blanks_at_the_ends_are_padding() {
        assert_eq!(id("17   ").as_str(), "17");
        assert_eq!(ExternalId::parse("  "), Err(IdError::Empty));
    }

    #[test]
    fn damaged_ids_are_refused() {
        assert_eq!(ExternalId::parse("a\u{0}b"), Err(IdError::Character('\u{0}')));
        assert_eq!(ExternalId::parse("a\u{fffd}"), Err(IdError::Character('\u{fffd}')));
        assert_eq!(ExternalId::parse(&"x".repeat(65)), Err(IdError::TooLong));
        assert!(ExternalId::parse(&"x".repeat(64)).is_ok());
    }

    #[test]
    fn numbers_come_first_and_by_value() {
        let mut ids: Vec<_> = ["b", "10", "9", "007", "a", "7"].iter().map(|t| id(t)).collect();
        ids.sort();
        let texts: Vec<_> = ids.iter().map(ExternalId::as_str).collect();
        assert_eq!(texts, ["7", "9", "10", "007", "a", "b"]);
    }

    #[test]
    fn source_names_are_plain() {
        assert!(SourceName::parse("polonez-2").is_ok());
        for bad in ["", "Polonez", "a b", "é", &"x".repeat(33)] {
            assert!(SourceName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
