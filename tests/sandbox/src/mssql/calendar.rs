//! Dates and times of the proleptic Gregorian calendar, as SQL Server counts them: days since 0001-01-01 and
//! 100-nanosecond ticks since midnight. Stored as text of fixed width, so that text order is time order.

/// Ticks (100 ns) of a day.
pub(super) const TICKS_PER_DAY: u64 = 864_000_000_000;
/// Days from 0001-01-01 to 1900-01-01, the origin of `datetime`.
pub(super) const DAYS_TO_1900: i64 = 693_595;
/// Days from 0001-01-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_162;

/// A moment without a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Days since 0001-01-01.
    pub days: i64,
    /// 100-nanosecond ticks since midnight.
    pub ticks: u64,
}

impl Moment {
    /// The machine's clock, UTC.
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let seconds = since.as_secs();
        Self {
            days: DAYS_TO_1970 + (seconds / 86_400) as i64,
            ticks: (seconds % 86_400) * 10_000_000 + u64::from(since.subsec_nanos() / 100),
        }
    }

    /// `YYYY-MM-DD` or `YYYYMMDD`, then optionally a blank or `T` and `HH:MM[:SS[.fffffff]]`; a time alone is on 1900-01-01.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, time) = match text.split_once(['T', ' ']) {
            Some((date, time)) => (Some(date), time.trim_end_matches('Z')),
            None if text.contains(':') => (None, text),
            None => (Some(text), "00:00"),
        };
        let days = match date {
            None => DAYS_TO_1900,
            Some(date) if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) => {
                days_of(number(&date[..4])?, number(&date[4..6])?, number(&date[6..])?)?
            }
            Some(date) => {
                let mut parts = date.split('-');
                let days = days_of(number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?)?;
                if parts.next().is_some() {
                    return None;
                }
                days
            }
        };
        let mut parts = time.split(':');
        let (hours, minutes) = (number(parts.next()?)?, number(parts.next()?)?);
        let (seconds, fraction) = match parts.next() {
            None => (0, 0),
            Some(rest) => {
                let (seconds, fraction) = rest.split_once('.').unwrap_or((rest, ""));
                if fraction.len() > 7 {
                    return None;
                }
                let ticks = if fraction.is_empty() {
                    0
                } else {
                    number(fraction)? as u64 * 10u64.pow(7 - fraction.len() as u32)
                };
                (number(seconds)?, ticks)
            }
        };
        (hours < 24 && minutes < 60 && seconds < 60 && parts.next().is_none())
            .then_some(Self { days, ticks: (hours * 3_600 + minutes * 60 + seconds) as u64 * 10_000_000 + fraction })
    }

    /// Rounds to `scale` decimals of a second; a carry goes into the day.
    pub fn round(self, scale: u8) -> Self {
        let unit = 10u64.pow(u32::from(7 - scale.min(7)));
        self.rounded_ticks((self.ticks + unit / 2) / unit * unit)
    }

    /// Rounds to the 1/300 s of `datetime`.
    pub fn round_300ths(self) -> Self {
        let units = self.three_hundredths();
        self.rounded_ticks((units * 100_000).div_ceil(3))
    }

    /// 1/300 s since midnight.
    pub fn three_hundredths(self) -> u64 {
        (self.ticks * 3 + 50_000) / 100_000
    }

    /// Rounds to the minute of `smalldatetime` (29.998 s down).
    pub fn round_minute(self) -> Self {
        self.rounded_ticks((self.ticks + 300_000_000 + 10_000) / 600_000_000 * 600_000_000)
    }

    fn rounded_ticks(self, ticks: u64) -> Self {
        Self { days: self.days + (ticks / TICKS_PER_DAY) as i64, ticks: ticks % TICKS_PER_DAY }
    }

    pub fn date_text(self) -> String {
        let (year, month, day) = civil(self.days);
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// `HH:MM:SS` and `scale` decimals.
    pub fn time_text(self, scale: u8) -> String {
        let seconds = self.ticks / 10_000_000;
        let text = format!(
            "{:02}:{:02}:{:02}.{:07}",
            seconds / 3_600,
            seconds / 60 % 60,
            seconds % 60,
            self.ticks % 10_000_000
        );
        let length = if scale == 0 { 8 } else { 9 + usize::from(scale.min(7)) };
        text[..length].to_owned()
    }

    pub fn text(self, scale: u8) -> String {
        let rounded = self.round(scale);
        format!("{} {}", rounded.date_text(), rounded.time_text(scale))
    }

    /// Style 0 of CONVERT: `Nov 22 2026  8:05PM`.
    pub fn style0(self) -> String {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (year, month, day) = civil(self.days);
        let minutes = self.ticks / 600_000_000;
        let (hour, minute) = (minutes / 60, minutes % 60);
        format!(
            "{} {day:>2} {year} {:>2}:{minute:02}{}",
            MONTHS[month as usize - 1],
            if hour % 12 == 0 { 12 } else { hour % 12 },
            if hour < 12 { "AM" } else { "PM" }
        )
    }
}

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.len() <= 7 && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_before_year(year: i64) -> i64 {
    let y = year - 1;
    y * 365 + y / 4 - y / 100 + y / 400
}

fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=month_length(year, month)).contains(&day) {
        return None;
    }
    let months: i64 = (1..month).map(|m| month_length(year, m)).sum();
    Some(days_before_year(year) + months + day - 1)
}

fn civil(days: i64) -> (i64, i64, i64) {
    let mut year = days / 366 + 1;
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    let mut rest = days - days_before_year(year);
    let mut month = 1;
    while rest >= month_length(year, month) {
        rest -= month_length(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (text, days) in
            [("0001-01-01", 0), ("1900-01-01", DAYS_TO_1900), ("1970-01-01", DAYS_TO_1970), ("9999-12-31", 3_652_058)]
        {
            let moment = Moment::parse(text).unwrap();
            assert_eq!(moment.days, days, "{text}");
            assert_eq!(moment.date_text(), text);
        }
        assert_eq!(Moment::parse("2025-02-29"), None);
        assert_eq!(Moment::parse("20240229").unwrap().date_text(), "2024-02-29");
    }

    #[test]
    fn times_round_as_their_types_do() {
        let moment = Moment::parse("2026-12-31T23:59:59.9999999").unwrap();
        assert_eq!(moment.text(7), "2026-12-31 23:59:59.9999999");
        assert_eq!(moment.round(3).text(3), "2027-01-01 00:00:00.000");
        let moment = Moment::parse("2026-11-22 20:05:32.125").unwrap();
        assert_eq!(moment.round_300ths().text(3), "2026-11-22 20:05:32.127");
        assert_eq!(moment.style0(), "Nov 22 2026  8:05PM");
    }
}
