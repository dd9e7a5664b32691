//! `erpsync doctor` against stand-ins: what it says of a healthy installation, of one thing broken at a time, and that it
//! writes nothing.

use std::fs;

use crate::common::shop::Shop;
use crate::common::standin::{DATABASE, Stage};
use crate::common::target::SYNC_PASSWORD;
use crate::common::{Bench, Run, SOURCE_PASSWORD};
use erpsync_sandbox::mssql::{Encryption, MssqlOptions, MssqlServer};
use serde_json::{Value, json};

/// A set-up shop with products in its source.
fn healthy(version: u32) -> Stage {
    let stage = Stage::new(version);
    Shop::new(20).write(&stage.bench);
    stage
}

/// What differs from machine to machine, in words.
fn same_everywhere(stage: &Stage, text: &str) -> String {
    let source = stage.bench.mssql.addr();
    let directory = stage.bench.config().parent().unwrap().display().to_string();
    let odoo = &stage.bench.target.url;
    text.replace(&directory, "DIR")
        .replace(odoo, "http://odoo")
        .replace(&format!(":{}", source.port()), ":PORT")
        .replace("localhost is ::1, 127.0.0.1", "localhost is 127.0.0.1")
        .replace("localhost is 127.0.0.1, ::1", "localhost is 127.0.0.1")
        .replace(&source.to_string(), "127.0.0.1:PORT")
}

/// One check of the JSON document.
fn check(run: &Run, area: &str, name: &str) -> Value {
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e} in {}", run.stdout));
    let checks = document["checks"].as_array().unwrap();
    let found: Vec<&Value> = checks.iter().filter(|c| c["area"] == area && c["check"] == name).collect();
    assert!(!found.is_empty(), "no check {name} of {area} in {}", run.stdout);
    found[0].clone()
}

/// The state of a check, and its words.
#[track_caller]
fn says(run: &Run, area: &str, name: &str, state: &str, words: &str) {
    let check = check(run, area, name);
    assert_eq!(check["state"], state, "{check:#}");
    let all = format!("{} → {}", check["message"].as_str().unwrap(), check["cure"].as_str().unwrap_or_default());
    assert!(all.contains(words), "no {words:?} in {all}");
    assert_eq!(check["cure"].is_null(), state == "ok" || state == "skipped", "{check:#}");
}

const JSON: [&str; 3] = ["doctor", "--format", "json"];
const SOURCE: &str = "Source polonez";

#[test]
fn a_healthy_installation() {
    for version in [14, 19] {
        let stage = healthy(version);
        let before = stage.all_records();
        fs::remove_file(stage.bench.path("run.lock")).unwrap();
        let run = stage.bench.run(&["doctor"]).expect(0);
        insta::assert_snapshot!(format!("healthy_{version}"), same_everywhere(&stage, &run.stdout));
        assert_eq!(run.stderr, "");
        let quiet = stage.bench.run(&["doctor", "-q"]).expect(0);
        assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
        assert_eq!(stage.all_records(), before, "it wrote something");
        stage.bench.assert_source_untouched();
        assert!(!stage.bench.path("run.lock").exists(), "it made the lock file");
    }
}

#[test]
fn json_has_every_check() {
    let stage = healthy(19);
    let run = stage.bench.run(&JSON).expect(0);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&document["format"], &document["version"]), (&json!("erpsync-doctor"), &json!(1)));
    let checks = document["checks"].as_array().unwrap().len();
    let counts = document["counts"].as_object().unwrap();
    assert_eq!(counts.values().filter_map(Value::as_u64).sum::<u64>(), u64::try_from(checks).unwrap());
    assert_eq!(counts["failed"], 0);
}

#[test]
fn without_a_configuration() {
    let stage = healthy(19);
    fs::write(stage.bench.config(), "[odoo]\nurl = \"https://odoo.example\"\nprize = 1\n").unwrap();
    let run = stage.bench.run(&JSON).expect(1).says("a check failed: configuration of Machine");
    says(&run, "Machine", "configuration", "failed", "prize");
}

#[test]
fn a_source_that_cannot_be_reached() {
    let stage = healthy(19);
    let text = fs::read_to_string(stage.bench.config()).unwrap();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        fs::write(stage.bench.config(), text.replace(from, to)).unwrap();
        stage.bench.run(&JSON).expect(1)
    };
    let run = with("host = \"localhost\"", "host = \"no-such-host.invalid\"");
    says(&run, SOURCE, "address", "failed", "the name no-such-host.invalid does not resolve");
    says(&run, SOURCE, "barcodes-rows", "skipped", "after what failed above");
    says(&run, "Odoo", "setup", "ok", "schema");
    let run = with(&format!("port = {}", stage.bench.mssql.addr().port()), "port = 9");
    says(&run, SOURCE, "port", "failed", "the connection was refused");
    let run = with("tls = \"ca-file\"\nca_file = \"ca.pem\"", "");
    says(&run, SOURCE, "tls", "failed", "signed by nobody whom this machine trusts");
    says(&run, SOURCE, "login", "skipped", "after");
    let run = with("user = \"erpsync\"", "user = 'ACME\\svc'");
    says(&run, SOURCE, "login", "failed", "NTLM and Kerberos logins are not supported");
    let run = with("database = \"Trade\"", "database = \"Other\"");
    says(&run, SOURCE, "login", "ok", "let in");
    says(&run, SOURCE, "database", "failed", "4060");
    fs::write(stage.bench.config(), &text).unwrap();
    let mut wrong = stage.bench.command(&JSON);
    let output = wrong.env("ERPSYNC_SOURCE_POLONEZ_PASSWORD", "wrong-secret").output().unwrap();
    let run = Run {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    says(&run, SOURCE, "login", "failed", "18456");
    assert!(!run.stdout.contains("wrong-secret") && !run.stdout.contains(SOURCE_PASSWORD));
    assert!(!run.stdout.contains(SYNC_PASSWORD));
    let mut none = stage.bench.command(&JSON);
    let output = none.env_remove("ERPSYNC_SOURCE_POLONEZ_PASSWORD").output().unwrap();
    let run = Run { status: 1, stdout: String::from_utf8(output.stdout).unwrap(), stderr: String::new() };
    says(&run, SOURCE, "password", "failed", "ERPSYNC_SOURCE_POLONEZ_PASSWORD is not set");
}

/// The healthy shop, with another SQL Server in the place of its own.
fn with_server(options: MssqlOptions, tls: &str) -> (Stage, Run) {
    let mut stage = healthy(19);
    let options = MssqlOptions { password: SOURCE_PASSWORD.to_owned(), ..options };
    let other = stage.bench.runtime.block_on(MssqlServer::start(options)).unwrap();
    let port = stage.bench.mssql.addr().port();
    stage.bench.mssql = other;
    stage.bench.source(
        "CREATE TABLE dbo.Products (ProductID int NOT NULL, ProductName varchar(40) NULL, Price money NULL);
         CREATE TABLE logistics.ProductBarcodes (ProductID int NULL, Barcode nvarchar(40) NULL)",
    );
    stage.bench.source("INSERT INTO dbo.Products VALUES (1, N'Чай чёрный', 2.5), (2, N'Tea', 3), (3, N'', 4)");
    stage.bench.source("INSERT INTO logistics.ProductBarcodes VALUES (1, N'4006381333931')");
    let text = fs::read_to_string(stage.bench.config()).unwrap();
    let text = text.replace(&format!("port = {port}"), &format!("port = {}", stage.bench.mssql.addr().port()));
    let text = text.replace("tls = \"ca-file\"\nca_file = \"ca.pem\"", tls);
    fs::write(stage.bench.config(), text).unwrap();
    let run = stage.bench.run(&JSON);
    (stage, run)
}

#[test]
fn what_could_be_better_about_a_source() {
    let options = MssqlOptions { snapshot_isolation: false, ..MssqlOptions::default() };
    let (stage, run) = with_server(options, "tls = \"trust-any\"");
    assert_eq!(run.status, 0, "{run:?}");
    says(&run, SOURCE, "tls", "warning", "with whoever answers");
    says(&run, SOURCE, "isolation", "warning", "SET ALLOW_SNAPSHOT_ISOLATION ON");
    says(&run, SOURCE, "collation", "warning", "1 name with ??? in place of letters, such as 1 ??? ??????");
    says(&run, SOURCE, "collation", "warning", "(code page 1252)");
    says(&run, SOURCE, "products-rows", "warning", "3 rows: 1 cannot be used (1 bad-name), such as 3");
    says(&run, SOURCE, "rights", "ok", "may write none");
    stage.bench.source("GRANT UPDATE ON dbo.Products TO erpsync");
    let run = stage.bench.run(&JSON).expect(0);
    says(&run, SOURCE, "rights", "warning", "it may UPDATE on dbo.Products");
    stage.bench.source("DELETE FROM logistics.ProductBarcodes");
    let run = stage.bench.run(&JSON).expect(1);
    says(&run, SOURCE, "barcodes-rows", "failed", "refuses an empty source");
    stage.bench.source("DROP TABLE logistics.ProductBarcodes");
    let run = stage.bench.run(&JSON).expect(1);
    says(&run, SOURCE, "barcodes-query", "failed", "208");
    says(&run, SOURCE, "barcodes-rows", "skipped", "after");
    stage.bench.assert_source_untouched();
}

/// It works there, as the runs do.
#[test]
fn a_server_that_cannot_describe_queries() {
    let options = MssqlOptions { describes: false, ..MssqlOptions::default() };
    let (stage, run) = with_server(options, "tls = \"trust-any\"");
    assert_eq!(run.status, 0, "{run:?}");
    says(
        &run,
        SOURCE,
        "products-query",
        "warning",
        "its columns can be read; the server does not describe queries (function",
    );
    says(&run, SOURCE, "barcodes-query", "warning", "does not describe queries");
    says(&run, SOURCE, "barcodes-rows", "ok", "1 row");
    says(&run, SOURCE, "collation", "skipped", "the server does not describe the name's column");
    // What is wrong with a query is told there too.
    stage.bench.source("DROP TABLE logistics.ProductBarcodes");
    let run = stage.bench.run(&JSON).expect(1);
    says(&run, SOURCE, "barcodes-query", "failed", "208");
}

#[test]
fn an_account_that_can_write_everything() {
    let options =
        MssqlOptions { roles: vec!["sysadmin".to_owned()], encryption: Encryption::Off, ..MssqlOptions::default() };
    let (_stage, run) = with_server(options, "tls = \"off\"");
    says(&run, SOURCE, "rights", "warning", "it is a member of sysadmin; it is a member of db_owner");
    says(&run, SOURCE, "tls", "warning", "can be read by anyone on the network");
}

#[test]
fn an_odoo_that_does_not_let_us_in() {
    let stage = healthy(14);
    let run = stage.bench.run(&[&JSON[..], &["--odoo-url", "http://127.0.0.1:9"]].concat()).expect(1);
    says(&run, "Odoo", "address", "failed", "cannot reach Odoo at http://127.0.0.1:9");
    says(&run, "Odoo", "languages", "skipped", "after");
    says(&run, SOURCE, "barcodes-rows", "ok", "all can be used");
    let run = stage.bench.run(&[&JSON[..], &["--odoo-login", "nobody"]].concat()).expect(1);
    says(&run, "Odoo", "login", "failed", "check odoo.login and the password");
    let run = stage.bench.run(&[&JSON[..], &["--odoo-database", "elsewhere"]].concat()).expect(1);
    says(&run, "Odoo", "login", "failed", "odoo.database");
}

#[test]
fn one_thing_broken_in_odoo() {
    for version in [14, 19] {
        let stage = Stage::without_setup(version);
        Shop::new(3).write(&stage.bench);
        let run = stage.bench.run(&JSON).expect(1);
        says(&run, "Odoo", "setup", "failed", "run `erpsync setup`");
        says(&run, "Odoo", "lease", "skipped", "after");
        says(&run, "Odoo", "company", "ok", "My Company");

        let stage = healthy(version);
        let tamper = |model: &str, key: &str, value: Value| {
            let records = stage.odoo.records(DATABASE, model);
            let id = records[0]["id"].as_i64().unwrap();
            let before = records[0][key].clone();
            stage.odoo.tamper(DATABASE, model, id, key, value);
            let run = stage.bench.run(&JSON);
            stage.odoo.tamper(DATABASE, model, id, key, before);
            run
        };
        let run = tamper("x_pz_pause", "x_paused", json!(true)).expect(0);
        says(&run, "Odoo", "pause", "warning", "synchronisation is paused by");
        let run = tamper("x_pz_setup", "x_uuid", json!("another")).expect(1);
        says(&run, "Odoo", "database", "failed", "is a copy of the one that was set up (another)");
        let run = tamper("x_pz_setup", "x_schema", json!(1)).expect(1);
        says(&run, "Odoo", "setup", "failed", "older than this erpsync's");
        let run = tamper("account.tax", "price_include", json!(true)).expect(0);
        says(&run, "Odoo", "taxes", "ok", "must be with tax");
        if version >= 19 {
            let soon = (chrono::Utc::now() + chrono::Duration::days(3)).format("%Y-%m-%d %H:%M:%S").to_string();
            let keys = stage.odoo.records(DATABASE, "res.users.apikeys");
            let own = keys.last().unwrap()["id"].as_i64().unwrap();
            stage.odoo.tamper(DATABASE, "res.users.apikeys", own, "expiration_date", json!(soon));
            let run = stage.bench.run(&JSON).expect(0);
            says(&run, "Odoo", "api-key", "warning", "make a new one");
        }
        let actions = stage.odoo.records(DATABASE, "ir.actions.server");
        let mover = actions.iter().find(|a| a["name"] == "erpsync: move").unwrap();
        let (id, code) = (mover["id"].as_i64().unwrap(), mover["code"].as_str().unwrap());
        stage.odoo.tamper(DATABASE, "ir.actions.server", id, "code", json!(format!("{code}\n# mine")));
        let groups = if version >= 19 { "group_ids" } else { "groups_id" };
        stage.odoo.tamper(DATABASE, "ir.actions.server", id, groups, json!([]));
        let run =
            stage.bench.run(&JSON).expect(1).says("2 checks failed: procedures of Odoo, procedure-groups of Odoo");
        says(&run, "Odoo", "procedures", "failed", "not those of this erpsync: move");
        says(&run, "Odoo", "procedure-groups", "failed", "as they must be: move");
    }
}

/// The configuration with a line more in `[odoo]`.
fn with_odoo_line(bench: &Bench, line: &str) -> Run {
    let before = fs::read_to_string(bench.config()).unwrap();
    fs::write(bench.config(), before.replace("timeout = 10\n", &format!("timeout = 10\n{line}\n"))).unwrap();
    let run = bench.run(&JSON);
    fs::write(bench.config(), before).unwrap();
    run
}

#[test]
fn a_shop_that_the_configuration_does_not_fit() {
    let stage = healthy(14);
    let run = with_odoo_line(&stage.bench, "languages = [\"fr_FR\"]").expect(1);
    says(&run, "Odoo", "languages", "failed", "\"fr_FR\" is not installed in Odoo");
    let run = with_odoo_line(&stage.bench, "company = \"Nobody\"").expect(1);
    says(&run, "Odoo", "company", "failed", "no company \"Nobody\"");
    stage.odoo.add_record(
        DATABASE,
        "product.pricelist.item",
        json!({"pricelist_id": 1, "applied_on": "3_global", "compute_price": "percentage", "percent_price": 10.0}),
    );
    let run = stage.bench.run(&JSON).expect(0);
    says(&run, "Odoo", "pricelists", "warning", "1 active rule for all products");
    let stage = Stage::with_companies(19, &["One Ltd", "Two Ltd"]);
    Shop::new(3).write(&stage.bench);
    let run = stage.bench.run(&JSON).expect(0);
    says(&run, "Odoo", "company", "warning", "name one in odoo.company");
}
