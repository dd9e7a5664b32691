//! Names, prices and barcodes that wait for a person: taken, kept, and asked anew when the source says something else.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::World;

pub fn scenario(version: u32) {
    let world = World::in_languages(version, "fields", &["en_US", "ru_RU"]);
    let ask = "name = \"ask\"\nprice = \"ask\"\nbarcode = \"ask\"";
    world.configure(ask);
    let (a, b, mine) = (ean13(970), ean13(971), ean13(972));
    world.source(&[(1, "Tea", Some("5"), &[&a]), (2, "Pen", Some("5"), &[&b])]);
    world.import_and_settle(&["--first-run"], 0);
    // Both are edited in Odoo in every way.
    for id in [1, 2] {
        let product = world.linked(id);
        let template = world.sql(&format!("select product_tmpl_id from product_product where id = {product}"));
        let code = format!("{mine}-{id}");
        world.write("product.product", product, json!({"barcode": code}));
        world.write("product.template", template.parse().unwrap(), json!({"name": "Edited", "list_price": 6}));
    }
    world.import_and_settle(&[], 3);
    assert_eq!(world.open().len(), 6, "{:?}", world.open());
    let numbers = |id: i64| {
        world.target().sql(&format!(
            "select id from x_pz_conflict where x_external_id = '{id}' and x_state = 'open' order by x_subject"
        ))
    };
    let choose = |id: i64, choice: &str| {
        let numbers = numbers(id);
        let mut args = vec!["deferred", "resolve"];
        args.extend(numbers.iter().map(String::as_str));
        args.extend(["--choose", choice]);
        world.bench.run(&args).expect(0);
    };
    choose(1, "take");
    choose(2, "keep");
    world.import_and_settle(&[], 0);
    assert_eq!(world.shown(world.linked(1)), format!("Tea|5|{a}"));
    assert_eq!(world.shown_in(world.linked(1), "ru_RU"), format!("Tea|5|{a}"));
    assert_eq!(world.shown(world.linked(2)), format!("Edited|6|{mine}-2"));
    assert_eq!(world.sql("select x_kept from x_pz_product where x_external_id = '2'"), "name price barcode");
    assert_eq!(world.history("name", 1), ["Edited>Tea chosen", "Edited>Tea chosen"], "in both languages");
    assert_eq!(world.count("x_pz_conflict where x_state = 'closed' and x_outcome like 'chosen: %'"), 6);

    // What was agreed to stays under any policy, until the source says something else.
    world.configure("");
    world.assert_settled(0);
    world.source(&[(1, "Tea", Some("5"), &[&a]), (2, "Pen", Some("5.50"), &[&b])]);
    world.import_and_settle(&[], 0);
    assert_eq!(
        world.shown(world.linked(2)),
        format!("Edited|5.5|{mine}-2"),
        "a new price is news, name and code are not"
    );

    // A price that jumps: the choice counts for the price that was seen.
    world.configure("max_price_change = { percent = 50, amount = 1 }");
    world.source(&[(1, "Tea", Some("50"), &[&a]), (2, "Pen", Some("5.50"), &[&b])]);
    world.import_and_settle(&[], 3);
    world.resolve(1, "price-jump", "take");
    world.source(&[(1, "Tea", Some("500"), &[&a]), (2, "Pen", Some("5.50"), &[&b])]);
    world.import_and_settle(&[], 3);
    assert_eq!(world.shown(world.linked(1)), format!("Tea|5|{a}"), "nobody has seen 500");
    assert_eq!(world.outcome(1, "price-jump"), "open", "the choice was about 50");
    world.resolve(1, "price-jump", "take");
    world.import_and_settle(&[], 0);
    assert_eq!(world.shown(world.linked(1)), format!("Tea|500|{a}"));
    let last = world.history("price", 1).pop().unwrap();
    assert_eq!(last, "5>500 chosen");
}
