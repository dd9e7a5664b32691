//! Properties of the words: what must hold for every text, not only for the ones that somebody thought of.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::source::{BarcodeOrder, CatalogueBuilder};
use super::{Barcode, CheckDigit, CodeKey, ExternalId, Flaw, Price, PriceDigits, ProductName, flaw};

fn settings() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// A GTIN of any length; leading zeros are frequent.
fn valid_gtin() -> impl Strategy<Value = String> {
    (prop::sample::select(vec![8_usize, 12, 13, 14]), any::<u64>(), any::<bool>()).prop_map(|(length, seed, zero)| {
        let mut text = format!("{:0>1$}", seed % 10_u64.pow(u32::try_from(length).unwrap() - 1), length - 1);
        if zero {
            text.replace_range(0..1, "0");
        }
        let with = |digit: u32| Barcode::parse(&format!("{text}{digit}")).unwrap().unwrap();
        let digit = (0..10).find(|d| with(*d).check_digit() == CheckDigit::Valid);
        with(digit.expect("one digit is right")).to_string()
    })
}

/// Digits of a GTIN's length, with the right check digit or any.
fn gtin() -> impl Strategy<Value = String> {
    (valid_gtin(), prop::option::of(0_u8..10)).prop_map(|(mut text, last)| {
        if let Some(digit) = last {
            text.pop();
            text.push(char::from(b'0' + digit));
        }
        text
    })
}

/// Texts near the borders: blanks of all kinds, controls, letters, digits.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[ \t\u{a0}0-9A-Zé]{0,20}", 1 => any::<String>(), 2 => gtin()]
}

/// Every character there is, at the beginning, in the middle and at the end of a text.
#[test]
fn exactly_these_characters_are_forbidden() {
    let mut text = String::new();
    for c in '\0'..=char::MAX {
        let forbidden = c.is_control() || ('\u{fffd}'..='\u{ffff}').contains(&c);
        for (before, behind) in [("", ""), ("", "é«"), ("«", ""), ("«ï", "\u{a0}é")] {
            text.clear();
            text.extend([before, c.encode_utf8(&mut [0; 4]), behind]);
            assert_eq!(flaw(&text, 9), forbidden.then_some(Flaw::Character(c)), "U+{:04X}", u32::from(c));
        }
    }
}

proptest! {
    #![proptest_config(settings())]

    /// All spellings of a code are one code, and what is one code is among its spellings.
    #[test]
    fn spellings_and_keys_agree(a in gtin(), b in gtin()) {
        let (a, b) = (Barcode::parse(&a).unwrap().unwrap(), Barcode::parse(&b).unwrap().unwrap());
        for spelling in a.spellings() {
            prop_assert_eq!(CodeKey::of(&spelling), a.key());
            prop_assert_eq!(CodeKey::of(&format!(" {spelling}\u{a0}")), a.key());
        }
        prop_assert_eq!(a.key() == b.key(), a.spellings().contains(&b.to_string()));
        prop_assert_eq!(a.spellings().iter().collect::<BTreeSet<_>>().len(), a.spellings().len());
    }

    /// One wrong digit is always seen.
    #[test]
    fn a_check_digit_sees_every_single_error(code in valid_gtin(), at in 0_usize..14, by in 1_u32..10) {
        let at = at % code.len();
        let digit = (code[at..=at].parse::<u32>().unwrap() + by) % 10;
        let mut wrong = code.clone();
        wrong.replace_range(at..=at, &digit.to_string());
        prop_assert_eq!(Barcode::parse(&wrong).unwrap().unwrap().check_digit(), CheckDigit::Wrong);
    }

    /// What was accepted is accepted again and stays as it is: nothing is trimmed or joined twice.
    #[test]
    fn parsing_is_settled_by_once(text in text()) {
        if let Ok(Some(code)) = Barcode::parse(&text) {
            prop_assert_eq!(Barcode::parse(code.as_str()), Ok(Some(code.clone())));
            prop_assert_eq!(code.as_str(), code.as_str().trim());
        }
        if let Ok(id) = ExternalId::parse(&text) {
            prop_assert_eq!(ExternalId::parse(id.as_str()), Ok(id));
        }
        if let Ok(name) = ProductName::parse(&text) {
            prop_assert_eq!(ProductName::parse(name.as_str()), Ok(name.clone()));
            prop_assert!(!name.as_str().contains(char::is_control) && !name.as_str().is_empty());
        }
    }

    /// The order of ids is one: total, and equal only for equal texts.
    #[test]
    fn ids_are_totally_ordered(texts in prop::collection::vec("[0-9a]{1,20}", 3)) {
        let [a, b, c] = [0, 1, 2].map(|i| ExternalId::parse(&texts[i]).unwrap());
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a == b, a.cmp(&b).is_eq());
        if a <= b && b <= c {
            prop_assert!(a <= c, "{a} {b} {c}");
        }
    }

    /// Rounding is near, settled by once, and one value has one text.
    #[test]
    fn rounding_is_near_and_final(units in 0_i64..i64::MAX, scale in 0_u32..8, digits in 0_u32..6) {
        let digits = PriceDigits::from_odoo(Some(digits));
        let price = Price::new(rust_decimal::Decimal::new(units, scale)).unwrap();
        let rounded = price.rounded(digits);
        prop_assert_eq!(rounded.rounded(digits), rounded);
        let twice = (rounded.decimal() - price.decimal()).abs() * rust_decimal::Decimal::TWO;
        prop_assert!(twice <= rust_decimal::Decimal::new(1, digits.get()));
        prop_assert_eq!(Price::parse(&rounded.to_string()), Ok(rounded));
        prop_assert!(!rounded.to_string().contains('.') || !rounded.to_string().ends_with('0'));
    }

    /// Rows meet by key: their order makes no difference, and no code is there twice.
    #[test]
    fn the_catalogue_does_not_depend_on_the_order_of_rows(
        rows in prop::collection::vec((0_u8..12, gtin()), 0..30),
        products in prop::collection::btree_map(0_u8..9, prop::option::weighted(0.8, "[a-c]{1,3}"), 0..9),
        gtin_first in any::<bool>(),
    ) {
        let order = if gtin_first { BarcodeOrder::Gtin } else { BarcodeOrder::Text };
        let build = |turned: bool| {
            let mut builder = CatalogueBuilder::new(order);
            let mut steps: Vec<(Option<usize>, u8)> = (0..rows.len()).map(|i| (Some(i), rows[i].0)).collect();
            steps.extend(products.keys().map(|id| (None, *id)));
            if turned {
                steps.reverse();
            }
            for (row, id) in steps {
                let id = id.to_string();
                match row {
                    Some(row) => builder.barcode(Some(&id), Some(&rows[row].1)),
                    None => builder.product(Some(&id), products[&id.parse().unwrap()].as_deref(), Ok(None)),
                }
            }
            builder.finish()
        };
        let one = build(false);
        prop_assert_eq!(&one, &build(true));
        prop_assert_eq!(one.products.len() + one.unreadable.len(), products.len());
        for product in one.products.values() {
            let keys: BTreeSet<_> = product.barcodes.iter().map(Barcode::key).collect();
            prop_assert_eq!(keys.len(), product.barcodes.len());
        }
    }
}

#[test]
fn an_id_s_value_orders_only_what_is_a_canonical_number() {
    let mut ids: Vec<_> = ["1000000000000000000", "999999999999999999", "0", "00", "-1", "²"]
        .iter()
        .map(|t| ExternalId::parse(t).unwrap())
        .collect();
    ids.sort();
    let texts: Vec<_> = ids.iter().map(ExternalId::as_str).collect();
    assert_eq!(texts, ["0", "999999999999999999", "-1", "00", "1000000000000000000", "²"]);
}

#[test]
fn odd_prices_are_read_or_refused_but_never_panic() {
    for text in [".", "-", "..", "5-", "1.2.3", "--1"] {
        assert!(Price::parse(text).is_err(), "{text:?}");
    }
    for text in [".5", "5.", "0.00000000000000000000000000000000000001", "79228162514264337593543950335"] {
        let _ = Price::parse(text);
    }
    assert!(Price::parse(&"9".repeat(40)).is_err());
}
