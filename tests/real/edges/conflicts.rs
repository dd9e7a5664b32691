//! Codes that records outside the source have: opened once, followed, closed when gone.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::World;

pub fn scenario(version: u32) {
    let world = World::new(version, "conflicts");
    let codes: Vec<String> = (0..6).map(ean13).collect();
    let one = |n: usize| [codes[n].as_str()];
    let (a, b, c, d) = (one(1), one(2), one(3), one(4));
    world.source(&[
        (1, "A", Some("5"), &a),
        (2, "B", Some("5"), &[]),
        (3, "C", Some("5"), &[]),
        (4, "D", Some("5"), &[]),
    ]);
    world.import_and_settle(&["--first-run"], 0);
    // Holders: an active product, an archived one, a packaging.
    let active = world.product(json!({"name": "Active holder", "barcode": codes[2]}));
    let archived = world.product(json!({"name": "Archived holder", "barcode": codes[3]}));
    let template = world.sql(&format!("select product_tmpl_id from product_product where id = {archived}"));
    world.write("product.template", template.parse().unwrap(), json!({"active": false}));
    let boxed = world.product(json!({"name": "Boxed"}));
    let (packaging, values) = if version >= 19 {
        let unit: i64 = world.sql("select id from uom_uom where name->>'en_US' = 'Pack of 6'").parse().unwrap();
        ("product.uom", json!({"barcode": codes[4], "product_id": boxed, "uom_id": unit}))
    } else {
        ("product.packaging", json!({"name": "Box", "barcode": codes[4], "product_id": boxed, "qty": 6}))
    };
    let packaging_id = world.create(packaging, values);

    world.source(&[(1, "A", Some("5"), &a), (2, "B", Some("5"), &b), (3, "C", Some("5"), &c), (4, "D", Some("5"), &d)]);
    world.import_and_settle(&[], 3);
    let expected: Vec<String> = (2..5).map(|n| format!("{n} foreign-holder {}", codes[n])).collect();
    assert_eq!(world.open(), expected);
    let holders =
        "select string_agg(x_holder_id::text, ' ' order by x_external_id) from x_pz_conflict where x_state = 'open'";
    assert_eq!(world.sql(holders), format!("{active} {archived} {boxed}"));
    let told = |id: i64| {
        world.sql(&format!("select x_message from x_pz_conflict where x_external_id = '{id}' and x_state = 'open'"))
    };
    assert!(told(2).contains("Active holder") && !told(2).contains("archived"), "{}", told(2));
    assert!(told(3).contains("archived product"), "{}", told(3));
    assert!(told(4).contains("packaging of product"), "{}", told(4));
    let trio = |id: i64| {
        world.sql(&format!("select x_state, x_event_type, x_event_check, x_event_update is not null from x_pz_product where x_external_id = '{id}'"))
    };
    assert_eq!([trio(1), trio(2)], ["ok|11|1|t", "waiting|12|0|t"]);

    // The holder is renamed: the message follows, the record stays the same one.
    let records = "select string_agg(id::text, ' ' order by id) from x_pz_conflict";
    let before = world.sql(records);
    world.write("product.product", active, json!({"name": "Renamed holder"}));
    world.import_and_settle(&[], 3);
    assert_eq!(world.sql(records), before);
    assert!(told(2).contains("Renamed holder"), "{}", told(2));

    // Only the new ones count, if so configured.
    world.configure("status_for_open = \"new\"");
    world.import(&[]).expect(0);
    world.configure("");

    // One by one they let go.
    world.write("product.product", active, json!({"barcode": false}));
    world.import_and_settle(&[], 3);
    assert_eq!(world.open(), expected[1..]);
    assert_eq!(trio(2), "ok|11|1|t");
    let closed = "select x_state, x_closed is not null, x_closed_run_id is not null and x_closed_run_id != x_opened_run_id from x_pz_conflict where x_external_id = '2'";
    assert_eq!(world.sql(closed), "closed|t|t");
    world.delete(packaging, packaging_id);
    world.write("product.product", archived, json!({"barcode": false}));
    world.import_and_settle(&[], 0);
    assert_eq!(world.open(), Vec::<String>::new());
    let given = world.sql("select string_agg(p.barcode, ' ' order by l.x_external_id) from x_pz_product l join product_product p on p.id = l.x_product_id");
    assert_eq!(given, codes[1..5].join(" "));

    // A linked product is deleted: the link stays, and says so.
    world.delete("product.product", world.linked(4));
    world.import_and_settle(&[], 3);
    assert_eq!(world.open(), ["4 product-gone"]);
    assert_eq!(trio(4), "gone|12|-1|t");
    // The link goes too: the product is made again.
    let link: i64 = world.sql("select id from x_pz_product where x_external_id = '4'").parse().unwrap();
    world.delete("x_pz_product", link);
    world.import_and_settle(&[], 0);
    assert_eq!(trio(4), "ok|11|1|t");
    assert_eq!(world.history("barcode", 4).len(), 2);
}
