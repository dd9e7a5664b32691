//! Rows of the source that cannot be used: each is named, the rest goes through, nothing of theirs is taken away.

use erpsync_sandbox::mssql::SqlValue;

use crate::common::shop::ean13;
use crate::world::World;

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

    // And when all is well again there is nothing to mend: one link notes that the source has a price again.
    world.source(&rows);
    world.add(&[(10, "Product 10", Some("10"), &one(10))]);
    world.import_and_settle(&[], 0).says("Plan: 1 to note on links, 9 unchanged.");
    assert_eq!(world.sql(&format!("{all} where l.x_external_id != '10'")), before);
}
