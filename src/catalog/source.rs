//! What the source says: external products, assembled from rows in any order, and the rows that could not be read.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::listing::ListingBuilder;
use super::{Barcode, CodeKey, Examples, ExternalId, Price, ProductName, Suspects};
use serde::{Deserialize, Serialize};

/// A product as the source has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalProduct {
    /// Its id.
    pub id: ExternalId,
    /// Its name.
    pub name: ProductName,
    /// Its price; `None` for NULL, which leaves Odoo's price alone.
    pub price: Option<Price>,
    /// Its barcodes in the configured order, each code once.
    pub barcodes: Vec<Barcode>,
    /// The price could not be read, which is not NULL: nothing is known of it.
    pub price_unreadable: bool,
    /// A barcode row of this product was unreadable, so what Odoo has now must not be taken away.
    pub barcodes_incomplete: bool,
    /// Codes that are probably meant by rows that no scanner sends: they recognise an existing product, and are not written.
    pub meant: Vec<Barcode>,
}

/// What is known of an id whose product could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unreadable {
    /// Its barcodes in the configured order, each code once: claims like any other's.
    pub barcodes: Vec<Barcode>,
    /// A barcode row of it was unreadable too.
    pub barcodes_incomplete: bool,
}

/// Why a row was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BadRowKind {
    /// A product or barcode row with a NULL, empty, over-long or damaged id.
    Id,
    /// A NULL, empty, over-long or damaged name.
    Name,
    /// A negative price, or one that is no number.
    Price,
    /// An over-long or damaged barcode.
    Barcode,
    /// A barcode that no scanner sends.
    Unscannable,
    /// Many barcode rows without a product: no row of its own, but all of them.
    Orphans,
    /// The same id on several product rows: nobody can tell which one is right.
    DuplicateId,
}

impl BadRowKind {
    /// A stable word for JSON and line formats.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Id => "bad-id",
            Self::Name => "bad-name",
            Self::Price => "bad-price",
            Self::Barcode => "bad-barcode",
            Self::Unscannable => "unscannable-barcode",
            Self::Orphans => "orphan-barcodes",
            Self::DuplicateId => "duplicate-id",
        }
    }
}

/// A row of the source that was left out, or used in part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BadRow {
    /// Whose row, when the id itself was readable.
    pub id: Option<ExternalId>,
    /// What is wrong.
    pub kind: BadRowKind,
    /// The same for people: `the name contains U+0000`.
    pub message: String,
    /// It is one of the barcodes' rows, not one of the products'.
    pub barcode_row: bool,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{id}: {}", self.message),
            None if self.kind == BadRowKind::Orphans => f.write_str(&self.message),
            None => write!(f, "(no id): {}", self.message),
        }
    }
}

/// A code that a product lists in two spellings; the catalogue keeps one of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Respelled {
    /// The product.
    pub id: ExternalId,
    /// The spelling that stands among its barcodes.
    pub kept: Barcode,
    /// The other one.
    pub dropped: Barcode,
}

/// What was read from one source in one run: all of its products, or those that a plan is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Readable products by id.
    pub products: BTreeMap<ExternalId, ExternalProduct>,
    /// Ids that the source has but whose product could not be read: they are not missing, nothing is done to them, and
    /// their claims count.
    pub unreadable: BTreeMap<ExternalId, Unreadable>,
    /// Product rows without a readable id: an id that seems to have gone may be one of theirs.
    pub unidentified: usize,
    /// The rows left out, one by one, in a fixed order.
    pub bad_rows: Vec<BadRow>,
    /// Codes that one product lists in two spellings, in a fixed order.
    pub respelled: Vec<Respelled>,
    /// How many products can be used; those in `products` and, where a plan is about a part, the others.
    pub readable: usize,
    /// How many product rows were read, bad ones included.
    pub product_rows: usize,
    /// How many barcode rows were read, bad and orphaned ones included.
    pub barcode_rows: usize,
    /// How many of them had a barcode, bad and orphaned ones included: what is NULL or empty is none.
    pub barcodes: usize,
    /// Barcode rows of ids that no product row has; usual where products are deleted and barcodes stay.
    pub orphan_barcodes: usize,
    /// Some of these ids.
    pub orphans: BTreeSet<ExternalId>,
    /// Barcode rows that say that there is no code.
    pub placeholders: Examples<String>,
    /// Names that look damaged.
    pub suspects: Suspects,
}

impl Catalogue {
    /// Calls products by other ids: those under which Odoo has their links.
    pub fn rename(&mut self, ids: &BTreeMap<ExternalId, ExternalId>) {
        let renamed = |id: &ExternalId| ids.get(id).unwrap_or(id).clone();
        for (from, to) in ids {
            if let Some(product) = self.products.remove(from) {
                self.products.insert(to.clone(), ExternalProduct { id: to.clone(), ..product });
            }
            if let Some(known) = self.unreadable.remove(from) {
                self.unreadable.insert(to.clone(), known);
            }
        }
        if !ids.is_empty() {
            self.bad_rows.iter_mut().for_each(|row| row.id = row.id.as_ref().map(renamed));
            self.bad_rows.sort();
            self.respelled.iter_mut().for_each(|r| r.id = renamed(&r.id));
            self.respelled.sort_by(|a, b| a.id.cmp(&b.id));
        }
    }
}

impl Catalogue {
    /// Did no barcode come at all, however many rows there were?
    #[must_use]
    pub fn no_barcodes(&self) -> bool {
        self.barcodes == 0
    }
}

/// In which order the codes of a product are considered when Odoo has none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BarcodeOrder {
    /// Codes with a valid check digit first (EAN-13 and UPC-A, then GTIN-14 and GTIN-8), the shop's own after the
    /// manufacturers', then by text.
    #[default]
    Gtin,
    /// By text alone.
    Text,
}

impl BarcodeOrder {
    fn rank(self, code: &Barcode) -> u8 {
        use super::CheckDigit::Valid;
        match self {
            Self::Text => 0,
            Self::Gtin => match (code.check_digit(), code.as_str().len()) {
                _ if code.is_restricted() => 2,
                (Valid, 12 | 13) => 0,
                (Valid, _) => 1,
                _ => 3,
            },
        }
    }

    /// Sorts the codes of one product and drops repeated ones, spellings of one code included; returns the spellings
    /// that were kept and dropped.
    pub(super) fn arrange(self, codes: &mut Vec<Barcode>) -> Vec<(Barcode, Barcode)> {
        codes.sort_by(|a, b| (self.rank(a), a).cmp(&(self.rank(b), b)));
        codes.dedup();
        if codes.len() < 2 {
            return Vec::new();
        }
        let mut seen: BTreeMap<CodeKey, Barcode> = BTreeMap::new();
        let mut respelled = Vec::new();
        codes.retain(|code| match seen.entry(code.key()) {
            Entry::Vacant(free) => {
                free.insert(code.clone());
                true
            }
            Entry::Occupied(kept) => {
                respelled.push((kept.get().clone(), code.clone()));
                false
            }
        });
        respelled
    }
}

/// Puts a whole [`Catalogue`] together, row by row, in whatever order the rows come; see [`ListingBuilder`].
#[derive(Debug)]
pub struct CatalogueBuilder(ListingBuilder);

impl CatalogueBuilder {
    /// An empty catalogue.
    #[must_use]
    pub fn new(order: BarcodeOrder) -> Self {
        Self(ListingBuilder::new(order))
    }

    /// Takes a product row, as [`ListingBuilder::product`] does.
    pub fn product(&mut self, id: Option<&str>, name: Option<&str>, price: Result<Option<Price>, String>) {
        self.0.product(id, name, price);
    }

    /// Takes a barcode row, as [`ListingBuilder::barcode`] does.
    pub fn barcode(&mut self, id: Option<&str>, code: Option<&str>) {
        self.0.barcode(id, code);
    }

    /// Joins products and barcodes by id.
    #[must_use]
    pub fn finish(self) -> Catalogue {
        self.0.finish().whole()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ExternalId {
        ExternalId::parse(text).unwrap()
    }

    fn codes(builder: CatalogueBuilder, product: &str) -> Vec<String> {
        builder.finish().products[&id(product)].barcodes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rows_meet_by_key_in_any_order() {
        let mut b = CatalogueBuilder::new(BarcodeOrder::Gtin);
        b.barcode(Some("2"), Some("4006381333931"));
        b.product(Some("2"), Some("Pen"), Ok(None));
        b.barcode(Some("9"), Some("123"));
        let c = b.finish();
        assert_eq!(c.products[&id("2")].barcodes.len(), 1);
        assert_eq!((c.product_rows, c.barcode_rows, c.orphan_barcodes), (1, 2, 1));
    }

    /// A column that is NULL in all rows lists as little as no rows do.
    #[test]
    fn rows_without_a_code_are_no_barcodes() {
        let mut b = CatalogueBuilder::new(BarcodeOrder::Gtin);
        b.product(Some("1"), Some("Pen"), Ok(None));
        for code in [None, Some(""), Some("  ")] {
            b.barcode(Some("1"), code);
        }
        let c = b.finish();
        assert_eq!((c.barcode_rows, c.barcodes, c.no_barcodes()), (3, 0, true));
        let mut b = CatalogueBuilder::new(BarcodeOrder::Gtin);
        b.barcode(Some("1"), None);
        b.barcode(Some("1"), Some(&"9".repeat(65)));
        b.barcode(Some("2"), Some("4006381333931"));
        let c = b.finish();
        assert_eq!((c.barcode_rows, c.barcodes, c.no_barcodes()), (3, 2, false));
    }

    #[test]
    fn names_with_lost_letters_are_taken_when_that_is_wanted() {
        let name = "USB food flash drive \u{fffd} sushi roll";
        for (wanted, readable) in [(false, 0), (true, 1)] {
            let mut builder = ListingBuilder::new(BarcodeOrder::Gtin).with_damaged_names(wanted);
            builder.product(Some("1"), Some(name), Ok(None));
            builder.product(Some("2"), Some("a\u{0}b"), Ok(None));
            let c = builder.finish().whole();
            assert_eq!((c.products.len(), c.bad_rows.len()), (readable, 2 - readable), "{:?}", c.bad_rows);
            assert!(c.products.values().all(|product| product.name.as_str() == name));
            let told = c.bad_rows.iter().any(|row| row.message.contains("damaged_names = \"keep\""));
            assert_eq!(told, !wanted);
        }
    }

    #[test]
    fn codes_are_ordered_and_each_is_there_once() {
        let mut b = CatalogueBuilder::new(BarcodeOrder::Gtin);
        b.product(Some("1"), Some("A"), Ok(None));
        for code in ["zz", "2000000000008", "0036000291452", "73513537", "036000291452", "4006381333931", "zz", " "] {
            b.barcode(Some("1"), Some(code));
        }
        assert_eq!(codes(b, "1"), ["0036000291452", "4006381333931", "73513537", "2000000000008", "zz"]);
    }

    #[test]
    fn a_duplicate_id_takes_all_its_rows_out() {
        let mut b = CatalogueBuilder::new(BarcodeOrder::Gtin);
        for name in ["A", "B", "C"] {
            b.product(Some("1"), Some(name), Ok(None));
        }
        let c = b.finish();
        assert!(c.products.is_empty());
        assert!(c.unreadable.contains_key(&id("1")));
        assert_eq!(c.bad_rows.len(), 1);
    }

    #[test]
    fn spellings_of_one_code_are_remembered() {
        let mut b = CatalogueBuilder::new(BarcodeOrder::Text);
        b.product(Some("1"), Some("A"), Ok(None));
        for code in ["036000291452", "0036000291452", " 0036000291452 ", "x"] {
            b.barcode(Some("1"), Some(code));
        }
        let c = b.finish();
        let respelled: Vec<_> =
            c.respelled.iter().map(|r| (r.id.as_str(), r.kept.as_str(), r.dropped.as_str())).collect();
        assert_eq!(respelled, [("1", "0036000291452", "036000291452")]);
    }

    #[test]
    fn a_bad_name_does_not_make_the_product_missing() {
        let mut b = CatalogueBuilder::new(BarcodeOrder::Gtin);
        b.product(Some("1"), None, Ok(None));
        b.product(None, Some("x"), Ok(None));
        let c = b.finish();
        assert!(c.unreadable.contains_key(&id("1")));
        let shown: Vec<_> = c.bad_rows.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["(no id): product row named \"x\": the id is empty", "1: the name is empty"]);
    }

    #[test]
    fn an_unreadable_product_lists_its_codes_all_the_same() {
        let mut b = CatalogueBuilder::new(BarcodeOrder::Gtin);
        for (name, code) in [(Some("A"), "zz"), (None, "4006381333931"), (None, "zz")] {
            b.product(Some("1"), name, Ok(None));
            b.barcode(Some("1"), Some(code));
        }
        b.barcode(Some("2"), Some(&"9".repeat(200)));
        b.product(Some("2"), None, Ok(None));
        b.product(None, Some("B"), Ok(None));
        let c = b.finish();
        let shown = |id: ExternalId| {
            let one = &c.unreadable[&id];
            let codes: Vec<&str> = one.barcodes.iter().map(Barcode::as_str).collect();
            (codes.join(" "), one.barcodes_incomplete)
        };
        assert_eq!(shown(id("1")), ("4006381333931 zz".to_owned(), false));
        assert_eq!(shown(id("2")), (String::new(), true));
        assert_eq!((c.unidentified, c.orphan_barcodes), (1, 0));
    }

    #[test]
    fn a_bad_price_or_barcode_spoils_only_itself() {
        let mut b = CatalogueBuilder::new(BarcodeOrder::Gtin);
        b.product(Some("1"), Some("A"), Err("the price -1 is negative".into()));
        b.barcode(Some("1"), Some(&"9".repeat(200)));
        b.barcode(Some("1"), Some("73513537"));
        let c = b.finish();
        let product = &c.products[&id("1")];
        assert!(product.barcodes_incomplete && product.price.is_none() && product.price_unreadable);
        assert_eq!(product.barcodes.len(), 1);
        assert_eq!(c.bad_rows.len(), 2);
    }
}
