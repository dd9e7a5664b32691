//! `check-barcodes` with the built binary against stand-ins: statuses, formats, what is not written.

use crate::common::standin::{DATABASE, Stage};
use crate::common::target::SYNC_PASSWORD;
use crate::common::{Run, SOURCE_PASSWORD};
use erpsync_sandbox::odoo::{Edit, Fault, NewProduct};
use serde_json::Value;

const A: &str = "4006381333931";
const B: &str = "4600000000015";
const UPC: &str = "036000291452";

/// A source with these products and codes.
fn fill(stage: &Stage, rows: &[(i64, &str, &[&str])]) {
    stage.bench.source("DELETE FROM logistics.ProductBarcodes; DELETE FROM dbo.Products");
    for (id, name, codes) in rows {
        stage.bench.source(&format!("INSERT INTO dbo.Products VALUES ({id}, N'{name}', 5)"));
        for code in *codes {
            stage.bench.source(&format!("INSERT INTO logistics.ProductBarcodes VALUES ({id}, N'{code}')"));
        }
    }
}

/// The same, imported.
fn imported(version: u32, rows: &[(i64, &str, &[&str])]) -> Stage {
    let stage = Stage::with_companies(version, &["My Company", "Elsewhere Ltd"]);
    fill(&stage, rows);
    stage.bench.import(&["-q"]).expect(0);
    stage
}

/// Runs a check, which writes nothing.
#[track_caller]
fn check(stage: &Stage, args: &[&str]) -> Run {
    let before = stage.all_records();
    let run = stage.bench.run(&[&["check-barcodes"], args].concat());
    assert_eq!(stage.all_records(), before, "a check wrote something");
    stage.bench.assert_source_untouched();
    run
}

fn product(stage: &Stage, name: &str) -> i64 {
    stage.odoo.product(DATABASE, name).id
}

/// `code barcode` of every finding, by JSON.
#[track_caller]
fn found(stage: &Stage, status: i32) -> Vec<String> {
    let run = check(stage, &["--format", "json"]).expect(status);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&json["format"], &json["version"]), (&"erpsync-check".into(), &1.into()));
    let one = |f: &Value| format!("{} {}", f["code"].as_str().unwrap(), f["barcode"].as_str().unwrap_or("-"));
    json["findings"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn nothing_found_is_0() {
    for version in [14, 19] {
        let stage = imported(version, &[(1, "One", &[A]), (2, "Two", &[B])]);
        check(&stage, &[]).expect(0).says("Checked source polonez: nothing found.");
        assert_eq!(found(&stage, 0), [""; 0]);
        let quiet = check(&stage, &["-q"]).expect(0);
        assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    }
}

#[test]
fn information_alone_is_0_too() {
    let stage = imported(19, &[(1, "One", &[A, B])]);
    let run = check(&stage, &[]).expect(0).says("0 errors, 0 warnings, 1 for information (not shown: -v)");
    assert!(!run.stdout.contains("several-barcodes"), "{}", run.stdout);
    check(&stage, &["-v"])
        .expect(0)
        .says("several-barcodes")
        .says("2 barcodes listed; its product in Odoo has 4006381333931");
    check(&stage, &["--only", "several-barcodes"]).expect(0).says("source 1");
    assert_eq!(found(&stage, 0), ["several-barcodes -"]);
}

/// All that a stand-in can be brought to.
fn crowd(version: u32) -> Stage {
    let stage = imported(
        version,
        &[
            (1, "One", &[A]),
            (2, "Two", &[B]),
            (3, "Three", &["4600000000039"]),
            (4, "Four", &["4600000000046"]),
            (5, "Five", &[UPC]),
            (6, "Six", &["4600000000060"]),
            (7, "Seven", &[]),
        ],
    );
    stage.odoo.edit(DATABASE, product(&stage, "Two"), Edit::Barcode(Some("edited")));
    stage.odoo.edit(DATABASE, product(&stage, "Three"), Edit::Barcode(None));
    stage.odoo.edit(DATABASE, product(&stage, "Five"), Edit::Barcode(Some("0036000291452")));
    stage.odoo.edit(DATABASE, product(&stage, "Six"), Edit::Barcode(Some(" 4600000000060")));
    let add = |name, barcode, archived| {
        stage.odoo.add_product(DATABASE, NewProduct { name, barcode: Some(barcode), archived, ..NewProduct::default() })
    };
    add("Active", "held-1", false);
    // A new archived product loses its code on 14; an edited one does not.
    let archived = add("Archived", "held-2", false);
    stage.odoo.edit(DATABASE, archived, Edit::Active(false));
    let other = add("Elsewhere", "held-3", false);
    stage.odoo.set_company(DATABASE, other, Some(2));
    stage.odoo.add_packaging(DATABASE, other, "held-4");
    add("Wrong", "73513538", false);
    add("Careless", "400638 1333931", false);
    fill(
        &stage,
        &[
            (1, "One", &[A]),
            (2, "Two", &[B]),
            (3, "Three", &["4600000000039"]),
            (4, "Four", &["4600000000084", "0004600000000084"]),
            (5, "Five", &[UPC]),
            (6, "Six", &["4600000000060"]),
            (7, "Seven", &["held-1", "held-2", "held-3", "held-4"]),
            (8, "Eight", &["4600000000107", "twice"]),
            (9, "Nine", &["04600000000107", "twice"]),
            (10, "Ten", &["4600000000085"]),
        ],
    );
    stage.bench.source(&format!("INSERT INTO logistics.ProductBarcodes VALUES (10, N'{}')", "9".repeat(80)));
    stage.bench.source("INSERT INTO dbo.Products VALUES (11, NULL, 1)");
    stage.bench.source("INSERT INTO logistics.ProductBarcodes VALUES (999, N'orphan')");
    stage
}

fn expected(version: u32) -> Vec<String> {
    let held = if version >= 19 { "foreign-holder-unit held-4" } else { "foreign-holder-packaging held-4" };
    [
        "duplicate-in-source twice",
        "foreign-holder-active held-1",
        "foreign-holder-archived held-2",
        "foreign-holder-other-company held-3",
        held,
        "near-duplicate-in-source 4600000000107",
        "near-foreign-holder 4006381333931",
        "respelled-in-odoo  4600000000060",
        "barcode-edited edited",
        "barcode-removed 4600000000039",
        "barcode-withheld held-1",
        "wrong-check-digit-in-source 4600000000085",
        "unreadable-barcode -",
        "unreadable-product -",
        "barcode-pending 4600000000046",
        "several-barcodes -",
        "several-barcodes -",
        "several-barcodes -",
        "several-barcodes -",
        "upc-and-ean 0036000291452",
        "orphan-barcodes -",
        "near-duplicate-in-odoo 400638 1333931",
        "wrong-check-digit-in-odoo 73513538",
        "unscannable-in-odoo 400638 1333931",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[test]
fn every_kind_on_14() {
    let stage = crowd(14);
    assert_eq!(found(&stage, 3), expected(14));
    // In pages, text, CSV: the same.
    let csv = check(&stage, &["--format", "csv"]).expect(3);
    let mut codes: Vec<&str> = csv.stdout.lines().skip(1).map(|l| l.split(',').nth(2).unwrap()).collect();
    codes.dedup();
    let mut all: Vec<String> = expected(14).iter().map(|e| e.split(' ').next().unwrap().to_owned()).collect();
    all.dedup();
    assert_eq!(codes, all);
    let text = check(&stage, &["-v"]).expect(3);
    for code in all {
        assert!(text.stdout.contains(&code), "no {code} in\n{}", text.stdout);
    }
    text.says("source 7").says("of company \"Elsewhere Ltd\"").says("(archived)");
}

#[test]
fn every_kind_on_19() {
    let stage = crowd(19);
    assert_eq!(found(&stage, 3), expected(19));
    // Two active products with one code: one was archived as the other got it.
    let one = product(&stage, "One");
    stage.odoo.edit(DATABASE, one, Edit::Active(false));
    stage.odoo.add_product(DATABASE, NewProduct { name: "Twin", barcode: Some(A), ..NewProduct::default() });
    stage.odoo.edit(DATABASE, one, Edit::Active(true));
    let now = found(&stage, 3);
    for code in ["duplicate-in-odoo 4006381333931", "foreign-holder-active 4006381333931"] {
        assert!(now.iter().any(|f| f == code), "{now:?}");
    }
    check(&stage, &["--only", "duplicate-in-odoo"]).expect(3).says("Twin").says("1 error, 0 warnings");
}

#[test]
fn before_the_first_import() {
    let stage = Stage::new(19);
    fill(&stage, &[(1, "One", &[A])]);
    stage.odoo.add_product(DATABASE, NewProduct { name: "Old", barcode: Some(A), ..NewProduct::default() });
    assert_eq!(found(&stage, 0), ["holder-to-adopt 4006381333931"]);
    stage.bench.import(&["-q", "--first-run"]).expect(0);
    assert_eq!(found(&stage, 0), [""; 0]);
    let stage = Stage { bench: stage.bench.with("match = []"), ..stage };
    stage.odoo.add_product(DATABASE, NewProduct { name: "Other", barcode: Some(B), ..NewProduct::default() });
    fill(&stage, &[(1, "One", &[A]), (2, "Two", &[B])]);
    assert_eq!(found(&stage, 3), ["foreign-holder-active 4600000000015"]);
}

#[test]
fn only_and_source_choose() {
    let stage = crowd(14);
    let run = check(&stage, &["--only", "barcode-edited", "--only", "unreadable-barcode"]).expect(3);
    let heads: Vec<&str> =
        run.stdout.lines().filter(|l| l.starts_with("warning ") || l.starts_with("error ")).collect();
    assert_eq!(heads.len(), 2, "{}", run.stdout);
    check(&stage, &["--only", "foreign-holder-unit"]).expect(0).says("for foreign-holder-unit: nothing found");
    let wrong = check(&stage, &["--only", "nonsense"]).expect(64).says("nonsense").says("foreign-holder-active");
    assert!(wrong.stderr.contains("orphan-barcodes"), "all are listed: {}", wrong.stderr);
    check(&stage, &["--source", "polonez", "--only", "duplicate-in-odoo"]).expect(0);
    check(&stage, &["--source", "nobody"]).expect(78).says("nobody");
    check(&stage, &["--format", "xml"]).expect(64);
    let codes = check(&stage, &["--list-codes"]).expect(0);
    assert_eq!(codes.stdout.lines().count(), erpsync::check::Code::ALL.len());
}

#[test]
fn an_empty_source_is_no_good_sign() {
    let stage = imported(19, &[(1, "One", &[A])]);
    stage.bench.source("DELETE FROM logistics.ProductBarcodes");
    assert_eq!(found(&stage, 3), ["empty-source -"]);
    stage.bench.source("DELETE FROM dbo.Products");
    check(&stage, &[]).expect(3).says("empty-source").says("0 product rows and 0 barcode rows came");
}

#[test]
fn failures_have_their_usual_statuses() {
    let stage = imported(14, &[(1, "One", &[A])]);
    check(&stage, &["--odoo-url", "http://127.0.0.1:9"]).expect(69).says("http://127.0.0.1:9");
    stage.bench.source("DROP TABLE logistics.ProductBarcodes");
    check(&stage, &[]).expect(78).says("ProductBarcodes");
    let stage = Stage::without_setup(19);
    fill(&stage, &[(1, "One", &[A])]);
    check(&stage, &[]).expect(78).says("erpsync setup");
}

#[test]
fn a_source_that_fails_does_not_keep_the_others() {
    let stage = imported(14, &[(1, "One", &[A, B])]);
    let second = "\n[sources.away]\nhost = \"localhost\"\nport = 9\ndatabase = \"X\"\nuser = \"x\"\npassword_env = \"ERPSYNC_SOURCE_POLONEZ_PASSWORD\"\n";
    let config = std::fs::read_to_string(stage.bench.config()).unwrap();
    std::fs::write(stage.bench.config(), config + second).unwrap();
    let run = check(&stage, &["--format", "json"]).expect(69);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["sources"], serde_json::json!(["polonez"]));
    assert_eq!(json["failed"][0]["source"], "away");
    assert_eq!(json["findings"][0]["code"], "several-barcodes");
}

#[test]
fn an_edited_procedure_is_noticed_and_a_lost_answer_asked_again() {
    let stage = imported(19, &[(1, "One", &[A])]);
    stage.odoo.fail_on("procedure barcodes", 0, Fault::CutAfter);
    check(&stage, &["-q"]).expect(0);
    assert_eq!(stage.odoo.pending_faults(), 0);
    let actions = stage.odoo.records(DATABASE, "ir.actions.server");
    let action = actions.iter().find(|a| a["name"].as_str().is_some_and(|n| n.contains("barcodes"))).unwrap();
    stage.odoo.tamper(DATABASE, "ir.actions.server", action["id"].as_i64().unwrap(), "code", "x".into());
    check(&stage, &[]).expect(78).says("procedure \"barcodes\"");
}

#[test]
fn a_closed_stdout_is_no_error_and_no_secret_is_shown() {
    let stage = crowd(14);
    let mut child = stage.bench.command(&["check-barcodes"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    for format in ["text", "json", "csv"] {
        let run = check(&stage, &["-vv", "--format", format]);
        let said = format!("{}{}", run.stdout, run.stderr);
        for secret in [SYNC_PASSWORD, SOURCE_PASSWORD] {
            assert!(!said.contains(secret), "--format {format} shows a secret");
        }
    }
}
