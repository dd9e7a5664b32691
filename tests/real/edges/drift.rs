//! Somebody edited in Odoo what the source owns.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::World;

/// Name, price and barcode of one product are edited.
fn edit(world: &World, product: i64, code: &str) {
    world.write("product.product", product, json!({"name": "Edited", "list_price": 77.0, "barcode": code}));
}

pub fn scenario(version: u32) {
    let world = World::new(version, "drift");
    let (code, edited) = (ean13(1), ean13(2));
    let rows = [(1, "Ours", Some("7"), &[code.as_str()][..])];
    world.source(&rows);
    world.import_and_settle(&["--first-run"], 0);
    let product = world.linked(1);
    let policy = |p: &str| world.configure(&format!("name = {p:?}\nprice = {p:?}\nbarcode = {p:?}"));

    // Left, and still left when the run comes round again.
    policy("odoo");
    edit(&world, product, &edited);
    world.import_and_settle(&[], 0);
    assert_eq!(world.shown(product), format!("Edited|77|{edited}"));

    // Asked.
    policy("ask");
    world.import_and_settle(&[], 3);
    assert_eq!(world.open(), ["1 drift barcode", "1 drift name", "1 drift price"]);
    assert_eq!(world.shown(product), format!("Edited|77|{edited}"));
    // A further edit changes what is told, and opens nothing anew.
    world.write("product.product", product, json!({"list_price": 78.0}));
    world.import_and_settle(&[], 3);
    let told = "select count(*) || ' ' || max(x_message) from x_pz_conflict where x_subject = 'price'";
    assert!(world.sql(told).starts_with("1 ") && world.sql(told).contains("78"), "{}", world.sql(told));

    // Put back; what is asked is settled by that.
    policy("source");
    world.import(&["--dry-run"]).expect(2).says("drift: edited in Odoo, put back");
    world.import_and_settle(&[], 0);
    assert_eq!(world.shown(product), format!("Ours|7|{code}"));
    assert_eq!(world.open(), Vec::<String>::new());
    assert_eq!(world.history("price", 1), [">7 created", "78>7 drift"]);
    assert_eq!(world.history("barcode", 1), [format!(">{code} created"), format!("{edited}>{code} drift")]);

    // The barcode is taken away, or the price made negative.
    world.write("product.product", product, json!({"barcode": false, "list_price": -1.0}));
    world.import_and_settle(&[], 0);
    assert_eq!(world.shown(product), format!("Ours|7|{code}"));
}

pub fn one_language(version: u32) {
    let world = World::in_languages(version, "language", &["en_US", "ru_RU"]);
    let code = ean13(1);
    world.source(&[(1, "Чай", Some("7"), &[&code]), (2, "Кофе", Some("7"), &[])]);
    world.import_and_settle(&["--first-run"], 0);
    let (tea, coffee) = (world.linked(1), world.linked(2));
    let names = |product| {
        [world.shown_in(product, "en_US"), world.shown_in(product, "ru_RU")]
            .map(|s| s.split('|').next().unwrap().to_owned())
    };
    world.write_in("product.product", tea, json!({"name": "Чаёк"}), json!({"lang": "ru_RU"}));
    assert_eq!(names(tea), ["Чай", "Чаёк"]);
    let lines = world.import(&["--dry-run", "--format", "lines"]).expect(2).stdout;
    assert_eq!(lines.trim_end(), "~\tpolonez\t1\tname:ru_RU\tЧаёк\tЧай\tdrift\tЧай\tdrift: edited in Odoo, put back");
    world.import_and_settle(&[], 0);
    assert_eq!(names(tea), ["Чай", "Чай"]);
    // The base alone, once Russian has a name of its own.
    world.write_in("product.product", tea, json!({"name": "Tea"}), json!({"lang": "en_US"}));
    assert_eq!(names(tea), ["Tea", "Чай"]);
    world.import_and_settle(&[], 0);
    assert_eq!(names(tea), ["Чай", "Чай"]);
    // Renamed in the source: both.
    world.source(&[(1, "Tea & Чай", Some("7"), &[&code]), (2, "Кофе", Some("7"), &[])]);
    world.import_and_settle(&[], 0);
    assert_eq!(names(tea), ["Tea & Чай", "Tea & Чай"]);
    // Russian alone is the source's: the base is a person's.
    let config = std::fs::read_to_string(world.bench.config()).unwrap();
    std::fs::write(world.bench.config(), config.replace("\"en_US\", \"ru_RU\"", "\"ru_RU\"")).unwrap();
    world.write_in("product.product", coffee, json!({"name": "Coffee"}), json!({"lang": "en_US"}));
    world.write_in("product.product", coffee, json!({"name": "Кофе"}), json!({"lang": "ru_RU"}));
    world.assert_settled(0);
    world.source(&[(1, "Tea & Чай", Some("7"), &[&code]), (2, "Кофе молотый", Some("7"), &[])]);
    world.import_and_settle(&[], 0);
    assert_eq!(names(coffee), ["Coffee", "Кофе молотый"]);
}
