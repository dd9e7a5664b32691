//! Names, prices and barcodes arrive as they are, or wait with a reason.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::World;

const NAMES: [&str; 12] = [
    "Чай \u{1F375} «Майский» 100 г",
    "قهوة عربية",
    "שלום 1 ק\"г",
    "<b>bold</b> & <script>alert('x')</script>",
    "Robert'); DROP TABLE product_template;--",
    "100% %s %(name)s %d {} {0} \\ \\n",
    "a\tb tab becomes a blank",
    "[42] in brackets | pipe",
    "e\u{301} and é stay apart",
    "👩\u{200d}🍳 joined",
    "  blanks around are taken off  ",
    "\u{202e}turned round",
];

pub fn scenario(version: u32) {
    let world = World::new(version, "fields");
    let codes = [
        "000123",
        "0000000000017",
        "a b",
        "Ñandú-1",
        "x' --",
        "%s",
        "a{}",
        "012345678905",
        "000a",
        "0a",
        "a\"b",
        "a\\",
    ];
    let one = |i: usize| std::slice::from_ref(&codes[i]);
    let rows: Vec<_> =
        (0..NAMES.len()).map(|i| (i64::try_from(i).unwrap() + 1, NAMES[i], Some("9.9955"), one(i))).collect();
    world.source(&rows);
    world.import_and_settle(&["--first-run"], 0);
    let price = if version >= 19 { "9.9955" } else { "10" };
    for (id, name, _, codes) in &rows {
        let product = world.linked(*id);
        let name = name.trim().replace('\t', " ");
        assert_eq!(world.shown(product), format!("{name}|{price}|{}", codes[0]), "{id}");
    }
    assert_eq!(world.history("price", 1), [format!(">{price} created")]);
    assert_eq!(world.sql("select distinct x_said_price, x_wrote_price from x_pz_product"), format!("9.9955|{price}"));

    // Every name and code changes hands: renamed, and each code goes to the next product.
    let last = rows.len() - 1;
    let turned: Vec<_> =
        (0..rows.len()).map(|i| (rows[i].0, NAMES[last - i], Some("10.0044"), one((i + 1) % codes.len()))).collect();
    world.source(&turned);
    world.import_and_settle(&["--allow-changes"], 0);
    let price = if version >= 19 { "10.0044" } else { "10" };
    for (id, name, _, codes) in &turned {
        let name = name.trim().replace('\t', " ");
        assert_eq!(world.shown(world.linked(*id)), format!("{name}|{price}|{}", codes[0]), "{id}");
    }
    // A price that is the same to Odoo is no event.
    assert_eq!(world.history("price", 1).len(), if version >= 19 { 2 } else { 1 });
    assert_eq!(world.history("barcode", 1).len(), 2);
    assert_eq!(world.count("product_product where active and barcode is not null"), codes.len());
}

pub fn without_price(version: u32) {
    let world = World::new(version, "price");
    let codes: Vec<String> = (0..4).map(ean13).collect();
    let code = |n: usize| std::slice::from_ref(&codes[n]).iter().map(String::as_str).collect::<Vec<_>>();
    let (one, two, three) = (code(1), code(2), code(3));
    world.source(&[(1, "Has one", Some("5"), &one), (2, "Has none", None, &two)]);
    world.import_and_settle(&["--first-run"], 3);
    assert_eq!(world.open(), ["2 no-price price"]);
    assert_eq!(world.count("x_pz_product"), 1);

    // The price is taken away: Odoo's stays.
    world.source(&[(1, "Has one", None, &one), (2, "Has none", None, &two)]);
    world.import_and_settle(&[], 3);
    assert_eq!(world.shown(world.linked(1)), format!("Has one|5|{}", one[0]));
    assert_eq!(world.open(), ["1 price-gone price", "2 no-price price"]);

    // Unsaleable until there is a price; zero is none, and what Odoo keeps as zero neither. 19 keeps every decimal.
    let nought = if version < 19 { ["0.001", "0.002"] } else { ["0", "0.0"] };
    let unsaleable = "new_without_price = \"unsaleable\"";
    world.configure(unsaleable);
    world.add(&[(3, "Free of charge one day", None, &three), (4, "At nought from the start", Some(nought[0]), &[])]);
    world.import_and_settle(&[], 3);
    let sale = "select string_agg(l.x_external_id || ' ' || t.sale_ok || ' ' || trim_scale(t.list_price), ', ' order by l.x_external_id) from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id";
    assert_eq!(world.sql(sale), "1 true 5, 2 false 0, 3 false 0, 4 false 0");
    assert_eq!(world.history("price", 2), Vec::<String>::new());
    world.source(&[
        (1, "Has one", Some("5"), &one),
        (2, "Has none", Some("250"), &two),
        (3, "Free of charge one day", Some("0"), &three),
        (4, "At nought from the start", Some(nought[1]), &[]),
    ]);
    world.import_and_settle(&[], 0);
    assert_eq!(world.sql(sale), "1 true 5, 2 true 250, 3 false 0, 4 false 0");
    assert_eq!(world.history("price", 2), ["0>250 source-changed"]);

    // What a person makes unsaleable later stays so.
    let template = world.sql(&format!("select product_tmpl_id from product_product where id = {}", world.linked(2)));
    world.write("product.template", template.parse().unwrap(), json!({"sale_ok": false}));
    world.source(&[
        (1, "Has one", Some("5"), &one),
        (2, "Has none", Some("251"), &two),
        (3, "Free of charge one day", Some("2"), &three),
        (4, "At nought from the start", Some("300"), &[]),
    ]);
    world.import_and_settle(&[], 0);
    assert_eq!(world.sql(sale), "1 true 5, 2 false 251, 3 true 2, 4 true 300");
}

pub fn jumps(version: u32) {
    let world = World::new(version, "jumps");
    let code = ean13(1);
    let rows = |first: &'static str, second: &'static str, third: &'static str| {
        [(1, "A", Some(first), vec![code.as_str()]), (2, "B", Some(second), vec![]), (3, "C", Some(third), vec![])]
    };
    let set = |rows: [(i64, &'static str, Option<&'static str>, Vec<&str>); 3]| {
        let rows: Vec<_> = rows.iter().map(|(id, name, price, codes)| (*id, *name, *price, codes.as_slice())).collect();
        world.source(&rows);
    };
    set(rows("10", "20", "0.1"));
    world.import_and_settle(&["--first-run"], 0);
    // Far in percent and amount; to nothing; far in percent alone.
    set(rows("100", "0", "5"));
    world.import_and_settle(&[], 3);
    assert_eq!(world.open(), ["1 price-jump price", "2 price-jump price"]);
    let prices = "select string_agg(trim_scale(t.list_price)::text, ' ' order by l.x_external_id) from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id";
    assert_eq!(world.sql(prices), "10 20 5");
    let told = world.sql("select x_message from x_pz_conflict where x_external_id = '1'");
    assert!(told.contains("10 → 100") && told.contains("--allow-price-change"), "{told}");
    assert_eq!(world.sql("select x_state, x_event_type from x_pz_product where x_external_id = '1'"), "waiting|12");
    world.import_and_settle(&["--allow-price-change"], 0);
    assert_eq!(world.sql(prices), "100 0 5");
    assert_eq!(world.open(), Vec::<String>::new());
    assert_eq!(world.sql("select x_state, x_event_type from x_pz_product where x_external_id = '1'"), "ok|11");

    // More than a float can carry.
    set(rows("900000000000000.5", "0", "5"));
    world.import_and_settle(&["--allow-price-change"], 3).says("too large for Odoo");
    assert_eq!(world.open(), ["1 price-too-large price"]);
    assert_eq!(world.sql(prices), "100 0 5");
}

/// One variant of several: name and price belong to all of them, the barcode is its own.
pub fn variants(version: u32) {
    let world = World::new(version, "variants");
    let codes: Vec<String> = (0..5).map(ean13).collect();
    let attribute = world.create("product.attribute", json!({"name": "Size"}));
    let values: Vec<i64> = ["S", "L"]
        .iter()
        .map(|name| world.create("product.attribute.value", json!({"name": name, "attribute_id": attribute})))
        .collect();
    let template = world.create(
        "product.template",
        json!({"name": "Shirt", "list_price": 20.0, "attribute_line_ids": [[0, 0, {"attribute_id": attribute, "value_ids": [[6, 0, values]]}]]}),
    );
    let variants =
        world.target().sql(&format!("select id from product_product where product_tmpl_id = {template} order by id"));
    let variants: Vec<i64> = variants.iter().map(|id| id.parse().unwrap()).collect();
    world.write("product.product", variants[0], json!({"barcode": codes[1]}));
    world.write("product.product", variants[1], json!({"barcode": codes[2]}));
    let one = |n: usize| [codes[n].as_str()];
    world.source(&[(1, "Shirt S", Some("21"), &one(1)), (2, "Shirt", Some("20"), &one(2))]);
    world.import_and_settle(&["--first-run"], 3);
    assert_eq!(world.open(), ["1 shared-template name", "1 shared-template price"]);
    assert_eq!(world.linked(1), variants[0]);
    world.source(&[(1, "Shirt S", Some("21"), &one(3)), (2, "Shirt", Some("20"), &one(1))]);
    world.import_and_settle(&[], 3);
    assert_eq!(world.shown(variants[0]), format!("Shirt|20|{}", codes[3]));
    assert_eq!(world.shown(variants[1]), format!("Shirt|20|{}", codes[1]));

    // Archived, both still share it: neither may be renamed, or they would rename each other for ever.
    world.write("product.template", template, json!({"active": false}));
    world.import_and_settle(&[], 3);
    assert_eq!(world.open(), ["1 shared-template name", "1 shared-template price"]);
    assert_eq!(world.shown(variants[1]), format!("Shirt|20|{}", codes[1]));
}

/// Prices keep the decimals that Odoo keeps, not those of `money`.
pub fn decimals(version: u32) {
    let world = World::new(version, "decimals");
    world.bench.source(
        "CREATE TABLE dbo.Screws (ProductID int NOT NULL, ProductName nvarchar(100) NULL, Price decimal(18,6) NULL)",
    );
    let config = std::fs::read_to_string(world.bench.config()).unwrap();
    let query = "products_query = \"SELECT ProductID, ProductName, Price FROM dbo.Screws\"";
    let config = config.replacen("\nhost = ", &format!("\nbarcodes = false\n{query}\nhost = "), 1);
    std::fs::write(world.bench.config(), config).unwrap();
    let precision = world.sql("select id from decimal_precision where name = 'Product Price'");
    world.write("decimal.precision", precision.parse().unwrap(), json!({"digits": 6}));
    let set = |prices: [&str; 3]| {
        world.bench.source("DELETE FROM dbo.Screws");
        for (id, price) in (1..).zip(prices) {
            world.bench.source(&format!("INSERT INTO dbo.Screws VALUES ({id}, N'Screw', {price})"));
        }
    };
    let kept = "select string_agg(trim_scale(t.list_price)::text, ' ' order by l.x_external_id) from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id";
    set(["0.000150", "0.000001", "999999999.123456"]);
    world.import_and_settle(&["--first-run"], 0);
    assert_eq!(world.sql(kept), "0.00015 0.000001 999999999.123456");
    set(["0.000151", "0.000002", "999999999.123457"]);
    world.bench.run(&["sync-prices"]).expect(0).says("3 changed");
    world.assert_settled(0);
    assert_eq!(world.sql(kept), "0.000151 0.000002 999999999.123457");
    assert_eq!(world.history("price", 2), [">0.000001 created", "0.000001>0.000002 source-changed"]);
    // More than a float's fifteen digits wait, whatever Odoo keeps.
    set(["0.000151", "0.000002", "99999999999.123457"]);
    world.import(&["--allow-price-change"]).expect(3).says("15 digits");
}

/// What a person archived, whole or the template alone, is kept in step, counted and named by every run.
pub fn archived(version: u32) {
    let world = World::new(version, "archived");
    let codes: Vec<String> = (0..3).map(|n| ean13(40 + n)).collect();
    let rows = |price| -> Vec<(i64, &str, Option<&str>, Vec<&str>)> {
        let row =
            |n: usize| (i64::try_from(n).unwrap() + 1, ["Tea", "Pen", "Cup"][n], Some(price), vec![codes[n].as_str()]);
        (0..3).map(row).collect()
    };
    let set = |price| {
        let rows = rows(price);
        let rows: Vec<_> = rows.iter().map(|(id, name, price, codes)| (*id, *name, *price, codes.as_slice())).collect();
        world.source(&rows);
    };
    set("5");
    world.import_and_settle(&["--first-run"], 0);
    world.write("product.product", world.linked(1), json!({"active": false}));
    // Half archived, as an import or another program leaves it.
    world.sql(&format!(
        "update product_template set active = false where id = (select product_tmpl_id from product_product where id = {})",
        world.linked(2)
    ));
    let run = world.import_and_settle(&[], 0);
    run.says("2 archived in Odoo, 3 unchanged").says("2 products listed and archived in Odoo").says("? 1").says("? 2");
    set("6");
    world.bench.assert_full_is_the_same("import-products", &[]);
    world.bench.run(&["sync-prices", "--dry-run"]).expect(2).says("2 archived in Odoo");
    world.import(&[]).expect(0).says("(archived in Odoo)");
    for n in 1..=3 {
        assert_eq!(world.shown(world.linked(n)).split('|').nth(1), Some("6"), "kept in step");
    }
    let json: serde_json::Value = serde_json::from_str(&world.import(&["--format", "json"]).expect(0).stdout).unwrap();
    assert_eq!((&json["archived_in_odoo"], &json["plan"]["counts"]["archived_in_odoo"]), (&json!(2), &json!(2)));
    let listed = json["plan"]["archived_in_odoo"].as_array().unwrap();
    assert_eq!((&listed[0]["half"], &listed[1]["half"]), (&json!(false), &json!(true)), "{listed:?}");
}
