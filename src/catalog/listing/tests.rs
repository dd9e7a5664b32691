//! A listing says what its rows said, whatever their order, and its digests are those of the lines.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

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

proptest! {
    /// Contested is what a plain count of all codes says.
    #[test]
    fn contested_is_what_two_products_list(rows in prop::collection::vec((0..12_u32, 0..20_u32), 0..40)) {
        let mut b = ListingBuilder::new(BarcodeOrder::Text);
        let mut lists: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for product in 0..12_u32 {
            b.product(Some(&product.to_string()), Some("P"), Ok(None));
        }
        for (product, code) in rows {
            b.barcode(Some(&product.to_string()), Some(&code.to_string()));
            lists.entry(code).or_default().insert(product);
        }
        let listing = b.finish();
        let found: BTreeSet<String> = Claims::new(&listing).contested().map(|id| id.to_string()).collect();
        let told: BTreeSet<String> =
            lists.values().filter(|l| l.len() > 1).flatten().map(ToString::to_string).collect();
        prop_assert_eq!(found, told);
    }
}
