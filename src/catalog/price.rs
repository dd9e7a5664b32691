//! Prices. Decimal everywhere; a float exists only at Odoo's JSON border and is made and read here.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a number is not a price.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PriceError {
    /// Below zero.
    #[error("the price {0} is negative")]
    Negative(Decimal),
    /// Not decimal text.
    #[error("{0:?} is not a decimal number")]
    Malformed(String),
    /// |price|·10^decimals ≥ 10^15: a float, which is what Odoo calculates with, keeps 15 significant digits and no more.
    #[error(
        "the price {0} is too large for Odoo: with {1} decimals it needs more than the 15 digits that a float keeps"
    )]
    TooLarge(Price, u32),
}

/// A sale price: a non-negative decimal in the currency of Odoo's company, kept without trailing zeros so that equal
/// prices have one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(Decimal);

impl Price {
    /// A price of zero.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Takes a decimal as a price.
    ///
    /// # Errors
    /// [`PriceError::Negative`] below zero.
    pub fn new(value: Decimal) -> Result<Self, PriceError> {
        if value.is_sign_negative() && !value.is_zero() {
            return Err(PriceError::Negative(value));
        }
        Ok(Self(value.abs().normalize()))
    }

    /// Reads decimal text such as `19.9900`, as PostgreSQL and our own records hold it.
    ///
    /// # Errors
    /// [`PriceError::Malformed`] for anything else (`NaN`, an exponent, blanks), [`PriceError::Negative`] below zero.
    pub fn parse(text: &str) -> Result<Self, PriceError> {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
        let value: Decimal =
            plain.then(|| text.parse().ok()).flatten().ok_or_else(|| PriceError::Malformed(text.to_owned()))?;
        Self::new(value)
    }

    /// The decimal.
    #[must_use]
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Appends the price's one text to a buffer that is used again and again.
    pub fn write_text(self, to: &mut String) {
        let (mantissa, scale) = (self.0.mantissa(), self.0.scale());
        // The decimal's own way goes digit by digit through 96 bits, and nearly all prices fit into 64.
        let written = match u64::try_from(mantissa) {
            Ok(all) if scale == 0 => fmt::Write::write_fmt(to, format_args!("{all}")),
            Ok(all) if scale < 19 => {
                let one = 10_u64.pow(scale);
                let width = scale as usize;
                fmt::Write::write_fmt(to, format_args!("{}.{:0width$}", all / one, all % one))
            }
            _ => fmt::Write::write_fmt(to, format_args!("{}", self.0)),
        };
        debug_assert!(written.is_ok(), "a String takes everything");
    }

    /// Is it zero?
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Rounded half away from zero to what Odoo keeps; do this before every comparison, or each run would write again.
    #[must_use]
    pub fn rounded(self, digits: PriceDigits) -> Self {
        Self(self.0.round_dp_with_strategy(digits.get(), RoundingStrategy::MidpointAwayFromZero).normalize())
    }

    /// The float that Odoo's JSON takes: the one nearest to the decimal, which JSON then writes in its shortest form.
    ///
    /// # Errors
    /// [`PriceError::TooLarge`] when |price|·10^decimals ≥ 10^15, so that the way there and back is exact for all others. (2^53
    /// would not do: 560361350929.3111 and its neighbour …3112 are one float.) Odoo rounds to all the decimals that it keeps,
    /// whatever the price has; where it keeps any number of them it does not round, and the price's own count.
    pub fn to_odoo(self, digits: PriceDigits) -> Result<f64, PriceError> {
        const LIMIT: Decimal = Decimal::from_parts(0xa4c6_8000, 0x3_8d7e, 0, false, 0); // 10^15
        let decimals = digits.0.unwrap_or(self.0.scale());
        let scaled = Decimal::from_i128_with_scale(10_i128.pow(decimals), 0).checked_mul(self.0);
        let too_large = || PriceError::TooLarge(self, decimals);
        if scaled.is_none_or(|s| s >= LIMIT) {
            return Err(too_large());
        }
        // Through text: Rust's parser gives the nearest float, a conversion by division may be one off.
        self.0.to_string().parse().map_err(|_| too_large())
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

/// How many decimals of a price Odoo keeps: `fields_get(['list_price'], ['digits'])`; two by default up to 18, and what
/// *Product Price* says in its decimal accuracies. 19 has no limit of its own: then all that the source has count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<u32>")]
pub struct PriceDigits(Option<u32>);

impl From<Option<u32>> for PriceDigits {
    fn from(digits: Option<u32>) -> Self {
        Self::from_odoo(digits)
    }
}

impl PriceDigits {
    /// The source's own precision: no price is read with more decimals.
    pub const SOURCE: Self = Self(None);
    const MOST: u32 = 10;

    /// From Odoo's answer; more than the source can have make no difference.
    #[must_use]
    pub fn from_odoo(digits: Option<u32>) -> Self {
        Self(digits.map(|d| d.min(Self::MOST)))
    }

    /// The number of decimals, at most.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.unwrap_or(Self::MOST)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(text: &str) -> Price {
        Price::parse(text).unwrap()
    }

    #[test]
    fn one_text_per_value() {
        assert_eq!(price("19.9900").to_string(), "19.99");
        assert_eq!(price("100").to_string(), "100");
        assert_eq!(price("-0.00").to_string(), "0");
    }

    #[test]
    fn odd_texts_are_refused() {
        for bad in ["", "NaN", "1e5", " 1", "1,5", "Infinity", "1-2"] {
            assert!(matches!(Price::parse(bad), Err(PriceError::Malformed(_))), "{bad:?}");
        }
        assert!(matches!(Price::parse("-0.01"), Err(PriceError::Negative(_))));
    }

    #[test]
    fn rounds_half_away_from_zero() {
        let two = PriceDigits::from_odoo(Some(2));
        for (given, kept) in [("0.005", "0.01"), ("9.9955", "10"), ("2.675", "2.68"), ("0.0049", "0")] {
            assert_eq!(price(given).rounded(two), price(kept), "{given}");
        }
    }

    #[test]
    fn the_limit_of_a_float_is_refused() {
        let two = PriceDigits::from_odoo(Some(2));
        assert_eq!(price("9999999999999.99").to_odoo(two), Ok(9_999_999_999_999.99));
        assert!(matches!(price("10000000000000").to_odoo(two), Err(PriceError::TooLarge(..))));
        assert!(matches!(price("922337203685477.5807").to_odoo(PriceDigits::SOURCE), Err(PriceError::TooLarge(..))));
        // Six decimals leave nine digits before the point; without a limit only the price's own count.
        let six = PriceDigits::from_odoo(Some(6));
        assert_eq!(price("999999999.000015").to_odoo(six), Ok(999_999_999.000_015));
        assert!(matches!(price("1000000000").to_odoo(six), Err(PriceError::TooLarge(..))));
        assert_eq!(price("1000000000").to_odoo(PriceDigits::SOURCE), Ok(1e9));
        assert_eq!(price("0.0000000001").to_odoo(PriceDigits::SOURCE), Ok(1e-10));
    }

    proptest! {
        #[test]
        fn the_text_in_a_buffer_is_the_text(mantissa in 0_i128..1 << 96, small in any::<u64>(), scale in 0_u32..=28) {
            for units in [mantissa, i128::from(small), i128::from(small % 100_000)] {
                let price = Price::new(Decimal::from_i128_with_scale(units, scale)).unwrap();
                let mut text = "before ".to_owned();
                price.write_text(&mut text);
                prop_assert_eq!(text, format!("before {price}"));
            }
        }

        /// Every price below the limit survives the way to JSON and back, at every precision.
        #[test]
        fn exact_there_and_back(units in 0_i64..1_000_000_000_000_000, decimals in 0_u32..=10, limited in any::<bool>()) {
            let digits = PriceDigits::from_odoo(limited.then_some(decimals));
            let original = Price::new(Decimal::new(units, decimals)).unwrap();
            let json = serde_json::to_string(&original.to_odoo(digits).unwrap()).unwrap();
            let back: f64 = serde_json::from_str(&json).unwrap();
            let text = format!("{back:.*}", decimals as usize);
            prop_assert_eq!(Price::parse(&text).unwrap(), original);
        }
    }
}
