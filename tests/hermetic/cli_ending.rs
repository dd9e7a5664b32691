//! How a run ends when something outside ends it: a signal, the deadline, a full disk, a reader that is gone, a lease that
//! somebody freed. The built binary against stand-ins.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::Run;
use crate::common::shop::Shop;
use crate::common::standin::{DATABASE, Stage};
use erpsync_sandbox::mssql::Fault as Source;
use erpsync_sandbox::odoo::Fault;
use serde_json::Value;

/// Longer than anything here takes; a test that comes to it has found a hang.
const LIMIT: Duration = Duration::from_secs(60);

/// A stage whose source has products that Odoo does not have yet, in batches of ten.
fn stage(version: u32, products: i64) -> Stage {
    let stage = Stage::new(version);
    Shop::new(products).write(&stage.bench);
    configure(&stage, "batch_size = 10\nretry_seconds = 3600");
    stage
}

/// Adds lines to `[odoo]`.
fn configure(stage: &Stage, lines: &str) {
    let text = std::fs::read_to_string(stage.bench.config()).unwrap();
    std::fs::write(stage.bench.config(), text.replace("[sync]", &format!("{lines}\n\n[sync]"))).unwrap();
}

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until something has come about.
#[track_caller]
fn until(what: &str, mut there: impl FnMut() -> bool) {
    let began = Instant::now();
    while !there() {
        assert!(began.elapsed() < LIMIT, "not in a minute: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[track_caller]
fn end(mut child: Child) -> Run {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("it hangs: {}", String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { status: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

fn calls(stage: &Stage, name: &str) -> usize {
    stage.odoo.calls().iter().filter(|c| c.name == name).count()
}

fn held(stage: &Stage) -> bool {
    let lanes = stage.odoo.snapshot(DATABASE);
    lanes.iter().any(|((model, _), r)| model == "x_pz_lane" && r["x_token"].is_string())
}

fn products(stage: &Stage) -> usize {
    stage.odoo.snapshot(DATABASE).iter().filter(|((model, _), _)| model == "x_pz_product").count()
}

fn last_run(stage: &Stage, field: &str) -> String {
    let records = stage.odoo.snapshot(DATABASE);
    let (_, run) = records.iter().rfind(|((model, _), _)| model == "x_pz_run").unwrap();
    run[field].as_str().unwrap_or_default().to_owned()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_signal_ends_the_waiting_for_a_server_that_is_away() {
    for (version, name, status) in [(14, "TERM", 143), (19, "INT", 130)] {
        let stage = stage(version, 30);
        for attempt in 0..50 {
            stage.odoo.fail_on("procedure create", usize::from(attempt == 0), Fault::CutBefore);
        }
        let child = start(stage.bench.command(&["import-products"]));
        // One batch through, and the second was asked in vain a few times: it would go on for an hour.
        until("a third attempt", || calls(&stage, "procedure create") >= 4);
        signal(&child, name);
        let run = end(child).expect(status).says("cannot reach Odoo").says("10 created");
        assert!(run.stderr.contains("ending after the batch in flight"), "{}", run.stderr);
        assert_eq!((products(&stage), held(&stage)), (10, false));
        assert_eq!(last_run(&stage, "x_status"), "failed");
    }
}

/// A closed connection would not end a query on every server.
#[test]
fn a_signal_ends_the_query_on_the_source() {
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        let stage = stage(19, 30);
        let source = &stage.bench.mssql;
        source.fail_next(Source::Stall { after_rows: 3 });
        let child = start(stage.bench.command(&["import-products", "--first-run"]));
        until("the query stalls", || source.pending_faults() == 0);
        signal(&child, name);
        end(child).expect(status);
        assert_eq!(source.attentions(), 1, "the server was told to stop");
        assert_eq!((products(&stage), held(&stage)), (0, false));
    }
}

#[test]
fn the_deadline_ends_a_run_between_two_batches() {
    let stage = stage(19, 400);
    for _ in 0..28 {
        stage.odoo.fail_on("procedure create", 0, Fault::Delay(Duration::from_millis(400)));
    }
    let run = end(start(stage.bench.command(&["import-products", "--deadline", "10s"]))).expect(1);
    let done = products(&stage);
    assert!((10..400).contains(&done), "{done} products");
    let run = run.says("Interrupted by --deadline").says(&format!("Interrupted: {done} created"));
    assert!(run.stderr.contains("the deadline is near"), "{}", run.stderr);
    assert!(!held(&stage));
    assert_eq!(last_run(&stage, "x_status"), "interrupted");
    // The next one does the rest.
    let rest = 400 - done;
    stage.bench.import(&["--allow-create"]).expect(0).says(&format!("{rest} created"));
    stage.bench.import(&[]).expect(0).says("Nothing to do");
}

#[test]
fn the_deadline_ends_what_hangs() {
    let stage = stage(14, 30);
    stage.odoo.fail_on("procedure create", 1, Fault::Delay(Duration::from_secs(3600)));
    let text = std::fs::read_to_string(stage.bench.config()).unwrap();
    std::fs::write(stage.bench.config(), text.replace("timeout = 10", "timeout = 3600")).unwrap();
    let run = end(start(stage.bench.command(&["import-products", "--deadline", "10s"]))).expect(1);
    assert!(run.stderr.contains("ended by --deadline while something was on its way"), "{}", run.stderr);
    assert_eq!(products(&stage), 10);
    // Nobody reads: not even a write that hangs keeps it.
    let stage = self::stage(19, 2000);
    let child = start(stage.bench.command(&["import-products", "--dry-run", "--deadline", "10s"]));
    let began = Instant::now();
    let mut child = child;
    while child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < LIMIT, "it hangs");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(child.wait().unwrap().code(), Some(1));
    stage.bench.import(&["--deadline", "5s"]).expect(64).says("10 seconds to 7 days");
    stage.bench.import(&["--deadline", "soon"]).expect(64).says("90s, 50m or 2h");
}

#[test]
fn a_dead_run_is_shown_and_its_lease_freed() {
    for version in [14, 19] {
        let stage = stage(version, 30);
        stage.bench.run(&["unlock"]).expect(0).says("Nobody holds the lease.");
        stage.odoo.fail_on("procedure create", 1, Fault::Delay(Duration::from_secs(3600)));
        let mut child = start(stage.bench.command(&["import-products"]));
        until("the second batch", || stage.odoo.pending_faults() == 0);
        child.kill().unwrap();
        child.wait().unwrap();
        stage.bench.import(&[]).expect(75).says("another run holds the lease").says("erpsync unlock");

        let run = stage.bench.run(&["unlock"]).expect(75).says("(import-products, source polonez), begun 2");
        assert!(run.stdout.contains(&format!("process {}", child.id())), "{}", run.stdout);
        assert!(run.stderr.contains("`erpsync unlock --force` frees it"), "{}", run.stderr);
        let run = stage.bench.run(&["unlock", "--format", "json"]).expect(75);
        let shown: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(shown["held"]["run"]["source"], "polonez");
        assert!((0..=300).contains(&shown["held"]["seconds_left"].as_i64().unwrap()), "{shown}");
        assert_eq!((shown["freed"].as_bool(), &shown["paused"]), (Some(false), &Value::Null));
        assert!(!run.stdout.contains("token"), "{}", run.stdout);
        assert!(held(&stage));

        stage.bench.run(&["unlock", "--force"]).expect(0).says("It is free now");
        assert_eq!(last_run(&stage, "x_status"), "died");
        assert!(last_run(&stage, "x_summary").contains("sync freed the lease"));
        stage.bench.run(&["unlock", "--force"]).expect(0).says("Nobody holds the lease.");
        stage.bench.import(&["--allow-create"]).expect(0).says("20 created");
        assert_eq!(products(&stage), 30);
    }
}

/// A lease that has run out bars nobody.
#[test]
fn an_expired_lease_is_shown_as_such() {
    let stage = stage(19, 30);
    stage.odoo.fail_on("procedure create", 1, Fault::Delay(Duration::from_secs(3600)));
    let mut child = start(stage.bench.command(&["import-products"]));
    until("the second batch", || stage.odoo.pending_faults() == 0);
    child.kill().unwrap();
    child.wait().unwrap();
    stage.odoo.advance_clock(Duration::from_secs(7200));
    stage.bench.run(&["unlock"]).expect(0).says("It ended 115 min ago and goes to the next run.");
    stage.bench.import(&["--allow-create"]).expect(0).says("20 created");
}

#[test]
fn a_full_disk_stops_no_sync() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let stage = stage(19, 30);
    // The report cannot be written; what it would tell is done.
    let mut command = stage.bench.command(&["import-products"]);
    let output = command.stdout(full()).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), products(&stage)), (Some(0), 30), "{stderr}");
    assert!(stderr.contains("the answer was not written: No space left on device"), "{stderr}");
    // Nor the log.
    Shop::new(40).write(&stage.bench);
    let mut command = stage.bench.command(&["import-products", "-vv"]);
    let status = command.stdout(full()).stderr(full()).status().unwrap();
    assert_eq!((status.code(), products(&stage)), (Some(0), 40));
    // What was asked for and cannot be had is a failure.
    let mut command = stage.bench.command(&["import-products", "--dry-run"]);
    assert_eq!(command.stdout(full()).stderr(Stdio::null()).status().unwrap().code(), Some(1));
}

/// The binary on a disk that takes not one byte more.
fn without_space(stage: &Stage, args: &[&str]) -> Run {
    let command = stage.bench.command(args);
    let mut shell = Command::new("bash");
    shell
        .args(["-c", "ulimit -f 0; trap '' XFSZ; exec \"$@\"", "-"])
        .arg(command.get_program())
        .args(command.get_args());
    shell.env_clear().current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    end(start(shell))
}

#[test]
fn a_plan_that_cannot_be_kept_stops_no_sync() {
    let stage = stage(14, 30);
    without_space(&stage, &["import-products", "--dry-run", "--out", "plan.json"]).expect(1).says("was not kept");
    assert_eq!(products(&stage), 0);
    without_space(&stage, &["import-products", "--out", "plan.json"])
        .expect(0)
        .says("plan plan.json was not kept: File too large")
        .says("the run goes on")
        .says("30 created");
    assert_eq!(products(&stage), 30);
    let left: Vec<_> = std::fs::read_dir(stage.bench.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("plan.json")), "{left:?}");
    // With room it is kept, as a record: it has been carried out.
    Shop::new(31).write(&stage.bench);
    stage.bench.import(&["--out", "plan.json"]).expect(0).says("1 created");
    stage.bench.run(&["show", "plan.json"]).expect(2).says("1 to create");
    stage.bench.run(&["apply", "plan.json"]).expect(5);
    assert_eq!(products(&stage), 31);
}
