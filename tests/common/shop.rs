//! A shop's catalogue that a test can change: made by a fixed recipe, written to the source, compared with Odoo.

use std::collections::BTreeMap;

use erpsync_sandbox::mssql::SqlValue;

use super::Bench;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub name: String,
    /// Decimal text with at most four decimals.
    pub price: String,
    pub barcodes: Vec<String>,
}

/// What the source has, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shop {
    pub products: BTreeMap<i64, Product>,
}

const WORDS: [&str; 12] = [
    "Чай",
    "Кофе",
    "Шоколад",
    "Печенье",
    "Сыр",
    "Молоко",
    "Хлеб",
    "Сок",
    "Мёд",
    "Варенье",
    "Tea «Earl Grey»",
    "Żurek 100% <b>",
];

/// An EAN-13 with a right check digit: prefix 460, then the number.
pub fn ean13(number: i64) -> String {
    let body = format!("460{number:09}");
    let sum: u32 = body.bytes().enumerate().map(|(i, b)| u32::from(b - b'0') * if i % 2 == 0 { 1 } else { 3 }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

impl Shop {
    /// `n` products with ids from 1001 on, one barcode each, every fifth one with a second.
    pub fn new(n: i64) -> Self {
        let products = (0..n).map(|i| {
            let word = WORDS[usize::try_from(i).unwrap() % WORDS.len()];
            let mut barcodes = vec![ean13(i * 10)];
            if i % 5 == 0 {
                barcodes.push(ean13(i * 10 + 1));
            }
            let price = format!("{}.{:02}{}", 1 + (i * 37) % 900, (i * 7) % 100, if i % 10 == 0 { "50" } else { "" });
            (1001 + i, Product { name: format!("{word} №{i}"), price, barcodes })
        });
        Self { products: products.collect() }
    }

    /// Replaces what the source has.
    pub fn write(&self, bench: &Bench) {
        bench.source("DELETE FROM logistics.ProductBarcodes; DELETE FROM dbo.Products");
        let rows = self
            .products
            .iter()
            .map(|(id, p)| [SqlValue::Int(*id), SqlValue::Text(p.name.clone()), SqlValue::Text(p.price.clone())]);
        bench.mssql.insert_rows("dbo.Products", rows).unwrap();
        self.write_barcodes(bench);
    }

    fn write_barcodes(&self, bench: &Bench) {
        let rows = self
            .products
            .iter()
            .flat_map(|(id, p)| p.barcodes.iter().map(|code| [SqlValue::Int(*id), SqlValue::Text(code.clone())]));
        bench.mssql.insert_rows("logistics.ProductBarcodes", rows).unwrap();
    }

    pub fn product(&mut self, id: i64) -> &mut Product {
        self.products.get_mut(&id).unwrap()
    }

    /// Exchanges the barcodes of a circle of products: each gets the next one's.
    pub fn rotate(&mut self, ids: &[i64]) {
        let first = self.products[&ids[0]].barcodes.clone();
        for pair in ids.windows(2) {
            self.product(pair[0]).barcodes = self.products[&pair[1]].barcodes.clone();
        }
        self.product(*ids.last().unwrap()).barcodes = first;
    }

    /// What Odoo shall have: (id, name, price rounded to `digits`, barcodes that are right for it).
    pub fn rounded_price(&self, id: i64, digits: u32) -> String {
        let price: rust_decimal::Decimal = self.products[&id].price.parse().unwrap();
        price
            .round_dp_with_strategy(digits, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
            .normalize()
            .to_string()
    }
}
