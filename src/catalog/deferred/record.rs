//! A deferred action as it stands in Odoo (`x_pz_conflict`), for people and programs to read.
//!
//! Data only. Texts are as Odoo has them: a record may have been opened by another version, or for a source that nobody
//! has configured any longer.

use super::super::{CodeKey, ProductId};
use super::{Choice, DeferredKind};

/// Where a record stands. Only an open one counts for the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeferredState {
    /// Waits; a choice may be noted already, which the next import carries out.
    Open,
    /// An import has carried the choice out, and what waited is still there.
    Decided,
    /// A person said to leave it and not to ask again.
    Abandoned,
    /// What waited is gone.
    Closed,
}

impl DeferredState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Open, Self::Decided, Self::Abandoned, Self::Closed];

    /// The word in `x_state`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Decided => "decided",
            Self::Abandoned => "abandoned",
            Self::Closed => "closed",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// An Odoo product, as far as the account may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownProduct {
    /// The variant.
    pub id: ProductId,
    /// Its name; empty when nobody tells it to this account.
    pub name: String,
    /// What else the account may see of it, if anything.
    pub details: Option<ProductDetails>,
}

/// What tells one product from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductDetails {
    /// The internal reference.
    pub reference: Option<String>,
    /// The barcode.
    pub barcode: Option<String>,
    /// Not archived.
    pub active: bool,
    /// The company that it belongs to; `None` when all companies share it.
    pub company: Option<String>,
}

/// What a person can change about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub state: DeferredState,
    /// What was chosen.
    pub choice: Option<Choice>,
    /// The chosen product.
    pub product: Option<ProductId>,
}

/// A deferred action as it stands in Odoo. Times are UTC, `2026-11-03 10:07:00`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeferredRecord {
    /// The record's id in Odoo, by which people name it.
    pub number: i64,
    /// The source.
    pub source: String,
    /// Whose.
    pub external_id: String,
    /// The product's name in the source; empty while it has no link.
    pub name: String,
    /// The kind's word; see [`DeferredRecord::known_kind`].
    pub kind: String,
    /// The barcode or field; empty where the kind says it all.
    pub subject: String,
    /// The value that waits; empty where the subject says it all.
    pub value: String,
    /// What waits, why, and what would settle it.
    pub message: String,
    /// The product that the external id is linked to.
    pub product: Option<ShownProduct>,
    /// The product that has the barcode.
    pub holder: Option<ShownProduct>,
    /// The products among which to choose.
    pub candidates: Vec<ShownProduct>,
    /// Where it stands.
    pub state: DeferredState,
    /// What was chosen.
    pub choice: Option<Choice>,
    /// The chosen product.
    pub chosen: Option<ShownProduct>,
    /// What came of the choice; empty while nothing has.
    pub outcome: String,
    /// When it was opened; empty when unknown.
    pub opened: String,
    /// By which run.
    pub opened_by: String,
    /// When it was closed; empty while it is not.
    pub closed: String,
    /// By which run.
    pub closed_by: String,
    /// When it was changed last, by a run or a person.
    pub changed: String,
    /// By which account of Odoo.
    pub changed_by: String,
}

impl DeferredRecord {
    /// The kind; `None` for one that this version does not know.
    #[must_use]
    pub fn known_kind(&self) -> Option<DeferredKind> {
        DeferredKind::parse(&self.kind)
    }

    /// What a person may choose; nothing when it is closed.
    #[must_use]
    pub fn choices(&self) -> &'static [Choice] {
        match (self.state, self.known_kind()) {
            (DeferredState::Closed, _) => &[],
            (_, Some(kind)) => kind.choices(),
            (_, None) => &[Choice::Abandon],
        }
    }

    /// What a person can change.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { state: self.state, choice: self.choice, product: self.chosen.as_ref().map(|p| p.id) }
    }

    /// Does it wait for a person?
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.state == DeferredState::Open && self.choice.is_none()
    }

    /// Is it about the same barcode, for another product of the same source?
    #[must_use]
    pub fn is_rival(&self, other: &Self) -> bool {
        self.number != other.number
            && self.source == other.source
            && self.kind == other.kind
            && !self.subject.is_empty()
            && CodeKey::of(&self.subject) == CodeKey::of(&other.subject)
    }
}
