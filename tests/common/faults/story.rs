//! The transition that is disturbed: a shop of some fifty products in Odoo, and a source that has changed in every way
//! that an import knows.

use std::collections::BTreeMap;

use erpsync_sandbox::mssql::SqlValue;

use super::place::{Hand, Place};
use crate::common::Bench;
use crate::common::shop::ean13;

/// What a configuration says beside the addresses.
pub const ODOO: &str = "batch_size = 5\n";
pub const SYNC: &str = "missing = \"archive\"\nextra_barcodes = \"packaging\"\nnew_without_price = \"unsaleable\"\nmatch = [\"barcode\"]\n";

/// Every guard lets the run through; deferred prices wait all the same.
pub const FLAGS: [&str; 6] =
    ["import-products", "--allow-create", "--allow-archive", "--allow-release", "--allow-replace", "--allow-changes"];

#[derive(Clone)]
struct Product {
    name: String,
    price: Option<String>,
    codes: Vec<String>,
}

type Source = BTreeMap<i64, Product>;

/// The code that a product begins with.
fn own(id: i64) -> String {
    ean13(id * 10)
}

fn product(id: i64) -> Product {
    Product {
        name: format!("Товар «{id}»"), price: Some(format!("{}.{:02}", 20 + id, id % 100)), codes: vec![own(id)]
    }
}

fn at(source: &mut Source, id: i64) -> &mut Product {
    source.get_mut(&id).expect("a product of the story")
}

/// At first.
fn first() -> Source {
    let mut source: Source = (1..=42).map(|id| (id, product(id))).collect();
    at(&mut source, 36).codes.extend([ean13(3601), ean13(3602)]);
    at(&mut source, 37).codes.push(ean13(3701));
    source
}

/// Then: one is archived, one claims another's code, one price jumps.
fn second() -> Source {
    let mut source = first();
    source.remove(&28);
    at(&mut source, 29).codes = vec![own(30)];
    at(&mut source, 38).price = Some("900".to_owned());
    source
}

/// And now.
fn third() -> Source {
    let mut source = second();
    for id in 1..=8 {
        at(&mut source, id).name = format!("Renamed {id}");
    }
    for id in 9..=15 {
        at(&mut source, id).price = Some(format!("{}.99", 21 + id));
    }
    // A swap, a circle of three, a release, another code, a chain.
    at(&mut source, 16).codes = vec![own(17)];
    at(&mut source, 17).codes = vec![own(16)];
    for (id, from) in [(18, 19), (19, 20), (20, 18)] {
        at(&mut source, id).codes = vec![own(from)];
    }
    at(&mut source, 21).codes.clear();
    at(&mut source, 22).codes = vec![ean13(2201)];
    at(&mut source, 23).codes = vec![ean13(2301)];
    at(&mut source, 24).codes = vec![own(23)];
    // Three go, one comes back.
    for id in 25..=27 {
        source.remove(&id);
    }
    source.insert(28, product(28));
    // One conflict ends, one begins.
    at(&mut source, 29).codes = vec![own(29)];
    at(&mut source, 31).codes.push(own(32));
    // Further codes change; one becomes the barcode.
    at(&mut source, 36).codes = vec![own(36), ean13(3601), ean13(3603)];
    at(&mut source, 37).codes = vec![ean13(3701)];
    // A price jumps; a row turns bad.
    at(&mut source, 39).price = Some("1000".to_owned());
    at(&mut source, 40).price = Some("-5".to_owned());
    // New ones: plain, with further codes, without a price, without a code, with a code that another has.
    source.extend((51..=61).map(|id| (id, product(id))));
    at(&mut source, 57).codes.extend([ean13(5701), ean13(5702)]);
    at(&mut source, 58).codes.push(ean13(5801));
    at(&mut source, 59).price = None;
    at(&mut source, 60).codes.clear();
    at(&mut source, 61).codes = vec![own(42)];
    // Known to Odoo by their codes.
    source.extend((71..=73).map(|id| (id, product(id))));
    at(&mut source, 73).codes.push(ean13(7301));
    source
}

/// Products that the transition creates.
pub const CREATED: usize = 11;

fn write(bench: &Bench, source: &Source) {
    let text = |t: &String| SqlValue::Text(t.clone());
    bench.source("DELETE FROM logistics.ProductBarcodes; DELETE FROM dbo.Products");
    let products =
        source.iter().map(|(id, p)| [SqlValue::Int(*id), text(&p.name), p.price.as_ref().map_or(SqlValue::Null, text)]);
    bench.mssql.insert_rows("dbo.Products", products).unwrap();
    let codes = source.iter().flat_map(|(id, p)| p.codes.iter().map(|c| [SqlValue::Int(*id), text(c)]));
    bench.mssql.insert_rows("logistics.ProductBarcodes", codes).unwrap();
}

/// Brings Odoo to where the transition begins, and the source to where it leads.
pub fn prepare(place: &mut impl Place) {
    let bench = place.bench();
    write(bench, &first());
    bench.run(&[&FLAGS[..], &["--first-run"]].concat()).expect(0).says("42 created");
    write(bench, &second());
    bench.run(&FLAGS).expect(3).says("1 archived");
    // What people did meanwhile.
    for id in 71..=73 {
        place.add_product(&format!("Found {id}"), 80.0, &own(id));
    }
    place.edit(33, &Hand::Price(1.5));
    place.edit(34, &Hand::Name("A person's"));
    place.edit(35, &Hand::Barcode(&ean13(3501)));
    let jump = place.deferred("price-jump", 38).to_string();
    place.bench().run(&["deferred", "resolve", &jump, "--choose", "take"]).expect(0);
    write(place.bench(), &third());
    place.save();
}
