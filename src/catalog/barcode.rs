//! Barcodes: the text as the source lists it, its check digit, and the key under which two spellings are one code.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use super::{Flaw, code_point, flaw};

/// Why a text is not a barcode.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BarcodeError {
    /// Longer than [`Barcode::MAX_LEN`].
    #[error("the barcode has more than {max} characters", max = Barcode::MAX_LEN)]
    TooLong,
    /// A control character or U+FFFD.
    #[error("the barcode contains {}", code_point(*.0))]
    Character(char),
}

/// Nobody sees it and no scanner sends it: Unicode's format characters, and what it says is to be ignored when shown
/// (zero-width blanks and joiners, byte order marks, soft hyphens, direction marks, variation selectors …). The same set
/// stands in `odoo/procedures/prelude.py`.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
        | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// A text without what is no part of a code: characters that nobody sees, and blanks at the ends.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text.trim());
    }
    let text = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    match text.contains(is_invisible) {
        false => Cow::Borrowed(text),
        true => Cow::Owned(text.replace(is_invisible, "")),
    }
}

/// No letter, and no digit but zeros: what people write where there is no code.
pub(super) fn says_nothing(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphanumeric()).all(|c| c == '0')
}

/// A barcode: any text with a letter or a digit other than zero, without blanks at its ends and characters that nobody
/// sees; leading zeros belong to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Barcode(Box<str>);

impl Barcode {
    /// Longest barcode accepted, in UTF-16 code units; GS1-128, the longest in trade, carries 48 characters.
    pub const MAX_LEN: usize = 64;

    /// Parses a barcode; `None` for a text without letters and digits, or of zeros alone, which is no barcode at all.
    ///
    /// # Errors
    /// When it is too long or carries a forbidden character.
    pub fn parse(text: &str) -> Result<Option<Self>, BarcodeError> {
        Ok(Self::check(text)?.map(|text| Self(text.into_owned().into())))
    }

    /// The text of the barcode that [`Barcode::parse`] makes of this one.
    ///
    /// # Errors
    /// As [`Barcode::parse`].
    pub fn check(text: &str) -> Result<Option<Cow<'_, str>>, BarcodeError> {
        let text = clean(text);
        match flaw(&text, Self::MAX_LEN) {
            None => Ok(Some(text).filter(|text| !says_nothing(text))),
            Some(Flaw::TooLong) => Err(BarcodeError::TooLong),
            Some(Flaw::Character(c)) => Err(BarcodeError::Character(c)),
        }
    }

    /// The barcode as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the last digit says, by the GS1 General Specifications, section 7.9.
    #[must_use]
    pub fn check_digit(&self) -> CheckDigit {
        check_digit(&self.0)
    }

    /// The key under which this code meets others.
    #[must_use]
    pub fn key(&self) -> CodeKey {
        CodeKey::of(&self.0)
    }

    /// Every spelling of this code that Odoo may hold: itself, and for a UPC-A its EAN-13 or the other way round.
    #[must_use]
    pub fn spellings(&self) -> Vec<String> {
        let text = &*self.0;
        let mut all = vec![text.to_owned()];
        if check_digit(text) == CheckDigit::Valid {
            match text.len() {
                12 => all.push(format!("0{text}")),
                13 => all.extend(text.strip_prefix('0').map(str::to_owned)),
                _ => {}
            }
        }
        all
    }

    /// The spellings under which a GTIN stands in Odoo where a number column lost its leading zeros; for recognising
    /// products only.
    #[must_use]
    pub fn without_zeros(&self) -> Option<&str> {
        let significant = self.0.trim_start_matches('0');
        let lost = significant.len() < self.0.len() && significant.len() >= super::scannable::FEWEST;
        (lost && self.check_digit() == CheckDigit::Valid).then_some(significant)
    }

    /// Does the code begin with a prefix that GS1 leaves to the shop (02, 04, 20 to 29 of EAN-13, 2 of UPC-A, 0 and 2 of
    /// EAN-8)? Such codes are weighed goods or the shop's own, and their check digits are the shop's business.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        let text = &*self.0;
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        match text.len() {
            8 => text.starts_with(['0', '2']),
            12 => text.starts_with(['2', '4']),
            13 => text.starts_with(['2']) || text.starts_with("02") || text.starts_with("04"),
            _ => false,
        }
    }
}

impl fmt::Display for Barcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The verdict on a code's check digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckDigit {
    /// A GTIN-8, -12, -13 or -14 whose last digit is right.
    Valid,
    /// The length of a GTIN, all digits, but the last one is wrong.
    Wrong,
    /// Not a GTIN: another length or other characters.
    NotGtin,
}

pub(super) fn check_digit(text: &str) -> CheckDigit {
    let bytes = text.as_bytes();
    if !matches!(bytes.len(), 8 | 12 | 13 | 14) || !bytes.iter().all(u8::is_ascii_digit) {
        return CheckDigit::NotGtin;
    }
    // Weights 3, 1, 3 … from the right, the check digit itself weighs 1.
    let sum: u32 =
        bytes.iter().rev().enumerate().map(|(i, b)| u32::from(b - b'0') * if i % 2 == 0 { 1 } else { 3 }).sum();
    if sum.is_multiple_of(10) { CheckDigit::Valid } else { CheckDigit::Wrong }
}

/// Two codes with the same key are the same code at a till: blanks at the ends and characters that nobody sees do not count,
/// and a UPC-A is its EAN-13 with the leading zero (Odoo's barcode nomenclature converts both ways by default).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeKey(Box<str>);

impl CodeKey {
    /// The key of any text that stands in a barcode field, also one that we would not accept from the source.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Self::text_of(text).into())
    }

    /// What such a key compares, which mostly is a part of the text itself.
    #[must_use]
    pub fn text_of(text: &str) -> Cow<'_, str> {
        let text = clean(text);
        if text.len() == 12 && check_digit(&text) == CheckDigit::Valid { Cow::Owned(format!("0{text}")) } else { text }
    }

    /// The same of a key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Barcode {
        Barcode::parse(text).unwrap().unwrap()
    }

    #[test]
    fn empty_is_none() {
        assert_eq!(Barcode::parse("").unwrap(), None);
        assert_eq!(Barcode::parse("  \u{a0}").unwrap(), None);
        for nothing in ["0", "0000000000000", "-", "–", "?!", "0.00", "\u{feff}0\u{200b}"] {
            assert_eq!(Barcode::parse(nothing).unwrap(), None, "{nothing:?}");
        }
    }

    #[test]
    fn what_nobody_sees_is_no_part_of_a_code() {
        for text in [
            "\u{feff}4006381333931",
            "4006381333931\u{200b}",
            "400638\u{ad}1333931",
            "\u{200e}4006381333931\u{200f}",
            "\u{a0}\u{2060}4006381333931\u{202f}",
            "4006\u{200d}381\u{200c}333931",
            "4006381333931\u{e0001}\u{fe0f}",
            "\u{2066}4006381333931\u{2069}\u{3000}",
            "\t4006381333931\r\n",
        ] {
            assert_eq!(code(text).as_str(), "4006381333931", "{text:?}");
            assert_eq!(CodeKey::of(text), code("4006381333931").key(), "{text:?}");
        }
        assert!(matches!(clean(" 17 "), Cow::Borrowed("17")));
    }

    #[test]
    fn leading_zeros_stay_and_blanks_go() {
        assert_eq!(code(" 00123 ").as_str(), "00123");
    }

    #[test]
    fn long_and_damaged_codes_are_refused() {
        assert_eq!(Barcode::parse(&"1".repeat(65)), Err(BarcodeError::TooLong));
        assert!(Barcode::parse(&"1".repeat(64)).is_ok());
        assert_eq!(Barcode::parse("12\u{0}3"), Err(BarcodeError::Character('\u{0}')));
        assert_eq!(Barcode::parse("12\u{fffd}3"), Err(BarcodeError::Character('\u{fffd}')));
    }

    #[test]
    fn check_digits() {
        for (text, verdict) in [
            ("4006381333931", CheckDigit::Valid),
            ("4006381333932", CheckDigit::Wrong),
            ("73513537", CheckDigit::Valid),
            ("036000291452", CheckDigit::Valid),
            ("10012345678902", CheckDigit::Valid),
            ("12345", CheckDigit::NotGtin),
            ("400638133393X", CheckDigit::NotGtin),
        ] {
            assert_eq!(code(text).check_digit(), verdict, "{text}");
        }
    }

    #[test]
    fn upc_a_and_its_ean_13_are_one_code() {
        assert_eq!(code("036000291452").key(), code("0036000291452").key());
        assert_eq!(code("036000291452").spellings(), ["036000291452", "0036000291452"]);
        assert_eq!(code("0036000291452").spellings(), ["0036000291452", "036000291452"]);
        // A wrong check digit makes it a text like any other.
        assert_ne!(code("036000291453").key(), code("0036000291453").key());
        assert_eq!(CodeKey::of(" X "), code("X").key());
    }

    #[test]
    fn restricted_prefixes_are_the_shop_s_own() {
        for text in ["2000000000008", "0212345678901", "0412345678901", "20123451", "212345678901"] {
            assert!(code(text).is_restricted(), "{text}");
        }
        for text in ["4006381333931", "036000291452", "2-A", "10012345678902"] {
            assert!(!code(text).is_restricted(), "{text}");
        }
    }
}
