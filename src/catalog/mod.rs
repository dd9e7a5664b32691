//! The words of the catalogue: ids, names, barcodes, prices, what the source says and what Odoo has.
//!
//! Pure: no I/O, no clock, no async; nothing here knows SQL Server, Odoo's protocols or a terminal. A value of one of
//! these types is valid by construction, so that the planner never checks a text twice.

mod arena;
pub mod barcode;
pub mod deferred;
pub mod diagnosis;
pub mod digest;
pub mod history;
pub mod id;
pub mod keys;
pub mod listing;
pub mod name;
pub mod nomenclature;
pub mod odoo_codes;
pub mod owner;
pub mod price;
pub mod run;
pub mod scannable;
pub mod source;
pub mod suspects;
pub mod target;

pub use barcode::{Barcode, CheckDigit, CodeKey};
pub use deferred::{Aspect, Choice, Decision, DeferredKind};
pub use diagnosis::{Area, Check, CheckState, Diagnosis};
pub use history::{Change, ChangedField, Handover, Moment, Tenant, Tenure, TenureEnd};
pub use id::{ExternalId, ProductId, SourceName, TemplateId};
pub use keys::KeyRules;
pub use listing::{Claims, Listing, ListingBuilder, Place};
pub use name::ProductName;
pub use nomenclature::Nomenclature;
pub use odoo_codes::{Company, LinkedCode, OdooCodes, OdooPackaging, OdooProduct, PackagingKind, SharedProduct};
pub use owner::{FileOrder, Precedence, SourceOrder};
pub use price::{Price, PriceDigits};
pub use run::RunRecord;
pub use scannable::{BarcodeFormat, CodeRules};
pub use source::{BadRow, BadRowKind, Catalogue, ExternalProduct, Respelled, Unreadable};
pub use suspects::{Examples, Suspects};
pub use target::{
    Candidate, FieldSet, Holder, HolderKind, Link, MatchRule, OdooState, Overruled, Rest, Said, Sharer, Shown, Variant,
};
/// Text in a kept plan, checked again when it is read.
macro_rules! as_text {
    ($name:ty, $parse:expr) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.to_string())
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                let parse: fn(&str) -> Result<$name, String> = $parse;
                parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}
as_text!(ExternalId, |text| ExternalId::parse(text).map_err(|e| e.to_string()));
as_text!(SourceName, |text| SourceName::parse(text).map_err(|e| e.to_string()));
as_text!(ProductName, |text| ProductName::parse(text).map_err(|e| e.to_string()));
as_text!(Price, |text| Price::parse(text).map_err(|e| e.to_string()));
as_text!(Barcode, |text| match Barcode::parse(text) {
    Ok(Some(code)) => Ok(code),
    Ok(None) => Err("the barcode is empty".to_owned()),
    Err(e) => Err(e.to_string()),
});

/// What stands in place of a letter that was lost when bytes were taken for another alphabet's.
pub(crate) const LOST: char = '\u{fffd}';

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It has more UTF-16 code units, which is how SQL Server's `nvarchar(n)` counts, than it may.
    TooLong,
    /// A character that no name, id or barcode may carry: it breaks PostgreSQL (NUL), Odoo's XML reports (other C0 and C1
    /// controls), a terminal, or tells of text that was already damaged on its way (U+FFFD).
    Character(char),
}

/// What is wrong with a text that may have so many UTF-16 code units; its length is told before its characters.
pub(crate) fn flaw(text: &str, max: usize) -> Option<Flaw> {
    flaw_but(text, max, None)
}

/// [`flaw`], with a character that is let through.
pub(crate) fn flaw_but(text: &str, max: usize, allowed: Option<char>) -> Option<Flaw> {
    // No text has more UTF-16 units than bytes.
    if text.len() > max && text.chars().map(char::len_utf16).sum::<usize>() > max {
        return Some(Flaw::TooLong);
    }
    // In UTF-8 whatever is forbidden has one of these bytes, the last two with one of these behind it, and hardly another text
    // has. Without a way out of the loop, many bytes are looked at in one step.
    let bytes = text.as_bytes();
    let first = bytes.iter().fold(false, |found, b| found | (*b < b' ') | (*b == 0x7f));
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    let suspicious = pairs
        .fold(first, |found, (b, next)| found | ((*b == 0xc2) & (*next < 0xa0)) | ((*b == 0xef) & (*next == 0xbf)));
    if !suspicious {
        return None;
    }
    let forbidden =
        |c: &char| (c.is_control() || matches!(c, '\u{fffd}' | '\u{fffe}' | '\u{ffff}')) && Some(*c) != allowed;
    text.chars().find(forbidden).map(Flaw::Character)
}

/// A character as a person can look it up: `U+0000`.
pub(crate) fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests;
