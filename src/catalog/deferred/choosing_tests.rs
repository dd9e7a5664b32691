//! What may be chosen on what.

use super::super::record::{ProductDetails, ShownProduct};
use super::super::{Choice, DeferredKind};
use super::*;

fn product(id: i64) -> ShownProduct {
    let details = ProductDetails { reference: None, barcode: None, active: true, company: None };
    ShownProduct { id: ProductId::new(id).unwrap(), name: format!("Product {id}"), details: Some(details) }
}

fn record(number: i64, kind: DeferredKind, subject: &str) -> DeferredRecord {
    DeferredRecord {
        number,
        source: "polonez".to_owned(),
        external_id: (1000 + number).to_string(),
        name: String::new(),
        kind: kind.code().to_owned(),
        subject: subject.to_owned(),
        value: String::new(),
        message: String::new(),
        product: None,
        holder: None,
        candidates: Vec::new(),
        state: DeferredState::Open,
        choice: None,
        chosen: None,
        outcome: String::new(),
        opened: "2026-11-03 10:07:00".to_owned(),
        opened_by: "run-1".to_owned(),
        closed: String::new(),
        closed_by: String::new(),
        changed: String::new(),
        changed_by: String::new(),
    }
}

fn made(choice: Choice) -> DeferredRecord {
    DeferredRecord { choice: Some(choice), ..record(1, DeferredKind::DuplicateClaim, "400") }
}

fn standing(state: DeferredState, choice: Option<Choice>) -> Standing {
    Standing { state, choice, product: None }
}

#[test]
fn wishes_are_understood() {
    let id = |n| ProductRef::Id(ProductId::new(n).unwrap());
    let code = Barcode::parse("4006381333931").unwrap().unwrap();
    for (text, wish) in [
        ("give", Wish::Plain(Choice::Give)),
        ("give=1003", Wish::GiveTo(ExternalId::parse("1003").unwrap())),
        ("link=42", Wish::Link(id(42))),
        ("link=#42", Wish::Link(id(42))),
        ("link=barcode:4006381333931", Wish::Link(ProductRef::Barcode(code))),
        ("link=ref:A=1", Wish::Link(ProductRef::Reference("A=1".to_owned()))),
        ("create", Wish::Plain(Choice::Create)),
        ("keep", Wish::Plain(Choice::Keep)),
        ("take", Wish::Plain(Choice::Take)),
        ("abandon", Wish::Plain(Choice::Abandon)),
    ] {
        assert_eq!(Wish::parse(text), Ok(wish), "{text}");
    }
    for text in [
        "",
        "Give",
        "give=",
        "give= ",
        "link",
        "link=",
        "link=x",
        "link=0",
        "link=-1",
        "link=+1",
        "link=##1",
        "link=ref:",
        "link=barcode: ",
        "keep=1",
        "take=",
        "=",
        "x=1",
    ] {
        assert!(Wish::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn every_kind_takes_its_choices_and_no_other() {
    for kind in DeferredKind::ALL {
        let record = record(1, kind, "name");
        for choice in Choice::ALL {
            let outcome = choose(&record, choice, None, false);
            if kind.choices().contains(&choice) {
                let state = if choice == Choice::Abandon { DeferredState::Abandoned } else { DeferredState::Open };
                assert_eq!(outcome, Ok(Some(standing(state, Some(choice)))), "{kind:?} {choice:?}");
            } else {
                assert!(matches!(outcome, Err(CannotChoose::NotOffered { .. })), "{kind:?} {choice:?}: {outcome:?}");
            }
        }
    }
    let unknown = DeferredRecord { kind: "from-the-future".to_owned(), ..made(Choice::Abandon) };
    assert_eq!(unknown.choices(), [Choice::Abandon]);
}

#[test]
fn a_choice_is_replaced_only_when_asked() {
    let before = made(Choice::Keep);
    assert_eq!(choose(&before, Choice::Keep, None, false), Ok(None));
    for choice in [Choice::Give, Choice::Abandon] {
        let refused = choose(&before, choice, None, false);
        assert_eq!(refused, Err(CannotChoose::MadeAlready { number: 1, made: "keep".to_owned() }));
        assert_eq!(choose(&before, choice, None, true).unwrap().unwrap().choice, Some(choice));
    }
    // Another product is another choice.
    let linked = DeferredRecord {
        choice: Some(Choice::Link),
        chosen: Some(product(42)),
        ..record(1, DeferredKind::AmbiguousMatch, "")
    };
    let id = |n| ProductId::new(n);
    assert_eq!(choose(&linked, Choice::Link, id(42), false), Ok(None));
    let refused = choose(&linked, Choice::Link, id(43), false);
    assert_eq!(refused, Err(CannotChoose::MadeAlready { number: 1, made: "link #42".to_owned() }));
    assert_eq!(choose(&linked, Choice::Link, id(43), true).unwrap().unwrap().product, id(43));
    assert_eq!(choose(&linked, Choice::Create, None, true).unwrap().unwrap().product, None);
}

#[test]
fn what_was_abandoned_or_carried_out_is_taken_up_again() {
    let abandoned = DeferredRecord { state: DeferredState::Abandoned, ..made(Choice::Abandon) };
    assert_eq!(choose(&abandoned, Choice::Abandon, None, false), Ok(None));
    let open = standing(DeferredState::Open, Some(Choice::Keep));
    assert_eq!(choose(&abandoned, Choice::Keep, None, false), Ok(Some(open)));
    // Chosen in Odoo's form, which leaves the state alone.
    let chosen = made(Choice::Abandon);
    let after = standing(DeferredState::Abandoned, Some(Choice::Abandon));
    assert_eq!(choose(&chosen, Choice::Abandon, None, false), Ok(Some(after)));
    let decided = DeferredRecord { state: DeferredState::Decided, ..made(Choice::Keep) };
    assert_eq!(choose(&decided, Choice::Keep, None, false), Ok(None));
    assert!(choose(&decided, Choice::Give, None, false).is_err());
    let given = standing(DeferredState::Open, Some(Choice::Give));
    assert_eq!(choose(&decided, Choice::Give, None, true), Ok(Some(given)));
    let waiting = standing(DeferredState::Open, None);
    for record in [abandoned, chosen, decided] {
        assert_eq!(reset(&record), Ok(Some(waiting)));
    }
    assert_eq!(reset(&record(1, DeferredKind::Drift, "name")), Ok(None));
}

#[test]
fn a_closed_one_takes_nothing() {
    let closed = DeferredRecord {
        state: DeferredState::Closed,
        closed: "2026-11-04 11:00:00".to_owned(),
        closed_by: "run-2".to_owned(),
        ..record(7, DeferredKind::DuplicateClaim, "400")
    };
    let said = choose(&closed, Choice::Abandon, None, true).unwrap_err().to_string();
    assert_eq!(
        said,
        "7 was closed on 2026-11-04 11:00:00 UTC by run run-2: nothing waits any longer, so there is nothing to choose"
    );
    assert!(reset(&closed).is_err());
    assert!(claimant(&closed, &[], &ExternalId::parse("1007").unwrap()).is_err());
    assert!(closed.choices().is_empty());
}

#[test]
fn a_barcode_goes_to_one_claimant() {
    let own = record(1, DeferredKind::DuplicateClaim, "012345678905");
    // The EAN-13 of that UPC-A.
    let other = record(2, DeferredKind::DuplicateClaim, "0012345678905");
    assert!(own.is_rival(&other) && !own.is_rival(&own));
    assert!(!own.is_rival(&DeferredRecord { source: "other".to_owned(), ..other.clone() }));
    assert!(!own.is_rival(&record(3, DeferredKind::SecondHolder, "012345678905")));
    assert!(!own.is_rival(&record(3, DeferredKind::DuplicateClaim, "4006381333931")));
    let no_subject = record(1, DeferredKind::AmbiguousMatch, "");
    assert!(!no_subject.is_rival(&record(2, DeferredKind::AmbiguousMatch, "")));

    let id = |text: &str| ExternalId::parse(text).unwrap();
    let rivals = [other.clone()];
    assert_eq!(claimant(&own, &rivals, &id("1002")).unwrap().number, 2);
    assert_eq!(claimant(&own, &rivals, &id("1001")).unwrap().number, 1);
    let said = claimant(&own, &rivals, &id("1009")).unwrap_err().to_string();
    assert!(said.contains("waiting for it: 1001, 1002;") && said.contains("choose keep for 1"), "{said}");
    let foreign = record(1, DeferredKind::ForeignHolder, "400");
    assert!(matches!(claimant(&foreign, &[], &id("1001")), Err(CannotChoose::NoClaimants { .. })));

    assert_eq!(given_to(&rivals, false), Ok(vec![]));
    let given = [DeferredRecord { choice: Some(Choice::Give), ..other }];
    let said = given_to(&given, false).unwrap_err().to_string();
    assert!(said.starts_with("2 (1002) has the choice give"), "{said}");
    assert_eq!(given_to(&given, true).unwrap()[0].number, 2);
    let closed = [DeferredRecord { state: DeferredState::Closed, ..given[0].clone() }];
    assert_eq!(given_to(&closed, false), Ok(vec![]));
}
