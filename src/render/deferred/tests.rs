//! Golden output of every format.

use crate::catalog::deferred::record::ProductDetails;

use super::*;

const NARROW: Style = Style { color: false, width: 80 };

fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn product(id: i64, name: &str, details: Option<ProductDetails>) -> ShownProduct {
    ShownProduct { id: ProductId::new(id).unwrap(), name: name.to_owned(), details }
}

fn details(reference: Option<&str>, barcode: Option<&str>) -> Option<ProductDetails> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Some(ProductDetails { reference: owned(reference), barcode: owned(barcode), active: true, company: None })
}

fn record(number: i64, kind: DeferredKind, subject: &str, message: &str) -> DeferredRecord {
    DeferredRecord {
        number,
        source: "polonez".to_owned(),
        external_id: (1000 + number).to_string(),
        name: "Tea".to_owned(),
        kind: kind.code().to_owned(),
        subject: subject.to_owned(),
        value: String::new(),
        message: message.to_owned(),
        product: Some(product(18, "Tea", details(Some("1002"), None))),
        holder: None,
        candidates: Vec::new(),
        state: DeferredState::Open,
        choice: None,
        chosen: None,
        outcome: String::new(),
        opened: "2026-11-03 10:07:00".to_owned(),
        opened_by: "20261103T100700Z-polonez-4711af".to_owned(),
        closed: String::new(),
        closed_by: String::new(),
        changed: "2026-11-03 10:07:00".to_owned(),
        changed_by: "erpsync".to_owned(),
    }
}

const CODE: &str = "4006381333931";

fn claim() -> DeferredRecord {
    let message = "barcode 4006381333931 is listed at 1001 as well; it stays with 1001, which has it, until the source lists it once";
    let holder = product(17, "Coffee \"Gold\"", details(Some("1001"), Some(CODE)));
    DeferredRecord { holder: Some(holder), ..record(2, DeferredKind::DuplicateClaim, CODE, message) }
}

fn rival() -> DeferredRecord {
    let name = "Green\u{1b}[31m tea".to_owned();
    DeferredRecord { name, choice: Some(Choice::Give), ..record(3, DeferredKind::DuplicateClaim, CODE, "listed twice") }
}

fn ambiguous() -> DeferredRecord {
    let archived = details(None, None).map(|d| ProductDetails { active: false, company: Some("Ltd".to_owned()), ..d });
    DeferredRecord {
        name: String::new(),
        external_id: "it's 4".to_owned(),
        product: None,
        candidates: vec![
            product(40, "Tea", details(Some("T-1"), Some(CODE))),
            product(41, "Tea", archived),
            product(42, "", None),
        ],
        ..record(4, DeferredKind::AmbiguousMatch, "", "several products are alike")
    }
}

fn jump() -> DeferredRecord {
    DeferredRecord {
        value: "99.90".to_owned(),
        state: DeferredState::Abandoned,
        choice: Some(Choice::Abandon),
        changed_by: "Marie".to_owned(),
        ..record(5, DeferredKind::PriceJump, "price", "=price moves from 9.99 to 99.90")
    }
}

fn closed() -> DeferredRecord {
    DeferredRecord {
        state: DeferredState::Closed,
        choice: Some(Choice::Link),
        chosen: Some(product(43, "Chosen", None)),
        closed: "2026-11-04 11:07:00".to_owned(),
        closed_by: "20261104T110700Z-polonez-0815bc".to_owned(),
        outcome: "linked".to_owned(),
        ..record(6, DeferredKind::ProductGone, "", "the product was deleted\nin Odoo")
    }
}

fn all() -> Vec<DeferredRecord> {
    vec![claim(), rival(), ambiguous(), jump(), closed()]
}

#[test]
fn lists() {
    insta::assert_snapshot!(written(|out| list_text(&all(), NARROW, out)));
    let colour = Style { color: true, width: 0 };
    insta::assert_snapshot!(
        "list_in_colour",
        written(|out| list_text(&all()[..2], colour, out)).replace('\u{1b}', "␛")
    );
    assert_eq!(written(|out| list_text(&[], NARROW, out)), "Nothing is open.\n");
}

#[test]
fn lists_for_programs() {
    insta::assert_snapshot!("list_as_json", written(|out| json(&all(), None, out)));
    insta::assert_snapshot!("list_as_csv", written(|out| csv(&all(), out)));
    assert_eq!(written(|out| csv(&[], out)).lines().count(), 1);
}

#[test]
fn everything_about_one() {
    let linked = BTreeMap::from([(ProductId::new(41).unwrap(), "1009".to_owned())]);
    let rivals = [rival()];
    let shown: Vec<String> = [(claim(), &rivals[..]), (ambiguous(), &[]), (jump(), &[]), (closed(), &[])]
        .iter()
        .map(|(record, rivals)| written(|out| show_text(&Detail { record, rivals, linked: &linked }, NARROW, out)))
        .collect();
    insta::assert_snapshot!("shown", shown.join("\n"));
    let record = claim();
    let detail = Detail { record: &record, rivals: &rivals, linked: &linked };
    insta::assert_snapshot!("shown_as_json", written(|out| json(&[], Some(&detail), out)));
}

#[test]
fn choices_and_what_comes_of_them() {
    let chosen = product(40, "Tea", None);
    let mut shown = String::new();
    for kind in DeferredKind::ALL {
        let subject = match kind.choices()[0] {
            Choice::Give | Choice::Placeholder => CODE,
            Choice::Take | Choice::Keep => "price",
            Choice::Link | Choice::Create | Choice::Code | Choice::Abandon => "",
        };
        let holder = Some(product(17, "Coffee", None));
        let record = DeferredRecord { holder, value: "9.90".to_owned(), ..record(2, kind, subject, "") };
        for choice in kind.choices().iter().filter(|c| **c != Choice::Abandon || kind == DeferredKind::Held) {
            let product = (*choice == Choice::Link).then_some(&chosen);
            let noted = Noted { record: &record, choice: Some(*choice), product, how: How::Noted };
            shown += &written(|out| noted_text(&noted, NARROW, out));
        }
    }
    let before = rival();
    for how in [How::WouldBe, How::Already] {
        let noted = Noted { record: &before, choice: Some(Choice::Keep), product: None, how };
        shown += &written(|out| noted_text(&noted, NARROW, out));
    }
    for how in [How::Noted, How::WouldBe, How::Already] {
        let noted = Noted { record: &before, choice: None, product: None, how };
        shown += &written(|out| noted_text(&noted, NARROW, out));
    }
    insta::assert_snapshot!(shown);
}
