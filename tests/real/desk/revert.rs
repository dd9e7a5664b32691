//! A run is undone where nobody has changed anything since, and the next import leaves it so.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::{LOGINS, World};

pub fn scenario(version: u32) {
    let world = World::in_languages(version, "revert", &["en_US", "ru_RU"]);
    let (a, b, c) = (ean13(1400), ean13(1401), ean13(1402));
    world.source(&[(1, "Tea", Some("5"), &[&a]), (2, "Pen", Some("6"), &[&b]), (3, "Cup", Some("7"), &[])]);
    world.import_and_settle(&["--first-run"], 0);
    // The names differ by language before the run.
    let template = world.sql(&format!("select product_tmpl_id from product_product where id = {}", world.linked(1)));
    world.configure("name = \"odoo\"");
    world.write_in("product.template", template.parse().unwrap(), json!({"name": "Чай"}), json!({"lang": "ru_RU"}));
    world.import(&[]).expect(0);
    world.configure("");
    world.source(&[
        (1, "Green tea", Some("5.5"), &[&b]),
        (2, "Pen", Some("6.5"), &[&a]),
        (3, "Cup", Some("7.5"), &[&c]),
        (4, "New", Some("1"), &[]),
    ]);
    world.import_and_settle(&["--allow-create"], 0);
    let run = world.sql("select x_key from x_pz_run where x_changed > 0 and x_created > 0 order by id desc limit 1");
    let revert = |args: &[&str]| world.bench.run(&[&["revert", "--run"], args].concat());

    revert(&["nonsense"]).expect(1).says("nonsense");
    revert(&[&run, "--only", "77"]).expect(64).says("77");
    // A person has another price by now.
    world.write("product.product", world.linked(2), json!({"list_price": 9}));
    let before = world.target().checksums(&LOGINS);
    revert(&[&run, "--dry-run"]).expect(2).says("not-undone").says("undone").says("created product");
    world.assert_unchanged(&before, &LOGINS);
    revert(&[&run]).expect(0);
    assert_eq!(world.shown(world.linked(1)), format!("Tea|5|{a}"));
    assert_eq!(world.shown_in(world.linked(1), "ru_RU"), format!("Чай|5|{a}"));
    assert_eq!(world.shown(world.linked(2)), format!("Pen|9|{b}"), "a person's price stays, the barcode goes back");
    assert_eq!(world.shown(world.linked(3)), "Cup|7|");
    assert_eq!(world.history("barcode", 3).pop().unwrap(), format!("{c}> reverted"));
    assert_eq!(world.history("price", 1).pop().unwrap(), "5.5>5 reverted");
    assert_eq!(world.count("product_product p join x_pz_product l on l.x_product_id = p.id where p.active"), 4);

    // The next import leaves it, but for the person's price, which it owns; new words of the source are news.
    world.import_and_settle(&[], 0);
    assert_eq!(world.shown(world.linked(1)), format!("Tea|5|{a}"));
    assert_eq!(world.shown(world.linked(2)), format!("Pen|6.5|{b}"));
    world.source(&[
        (1, "Black tea", Some("5.5"), &[&b]),
        (2, "Pen", Some("6.5"), &[&a]),
        (3, "Cup", Some("8"), &[&c]),
        (4, "New", Some("1"), &[]),
    ]);
    world.import_and_settle(&[], 0);
    assert_eq!(world.shown(world.linked(1)), format!("Black tea|5|{a}"));
    assert_eq!(world.shown(world.linked(3)), "Cup|8|");
    // Undoing it again finds one value that is what the run wrote, and that all others were changed since.
    let again = revert(&[&run, "--dry-run", "--format", "lines"]).expect(2).stdout;
    let prices: Vec<&str> = again.lines().filter(|line| line.starts_with('~')).collect();
    assert!(matches!(prices[..], [line] if line.contains("\t2\tprice\t6.5\t6\t")), "{again}");
}
