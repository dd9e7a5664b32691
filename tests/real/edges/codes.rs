//! What is a code, what is none, and whose it is: writings that no scanner sends, placeholders, ids in several spellings.

use serde_json::json;

use crate::common::shop::ean13;
use crate::world::World;

/// On either side they recognise a product; none is written, none is lost, none is there twice.
pub fn odd(version: u32) {
    let world = World::new(version, "odd");
    let c: Vec<String> = (0..12).map(|n| ean13(2000 + n)).collect();
    let grouped = |code: &str| format!("{}-{}-{}", &code[..3], &code[3..9], &code[9..]);
    let old = |n: usize, code: &str| world.product(json!({"name": format!("Old {n}"), "barcode": code}));
    let products = [
        old(0, &c[0]),
        old(1, &grouped(&c[1])),
        old(2, &format!("\u{200b}{}\u{a0}", c[2])),
        old(3, &c[3]),
        old(4, &format!("{}.00", c[4])),
        old(5, &format!("'{}", c[5])),
        old(6, "36000291452"),
        old(7, "AB-123"),
    ];
    let before = world.count("product_product");
    let (feff, list) = (format!("\u{feff}{}", c[3]), format!("{};{}", c[8], c[9]));
    world.source(&[
        (1, "Zero", Some("5"), &[&grouped(&c[0])]),
        (2, "One", Some("5"), &[&c[1]]),
        (3, "Two", Some("5"), &[&c[2]]),
        (4, "Three", Some("5"), &[&feff]),
        (5, "Four", Some("5"), &[&c[4]]),
        (6, "Five", Some("5"), &[&c[5]]),
        (7, "Six", Some("5"), &["036000291452"]),
        (8, "Seven", Some("5"), &["'AB-123"]),
        (9, "Eight", Some("5"), &[&list]),
    ]);
    let run = world.import(&["--first-run"]).expect(3);
    run.says(&format!("probably {} is meant", c[0]))
        .says("probably AB-123 is meant")
        .says(&format!("probably {} and {} is meant", c[8], c[9]));
    let linked: Vec<i64> = (1..=8).map(|id| world.linked(id)).collect();
    assert_eq!(linked, products);
    assert_eq!(world.count("product_product"), before + 1, "only the last one is new");
    let codes: Vec<String> =
        linked.iter().map(|p| world.sql(&format!("select barcode from product_product where id = {p}"))).collect();
    let expected = [&c[0], &c[1], &c[2], &c[3], &c[4], &c[5], "036000291452", "AB-123"];
    assert_eq!(codes, expected);
    assert_eq!(world.shown(world.linked(9)), "Eight|5|");
    world.assert_settled(3);
    assert_eq!(world.open(), [""; 0]);
    // Corrected in the source, nothing is left.
    world.source(&[
        (1, "Zero", Some("5"), &[&c[0]]),
        (2, "One", Some("5"), &[&c[1]]),
        (3, "Two", Some("5"), &[&c[2]]),
        (4, "Three", Some("5"), &[&c[3]]),
        (5, "Four", Some("5"), &[&c[4]]),
        (6, "Five", Some("5"), &[&c[5]]),
        (7, "Six", Some("5"), &["036000291452"]),
        (8, "Seven", Some("5"), &["AB-123"]),
        (9, "Eight", Some("5"), &[&c[8], &c[9]]),
    ]);
    world.import_and_settle(&[], 0);
    assert_eq!(world.shown(world.linked(9)), format!("Eight|5|{}", c[8].clone().min(c[9].clone())));
    // Blanks that PostgreSQL alone would not take away, at a product that is linked already and at one that is in the way.
    world.write("product.product", products[0], json!({"barcode": format!("{}\u{a0}", c[0])}));
    let outside = world.product(json!({"name": "Outside", "barcode": format!("\u{feff}{}", c[10])}));
    world.add(&[(10, "Ten", Some("5"), &[&c[10]])]);
    world.configure("match = []");
    world.import(&["-q"]).expect(3);
    assert_eq!(world.shown(products[0]), format!("Zero|5|{}", c[0]));
    assert_eq!(world.open(), [format!("10 foreign-holder {}", c[10])]);
    world.delete("product.product", outside);
    world.import_and_settle(&[], 0);
    assert_eq!(world.shown(world.linked(10)), format!("Ten|5|{}", c[10]));
}

/// Placeholders are passed over; a code at many products is asked about once, and the answer stands.
pub fn shared(version: u32) {
    let world = World::new(version, "shared");
    let of = |code: &'static str| -> Vec<(i64, &str, Option<&str>, [&str; 1])> {
        (1..=60).map(|id| (id, "Same", Some("5"), [code])).collect()
    };
    let source = |code: &'static str| {
        let rows = of(code);
        let rows: Vec<_> = rows.iter().map(|(id, name, price, codes)| (*id, *name, *price, codes.as_slice())).collect();
        world.source(&rows);
    };
    let old = world.product(json!({"name": "Old", "barcode": "123"}));
    source("0");
    world.import_and_settle(&["--first-run"], 0);
    assert_eq!(world.open(), [""; 0]);

    source("123");
    world.import_and_settle(&[], 3);
    assert_eq!(world.open(), ["1 placeholder 123"]);
    assert_eq!(world.sql("select count(*) from product_product where barcode = '123'"), "1");

    // It is a code, then: each of them waits, as for any other.
    let number = || world.sql("select id from x_pz_conflict where x_kind = 'placeholder' and x_state != 'closed'");
    world.bench.run(&["deferred", "show", &number()]).expect(0).says("--choose placeholder").says("--choose code");
    world.bench.run(&["deferred", "resolve", &number(), "--choose", "code"]).expect(0);
    world.import(&["-q"]).expect(3);
    assert_eq!(world.open().len(), 60);
    assert!(world.open().iter().all(|open| open.ends_with("duplicate-claim 123")));
    world.assert_settled(3);

    // No, it is none.
    world.bench.run(&["deferred", "resolve", &number(), "--choose", "placeholder", "--replace"]).expect(0);
    world.import_and_settle(&[], 0);
    assert_eq!(world.open(), [""; 0]);
    let findings = world.bench.run(&["check-barcodes", "--format", "json"]).expect(0);
    assert!(!findings.stdout.contains("duplicate-in-source"), "{}", findings.stdout);
    // Remembered although the first of them is gone, and a run about other products does not forget it.
    world.bench.source("DELETE FROM logistics.ProductBarcodes WHERE ProductID = 1");
    world.import(&["-q", "--only", "2"]).expect(0);
    world.import_and_settle(&[], 0);
    assert_eq!(world.sql("select x_state from x_pz_conflict where x_kind = 'placeholder'"), "decided");
    assert_eq!(world.sql(&format!("select barcode from product_product where id = {old}")), "123");
}

/// Ids that are spelt in one way by the server: links find their rows again, whatever a digest, a price or a person asks.
pub fn typed_keys(version: u32) {
    let queries = "products_query = \"SELECT Code AS ProductID, Name AS ProductName, Price FROM dbo.Goods\"
barcodes_query = \"SELECT Code AS ProductID, Barcode FROM dbo.Codes\"";
    let guids = [
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "00000000-0000-0000-0000-00000000000b",
    ];
    for (name, kind, ids) in
        [("guids", "uniqueidentifier", guids), ("decimals", "decimal(9,2)", ["7.50", "8.00", "9.25"])]
    {
        let world = World::new(version, name).with_source(queries);
        world.bench.source(&format!(
            "CREATE TABLE dbo.Goods (Code {kind} NOT NULL, Name nvarchar(50) NULL, Price money NULL)"
        ));
        world.bench.source(&format!("CREATE TABLE dbo.Codes (Code {kind} NOT NULL, Barcode varchar(50) NULL)"));
        for (n, id) in ids.iter().enumerate() {
            world.bench.source(&format!("INSERT INTO dbo.Goods VALUES ('{id}', N'P{n}', 5)"));
            world.bench.source(&format!(
                "INSERT INTO dbo.Codes VALUES ('{id}', '{}')",
                ean13(3100 + i64::try_from(n).unwrap())
            ));
        }
        world.configure("missing = \"archive\"");
        world.import_and_settle(&["--first-run"], 0);
        let prices =
            || world.sql("select string_agg(x_said_price, ' ' order by x_name) from x_pz_product where not x_missing");
        assert_eq!(prices(), "5 5 5");
        let price =
            |price: u32| world.bench.source(&format!("UPDATE dbo.Goods SET Price = {price} WHERE Name = N'P0'"));
        let first = world.sql("select x_external_id from x_pz_product where x_said_name = 'P0'");
        price(6);
        world.import_and_settle(&[], 0);
        assert!(prices().contains('6'), "{}", prices());
        price(7);
        world.bench.run(&["sync-prices"]).expect(0);
        assert!(prices().contains('7'), "{}", prices());
        price(8);
        world.import(&["--only", &first.to_lowercase()]).expect(0);
        assert!(prices().contains('8') && prices().len() == 5, "{}", prices());
        world.bench.source("DELETE FROM dbo.Goods WHERE Name = N'P1'");
        world.bench.source(&format!("DELETE FROM dbo.Codes WHERE Barcode = '{}'", ean13(3101)));
        world.import_and_settle(&["--allow-archive", "--allow-release"], 0);
        assert_eq!(world.sql("select x_said_name from x_pz_product where x_missing"), "P1");
        world.bench.run(&["check-barcodes"]).expect(0);
    }
}

/// `AB-1` and `ab-1`, padding, and `1001.00`: no product loses its code over it, and a link keeps its spelling.
pub fn keys(version: u32) {
    let queries = "products_query = \"SELECT Code AS ProductID, Name AS ProductName, Price FROM dbo.Goods\"
barcodes_query = \"SELECT Code AS ProductID, Barcode FROM dbo.Codes\"";
    let world = World::new(version, "keys").with_source(queries);
    world.bench.source("CREATE TABLE dbo.Goods (Code varchar(20) NOT NULL, Name nvarchar(50) NULL, Price money NULL)");
    world.bench.source("CREATE TABLE dbo.Codes (Code char(20) NOT NULL, Barcode varchar(50) NULL)");
    for n in 1..=30 {
        let code = ean13(3000 + n);
        world.bench.source(&format!("INSERT INTO dbo.Goods VALUES ('AB-{n}', N'P{n}', 5)"));
        world.bench.source(&format!("INSERT INTO dbo.Codes VALUES ('ab-{n}', '{code}')"));
    }
    world.import_and_settle(&["--first-run"], 0);
    let with_code =
        "select count(*) from product_product p join x_pz_product l on l.x_product_id = p.id where p.barcode != ''";
    assert_eq!(world.sql(with_code), "30");
    let ids = "select min(x_external_id) from x_pz_product";
    assert_eq!(world.sql(ids), "AB-1");
    let before = world.count("product_product");

    // The accounting system writes its keys otherwise from now on: the same products, the same links.
    world.bench.source("UPDATE dbo.Goods SET Code = LOWER(Code)");
    world.import_and_settle(&[], 0);
    world.bench.run(&["import-products", "--full", "--dry-run"]).expect(0);
    world.bench.run(&["sync-prices", "--dry-run"]).expect(0);
    world.bench.source("UPDATE dbo.Goods SET Price = 6 WHERE Code = 'ab-7'");
    world.import(&["-q", "--only", "aB-7"]).expect(0);
    assert_eq!(world.sql("select count(*), max(x_said_price) from x_pz_product where x_external_id = 'AB-7'"), "1|6");
    assert_eq!((world.count("product_product"), world.sql(ids)), (before, "AB-1".to_owned()));
    assert_eq!(world.count("x_pz_product"), 30);
    world.bench.run(&["check-barcodes"]).expect(0);

    // Keys that do not meet at all take nobody's code away.
    world.bench.source("UPDATE dbo.Codes SET Code = 'x' + RTRIM(Code) WHERE Code > 'ab-1' AND Code < 'ab-9'");
    let run = world.import(&[]).expect(3);
    run.says("the two queries may not fit together").says("xab-10");
    assert_eq!(world.sql(with_code), "30");
    world.assert_settled(3);
    world.bench.run(&["sync-prices"]).expect(0);
}
