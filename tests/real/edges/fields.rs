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
    let codes =
        ["000123", "0000000000017", "a b", "Ñandú-1", "'; --", "%s", "{}", "012345678905", "000", "0", "\"", "\\"];
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

    // Unsaleable until there is a price; zero is none.
    let unsaleable = "new_without_price = \"unsaleable\"";
    world.configure(unsaleable);
    world.add(&[(3, "Free of charge one day", None, &three), (4, "At nought from the start", Some("0"), &[])]);
    world.import_and_settle(&[], 3);
    let sale = "select string_agg(l.x_external_id || ' ' || t.sale_ok || ' ' || trim_scale(t.list_price), ', ' order by l.x_external_id) from x_pz_product l join product_product p on p.id = l.x_product_id join product_template t on t.id = p.product_tmpl_id";
    assert_eq!(world.sql(sale), "1 true 5, 2 false 0, 3 false 0, 4 false 0");
    assert_eq!(world.history("price", 2), Vec::<String>::new());
    world.source(&[
        (1, "Has one", Some("5"), &one),
        (2, "Has none", Some("250"), &two),
        (3, "Free of charge one day", Some("0"), &three),
        (4, "At nought from the start", Some("0.0"), &[]),
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
    set(rows("900000000000000", "0", "5"));
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
