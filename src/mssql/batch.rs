//! Rows on their way from the connection to the listing. The driver's decoding keeps one core busy; checking the rows and
//! putting them together is half as much again, and is done by a thread of its own meanwhile.

use rust_decimal::Decimal;
use tiberius::numeric::Numeric;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::columns::whole;
use super::options::Query;
use crate::catalog::{Barcode, ExternalId, ListingBuilder, Price, ProductName};

/// So many rows travel together, or fewer with so many bytes of text.
const ROWS: usize = 512;
const BYTES: usize = 64 << 10;
/// So many batches may wait before the connection does.
const WAITING: usize = 4;

/// Some rows, their texts one behind the other.
pub(super) struct Batch {
    texts: String,
    rows: Vec<Row>,
}

/// A row: the lengths of its texts, `None` for NULL.
struct Row {
    id: Option<usize>,
    /// The name or the barcode.
    text: Option<usize>,
    price: Option<Numeric>,
}

impl Batch {
    pub(super) fn new() -> Self {
        Self { texts: String::with_capacity(BYTES), rows: Vec::with_capacity(ROWS) }
    }

    pub(super) fn push(&mut self, id: Option<&str>, text: Option<&str>, price: Option<Numeric>) {
        self.texts.extend(id.into_iter().chain(text));
        self.rows.push(Row { id: id.map(str::len), text: text.map(str::len), price });
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= ROWS || self.texts.len() >= BYTES
    }

    /// How much it holds: rows, and bytes of text.
    pub(super) fn size(&self) -> (u64, u64) {
        (self.rows.len() as u64, self.texts.len() as u64)
    }

    /// Gives the rows to a listing.
    fn put(self, query: Query, builder: &mut ListingBuilder) {
        let longest = if query == Query::Barcodes { Barcode::MAX_LEN } else { ProductName::MAX_LEN };
        let mut rest = &*self.texts;
        let mut next = |len: Option<usize>| {
            len.map(|len| {
                let (text, behind) = rest.split_at(len);
                rest = behind;
                text
            })
        };
        for row in self.rows {
            let id = whole(next(row.id), ExternalId::MAX_LEN);
            let text = whole(next(row.text), longest);
            match query {
                Query::Products => builder.product(id, text, price(row.price)),
                Query::Prices => builder.price(id, price(row.price)),
                Query::Barcodes => builder.barcode(id, text),
            }
        }
    }
}

/// The thread that puts batches of a query into a listing: where they are sent to, and the listing once nobody sends any more.
/// Not a task among others: one that is woken by the reading task would wait for its worker.
pub(super) fn assemble(query: Query, mut builder: ListingBuilder) -> (mpsc::Sender<Batch>, JoinHandle<ListingBuilder>) {
    let (sender, mut batches) = mpsc::channel::<Batch>(WAITING);
    let thread = tokio::task::spawn_blocking(move || {
        while let Some(batch) = batches.blocking_recv() {
            batch.put(query, &mut builder);
        }
        builder
    });
    (sender, thread)
}

/// The driver's own conversion panics on decimals that ours cannot hold.
fn price(value: Option<Numeric>) -> Result<Option<Price>, String> {
    let Some(value) = value else { return Ok(None) };
    let decimal = Decimal::try_from_i128_with_scale(value.value(), u32::from(value.scale()))
        .map_err(|_| "the price has more digits than can be handled".to_owned())?;
    Price::new(decimal).map(Some).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::source::BarcodeOrder;

    fn of(value: i128, scale: u8) -> Result<Option<String>, String> {
        price(Some(Numeric::new_with_scale(value, scale))).map(|price| price.map(|price| price.to_string()))
    }

    #[test]
    fn prices_are_exact_or_refused() {
        assert_eq!(price(None), Ok(None));
        assert_eq!(of(99_955, 4), Ok(Some("9.9955".into())));
        assert_eq!(of(9_223_372_036_854_775_807, 4), Ok(Some("922337203685477.5807".into())));
        assert!(of(-1, 4).unwrap_err().contains("negative"));
        assert!(of(10_i128.pow(37), 4).unwrap_err().contains("more digits"));
    }

    #[test]
    fn a_batch_is_full_by_rows_or_by_texts() {
        let (mut rows, mut texts) = (Batch::new(), Batch::new());
        for _ in 1..ROWS {
            rows.push(Some("1"), None, None);
        }
        texts.push(Some("1"), Some(&"x".repeat(BYTES - 2)), None);
        assert!(!rows.is_full() && !texts.is_full());
        rows.push(None, None, None);
        texts.push(None, Some("x"), None);
        assert!(rows.is_full() && texts.is_full());
    }

    /// A text that fills its column may have lost its end: also when it would fit without the blanks at its ends.
    #[test]
    fn what_was_cut_off_is_too_long() {
        let blanks = "\u{a0}".repeat(66);
        let (mut products, mut barcodes) = (Batch::new(), Batch::new());
        products.push(Some("1"), Some("Tea"), None);
        products.push(Some(&format!("2{}", "\u{a0}".repeat(65))), Some("Tea"), None);
        products.push(Some("3"), Some(&"\u{a0}".repeat(1_002)), None);
        barcodes.push(Some("1"), Some(&blanks), None);
        barcodes.push(Some("1"), Some(&"я".repeat(64)), None);
        let mut builder = ListingBuilder::new(BarcodeOrder::Text);
        products.put(Query::Products, &mut builder);
        barcodes.put(Query::Barcodes, &mut builder);
        let catalogue = builder.finish().whole();
        let told: Vec<_> = catalogue.bad_rows.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "(no id): product row named \"Tea\": the id has more than 64 characters",
                "1: the barcode has more than 64 characters",
                "3: the name has more than 1000 characters",
            ]
        );
        let tea = &catalogue.products[&ExternalId::parse("1").unwrap()];
        assert!(tea.barcodes_incomplete && tea.barcodes.len() == 1, "{tea:?}");
    }

    #[tokio::test]
    async fn rows_arrive_whole_and_in_their_order() {
        let (sender, thread) = assemble(Query::Products, ListingBuilder::new(BarcodeOrder::Text));
        let mut first = Batch::new();
        first.push(Some("1"), Some("Чай"), Some(Numeric::new_with_scale(19_900, 4)));
        first.push(None, Some("no id"), None);
        first.push(Some("2"), None, None);
        let mut second = Batch::new();
        second.push(Some("3"), Some(""), None);
        second.push(Some("4"), Some("Соль"), None);
        for batch in [first, second] {
            assert!(sender.send(batch).await.is_ok());
        }
        drop(sender);
        let (sender, thread) = assemble(Query::Barcodes, thread.await.unwrap());
        let mut codes = Batch::new();
        for (id, code) in [("4", Some("b")), ("1", Some("a")), ("4", None), ("4", Some("c"))] {
            codes.push(Some(id), code, None);
        }
        assert!(sender.send(codes).await.is_ok());
        drop(sender);
        let listing = thread.await.unwrap().finish();
        let catalogue = listing.whole();
        assert_eq!((catalogue.product_rows, catalogue.barcode_rows, catalogue.bad_rows.len()), (5, 4, 3));
        let shown = |id: &str| {
            let product = &catalogue.products[&ExternalId::parse(id).unwrap()];
            let codes: Vec<&str> = product.barcodes.iter().map(crate::catalog::Barcode::as_str).collect();
            (product.name.as_str(), product.price.map(|p| p.to_string()), codes.join(" "))
        };
        assert_eq!(shown("1"), ("Чай", Some("1.99".to_owned()), "a".to_owned()));
        assert_eq!(shown("4"), ("Соль", None, "b c".to_owned()));
    }
}
