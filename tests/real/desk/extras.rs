//! Further barcodes as packagings (14) or units (19): created, moved, contested, taken away.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::World;

pub fn scenario(version: u32) {
    let world = World::new(version, "extras");
    world.configure("extra_barcodes = \"packaging\"");
    let c: Vec<String> = (0..8).map(|n| ean13(1100 + n)).collect();
    let c: Vec<&str> = c.iter().map(String::as_str).collect();
    let table = if version >= 19 { "product_uom" } else { "product_packaging" };
    let packed = |id: i64| {
        world.sql(&format!(
            "select string_agg(k.barcode, ' ' order by k.barcode) from {table} k join x_pz_product l on l.x_product_id = k.product_id where l.x_external_id = '{id}'"
        ))
    };
    let main = |id: i64| world.barcode(world.linked(id));
    world.source(&[(1, "Tea", Some("5"), &[c[0], c[1], c[2]]), (2, "Pen", Some("5"), &[c[3]])]);
    world.import_and_settle(&["--first-run"], 0);
    assert_eq!((main(1).as_str(), packed(1)), (c[0], format!("{} {}", c[1], c[2])));
    assert_eq!(world.history("barcode", 1).len(), 3, "each code has its line");

    // A barcode and a further code change places between two products, in one transaction.
    world.source(&[(1, "Tea", Some("5"), &[c[0], c[3]]), (2, "Pen", Some("5"), &[c[1], c[2]])]);
    world.import_and_settle(&[], 0);
    assert_eq!((main(1).as_str(), packed(1).as_str()), (c[0], c[3]));
    assert_eq!((main(2).as_str(), packed(2).as_str()), (c[1], c[2]));

    // A further code becomes the barcode.
    world.source(&[(1, "Tea", Some("5"), &[c[3]]), (2, "Pen", Some("5"), &[c[1], c[2]])]);
    world.import_and_settle(&[], 0);
    assert_eq!((main(1).as_str(), packed(1).as_str()), (c[3], ""));

    // A contested one stays with who has it, and is told.
    world.source(&[(1, "Tea", Some("5"), &[c[3], c[2]]), (2, "Pen", Some("5"), &[c[1], c[2]])]);
    world.import_and_settle(&[], 3);
    assert_eq!(world.open(), [format!("1 duplicate-claim {}", c[2])]);
    assert_eq!(packed(2), c[2]);

    // A person's own packaging stays; one of ours that a person deleted comes back.
    let (model, values) = if version >= 19 {
        let unit: i64 = world.sql("select id from uom_uom where name->>'en_US' = 'Pack of 6'").parse().unwrap();
        ("product.uom", json!({"barcode": c[6], "product_id": world.linked(2), "uom_id": unit}))
    } else {
        ("product.packaging", json!({"name": "Box", "barcode": c[6], "product_id": world.linked(2), "qty": 6}))
    };
    world.create(model, values);
    let ours = world.sql(&format!("select id from {table} where barcode = '{}'", c[2]));
    world.delete(model, ours.parse().unwrap());
    world.source(&[(1, "Tea", Some("5"), &[c[3]]), (2, "Pen", Some("5"), &[c[1], c[2]])]);
    world.import_and_settle(&[], 0);
    assert_eq!(packed(2), format!("{} {}", c[2], c[6]));

    // A code that a product outside has is told, and comes when it is free.
    let stranger = world.product(json!({"name": "Stranger", "barcode": c[5]}));
    world.source(&[(1, "Tea", Some("5"), &[c[3], c[5]]), (2, "Pen", Some("5"), &[c[1], c[2]])]);
    world.import_and_settle(&[], 3);
    assert_eq!(world.open(), [format!("1 foreign-holder {}", c[5])]);
    world.write("product.product", stranger, json!({"barcode": false}));
    world.import_and_settle(&[], 0);
    assert_eq!(packed(1), c[5]);

    // Without the setting ours go again, and people's stay.
    world.configure("");
    world.import_and_settle(&[], 0);
    assert_eq!((packed(1).as_str(), packed(2).as_str()), ("", c[6]));
    assert_eq!(world.count("x_pz_product where x_wrote_extras is not null"), 0);
}
