//! What waits, and what a person may choose about it.
//!
//! [`record`] is a deferred action as it stands in Odoo, [`choosing`] says which choice may be noted on it.

pub mod choosing;
pub mod record;

use serde::{Deserialize, Serialize};

use super::{ExternalId, ProductId};

/// What kind of action waits. The codes are stable: they stand in Odoo's `x_pz_conflict`, in JSON and in documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeferredKind {
    /// Several products of the source list one barcode.
    DuplicateClaim,
    /// So many products of the source list one barcode that it probably stands where there is none.
    Placeholder,
    /// A product outside the source holds the barcode.
    ForeignHolder,
    /// A product that may not be changed now holds the barcode.
    Held,
    /// Two active products of Odoo have one barcode.
    SecondHolder,
    /// Barcode moves that depend on each other in a circle too large for one transaction.
    TooManyMoves,
    /// Several existing products, or one that several external ids claim.
    AmbiguousMatch,
    /// The linked product was deleted in Odoo.
    ProductGone,
    /// The product belongs to another company.
    OtherCompany,
    /// Name or price of one variant of a multi-variant product.
    SharedTemplate,
    /// The price moves further than `max_price_change`.
    PriceJump,
    /// The price has more digits than Odoo's float keeps.
    PriceTooLarge,
    /// A new product without a price.
    NoPrice,
    /// The source no longer has the price that it had.
    PriceGone,
    /// Edited in Odoo, and the policy is to ask.
    Drift,
    /// Odoo refused the record.
    Refused,
    /// The code is at a product that this run was told to leave out.
    OutOfScope,
    /// A change that cannot be undone, as somebody or a later run changed the field since.
    NotUndone,
}

impl DeferredKind {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::DuplicateClaim,
        Self::Placeholder,
        Self::ForeignHolder,
        Self::Held,
        Self::SecondHolder,
        Self::TooManyMoves,
        Self::AmbiguousMatch,
        Self::ProductGone,
        Self::OtherCompany,
        Self::SharedTemplate,
        Self::PriceJump,
        Self::PriceTooLarge,
        Self::NoPrice,
        Self::PriceGone,
        Self::Drift,
        Self::Refused,
        Self::OutOfScope,
        Self::NotUndone,
    ];

    /// Does it stay open in Odoo? What waits only because of this run's own limits does not.
    #[must_use]
    pub fn is_recorded(self) -> bool {
        !matches!(self, Self::OutOfScope | Self::NotUndone)
    }

    /// The stable word.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DuplicateClaim => "duplicate-claim",
            Self::Placeholder => "placeholder",
            Self::ForeignHolder => "foreign-holder",
            Self::Held => "held",
            Self::SecondHolder => "second-holder",
            Self::TooManyMoves => "too-many-moves",
            Self::AmbiguousMatch => "ambiguous-match",
            Self::ProductGone => "product-gone",
            Self::OtherCompany => "other-company",
            Self::SharedTemplate => "shared-template",
            Self::PriceJump => "price-jump",
            Self::PriceTooLarge => "price-too-large",
            Self::NoPrice => "no-price",
            Self::PriceGone => "price-gone",
            Self::Drift => "drift",
            Self::Refused => "refused",
            Self::OutOfScope => "out-of-scope",
            Self::NotUndone => "not-undone",
        }
    }

    /// The kind with this word.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// What it is about, where the kind alone tells; otherwise its subject is the aspect's word.
    #[must_use]
    pub fn aspect(self) -> Option<Aspect> {
        match self {
            Self::DuplicateClaim
            | Self::Placeholder
            | Self::ForeignHolder
            | Self::Held
            | Self::SecondHolder
            | Self::TooManyMoves => Some(Aspect::Barcode),
            // A record that Odoo refused may be so for any of its fields.
            Self::AmbiguousMatch | Self::ProductGone | Self::OtherCompany | Self::Refused => Some(Aspect::Identity),
            Self::PriceJump | Self::PriceTooLarge | Self::NoPrice | Self::PriceGone => Some(Aspect::Price),
            Self::SharedTemplate | Self::Drift | Self::OutOfScope | Self::NotUndone => None,
        }
    }

    /// What a person may choose, the most usual first. [`Choice::Abandon`] is always there.
    #[must_use]
    pub fn choices(self) -> &'static [Choice] {
        use Choice::{Abandon, Code, Create, Give, Keep, Link, Placeholder, Take};
        match self {
            Self::Placeholder => &[Placeholder, Code, Abandon],
            Self::DuplicateClaim | Self::ForeignHolder | Self::SecondHolder => &[Give, Keep, Abandon],
            Self::AmbiguousMatch | Self::OtherCompany | Self::ProductGone => &[Link, Create, Abandon],
            Self::SharedTemplate | Self::PriceJump | Self::Drift => &[Take, Keep, Abandon],
            Self::PriceGone => &[Keep, Abandon],
            Self::Held
            | Self::TooManyMoves
            | Self::PriceTooLarge
            | Self::NoPrice
            | Self::Refused
            | Self::OutOfScope
            | Self::NotUndone => &[Abandon],
        }
    }
}

/// What a run may come to know of a product, or not: a deferred action about what it could not look at stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// Which product of Odoo it is.
    Identity,
    /// Its name.
    Name,
    /// Its price.
    Price,
    /// Its barcodes.
    Barcode,
}

impl Aspect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Name, Self::Price, Self::Barcode];

    /// The word, which is the subject of deferred actions about a field.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Name => "name",
            Self::Price => "price",
            Self::Barcode => "barcode",
        }
    }
}

/// What a person chose about a deferred action, here or in Odoo's own form. The next run carries it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// Give the barcode to the product whose deferred action this is; whoever else has it loses it, and the other
    /// claimants are not asked again while the source lists it at several.
    Give,
    /// Link the external id to the chosen product.
    Link,
    /// Create it as a new product.
    Create,
    /// Keep what Odoo has, until the source says something else again.
    Keep,
    /// Take what the source says, just this value.
    Take,
    /// The barcode stands where there is none: from now on it is no code.
    Placeholder,
    /// It is a code, though many products list it: each of them waits for its own.
    Code,
    /// Leave it, and stop asking until what waits is another value.
    Abandon,
}

impl Choice {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Give, Self::Link, Self::Create, Self::Keep, Self::Take, Self::Placeholder, Self::Code, Self::Abandon];

    /// The word in `x_choice` and on the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Give => "give",
            Self::Link => "link",
            Self::Create => "create",
            Self::Keep => "keep",
            Self::Take => "take",
            Self::Placeholder => "placeholder",
            Self::Code => "code",
            Self::Abandon => "abandon",
        }
    }

    /// The choice with this word.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.code() == code)
    }
}

/// A choice that a person made, and that still stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whose deferred action.
    pub external_id: ExternalId,
    /// Its kind.
    pub kind: DeferredKind,
    /// The barcode or field.
    pub subject: String,
    /// The value that waited when the person chose; empty where the subject says it all.
    pub value: String,
    /// What was chosen.
    pub choice: Choice,
    /// The chosen product, for [`Choice::Link`].
    pub product: Option<ProductId>,
}

impl Decision {
    /// The product to link, where that was chosen.
    #[must_use]
    pub fn link(&self) -> Option<ProductId> {
        self.product.filter(|_| self.choice == Choice::Link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_there_and_back() {
        for kind in DeferredKind::ALL {
            assert_eq!(DeferredKind::parse(kind.code()), Some(kind));
            assert!(kind.choices().contains(&Choice::Abandon), "{kind:?}");
        }
        for choice in Choice::ALL {
            assert_eq!(Choice::parse(choice.code()), Some(choice));
        }
        assert_eq!(DeferredKind::parse("Drift"), None);
    }
}
