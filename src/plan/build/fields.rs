//! Names and prices of an existing product: three-way, with the policies, the limits and what people chose.
//!
//! Pure.

use rust_decimal::Decimal;

use crate::catalog::{Choice, DeferredKind, ExternalProduct, FieldSet, Link, Price, PriceDigits, Variant};

use super::super::action::{Deferred, LanguageName, LinkValues, NameChange, PriceChange, Reason};
use super::super::compare::{Facts, Verdict, adopted, three_way};
use super::super::decisions::Decisions;
use super::super::policy::{Policy, PriceLimit};
use super::deferred;

/// What the link remembers afterwards.
#[derive(Debug)]
pub(super) struct Remember {
    /// The values that change.
    pub values: LinkValues,
    /// Fields in which Odoo's value stands, as they will be.
    pub kept: FieldSet,
    /// Fields that another source owns, as they will be.
    pub overruled: FieldSet,
    kept_before: FieldSet,
    overruled_before: FieldSet,
}

impl Remember {
    pub fn new(link: Option<&Link>) -> Self {
        let kept = link.map(|l| l.kept).unwrap_or_default();
        let overruled = link.map(|l| l.overruled).unwrap_or_default();
        let (kept_before, overruled_before) = (kept, overruled);
        Self { values: LinkValues::default(), kept, overruled, kept_before, overruled_before }
    }

    pub fn finish(self) -> LinkValues {
        LinkValues {
            kept: (self.kept != self.kept_before).then_some(self.kept),
            overruled: (self.overruled != self.overruled_before).then_some(self.overruled),
            ..self.values
        }
    }

    /// Overruled fields of which the source says something new, or that another source did not own before.
    pub fn newly_overruled(&self) -> FieldSet {
        let (before, values) = (self.overruled_before, &self.values);
        FieldSet {
            name: !before.name || values.said_name.is_some(),
            price: !before.price || values.said_price.is_some(),
            barcode: !before.barcode || values.said_barcodes.is_some(),
        }
    }
}

/// What comparing fields needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub digits: PriceDigits,
    pub languages: &'a [String],
    pub policy: &'a Policy,
    pub decisions: &'a Decisions<'a>,
}

/// What comes of a field that may not simply be written.
enum Way {
    Write(Reason),
    /// What Odoo has is agreed to.
    Keep,
    Wait,
}

/// Another source owned the field of a linked product until now, or nobody, as no source had it: what Odoo has was not written
/// for this source, and what the source says counts as new.
pub(super) fn taken_over(link: Option<&Link>, variant: &Variant, overruled: fn(FieldSet) -> bool) -> bool {
    link.is_some_and(|l| overruled(l.overruled) || l.missing && !variant.sharers.is_empty())
}

impl Fields<'_> {
    pub fn name(
        &self,
        product: &ExternalProduct,
        variant: &Variant,
        link: Option<&Link>,
        remember: &mut Remember,
        waiting: &mut Vec<Deferred>,
    ) -> Option<NameChange> {
        let want = product.name.as_str();
        let same = variant.names.iter().all(|n| n == want);
        let source_changed = link.is_none_or(|l| l.said_name != want);
        let overruled = self.policy.precedence.of_name(&variant.sharers).is_some();
        let taken_over = taken_over(link, variant, |f| f.name);
        let verdict = match link {
            None => adopted(same, self.policy.name),
            Some(link) => {
                let is = |wrote: &String| variant.names.iter().all(|n| n == wrote);
                let by_another = taken_over && variant.sharers.iter().any(|s| is(&s.wrote_name));
                let odoo_edited = !is(&link.wrote_name) && !by_another;
                let source_changed = source_changed || taken_over;
                three_way(Facts { same, source_changed, odoo_edited, kept: link.kept.name }, self.policy.name)
            }
        };
        let mut handled = |wrote: Option<&str>, kept: bool| {
            remember.kept.name = kept;
            remember.overruled.name = overruled;
            remember.values.said_name = source_changed.then(|| want.to_owned());
            remember.values.wrote_name = wrote.filter(|w| link.is_none_or(|l| l.wrote_name != *w)).map(str::to_owned);
        };
        if overruled {
            handled(None, false);
            return None;
        }
        let way = match verdict {
            Verdict::Same => {
                handled(Some(want), false);
                return None;
            }
            Verdict::Leave => {
                handled(None, link.is_some_and(|l| l.kept.name) && !source_changed);
                return None;
            }
            Verdict::Ask => {
                let now = variant.names.join(" / ");
                let message = format!(
                    "name: Odoo has {now:?}, edited there; the source says {want:?}; the policy is to ask, so it stays"
                );
                self.ask(product, DeferredKind::Drift, "name", want, message, waiting)
            }
            Verdict::Write(reason) => Way::Write(reason),
        };
        let way = match way {
            Way::Write(_) if variant.siblings > 0 => self.shared_template(product, variant, "name", want, waiting),
            other => other,
        };
        match way {
            Way::Write(reason) => {
                handled(Some(want), false);
                let names = self.languages.iter().zip(&variant.names).filter(|(_, n)| *n != want);
                let language = |(l, n): (&String, &String)| LanguageName {
                    language: l.clone(),
                    old: n.clone(),
                    new: product.name.clone(),
                };
                Some(NameChange { languages: names.map(language).collect(), reason })
            }
            Way::Keep => {
                handled(variant.names.first().map(String::as_str), true);
                None
            }
            Way::Wait => {
                // While it waits, Odoo still has what another source wrote, and the next run is to ask the same.
                remember.overruled.name |= taken_over;
                None
            }
        }
    }

    /// What a person chose, or a deferred action.
    fn ask(
        &self,
        product: &ExternalProduct,
        kind: DeferredKind,
        field: &str,
        want: &str,
        message: String,
        waiting: &mut Vec<Deferred>,
    ) -> Way {
        match self.decisions.choice(&product.id, kind, field, want) {
            Some(Choice::Take) => Way::Write(Reason::Chosen),
            Some(Choice::Keep) => Way::Keep,
            _ => {
                waiting.push(deferred(product, kind, field, want.to_owned(), message));
                Way::Wait
            }
        }
    }

    fn shared_template(
        &self,
        product: &ExternalProduct,
        variant: &Variant,
        field: &str,
        want: &str,
        waiting: &mut Vec<Deferred>,
    ) -> Way {
        let message = format!(
            "{field} {want:?}: product {} has {} more variants that share its {field}; change it on the product in Odoo, or link a product without variants",
            variant.id, variant.siblings
        );
        self.ask(product, DeferredKind::SharedTemplate, field, want, message, waiting)
    }

    pub fn price(
        &self,
        product: &ExternalProduct,
        variant: &Variant,
        link: Option<&Link>,
        remember: &mut Remember,
        waiting: &mut Vec<Deferred>,
    ) -> Option<PriceChange> {
        if self.policy.precedence.of_price(&variant.sharers).is_some() {
            remember.kept.price = false;
            remember.overruled.price = true;
            let changed = link.is_none_or(|l| l.said_price != product.price) && !product.price_unreadable;
            remember.values.said_price = changed.then_some(product.price);
            return None;
        }
        if product.price_unreadable {
            return None;
        }
        let zero = |p: Price| p.rounded(self.digits).is_zero();
        if product.price.is_none_or(zero) {
            remember.overruled.price = false;
        }
        // It was created, or recognised, while the source said zero.
        let at_zero = |l: &Link| l.wrote_price.is_none() && l.said_price.is_some_and(zero);
        let never_had_one =
            link.is_none_or(|l| at_zero(l) || l.said_price.is_none() && l.wrote_price.is_none_or(Price::is_zero));
        let said = match (product.price, link) {
            (None, None) => return None,
            (None, Some(link)) => {
                self.price_gone(product, variant, link, remember, waiting);
                return None;
            }
            // Zero is no price yet where there was none before.
            (Some(said), _) if zero(said) && never_had_one => {
                let fresh = link.is_none_or(|l| l.said_price.is_none() && l.wrote_price.is_none());
                remember.values.said_price = fresh.then_some(Some(said));
                return None;
            }
            (Some(said), Some(link)) if zero(said) && link.said_price.is_none() => {
                self.price_gone(product, variant, link, remember, waiting);
                return None;
            }
            (Some(said), _) => said,
        };
        let digits = self.digits;
        let want = said.rounded(digits);
        let now = variant.rounded_price(digits);
        let same = now == Some(want);
        let source_changed = link.is_none_or(|l| l.said_price != Some(said));
        let taken_over = taken_over(link, variant, |f| f.price);
        let verdict = match link {
            None => adopted(same, self.policy.price),
            Some(link) => {
                // What is no price of ours (negative) was not written by us, even if we never wrote one.
                let ours = link.wrote_price.map(|p| p.rounded(digits)).or(at_zero(link).then_some(Price::ZERO));
                let is = |wrote: Option<Price>| now.is_some() && now == wrote.map(|p| p.rounded(digits));
                let by_another = taken_over && variant.sharers.iter().any(|s| is(s.wrote_price));
                let odoo_edited = (now.is_none() || now != ours) && !by_another;
                let source_changed = source_changed || taken_over;
                three_way(Facts { same, source_changed, odoo_edited, kept: link.kept.price }, self.policy.price)
            }
        };
        let mut handled = |wrote: Option<Price>, kept: bool| {
            remember.kept.price = kept;
            remember.overruled.price = false;
            remember.values.said_price = source_changed.then_some(Some(said));
            remember.values.wrote_price = wrote.filter(|w| link.is_none_or(|l| l.wrote_price != Some(*w)));
        };
        let text = want.to_string();
        let way = match verdict {
            Verdict::Same => {
                handled(Some(want), false);
                return None;
            }
            Verdict::Leave => {
                handled(None, link.is_some_and(|l| l.kept.price) && !source_changed);
                return None;
            }
            Verdict::Ask => {
                let message = format!(
                    "price: Odoo has {}, edited there; the source says {want}; the policy is to ask, so it stays",
                    variant.price
                );
                self.ask(product, DeferredKind::Drift, "price", &text, message, waiting)
            }
            Verdict::Write(reason) => Way::Write(reason),
        };
        let way = match way {
            Way::Write(reason) => match want.to_odoo(digits) {
                Err(e) => {
                    let message = format!("{e}; correct it in the source");
                    waiting.push(deferred(product, DeferredKind::PriceTooLarge, "price", text, message));
                    Way::Wait
                }
                Ok(_) if variant.siblings > 0 => self.shared_template(product, variant, "price", &text, waiting),
                // Putting back what we wrote before is no news from the source, and a person's choice none either.
                Ok(_) => match self
                    .jump(now, want, link, never_had_one)
                    .filter(|_| !matches!(reason, Reason::Drift | Reason::Chosen))
                {
                    Some(message) => self.ask(product, DeferredKind::PriceJump, "price", &text, message, waiting),
                    None => Way::Write(reason),
                },
            },
            other => other,
        };
        match way {
            Way::Write(reason) => {
                handled(Some(want), false);
                Some(PriceChange { old: variant.price.clone(), new: want, reason })
            }
            Way::Keep => {
                handled(now, true);
                None
            }
            Way::Wait => {
                // As for a name.
                remember.overruled.price |= taken_over;
                None
            }
        }
    }

    /// The source has no price: where it had one, that waits, and Odoo keeps what it has.
    fn price_gone(
        &self,
        product: &ExternalProduct,
        variant: &Variant,
        link: &Link,
        remember: &mut Remember,
        waiting: &mut Vec<Deferred>,
    ) {
        // A link that remembers NULL although a price was written is of a version that took NULL for handled.
        let had = link.said_price.or(link.wrote_price.filter(|_| !link.kept.price));
        let Some(had) = had.map(|p| p.rounded(self.digits)).filter(|p| !p.is_zero()) else { return };
        let chosen = self.decisions.choice(&product.id, DeferredKind::PriceGone, "price", "");
        if self.policy.allow.prices_gone || chosen == Some(Choice::Keep) {
            remember.kept.price = true;
            remember.values.said_price = link.said_price.is_some().then_some(None);
            let now = variant.rounded_price(self.digits).filter(|now| link.wrote_price != Some(*now));
            remember.values.wrote_price = now;
            return;
        }
        let message = format!(
            "price: the source no longer has one (it had {had}); Odoo keeps {}; correct it in the source, or choose to keep what Odoo has",
            variant.price
        );
        waiting.push(deferred(product, DeferredKind::PriceGone, "price", String::new(), message));
    }

    /// Does the price move further than one run may move it? To zero it always does: giving things away is no
    /// small step, whatever it cost. From zero there is no share, and the amount alone tells. A first price is no move.
    fn jump(&self, now: Option<Price>, want: Price, link: Option<&Link>, never_had_one: bool) -> Option<String> {
        // What is no price in Odoo (negative) is measured from what was written last.
        let old = now.or_else(|| link?.wrote_price).filter(|old| !(old.is_zero() && never_had_one))?;
        if self.policy.allow.price_change {
            return None;
        }
        let PriceLimit { percent, amount } = self.policy.max_price_change;
        let moved = (want.decimal() - old.decimal()).abs();
        // By division: a product of two large decimals could overflow.
        let share = moved.checked_div(old.decimal()).and_then(|s| s.checked_mul(Decimal::ONE_HUNDRED));
        let far = moved > amount && share.is_none_or(|s| s > percent);
        (far || want.is_zero()).then(|| {
            let shown = share.map_or_else(|| "far".to_owned(), |s| format!("{} %", s.round_dp(1).normalize()));
            format!("price {old} → {want} moves by {shown}; choose to take or to keep it, correct it in the source, or let all such prices through with --allow-price-change")
        })
    }
}
