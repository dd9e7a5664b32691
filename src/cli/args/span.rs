//! Spans of time as they are typed: `90s`, `50m`, `2h`. Pure.

use std::time::Duration;

/// A span from ten seconds to a week: less would not even connect, more is none.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let span = [("s", 1), ("m", 60), ("h", 3600)].into_iter().find_map(|(unit, seconds)| {
        let digits = text.trim().strip_suffix(unit)?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().and_then(|n: u64| n.checked_mul(seconds))
    });
    let seconds = span.ok_or("give a time such as 90s, 50m or 2h")?;
    if (10..=604_800).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err("give 10 seconds to 7 days (168h)".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (text, seconds) in [("10s", 10), ("90s", 90), (" 50m ", 3000), ("2h", 7200), ("168h", 604_800)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text:?}");
        }
        for text in ["", "s", "50", "1.5h", "-5m", "5 m", "5d", "+5m", "١m", "99999999999999999999h"] {
            assert!(parse(text).unwrap_err().contains("such as"), "{text:?}");
        }
        for text in ["9s", "0h", "169h", "999999999999999h"] {
            assert!(parse(text).unwrap_err().contains("7 days"), "{text:?}");
        }
    }
}
