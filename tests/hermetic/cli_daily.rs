//! What an operator lives with every day, from outside, against stand-ins: silence, one line in the log, figures and calls
//! for monitors, logs for programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::monitor::Monitor;
use crate::common::shop::{Shop, ean13};
use crate::common::standin::{DATABASE, Stage};
use crate::common::{Bench, Run};
use serde_json::{Value, json};

/// A stand-in with a small shop in the source, imported.
fn in_step(version: u32) -> (Stage, Shop) {
    let stage = Stage::new(version);
    let shop = Shop::new(6);
    shop.write(&stage.bench);
    stage.bench.import(&["-q"]).expect(0);
    (stage, shop)
}

/// Three products more than the guard lets through.
fn refused_by_a_guard(stage: Stage) -> Stage {
    let bench = stage.bench.with("[sync.guards]\nmax_create = { count = 1, percent = 0 }\n");
    Shop::new(9).write(&bench);
    Stage { bench, ..stage }
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// The value of a series.
#[track_caller]
fn sample(path: &Path, series: &str) -> f64 {
    let lines = lines(path);
    let found = lines.iter().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {series} in {lines:#?}")).parse().unwrap()
}

/// The built binary with the monitor's address in its variable, as cron would run it.
fn watched_by(bench: &Bench, url: &str, args: &[&str]) -> Run {
    let output = bench.command(args).env("ERPSYNC_PING_URL", url).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

const IMPORT: &str = "{command=\"import-products\",source=\"polonez\"}";

#[test]
fn silence_when_all_is_well() {
    for version in [14, 19] {
        let (stage, mut shop) = in_step(version);
        let monitor = Monitor::answering(Some("200 OK"));
        let metrics = stage.bench.path("erpsync.prom");
        let watched = ["-q", "--metrics-file", metrics.to_str().unwrap()];
        shop.product(1001).price = "2".to_owned();
        shop.write(&stage.bench);
        let plan = stage.bench.path("plan.json");
        let quiet = |args: &[&str], status: i32| {
            let run = watched_by(&stage.bench, &monitor.url, args).expect(status);
            assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{args:?}");
        };
        quiet(&["import-products", "-q", "--dry-run", "--out", plan.to_str().unwrap()], 2);
        quiet(&[&["apply", plan.to_str().unwrap()], &watched[..]].concat(), 0);
        quiet(&[&["import-products"], &watched[..]].concat(), 0);
        quiet(&[&["sync-prices"], &watched[..]].concat(), 0);
        quiet(&["import-products", "-q", "--log-format", "json"], 0);
        quiet(&["show", "-q", plan.to_str().unwrap()], 2);
        assert_eq!(monitor.asked(), ["/start", "", "/start", "", "/start", "", "/start", ""]);
    }
}

#[test]
fn what_is_not_well_is_said_all_the_same() {
    let (stage, _) = in_step(19);
    let stage = refused_by_a_guard(stage);
    let run = stage.bench.import(&["-q"]).expect(5);
    assert!(run.stdout.is_empty() && run.stderr.contains("max_create: 3 products"), "{run:?}");
}

#[test]
fn one_line_a_run() {
    let (stage, mut shop) = in_step(14);
    shop.product(1001).price = "2".to_owned();
    shop.write(&stage.bench);
    let summaries = |run: &Run| -> Vec<String> {
        let lines = run.stderr.lines().filter_map(|line| line.split_once(" INFO  run "));
        lines.map(|(_, summary)| summary.to_owned()).collect()
    };
    let shape = |run: &Run, says: &str| {
        let found = summaries(run);
        let [line] = &found[..] else { panic!("{}", run.stderr) };
        let (key, rest) = line.split_once(' ').unwrap();
        assert!(key.contains("Z-polonez-") && rest.starts_with(says), "{line}");
        let seconds =
            rest.rsplit_once("; ").and_then(|(_, s)| s.strip_suffix(" s")).unwrap_or_else(|| panic!("{line}"));
        seconds.parse::<f64>().unwrap();
    };
    shape(&stage.bench.import(&["-v"]).expect(0), "done: 1 changed; ");
    shape(&stage.bench.run(&["sync-prices", "-v"]).expect(0), "done: nothing changed; ");
    let stage = refused_by_a_guard(stage);
    shape(&stage.bench.import(&["-v"]).expect(5), "refused by a guard: Plan, refused: 3 to create");
    stage.bench.source("DROP TABLE dbo.Products");
    shape(&stage.bench.import(&["-v"]).expect(78), "failed; ");
}

#[test]
fn figures_after_a_good_and_a_bad_run() {
    let (stage, shop) = in_step(19);
    let path = stage.bench.path("erpsync.prom");
    let bench = stage.bench.with("[report]\nmetrics_file = \"erpsync.prom\"\n");
    bench.import(&["--dry-run", "-q"]).expect(0);
    assert!(!path.exists(), "a dry run tells nobody");
    Shop::new(8).write(&bench);
    bench.import(&["-q"]).expect(0);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644, "another account reads it");
    assert_eq!(
        sample(&path, "erpsync_last_run_products{command=\"import-products\",source=\"polonez\",kind=\"created\"}"),
        2.0
    );
    assert_eq!(sample(&path, "erpsync_open_conflicts{source=\"polonez\"}"), 0.0);
    assert_eq!(sample(&path, &format!("erpsync_last_run_status{IMPORT}")), 0.0);
    for phase in ["read", "plan", "apply"] {
        let series = format!(
            "erpsync_last_run_phase_duration_seconds{{command=\"import-products\",source=\"polonez\",phase=\"{phase}\"}}"
        );
        assert!(sample(&path, &series) >= 0.0);
    }
    let success = sample(&path, &format!("erpsync_last_success_timestamp_seconds{IMPORT}"));
    assert_eq!(sample(&path, &format!("erpsync_last_run_timestamp_seconds{IMPORT}")), success);
    assert!(success > 1_700_000_000.0);

    // Somebody else's products are beyond reach: what was known of the last good run stays.
    bench.run(&["sync-prices", "-q"]).expect(0);
    bench.source("DROP TABLE dbo.Products");
    bench.import(&["-q"]).expect(78);
    assert_eq!(sample(&path, &format!("erpsync_last_run_status{IMPORT}")), 78.0);
    assert_eq!(sample(&path, &format!("erpsync_last_success_timestamp_seconds{IMPORT}")), success);
    assert_eq!(sample(&path, "erpsync_open_conflicts{source=\"polonez\"}"), 0.0);
    assert_eq!(sample(&path, "erpsync_command_last_exit_status{command=\"import-products\"}"), 78.0);
    assert_eq!(sample(&path, "erpsync_last_run_status{command=\"sync-prices\",source=\"polonez\"}"), 0.0);
    assert!(!lines(&path).iter().any(|l| l.contains("products{command=\"import-products\"")), "{:#?}", lines(&path));

    // No run for any source, no news of any source.
    fs::write(bench.config(), "nonsense").unwrap();
    bench.import(&["-q", "--metrics-file", path.to_str().unwrap()]).expect(78);
    assert_eq!(sample(&path, &format!("erpsync_last_success_timestamp_seconds{IMPORT}")), success);
    let rest: Vec<String> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".tmp"))
        .collect();
    assert_eq!(rest, Vec::<String>::new());
    drop(shop);
}

#[test]
fn figures_that_cannot_be_written_fail_no_run() {
    let (stage, _) = in_step(14);
    let bench = &stage.bench;
    let other = bench.path("other.prom");
    fs::write(&other, "node_load1 0.5\n").unwrap();
    for (path, why) in [
        (other.to_str().unwrap(), "\"node_load1 0.5\" in it is no figure of erpsync"),
        ("/nowhere/erpsync.prom", "there is no such directory"),
        ("/dev/null", "no file"),
    ] {
        let run = bench.import(&["--metrics-file", path]).expect(0);
        assert!(run.stderr.contains(why), "{}", run.stderr);
    }
    assert_eq!(fs::read_to_string(&other).unwrap(), "node_load1 0.5\n");
    bench.import(&["--dry-run", "--metrics-file", "x.prom"]).expect(64).says("--dry-run is none");
}

#[test]
fn a_monitor_is_called() {
    let (stage, _) = in_step(19);
    let monitor = Monitor::answering(Some("200 OK"));
    fs::write(stage.bench.path("ping-url"), format!("{}\n", monitor.url)).unwrap();
    let bench = stage.bench.with("[report]\nping_url_file = \"ping-url\"\n");
    bench.import(&["-q"]).expect(0);
    assert_eq!(monitor.asked(), ["/start", ""]);
    bench.import(&["-q", "--dry-run"]).expect(0);
    bench.run(&["check-barcodes", "-q"]).expect(0);
    assert_eq!(monitor.asked(), Vec::<String>::new());
    bench.source("DROP TABLE dbo.Products");
    bench.import(&["-q"]).expect(78);
    assert_eq!(monitor.asked(), ["/start", "/78"]);
    // A variable wins over the file; a configuration that cannot be read does not keep it from being called.
    let other = Monitor::answering(Some("200 OK"));
    watched_by(&bench, &other.url, &["import-products", "-q"]).expect(78);
    fs::write(bench.config(), "nonsense").unwrap();
    watched_by(&bench, &other.url, &["sync-prices", "-q"]).expect(78);
    assert_eq!(other.asked(), ["/start", "/78", "/78"]);
    assert_eq!(monitor.asked(), Vec::<String>::new());
    // Everybody on the machine sees the command line.
    watched_by(&bench, &other.url, &["import-products", "--ping-url", &monitor.url]).expect(64);
    assert_eq!(monitor.asked(), Vec::<String>::new());
}

/// What is not encrypted goes to the monitor itself, and to nobody whom the environment names as a proxy.
#[test]
fn a_monitor_is_called_past_proxies() {
    let (stage, _) = in_step(14);
    let (monitor, proxy) = (Monitor::answering(Some("200 OK")), Monitor::answering(Some("200 OK")));
    let mut command = stage.bench.command(&["import-products", "-q"]);
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, &proxy.url);
    }
    assert!(command.env("ERPSYNC_PING_URL", &monitor.url).status().unwrap().success());
    assert_eq!(monitor.asked(), ["/start", ""]);
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

/// Another run is at work: what is missing is a run, and a monitor notices that by itself.
#[test]
fn a_run_that_could_not_begin_is_not_told_of() {
    let (stage, _) = in_step(14);
    let monitor = Monitor::answering(Some("200 OK"));
    let lock = fs::File::create(stage.bench.path("run.lock")).unwrap();
    lock.try_lock().unwrap();
    let path = stage.bench.path("erpsync.prom");
    let args = ["import-products", "-q", "--metrics-file", path.to_str().unwrap()];
    watched_by(&stage.bench, &monitor.url, &args).expect(75);
    assert_eq!(monitor.asked(), Vec::<String>::new());
    assert_eq!(sample(&path, "erpsync_command_last_exit_status{command=\"import-products\"}"), 75.0);
}

#[test]
fn a_monitor_that_is_away_fails_no_run_and_stays_secret() {
    let (stage, _) = in_step(19);
    let refusing = Monitor::answering(Some("503 Service Unavailable"));
    let silent = Monitor::answering(None);
    for (url, why) in [
        (refusing.url.as_str(), "it answered 503"),
        (silent.url.as_str(), "no answer in time"),
        ("http://127.0.0.1:1/SECRET-WORD", "refused"),
        ("http://monitor.invalid/SECRET-WORD", "not reached"),
        ("ftp://x/SECRET-WORD", "is not one of http or https"),
        ("SECRET-WORD", "is not one of http or https"),
    ] {
        for more in [&["-vv"][..], &["-vv", "--log-format", "json"]] {
            let run = watched_by(&stage.bench, url, &[&["import-products"], more].concat()).expect(0);
            assert!(run.stderr.contains(why), "{url}: {}", run.stderr);
            assert!(!format!("{run:?}").contains("SECRET-WORD"), "{url}: {run:?}");
            if url == silent.url {
                break;
            }
        }
    }
    let run = watched_by(&stage.bench, &refusing.url, &["import-products", "-q"]).expect(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn logs_for_programs() {
    let (stage, shop) = in_step(14);
    let mut shop = shop;
    shop.product(1001).name = "Tea \u{202e}[31m".to_owned();
    shop.write(&stage.bench);
    let run = stage.bench.import(&["-vv", "--log-format", "json", "--format", "lines"]).expect(0);
    let all: Vec<Value> =
        run.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    for one in &all {
        let keys: Vec<&str> = one.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["level", "message", "target", "time"], "{one}");
        assert!(one["target"].as_str().unwrap().starts_with("erpsync"), "{one}");
        chrono::DateTime::parse_from_rfc3339(one["time"].as_str().unwrap()).unwrap();
    }
    assert!(all.iter().any(|one| one["level"] == "INFO" && one["message"].as_str().unwrap().starts_with("run 2")));
    assert!(!run.stderr.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}'));

    let run = stage.bench.import(&["--only", "none\u{1b}[2J", "--log-format", "json"]);
    let message: Value = serde_json::from_str(run.stderr.trim()).unwrap_or_else(|e| panic!("{e}: {}", run.stderr));
    assert_eq!((&message["level"], &message["target"]), (&Value::from("ERROR"), &Value::from("erpsync")));
    assert!(!run.stderr.contains('\u{1b}'), "{run:?}");
}

fn run_keys(stage: &Stage) -> Vec<String> {
    let runs = stage.odoo.records(DATABASE, "x_pz_run");
    runs.iter().map(|r| r["x_key"].as_str().unwrap().to_owned()).collect()
}

fn as_json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}\n{}", run.stdout))
}

#[test]
fn what_ran() {
    for version in [14, 19] {
        let (stage, mut shop) = in_step(version);
        shop.product(1001).price = "2".to_owned();
        shop.write(&stage.bench);
        stage.bench.run(&["sync-prices", "-q"]).expect(0);
        let stage = refused_by_a_guard(stage);
        stage.bench.import(&["-q"]).expect(5);
        stage.odoo.add_record(
            DATABASE,
            "x_pz_run",
            json!({"x_key": "long-ago", "x_source": "elsewhere", "x_command": "import-products", "x_status": "died",
                   "x_started": "2020-06-30 19:30:00"}),
        );
        let keys = run_keys(&stage);
        let before = stage.all_records();
        let list = |args: &[&str]| -> Vec<String> {
            let run = stage.bench.run(&[&["runs", "--format", "json"], args].concat()).expect(0);
            let document = as_json(&run);
            let runs = document["runs"].as_array().unwrap();
            assert_eq!(document["count"], runs.len());
            runs.iter().map(|run| run["run"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(list(&[]), keys[..3]);
        assert_eq!(list(&["--failed"]), keys[2..3]);
        assert_eq!(list(&["--limit", "2", "--source", "polonez"]), keys[1..3]);
        assert_eq!(list(&["--source", "elsewhere", "--since", "2020-01-01"]), ["long-ago"]);
        assert_eq!(list(&["--failed", "--since", "2020-01-01"]), keys[2..4]);
        assert_eq!(list(&["--until", "2020-06-30T19:30:00Z"]), ["long-ago"]);
        assert_eq!(list(&["--until", "2020-06-30T19:29:59Z"]), Vec::<String>::new());
        let document = as_json(&stage.bench.run(&["runs", "--format", "json"]).expect(0));
        let first = &document["runs"][0];
        assert_eq!((&first["command"], &first["status"]), (&json!("import-products"), &json!("done")));
        assert_eq!((&first["created"], &first["deferred"]), (&json!(6), &json!(0)));
        assert!(first["seconds"].is_u64() && first["host"].as_str().unwrap().contains(", process "), "{first}");
        let text = stage.bench.run(&["runs"]).expect(0).says("  sync-prices polonez  done, ");
        text.says("refused by a guard, ").says("3 runs in the last 7 days (--since shows more).");
        let mut command =
            stage.bench.command(&["runs", "--source", "elsewhere", "--format", "csv", "--since", "2020-07-01"]);
        let output = command.env("TZ", "Asia/Tashkent").output().unwrap();
        let csv = String::from_utf8(output.stdout).unwrap();
        assert!(csv.contains("\r\n2020-07-01T00:30:00+05:00,,,import-products,elsewhere,died,0,"), "{csv}");
        stage.bench.run(&["runs", "--source", "nowhere"]).expect(1).says("no trace of source nowhere");
        stage.bench.run(&["runs", "--limit", "0"]).expect(64).says("--limit 0");
        assert_eq!(stage.all_records(), before, "looking wrote something");
    }
}

/// Runs and what they recorded, as if they had been five years ago, with a run of today.
fn long_in_use(version: u32) -> Stage {
    let (stage, mut shop) = in_step(version);
    shop.rotate(&[1002, 1003]);
    shop.product(1003).price = "80".to_owned();
    shop.write(&stage.bench);
    stage.bench.import(&["-q"]).expect(0);
    for (model, columns) in [
        ("x_pz_run", &["x_started", "x_ended"][..]),
        ("x_pz_product_barcode_history", &["x_when"]),
        ("x_pz_product_price_history", &["x_when"]),
    ] {
        for record in stage.odoo.records(DATABASE, model) {
            let id = record["id"].as_i64().unwrap();
            for column in columns {
                stage.odoo.tamper(DATABASE, model, id, column, json!("2020-06-30 19:30:00"));
            }
        }
    }
    shop.product(1001).price = "3".to_owned();
    shop.write(&stage.bench);
    stage.bench.import(&["-q"]).expect(0);
    stage
}

#[test]
fn what_is_old_goes_and_what_is_so_now_stays() {
    for version in [14, 19] {
        let stage = long_in_use(version);
        let bench = &stage.bench;
        let before = stage.all_records();
        let holder =
            |stage: &Stage| stage.bench.run(&["show-history", "--barcode", &ean13(10), "--since", "2020-01-01"]);
        let text = holder(&stage).expect(0).stdout;
        assert!(text.contains("now at polonez 1003"), "{text}");
        bench.run(&["prune", "--keep", "24m", "--dry-run"]).expect(2).says("2 of         8 lines of barcode history");
        let run = bench.run(&["prune", "--keep", "2y", "--dry-run", "--format", "json"]).expect(2);
        let kinds: Vec<(u64, Value)> = as_json(&run)["kinds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|kind| (kind["old"].as_u64().unwrap(), kind["deleted"].clone()))
            .collect();
        // Two barcodes that were lost, the prices of 1001 and 1003 that are others now; the runs are spoken of.
        assert_eq!(kinds, [(2, Value::Null), (2, Value::Null), (0, Value::Null), (0, Value::Null), (0, Value::Null)]);
        assert_eq!(stage.all_records(), before, "a dry run wrote something");
        bench.run(&["prune", "--keep", "10y"]).expect(0).says("Nothing to delete.");
        assert_eq!(stage.all_records(), before, "nothing is old enough");

        bench.run(&["prune", "--keep", "24m", "-v"]).expect(0).says("4 deleted.").says("Z-prune-");
        assert!(holder(&stage).expect(0).stdout.contains("now at polonez 1003"));
        let now = bench.run(&["show-history", "--product", "1003", "--what", "barcodes", "--format", "json"]).expect(0);
        assert_eq!(as_json(&now)["changes"][0]["new"], json!(ean13(10)), "since when it has its code");
        bench.run(&["prune", "--keep", "24m", "-q"]).expect(0);
        bench.run(&["prune", "--keep", "24m", "--dry-run"]).expect(0);
        bench.run(&["runs", "--limit", "1"]).expect(0).says("  prune  done").says("2 lines of price history deleted");
        // The next import has nothing to do, and knows everything that it wrote.
        bench.import(&["--dry-run"]).expect(0).says("Nothing to do: 6 products in step");
        assert_eq!(stage.odoo.records(DATABASE, "x_pz_run").len(), 4, "three imports and one that pruned");
    }
}

#[test]
fn pruning_keeps_nobody_from_work() {
    let stage = long_in_use(19);
    // As when a run at work holds the lease.
    let lane = stage.odoo.records(DATABASE, "x_pz_lane")[0]["id"].as_i64().unwrap();
    for (column, value) in [("x_token", "t"), ("x_holder", "another"), ("x_expires", "2999-01-01 00:00:00")] {
        stage.odoo.tamper(DATABASE, "x_pz_lane", lane, column, json!(value));
    }
    stage.bench.import(&["-q"]).expect(75);
    stage.bench.run(&["prune", "--keep", "24m"]).expect(0).says("4 deleted.");
    for args in [&["prune"][..], &["prune", "--keep", "3w"], &["prune", "--keep", "1d"], &["prune", "--keep", "0m"]] {
        stage.bench.run(args).expect(64);
    }
    // A reader may look and not take away.
    stage.bench.target.user("reader", "pw", &["base.group_user", "erpsync.group_reader"]);
    let mut command = stage.bench.command(&["prune", "--keep", "24m", "--odoo-login", "reader"]);
    let output = command.env_remove("ERPSYNC_ODOO_API_KEY").env("ERPSYNC_ODOO_PASSWORD", "pw").output().unwrap();
    assert_eq!(output.status.code(), Some(77), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_page_for_people() {
    for version in [14, 19] {
        let (stage, mut shop) = in_step(version);
        let bench = &stage.bench;
        shop.product(1001).price = "2".to_owned();
        shop.product(1002).name = "<script>alert(1)</script>".to_owned();
        shop.write(bench);
        let (page, plan) = (bench.path("run.html"), bench.path("plan.json"));
        let (at, kept) = (page.to_str().unwrap(), plan.to_str().unwrap());
        let made = || {
            let text = fs::read_to_string(&page).unwrap();
            assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o600);
            assert!(text.contains("Content-Security-Policy") && text.ends_with("</html>"), "{text}");
            assert_eq!(text.matches("<script").count(), 1, "{text}");
            fs::remove_file(&page).unwrap();
            text
        };
        bench.import(&["--dry-run", "-q", "--report", at, "--out", kept]).expect(2);
        let text = made();
        assert!(text.contains("import-products, dry run") && text.contains("1 name, 1 price"), "{text}");
        bench.run(&["show", kept, "-q", "--report", at]).expect(2);
        assert!(made().contains("erpsync: plan plan.json"));
        bench.run(&["apply", kept, "--report", at]).expect(0);
        let text = made();
        assert!(text.contains("Z-polonez-") && text.contains("done: 2 changed"), "{text}");
        let key = run_keys(&stage).pop().unwrap();
        bench.run(&["revert", "--run", &key, "--report", at, "-q"]).expect(0);
        assert!(made().contains("A run undone"));
        bench.run(&["sync-prices", "--report", at, "-q"]).expect(0);
        assert!(made().contains("erpsync: sync-prices"));
        // What failed is on it; a page that cannot be made is known before servers are asked.
        bench.import(&["-q", "--report", "/nowhere/run.html"]).expect(64).says("no such directory");
        bench.source("DROP TABLE dbo.Products");
        bench.import(&["-q", "--report", at]).expect(78);
        assert!(made().contains("<strong>Failed</strong>: "));
    }
}
