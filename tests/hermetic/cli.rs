//! The built binary from outside: statuses, what is printed where, and what is not written, against stand-ins.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::shop::Shop;
use crate::common::standin::{DATABASE, Stage};
use crate::common::target::SYNC_PASSWORD;
use crate::common::{Run, SOURCE_PASSWORD};
use erpsync_sandbox::odoo::{Edit, Fault};
use serde_json::Value;

/// The binary without any configuration.
fn bare(args: &[&str]) -> Run {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_erpsync"));
    let output = command.args(args).env_clear().current_dir(dir.path()).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { status: output.status.code().unwrap(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// A stage with a shop of `n` products in its source, imported.
fn imported(version: u32, n: i64) -> (Stage, Shop) {
    let stage = Stage::new(version);
    let shop = Shop::new(n);
    shop.write(&stage.bench);
    stage.bench.import(&["-q"]).expect(0);
    (stage, shop)
}

#[test]
fn a_wrong_command_line_is_64() {
    for args in [&["nonsense"][..], &[], &["import-products", "--frobnicate"], &["import-products", "--limit", "x"]] {
        bare(args).expect(64);
    }
    bare(&["import-products", "--limit", "0"]).expect(64).says("--limit 0");
    bare(&["import-products", "--only", " "]).expect(64).says("the id is empty");
}

#[test]
fn help_shows_every_status() {
    let help = bare(&["--help"]).expect(0);
    for status in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "64 ", "69 ", "75 ", "77 ", "78 ", "130, 143"] {
        assert!(help.stdout.contains(&format!("\n  {status}")), "no {status:?} in\n{}", help.stdout);
    }
    bare(&["--version"]).expect(0).says(env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_wrong_configuration_is_78() {
    bare(&["import-products"]).expect(78).says("sync.toml");
    let stage = Stage::new(19).bench.with("prize = \"source\"");
    stage.import(&[]).expect(78).says("prize").says("sync.toml");
}

#[test]
fn without_setup_or_rights_nothing_runs() {
    let stage = Stage::without_setup(14);
    Shop::new(3).write(&stage.bench);
    stage.bench.import(&[]).expect(78).says("erpsync setup");
    stage.bench.run(&["setup"]).expect(77).says("administrator");
    let mut wrong = stage.bench.command(&["import-products"]);
    let output = wrong.env("ERPSYNC_ODOO_PASSWORD", "wrong").output().unwrap();
    assert_eq!(output.status.code(), Some(77), "{}", String::from_utf8_lossy(&output.stderr));
    stage.bench.import(&["--odoo-database", "other"]).expect(78).says("other");
}

#[test]
fn an_unreachable_server_is_69() {
    let (stage, _) = imported(19, 3);
    stage.bench.mssql.fail_next(erpsync_sandbox::mssql::Fault::RefuseLogin(erpsync_sandbox::mssql::SqlError::new(
        18456,
        14,
        1,
        "Login failed for user 'erpsync'.",
    )));
    stage.bench.import(&[]).expect(77).says("18456");
    // Nobody listens on port 9; a closed port is tried again for some seconds.
    stage.bench.import(&["--odoo-url", "http://127.0.0.1:9"]).expect(69).says("http://127.0.0.1:9");
}

#[test]
fn an_import_and_nothing_to_do() {
    for version in [14, 19] {
        let stage = Stage::new(version);
        let mut shop = Shop::new(50);
        shop.write(&stage.bench);
        let before = stage.all_records();
        stage.bench.import(&["--dry-run"]).expect(2).says("50 to create");
        assert_eq!(stage.all_records(), before, "a dry run wrote something");
        stage.bench.import(&[]).expect(0).says("50 created");
        let before = stage.records();
        stage.bench.import(&["--dry-run"]).expect(0);
        let quiet = stage.bench.import(&["-q"]).expect(0);
        assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
        assert_eq!(stage.records(), before, "a run without changes wrote something");

        shop.rotate(&[1002, 1003]);
        shop.rotate(&[1004, 1005, 1007]);
        shop.product(1010).name = "Новое".to_owned();
        shop.write(&stage.bench);
        stage.bench.import(&[]).expect(0).says("5 barcodes moved");
        let product = stage.odoo.product(DATABASE, &shop.products[&1002].name);
        assert_eq!(product.barcode.as_ref(), shop.products[&1002].barcodes.first());
        stage.odoo.product(DATABASE, "Новое");
        stage.bench.assert_source_untouched();
    }
}

#[test]
fn an_edit_in_odoo_is_drift_and_put_back() {
    let (stage, shop) = imported(19, 10);
    let product = stage.odoo.product(DATABASE, &shop.products[&1003].name);
    stage.odoo.edit(DATABASE, product.id, Edit::Price(5.0));
    stage.bench.import(&["--dry-run"]).expect(2).says("drift");
    stage.bench.import(&["-q"]).expect(0);
    let price: f64 = shop.products[&1003].price.parse().unwrap();
    assert_eq!(stage.odoo.product(DATABASE, &shop.products[&1003].name).price.to_bits(), price.to_bits());
}

#[test]
fn bad_rows_are_told_one_by_one() {
    let (stage, _) = imported(19, 10);
    stage.bench.source(
        "UPDATE dbo.Products SET ProductName = NULL WHERE ProductID = 1001;
         UPDATE dbo.Products SET Price = -1 WHERE ProductID = 1002;
         INSERT INTO dbo.Products VALUES (1003, N'again', 1);
         INSERT INTO dbo.Products VALUES (NULL, N'nobody', 1)",
    );
    let run = stage.bench.import(&["--format", "lines"]).expect(3);
    let mut bad: Vec<&str> =
        run.stdout.lines().filter(|l| l.starts_with('x')).map(|l| l.split('\t').nth(2).unwrap()).collect();
    bad.sort_unstable();
    assert_eq!(bad, ["", "1001", "1002", "1003"], "{}", run.stdout);
    assert_eq!(
        stage.odoo.products(DATABASE).iter().filter(|p| p.barcode.is_some()).count(),
        10,
        "nothing is taken away"
    );
}

#[test]
fn a_part_of_the_catalogue() {
    let stage = Stage::new(19);
    Shop::new(20).write(&stage.bench);
    stage.bench.import(&["--only", "999999"]).expect(64).says("999999");
    stage.bench.import(&["--source", "nobody"]).expect(78).says("nobody");
    stage.bench.import(&["--only", "1003,1004"]).expect(0).says("2 created");
    stage.bench.import(&["--limit", "5", "--first-run"]).expect(0).says("5 created");
    assert_eq!(stage.odoo.products(DATABASE).len(), 7);
}

#[test]
fn json_is_one_document() {
    let (stage, mut shop) = imported(19, 10);
    shop.product(1004).price = "112.25".to_owned();
    shop.write(&stage.bench);
    let run = stage.bench.import(&["--format", "json", "--dry-run"]).expect(2);
    let plan: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&plan["format"], &plan["counts"]["prices"]), (&"erpsync-plan".into(), &1.into()));
    let run = stage.bench.import(&["--format", "json"]).expect(0);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&report["format"], &report["changed"]), (&"erpsync-report".into(), &1.into()));
}

#[test]
fn a_closed_stdout_is_no_error() {
    let (stage, mut shop) = imported(19, 10);
    shop.product(1004).name = "x".to_owned();
    shop.write(&stage.bench);
    let mut child = stage
        .bench
        .command(&["import-products", "--dry-run"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(2), ""));
    let mut child = stage.bench.command(&["import-products"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    stage.odoo.product(DATABASE, "x");
}

#[test]
fn one_run_at_a_time() {
    let (stage, mut shop) = imported(19, 10);
    shop.product(1004).name = "x".to_owned();
    shop.write(&stage.bench);
    // The first run hangs in its lookup; the second finds its lock, and with a lock file of its own the lease.
    stage.odoo.fail_on("procedure snapshot", 0, Fault::Delay(Duration::from_secs(3)));
    let first = stage.bench.command(&["import-products", "-q"]).stderr(Stdio::piped()).spawn().unwrap();
    while !stage.odoo.calls().iter().any(|c| c.name == "procedure lease") || stage.odoo.pending_faults() > 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    stage.bench.import(&[]).expect(75).says("on this machine");
    let elsewhere = std::fs::read_to_string(stage.bench.config()).unwrap().replace("run.lock", "other.lock");
    std::fs::write(stage.bench.config(), elsewhere).unwrap();
    stage.bench.import(&[]).expect(75).says("another run holds the lease");
    let output = first.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn no_secret_is_ever_printed() {
    let (stage, _) = imported(14, 5);
    for args in [
        &["import-products", "-vv"][..],
        &["import-products", "-vv", "--dry-run", "--format", "json"],
        &["setup", "-vv"],
        &["--help"],
    ] {
        let run = stage.bench.run(args);
        let said = format!("{}{}", run.stdout, run.stderr);
        for secret in [SYNC_PASSWORD, SOURCE_PASSWORD, crate::common::standin::API_KEY] {
            assert!(!said.contains(secret), "{args:?} shows a secret");
        }
    }
}
