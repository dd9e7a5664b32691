//! A plan is kept, shown, applied; and refused when it is stale, damaged, old or another database's.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::{LOGINS, RUN, World};

pub fn scenario(version: u32) {
    let world = World::in_languages(version, "plans", &["en_US", "ru_RU"]);
    let (a, b) = (ean13(1300), ean13(1301));
    world.source(&[(1, "Tea", Some("5"), &[&a]), (2, "Pen", Some("5"), &[&b])]);
    world.import_and_settle(&["--first-run"], 0);
    world.source(&[
        (1, "Чай", Some("5.5"), &[&b]),
        (2, "Pen", Some("5"), &[&a]),
        (3, "Cup", Some("9.9950"), &[]),
        (4, "Hat", None, &[]),
    ]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plan.json");
    let plan = path.to_str().unwrap();
    let before = world.target().checksums(&LOGINS);
    world.import(&["--dry-run", "--out", plan]).expect(2);
    world.assert_unchanged(&before, &LOGINS);
    let first = std::fs::read_to_string(&path).unwrap();
    let shown = world.bench.run(&["show", plan]).expect(2).says("Чай").says("1 to create").stdout;
    let dry = world.import(&["--dry-run"]).expect(2).stdout;
    assert!(shown.ends_with(&dry), "{shown}\n---\n{dry}");
    let lines = world.bench.run(&["show", plan, "--format", "lines"]).expect(2).stdout;
    assert_eq!(lines, world.import(&["--dry-run", "--format", "lines"]).expect(2).stdout);

    let apply = |args: &[&str]| world.bench.run(&[&["apply"], args].concat());
    // Cut, edited, no plan at all, not there.
    let before = world.target().checksums(&LOGINS);
    for (name, text) in [
        ("cut", first[..first.len() / 2].to_owned()),
        ("edited", first.replace("5.5", "0.5")),
        ("other", "{\"format\": \"erpsync-plan\", \"version\": 1, \"program\": \"x\"}".to_owned()),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        apply(&[path.to_str().unwrap()]).expect(64).says("plan");
    }
    apply(&["nowhere.json"]).expect(64).says("nowhere.json");
    apply(&[plan, "--max-age", "0"]).expect(5).says("older");
    world.assert_unchanged(&before, &LOGINS);

    // Somebody edits a product that the plan speaks of: refused, and nothing is written but the run's line.
    world.write("product.product", world.linked(1), json!({"list_price": 6}));
    let before = world.target().checksums(&RUN);
    apply(&[plan]).expect(5).says("stale").says("1 changed");
    world.assert_unchanged(&before, &RUN);
    world.write("product.product", world.linked(1), json!({"list_price": 5}));

    // New products would get other values than those that were looked at.
    world.configure("[sources.polonez.create]\nset_default_code = false");
    let before = world.target().checksums(&RUN);
    apply(&[plan]).expect(5).says("what new products get");
    world.assert_unchanged(&before, &RUN);
    world.configure("");

    // The source is not read again: what was looked at is what is done.
    world.source(&[(1, "Other", Some("1"), &[])]);
    apply(&[plan]).expect(3).says("1 created");
    assert_eq!(world.shown_in(world.linked(1), "ru_RU"), format!("Чай|5.5|{b}"));
    assert_eq!(world.barcode(world.linked(2)), a);
    let price = if version >= 16 { "9.995" } else { "10" };
    assert_eq!(world.shown(world.linked(3)), format!("Cup|{price}|"));
    assert_eq!(world.open(), ["4 no-price price"]);
    assert_eq!(world.sql("select x_command from x_pz_run order by id desc limit 1"), "apply");
    // Not twice.
    let before = world.target().checksums(&RUN);
    apply(&[plan]).expect(5).says("the plan was carried out already");
    world.assert_unchanged(&before, &RUN);

    // Another database, though set up and of the same shape.
    let other = World::in_languages(version, "plans_other", &["en_US", "ru_RU"]);
    other.sql("update ir_config_parameter set value = 'another' where key = 'database.uuid'");
    other.bench.setup(&[]).expect(0);
    other.bench.run(&["apply", plan]).expect(78).says("another");
    assert_eq!(other.count("x_pz_product"), 0);
}
