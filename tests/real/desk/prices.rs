//! `sync-prices`: prices of linked products, and nothing else.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::{LOGINS, RUN, World};

pub fn scenario(version: u32) {
    let world = World::new(version, "prices");
    let (a, b) = (ean13(1200), ean13(1201));
    let sync = |args: &[&str]| world.bench.run(&[&["sync-prices"], args].concat());
    // One product is a variant of two; it is recognised by its barcode.
    let c = ean13(1202);
    let sizes = json!([[0, 0, {"name": "S"}], [0, 0, {"name": "L"}]]);
    let attribute = world.create("product.attribute", json!({"name": "Size", "value_ids": sizes}));
    let values: Vec<i64> = world
        .target()
        .sql(&format!("select id from product_attribute_value where attribute_id = {attribute}"))
        .iter()
        .map(|id| id.parse().unwrap())
        .collect();
    let line = json!([[0, 0, {"attribute_id": attribute, "value_ids": [[6, 0, values]]}]]);
    let template =
        world.create("product.template", json!({"name": "Cup", "list_price": 5, "attribute_line_ids": line}));
    let variant = world.sql(&format!("select min(id) from product_product where product_tmpl_id = {template}"));
    world.write("product.product", variant.parse().unwrap(), json!({"barcode": c}));
    world.source(&[(1, "Tea", Some("5"), &[&a]), (2, "Pen", Some("5"), &[&b]), (3, "Cup", Some("5"), &[&c])]);
    world.import_and_settle(&["--first-run"], 0);
    // A clash that waits is the import's business.
    world.source(&[(1, "Tea", Some("5"), &[&a]), (2, "Pen", Some("5"), &[&b, &a]), (3, "Cup", Some("5"), &[&c])]);
    world.import_and_settle(&[], 3);
    let clash = world.open();

    // Names and barcodes change as well, and a product is new.
    world.source(&[
        (1, "Green tea", Some("5.255"), &[&b]),
        (2, "Pen", Some("60"), &[&a]),
        (3, "Cup", None, &[]),
        (4, "New", Some("1"), &[]),
    ]);
    let before = world.target().checksums(&LOGINS);
    sync(&["--dry-run"]).expect(2).says("price").says("price-jump");
    world.assert_unchanged(&before, &LOGINS);
    sync(&[]).expect(3).says("1 changed");
    let price = if version >= 16 { "5.255" } else { "5.26" };
    assert_eq!(world.shown(world.linked(1)), format!("Tea|{price}|{a}"), "name and barcode wait for the import");
    assert_eq!(world.shown(world.linked(2)), format!("Pen|5|{b}"));
    assert_eq!(world.count("x_pz_product"), 3);
    assert_eq!(
        world.open(),
        [&clash[..], &["2 price-jump price".to_owned(), "3 price-gone price".to_owned()]].concat(),
        "the clash is left as it was"
    );
    assert_eq!(world.history("price", 1).pop().unwrap(), format!("5>{price} source-changed"));
    assert_eq!(
        world.sql("select x_command || ' ' || x_changed from x_pz_run order by id desc limit 1"),
        "sync-prices 1"
    );
    let before = world.target().checksums(&RUN);
    sync(&[]).expect(3);
    world.assert_unchanged(&before, &RUN);

    // Let through, one product at a time; an id that is nowhere is an error.
    sync(&["--only", "77"]).expect(64).says("77");
    sync(&["--only", "2", "--allow-price-change"]).expect(3);
    assert_eq!(world.shown(world.linked(2)), format!("Pen|60|{b}"));
    assert_eq!(world.open(), [&clash[..], &["3 price-gone price".to_owned()]].concat());
    assert!(world.outcome(2, "price-jump").starts_with("closed|"));

    // A price of one variant of several waits, and a person may take it.
    world.source(&[(1, "Tea", Some("5.255"), &[]), (2, "Pen", Some("60"), &[]), (3, "Cup", Some("7"), &[])]);
    sync(&[]).expect(3).says("shared-template");
    assert_eq!(world.sql(&format!("select trim_scale(list_price) from product_template where id = {template}")), "5");
    world.resolve(3, "shared-template", "take");
    sync(&[]).expect(3);
    assert_eq!(world.sql(&format!("select trim_scale(list_price) from product_template where id = {template}")), "7");

    // An empty source is no news.
    world.source(&[]);
    sync(&[]).expect(5).says("empty-source");
}
