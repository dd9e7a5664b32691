//! An operator's every day on real Odoos, with the built binary: what ran, as an account that may only read; pruning with
//! the rights of the sync account and no others, beside a run at work; figures, calls and pages after a good and a bad run.
//!
//! Needs the servers of `tests/odoo/up 14` and `tests/odoo/up 19`; run with `cargo test --test real -- --ignored daily::`.

use std::fs;
use std::process::Command;

use crate::common::monitor::Monitor;
use crate::common::ready::ready;
use crate::common::shop::{Shop, ean13};
use crate::common::target::{How, script};
use crate::common::{Bench, Run};
use serde_json::{Value, json};

const READER_PASSWORD: &str = "Reader-Pa55word";

fn as_json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}\n{}", run.stdout))
}

/// The binary as an account that sees everything and changes nothing.
fn as_reader(bench: &Bench, args: &[&str]) -> Run {
    let mut command = bench.command(&[args, &["--odoo-login", "looker"]].concat());
    command.env_remove("ERPSYNC_ODOO_API_KEY").env("ERPSYNC_ODOO_PASSWORD", READER_PASSWORD);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// What the binary writes when both outputs are a terminal.
fn on_a_terminal(bench: &Bench, args: &[&str]) -> String {
    let mut python = Command::new("/usr/bin/env");
    python.args(["python3", "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"]);
    let mut command = bench.command_by(python, &bench.config(), args);
    let output = command.env("PATH", "/usr/bin:/bin").env("TERM", "xterm").output().unwrap();
    let seen = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{seen}\n{}", String::from_utf8_lossy(&output.stderr));
    seen
}

fn scenario(version: u32) {
    let how = if version >= 19 { How::ApiKey } else { How::Password };
    let mut target = ready(version, "daily_every_day", &["en_US"], how);
    target.odoo_extra.push_str("batch_size = 5\n");
    let bench = Bench::new(target);
    bench.target.user("looker", READER_PASSWORD, &["base.group_user", "erpsync.group_reader"]);
    let monitor = Monitor::answering(Some("200 OK"));
    let (metrics, page) = (bench.path("erpsync.prom"), bench.path("run.html"));
    fs::write(bench.path("ping-url"), &monitor.url).unwrap();
    let bench = bench.with("[report]\nmetrics_file = \"erpsync.prom\"\nping_url_file = \"ping-url\"\n");
    let sample = |series: &str| {
        let text = fs::read_to_string(&metrics).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {series} in {text}")).parse::<f64>().unwrap()
    };

    // Good runs, in silence.
    let mut shop = Shop::new(40);
    shop.write(&bench);
    let quiet = |args: &[&str], status: i32| {
        let run = bench.run(args).expect(status);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{args:?}");
    };
    let args = ["import-products", "--first-run", "--report", page.to_str().unwrap()];
    let seen = on_a_terminal(&bench, &args);
    for text in ["polonez: reading", "polonez: writing into Odoo [", "/40 ", "/s, ", " left"] {
        assert!(seen.contains(text), "no {text:?} in {seen}");
    }
    assert!(!on_a_terminal(&bench, &["import-products", "-q"]).contains("polonez"));
    assert!(!bench.import(&[]).expect(0).stderr.contains("reading"), "a bar where no terminal is");
    let text = fs::read_to_string(&page).unwrap();
    assert!(
        text.contains("done: 40 created") && text.contains("<svg") == text.contains("How far prices move"),
        "{text}"
    );
    shop.rotate(&[1002, 1003]);
    shop.product(1003).price = "80".to_owned();
    shop.write(&bench);
    quiet(&["import-products", "-q", "--allow-price-change"], 0);
    quiet(&["sync-prices", "-q"], 0);
    assert_eq!(monitor.asked(), ["/start", ""].repeat(5));
    let import = "{command=\"import-products\",source=\"polonez\"}";
    let success = sample(&format!("erpsync_last_success_timestamp_seconds{import}"));
    assert_eq!(
        sample("erpsync_last_run_products{command=\"import-products\",source=\"polonez\",kind=\"barcodes_moved\"}"),
        2.0
    );
    assert_eq!(sample("erpsync_open_conflicts{source=\"polonez\"}"), 0.0);

    // A bad one.
    let mut command = bench.command(&["import-products", "-q"]);
    let output = command.env("ERPSYNC_SOURCE_POLONEZ_PASSWORD", "wrong").output().unwrap();
    assert_eq!(output.status.code(), Some(77));
    assert_eq!(monitor.asked(), ["/start", "/77"]);
    assert_eq!(sample(&format!("erpsync_last_run_status{import}")), 77.0);
    assert_eq!(sample(&format!("erpsync_last_success_timestamp_seconds{import}")), success);

    // What ran, as a reader sees it.
    let list = |args: &[&str]| {
        let document = as_json(&as_reader(&bench, &[&["runs", "--format", "json"], args].concat()).expect(0));
        let runs = document["runs"].as_array().unwrap().iter();
        runs.map(|r| format!("{} {}", r["command"].as_str().unwrap(), r["status"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let (done, failed) = ("import-products done", "import-products failed");
    let all = [done, done, done, done, "sync-prices done", failed];
    assert_eq!(list(&[]), all);
    assert_eq!(list(&["--failed"]), all[5..]);
    assert_eq!(list(&["--limit", "3", "--source", "polonez"]), all[3..]);
    as_reader(&bench, &["runs"]).expect(0).says("6 runs in the last 7 days").says("40 created");
    as_reader(&bench, &["runs", "--source", "nowhere"]).expect(1).says("no trace of source nowhere");

    // All that was three years ago.
    for (table, columns) in [
        ("x_pz_run", &["x_started", "x_ended"][..]),
        ("x_pz_product_barcode_history", &["x_when"]),
        ("x_pz_product_price_history", &["x_when"]),
    ] {
        for column in columns {
            bench.target.sql(&format!("update {table} set {column} = {column} - interval '36 months'"));
        }
    }
    let prune = ["prune", "--keep", "24m"];
    as_reader(&bench, &prune).expect(77);
    assert_eq!(list(&[]), Vec::<String>::new(), "a reader looked and changed nothing");
    let before = bench.target.checksums(&["res_users_log", "res_device_log", "ir_sessions"]);
    let run = bench.run(&["prune", "--keep", "24m", "--dry-run", "--format", "json"]).expect(2);
    let old: Vec<u64> =
        as_json(&run)["kinds"].as_array().unwrap().iter().map(|kind| kind["old"].as_u64().unwrap()).collect();
    // Two barcodes that others have now, a price that is another, and the runs in which nothing was recorded; the last one
    // of the source stays.
    assert_eq!(old, [2, 1, 0, 0, 3]);
    bench.run(&["prune", "--keep", "60m"]).expect(0).says("Nothing to delete.");
    let after = bench.target.checksums(&["res_users_log", "res_device_log", "ir_sessions"]);
    assert_eq!(after, before, "a dry run, or one that has nothing to do, wrote something");

    // Beside a run at work.
    bench.target.sql("update x_pz_lane set x_token = 't', x_holder = 'another', x_expires = now() + interval '1 day'");
    bench.import(&["-q"]).expect(75);
    bench.run(&prune).expect(0).says("6 deleted.");
    bench.target.sql("update x_pz_lane set x_token = null, x_holder = null, x_expires = null");
    bench.run(&prune).expect(0).says("Nothing to delete.");
    assert_eq!(list(&["--limit", "1"]), ["prune done"]);
    assert_eq!(bench.target.sql("select count(*) from x_pz_product_barcode_history"), ["40"]);
    let now = as_json(&as_reader(&bench, &["show-history", "--barcode", &ean13(10), "--format", "json"]).expect(0));
    let holders = now["holders"].as_array().unwrap();
    let last = holders.last().unwrap();
    assert_eq!((&last["external_id"], &last["now"]), (&json!("1003"), &json!(true)), "{now:#}");
    assert!(last["from"]["when"].is_string(), "since when: {now:#}");
    bench.import(&["--dry-run"]).expect(0).says("40 products in step");
    script("drop-db", &[&version.to_string(), &bench.target.database]);
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
