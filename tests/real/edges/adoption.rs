//! Products that Odoo has already are recognised, or wait; nothing is ever there twice.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::World;

pub fn scenario(version: u32) {
    let world = World::new(version, "adoption");
    world.configure("match = [\"barcode\", \"default_code\", \"name\"]");
    let code = |n: i64| ean13(1000 + n);
    let upc = "036000291452";
    let by_barcode = world.product(json!({"name": "Old A", "barcode": format!("0{upc}"), "list_price": 9.5}));
    let by_reference = world.product(json!({"name": "Old B", "default_code": "2", "list_price": 3.0}));
    let by_name = world.product(json!({"name": "Чай «чёрный» 100%", "list_price": 2.5}));
    let twice: Vec<i64> = (0..2).map(|_| world.product(json!({"name": "Twice"}))).collect();
    let wanted_by_two = world.product(json!({"name": "E", "barcode": code(5), "default_code": "6"}));
    let archived = world.product(json!({"name": "Old F", "barcode": code(7), "list_price": 7.0}));
    let template = world.sql(&format!("select product_tmpl_id from product_product where id = {archived}"));
    world.write("product.template", template.parse().unwrap(), json!({"active": false}));
    let company = world.create("res.company", json!({"name": "Another Ltd"}));
    let foreign = world.product(json!({"name": "Old G", "barcode": code(8), "company_id": company}));
    let products = world.count("product_product");

    let codes: Vec<String> = (0..10).map(code).collect();
    let code = |n: usize| codes[n].as_str();
    world.source(&[
        (1, "New A", Some("9.5"), &[upc]),
        (2, "New B", Some("3"), &[code(2)]),
        (3, "Чай «чёрный» 100%", Some("2.5"), &[]),
        (4, "Twice", Some("1"), &[code(4)]),
        (5, "E", Some("1"), &[code(5)]),
        (6, "E six", Some("1"), &[]),
        (7, "New F", Some("7.25"), &[code(7)]),
        (8, "New G", Some("8"), &[code(8)]),
        (9, "Ninth", Some("9"), &[code(9)]),
    ]);
    world.import(&["--first-run", "--dry-run"]).expect(2).says("recognised by default_code").says("archived in Odoo");
    world.import_and_settle(&["--first-run"], 3);

    // Found, linked, and brought in step; the EAN-13 of the UPC-A is the same code and stays as it is.
    assert_eq!(world.shown(by_barcode), format!("New A|9.5|0{upc}"));
    assert_eq!(world.shown(by_reference), format!("New B|3|{}", code(2)));
    assert_eq!(world.shown(archived), format!("New F|7.25|{}", code(7)));
    let linked: Vec<i64> = [1, 2, 3, 7].iter().map(|id| world.linked(*id)).collect();
    assert_eq!(linked, [by_barcode, by_reference, by_name, archived]);
    let matched = "select string_agg(x_external_id || ' ' || x_matched_by || ' ' || x_state, ', ' order by x_external_id) from x_pz_product where x_matched_by is not null";
    assert_eq!(world.sql(matched), "1 barcode ok, 2 default_code ok, 3 name ok, 7 barcode ok");
    assert_eq!(world.history("barcode", 1), Vec::<String>::new());
    assert_eq!(world.history("barcode", 2), [format!(">{} adopted", code(2))]);
    assert_eq!(world.history("price", 2), Vec::<String>::new());
    assert_eq!(world.history("price", 7), ["7>7.25 adopted"]);
    assert_eq!(world.history("price", 9), [">9 created"]);
    assert_eq!(world.sql(&format!("select active from product_product where id = {archived}")), "f");

    // One product is new; the others wait, and nothing was created for them.
    assert_eq!(world.count("product_product"), products + 1);
    assert_eq!(world.open(), ["4 ambiguous-match", "5 ambiguous-match", "6 ambiguous-match", "8 other-company"]);
    assert_eq!(world.shown(wanted_by_two), format!("E|1|{}", code(5)));
    assert_eq!(world.shown(foreign), format!("Old G|1|{}", code(8)));

    // Each reason settled, each waiting product finds its own.
    world.delete("product.product", twice[0]);
    world.write("product.product", wanted_by_two, json!({"default_code": false}));
    world.write("product.product", foreign, json!({"company_id": false}));
    world.import_and_settle(&[], 0);
    let linked: Vec<i64> = [4, 5, 8].iter().map(|id| world.linked(*id)).collect();
    assert_eq!(linked, [twice[1], wanted_by_two, foreign]);
    assert_eq!(world.shown(world.linked(6)), "E six|1|");
    assert_eq!(world.open(), Vec::<String>::new());
    assert_eq!(world.sql("select count(*), count(distinct x_product_id) from x_pz_product"), "9|9");
}

/// The first rule that finds somebody decides.
pub fn order(version: u32) {
    let world = World::new(version, "order");
    let code = ean13(7);
    let has_code = world.product(json!({"name": "Has the code", "barcode": code}));
    let has_reference = world.product(json!({"name": "Has the reference", "default_code": "1"}));
    world.source(&[(1, "Has the name", Some("1"), &[&code])]);
    let has_name = world.product(json!({"name": "Has the name"}));
    for (rules, found) in [
        ("\"barcode\", \"default_code\", \"name\"", has_code),
        ("\"default_code\", \"barcode\"", has_reference),
        ("\"name\", \"default_code\"", has_name),
    ] {
        world.configure(&format!("match = [{rules}]"));
        let run = world.import(&["--dry-run", "--first-run", "--format", "lines"]).expect(2);
        assert!(run.stdout.contains(&format!("&\tpolonez\t1\tlink\t\t#{found}\t")), "{rules}: {}", run.stdout);
    }
    // Never: the product is new, and its code is at somebody else's.
    world.configure("match = []");
    let run = world.import(&["--dry-run", "--first-run", "--format", "lines"]).expect(2);
    assert!(run.stdout.contains("foreign-holder") && !run.stdout.contains('&'), "{}", run.stdout);
    // By default the barcode alone.
    world.configure("");
    world.import_and_settle(&["--first-run"], 0);
    assert_eq!(world.linked(1), has_code);
}
