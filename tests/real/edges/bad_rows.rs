//! Rows of the source that cannot be used: each is named, the rest goes through, nothing of theirs is taken away.

use erpsync_sandbox::mssql::SqlValue;
use serde_json::json;

use crate::common::shop::ean13;
use crate::world::{RUN, World};

pub fn scenario(version: u32) {
    let world = World::new(version, "bad_rows");
    let codes: Vec<String> = (0..12).map(ean13).collect();
    let one = |n: i64| [codes[usize::try_from(n).unwrap()].as_str()];
    let names: Vec<String> = (0..12).map(|n| format!("Product {n}")).collect();
    let good: Vec<_> = (1..10).map(|n| (n, names[usize::try_from(n).unwrap()].as_str(), Some("5"), one(n))).collect();
    let rows: Vec<_> = good.iter().map(|(id, name, price, codes)| (*id, *name, *price, &codes[..])).collect();
    world.source(&rows);
    world.import_and_settle(&["--first-run"], 0);
    let all = "select string_agg(l.x_external_id || ' ' || trim_scale(t.list_price) || ' ' || p.barcode || ' ' || t.name::text, ', ' order by l.x_external_id) from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id";
    let before = world.sql(all);

    world.bench.source("DELETE FROM logistics.ProductBarcodes; DELETE FROM dbo.Products");
    let text = |t: &str| SqlValue::Text(t.to_owned());
    let long = "ы".repeat(1001);
    let products = [
        (SqlValue::Null, text("No id"), text("1")),
        (SqlValue::Int(1), SqlValue::Null, text("5")),
        (SqlValue::Int(2), text("Product 2"), text("5")),
        (SqlValue::Int(2), text("Another 2"), text("6")),
        (SqlValue::Int(3), text("Product 3"), text("5")),
        (SqlValue::Int(4), text("Prod\u{fffd}ct 4"), text("5")),
        (SqlValue::Int(5), text("Prod\u{0}ct 5"), text("5")),
        (SqlValue::Int(6), text(&long), text("5")),
        (SqlValue::Int(7), text("Product 7"), text("-5")),
        (SqlValue::Int(8), text("   "), text("5")),
        (SqlValue::Int(9), text("Product 9"), text("5")),
        (SqlValue::Int(10), text("Product 10"), text("10")),
    ];
    world.bench.mssql.insert_rows("dbo.Products", products.map(|(id, name, price)| [id, name, price])).unwrap();
    let mut barcodes: Vec<_> = [1, 2, 4, 5, 6, 7, 8].iter().map(|n| [SqlValue::Int(*n), text(one(*n)[0])]).collect();
    barcodes.push([SqlValue::Int(3), text(&"9".repeat(200))]);
    barcodes.push([SqlValue::Int(9), text("12\u{0}3")]);
    barcodes.push([SqlValue::Int(10), text(one(10)[0])]);
    barcodes.push([SqlValue::Null, text(one(11)[0])]);
    world.bench.mssql.insert_rows("logistics.ProductBarcodes", barcodes).unwrap();

    let dry = world.import(&["--dry-run"]).expect(2);
    for (id, told) in [
        ("(no id)", "the id is empty"),
        ("1", "the name is empty"),
        ("2", "several product rows have this id"),
        ("3", "the barcode has more than 64 characters"),
        ("4", "the name contains U+FFFD"),
        ("5", "the name contains U+0000"),
        ("6", "the name has more than 1000 characters"),
        ("7", "the price -5.0000 is negative"),
        ("8", "the name is empty"),
        ("9", "the barcode contains U+0000"),
    ] {
        let named = |l: &&str| l.trim_start().starts_with(&format!("x {id} ")) && l.contains(told);
        assert!(dry.stdout.lines().any(|l| named(&l)), "{id}: {told}\n{}", dry.stdout);
    }
    let lines = world.import(&["--dry-run", "--format", "lines"]).expect(2).stdout;
    let bad: Vec<_> = lines.lines().filter(|l| l.starts_with('x')).collect();
    assert_eq!(bad.len(), 11, "{lines}");
    assert!(bad.iter().all(|l| l.split('\t').count() == 9), "{lines}");
    let json: serde_json::Value =
        serde_json::from_str(&world.import(&["--dry-run", "--format", "json"]).expect(2).stdout).unwrap();
    assert_eq!(json["bad_rows"].as_array().map(Vec::len), Some(11));
    assert_eq!(json["changes"].as_array().map(Vec::len), Some(1));

    // The one good row goes through; the others keep all they have.
    world.import_and_settle(&[], 3).says("the price -5.0000 is negative");
    assert_eq!(world.count("x_pz_product"), 10);
    assert_eq!(world.sql(&format!("{all} where l.x_external_id != '10'")), before);
    assert_eq!(world.sql("select x_wrote_barcode from x_pz_product where x_external_id = '10'"), codes[10]);

    // And when all is well again there is nothing to mend.
    world.source(&rows);
    world.add(&[(10, "Product 10", Some("10"), &one(10))]);
    world.import_and_settle(&[], 0).says("Nothing to do: 10 products in step.");
    assert_eq!(world.sql(&format!("{all} where l.x_external_id != '10'")), before);
}

/// What waits, and what a person chose about it, outlives rows that cannot be read; nobody gets what is theirs.
pub fn interlude(version: u32) {
    let world = World::new(version, "interlude");
    let codes: Vec<String> = (0..2).map(|n| ean13(70 + n)).collect();
    let (shared, own) = (codes[0].as_str(), codes[1].as_str());
    let rows = |jumping: Option<&'static str>| {
        [
            (1, "Tea", Some("10"), vec![shared]),
            (2, "Pen", Some("10"), vec![shared]),
            (3, "Cup", jumping, vec![own]),
            (4, "Mat", Some("10"), vec![]),
        ]
    };
    let set = |rows: &[(i64, &str, Option<&str>, Vec<&str>)]| {
        let rows: Vec<_> = rows.iter().map(|(id, name, price, codes)| (*id, *name, *price, codes.as_slice())).collect();
        world.source(&rows);
    };
    let unname = |ids: &str| {
        world.bench.source(&format!("UPDATE dbo.Products SET ProductName = NULL WHERE ProductID IN ({ids})"))
    };
    let resolve = |id: i64, kind: &str, choice: &str| {
        let number = world.sql(&format!(
            "select id from x_pz_conflict where x_external_id = '{id}' and x_kind = '{kind}' and x_state != 'closed'"
        ));
        world.bench.run(&["deferred", "resolve", &number, "--choose", choice]).expect(0);
    };
    let states = || {
        world.target().sql("select x_external_id || ' ' || x_kind || ' ' || x_state || ' ' || coalesce(x_choice, '') from x_pz_conflict order by x_external_id::int, id")
    };
    set(&rows(Some("10")));
    world.import_and_settle(&["--first-run"], 3);
    set(&rows(Some("99")));
    world.import_and_settle(&[], 3);
    resolve(3, "price-jump", "take");
    resolve(1, "duplicate-claim", "give");
    let chosen = ["1 duplicate-claim open give", "2 duplicate-claim open ", "3 price-jump open take"];
    assert_eq!(states(), chosen);

    // 1 and 3 lose their names for a while: what was chosen stands, and 2 does not get the code.
    unname("1, 3");
    world.import(&[]).expect(3);
    world.bench.run(&["sync-prices"]).expect(3);
    assert_eq!(states()[..2], chosen[..2]);
    assert_eq!(world.shown(world.linked(2)), "Pen|10|");
    // Prices alone can be read: the choice was carried out by the run about prices.
    assert_eq!(states()[2], "3 price-jump closed take");
    assert_eq!(world.shown(world.linked(3)), format!("Cup|99|{own}"));
    set(&rows(Some("99")));
    world.import(&[]).expect(0);
    assert_eq!(world.shown(world.linked(1)), format!("Tea|10|{shared}"));
    world.assert_settled(0);

    // A price that cannot be read is not gone, one that is gone is named, and closes when it is back.
    set(&rows(Some("-1")));
    world.import_and_settle(&[], 3).says("negative");
    assert_eq!(world.open(), Vec::<String>::new());
    set(&rows(None));
    world.import_and_settle(&[], 3).says("the source no longer has one (it had 99)");
    assert_eq!(world.open(), ["3 price-gone price"]);
    world.bench.run(&["sync-prices"]).expect(3);
    assert_eq!(world.open(), ["3 price-gone price"]);
    set(&rows(Some("99")));
    world.bench.run(&["sync-prices"]).expect(0);
    assert_eq!(world.open(), Vec::<String>::new());
    // Kept by a person, it is not asked about again, and follows the source when there is a price again.
    set(&rows(None));
    world.import(&[]).expect(3);
    resolve(3, "price-gone", "keep");
    world.import(&[]).expect(0);
    world.assert_settled(0);
    set(&rows(Some("100")));
    world.import_and_settle(&[], 0);
    assert_eq!(world.shown(world.linked(3)), format!("Cup|100|{own}"));

    // To zero, and up from it: both wait.
    set(&rows(Some("0")));
    world.import_and_settle(&[], 3);
    assert_eq!(world.open(), ["3 price-jump price"]);
    world.import(&["--allow-price-change"]).expect(0);
    set(&rows(Some("99999")));
    world.import_and_settle(&[], 3);
    assert_eq!(world.shown(world.linked(3)), format!("Cup|0|{own}"));

    // All names gone, or all prices: that is a broken view.
    let codes = |n| if n == 1 { vec![shared] } else { vec![] };
    let many: Vec<_> = (1..=40).map(|n| (n, "Many", Some("5"), codes(n))).collect();
    set(&many);
    world.import(&["--allow-create", "--allow-release", "--allow-price-change"]).expect(0);
    let before = world.target().checksums(&RUN);
    world.bench.source("UPDATE dbo.Products SET ProductName = NULL");
    world.import(&[]).expect(5).says("max_unreadable").says("--allow-unreadable");
    world.import(&["--allow-unreadable"]).expect(3);
    set(&many);
    world.bench.source("UPDATE dbo.Products SET Price = NULL");
    for command in ["import-products", "sync-prices"] {
        world.bench.run(&[command]).expect(5).says("max_prices_gone").says("--allow-prices-gone");
    }
    world.assert_unchanged(&before, &RUN);
    world.bench.run(&["sync-prices", "--allow-prices-gone"]).expect(0);
    world.assert_settled(0);
    set(&many);
    world.import_and_settle(&[], 0);
}

/// A shop without barcodes is no broken read; Odoo's barcodes are its own.
pub fn without_barcodes(version: u32) {
    let world = World::new(version, "no_codes");
    let code = ean13(90);
    world.source(&[(1, "Tea", Some("5"), &[&code]), (2, "Pen", Some("5"), &[])]);
    world.import_and_settle(&["--first-run"], 0);
    world.bench.source("DELETE FROM logistics.ProductBarcodes");
    world.import(&[]).expect(5).says("no-barcodes").says("barcodes = false");
    world.import(&["--allow-empty-source"]).expect(5).says("no-barcodes");
    let config = std::fs::read_to_string(world.bench.config()).unwrap();
    let config = config.replacen("\nhost = ", "\nbarcodes = false\nhost = ", 1);
    std::fs::write(world.bench.config(), &config).unwrap();
    let other = world.product(json!({"name": "Mat", "list_price": 5, "barcode": ean13(91), "default_code": "3"}));
    world.import(&[]).expect(0);
    world.assert_settled(0);
    world.add(&[(3, "Mat", Some("6"), &[])]);
    std::fs::write(world.bench.config(), format!("{config}\nmatch = [\"default_code\"]\n")).unwrap();
    world.import_and_settle(&[], 0);
    assert_eq!(world.linked(3), other);
    assert_eq!(world.shown(other), format!("Mat|6|{}", ean13(91)));
    assert_eq!(world.shown(world.linked(1)), format!("Tea|5|{code}"));
    // No rows at all is another matter.
    world.source(&[]);
    world.import(&[]).expect(5).says("empty-source");
    world.bench.run(&["check-barcodes"]).expect(0);
}
