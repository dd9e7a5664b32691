//! Golden files: one finding of several kinds, with texts that mean harm.

use std::collections::BTreeSet;

use super::*;
use crate::catalog::{ExternalId, OdooPackaging, OdooProduct, ProductId, SourceName};
use crate::check::{Code, Finding, Report};
use crate::render::{Options, Style};

fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn listed(id: &str, name: &str, barcode: Option<&str>) -> Record {
    Record::Listed { id: ExternalId::parse(id).unwrap(), name: name.to_owned(), barcode: barcode.map(str::to_owned) }
}

fn product(id: i64, name: &str, barcode: Option<&str>, active: bool, company: Company) -> Record {
    let id = ProductId::new(id).unwrap();
    Record::Product(OdooProduct { id, name: name.to_owned(), barcode: barcode.map(str::to_owned), active, company })
}

fn packaging(id: i64, kind: PackagingKind, of: i64, name: &str, barcode: &str) -> Record {
    Record::Packaging(OdooPackaging {
        id,
        kind,
        barcode: barcode.to_owned(),
        product: ProductId::new(of).unwrap(),
        name: name.to_owned(),
        active: true,
        company: Company::Own,
    })
}

fn report() -> Report {
    let source = SourceName::parse("polonez").ok();
    let finding = |code, barcode: Option<&str>, records, more, message: &str| Finding {
        code,
        source: source.clone(),
        barcode: barcode.map(str::to_owned),
        records,
        more,
        message: message.to_owned(),
    };
    let (tea, upc) = ("4006381333931", "036000291452");
    let odoo = |f: Finding| Finding { source: None, ..f };
    let findings = vec![
        finding(
            Code::DuplicateInSource,
            Some(tea),
            vec![listed("1001", "Чай \"Майский\", 100 г", Some(tea)), listed("1002", "=1+1", Some(tea))],
            99_980,
            "99982 products list it; none of them has it in Odoo",
        ),
        finding(
            Code::DuplicateInSource,
            Some(upc),
            vec![listed("9", "-5% \u{1b}[31mred", Some(upc)), listed("A-1", "\u{202e}desrever", Some("0036000291452"))],
            0,
            "2 products list it; in Odoo 9 has it (product #3)",
        ),
        finding(
            Code::ForeignHolderOtherCompany,
            Some("X 1"),
            vec![
                listed("7", "Seven", Some("X 1")),
                product(17, "Line\nbreak", Some("X 1"), false, Company::Other("Else, \"Ltd\"".to_owned())),
            ],
            0,
            "listed by 1 product, held by 1 record in Odoo",
        ),
        finding(
            Code::ForeignHolderPackaging,
            Some(upc),
            vec![listed("8", "Box", Some(upc)), packaging(5, PackagingKind::Packaging, 18, "Boxed", upc)],
            0,
            "listed by 1 product, held by 1 record in Odoo",
        ),
        finding(
            Code::BarcodeRemoved,
            Some(tea),
            vec![listed("1", "One", Some(tea)), product(1, "One", None, true, Company::Shared)],
            0,
            "erpsync wrote it",
        ),
        finding(Code::UnreadableBarcode, None, vec![listed("4", "", None)], 0, "the barcode contains U+0000"),
        finding(Code::OrphanBarcodes, None, Vec::new(), 0, "3 barcode rows belong to no product row"),
        odoo(finding(
            Code::DuplicateInOdoo,
            Some(" 12"),
            vec![
                product(2, "Two", Some(" 12"), true, Company::Shared),
                product(3, "Three", Some(" 12"), true, Company::Own),
            ],
            0,
            "2 active products have it",
        )),
        odoo(finding(
            Code::WrongCheckDigitInOdoo,
            Some("4006381333932"),
            vec![packaging(6, PackagingKind::Unit, 19, "Crate", "4006381333932")],
            0,
            "the last digit does not fit the others",
        )),
    ];
    Report {
        checked: source.into_iter().collect(),
        failed: vec![(SourceName::parse("shop-2").unwrap(), "SQL Server is away;\ntry \u{1b}later".to_owned())],
        only: BTreeSet::new(),
        findings,
    }
}

fn text(report: &Report, style: Style, options: Options) -> String {
    written(|out| check_text(report, style, options, out))
}

#[test]
fn text_of_findings() {
    let narrow = Style { color: false, width: 80 };
    insta::assert_snapshot!(text(&report(), narrow, Options::default()));
}

#[test]
fn text_in_colour_with_everything_but_not_all() {
    let options = Options { verbose: true, max_items: Some(1) };
    insta::assert_snapshot!(text(&report(), Style { color: true, width: 0 }, options).replace('\u{1b}', "␛"));
}

#[test]
fn text_when_there_is_nothing() {
    let style = Style::default();
    let mut report = Report { checked: report().checked, ..Report::default() };
    assert_eq!(text(&report, style, Options::default()), "Checked source polonez: nothing found.\n");
    report.only.insert(Code::BarcodeEdited);
    report.checked.push(SourceName::parse("b").unwrap());
    assert_eq!(text(&report, style, Options::default()), "Checked 2 sources for barcode-edited: nothing found.\n");
}

#[test]
fn json_of_findings() {
    insta::assert_snapshot!(written(|out| check_json(&report(), out)));
    let empty = Report { only: BTreeSet::from([Code::EmptySource]), ..Report::default() };
    insta::assert_snapshot!("json_of_no_findings", written(|out| check_json(&empty, out)));
}

#[test]
fn csv_of_findings() {
    insta::assert_snapshot!(written(|out| check_csv(&report(), out)));
    assert_eq!(written(|out| check_csv(&Report::default(), out)).lines().count(), 1, "the heading");
}

#[test]
fn list_of_codes() {
    insta::assert_snapshot!(written(codes_text));
}

#[test]
fn nothing_dangerous_gets_through() {
    let outputs = [
        text(&report(), Style::default(), Options { verbose: true, max_items: None }),
        written(|out| check_json(&report(), out)),
        written(|out| check_csv(&report(), out)).replace("\r\n", "\n"),
    ];
    for output in outputs {
        let bad = output.chars().find(|c| *c != '\n' && crate::render::escape::is_unsafe(*c));
        assert_eq!(bad, None, "{output}");
    }
}

#[test]
fn csv_and_json_can_be_read_back() {
    let text = written(|out| check_csv(&report(), out));
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<::csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), report().findings.iter().map(|f| f.records.len().max(1)).sum::<usize>());
    assert_eq!(&rows[0][7], "Чай \"Майский\", 100 г");
    assert_eq!(&rows[1][7], "'=1+1");
    let json: serde_json::Value = serde_json::from_str(&written(|out| check_json(&report(), out))).unwrap();
    assert_eq!(json["findings"][1]["records"][0]["name"], "-5% \u{1b}[31mred");
    assert_eq!(json["findings"][0]["more"], 99_980);
}
