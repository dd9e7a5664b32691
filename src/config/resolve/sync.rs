//! `[sync]` → [`SyncSettings`]. The defaults are the planner's own.

use rust_decimal::Decimal;

use super::super::document::Document;
use super::super::file;
use super::super::settings::SyncSettings;
use super::{Result, Section};
use crate::plan::{GuardLimits, Limit, Policy, PriceLimit};

pub(super) fn resolve(document: &Document, raw: file::Sync) -> Result<SyncSettings> {
    let section = Section { document, path: vec!["sync"] };
    let default = Policy::default();
    let match_rules = match raw.match_rules {
        None => default.match_rules,
        Some(rules) => {
            let mut sorted = rules.clone();
            sorted.sort_unstable();
            sorted.dedup();
            if sorted.len() != rules.len() {
                return Err(section.value_error("match", "a rule is there twice"));
            }
            rules.into_iter().map(Into::into).collect()
        }
    };
    let prices = section.child("max_price_change");
    let not_negative = |key, number: Option<file::Number>, default| match number {
        Some(file::Number(n)) if n < Decimal::ZERO => Err(prices.value_error(key, format!("{n} is negative"))),
        number => Ok(number.map_or(default, |n| n.0.normalize())),
    };
    let max_price_change = PriceLimit {
        percent: not_negative("percent", raw.max_price_change.percent, default.max_price_change.percent)?,
        amount: not_negative("amount", raw.max_price_change.amount, default.max_price_change.amount)?,
    };
    let sharing = section.number(
        "max_products_per_barcode",
        raw.max_products_per_barcode,
        i64::try_from(default.max_products_per_barcode).unwrap_or(i64::MAX),
        1..=1_000_000_000,
    )?;
    let guards = section.child("guards");
    let limit = |key, raw: file::Limit, default: Limit| -> Result<Limit> {
        let section = guards.child(key);
        let count =
            section.number("count", raw.count, i64::try_from(default.count).unwrap_or(i64::MAX), 0..=1_000_000_000)?;
        let percent = section.number("percent", raw.percent, default.percent.into(), 0..=1_000_000)?;
        Ok(Limit {
            count: usize::try_from(count).unwrap_or(usize::MAX),
            percent: u32::try_from(percent).unwrap_or(u32::MAX),
        })
    };
    Ok(SyncSettings {
        name: raw.name.map_or(default.name, Into::into),
        price: raw.price.map_or(default.price, Into::into),
        barcode: raw.barcode.map_or(default.barcode, Into::into),
        match_rules,
        missing: raw.missing.map_or(default.missing, Into::into),
        extra_barcodes: raw.extra_barcodes.map_or(default.extra_barcodes, Into::into),
        new_without_price: raw.new_without_price.map_or(default.new_without_price, Into::into),
        max_price_change,
        max_products_per_barcode: usize::try_from(sharing).unwrap_or(usize::MAX),
        guards: GuardLimits {
            max_create: limit("max_create", raw.guards.max_create, default.guards.max_create)?,
            max_release: limit("max_release", raw.guards.max_release, default.guards.max_release)?,
            max_replace: limit("max_replace", raw.guards.max_replace, default.guards.max_replace)?,
            max_archive: limit("max_archive", raw.guards.max_archive, default.guards.max_archive)?,
            max_changes: limit("max_changes", raw.guards.max_changes, default.guards.max_changes)?,
            max_price_jumps: limit("max_price_jumps", raw.guards.max_price_jumps, default.guards.max_price_jumps)?,
            max_prices_gone: limit("max_prices_gone", raw.guards.max_prices_gone, default.guards.max_prices_gone)?,
            max_unreadable: limit("max_unreadable", raw.guards.max_unreadable, default.guards.max_unreadable)?,
            max_orphans: limit("max_orphans", raw.guards.max_orphans, default.guards.max_orphans)?,
        },
        lease: section.seconds("lease_seconds", raw.lease_seconds, 300, 60..=3600)?,
        lock_file: section.path("lock_file", raw.lock_file)?,
        status_for_open: raw.status_for_open.map(Into::into).unwrap_or_default(),
    })
}
