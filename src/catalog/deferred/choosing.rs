//! Which choice may be noted on which deferred action. Pure: the records come from Odoo, the change goes back there.
//!
//! Nothing is carried out here; the next import does that with what it finds noted.

use thiserror::Error;

use super::super::{Barcode, ExternalId, ProductId};
use super::Choice;
use super::record::{DeferredRecord, DeferredState, Standing};

/// How a person names an Odoo product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductRef {
    /// `42` or `#42`, the id of a `product.product`.
    Id(ProductId),
    /// `barcode:4006381333931`
    Barcode(Barcode),
    /// `ref:A-17`, the internal reference.
    Reference(String),
}

/// What a person asks for on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// A choice that needs nothing else.
    Plain(Choice),
    /// `give=EXTERNAL_ID`: the barcode goes to another claimant.
    GiveTo(ExternalId),
    /// `link=PRODUCT`
    Link(ProductRef),
}

/// A text that is no choice.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WishError {
    /// Another word.
    #[error(
        "{0:?} is no choice; there are give, give=EXTERNAL_ID, link=PRODUCT, create, keep, take, placeholder, code and abandon (what fits, `erpsync deferred show N` says)"
    )]
    Unknown(String),
    /// `link` without a product.
    #[error(
        "link needs a product: link=42 (its id in Odoo), link=barcode:CODE or link=ref:INTERNAL_REFERENCE, not {0:?}"
    )]
    Product(String),
    /// `give=` something that is no id.
    #[error("give={text:?}: {reason}")]
    ExternalId {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Wish {
    /// Understands `give`, `give=1002`, `link=42`, `link=#42`, `link=barcode:CODE`, `link=ref:REFERENCE`, `create`, `keep`,
    /// `take`, `abandon`.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(text: &str) -> Result<Self, WishError> {
        let unknown = || WishError::Unknown(text.to_owned());
        match text.split_once('=') {
            None => match Choice::parse(text).ok_or_else(unknown)? {
                Choice::Link => Err(WishError::Product(text.to_owned())),
                choice => Ok(Self::Plain(choice)),
            },
            Some(("give", id)) => ExternalId::parse(id)
                .map(Self::GiveTo)
                .map_err(|e| WishError::ExternalId { text: id.to_owned(), reason: e.to_string() }),
            Some(("link", product)) => {
                parse_product(product).map(Self::Link).ok_or_else(|| WishError::Product(text.to_owned()))
            }
            Some(_) => Err(unknown()),
        }
    }

    /// What is noted.
    #[must_use]
    pub fn choice(&self) -> Choice {
        match self {
            Self::Plain(choice) => *choice,
            Self::GiveTo(_) => Choice::Give,
            Self::Link(_) => Choice::Link,
        }
    }

    /// Does it speak of one deferred action only?
    #[must_use]
    pub fn is_for_one(&self) -> bool {
        matches!(self, Self::Plain(Choice::Give) | Self::GiveTo(_) | Self::Link(_))
    }
}

fn parse_product(text: &str) -> Option<ProductRef> {
    if let Some(code) = text.strip_prefix("barcode:") {
        return Barcode::parse(code).ok().flatten().map(ProductRef::Barcode);
    }
    if let Some(reference) = text.strip_prefix("ref:") {
        return Some(reference.trim()).filter(|r| !r.is_empty()).map(|r| ProductRef::Reference(r.to_owned()));
    }
    let digits = text.strip_prefix('#').unwrap_or(text);
    let id = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
    ProductId::new(id).map(ProductRef::Id)
}

/// Why a choice cannot be noted. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CannotChoose {
    /// What waited is gone.
    #[error("{number} was closed{when}{by}: nothing waits any longer, so there is nothing to choose")]
    Closed {
        /// The record.
        number: i64,
        /// ` on … UTC`, or empty.
        when: String,
        /// ` by run …`, or empty.
        by: String,
    },
    /// The kind does not offer it.
    #[error("{number} is {kind}, for which {choice} is no choice; possible are {possible}", choice = .choice.code())]
    NotOffered {
        /// The record.
        number: i64,
        /// Its kind.
        kind: String,
        /// What was asked for.
        choice: Choice,
        /// What could be.
        possible: String,
    },
    /// Something else was chosen.
    #[error(
        "for {number} the choice {made} was made already; --replace changes it, `erpsync deferred reset {number}` clears it"
    )]
    MadeAlready {
        /// The record.
        number: i64,
        /// The choice that stands.
        made: String,
    },
    /// Another claimant is to get the barcode.
    #[error(
        "{other} ({external_id}) has the choice give for the same barcode already; --replace takes it back there and gives it here, `erpsync deferred reset {other}` only takes it back"
    )]
    GivenAlready {
        /// The other record.
        other: i64,
        /// Whose it is.
        external_id: String,
    },
    /// `give=` on something that is no duplicate claim.
    #[error(
        "{number} is {kind}: only a duplicate-claim has other claimants to give the barcode to; choose plain give for {own}"
    )]
    NoClaimants {
        /// The record.
        number: i64,
        /// Its kind.
        kind: String,
        /// Whose it is.
        own: String,
    },
    /// The other product does not wait for this barcode.
    #[error(
        "{external_id} does not wait for barcode {barcode}; {waiting}; if it has the barcode already, choose keep for {number}"
    )]
    NotWaiting {
        /// The record.
        number: i64,
        /// The product that was to get it.
        external_id: String,
        /// The barcode.
        barcode: String,
        /// Who does.
        waiting: String,
    },
}

/// What to note for a choice: `None` when it stands already.
///
/// # Errors
/// When the record is closed, its kind does not offer the choice, or another one was made and `replace` is not given. One
/// that was abandoned may be taken up again without it.
pub fn choose(
    record: &DeferredRecord,
    choice: Choice,
    product: Option<ProductId>,
    replace: bool,
) -> Result<Option<Standing>, CannotChoose> {
    not_closed(record)?;
    if !record.choices().contains(&choice) {
        let possible: Vec<_> = record.choices().iter().map(|c| c.code()).collect();
        return Err(CannotChoose::NotOffered {
            number: record.number,
            kind: record.kind.clone(),
            choice,
            possible: possible.join(", "),
        });
    }
    let before = record.standing();
    // A choice that was carried out already stays so when it is made once more.
    let state = match (choice, before.state) {
        (Choice::Abandon, _) => DeferredState::Abandoned,
        (_, DeferredState::Decided) if before.choice == Some(choice) && before.product == product => before.state,
        _ => DeferredState::Open,
    };
    let after = Standing { state, choice: Some(choice), product };
    if after == before {
        return Ok(None);
    }
    let other = before.choice.is_some_and(|made| made != Choice::Abandon)
        && (before.choice, before.product) != (after.choice, after.product);
    if other && !replace {
        return Err(CannotChoose::MadeAlready { number: record.number, made: made(&before) });
    }
    Ok(Some(after))
}

/// What to note when a choice is taken back: `None` when there is none.
///
/// # Errors
/// When the record is closed.
pub fn reset(record: &DeferredRecord) -> Result<Option<Standing>, CannotChoose> {
    not_closed(record)?;
    let after = Standing { state: DeferredState::Open, choice: None, product: None };
    Ok((record.standing() != after).then_some(after))
}

fn not_closed(record: &DeferredRecord) -> Result<(), CannotChoose> {
    if record.state != DeferredState::Closed {
        return Ok(());
    }
    let when = if record.closed.is_empty() { String::new() } else { format!(" on {} UTC", record.closed) };
    let by = if record.closed_by.is_empty() { String::new() } else { format!(" by run {}", record.closed_by) };
    Err(CannotChoose::Closed { number: record.number, when, by })
}

/// A choice with its product: `link #42`.
fn made(standing: &Standing) -> String {
    let word = standing.choice.map_or("none", Choice::code);
    standing.product.map_or_else(|| word.to_owned(), |product| format!("{word} {product}"))
}

/// The record on which `give=EXTERNAL_ID` is noted: the one itself, or another claimant's.
///
/// # Errors
/// When the record has no claimants, or that product does not wait for the barcode.
pub fn claimant<'a>(
    record: &'a DeferredRecord,
    rivals: &'a [DeferredRecord],
    external_id: &ExternalId,
) -> Result<&'a DeferredRecord, CannotChoose> {
    not_closed(record)?;
    if record.known_kind() != Some(super::DeferredKind::DuplicateClaim) {
        return Err(CannotChoose::NoClaimants {
            number: record.number,
            kind: record.kind.clone(),
            own: record.external_id.clone(),
        });
    }
    let live = || std::iter::once(record).chain(rivals.iter().filter(|r| r.state != DeferredState::Closed));
    live().find(|r| r.external_id == external_id.as_str()).ok_or_else(|| {
        let others: Vec<_> = live().map(|r| r.external_id.as_str()).take(10).collect();
        CannotChoose::NotWaiting {
            number: record.number,
            external_id: external_id.to_string(),
            barcode: record.subject.clone(),
            waiting: format!("waiting for it: {}", others.join(", ")),
        }
    })
}

/// The other claimant that is to get the barcode, and who loses that with `replace`.
///
/// # Errors
/// When there is one and `replace` is not given.
pub fn given_to(rivals: &[DeferredRecord], replace: bool) -> Result<Vec<&DeferredRecord>, CannotChoose> {
    let live = rivals.iter().filter(|r| r.state != DeferredState::Closed && r.choice == Some(Choice::Give));
    let given: Vec<&DeferredRecord> = live.collect();
    match given.first() {
        Some(other) if !replace => {
            Err(CannotChoose::GivenAlready { other: other.number, external_id: other.external_id.clone() })
        }
        _ => Ok(given),
    }
}

#[cfg(test)]
#[path = "choosing_tests.rs"]
mod tests;
