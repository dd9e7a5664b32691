//! `show-history` on real Odoos, with the built binary: after imports and edits by hand, by product, barcode, period and
//! run, in every format and zone, as an account that may only read.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real -- --ignored history::`.

use crate::common::ready::ready;
use crate::common::shop::ean13;
use crate::common::target::{How, script};
use crate::common::{Bench, Run};
use erpsync::odoo::transport::Call;
use serde_json::{Value, json};

/// Written by logins alone.
const LOGINS: [&str; 3] = ["res_users_log", "res_device_log", "ir_sessions"];

const READER_PASSWORD: &str = "Reader-Pa55word";

/// Who asks, in which zone.
struct Reader<'a> {
    bench: &'a Bench,
    login: &'static str,
    secret: (&'static str, String),
}

impl<'a> Reader<'a> {
    fn new(bench: &'a Bench) -> Self {
        bench.target.user("looker", READER_PASSWORD, &["base.group_user", "erpsync.group_reader"]);
        let secret = if bench.target.version >= 19 {
            ("ERPSYNC_ODOO_API_KEY", bench.target.api_key("looker", None))
        } else {
            ("ERPSYNC_ODOO_PASSWORD", READER_PASSWORD.to_owned())
        };
        Self { bench, login: "looker", secret }
    }

    fn in_zone(&self, zone: &str, args: &[&str]) -> Run {
        let mut command = self.bench.command(&[&["show-history", "--odoo-login", self.login], args].concat());
        command.env_remove("ERPSYNC_SOURCE_POLONEZ_PASSWORD").env("TZ", zone).env(self.secret.0, &self.secret.1);
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn show(&self, args: &[&str]) -> Run {
        self.in_zone("UTC", args)
    }

    fn json(&self, args: &[&str]) -> Value {
        let run = self.show(&[&["--format", "json"], args].concat()).expect(0);
        serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}\n{}", run.stdout))
    }

    /// Field, external id, old, new, cause of each change; prices without the zeros that differ between versions.
    fn changes(&self, args: &[&str]) -> Vec<String> {
        let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
        let all = self.json(args);
        let changes = all["changes"].as_array().unwrap().iter();
        changes
            .map(|c| [&c["field"], &c["external_id"], &c["old"], &c["new"], &c["cause"]["code"]].map(text).join(" "))
            .collect()
    }
}

fn source(bench: &Bench, rows: &[(i64, &str, &str, &str)]) {
    bench.source("DELETE FROM logistics.ProductBarcodes; DELETE FROM dbo.Products");
    for (id, name, price, code) in rows {
        bench.source(&format!("INSERT INTO dbo.Products VALUES ({id}, N'{name}', {price})"));
        bench.source(&format!("INSERT INTO logistics.ProductBarcodes VALUES ({id}, N'{code}')"));
    }
}

fn scenario(version: u32) {
    let how = if version >= 19 { How::ApiKey } else { How::Password };
    let bench = Bench::new(ready(version, "erpsync_hist_show", &["en_US"], how));
    let target = &bench.target;
    let reader = Reader::new(&bench);
    let codes: Vec<String> = (0..4).map(ean13).collect();
    let [a, b, c, d] = codes.iter().map(String::as_str).collect::<Vec<_>>()[..] else { panic!() };

    source(&bench, &[(1, "Tea", "7", a), (2, "Кофе", "8.5", b), (3, "Salt", "1", c)]);
    bench.import(&["--first-run"]).expect(0);
    source(&bench, &[(1, "Tea", "7.25", b), (2, "Кофе молотый", "8.5", a), (3, "Salt", "1", c)]);
    bench.import(&[]).expect(0);
    // Somebody gives 3 another code, and the next run puts it back; meanwhile nothing else happens.
    let salt = target.sql("select x_product_id from x_pz_product where x_external_id = '3'")[0].parse().unwrap();
    target.admin(Call::new("product.product", "write").ids(&[salt]).arg("vals", json!({"barcode": d})));
    bench.import(&[]).expect(0);
    // What happened today happened a year ago.
    target.sql("update x_pz_product_price_history set x_when = '2025-11-22 19:30:00' where x_old is null");

    assert_eq!(reader.changes(&["--limit", "1", "--what", "barcodes"]), [format!("barcode 3 {d} {c} drift")]);
    // Lines of other writers: a name in one language, and a product outside the source.
    target.sql(
        "insert into x_pz_product_name_history (x_link_id, x_source, x_external_id, x_language, x_old, x_new, x_when, x_cause, x_operation)
         select id, 'polonez', '3', 'ru_RU', 'Salt', 'Соль', '2024-02-29 12:00:00.654321', 'source-changed', 'n' from x_pz_product where x_external_id = '3'",
    );
    target.sql(
        "insert into x_pz_product_barcode_history (x_source, x_old, x_when, x_cause, x_operation)
         values ('polonez', '73513537', '2024-02-29 12:00:01', 'given', 'b')",
    );
    let before = target.checksums(&LOGINS);
    assert_eq!(
        reader.changes(&["--since", "2024-02-29", "--until", "2024-02-29"]),
        ["name 3 Salt Соль source-changed", "barcode  73513537 - given"]
    );
    let until_it = ["--since", "2024-02-29T12:00:00Z", "--until", "2024-02-29T12:00:00Z"];
    let name = &reader.json(&until_it)["changes"][0];
    assert_eq!((&name["language"], &name["name"], &name["run"]), (&json!("ru_RU"), &json!("Salt"), &Value::Null));
    reader
        .show(&["--barcode", "73513537"])
        .expect(0)
        .says("not recorded → 2024-02-29 12:00:01 +00:00  polonez (without");

    // By product, as the recording account and as a reader.
    let product_1 = [
        "price 1 - 7 created".to_owned(),
        format!("barcode 1 - {a} created"),
        format!("barcode 1 {a} {b} source-changed"),
        "price 1 7 7.25 source-changed".to_owned(),
    ];
    assert_eq!(reader.changes(&["--product", "1", "--what", "barcodes", "--what", "prices"]), product_1);
    let own = bench.run(&["show-history", "--product", "1", "--what", "prices,barcodes", "--format", "json"]).expect(0);
    assert_eq!(serde_json::from_str::<Value>(&own.stdout).unwrap()["count"], json!(4));
    let document = reader.json(&["--product", "2", "--what", "barcodes"]);
    assert_eq!(document["changes"][0]["name"], "Кофе молотый");

    // By period; the last second of a day belongs to it.
    let year_ago = ["price 1 - 7 created", "price 2 - 8.5 created", "price 3 - 1 created"];
    assert_eq!(reader.changes(&["--since", "2025-11-22", "--until", "2025-11-22"]), year_ago);
    assert_eq!(reader.changes(&["--since", "2025-11-22 19:30", "--until", "2025-11-22 19:30:00"]), year_ago);
    assert_eq!(reader.changes(&["--since", "2025-11-01", "--until", "2025-11-22T19:29:59Z"]), Vec::<String>::new());
    assert_eq!(reader.changes(&["--since", "1h", "--what", "prices"]), ["price 1 7 7.25 source-changed"]);

    // By run: its key, and the part of it that differs.
    let runs = target.sql("select x_key from x_pz_run order by id");
    let last = &runs[2];
    let drift = [format!("barcode 3 {d} {c} drift")];
    assert_eq!(reader.changes(&["--run", last]), drift);
    assert_eq!(reader.changes(&["--run", &last[last.len() - 6..]]), drift);
    assert_eq!(reader.changes(&["--run", &last[..last.len() - 4]]), drift);
    reader.show(&["--run", "20"]).expect(64).says("fits several runs").says(last);
    for odd in ["%", "_", "\\", "2%", "nobody"] {
        reader.show(&["--run", odd]).expect(1).says("no run");
    }
    reader.show(&["--run", last]).expect(0).says("import-products of polonez, started").says("1 change.");

    // By barcode.
    let text = reader.show(&["--barcode", a]).expect(0);
    let lines: Vec<&str> = text.stdout.lines().collect();
    assert!(
        lines[0].ends_with("  polonez 1  Tea") && lines[2].starts_with("      lost it to polonez 2  ("),
        "{lines:#?}"
    );
    assert!(lines[3].ends_with(" → now  polonez 2  Кофе молотый"), "{lines:#?}");
    assert!(lines[4].starts_with("      got it from polonez 1  (changed in the source; run "), "{lines:#?}");
    let of_salt = reader.json(&["--barcode", c]);
    let holders = of_salt["holders"].as_array().unwrap();
    assert_eq!(holders.len(), 2, "{of_salt:#}");
    assert!(holders[0]["until"].is_null() && holders[0]["until_latest"] == holders[1]["from"]["when"], "{of_salt:#}");
    assert_eq!((&holders[0]["now"], &holders[1]["now"]), (&json!(false), &json!(true)));
    let of_hand = reader.json(&["--barcode", d]);
    assert!(
        of_hand["holders"][0]["from"].is_null() && of_hand["holders"][0]["until"]["when"].is_string(),
        "{of_hand:#}"
    );
    reader.show(&["--barcode", &ean13(9)]).expect(1).says("no trace of barcode");

    // In the reader's zone.
    for (zone, clock, day) in [
        ("Asia/Almaty", "2025-11-23 00:30:00 +05:00", "2025-11-23"),
        ("America/St_Johns", "2025-11-22 16:00:00 -03:30", "2025-11-22"),
    ] {
        let in_zone = |args: &[&str]| {
            let period = ["--since", day, "--until", day, "--product", "1"];
            reader.in_zone(zone, &[&period, args].concat()).expect(0).stdout
        };
        let text = in_zone(&[]);
        assert!(
            text.starts_with(&format!("{clock}  polonez 1  Tea\n      price    none → 7  (new product; run ")),
            "{text}"
        );
        let rfc3339 = clock.replacen(' ', "T", 1).replace(' ', "");
        assert!(in_zone(&["--format", "json"]).contains(&format!("\"when\":\"{rfc3339}\"")));
        let csv = in_zone(&["--format", "csv"]);
        assert_eq!(csv.lines().nth(1).unwrap(), format!("{rfc3339},polonez,1,Tea,price,,,7,created,{}", runs[0]));
    }

    // Nothing asked for, nothing found, nobody.
    reader.show(&["-q"]).expect(0);
    reader.show(&["--what", "prices"]).expect(0).says("1 change in the last 7 days");
    reader.show(&["--product", "3", "--since", "1h", "--what", "prices"]).expect(0).says("No changes since");
    reader.show(&["--product", "4"]).expect(1).says("no trace of product 4");
    reader.show(&["--source", "elsewhere"]).expect(1).says("no trace of source elsewhere");

    // Looking wrote nothing.
    let after = target.checksums(&LOGINS);
    let changed: Vec<_> = after.iter().filter(|table| !before.contains(table)).collect();
    assert!(changed.is_empty() && before.len() == after.len(), "something was written: {changed:?}");

    target.user("stranger", READER_PASSWORD, &["base.group_user"]);
    let mut stranger = bench.command(&["show-history", "--odoo-login", "stranger"]);
    stranger.env_remove("ERPSYNC_ODOO_API_KEY").env("ERPSYNC_ODOO_PASSWORD", READER_PASSWORD);
    let output = stranger.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(77), "{said}");
    assert!(said.contains("Catalogue synchronisation: reader"), "{said}");
    script("drop-db", &[&version.to_string(), &target.database]);
}

#[test]
#[ignore = "needs a real Odoo 14"]
fn on_14() {
    scenario(crate::common::version(14));
}

#[test]
#[ignore = "needs a real Odoo 19"]
fn on_19() {
    scenario(crate::common::version(19));
}
