//! What Odoo has: links, variants, and who holds which barcode.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{CodeKey, Decision, ExternalId, Price, PriceDigits, ProductId, SourceName, TemplateId};

/// A variant (`product.product`) with the fields that the source owns, as Odoo has them now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Its id.
    pub id: ProductId,
    /// Its template, which carries name and list price.
    pub template: TemplateId,
    /// Is the variant active?
    pub active: bool,
    /// Is its template? One without the other is half archived, and nobody sells it either.
    pub template_active: bool,
    /// The name in each configured language, in the order of [`OdooState::languages`].
    pub names: Vec<String>,
    /// The list price as PostgreSQL's text, unrounded; the text that a write expects to find.
    pub price: String,
    /// The barcode as it stands, blanks and all; `None` when there is none.
    pub barcode: Option<String>,
    /// Other variants of the same template, archived ones left out.
    pub siblings: u32,
    /// Belongs to another company than the one we work for.
    pub other_company: bool,
    /// The codes of its packagings (up to 18) or units (19), as far as they were asked for.
    pub packagings: Vec<String>,
    /// The links that other sources have to it, of the sources that count ([`super::SourceOrder`]).
    pub sharers: Vec<Sharer>,
}

/// The link that another source has to the same variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sharer {
    /// The other source.
    pub source: SourceName,
    /// The product's id there.
    pub external_id: ExternalId,
    /// That source does not have the product any longer.
    pub missing: bool,
    /// A run of that source archived the product.
    pub archived_by_us: bool,
    /// The name that a run of that source wrote.
    pub wrote_name: String,
    /// The price.
    pub wrote_price: Option<Price>,
    /// The barcode.
    pub wrote_barcode: Option<String>,
    /// The secondary barcodes, on packagings or units.
    pub wrote_extras: Vec<String>,
}

impl Variant {
    /// The list price rounded to what Odoo keeps; `None` when it is negative or no number, so that it equals no price.
    #[must_use]
    pub fn rounded_price(&self, digits: PriceDigits) -> Option<Price> {
        Price::parse(&self.price).ok().map(|p| p.rounded(digits))
    }

    /// Is it archived, or half archived?
    #[must_use]
    pub fn is_archived(&self) -> bool {
        !self.active || !self.template_active
    }

    /// What people see of it.
    #[must_use]
    pub fn shown(&self, digits: PriceDigits) -> Shown<'_> {
        Shown {
            names: &self.names,
            price: self.rounded_price(digits),
            barcode: self.barcode.as_deref(),
            packagings: &self.packagings,
        }
    }

    /// The key of its barcode.
    #[must_use]
    pub fn code_key(&self) -> Option<CodeKey> {
        self.barcode.as_deref().map(CodeKey::of)
    }
}

/// The link of an external product: what ties it to a variant, what the source said last, and what we wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The external id.
    pub external_id: ExternalId,
    /// The variant; `None` when somebody deleted it in Odoo.
    pub product: Option<Variant>,
    /// The name that was last handled.
    pub said_name: String,
    /// The price that was last handled, `None` for NULL.
    pub said_price: Option<Price>,
    /// The barcodes that were last handled, in order.
    pub said_barcodes: Vec<String>,
    /// The name that we wrote.
    pub wrote_name: String,
    /// The price that we wrote, if we ever did.
    pub wrote_price: Option<Price>,
    /// The barcode that we wrote.
    pub wrote_barcode: Option<String>,
    /// The further codes that we wrote on packagings or units.
    pub wrote_extras: Vec<String>,
    /// Fields in which a person chose what Odoo has: what the source said last is handled, and Odoo's value stays until the
    /// source says something else.
    pub kept: FieldSet,
    /// Fields that another source owned when a run of this source last looked: what this source says of them is not written.
    pub overruled: FieldSet,
    /// Somebody asked that this product be left alone.
    pub no_touch: bool,
    /// We archived the product because the source no longer had it.
    pub archived_by_us: bool,
    /// The link says that the source does not have the product.
    pub missing: bool,
}

/// Some of the fields that a source has of a product.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSet {
    /// The name.
    pub name: bool,
    /// The price.
    pub price: bool,
    /// The barcode.
    pub barcode: bool,
}

impl FieldSet {
    /// None of them.
    pub const NONE: Self = Self { name: false, price: false, barcode: false };

    /// Is there none?
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Those of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { name: self.name && other.name, price: self.price && other.price, barcode: self.barcode && other.barcode }
    }

    /// Those of either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { name: self.name || other.name, price: self.price || other.price, barcode: self.barcode || other.barcode }
    }

    /// From the words on the link, `name price`; others are nothing.
    #[must_use]
    pub fn parse(words: &str) -> Self {
        let has = |word| words.split(' ').any(|w| w == word);
        Self { name: has("name"), price: has("price"), barcode: has("barcode") }
    }

    /// The words for the link.
    #[must_use]
    pub fn words(self) -> String {
        let all = [(self.name, "name"), (self.price, "price"), (self.barcode, "barcode")];
        all.into_iter().filter(|(kept, _)| *kept).map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    }
}

/// What kind of record holds a barcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HolderKind {
    /// A variant.
    Product,
    /// A packaging (`product.packaging` up to 18) or unit barcode (`product.uom` from 19 on).
    Packaging,
}

/// Who has a barcode in Odoo, archived records and other companies' included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// A variant, or the variant that a packaging belongs to.
    pub product: ProductId,
    /// Which of the two.
    pub kind: HolderKind,
    /// Is the record active?
    pub active: bool,
    /// Its name, for people.
    pub name: String,
    /// The barcode as it stands.
    pub barcode: String,
}

/// How an existing product may be recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchRule {
    /// The product's internal reference is the external id.
    DefaultCode,
    /// The product has one of the listed barcodes.
    Barcode,
    /// The product has the same name in the first configured language.
    Name,
    /// A person chose it.
    Manual,
}

impl MatchRule {
    /// The word in `sync.toml`, in plans and at Odoo's border.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DefaultCode => "default_code",
            Self::Barcode => "barcode",
            Self::Name => "name",
            Self::Manual => "manual",
        }
    }
}

/// An existing product that a rule found for an external product that has no link yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The product.
    pub variant: Variant,
    /// The rule.
    pub rule: MatchRule,
    /// Already linked to another product of the same source, and so not to be had.
    pub linked: bool,
}

/// Everything that a plan needs to know of Odoo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OdooState {
    /// The configured languages, the base language first when it is one of them.
    pub languages: Vec<String>,
    /// How many decimals of a list price Odoo keeps.
    pub digits: PriceDigits,
    /// The links of this source that were looked at.
    pub links: BTreeMap<ExternalId, Link>,
    /// What was not looked at.
    pub rest: Rest,
    /// Existing products found by the match rules, for external products without a link.
    pub candidates: BTreeMap<ExternalId, Vec<Candidate>>,
    /// Who holds the codes that were asked for, by key.
    pub holders: BTreeMap<CodeKey, Vec<Holder>>,
    /// How many products Odoo has in all, active or not.
    pub product_count: usize,
    /// What people chose about deferred actions of this source, as far as it still stands.
    pub decisions: Vec<Decision>,
    /// The products that they chose; the second tells whether it is linked to an external id of this source already.
    pub chosen: BTreeMap<ProductId, (Variant, bool)>,
}

/// Products of the source for which there is nothing to do, as digests told: they were not looked at one by one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rest {
    /// Their links.
    pub links: usize,
    /// Those that the source has.
    pub unchanged: usize,
    /// Those that it does not have, as their links say already.
    pub missing: usize,
    /// What the source says of them and another source overrules.
    pub overruled: Overruled,
}

/// Values of a source that are not written, as another source owns the field and Odoo has another value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overruled {
    /// Products with at least one.
    pub products: usize,
    /// Names.
    pub names: usize,
    /// Prices.
    pub prices: usize,
    /// Lists of barcodes.
    pub barcodes: usize,
}

impl Overruled {
    /// Counts one more product.
    pub fn count(&mut self, fields: FieldSet) {
        self.products += usize::from(!fields.is_empty());
        self.names += usize::from(fields.name);
        self.prices += usize::from(fields.price);
        self.barcodes += usize::from(fields.barcode);
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            products: self.products + other.products,
            names: self.names + other.names,
            prices: self.prices + other.prices,
            barcodes: self.barcodes + other.barcodes,
        }
    }

    /// What is left without the other; Odoo may have been edited between the two counts.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self {
            products: self.products.saturating_sub(other.products),
            names: self.names.saturating_sub(other.names),
            prices: self.prices.saturating_sub(other.prices),
            barcodes: self.barcodes.saturating_sub(other.barcodes),
        }
    }
}

impl Link {
    /// What the source said last and another source overrules, by what the link remembers: what Odoo counts of links that
    /// are not looked at (`procedures/digest.py`).
    #[must_use]
    pub fn overruled_values(&self, digits: PriceDigits, extras: bool) -> FieldSet {
        let Some(variant) = self.product.as_ref().filter(|v| !self.missing && !self.no_touch && !v.other_company)
        else {
            return FieldSet::NONE;
        };
        let codes = self.said_barcodes.iter().map(|code| CodeKey::of(code));
        let said = Said { name: &self.said_name, price: self.said_price, codes: codes.collect() };
        said.differing(&variant.shown(digits), digits, extras).and(self.overruled)
    }
}

/// What Odoo has of a product.
#[derive(Debug)]
pub struct Shown<'a> {
    /// Its name in each configured language.
    pub names: &'a [String],
    /// Its price, rounded; `None` when it is none of ours.
    pub price: Option<Price>,
    /// Its barcode.
    pub barcode: Option<&'a str>,
    /// The codes on its packagings or units.
    pub packagings: &'a [String],
}

/// What a source says of a product.
#[derive(Debug)]
pub struct Said<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its price.
    pub price: Option<Price>,
    /// The keys of its barcodes.
    pub codes: Vec<CodeKey>,
}

impl Said<'_> {
    /// The fields in which Odoo has something else. A price or barcodes that the source does not have are nothing that could be
    /// lost; with `extras`, every code is to be on the product, on packagings or units too, else any one of them.
    #[must_use]
    pub fn differing(&self, odoo: &Shown<'_>, digits: PriceDigits, extras: bool) -> FieldSet {
        let main = odoo.barcode.map(CodeKey::of);
        let packed: BTreeSet<CodeKey> = match extras {
            true => odoo.packagings.iter().map(|code| CodeKey::of(code)).collect(),
            false => BTreeSet::new(),
        };
        let scans = |code: &CodeKey| main.as_ref() == Some(code) || packed.contains(code);
        let lost = if extras { !self.codes.iter().all(scans) } else { !self.codes.iter().any(scans) };
        FieldSet {
            name: odoo.names.iter().any(|name| name != self.name),
            price: self.price.is_some_and(|said| odoo.price != Some(said.rounded(digits))),
            barcode: !self.codes.is_empty() && lost,
        }
    }
}

impl OdooState {
    /// How many links the source has in all.
    #[must_use]
    pub fn linked(&self) -> usize {
        self.links.len() + self.rest.links
    }
}

impl Default for PriceDigits {
    fn default() -> Self {
        Self::SOURCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_words_are_there_and_back() {
        for bits in 0..8 {
            let kept = FieldSet { name: bits & 1 > 0, price: bits & 2 > 0, barcode: bits & 4 > 0 };
            assert_eq!(FieldSet::parse(&kept.words()), kept);
        }
        assert_eq!(FieldSet::parse("nonsense"), FieldSet::default());
    }
}
