//! The rules that a person chooses: which side owns a field, how existing products are recognised, how much may change.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::catalog::{ExternalId, MatchRule, Precedence};

/// Who wins when somebody edited in Odoo a field that the source owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldPolicy {
    /// The source: the edit is put back.
    #[default]
    Source,
    /// Odoo: the edit stays.
    Odoo,
    /// Nobody: the change waits for a person.
    Ask,
}

/// What becomes of a new product that has no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewWithoutPrice {
    /// It waits until the source has a price.
    #[default]
    Defer,
    /// It is created with price zero and cannot be sold.
    Unsaleable,
}

/// What becomes of linked products that the source no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingPolicy {
    /// They stay as they are, and are reported.
    #[default]
    Keep,
    /// They are archived, and reactivated when the source has them again; never deleted.
    Archive,
}

/// What becomes of the further barcodes of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExtraBarcodes {
    /// They stay on the link, for people to read.
    #[default]
    Keep,
    /// They become packaging barcodes (Odoo up to 18) or unit barcodes (19), so that they scan.
    Packaging,
}

/// How far one price may move in one run: beyond both limits it waits. To zero it always waits, and from zero `amount`
/// alone counts; a product's first price is no move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceLimit {
    /// In percent of the old price.
    pub percent: Decimal,
    /// In the currency.
    pub amount: Decimal,
}

/// A guard's limit: a run is refused when *both* are exceeded, so that neither a tiny nor a huge catalogue trips at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// A number of products.
    pub count: usize,
    /// A share in percent, of the linked products where nothing else is said.
    pub percent: u32,
}

impl Limit {
    /// Is `n` of `total` too many?
    #[must_use]
    pub fn is_exceeded(self, n: usize, total: usize) -> bool {
        n > self.count && (n as u128) * 100 > u128::from(self.percent) * (total as u128)
    }
}

/// The guards' limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardLimits {
    /// New products.
    pub max_create: Limit,
    /// Barcodes taken away without another in their place, those on packagings and units among them.
    pub max_release: Limit,
    /// Barcodes of products that have another one put in their place.
    pub max_replace: Limit,
    /// Products archived because the source no longer has them.
    pub max_archive: Limit,
    /// Linked products that change in any way.
    pub max_changes: Limit,
    /// Prices beyond the price limit.
    pub max_price_jumps: Limit,
    /// Prices that the source no longer has.
    pub max_prices_gone: Limit,
    /// Rows of the source that cannot be read; the share is one of the rows that came.
    pub max_unreadable: Limit,
    /// Barcode rows without a product, of all barcode rows: beyond it no product loses its barcode.
    pub max_orphans: Limit,
}

/// What the command line lets through in this one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowances {
    /// `--first-run`
    pub first_run: bool,
    /// `--allow-create`
    pub create: bool,
    /// `--allow-release`
    pub release: bool,
    /// `--allow-replace`
    pub replace: bool,
    /// `--allow-archive`
    pub archive: bool,
    /// `--allow-changes`
    pub changes: bool,
    /// `--allow-price-change`
    pub price_change: bool,
    /// `--allow-prices-gone`
    pub prices_gone: bool,
    /// `--allow-unreadable`
    pub unreadable: bool,
    /// `--allow-empty-source`
    pub empty_source: bool,
    /// `--allow-no-barcodes`
    pub no_barcodes: bool,
}

/// Everything a person chooses about planning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// For names.
    pub name: FieldPolicy,
    /// For prices.
    pub price: FieldPolicy,
    /// For barcodes.
    pub barcode: FieldPolicy,
    /// The sources whose word counts before this one's where they have the same product.
    pub precedence: Precedence,
    /// In this order; the first rule that finds something decides.
    pub match_rules: Vec<MatchRule>,
    /// See [`NewWithoutPrice`].
    pub new_without_price: NewWithoutPrice,
    /// See [`MissingPolicy`].
    pub missing: MissingPolicy,
    /// See [`ExtraBarcodes`].
    pub extra_barcodes: ExtraBarcodes,
    /// The source has barcodes; otherwise Odoo's are nobody's business.
    pub barcodes: bool,
    /// How far one price may move.
    pub max_price_change: PriceLimit,
    /// A barcode that more products list is asked about once, whether it is one.
    pub max_products_per_barcode: usize,
    /// The most barcode moves that may depend on each other in one transaction.
    pub max_component: usize,
    /// The guards' limits.
    pub guards: GuardLimits,
    /// What this run lets through.
    pub allow: Allowances,
}

impl Default for Policy {
    /// Safe for a live shop.
    fn default() -> Self {
        Self {
            name: FieldPolicy::Source,
            price: FieldPolicy::Source,
            barcode: FieldPolicy::Source,
            precedence: Precedence::default(),
            match_rules: vec![MatchRule::Barcode],
            new_without_price: NewWithoutPrice::Defer,
            missing: MissingPolicy::Keep,
            extra_barcodes: ExtraBarcodes::Keep,
            barcodes: true,
            max_price_change: PriceLimit { percent: Decimal::from(50), amount: Decimal::from(10) },
            max_products_per_barcode: 5,
            max_component: 1000,
            guards: GuardLimits {
                max_create: Limit { count: 100, percent: 10 },
                max_release: Limit { count: 20, percent: 2 },
                max_replace: Limit { count: 20, percent: 5 },
                max_archive: Limit { count: 20, percent: 2 },
                max_changes: Limit { count: 500, percent: 50 },
                max_price_jumps: Limit { count: 20, percent: 5 },
                max_prices_gone: Limit { count: 20, percent: 2 },
                max_unreadable: Limit { count: 20, percent: 10 },
                max_orphans: Limit { count: 20, percent: 5 },
            },
            allow: Allowances::default(),
        }
    }
}

/// Which products of the source a run works on. The others are still read: their claims count, and they keep what they
/// have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scope {
    /// All.
    #[default]
    All,
    /// Only these.
    Only(BTreeSet<ExternalId>),
}

impl Scope {
    /// Does the run work on this id?
    #[must_use]
    pub fn contains(&self, id: &ExternalId) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_needs_both_count_and_share() {
        let limit = Limit { count: 10, percent: 5 };
        assert!(!limit.is_exceeded(10, 20), "at the count");
        assert!(!limit.is_exceeded(11, 1000), "a small share");
        assert!(!limit.is_exceeded(50, 1000), "at the share");
        assert!(limit.is_exceeded(51, 1000));
        assert!(limit.is_exceeded(11, 0), "everything is more than a share of nothing");
    }
}
