//! Exact decimals of up to 38 digits, kept in the store as canonical text.
//!
//! Never a float: `922337203685477.5807` has to come out as it went in.

use std::cmp::Ordering;

/// `units / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dec {
    pub units: i128,
    pub scale: u8,
}

impl Dec {
    /// Reads `[+-]digits[.digits]`, surrounded by blanks or not; `None` for anything else or beyond 38 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(' ');
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() + fraction.len() == 0 {
            return None;
        }
        let mut units: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return None;
            }
            units = units.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
        }
        (digits_of(units) <= 38 && fraction.len() <= 38)
            .then_some(Self { units: if negative { -units } else { units }, scale: fraction.len() as u8 })
    }

    /// Changes the number of decimals; what is cut off rounds half away from zero, as SQL Server does.
    pub fn rescale(self, scale: u8) -> Option<Self> {
        let units = if scale >= self.scale {
            self.units.checked_mul(pow10(u32::from(scale - self.scale))?)?
        } else {
            let divisor = pow10(u32::from(self.scale - scale))?;
            let (quotient, rest) = (self.units / divisor, self.units % divisor);
            // Not `rest * 2 >= divisor`: that overflows at 38 digits.
            if rest.unsigned_abs() >= (divisor / 2).unsigned_abs() { quotient + self.units.signum() } else { quotient }
        };
        Some(Self { units, scale })
    }

    /// The digits that count, without sign and leading zeros.
    pub fn digits(self) -> u8 {
        digits_of(self.units)
    }

    pub fn trunc(self) -> i128 {
        pow10(u32::from(self.scale)).map_or(0, |divisor| self.units / divisor)
    }

    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    pub fn compare(self, other: Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.rescale(scale), other.rescale(scale)) {
            (Some(a), Some(b)) => a.units.cmp(&b.units),
            // Beyond 38 digits the whole parts differ by far more than the rounding.
            _ => self.trunc().cmp(&other.trunc()).then(self.to_f64().total_cmp(&other.to_f64())),
        }
    }
}

impl std::fmt::Display for Dec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let digits = self.units.unsigned_abs().to_string();
        let scale = usize::from(self.scale);
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

fn digits_of(units: i128) -> u8 {
    units.unsigned_abs().checked_ilog10().map_or(1, |log| log as u8 + 1)
}

fn pow10(exponent: u32) -> Option<i128> {
    10i128.checked_pow(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_unchanged() {
        for text in ["0", "9.9955", "-0.0001", "922337203685477.5807", "99999999999999999999999999999999999999"] {
            assert_eq!(Dec::parse(text).unwrap().to_string(), text);
        }
        for text in ["", ".", "1e3", "1,5", "--1", "1.2.3"] {
            assert_eq!(Dec::parse(text), None, "{text}");
        }
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        for (text, scale, want) in
            [("9.9955", 2, "10.00"), ("-1.005", 2, "-1.01"), ("1.004", 2, "1.00"), ("0.5", 0, "1")]
        {
            let got = Dec::parse(text).unwrap().rescale(scale).unwrap();
            assert_eq!(got.to_string(), want);
        }
    }

    #[test]
    fn order_is_by_value_not_by_text() {
        let value = |text| Dec::parse(text).unwrap();
        assert_eq!(value("10").compare(value("9.5")), Ordering::Greater);
        assert_eq!(value("-10").compare(value("-9.5")), Ordering::Less);
        assert_eq!(value("1.50").compare(value("1.5")), Ordering::Equal);
    }
}
