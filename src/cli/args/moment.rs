//! Moments as they are typed: how long ago, a date, a date with a time, RFC 3339. Pure: the zone and now are arguments.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};

use crate::catalog::Moment;

/// What may be typed, for messages.
pub(super) const FORMS: &str =
    "7d (also 30m, 12h, 2w), 2026-11-01, \"2026-11-01 14:30\", 2026-11-01T14:30:00 or 2026-11-01T14:30:00+03:00";

/// Years that make sense, and that Odoo's database takes in any zone.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=9998;

/// The first moment of a period that begins then.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn since<Tz: TimeZone>(text: &str, now: &DateTime<Tz>) -> Result<Moment, String> {
    Ok(match parse(text.trim(), now)? {
        Typed::Moment(moment) => moment,
        Typed::Day(date) => start_of(date, now)?,
    })
}

/// The moment after a period that ends then, a whole day or second included.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn until<Tz: TimeZone>(text: &str, now: &DateTime<Tz>) -> Result<Moment, String> {
    Ok(match parse(text.trim(), now)? {
        Typed::Moment(moment) => Moment(moment.0 + 1),
        Typed::Day(date) => start_of(date.succ_opt().ok_or_else(out_of_range)?, now)?,
    })
}

enum Typed {
    Moment(Moment),
    Day(NaiveDate),
}

fn parse<Tz: TimeZone>(text: &str, now: &DateTime<Tz>) -> Result<Typed, String> {
    if let Some(span) = span(text) {
        let then = span.and_then(|span| now.clone().checked_sub_signed(span)).ok_or_else(out_of_range)?;
        in_range(then.year())?;
        return Ok(Typed::Moment(Moment(then.timestamp())));
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        in_range(date.year())?;
        return Ok(Typed::Day(date));
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        in_range(moment.year())?;
        return Ok(Typed::Moment(Moment(moment.timestamp())));
    }
    for format in ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"] {
        if let Ok(local) = NaiveDateTime::parse_from_str(text, format) {
            in_range(local.year())?;
            let zoned = now.timezone().from_local_datetime(&local).earliest();
            let zoned = zoned.ok_or("clocks here are put forward then, so that there is no such time".to_owned())?;
            return Ok(Typed::Moment(Moment(zoned.timestamp())));
        }
    }
    Err(format!("no time is written so; give {FORMS}"))
}

/// `7d`; `None` for a text of another form, `Some(None)` for one that is too long ago.
fn span(text: &str) -> Option<Option<TimeDelta>> {
    let (digits, seconds) = [("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: Option<i64> = digits.parse().ok();
    Some(number.and_then(|n| n.checked_mul(seconds)).and_then(TimeDelta::try_seconds))
}

/// Midnight, or the first moment after it where clocks are put forward at midnight.
fn start_of<Tz: TimeZone>(date: NaiveDate, now: &DateTime<Tz>) -> Result<Moment, String> {
    let midnight = date.and_time(NaiveTime::MIN);
    let quarters = (0..12).map(|quarter| midnight + TimeDelta::minutes(15 * quarter));
    let first = quarters.filter_map(|local| now.timezone().from_local_datetime(&local).earliest()).next();
    first.map(|moment| Moment(moment.timestamp())).ok_or_else(out_of_range)
}

fn in_range(year: i32) -> Result<(), String> {
    if YEARS.contains(&year) { Ok(()) } else { Err(out_of_range()) }
}

fn out_of_range() -> String {
    format!("the year must be {} to {}", YEARS.start(), YEARS.end())
}

#[cfg(test)]
mod tests {
    use chrono::{FixedOffset, MappedLocalTime, Offset};

    use super::*;

    /// At +05:00 until 2026-11-01, when clocks go forward from 00:00 to 01:00; back from 02:00 to 01:00 on the 8th.
    #[derive(Clone, Copy)]
    struct Shifty;

    fn hours(n: i32) -> FixedOffset {
        FixedOffset::east_opt(n * 3600).unwrap()
    }

    impl TimeZone for Shifty {
        type Offset = FixedOffset;
        fn from_offset(_: &FixedOffset) -> Self {
            Self
        }
        fn offset_from_local_date(&self, date: &NaiveDate) -> MappedLocalTime<FixedOffset> {
            self.offset_from_local_datetime(&date.and_time(NaiveTime::MIN))
        }
        fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<FixedOffset> {
            let at = |text| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
            if *local < at("2026-11-01 00:00") {
                MappedLocalTime::Single(hours(5))
            } else if *local < at("2026-11-01 01:00") {
                MappedLocalTime::None
            } else if *local < at("2026-11-08 01:00") {
                MappedLocalTime::Single(hours(6))
            } else if *local < at("2026-11-08 02:00") {
                MappedLocalTime::Ambiguous(hours(6), hours(5))
            } else {
                MappedLocalTime::Single(hours(5))
            }
        }
        fn offset_from_utc_date(&self, _: &NaiveDate) -> FixedOffset {
            hours(5).fix()
        }
        fn offset_from_utc_datetime(&self, _: &NaiveDateTime) -> FixedOffset {
            hours(5).fix()
        }
    }

    fn utc(text: &str) -> Moment {
        Moment(DateTime::parse_from_rfc3339(text).unwrap().timestamp())
    }

    fn now() -> DateTime<Shifty> {
        DateTime::parse_from_rfc3339("2026-11-22T12:00:00Z").unwrap().with_timezone(&Shifty)
    }

    #[test]
    fn beginnings() {
        for (text, wanted) in [
            ("7d", "2026-11-15T12:00:00Z"),
            ("12h", "2026-11-22T00:00:00Z"),
            ("30m", "2026-11-22T11:30:00Z"),
            ("2w", "2026-11-08T12:00:00Z"),
            ("0m", "2026-11-22T12:00:00Z"),
            ("2026-10-05", "2026-10-04T19:00:00Z"),
            (" 2026-10-05 ", "2026-10-04T19:00:00Z"),
            ("2026-11-01", "2026-10-31T19:00:00Z"),
            ("2026-10-05 14:30", "2026-10-05T09:30:00Z"),
            ("2026-10-05T14:30:07", "2026-10-05T09:30:07Z"),
            ("2026-11-08 01:30", "2026-11-07T19:30:00Z"),
            ("2026-10-05T14:30:00+03:00", "2026-10-05T11:30:00Z"),
            ("2026-10-05T14:30:00.5Z", "2026-10-05T14:30:00Z"),
        ] {
            assert_eq!(since(text, &now()), Ok(utc(wanted)), "{text}");
        }
    }

    #[test]
    fn ends_include_what_is_named() {
        for (text, wanted) in [
            ("2026-10-05", "2026-10-05T19:00:00Z"),
            // This day has 23 hours.
            ("2026-11-01", "2026-11-01T18:00:00Z"),
            ("2026-10-05 14:30", "2026-10-05T09:30:01Z"),
            ("1h", "2026-11-22T11:00:01Z"),
        ] {
            assert_eq!(until(text, &now()), Ok(utc(wanted)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        for text in
            ["", "d", "7", "7y", "-7d", "7 d", "+7d", "yesterday", "2026-13-01", "2026-02-30", "01.11.2026", "14:30"]
        {
            let message = since(text, &now()).unwrap_err();
            assert!(message.contains("2026-11-01T14:30:00+03:00"), "{text}: {message}");
        }
        for text in
            ["99999999999999999999d", "9999999999999w", "300000w", "0001-01-01", "9999-12-31", "1899-12-31 10:00"]
        {
            assert!(until(text, &now()).unwrap_err().contains("1900 to 9998"), "{text}");
        }
        assert!(since("2026-11-01 00:30", &now()).unwrap_err().contains("put forward"));
    }
}
