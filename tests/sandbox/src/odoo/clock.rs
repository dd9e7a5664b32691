//! The stand-in's time: UTC as PostgreSQL writes it, with microseconds, so that texts compare as times do.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

const FORMAT: &str = "%Y-%m-%d %H:%M:%S%.6f";

/// A time as a column holds it.
pub(super) fn text(time: DateTime<Utc>) -> String {
    time.format(FORMAT).to_string()
}

/// That time and some seconds.
pub(super) fn later(time: &str, seconds: i64) -> String {
    let parsed = NaiveDateTime::parse_from_str(time, FORMAT).expect("written by this module");
    (parsed + TimeDelta::seconds(seconds)).format(FORMAT).to_string()
}

/// Seconds since 1970; zero for what is no time.
pub(super) fn epoch(time: &str) -> i64 {
    let whole = time.get(..19).unwrap_or_default();
    NaiveDateTime::parse_from_str(whole, "%Y-%m-%d %H:%M:%S").map_or(0, |parsed| parsed.and_utc().timestamp())
}

/// The same without microseconds, as Odoo's own datetimes are.
pub(super) fn seconds(time: &str) -> String {
    time.get(..19).unwrap_or(time).to_owned()
}
