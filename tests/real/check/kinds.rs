//! Every kind of finding, with the records that it is about.

use std::collections::BTreeSet;

use erpsync::check::Code;
use serde_json::{Value, json};

use crate::common::Run;
use crate::common::shop::ean13;
use crate::world::{LOGINS, World};

/// Runs a check and sees that neither side was written to; returns the findings.
#[track_caller]
pub fn check(world: &World, status: i32) -> (Vec<Value>, Run) {
    let before = world.target().checksums(&LOGINS);
    let run = world.bench.run(&["check-barcodes", "--format", "json"]).expect(status);
    world.assert_unchanged(&before, &LOGINS);
    world.bench.assert_source_untouched();
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    (json["findings"].as_array().unwrap().clone(), run)
}

/// The kinds, each once, in order.
pub fn codes(findings: &[Value]) -> Vec<String> {
    let mut all: Vec<String> = findings.iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect();
    all.dedup();
    all
}

/// The finding of this kind about this barcode; its records as `kind id`.
#[track_caller]
fn records(findings: &[Value], code: &str, barcode: Option<&str>) -> Vec<String> {
    let wanted = |f: &&Value| f["code"] == code && f["barcode"] == json!(barcode);
    let of_code: Vec<&Value> = findings.iter().filter(|f| f["code"] == code).collect();
    let finding = findings.iter().find(wanted).unwrap_or_else(|| panic!("{code} {barcode:?}: {of_code:?}"));
    let one = |r: &Value| format!("{} {}", r["kind"].as_str().unwrap(), r["id"].to_string().trim_matches('"'));
    finding["records"].as_array().unwrap().iter().map(one).collect()
}

/// A UPC-A and its EAN-13, and the UPC-A without its zero.
const UPC: &str = "036000291452";
const EAN: &str = "0036000291452";

pub fn scenario(version: u32) {
    let world = World::new(version, "kinds");
    let c: Vec<String> = (0..20).map(|n| ean13(n * 7)).collect();
    let none: &[&str] = &[];
    world.source(&[
        (1, "One", Some("5"), &[&c[1]]),
        (2, "Two", Some("5"), &[&c[2]]),
        (3, "Three", Some("5"), &[&c[3]]),
        (4, "Four", Some("5"), &[&c[4]]),
        (5, "Five", Some("5"), &[UPC]),
        (6, "Six", Some("5"), &[&c[6]]),
        (7, "Seven", Some("5"), none),
    ]);
    world.import(&["-q", "--first-run"]).expect(0);
    assert_eq!(check(&world, 0).0, [Value::Null; 0]);

    // People edit in Odoo.
    let linked: Vec<i64> = (1..=7).map(|id| world.linked(id)).collect();
    let barcode = |id: usize, code: Value| world.write("product.product", linked[id - 1], json!({"barcode": code}));
    let blank = format!(" {}", c[6]);
    barcode(2, json!("edited"));
    barcode(3, json!(false));
    barcode(5, json!(EAN));
    barcode(6, json!(blank));
    let add = |name: &str, code: &str| world.product(json!({"name": name, "barcode": code}));
    let template = |product: i64| -> i64 {
        world.sql(&format!("select product_tmpl_id from product_product where id = {product}")).parse().unwrap()
    };
    let active = add("Active holder", "held-1");
    let archived = add("Archived holder", "held-2");
    world.write("product.template", template(archived), json!({"active": false}));
    let other = add("Elsewhere's", "held-3");
    let company = world.create("res.company", json!({"name": "Elsewhere Ltd"}));
    world.sql(&format!("update product_template set company_id = {company} where id = {}", template(other)));
    let boxed = world.product(json!({"name": "Boxed"}));
    let (model, kind, values) = if version >= 19 {
        let unit: i64 = world.sql("select id from uom_uom where name->>'en_US' = 'Pack of 6'").parse().unwrap();
        ("product.uom", "unit", json!({"barcode": "held-4", "product_id": boxed, "uom_id": unit}))
    } else {
        ("product.packaging", "packaging", json!({"name": "Box", "barcode": "held-4", "product_id": boxed, "qty": 6}))
    };
    let packaging = world.create(model, values);
    let wrong = add("Wrong", "73513538");
    let careless_code = format!("{} {}", &c[1][..6], &c[1][6..]);
    let careless = add("Careless", &careless_code);
    let old = add("Old", &c[12]);
    // A rule of the company's own for weighed goods.
    let nomenclature: i64 = world.sql("select nomenclature_id from res_company order by id limit 1").parse().unwrap();
    let rule = json!({"name": "Weight", "barcode_nomenclature_id": nomenclature, "sequence": 1, "encoding": "ean13",
        "type": "weight", "pattern": "21.....{NNDDD}"});
    world.create("barcode.rule", rule);
    let weighed = add("Weighed", "2100009000000");

    // And the source changes.
    let (near, long) = (format!("0{}", &c[8]), format!("0{}", c[13]));
    let grouped = format!("{}-{}", &c[16][..4], &c[16][4..]);
    let bad = format!("{}{}", &c[10][..12], (c[10].as_bytes()[12] - b'0' + 1) % 10);
    world.source(&[
        (1, "One", Some("5"), &[&c[1]]),
        (2, "Two", Some("5"), &[&c[2]]),
        (3, "Three", Some("5"), &[&c[3]]),
        (4, "Four", Some("5"), &[&c[14], &c[15]]),
        (5, "Five", Some("5"), &[UPC]),
        (6, "Six", Some("5"), &[&c[6]]),
        (7, "Seven", Some("5"), &["held-1", "held-2", "held-3", "held-4"]),
        (8, "Eight", Some("5"), &[&c[8], "twice"]),
        (9, "Nine", Some("5"), &[&near, "twice"]),
        (10, "Ten", Some("5"), &[&bad]),
        (12, "Twelve", Some("5"), &[&c[12]]),
        (13, "Thirteen", Some("5"), &[&c[13], &long]),
        (14, "×àé", Some("5"), &["2100001000000"]),
        (15, "Tea &amp; Coffee", Some("5"), &[&grouped, "0"]),
    ]);
    world.bench.source(&format!("INSERT INTO logistics.ProductBarcodes VALUES (10, N'{}')", "9".repeat(80)));
    world.bench.source("INSERT INTO dbo.Products VALUES (11, NULL, 1)");
    world.bench.source("INSERT INTO logistics.ProductBarcodes VALUES (999, N'orphan')");

    let (findings, _) = check(&world, 3);
    let of = |code: &str, barcode: &str| records(&findings, code, Some(barcode));
    assert_eq!(of("duplicate-in-source", "twice"), ["source 8", "source 9"]);
    assert_eq!(of("foreign-holder-active", "held-1"), ["source 7".to_owned(), format!("product {active}")]);
    assert_eq!(of("foreign-holder-archived", "held-2"), ["source 7".to_owned(), format!("product {archived}")]);
    assert_eq!(of("foreign-holder-other-company", "held-3"), ["source 7".to_owned(), format!("product {other}")]);
    let held = of(&format!("foreign-holder-{kind}"), "held-4");
    assert_eq!(held, ["source 7".to_owned(), format!("{kind} {packaging}")]);
    assert_eq!(of("near-duplicate-in-source", &c[8]), ["source 8", "source 9"]);
    assert_eq!(of("near-foreign-holder", &c[1]), ["source 1".to_owned(), format!("product {careless}")]);
    let near_in_odoo = [format!("product {}", linked[0]), format!("product {careless}")];
    assert_eq!(of("near-duplicate-in-odoo", &careless_code), near_in_odoo);
    let pair = |id: usize| [format!("source {id}"), format!("product {}", linked[id - 1])];
    assert_eq!(of("respelled-in-odoo", &blank), pair(6));
    assert_eq!(of("barcode-edited", "edited"), pair(2));
    assert_eq!(of("barcode-removed", &c[3]), pair(3));
    assert_eq!(of("barcode-withheld", "held-1"), pair(7));
    assert_eq!(of("barcode-pending", &c[4]), pair(4));
    assert_eq!(of("upc-and-ean", EAN), pair(5));
    assert_eq!(of("wrong-check-digit-in-source", &bad), ["source 10"]);
    assert_eq!(of("wrong-check-digit-in-odoo", "73513538"), [format!("product {wrong}")]);
    assert_eq!(of("weighed-code-in-source", "2100001000000"), ["source 14"]);
    assert_eq!(of("weighed-code-in-odoo", "2100009000000"), [format!("product {weighed}")]);
    let told = |code: &str| {
        let found = findings.iter().find(|f| f["code"] == code).unwrap_or_else(|| panic!("no {code}"));
        found["message"].as_str().unwrap().to_owned()
    };
    assert!(told("weighed-code-in-source").contains("looks for 2100001000004"), "{}", told("weighed-code-in-source"));
    assert!(
        told("unscannable-barcode").contains(&format!("probably {} is meant", c[16])),
        "{}",
        told("unscannable-barcode")
    );
    assert_eq!(of("unscannable-in-odoo", &careless_code), [format!("product {careless}")]);
    assert_eq!(records(&findings, "unscannable-barcode", None), ["source 15"]);
    assert_eq!(records(&findings, "garbled-names", None), ["source 14"]);
    assert!(told("garbled-names").contains("Чай"));
    assert_eq!(records(&findings, "html-in-names", None), ["source 15"]);
    assert_eq!(records(&findings, "placeholders", None), [""; 0]);
    assert_eq!(of("holder-to-adopt", &c[12]), ["source 12".to_owned(), format!("product {old}")]);
    assert_eq!(of("respelled-in-source", &c[13]), ["source 13", "source 13"]);
    assert_eq!(records(&findings, "unreadable-barcode", None), ["source 10"]);
    assert_eq!(records(&findings, "unreadable-product", None), ["source 11"]);
    assert_eq!(records(&findings, "orphan-barcodes", None), [""; 0]);
    let several = findings.iter().filter(|f| f["code"] == "several-barcodes").count();
    assert_eq!(several, 5);
    let elsewhere = findings.iter().find(|f| f["code"] == "foreign-holder-other-company").unwrap();
    let holder = &elsewhere["records"][1];
    assert_eq!((&holder["company"], &holder["company_name"]), (&json!("other"), &json!("Elsewhere Ltd")));
    assert_eq!((&holder["name"], &holder["active"]), (&json!("Elsewhere's"), &json!(true)));

    let mut seen: BTreeSet<String> = codes(&findings).into_iter().collect();
    seen.extend(duplicates(&world, version, linked[0], &c[1]));
    // What a person sees is the same.
    let text = world.bench.run(&["check-barcodes", "-v"]).expect(3);
    let csv = world.bench.run(&["check-barcodes", "--format", "csv"]).expect(3);
    for code in codes(&findings) {
        assert!(text.stdout.contains(&format!(" {code}  (")), "no {code} in\n{}", text.stdout);
        assert!(csv.stdout.contains(&format!(",{code},polonez,")) || csv.stdout.contains(&format!(",{code},,")));
    }
    text.says("of company \"Elsewhere Ltd\"").says("(archived)");

    for id in 1000..1030 {
        world.bench.source(&format!("INSERT INTO logistics.ProductBarcodes VALUES ({id}, N'orphan-{id}')"));
    }
    let (misjoined, _) = check(&world, 3);
    assert!(
        misjoined
            .iter()
            .any(|f| f["code"] == "misjoined-barcodes" && f["message"].as_str().unwrap().contains("999, 1000"))
    );
    seen.extend(codes(&misjoined));
    world.bench.source("DELETE FROM logistics.ProductBarcodes");
    seen.extend(codes(&check(&world, 3).0));
    // That takes a second source: `desk::sources_share` has it.
    seen.insert("overruled".to_owned());
    let missing: Vec<&str> = Code::ALL.iter().map(|c| c.name()).filter(|c| !seen.contains(*c)).collect();
    let impossible: &[&str] =
        if version >= 19 { &["foreign-holder-packaging"] } else { &["foreign-holder-unit", "duplicate-in-odoo"] };
    assert_eq!(missing, impossible);
}

/// Two active products get one code when one was archived meanwhile; up to 15 a unique index forbids it, archived or not.
fn duplicates(world: &World, version: u32, product: i64, code: &str) -> Vec<String> {
    if version < 16 {
        return Vec::new();
    }
    let template: i64 =
        world.sql(&format!("select product_tmpl_id from product_product where id = {product}")).parse().unwrap();
    world.write("product.template", template, json!({"active": false}));
    let twin = world.product(json!({"name": "Twin", "barcode": code}));
    world.write("product.template", template, json!({"active": true}));
    let (findings, _) = check(world, 3);
    let both = [format!("product {product}"), format!("product {twin}")];
    assert_eq!(records(&findings, "duplicate-in-odoo", Some(code)), both);
    assert_eq!(records(&findings, "foreign-holder-active", Some(code)), ["source 1".to_owned(), both[1].clone()]);
    codes(&findings)
}
