//! A listing says what its rows said, whatever their order, and its digests are those of the lines.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::catalog::KeyRules;

fn id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

fn price(text: &str) -> Result<Option<Price>, String> {
    Ok(Some(Price::parse(text).unwrap()))
}

fn shop() -> Listing {
    let mut b = ListingBuilder::new(BarcodeOrder::Text);
    b.barcode(Some("2"), Some("B"));
    b.product(Some("1"), Some("Чай\t100 г"), price("12.50"));
    b.product(Some("2"), Some("Pen"), Ok(None));
    b.product(Some("3"), None, Ok(None));
    b.barcode(Some("2"), Some("A"));
    b.barcode(Some("1"), Some("B"));
    b.barcode(Some("3"), Some("B"));
    b.barcode(Some("4"), Some("B"));
    b.barcode(Some("1"), Some("bad\u{0}"));
    b.finish()
}

/// A broken query: a key that is the same in all rows. Work that grows with the square would never end here.
#[test]
fn one_id_may_have_all_barcodes() {
    const MANY: usize = 100_000;
    let mut b = ListingBuilder::new(BarcodeOrder::Text);
    b.product(Some("0"), Some("Anything"), Ok(None));
    for n in (1..=MANY).rev() {
        b.barcode(Some("0"), Some(&format!("{n:08}")));
    }
    let listing = b.finish();
    let codes = &listing.whole().products[&id("0")].barcodes;
    assert_eq!((codes.len(), codes[0].as_str(), codes[MANY - 1].as_str()), (MANY, "00000001", "00100000"));
}

#[test]
fn products_are_picked() {
    let listing = shop();
    assert_eq!((listing.len(), listing.about().orphan_barcodes), (2, 1));
    let picked = listing.pick(&[id("2"), id("3"), id("9")]);
    assert_eq!(picked.products.keys().collect::<Vec<_>>(), [&id("2")]);
    assert_eq!((picked.readable, picked.bad_rows.len()), (2, 2));
    let codes: Vec<_> = picked.products[&id("2")].barcodes.iter().map(Barcode::as_str).collect();
    assert_eq!(codes, ["A", "B"]);
    assert_eq!(listing.incomplete().collect::<Vec<_>>(), [id("1")]);
    assert!(picked.unreadable.contains_key(&id("3")) && listing.find(&id("3")).is_none());
}

#[test]
fn a_line_is_what_the_link_remembers() {
    let listing = shop();
    let digest = |text: &str, line| listing.digest(listing.find(&id(text)).unwrap(), line);
    assert_eq!(digest("1", Line::Whole), line_digest(&["1\u{1f}Чай 100 г\u{1f}12.5\u{1f}B".as_bytes()]));
    assert_eq!(digest("2", Line::Whole), line_digest(&[b"2\x1fPen\x1f\x1fA\nB"]));
    assert_eq!(digest("1", Line::Prices), line_digest(&[b"1\x1f12.5"]));
    assert_eq!(digest("2", Line::Prices), line_digest(&[b"2\x1f"]));
}

#[test]
fn claimants_are_found_in_every_spelling() {
    let mut b = ListingBuilder::new(BarcodeOrder::Gtin);
    for (product, code) in [("1", "036000291452"), ("2", "0036000291452"), ("3", "X"), ("4", "Y"), ("4", "X ")] {
        if product != "4" || code == "Y" {
            b.product(Some(product), Some("P"), Ok(None));
        }
        b.barcode(Some(product), Some(code));
    }
    let listing = b.finish();
    let claims = Claims::new(&listing);
    let of = |code: &str| claims.of(&CodeKey::of(code)).map(|id| id.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(of("0036000291452"), BTreeSet::from(["1".to_owned(), "2".to_owned()]));
    assert_eq!(of("Y"), BTreeSet::from(["4".to_owned()]));
    assert_eq!(of("Z"), BTreeSet::new());
    let contested: BTreeSet<_> = claims.contested().map(|id| id.to_string()).collect();
    assert_eq!(contested, ["1", "2", "3", "4"].map(str::to_owned).into());
}

#[test]
fn rows_meet_as_the_source_compares_their_keys() {
    let rules = KeyRules { case: true, number: true, ..KeyRules::default() };
    let mut b = ListingBuilder::new(BarcodeOrder::Text).with_keys(rules);
    b.barcode(Some("cd-3"), Some("Z"));
    b.product(Some("AB-1"), Some("Tea"), Ok(None));
    b.product(Some("1001"), Some("Pen"), Ok(None));
    b.product(Some("CD-3"), Some("Cup"), Ok(None));
    b.product(Some("x"), Some("One"), Ok(None));
    b.product(Some("X"), Some("Two"), Ok(None));
    for (id, code) in [("ab-1", "A"), ("001001", "B"), ("1001.00", "C"), ("Ab-1", "D"), ("ab-2", "E")] {
        b.barcode(Some(id), Some(code));
    }
    let listing = b.finish();
    let whole = listing.whole();
    let shown: Vec<(&str, Vec<&str>)> =
        whole.products.values().map(|p| (p.id.as_str(), p.barcodes.iter().map(Barcode::as_str).collect())).collect();
    assert_eq!(shown, [("1001", vec!["B", "C"]), ("AB-1", vec!["A", "D"]), ("CD-3", vec!["Z"])]);
    assert_eq!(whole.orphan_barcodes, 1);
    assert_eq!(whole.orphans, [id("ab-2")].into());
    assert!(whole.unreadable.contains_key(&id("x")), "one key twice is a duplicate");
    assert_eq!(listing.hash(listing.find(&id("cd-3")).unwrap()), id_hash("CD-3"), "of the spelling that is kept");
    // A link of an earlier spelling keeps its product; where there are two, the exact one is the product's.
    let links = [id("ab-1"), id("1001"), id("1001.0"), id("gone"), id("X")];
    let renamed = listing.renamed(&links);
    assert_eq!(renamed, [(id("AB-1"), id("ab-1")), (id("x"), id("X"))].into());
    let mut called = listing.whole();
    called.rename(&renamed);
    assert_eq!(called.products.keys().map(ExternalId::as_str).collect::<Vec<_>>(), ["1001", "CD-3", "ab-1"]);
    assert_eq!(called.products[&id("ab-1")].id, id("ab-1"));
    assert!(called.unreadable.contains_key(&id("X")) && called.bad_rows.iter().any(|r| r.id == Some(id("X"))));
}

#[test]
fn ids_that_rows_spell_in_one_way_are_found_in_every_spelling() {
    let (guid, other) = ("3F2504E0-4F89-11D3-9A0C-0305E82C3301", "3f2504e0-4F89-11D3-9A0C-0305E82C3301");
    for (rules, ids) in [
        (KeyRules { case: true, canonical: true, ..KeyRules::default() }, [guid, other]),
        (KeyRules { number: true, canonical: true, ..KeyRules::default() }, ["1001", "01001.0"]),
    ] {
        let mut b = ListingBuilder::new(BarcodeOrder::Text).with_keys(rules);
        b.product(Some(ids[0]), Some("Tea"), Ok(None));
        b.barcode(Some(ids[0]), Some("Z"));
        let listing = b.finish();
        assert!(ids.iter().all(|text| listing.find(&id(text)).is_some()), "{ids:?}");
    }
}

#[test]
fn keys_that_need_no_rules_compare_by_their_text() {
    let mut b = ListingBuilder::new(BarcodeOrder::Text);
    for text in ["AB-1", "ab-1", "1001", "001001"] {
        b.product(Some(text), Some("P"), Ok(None));
    }
    assert_eq!(b.finish().len(), 4);
}

#[test]
fn odd_codes_are_named_and_not_listed() {
    let mut b = ListingBuilder::new(BarcodeOrder::Text);
    b.product(Some("1"), Some("Book"), Ok(None));
    b.product(Some("2"), Some("Tea"), Ok(None));
    for (id, code) in
        [("1", "978-3-16-148410-0"), ("1", "\u{feff}K\u{a0}"), ("2", "36000291452"), ("2", "0"), ("2", "N/A")]
    {
        b.barcode(Some(id), Some(code));
    }
    let c = b.finish().whole();
    let codes = |of: &str| c.products[&id(of)].barcodes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let meant = |of: &str| c.products[&id(of)].meant.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((codes("1"), meant("1")), (vec!["K".to_owned()], vec!["9783161484100".to_owned()]));
    assert_eq!((codes("2"), meant("2")), (vec![], vec!["036000291452".to_owned()]));
    assert!(c.products.values().all(|p| p.barcodes_incomplete));
    assert_eq!(c.bad_rows.iter().map(|r| r.kind.code()).collect::<Vec<_>>(), ["unscannable-barcode"; 2]);
    assert_eq!((c.placeholders.count, c.placeholders.first.len()), (2, 2));
}

proptest! {
    /// Numbers of one form are all taken for codes, or all that fit for GTINs; none is lost.
    #[test]
    fn doubtful_numbers_are_settled_alike(numbers in prop::collection::btree_set(10_000_000_000..99_999_999_999_u64, 1..30)) {
        let mut b = ListingBuilder::new(BarcodeOrder::Text);
        let fits = |n: &u64| crate::catalog::Barcode::parse(&format!("0{n}")).unwrap().unwrap().check_digit() == crate::catalog::CheckDigit::Valid;
        b.product(Some("1"), Some("P"), Ok(None));
        numbers.iter().for_each(|n| b.barcode(Some("1"), Some(&n.to_string())));
        let c = b.finish().whole();
        let right = numbers.iter().filter(|n| fits(n)).count();
        let expected = if right * 2 >= numbers.len() { numbers.len() - right } else { numbers.len() };
        prop_assert_eq!(c.products[&id("1")].barcodes.len(), expected);
        prop_assert_eq!(c.bad_rows.len(), numbers.len() - expected);
    }


    /// Contested is what a plain count of all codes says.
    #[test]
    fn contested_is_what_two_products_list(rows in prop::collection::vec((0..12_u32, 0..20_u32), 0..40)) {
        let mut b = ListingBuilder::new(BarcodeOrder::Text);
        let mut lists: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for product in 0..12_u32 {
            b.product(Some(&product.to_string()), Some("P"), Ok(None));
        }
        for (product, code) in rows {
            b.barcode(Some(&product.to_string()), Some(&format!("C{code}")));
            lists.entry(code).or_default().insert(product);
        }
        let listing = b.finish();
        let found: BTreeSet<String> = Claims::new(&listing).contested().map(|id| id.to_string()).collect();
        let told: BTreeSet<String> =
            lists.values().filter(|l| l.len() > 1).flatten().map(ToString::to_string).collect();
        prop_assert_eq!(found, told);
    }
}

#[test]
fn a_column_that_no_scanner_reads_is_named_to_a_limit() {
    let mut b = ListingBuilder::new(BarcodeOrder::Text);
    for n in 0..100_020 {
        let id = n.to_string();
        b.product(Some(&id), Some("Tea"), Ok(None));
        b.barcode(Some(&id), Some(&format!("4.{n:06}E+12")));
    }
    let bad = b.finish().whole().bad_rows;
    assert_eq!(bad.len(), 100_001);
    assert!(bad[0].message.starts_with("20 more barcodes that no scanner sends"), "{}", bad[0].message);
}
