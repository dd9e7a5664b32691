//! `show-history` from outside, against stand-ins: selections, formats, statuses, and that nothing is written.

use std::process::Stdio;

use crate::common::Run;
use crate::common::shop::{Shop, ean13};
use crate::common::standin::{DATABASE, Stage};
use serde_json::{Value, json};

/// Two products that exchange their barcodes in the second run; 1003 gets another price.
fn two_runs(version: u32) -> (Stage, Shop) {
    let stage = Stage::new(version);
    let mut shop = Shop::new(6);
    shop.write(&stage.bench);
    stage.bench.import(&["-q"]).expect(0);
    shop.rotate(&[1002, 1003]);
    shop.product(1003).price = "80".to_owned();
    shop.write(&stage.bench);
    stage.bench.import(&["-q"]).expect(0);
    (stage, shop)
}

fn show(stage: &Stage, args: &[&str]) -> Run {
    stage.bench.run(&[&["show-history"], args].concat())
}

fn as_json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}\n{}", run.stdout))
}

/// Field, external id, old, new, cause of each change.
fn changes(document: &Value) -> Vec<String> {
    let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
    let one = |c: &Value| {
        let columns = [&c["field"], &c["external_id"], &c["old"], &c["new"], &c["cause"]["code"]];
        columns.map(text).join(" ")
    };
    document["changes"].as_array().unwrap().iter().map(one).collect()
}

fn run_keys(stage: &Stage) -> Vec<String> {
    let runs = stage.odoo.records(DATABASE, "x_pz_run");
    runs.iter().map(|r| r["x_key"].as_str().unwrap().to_owned()).collect()
}

fn add(stage: &Stage, model: &str, values: Value) {
    stage.odoo.add_record(DATABASE, model, values);
}

#[test]
fn one_product() {
    for version in [14, 19] {
        let (stage, shop) = two_runs(version);
        let (ours, other) = (ean13(20), ean13(10));
        let before = stage.all_records();
        let run = show(&stage, &["--product", "1003", "--format", "json"]).expect(0);
        let price = shop.rounded_price(1003, 2);
        let old = Shop::new(6).rounded_price(1003, 2);
        assert_eq!(
            changes(&as_json(&run)),
            [
                format!("barcode 1003 - {ours} created"),
                format!("price 1003 - {old} created"),
                format!("barcode 1003 {ours} {other} source-changed"),
                format!("price 1003 {old} {price} source-changed"),
            ]
        );
        assert_eq!(as_json(&run)["changes"][0]["name"], json!(shop.products[&1003].name));
        let text = show(&stage, &["--product", "1003", "--what", "barcodes"]).expect(0);
        let key = &run_keys(&stage)[1];
        let line = format!("      barcode  {ours} → {other}  (changed in the source; run {key})\n");
        assert!(text.stdout.contains(&line) && text.stdout.ends_with("\n\n2 changes.\n"), "{}", text.stdout);
        assert_eq!(text.stderr, "");
        assert_eq!(stage.all_records(), before, "looking wrote something");
    }
}

#[test]
fn one_barcode() {
    let (stage, _) = two_runs(19);
    let code = ean13(10);
    let run = show(&stage, &["--barcode", &format!(" {code} ")]).expect(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].contains(" → 2") && lines[0].contains("  polonez 1002  "), "{}", run.stdout);
    assert!(lines[2].starts_with("      lost it to polonez 1003  (changed in the source; run "), "{}", run.stdout);
    assert!(lines[3].contains(" → now  polonez 1003  "), "{}", run.stdout);
    assert!(lines[4].starts_with("      got it from polonez 1002  "), "{}", run.stdout);
    assert!(run.stdout.ends_with(&format!("\nBarcode {code}: 2 intervals; now at polonez 1003.\n")), "{}", run.stdout);

    let holders = |args: &[&str]| {
        let run = show(&stage, &[&["--barcode", code.as_str(), "--format", "json"], args].concat()).expect(0);
        let document = as_json(&run);
        let holders = document["holders"].as_array().unwrap().iter();
        holders.map(|h| h["external_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(holders(&[]), ["1002", "1003"]);
    assert_eq!(holders(&["--limit", "1"]), ["1003"]);
    assert_eq!(holders(&["--product", "1002"]), ["1002"]);
    assert_eq!(holders(&["--product", "1001"]), Vec::<String>::new());
    assert_eq!(holders(&["--until", "1h"]), Vec::<String>::new());
    assert_eq!(holders(&["--run", &run_keys(&stage)[0]]), ["1002"]);
    show(&stage, &["--barcode", &code, "--product", "9"]).expect(1).says("no trace of product 9");
    show(&stage, &["--barcode", "4006381333931"]).expect(1).says("no trace of barcode 4006381333931");
    let csv = show(&stage, &["--barcode", &code, "--format", "csv"]).expect(0);
    assert_eq!(csv.stdout.matches("\r\n").count(), 3);
    assert!(csv.stdout.lines().nth(2).unwrap().contains(",now,"), "{}", csv.stdout);
}

#[test]
fn a_upc_is_found_by_its_ean() {
    let stage = Stage::new(14);
    let mut shop = Shop::new(3);
    shop.product(1001).barcodes = vec!["036000291452".to_owned()];
    shop.write(&stage.bench);
    stage.bench.import(&["-q"]).expect(0);
    let text = show(&stage, &["--barcode", "0036000291452"]).expect(0);
    assert!(text.stdout.contains("→ now  polonez 1001  "), "{}", text.stdout);
}

#[test]
fn periods_runs_and_sources() {
    let (stage, _) = two_runs(14);
    let keys = run_keys(&stage);
    let count = |args: &[&str]| {
        let run = show(&stage, &[&["--format", "json"], args].concat()).expect(0);
        usize::try_from(as_json(&run)["count"].as_u64().unwrap()).unwrap()
    };
    // Six products with barcode and price each, then two barcodes and a price.
    assert_eq!(count(&[]), 15);
    assert_eq!(count(&["--since", "1h", "--source", "polonez"]), 15);
    assert_eq!(count(&["--until", "1h"]), 0);
    assert_eq!(count(&["--what", "prices"]), 7);
    assert_eq!(count(&["--what", "prices,names", "--what", "barcodes"]), 15);
    assert_eq!(count(&["--run", &keys[1]]), 3);
    assert_eq!(count(&["--run", &keys[1], "--product", "1003"]), 2);
    assert_eq!(count(&["--run", &keys[1], "--product", "1003", "--what", "barcodes"]), 1);
    assert_eq!(count(&["--run", &keys[0][keys[0].len() - 6..]]), 12);
    show(&stage, &["--run", "2"]).expect(64).says("fits several runs").says(&keys[0]).says(&keys[1]);
    show(&stage, &["--run", "%"]).expect(1).says("no run");
    show(&stage, &["--source", "other"]).expect(1).says("no trace of source other");
    show(&stage, &["--product", "7"]).expect(1).says("no trace of product 7");
    show(&stage, &["--product", "7", "--source", "polonez"]).expect(1).says("product 7 of polonez");

    // The newest, oldest first.
    let last = show(&stage, &["--format", "json", "--limit", "4"]).expect(0);
    let all = show(&stage, &["--format", "json"]).expect(0);
    assert_eq!(changes(&as_json(&last)), changes(&as_json(&all))[11..]);

    let nothing = show(&stage, &["--product", "1001", "--until", "1h"]).expect(0);
    assert!(nothing.stdout.starts_with("No changes until 2"), "{}", nothing.stdout);
    show(&stage, &[]).expect(0).says("15 changes in the last 7 days (--since shows more).");
    show(&stage, &["--run", &keys[1]]).expect(0).says("import-products of polonez, started").says("2 barcodes moved");
    let quiet = show(&stage, &["-q"]).expect(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn names_and_lines_without_a_link() {
    let (stage, _) = two_runs(19);
    let link = stage.odoo.records(DATABASE, "x_pz_product")[1]["id"].clone();
    let run = stage.odoo.records(DATABASE, "x_pz_run")[1]["id"].clone();
    let when = "2026-03-08 10:00:00";
    add(
        &stage,
        "x_pz_product_name_history",
        json!({"x_link_id": link, "x_source": "polonez", "x_external_id": "1002", "x_language": "ru_RU", "x_when": when,
               "x_old": "Tea", "x_new": "=Чай", "x_cause": "drift", "x_run_id": run, "x_operation": "n1"}),
    );
    add(
        &stage,
        "x_pz_product_barcode_history",
        json!({"x_source": "polonez", "x_external_id": "1002", "x_old": "73513537", "x_when": when,
               "x_cause": "given", "x_run_id": run, "x_operation": "b1"}),
    );
    let text = show(&stage, &["--until", "2026-03-08"]).expect(0);
    assert!(
        text.stdout.contains("      name     \"Tea\" → \"=Чай\"  [ru_RU]  (edited in Odoo, put back; "),
        "{}",
        text.stdout
    );
    assert!(
        text.stdout.contains("polonez 1002 (without a link)\n      barcode  73513537 → none  (given; "),
        "{}",
        text.stdout
    );
    let csv = show(&stage, &["--since", "2026-03-08", "--until", "2026-03-08", "--format", "csv"]).expect(0);
    let rows: Vec<&str> = csv.stdout.lines().collect();
    assert!(rows[2].contains(",name,ru_RU,Tea,'=Чай,drift,"), "{}", csv.stdout);
    assert!(rows[1].starts_with("2026-03-08T10:00:00+00:00,polonez,1002,,barcode,,73513537,,given,"), "{}", csv.stdout);
    show(&stage, &["--barcode", "73513537"]).expect(0).says("not recorded → 2026-03-08 10:00:00 +00:00");
}

/// More lines than one call returns, from two fields at a time, each once and in order.
#[test]
fn more_lines_than_a_page() {
    let (stage, _) = two_runs(19);
    let hour =
        |i: usize| format!("2020-01-{:02} {:02}:{:02}:{:02}", 1 + i / 86_400, i / 3600 % 24, i / 60 % 60, i % 60);
    let lines = |kind: &str, n: usize, step: usize| -> Vec<Value> {
        let line = |i: usize| {
            json!({"x_source": "polonez", "x_external_id": "9", "x_new": i.to_string(), "x_when": hour(i * step),
                   "x_operation": format!("{kind}{i}")})
        };
        (0..n).map(line).collect()
    };
    for (model, lines) in
        [("x_pz_product_barcode_history", lines("b", 5001, 3)), ("x_pz_product_price_history", lines("p", 10_000, 2))]
    {
        lines.into_iter().for_each(|line| add(&stage, model, line));
    }
    stage.odoo.clear_calls();
    let run = show(&stage, &["--product", "9", "--format", "json"]).expect(0);
    let document = as_json(&run);
    let all = document["changes"].as_array().unwrap();
    assert_eq!((all.len(), &document["count"]), (15_001, &json!(15_001)));
    let order: Vec<(&str, &str)> =
        all.iter().map(|c| (c["when"].as_str().unwrap(), c["field"].as_str().unwrap())).collect();
    assert!(order.is_sorted(), "not in order");
    let pages = stage.odoo.calls().iter().filter(|c| c.name.contains("price_history.search_read")).count();
    assert_eq!(pages, 3, "two full pages and the end");
    let newest = show(&stage, &["--product", "9", "--format", "json", "--limit", "6000"]).expect(0);
    assert_eq!(as_json(&newest)["changes"].as_array().unwrap()[..], all[9001..]);
}

#[test]
fn a_wrong_question_is_64() {
    let stage = Stage::without_setup(19);
    for (args, says) in [
        (&["--since", "yesterday"][..], "2026-11-01T14:30:00+03:00"),
        (&["--until", "2026-02-30"], "--until \"2026-02-30\""),
        (&["--since", "2026-11-02", "--until", "2026-11-01"], "--since is after --until"),
        (&["--since", "1h", "--until", "2h"], "--since is after --until"),
        (&["--since", "999999w"], "the year must be"),
        (&["--barcode", "12\u{7}3"], "U+0007"),
        (&["--barcode", "  "], "the barcode is empty"),
        (&["--barcode", "123", "--what", "prices"], "--what leaves them out"),
        (&["--product", ""], "the id is empty"),
        (&["--run", " "], "the key is empty"),
        (&["--source", "Polonez!"], "lower-case"),
        (&["--limit", "0"], "--limit 0"),
        (&["--what", "colours"], "barcodes"),
        (&["--format", "lines"], "csv"),
    ] {
        let run = show(&stage, args).expect(64);
        assert!(run.stderr.contains(says) && run.stdout.is_empty(), "{args:?}: {}", run.stderr);
    }
    show(&stage, &["--since", "2026-11-01", "--until", "2026-11-01"]).expect(78).says("erpsync setup");
}

#[test]
fn times_are_the_users() {
    let (stage, _) = two_runs(14);
    add(
        &stage,
        "x_pz_product_price_history",
        json!({"x_source": "polonez", "x_external_id": "5", "x_new": "1", "x_when": "2026-06-30 19:30:00", "x_operation": "t"}),
    );
    let shown = |zone: &str, args: &[&str]| {
        let mut command = stage.bench.command(&[&["show-history", "--product", "5"], args].concat());
        let output = command.env("TZ", zone).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    for (zone, clock, day) in [
        ("Asia/Almaty", "2026-07-01 00:30:00 +05:00", "2026-07-01"),
        ("America/St_Johns", "2026-06-30 17:00:00 -02:30", "2026-06-30"),
        ("UTC", "2026-06-30 19:30:00 +00:00", "2026-06-30"),
    ] {
        let text = shown(zone, &["--since", day, "--until", day]);
        assert!(text.starts_with(clock), "{zone}: {text}");
        assert!(text.contains(&format!("1 change since {day} 00:00:00 {}", &clock[20..])), "{zone}: {text}");
        let rfc3339 = clock.replacen(' ', "T", 1).replace(' ', "");
        assert!(shown(zone, &["--format", "json"]).contains(&format!("\"when\":\"{rfc3339}\"")), "{zone}");
        assert!(shown(zone, &["--format", "csv"]).contains(&format!("\r\n{rfc3339},polonez,5,")), "{zone}");
    }
    assert!(shown("Asia/Almaty", &["--until", "2026-06-30"]).starts_with("No changes until"));
}

#[test]
fn rights_and_setup() {
    let stage = Stage::without_setup(14);
    show(&stage, &[]).expect(78).says("erpsync setup");
    let stage = Stage::new(14);
    stage.bench.target.user("stranger", "pw", &["base.group_user"]);
    let mut command = stage.bench.command(&["show-history", "--odoo-login", "stranger"]);
    let output = command.env("ERPSYNC_ODOO_PASSWORD", "pw").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(77), "{said}");
    assert!(said.contains("Catalogue synchronisation: reader"), "{said}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let (stage, _) = two_runs(19);
    let mut child =
        stage.bench.command(&["show-history"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}
