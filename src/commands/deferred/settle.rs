//! `deferred resolve`, `abandon` and `reset`: read, check all, write, read again.
//!
//! Odoo's plain calls know no "write if it is still so": what was checked is read again right before the write, and what
//! stands afterwards is what is reported. A run that closes a record in between is noticed and left its word.

use std::io;

use crate::catalog::deferred::choosing::{self, CannotChoose, ProductRef, Wish};
use crate::catalog::deferred::record::{DeferredRecord, DeferredState, ShownProduct, Standing};
use crate::catalog::{Choice, ProductId};
use crate::odoo::deferred::{self, SEVERAL};
use crate::odoo::{Odoo, OdooError};
use crate::render::deferred::{How, Noted, noted_text};

use super::super::{Console, Failure, Outcome, Signals, printed, told};
use super::{Settle, found};

/// What is to be noted on a record, `None` when it stands there already.
struct Step {
    record: DeferredRecord,
    after: Option<Standing>,
}

/// All that one command notes.
struct Steps {
    /// Claimants that lose the choice give; they come first, so that no two ever have it.
    taken_back: Vec<Step>,
    /// What was asked for.
    asked: Vec<Step>,
    choice: Option<Choice>,
    product: Option<ShownProduct>,
}

pub(super) async fn run(
    odoo: &Odoo,
    request: &Settle,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let steps = signals.unless_interrupted(checked(odoo, request)).await?;
    let to_write = steps.taken_back.iter().chain(&steps.asked).any(|step| step.after.is_some());
    if request.dry_run {
        printed(show(&steps, How::WouldBe, console))?;
        return Ok(Outcome { would_change: to_write, ..Outcome::default() });
    }
    if to_write {
        signals.unless_interrupted(unchanged(odoo, &steps)).await?;
        // From here on a signal waits: half a choice helps nobody.
        write(odoo, &steps.taken_back).await?;
        write(odoo, &steps.asked).await?;
    }
    told(show(&steps, How::Noted, console));
    Ok(Outcome::default())
}

/// Checks everything before anything is written.
async fn checked(odoo: &Odoo, request: &Settle) -> Result<Steps, Failure> {
    let mut records = found(odoo, &request.numbers).await?;
    let Some(wish) = &request.wish else {
        let asked = records.into_iter().map(|record| Ok(Step { after: choosing::reset(&record)?, record }));
        let asked = asked.collect::<Result<_, CannotChoose>>().map_err(declined)?;
        return Ok(Steps { taken_back: Vec::new(), asked, choice: None, product: None });
    };
    let choice = wish.choice();
    let mut taken_back = Vec::new();
    if choice == Choice::Give
        && let Some(record) = records.first_mut()
    {
        let mut others = deferred::rivals(odoo, record).await?;
        if let Wish::GiveTo(external_id) = wish {
            let chosen = choosing::claimant(record, &others, external_id).map_err(declined)?.number;
            if let Some(claimant) = others.iter_mut().find(|r| r.number == chosen) {
                std::mem::swap(record, claimant);
            }
        }
        // Before the other claimants are looked at: what can never be given takes nothing from them.
        choosing::choose(record, choice, None, true).map_err(declined)?;
        for other in choosing::given_to(&others, request.replace).map_err(declined)? {
            let after = choosing::reset(other).map_err(declined)?;
            taken_back.push(Step { record: other.clone(), after });
        }
    }
    let mut product = None;
    if let (Wish::Link(word), Some(record)) = (wish, records.first()) {
        // First whether there can be a link at all, then which.
        choosing::choose(record, choice, None, true).map_err(declined)?;
        product = Some(chosen_product(odoo, record, word).await?);
    }
    let id = product.as_ref().map(|p| p.id);
    let asked = records
        .into_iter()
        .map(|record| Ok(Step { after: choosing::choose(&record, choice, id, request.replace)?, record }))
        .collect::<Result<_, CannotChoose>>()
        .map_err(declined)?;
    Ok(Steps { taken_back, asked, choice: Some(choice), product })
}

fn declined(reason: CannotChoose) -> Failure {
    Failure::Declined(format!("{reason}; nothing was changed"))
}

/// The product that a person's word means, if the record's external id can be linked to it.
async fn chosen_product(odoo: &Odoo, record: &DeferredRecord, word: &ProductRef) -> Result<ShownProduct, Failure> {
    let product = match (deferred::products_named(odoo, word).await?, word) {
        (Some(found), _) => the_one(found, word)?,
        (None, ProductRef::Id(id)) => {
            log::warn!(
                "the account may not read products in Odoo, so whether {id} exists and whose it is was not checked"
            );
            ShownProduct { id: *id, name: String::new(), details: None }
        }
        (None, _) => {
            return Err(OdooError::Rights(
                "the account may not read products in Odoo, so it cannot look for one; give its id: link=42".to_owned(),
            )
            .into());
        }
    };
    can_be_linked(odoo, record, product.id).await?;
    if let Some(company) = product.details.as_ref().and_then(|d| d.company.as_ref()) {
        log::warn!(
            "product {} belongs to company {company:?}; an import for another company will not link to it",
            product.id
        );
    }
    if product.details.as_ref().is_some_and(|d| !d.active) {
        log::warn!("product {} is archived", product.id);
    }
    Ok(product)
}

fn the_one(mut found: Vec<ShownProduct>, word: &ProductRef) -> Result<ShownProduct, Failure> {
    let what = match word {
        ProductRef::Id(id) => id.to_string(),
        ProductRef::Barcode(code) => format!("with barcode {code}"),
        ProductRef::Reference(reference) => format!("with internal reference {reference:?}"),
    };
    if found.len() > 1 {
        let shown: Vec<String> = found.iter().take(SEVERAL).map(|p| format!("{} {:?}", p.id, p.name)).collect();
        let more = if found.len() > SEVERAL { " and more" } else { "" };
        return Err(Failure::Declined(format!(
            "Odoo has several products {what}: {}{more}; choose one by its id: link=42; nothing was changed",
            shown.join(", ")
        )));
    }
    found.pop().ok_or_else(|| {
        Failure::Declined(format!("Odoo has no product {what} that this account may see; nothing was changed"))
    })
}

/// A product has one external id a source at most.
async fn can_be_linked(odoo: &Odoo, record: &DeferredRecord, product: ProductId) -> Result<(), Failure> {
    let links = deferred::links_of(odoo, &record.source, &[product]).await?;
    if let Some(other) = links.get(&product).filter(|id| **id != record.external_id) {
        return Err(Failure::Declined(format!(
            "product {product} is linked to {other} of source {} already, and cannot be {}'s as well; in Odoo that link can be deleted (menu External products); nothing was changed",
            record.source, record.external_id
        )));
    }
    if let Some(other) = deferred::chosen_elsewhere(odoo, record, product).await?.first() {
        return Err(Failure::Declined(format!(
            "product {product} was chosen for {} already (deferred action {}); `erpsync deferred reset {}` takes that back; nothing was changed",
            other.external_id, other.number, other.number
        )));
    }
    Ok(())
}

/// Does everything stand as it was checked?
async fn unchanged(odoo: &Odoo, steps: &Steps) -> Result<(), Failure> {
    let all: Vec<&DeferredRecord> = steps.taken_back.iter().chain(&steps.asked).map(|step| &step.record).collect();
    let numbers: Vec<i64> = all.iter().map(|r| r.number).collect();
    for (before, now) in all.iter().zip(found(odoo, &numbers).await?) {
        if before.standing() != now.standing() || before.closed != now.closed {
            return Err(Failure::Declined(format!(
                "{} was changed meanwhile by {}; look again (`erpsync deferred show {}`); nothing was changed",
                now.number, now.changed_by, now.number
            )));
        }
    }
    Ok(())
}

/// Writes what is to be written, alike ones in one transaction, and reads what stands then.
async fn write(odoo: &Odoo, steps: &[Step]) -> Result<(), Failure> {
    let mut left: Vec<(&DeferredRecord, Standing)> = steps.iter().filter_map(|s| Some((&s.record, s.after?))).collect();
    while let Some((first, after)) = left.first().copied() {
        let alike = |r: &DeferredRecord, a: Standing| r.state == first.state && a == after;
        let (now, later): (Vec<_>, Vec<_>) = left.into_iter().partition(|(r, a)| alike(r, *a));
        left = later;
        let numbers: Vec<i64> = now.iter().map(|(r, _)| r.number).collect();
        deferred::note(odoo, &numbers, first.state, after).await?;
        for (record, stands) in now.iter().zip(found(odoo, &numbers).await?) {
            stands_so(odoo, record.0, &stands, after).await?;
        }
    }
    Ok(())
}

async fn stands_so(odoo: &Odoo, before: &DeferredRecord, now: &DeferredRecord, after: Standing) -> Result<(), Failure> {
    let closed = now.state == DeferredState::Closed || before.closed != now.closed;
    if closed {
        if now.state != DeferredState::Closed {
            // Our state came on top of the run's.
            let put_back = Standing { state: DeferredState::Closed, ..before.standing() };
            deferred::note(odoo, &[now.number], now.state, put_back).await?;
        }
        return Err(Failure::Declined(format!(
            "{} was closed meanwhile by run {}: nothing waits any longer, so the choice means nothing",
            now.number, now.closed_by
        )));
    }
    if now.standing() == after {
        return Ok(());
    }
    let made = now.choice.map_or("no choice", Choice::code);
    Err(Failure::Declined(format!(
        "{} was changed at the same time by {}: {made} stands there now; look again (`erpsync deferred show {}`)",
        now.number, now.changed_by, now.number
    )))
}

fn show(steps: &Steps, how: How, console: &mut Console<'_>) -> io::Result<()> {
    if console.quiet {
        return Ok(());
    }
    let taken_back = steps.taken_back.iter().map(|step| (step, None, None));
    let asked = steps.asked.iter().map(|step| (step, steps.choice, steps.product.as_ref()));
    for (step, choice, product) in taken_back.chain(asked) {
        let how = if step.after.is_some() { how } else { How::Already };
        let noted = Noted { record: &step.record, choice, product, how };
        noted_text(&noted, console.style, console.out)?;
    }
    Ok(())
}
