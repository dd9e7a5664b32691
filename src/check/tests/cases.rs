//! Each kind of finding, and what looks like one and is none.

use crate::catalog::source::{BarcodeOrder, CatalogueBuilder};
use crate::catalog::{Catalogue, Company, OdooProduct, PackagingKind};
use crate::check::{Code, Record, SHOWN_RECORDS, Severity};

use super::world::{World, brief, brief_but, id, product};

/// Right check digits.
const A: &str = "4006381333931";
const B: &str = "4600000000015";
const UPC: &str = "036000291452";
const EAN: &str = "0036000291452";

fn archived(n: i64, barcode: &str) -> OdooProduct {
    OdooProduct { active: false, ..product(n, Some(barcode)) }
}

fn of(n: i64, barcode: &str, company: Company) -> OdooProduct {
    OdooProduct { company, ..product(n, Some(barcode)) }
}

fn elsewhere() -> Company {
    Company::Other("Elsewhere".to_owned())
}

#[test]
fn codes_are_in_order_and_their_names_stable() {
    assert!(Code::ALL.is_sorted_by_key(|c| c.severity()), "errors first");
    assert!(Code::ALL.is_sorted());
    for code in Code::ALL {
        assert_eq!(Code::named(code.name()), Some(*code));
        assert!(code.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", code.name());
        assert!(!code.meaning().is_empty() && !code.remedy().ends_with('.'), "{}", code.name());
    }
    assert_eq!(Code::named("duplicate"), None);
    assert_eq!(Severity::ALL.map(Severity::name), ["error", "warning", "info"]);
}

#[test]
fn nothing_in_a_clean_world() {
    let world = World::listing(&[("1", &[A]), ("2", &[B]), ("3", &[])])
        .linked("1", 1, Some(A), Some(A))
        .linked("2", 2, Some(B), Some(B))
        .linked("3", 3, None, None)
        .foreign(product(9, Some("2000000000009")))
        .packaging(1, PackagingKind::Unit, 9, "14006381333938");
    assert_eq!(brief(&world.check()), [""; 0]);
    assert_eq!(brief(&world.check_odoo()), [""; 0]);
}

#[test]
fn one_code_at_several_products() {
    let world = World::listing(&[("1", &[UPC]), ("2", &[EAN]), ("3", &[A]), ("10", &[" 0036000291452"])]);
    assert_eq!(brief(&world.check()), ["duplicate-in-source 036000291452: 1 2 10"]);
    let world = world.linked("2", 7, Some(UPC), Some(UPC));
    let found = world.check();
    assert_eq!(brief(&found)[0], "duplicate-in-source 036000291452: 1 2 10 #7");
    assert!(found[0].message.contains("in Odoo 2 has it (product #7)"), "{}", found[0].message);
}

#[test]
fn a_code_at_everything_is_one_short_finding() {
    let ids: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
    let mut world = World { adopts: true, ..World::default() };
    world.source = ids.iter().map(|id| (id.clone(), vec![A.to_owned()])).collect();
    for n in 1..=1000 {
        world.odoo.products.push(product(n, Some(A)));
        world = world.packaging(n, PackagingKind::Packaging, n, A);
    }
    for n in 0..1000_i64 {
        world = world.linked(&n.to_string(), 2000 + n, Some(A), Some(A));
    }
    let found = world.check();
    let codes: Vec<Code> = found.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::DuplicateInSource, Code::ForeignHolderActive, Code::ForeignHolderPackaging]);
    assert_eq!((found[0].records.len(), found[0].more), (SHOWN_RECORDS + 1, 100_000 - SHOWN_RECORDS));
    assert_eq!((found[1].records.len(), found[1].more), (2 * SHOWN_RECORDS, 101_000 - 2 * SHOWN_RECORDS));
    let Record::Listed { id: last, .. } = &found[0].records[SHOWN_RECORDS - 1] else { panic!("{found:?}") };
    assert_eq!(*last, id("19"), "the first ones by id");
    assert_eq!(world.check_odoo()[0].more, 2000 - SHOWN_RECORDS);
}

#[test]
fn a_product_with_very_many_codes() {
    let codes: Vec<String> = (0..20_000).map(|n| format!("X{n}")).collect();
    let mut world = World { source: vec![("1".to_owned(), codes)], ..World::default() };
    world = world.linked("1", 1, Some("Y"), Some("Y"));
    let found = world.check();
    assert_eq!(brief(&found)[0], "barcode-pending Y: 1 #1");
    assert_eq!((found[1].code, found[1].records.len(), found[1].more), (Code::SeveralBarcodes, 21, 19_980));
    assert!(found.iter().all(|f| f.message.len() < 200));
}

#[test]
fn holders_outside_the_source() {
    let world = World::listing(&[("1", &[A])]).linked("1", 1, None, None);
    let with = |p: OdooProduct| brief_but(&world.clone().foreign(p).check(), Code::BarcodeWithheld);
    assert_eq!(with(product(9, Some(A))), ["foreign-holder-active 4006381333931: 1 #9"]);
    assert_eq!(with(product(9, Some(" 4006381333931 "))), ["foreign-holder-active 4006381333931: 1 #9"]);
    assert_eq!(with(archived(9, A)), ["foreign-holder-archived 4006381333931: 1 #9"]);
    assert_eq!(with(of(9, A, elsewhere())), ["foreign-holder-other-company 4006381333931: 1 #9"]);
    assert_eq!(with(of(9, A, Company::Own)), ["foreign-holder-active 4006381333931: 1 #9"]);
    for (kind, code) in
        [(PackagingKind::Packaging, "foreign-holder-packaging"), (PackagingKind::Unit, "foreign-holder-unit")]
    {
        let found = world.clone().packaging(4, kind, 9, A).check();
        assert_eq!(brief_but(&found, Code::BarcodeWithheld), [format!("{code} 4006381333931: 1 k4")]);
        assert!(found.iter().any(|f| f.code == Code::BarcodeWithheld));
        // The product's own packaging scans as the product.
        let own = world.clone().packaging(4, kind, 1, A).check();
        assert_eq!(brief(&own), ["barcode-withheld 4006381333931: 1 #1"]);
        assert_eq!(own[0].message, "a packaging or unit of the product has it");
    }
}

#[test]
fn products_that_the_next_import_adopts() {
    let world = World { adopts: true, ..World::listing(&[("1", &[A, UPC]), ("2", &[B])]) };
    let but = |w: &World| brief_but(&w.check(), Code::SeveralBarcodes);
    let one = world.clone().foreign(product(8, Some(A))).foreign(archived(9, B));
    assert_eq!(but(&one), ["holder-to-adopt 4006381333931: 1 #8", "holder-to-adopt 4600000000015: 2 #9"]);
    // Not when the rule is off, when there are two, when it is linked, or when it is another company's.
    assert_eq!(but(&World { adopts: false, ..one.clone() })[0], "foreign-holder-active 4006381333931: 1 #8");
    let two = one.clone().foreign(product(7, Some(EAN)));
    assert_eq!(
        but(&two)[..2],
        ["foreign-holder-active 036000291452: 1 #7", "foreign-holder-active 4006381333931: 1 #8"]
    );
    let linked = one.clone().linked("1", 1, Some(UPC), Some(UPC));
    assert_eq!(but(&linked)[0], "foreign-holder-active 4006381333931: 1 #8");
    let other = world.clone().foreign(of(8, A, elsewhere()));
    assert_eq!(but(&other), ["foreign-holder-other-company 4006381333931: 1 #8"]);
    // A contested code recognises nobody.
    let contested = World { adopts: true, ..World::listing(&[("1", &[A]), ("2", &[A])]) }.foreign(product(8, Some(A)));
    assert_eq!(brief(&contested.check())[1], "foreign-holder-active 4006381333931: 1 2 #8");
}

#[test]
fn several_codes_and_which_one_odoo_has() {
    let world = World::listing(&[("1", &[A, B])]);
    let told = |w: &World| w.check().iter().find(|f| f.code == Code::SeveralBarcodes).unwrap().message.clone();
    assert_eq!(told(&world), "2 barcodes listed; the product is not linked yet");
    assert_eq!(
        told(&world.clone().linked("1", 1, Some(B), Some(B))),
        "2 barcodes listed; its product in Odoo has 4600000000015"
    );
    assert_eq!(told(&world.clone().linked("1", 1, None, None)), "2 barcodes listed; its product in Odoo has none");
    let mut gone = world.linked("1", 1, None, None);
    gone.links[0].product = None;
    assert_eq!(told(&gone), "2 barcodes listed; its product in Odoo was deleted");
}

#[test]
fn wrong_check_digits() {
    let wrong = "4006381333932";
    let world = World::listing(&[("1", &[wrong]), ("2", &[wrong]), ("3", &["2000000000000"]), ("4", &["12345"])])
        .foreign(product(8, Some("73513538")))
        .foreign(archived(9, "73513539"))
        .foreign(of(10, "73513530", elsewhere()))
        .packaging(3, PackagingKind::Packaging, 8, "10012345678903");
    assert_eq!(brief_but(&world.check(), Code::DuplicateInSource), ["wrong-check-digit-in-source 4006381333932: 1 2"]);
    assert_eq!(
        brief(&world.check_odoo()),
        ["wrong-check-digit-in-odoo 10012345678903: k3", "wrong-check-digit-in-odoo 73513538: #8"]
    );
    let told = ["73513538".to_owned()].into();
    assert_eq!(
        brief(&crate::check::check_odoo(&world.odoo, &world.nomenclature, &told)),
        ["wrong-check-digit-in-odoo 10012345678903: k3"]
    );
}

#[test]
fn near_duplicates_within_the_source() {
    let world = World::listing(&[("1", &["00036000291452"]), ("2", &[UPC]), ("3", &["AB 12"]), ("4", &["AB12"])]);
    assert_eq!(
        brief(&world.check()),
        ["near-duplicate-in-source 00036000291452: 1 2", "near-duplicate-in-source AB 12: 3 4"]
    );
    let within = World::listing(&[("1", &[UPC, EAN]), ("2", &[A, "04006381333931"])]);
    assert_eq!(
        brief_but(&within.check(), Code::SeveralBarcodes),
        ["respelled-in-source 0036000291452: 1 1", "respelled-in-source 4006381333931: 2 2"]
    );
}

#[test]
fn near_codes_in_odoo() {
    let world = World::listing(&[("1", &[UPC])]).linked("1", 1, Some(UPC), Some(UPC));
    let near = world.clone().foreign(product(8, Some("36000291452"))).foreign(archived(9, "36000291452"));
    assert_eq!(brief(&near.check()), ["near-foreign-holder 036000291452: 1 #8"]);
    assert_eq!(
        brief(&near.check_odoo()),
        ["near-duplicate-in-odoo 036000291452: #1 #8", "unscannable-in-odoo 36000291452: #8"]
    );
    // The product's own packaging is none of it, another company's neither.
    let own = world.packaging(2, PackagingKind::Packaging, 1, "36000291452").foreign(of(7, "36000291452", elsewhere()));
    assert_eq!(brief(&own.check()), [""; 0]);
    assert_eq!(brief(&own.check_odoo()), ["unscannable-in-odoo 36000291452: k2"]);
}

#[test]
fn what_no_scanner_sends() {
    let listed: &[(&str, &[&str])] =
        &[("1", &["978-3-16-148410-0"]), ("2", &["4006381333931;4006381333948"]), ("3", &["AB-123"]), ("4", &["0"])];
    let world = World::listing(listed).foreign(product(8, Some("'AB-7"))).foreign(archived(9, "'AB-8"));
    let found = world.check();
    assert_eq!(brief(&found), ["unscannable-barcode: 1", "unscannable-barcode: 2", "placeholders: "]);
    assert!(found[0].message.contains("probably 9783161484100 is meant"), "{}", found[0].message);
    assert!(found[1].message.contains("probably 4006381333931 and 4006381333948 is meant"), "{}", found[1].message);
    assert!(found[2].message.starts_with("1 row, such as \"0\""), "{}", found[2].message);
    let odoo = world.check_odoo();
    assert_eq!(brief(&odoo), ["unscannable-in-odoo 'AB-7: #8"]);
    assert!(odoo[0].message.ends_with("probably AB-7 is meant"), "{}", odoo[0].message);
    // A shop's own numbers of seven digits: one in ten is right by chance.
    let own: Vec<(String, Vec<String>)> = (0..50).map(|n| (n.to_string(), vec![(1_234_560 + n).to_string()])).collect();
    assert_eq!(brief(&World { source: own, ..World::default() }.check()), [""; 0]);
}

#[test]
fn weighed_goods_are_checked_by_the_shops_own_rules() {
    use crate::catalog::Nomenclature;
    use crate::catalog::nomenclature::{Encoding, Rule};
    let rule = |kind: &str, pattern: &str| Rule {
        encoding: Encoding::Ean13,
        kind: kind.to_owned(),
        pattern: pattern.to_owned(),
    };
    let listed: &[(&str, &[&str])] =
        &[("1", &["2100001000000"]), ("2", &["2100002000003"]), ("3", &["2500001000000"]), ("4", &["4006381333932"])];
    let mut world = World::listing(listed).foreign(product(8, Some("2100009000000")));
    assert_eq!(
        brief(&world.check()),
        ["wrong-check-digit-in-source 4006381333932: 4"],
        "GS1 leaves prefix 2 to the shop"
    );
    world.nomenclature = Nomenclature::new(vec![vec![rule("weight", "21.....{NNDDD}"), rule("product", ".*")]]);
    let found = world.check();
    assert_eq!(
        brief(&found),
        [
            "wrong-check-digit-in-source 2500001000000: 3",
            "wrong-check-digit-in-source 4006381333932: 4",
            "weighed-code-in-source 2100001000000: 1",
        ]
    );
    assert!(found[2].message.contains("looks for 2100001000004"), "{}", found[2].message);
    assert_eq!(brief(&world.check_odoo()), ["weighed-code-in-odoo 2100009000000: #8"]);
}

#[test]
fn names_that_were_damaged_on_their_way() {
    let mut builder = CatalogueBuilder::new(BarcodeOrder::Gtin);
    for (id, name) in [("1", "×àé"), ("2", "Tea &amp; Coffee"), ("3", "Café crème")] {
        builder.product(Some(id), Some(name), Ok(None));
        builder.barcode(Some(id), Some(id));
    }
    let found = World::default().of(&builder.finish());
    assert_eq!(brief(&found), ["garbled-names: 1", "html-in-names: 2"]);
    assert_eq!(found[0].message, "1 name of 3; \"×àé\" is probably \"Чай\"");
    assert_eq!(found[1].message, "1 name of 3; \"Tea &amp; Coffee\" is probably \"Tea & Coffee\"");
}

#[test]
fn what_a_person_called_a_placeholder_is_no_duplicate() {
    let mut world = World::listing(&[("1", &["123"]), ("2", &["123"]), ("3", &[A])]);
    assert_eq!(brief(&world.check()), ["duplicate-in-source 123: 1 2"]);
    world.placeholders = [crate::catalog::CodeKey::of("123")].into();
    assert_eq!(brief(&world.check()), [""; 0]);
}

/// An import goes on with such a source, so it is not called empty here.
#[test]
fn a_source_of_placeholders_alone_is_not_empty() {
    let mut world = World::listing(&[("1", &["123"]), ("2", &["123"])]);
    world.placeholders = [crate::catalog::CodeKey::of("123")].into();
    assert_eq!(brief(&world.linked("1", 1, None, None).check()), [""; 0]);
    assert_eq!(brief(&World::listing(&[("1", &["0"])]).check()), ["placeholders: "]);
    assert_eq!(brief(&World::listing(&[("1", &[])]).check()), ["empty-source: "]);
}

#[test]
fn spellings_of_linked_products() {
    let of = |listed: &[&str], has: &str, wrote: Option<&str>| {
        let world = World::listing(&[("1", listed)]).linked("1", 1, Some(has), wrote);
        world.check().into_iter().filter(|f| f.code != Code::SeveralBarcodes).collect::<Vec<_>>()
    };
    assert_eq!(brief(&of(&[UPC], EAN, Some(EAN))), ["upc-and-ean 0036000291452: 1 #1"]);
    assert_eq!(brief_but(&of(&[UPC, EAN], UPC, Some(UPC)), Code::RespelledInSource), [""; 0]);
    let blanks = of(&[A], " 4006381333931", Some(A));
    assert_eq!(brief(&blanks), ["respelled-in-odoo  4006381333931: 1 #1"]);
    assert!(blanks[0].message.contains("an import takes them away"));
    let lost = of(&[UPC], "36000291452", Some("36000291452"));
    assert_eq!(brief(&lost), ["respelled-in-odoo 36000291452: 1 #1"]);
    assert!(lost[0].message.contains("erpsync wrote it"));
    assert!(of(&[UPC], "36000291452", Some(UPC))[0].message.contains("edited in Odoo"));
}

#[test]
fn edited_pending_removed_withheld() {
    let of = |listed: &[&str], has: Option<&str>, wrote: Option<&str>| {
        let world = World::listing(&[("1", listed), ("2", &["Z"])]).linked("1", 1, has, wrote);
        brief_but(&world.check(), Code::SeveralBarcodes)
    };
    assert_eq!(of(&[A], Some("X"), Some(A)), ["barcode-edited X: 1 #1"]);
    assert_eq!(of(&[], Some("X"), None), ["barcode-edited X: 1 #1"]);
    assert_eq!(of(&[A], Some("X"), Some("X")), ["barcode-pending X: 1 #1"]);
    assert_eq!(of(&[], Some("X"), Some("X")), ["barcode-pending X: 1 #1"]);
    assert_eq!(of(&[A], None, None), ["barcode-pending 4006381333931: 1 #1"]);
    assert_eq!(of(&[A], None, Some(A)), ["barcode-removed 4006381333931: 1 #1"]);
    assert_eq!(of(&["Z"], None, None)[1..], ["barcode-withheld Z: 1 #1"]);
    assert_eq!(of(&["Z", A], None, None)[1..], ["barcode-pending 4006381333931: 1 #1"]);
    assert_eq!(of(&[], None, Some(A)), [""; 0]);
    assert_eq!(of(&[A, B], Some(B), Some(A)), [""; 0], "another listed code is as good");
}

#[test]
fn products_that_must_not_be_touched() {
    let mut world = World::listing(&[("1", &[A]), ("2", &[B])]).linked("1", 1, Some("X"), Some("X"));
    world = world.linked("2", 2, None, None);
    world.links[0].no_touch = true;
    let found = world.check();
    assert_eq!(brief(&found), ["barcode-pending 4600000000015: 2 #2", "barcode-pending X: 1 #1"]);
    assert!(!found[0].message.contains("Don't touch"));
    assert!(found[1].message.contains("Don't touch"), "{}", found[1].message);
    // It keeps a code that is another's now.
    world.links[0].product = Some(product(1, Some(B)));
    let withheld = world.check().into_iter().find(|f| f.code == Code::BarcodeWithheld).unwrap();
    assert_eq!(withheld.message, "a linked product has it that must not be touched");
}

#[test]
fn two_active_products_in_odoo() {
    let pair = |a: Company, b: Company| {
        let world = World::default().foreign(of(1, "X", a)).foreign(of(2, "X", b));
        brief(&world.check_odoo())
    };
    let both = ["duplicate-in-odoo X: #1 #2"];
    assert_eq!(pair(Company::Shared, Company::Shared), both);
    assert_eq!(pair(Company::Shared, elsewhere()), both);
    assert_eq!(pair(Company::Own, Company::Own), both);
    assert_eq!(pair(Company::Own, elsewhere()), [""; 0], "two companies' own products never meet");
    assert_eq!(pair(elsewhere(), elsewhere()), [""; 0]);
    let world = World::default().foreign(product(1, Some("X"))).foreign(archived(2, "X"));
    assert_eq!(brief(&world.check_odoo()), [""; 0]);
}

#[test]
fn rows_that_cannot_be_used() {
    let mut builder = CatalogueBuilder::new(BarcodeOrder::Gtin);
    builder.product(Some("1"), Some("One"), Ok(None));
    builder.product(Some("2"), None, Ok(None));
    builder.product(Some("3"), Some("Three"), Err("negative".to_owned()));
    for (id, code) in [("1", "1\u{0}"), ("3", A), ("2", B), ("9", B)] {
        builder.barcode(Some(id), Some(code));
    }
    builder.barcode(None, Some(A));
    // What Odoo has of a product whose list is incomplete is not blamed.
    let world = World::default().linked("1", 1, Some("X"), Some(A));
    let found = world.of(&builder.finish());
    let expected = ["unreadable-barcode: 1", "unreadable-product: ", "unreadable-product: 2", "orphan-barcodes: "];
    assert_eq!(brief(&found), expected);
    assert_eq!(found[3].message, "1 barcode row of 5 belong to no product row, such as of 9");
    let misjoined = World { misjoined: true, ..world };
    let mut builder = CatalogueBuilder::new(BarcodeOrder::Gtin);
    builder.product(Some("1"), Some("One"), Ok(None));
    [("1", A), ("ab-1", B)].iter().for_each(|(id, code)| builder.barcode(Some(id), Some(code)));
    let found = misjoined.of(&builder.finish());
    assert!(
        found.iter().any(|f| f.code == Code::MisjoinedBarcodes && f.message.ends_with("such as of ab-1")),
        "{found:?}"
    );
}

#[test]
fn an_empty_source_says_so_and_blames_nobody() {
    let world = World::default().linked("1", 1, Some(A), Some(A));
    for catalogue in [Catalogue::default(), World::listing(&[("1", &[])]).catalogue()] {
        let found = world.of(&catalogue);
        assert_eq!(brief(&found), ["empty-source: "]);
    }
}
