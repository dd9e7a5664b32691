//! What a plan consists of: actions with reasons, and what waits.
//!
//! Data only. A *reason* is for people and for the history's "cause"; applying never decides by it.

use serde::{Deserialize, Serialize};

use crate::catalog::{
    Aspect, BadRow, Barcode, DeferredKind, ExternalId, FieldSet, MatchRule, Overruled, Price, ProductId, ProductName,
    SourceName, TemplateId,
};

use super::assign::Extras;
use super::guards::Refusal;

/// Why a field is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The source says something else than last time.
    SourceChanged,
    /// Somebody edited the field in Odoo, and the source owns it.
    Drift,
    /// Both at once.
    BothChanged,
    /// The product was recognised and takes over the source's values.
    Adopted,
    /// The source does not list the code for this product any longer.
    NoLongerListed,
    /// The code goes to the product that lists it now.
    ClaimedBy(ExternalId),
    /// A person chose it.
    Chosen,
    /// The source no longer has the product.
    Missing,
    /// A person undoes a run: this is its id.
    Reverted(String),
}

impl Reason {
    /// A stable word, for JSON and for the history's cause.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::SourceChanged => "source-changed",
            Self::Drift => "drift",
            Self::BothChanged => "both-changed",
            Self::Adopted => "adopted",
            Self::NoLongerListed => "no-longer-listed",
            Self::ClaimedBy(_) => "claimed-by-another",
            Self::Chosen => "chosen",
            Self::Missing => "missing-in-source",
            Self::Reverted(_) => "reverted",
        }
    }

    /// The reason as a person reads it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::SourceChanged => "changed in the source".to_owned(),
            Self::Drift => "drift: edited in Odoo, put back".to_owned(),
            Self::BothChanged => "changed in the source; edited in Odoo too".to_owned(),
            Self::Adopted => "existing product adopted".to_owned(),
            Self::NoLongerListed => "the source no longer lists it here".to_owned(),
            Self::ClaimedBy(id) => format!("the source lists it at {id} now"),
            Self::Chosen => "chosen by a person".to_owned(),
            Self::Missing => "missing in the source, archived".to_owned(),
            Self::Reverted(run) => format!("run {run} undone"),
        }
    }
}

/// The name in one language, where it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageName {
    /// An Odoo language code: `ru_RU`.
    pub language: String,
    /// What the plan saw; the write expects to find it.
    pub old: String,
    /// What it becomes.
    pub new: ProductName,
}

/// A new name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameChange {
    /// The languages to write, at least one.
    pub languages: Vec<LanguageName>,
    /// Why.
    pub reason: Reason,
}

/// A new list price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceChange {
    /// The text that the plan saw; the write expects to find it.
    pub old: String,
    /// The new price, rounded to what Odoo keeps, and known to survive Odoo's float.
    pub new: Price,
    /// Why.
    pub reason: Reason,
}

/// Values to store on a link, so that the next run compares with them; `None` leaves a value alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkValues {
    /// The source's name, handled.
    pub said_name: Option<String>,
    /// The source's price, handled; `Some(None)` is NULL.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub said_price: Option<Option<Price>>,
    /// The source's barcodes, handled.
    pub said_barcodes: Option<Vec<String>>,
    /// The name that Odoo has by our doing or agreement.
    pub wrote_name: Option<String>,
    /// The same for the price.
    pub wrote_price: Option<Price>,
    /// The same for the barcode; `Some(None)` is "none".
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub wrote_barcode: Option<Option<String>>,
    /// The further codes on packagings or units that are there by our doing.
    pub wrote_extras: Option<Vec<String>>,
    /// Fields in which a person chose what Odoo has.
    pub kept: Option<FieldSet>,
    /// Fields that another source owns.
    pub overruled: Option<FieldSet>,
    /// The source does not have the product.
    pub missing: Option<bool>,
    /// We archived the product.
    pub archived_by_us: Option<bool>,
}

/// A value that stands in a kept plan, nothing being one of them.
fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl LinkValues {
    /// Is there nothing to store?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Archived or reactivated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activity {
    /// The source no longer has it.
    Archive,
    /// The source has it again, and it was us who archived it.
    Reactivate,
}

/// New name, price or link values of one existing product; with `adopt`, its link is made as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Whose.
    pub external_id: ExternalId,
    /// The product's name, for people.
    pub label: String,
    /// The variant.
    pub product: ProductId,
    /// Its template.
    pub template: TemplateId,
    /// The rule by which an unlinked product was recognised; a link is created.
    pub adopt: Option<MatchRule>,
    /// The product is archived, or half archived; by a person, unless it is reactivated here.
    pub archived: bool,
    /// Whether it is archived or reactivated.
    pub activity: Option<Activity>,
    /// A new name.
    pub name: Option<NameChange>,
    /// A new price.
    pub price: Option<PriceChange>,
    /// What the link remembers once this is applied.
    pub link: LinkValues,
}

impl Update {
    /// Nothing of the product changes, only what the link remembers.
    #[must_use]
    pub fn is_note(&self) -> bool {
        self.adopt.is_none() && self.name.is_none() && self.price.is_none() && self.activity.is_none()
    }
}

/// A new barcode, none any more, or other further codes, for one existing product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarcodeMove {
    /// Whose; a link exists or is made before by an adoption.
    pub external_id: ExternalId,
    /// The product's name, for people.
    pub label: String,
    /// The variant.
    pub product: ProductId,
    /// What the plan saw; the write expects to find it.
    pub old: Option<String>,
    /// The new code.
    pub new: Option<String>,
    /// All codes that the source lists; `None` leaves the link's list alone.
    pub said_barcodes: Option<Vec<String>>,
    /// Codes to put on packagings or units, and to take away from there.
    pub extras: Extras,
    /// The further codes that the link remembers afterwards, when they change.
    pub wrote_extras: Option<Vec<String>>,
    /// The product stands outside the source and loses its code to `external_id`, because a person said so.
    pub outside: bool,
    /// Why.
    pub reason: Reason,
}

impl BarcodeMove {
    /// Does the product's own barcode change?
    #[must_use]
    pub fn is_move(&self) -> bool {
        self.old != self.new
    }
}

/// Moves that depend on each other and happen in one transaction, holders before those who take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// At least one move.
    pub moves: Vec<BarcodeMove>,
}

/// A new product with its link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Creation {
    /// Whose.
    pub external_id: ExternalId,
    /// Its name, in every configured language.
    pub name: ProductName,
    /// Its price, rounded; `None` creates it unsaleable with price zero, as the setting says.
    pub price: Option<Price>,
    /// The source's price as given: NULL or zero where there is none yet.
    pub said_price: Option<Price>,
    /// Its barcode, if one is free.
    pub barcode: Option<Barcode>,
    /// All codes that the source lists.
    pub said_barcodes: Vec<String>,
    /// Codes to put on packagings or units.
    pub extras: Vec<String>,
    /// The link is there, its product was deleted, and a person chose to have a new one.
    pub relink: bool,
}

/// A change that is planned and explained, but waits: for the source to become consistent, or for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferred {
    /// Whose.
    pub external_id: ExternalId,
    /// The product's name, for people.
    pub label: String,
    /// What kind.
    pub kind: DeferredKind,
    /// The field's value in question: a barcode for the barcode kinds, else a field's name, or empty. Part of the key
    /// that tells one deferred action from another.
    pub subject: String,
    /// The Odoo product that has the barcode now.
    pub holder: Option<ProductId>,
    /// The Odoo products among which to choose.
    pub candidates: Vec<ProductId>,
    /// The value that waits, where the subject does not say it all: a choice is for this value only.
    pub value: String,
    /// What waits, why, and what would settle it.
    pub message: String,
    /// A person settled it, and it stands as long as the situation does.
    pub settled: Option<Settled>,
}

/// How a person settled what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settled {
    /// By a choice.
    Decided,
    /// By leaving it.
    Abandoned,
}

/// A linked product that the source no longer has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Its id.
    pub external_id: ExternalId,
    /// The product's name, for people.
    pub label: String,
    /// It is archived by this plan.
    pub archive: bool,
    /// Other sources that still have it: it is not archived as long as one does.
    pub still_in: Vec<SourceName>,
}

/// A value of the source that is not written, as another source owns the field and Odoo has another value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotWritten {
    /// Whose.
    pub external_id: ExternalId,
    /// The product's name, for people.
    pub label: String,
    /// `name`, `price` or `barcode`.
    pub field: String,
    /// What the source says.
    pub said: String,
    /// What Odoo has.
    pub now: String,
    /// The source that owns the field.
    pub owner: SourceName,
}

/// A product that the source lists, and that a person archived in Odoo. It is kept in step, so that it is right when it
/// comes back, and nobody sells it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedInOdoo {
    /// Its id.
    pub external_id: ExternalId,
    /// The product's name, for people.
    pub label: String,
    /// The variant.
    pub product: ProductId,
    /// The variant is active, and its template alone is archived.
    pub half: bool,
}

/// What could not be looked at, as it could not be read: what waits for it is neither settled nor gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unevaluated {
    /// Whose.
    pub external_id: ExternalId,
    /// What of it, at least one.
    pub aspects: Vec<Aspect>,
}

/// The ordered list of actions. A run applies it by value: it can be used once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a plan changes nothing until it is applied"]
pub struct Plan {
    /// The source.
    pub source: SourceName,
    /// The languages that names are written in.
    pub languages: Vec<String>,
    /// Adoptions first (so that links exist), then other updates, each by external id.
    pub adoptions: Vec<Update>,
    /// Barcode moves, in an order in which each finds its code released.
    pub moves: Vec<Component>,
    /// New products by external id.
    pub creations: Vec<Creation>,
    /// Names, prices and notes of linked products by external id.
    pub updates: Vec<Update>,
    /// What waits, by external id.
    pub deferred: Vec<Deferred>,
    /// What was not looked at, by external id.
    pub unevaluated: Vec<Unevaluated>,
    /// What the source lists and Odoo has archived, by external id; not what this plan reactivates.
    pub archived_in_odoo: Vec<ArchivedInOdoo>,
    /// What the source no longer has, by external id, as far as that is new or something is done about it.
    pub missing: Vec<Missing>,
    /// How many more the source does not have, as their links say already.
    pub still_missing: usize,
    /// What another source overrules, by external id, as far as that is new.
    pub not_written: Vec<NotWritten>,
    /// What other sources overrule in all.
    pub overruled: Overruled,
    /// Rows of the source that were left out.
    pub bad_rows: Vec<BadRow>,
    /// Products of the source for which nothing is to be done.
    pub unchanged: usize,
    /// Linked products that a person asked to leave alone.
    pub untouched: usize,
    /// What the guards refuse; a plan with refusals is shown and never applied.
    pub refusals: Vec<Refusal>,
    /// The ids that the plan speaks of; `None` for all.
    pub scope: Option<Vec<ExternalId>>,
}

/// A plan in numbers: the last line of every report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// New products.
    pub create: usize,
    /// Existing products recognised.
    pub adopt: usize,
    /// Linked products whose name, price or barcode changes; those that are archived or reactivated count there.
    pub update: usize,
    /// Linked products that change in any way.
    pub changed: usize,
    /// Barcodes given, moved or taken away, on existing products.
    pub barcodes: usize,
    /// Further codes put on packagings or units, or taken away, on existing products.
    pub extras: usize,
    /// Products archived.
    pub archive: usize,
    /// Products reactivated.
    pub reactivate: usize,
    /// Prices changed on existing products.
    pub prices: usize,
    /// Names changed on existing products.
    pub names: usize,
    /// Links that only remember something new.
    pub notes: usize,
    /// What waits.
    pub deferred: usize,
    /// What a person settled, and still stands.
    pub settled: usize,
    /// Linked products that the source no longer has.
    pub missing: usize,
    /// Rows left out.
    pub bad_rows: usize,
    /// Products that the source lists and Odoo has archived.
    pub archived_in_odoo: usize,
    /// Nothing to do.
    pub unchanged: usize,
    /// What other sources overrule.
    pub overruled: Overruled,
}

impl Plan {
    /// Is there nothing to write?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.adoptions.is_empty() && self.moves.is_empty() && self.creations.is_empty() && self.updates.is_empty()
    }

    /// All barcode moves in order.
    pub fn barcode_moves(&self) -> impl Iterator<Item = &BarcodeMove> {
        self.moves.iter().flat_map(|c| &c.moves)
    }

    /// The products that the plan speaks of, in any way.
    #[must_use]
    pub fn external_ids(&self) -> std::collections::BTreeSet<&ExternalId> {
        let updates = self.adoptions.iter().chain(&self.updates).map(|u| &u.external_id);
        updates
            .chain(self.creations.iter().map(|c| &c.external_id))
            .chain(self.barcode_moves().map(|m| &m.external_id))
            .chain(self.deferred.iter().map(|d| &d.external_id))
            .collect()
    }

    /// What waits and was not settled by a person.
    pub fn waiting(&self) -> impl Iterator<Item = &Deferred> {
        self.deferred.iter().filter(|d| d.settled.is_none())
    }

    /// The plan in numbers.
    #[must_use]
    pub fn counts(&self) -> Counts {
        use std::collections::BTreeSet;
        let adopted: BTreeSet<_> = self.adoptions.iter().map(|u| &u.external_id).collect();
        let mut updated: BTreeSet<_> = self.updates.iter().filter(|u| !u.is_note()).map(|u| &u.external_id).collect();
        updated.extend(self.barcode_moves().map(|m| &m.external_id).filter(|id| !adopted.contains(id)));
        let changed = updated.len();
        for update in self.updates.iter().filter(|u| u.activity.is_some()) {
            updated.remove(&update.external_id);
        }
        let existing = || self.adoptions.iter().chain(&self.updates);
        let active = |activity| existing().filter(|u| u.activity == Some(activity)).count();
        Counts {
            create: self.creations.len(),
            adopt: adopted.len(),
            update: updated.len(),
            changed,
            barcodes: self.barcode_moves().filter(|m| m.is_move()).count(),
            extras: self.barcode_moves().map(|m| m.extras.add.len() + m.extras.remove.len()).sum(),
            archive: active(Activity::Archive),
            reactivate: active(Activity::Reactivate),
            prices: existing().filter(|u| u.price.is_some()).count(),
            names: existing().filter(|u| u.name.is_some()).count(),
            notes: self.updates.iter().filter(|u| u.is_note()).count(),
            deferred: self.waiting().count(),
            settled: self.deferred.iter().filter(|d| d.settled.is_some()).count(),
            missing: self.missing.len() + self.still_missing,
            bad_rows: self.bad_rows.len(),
            archived_in_odoo: self.archived_in_odoo.len(),
            unchanged: self.unchanged,
            overruled: self.overruled,
        }
    }
}
