//! When two texts are one article number to a person, though they are two codes to a till.

use crate::catalog::{Barcode, CheckDigit, Nomenclature};

/// Fewer significant digits than a GTIN-8 that lost a zero are a shop's own number: `17` and `017` may well be two.
const FEWEST: usize = 7;

/// The key under which careless spellings of one code meet: without blanks, and a GTIN filled with zeros to 14 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LooseKey(String);

impl LooseKey {
    pub(super) fn of(text: &str) -> Self {
        let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let significant = squeezed.trim_start_matches('0').len();
        if squeezed.len() <= 14 && significant >= FEWEST && squeezed.bytes().all(|b| b.is_ascii_digit()) {
            let filled = format!("{squeezed:0>14}");
            if check_digit(&filled) == CheckDigit::Valid {
                return Self(filled);
            }
        }
        Self(squeezed)
    }
}

/// The verdict on any text that stands in a barcode field.
pub(super) fn check_digit(text: &str) -> CheckDigit {
    parse(text).map_or(CheckDigit::NotGtin, |code| code.check_digit())
}

/// What a wrong check digit is told as.
pub(super) const WRONG: &str = "the last digit does not fit the others";

/// Has it the length of a GTIN and a wrong check digit? Where no rules of the shop say which prefixes are its own, those that
/// GS1 leaves to shops are.
pub(super) fn is_wrong(text: &str, nomenclature: &Nomenclature) -> bool {
    let own = |code: &Barcode| nomenclature.is_empty() && code.is_restricted();
    parse(text).is_some_and(|code| code.check_digit() == CheckDigit::Wrong && !own(&code))
}

fn parse(text: &str) -> Option<Barcode> {
    Barcode::parse(text).ok().flatten()
}

/// A number with its noun.
pub(super) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn careless_spellings_meet() {
        for (a, b) in [
            ("036000291452", "36000291452"),
            ("036000291452", "0036000291452"),
            ("036000291452", "00036000291452"),
            ("4006381333931", " 4006381 333931"),
            ("4006381333931", "04006381333931"),
            ("73513537", "0000073513537"),
            ("AB 12", "AB12"),
        ] {
            assert_eq!(LooseKey::of(a), LooseKey::of(b), "{a} {b}");
        }
    }

    #[test]
    fn different_numbers_do_not() {
        for (a, b) in [
            ("17", "017"),
            // A wrong check digit makes it a text like any other.
            ("36000291453", "036000291453"),
            ("4006381333931", "4006381333932"),
            ("00000000", "0000000000000"),
            ("4006381333931", "4006381-333931"),
            ("ab12", "AB12"),
            // Sixteen digits are no GTIN.
            ("4006381333931", "0004006381333931"),
        ] {
            assert_ne!(LooseKey::of(a), LooseKey::of(b), "{a} {b}");
        }
    }

    #[test]
    fn what_is_wrong() {
        for text in ["4006381333932", " 4006381333932", "73513538"] {
            assert!(is_wrong(text, &Nomenclature::default()), "{text}");
        }
        for text in ["4006381333931", "2000000000009", "0212345678900", "0412345678900", "20123450", "12345", "", "x"] {
            assert!(!is_wrong(text, &Nomenclature::default()), "{text}");
        }
    }
}
