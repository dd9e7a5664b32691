//! Flags of `prune`.

use clap::ValueEnum;

use crate::commands::prune::{Format, Keep, Request};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Prune {
    /// How long records are kept: so many months (24m), years (2y) or days (90d), at least 28 days
    #[arg(long, value_name = "TIME", value_parser = keep)]
    keep: Keep,
    /// Count what would go, and delete nothing
    #[arg(long)]
    dry_run: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    /// For people
    Text,
    /// One document
    Json,
}

impl Prune {
    pub(in crate::cli) fn request(&self) -> Request {
        let format = match self.format {
            FormatArg::Text => Format::Text,
            FormatArg::Json => Format::Json,
        };
        Request { keep: self.keep, dry_run: self.dry_run, format }
    }
}

/// A century is more than anybody keeps.
const MOST_MONTHS: u32 = 1200;
const MOST_DAYS: u32 = 36_500;

/// A month has 28 days at least: less is not pruned.
const LEAST_DAYS: u32 = 28;

fn keep(text: &str) -> Result<Keep, String> {
    let forms = || "give a time such as 24m (months), 2y or 90d".to_owned();
    let text = text.trim();
    let unit = text.chars().next_back().filter(|unit| matches!(unit, 'm' | 'y' | 'd')).ok_or_else(forms)?;
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(forms());
    }
    let number: u32 = digits.parse().unwrap_or(u32::MAX);
    let keep = match unit {
        'm' => Keep::Months(number),
        'y' => Keep::Months(number.saturating_mul(12)),
        _ => Keep::Days(number),
    };
    match keep {
        Keep::Months(1..=MOST_MONTHS) | Keep::Days(LEAST_DAYS..=MOST_DAYS) => Ok(keep),
        Keep::Months(_) | Keep::Days(_) => Err("give 28 days (28d) to 100 years".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, wanted) in [
            ("24m", Keep::Months(24)),
            (" 1m ", Keep::Months(1)),
            ("2y", Keep::Months(24)),
            ("100y", Keep::Months(1200)),
            ("28d", Keep::Days(28)),
            ("730d", Keep::Days(730)),
        ] {
            assert_eq!(keep(text), Ok(wanted), "{text:?}");
        }
        for text in ["", "m", "24", "24 m", "-1m", "+1m", "1.5y", "3w", "24M", "١m", "чm", "24ч"] {
            assert!(keep(text).unwrap_err().contains("such as"), "{text:?}");
        }
        for text in ["0m", "0y", "27d", "0d", "101y", "1201m", "99999999999999999999d"] {
            assert!(keep(text).unwrap_err().contains("28 days"), "{text:?}");
        }
    }
}
