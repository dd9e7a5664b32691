//! `sync-prices`, kept plans and `revert` against stand-ins: the main story of each, and what is refused without a trace.

use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;

use crate::common::Run;
use crate::common::shop::{Shop, ean13};
use crate::common::standin::{DATABASE, Stage};
use erpsync_sandbox::odoo::{Edit, Fault};
use serde_json::{Value, json};

/// A shop that was imported once, with its plan in a file of the bench.
struct Desk {
    stage: Stage,
    shop: Shop,
}

impl Desk {
    fn new(version: u32) -> Self {
        let stage = Stage::new(version);
        let shop = Shop::new(10);
        shop.write(&stage.bench);
        stage.bench.import(&["-q"]).expect(0);
        Self { stage, shop }
    }

    /// The same, with news in the source: a price, a name, two barcodes that change places.
    fn with_news(version: u32) -> Self {
        let mut desk = Self::new(version);
        desk.shop.product(1002).price = "40".to_owned();
        desk.shop.product(1003).name = "Новое".to_owned();
        desk.shop.rotate(&[1004, 1005]);
        desk.shop.write(&desk.stage.bench);
        desk
    }

    fn run(&self, args: &[&str]) -> Run {
        if let ["import-products" | "sync-prices"] = args {
            self.stage.bench.assert_full_is_the_same(args[0], &[]);
        }
        self.stage.bench.run(args)
    }

    /// Keeps a plan and tells its path.
    fn keep(&self, name: &str) -> String {
        self.run(&["import-products", "--dry-run", "-q", "--out", name]).expect(2);
        self.stage.bench.path(name).to_str().unwrap().to_owned()
    }

    /// What Odoo has of a product: name, price, barcode.
    fn has(&self, name: &str) -> (f64, Option<String>) {
        let product = self.stage.odoo.product(DATABASE, name);
        (product.price, product.barcode)
    }

    /// The key of the last run that changed something.
    fn last_run(&self) -> String {
        let runs = self.stage.odoo.records(DATABASE, "x_pz_run");
        runs.iter().rev().find(|r| r["x_changed"] != 0).unwrap()["x_key"].as_str().unwrap().to_owned()
    }

    /// Runs something that must change nothing but runs and lease.
    #[track_caller]
    fn refuses(&self, args: &[&str], status: i32) -> Run {
        let before = self.stage.records();
        let run = self.run(args).expect(status);
        assert_eq!(self.stage.records(), before, "{args:?} wrote something");
        run
    }
}

#[test]
fn prices_and_nothing_else() {
    for version in [14, 19] {
        let desk = Desk::with_news(version);
        let before = desk.stage.all_records();
        desk.run(&["sync-prices", "--dry-run"]).expect(2).says("price");
        assert_eq!(desk.stage.all_records(), before, "a dry run wrote something");
        desk.run(&["sync-prices"]).expect(0).says("1 changed");
        assert_eq!(desk.has(&desk.shop.products[&1002].name).0.to_bits(), 40f64.to_bits());
        let code = desk.has(&desk.shop.products[&1004].name).1;
        assert_eq!(code, Some(ean13(30)), "barcodes wait for the import");
        let quiet = desk.refuses(&["sync-prices", "-q"], 0);
        assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
        desk.run(&["import-products"]).expect(0).says("1 name").says("2 barcodes moved");
    }
}

#[test]
fn prices_of_nobody() {
    let desk = Desk::with_news(19);
    for only in ["77", "1002,77"] {
        desk.refuses(&["sync-prices", "--only", only], 64).says("no product 77");
    }
    for only in ["", " ", "1002,,1003"] {
        desk.refuses(&["sync-prices", "--only", only], 64).says("the id is empty");
    }
    desk.refuses(&["sync-prices", "--source", "nobody"], 78).says("nobody");
    desk.refuses(&["sync-prices", "--limit", "1"], 64);
    desk.run(&["sync-prices", "--only", "1002,1002", "--format", "json"]).expect(0).says("erpsync-report");
    desk.stage.bench.source("DELETE FROM dbo.Products");
    desk.refuses(&["sync-prices"], 5).says("empty-source");
    desk.refuses(&["sync-prices", "-q", "--format", "json"], 5).says("empty-source");
}

#[test]
fn a_plan_is_kept_shown_and_applied() {
    for version in [14, 19] {
        let desk = Desk::with_news(version);
        let before = desk.stage.all_records();
        let plan = desk.keep("plan.json");
        assert_eq!(desk.stage.all_records(), before, "keeping a plan wrote something");
        let left: Vec<_> = fs::read_dir(desk.stage.bench.path("")).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{left:?}");
        let shown = desk.run(&["show", &plan]).expect(2).says("Новое").says("40").stdout;
        let dry = desk.run(&["import-products", "--dry-run"]).expect(2).stdout;
        assert!(shown.ends_with(&dry), "{shown}\n---\n{dry}");
        let document: Value =
            serde_json::from_str(&desk.run(&["show", &plan, "--format", "json"]).expect(2).stdout).unwrap();
        assert_eq!((&document["format"], &document["version"]), (&json!("erpsync-plan"), &json!(1)));
        assert_eq!(desk.run(&["show", &plan, "-q"]).expect(2).stdout, "");

        // What was looked at is what is done, whatever the source has by now.
        desk.stage.bench.source("UPDATE dbo.Products SET Price = 77 WHERE ProductID = 1002");
        desk.run(&["apply", &plan]).expect(0).says("2 barcodes moved");
        assert_eq!(desk.has(&desk.shop.products[&1002].name).0.to_bits(), 40f64.to_bits());
        assert_eq!(desk.has(&desk.shop.products[&1004].name).1, Some(desk.shop.products[&1004].barcodes[0].clone()));
        desk.refuses(&["apply", &plan], 5).says("the plan was carried out already");
        desk.refuses(&["apply", &plan, "--max-age", "0"], 5).says("older than 0 hours");
    }
}

#[test]
fn a_file_that_is_no_plan() {
    let desk = Desk::with_news(19);
    let plan = desk.keep("plan.json");
    let good = fs::read_to_string(&plan).unwrap();
    let path = |name: &str| desk.stage.bench.path(name);
    fs::write(path("cut"), &good[..good.len() / 2]).unwrap();
    fs::write(path("empty"), "").unwrap();
    fs::write(path("edited"), good.replace("\"40\"", "\"4\"")).unwrap();
    fs::write(path("latin"), b"{\"format\": \"\xe9\"}").unwrap();
    fs::write(path("newer"), good.replacen("\"version\": 3", "\"version\": 4", 1)).unwrap();
    fs::write(path("report"), desk.run(&["import-products", "--dry-run", "--format", "json"]).expect(2).stdout)
        .unwrap();
    fs::create_dir(path("directory")).unwrap();
    let sparse = File::create(path("huge")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    std::os::unix::fs::symlink("nowhere", path("dangling")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
    for (name, said) in [
        ("cut", "damaged or cut off"),
        ("empty", "damaged or cut off"),
        ("edited", "checksum"),
        ("latin", "it is no text"),
        ("newer", "format 3"),
        ("report", "no plan that was kept with --out"),
        ("directory", "it is no file"),
        ("huge", "more than any plan"),
        ("dangling", "no such file"),
        ("fifo", "it is no file"),
        ("/dev/zero", "it is no file"),
        ("absent", "no such file"),
    ] {
        for command in ["apply", "show"] {
            let run = desk.refuses(&[command, name], 64).says(name).says(said);
            assert!(!run.stderr.contains("--help"), "help does not help: {}", run.stderr);
        }
    }
    // A link to a plan is as good as the plan.
    std::os::unix::fs::symlink("plan.json", path("link")).unwrap();
    desk.run(&["apply", "link"]).expect(0);
}

#[test]
fn where_a_plan_cannot_be_kept() {
    let desk = Desk::with_news(19);
    let path = |name: &str| desk.stage.bench.path(name);
    let keep = |out: &str| desk.refuses(&["import-products", "--dry-run", "--out", out], 64);
    fs::create_dir(path("directory")).unwrap();
    fs::write(path("old.json"), "mine").unwrap();
    let mut rights = fs::metadata(path("old.json")).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(path("old.json"), rights).unwrap();
    std::os::unix::fs::symlink("nowhere", path("dangling")).unwrap();
    desk.stage.odoo.clear_calls();
    keep("absent/plan.json").says("no such directory");
    keep("directory").says("no file");
    keep("old.json").says("read-only");
    keep("dangling").says("a link to nowhere");
    keep("").says("--out");
    // What is no file is not replaced by one.
    keep("/dev/full").says("no file");
    assert!(!fs::metadata("/dev/full").unwrap().is_file());
    assert_eq!(fs::read_to_string(path("old.json")).unwrap(), "mine");
    assert!(desk.stage.odoo.calls().is_empty(), "it is known before anybody is asked");
    assert!(!path("plan.json").exists());

    // A link stays one, and what it leads to is written.
    fs::write(path("target.json"), "old").unwrap();
    std::os::unix::fs::symlink("target.json", path("link.json")).unwrap();
    desk.run(&["import-products", "--dry-run", "--limit", "1", "--out", "link.json"]).expect(2);
    assert!(path("link.json").is_symlink());
    desk.run(&["show", "target.json", "--format", "lines"]).expect(2);
    desk.run(&["apply", "link.json"]).expect(0).says("1 changed");

    // Two sources have two plans.
    let config = fs::read_to_string(desk.stage.bench.config()).unwrap();
    let (_, rest) = config.split_once("[sources.polonez]").unwrap();
    let (source, _) = rest.split_once("[odoo]").unwrap();
    fs::write(desk.stage.bench.config(), format!("{config}\n[sources.other]{source}")).unwrap();
    keep("plan.json").says("--source");
    desk.run(&["import-products", "--dry-run", "--source", "polonez", "--out", "plan.json"]).expect(2);
    // A plan of a source that is configured no longer.
    fs::write(desk.stage.bench.config(), config.replace("sources.polonez", "sources.other")).unwrap();
    desk.refuses(&["apply", "plan.json"], 78).says("polonez");
}

#[test]
fn a_plan_that_does_not_fit_any_longer() {
    for version in [14, 19] {
        let desk = Desk::with_news(version);
        let plan = desk.keep("plan.json");
        let product = desk.stage.odoo.product(DATABASE, &desk.shop.products[&1002].name);
        desk.stage.odoo.edit(DATABASE, product.id, Edit::Price(5.0));
        desk.refuses(&["apply", &plan], 5).says("stale").says("1002 changed");
        desk.stage.odoo.edit(DATABASE, product.id, Edit::Price(product.price));
        // Another database; the stand-in's have an id by version.
        let other = Desk::with_news(33 - version);
        other.refuses(&["apply", &plan], 78).says("made for database");
        // A plan that a guard refused stays refused.
        let config = fs::read_to_string(desk.stage.bench.config()).unwrap();
        let strict = format!("{config}\n[sync.guards]\nmax_changes = {{ count = 0, percent = 0 }}\n");
        fs::write(desk.stage.bench.config(), strict).unwrap();
        desk.refuses(&["import-products", "--dry-run", "--out", "refused.json"], 5);
        desk.refuses(&["show", "refused.json"], 5);
        desk.refuses(&["apply", "refused.json"], 5).says("refused when it was made");
    }
}

#[test]
fn a_run_is_undone() {
    for version in [14, 19] {
        let desk = Desk::with_news(version);
        let old = Shop::new(10);
        desk.run(&["import-products", "-q"]).expect(0);
        let run = desk.last_run();
        let before = desk.stage.all_records();
        desk.run(&["revert", "--run", &run, "--dry-run"]).expect(2).says("undone");
        assert_eq!(desk.stage.all_records(), before, "a dry run wrote something");
        let ending = run.rsplit('-').next().unwrap();
        desk.run(&["revert", "--run", ending, "--only", "1002"]).expect(0).says("1 changed");
        let price: f64 = old.products[&1002].price.parse().unwrap();
        assert_eq!(desk.has(&old.products[&1002].name).0.to_bits(), price.to_bits());
        desk.run(&["revert", "--run", &run, "--format", "json"]).expect(0).says("erpsync-report");
        for id in [1003, 1004, 1005] {
            let row = &old.products[&id];
            assert_eq!(desk.has(&row.name).1.as_ref(), row.barcodes.first(), "{id}");
        }
        desk.run(&["import-products", "-q"]).expect(0);
        assert_eq!(desk.has(&old.products[&1002].name).0.to_bits(), price.to_bits(), "the import leaves it so");
    }
}

#[test]
fn a_run_that_is_not_there() {
    let desk = Desk::with_news(14);
    desk.run(&["import-products", "-q"]).expect(0);
    let run = desk.last_run();
    desk.refuses(&["revert"], 64);
    for key in ["", "  "] {
        desk.refuses(&["revert", "--run", key], 64).says("--run is empty");
    }
    for key in ["nonsense", "%", "_", "2%", "\\", "' or 1=1"] {
        desk.refuses(&["revert", "--run", key], 1).says("no run");
    }
    desk.refuses(&["revert", "--run", "20"], 64).says("fits several runs").says(&run);
    desk.refuses(&["revert", "--run", &run, "--only", "1009"], 64).says("changed nothing of 1009");
    desk.refuses(&["revert", "--run", &run, "--only", " "], 64).says("the id is empty");
    let config = fs::read_to_string(desk.stage.bench.config()).unwrap();
    fs::write(desk.stage.bench.config(), config.replace("sources.polonez", "sources.other")).unwrap();
    let mut command = desk.stage.bench.command(&["revert", "--run", &run]);
    let output = command.env("ERPSYNC_SOURCE_OTHER_PASSWORD", crate::common::SOURCE_PASSWORD).output().unwrap();
    assert_eq!(output.status.code(), Some(64), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The commands that write, with what they need.
fn writing<'a>(plan: &'a str, run: &'a str) -> [Vec<&'a str>; 3] {
    [vec!["sync-prices"], vec!["apply", plan], vec!["revert", "--run", run]]
}

#[test]
fn nothing_is_written_while_it_is_paused_or_without_rights() {
    let desk = Desk::with_news(14);
    let plan = desk.keep("plan.json");
    desk.run(&["import-products", "-q", "--only", "1003"]).expect(0);
    let run = desk.last_run();
    let switch = desk.stage.odoo.records(DATABASE, "x_pz_pause").remove(0)["id"].as_i64().unwrap();
    let pause = |on: bool| desk.stage.odoo.tamper(DATABASE, "x_pz_pause", switch, "x_paused", json!(on));
    pause(true);
    for args in writing(&plan, &run) {
        desk.refuses(&args, 75).says("paused");
    }
    desk.run(&["sync-prices", "--dry-run"]).expect(2);
    pause(false);
    for args in writing(&plan, &run) {
        let before = desk.stage.all_records();
        let output = desk.stage.bench.command(&args).env("ERPSYNC_ODOO_PASSWORD", "wrong").output().unwrap();
        assert_eq!(output.status.code(), Some(77), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(desk.stage.all_records(), before);
    }
    desk.stage.bench.setup(&["-q", "--remove"]).expect(0);
    for args in writing(&plan, &run) {
        desk.refuses(&args, 78).says("erpsync setup");
    }
}

/// Every command that prints an answer, with its status.
fn answers<'a>(plan: &'a str, run: &'a str) -> Vec<(Vec<&'a str>, i32)> {
    let mut all = vec![
        (vec!["--help"], 0),
        (vec!["--version"], 0),
        (vec!["revert", "--help"], 0),
        (vec!["deferred", "show", "1"], 0),
        (vec!["deferred", "show", "1", "--format", "json"], 0),
        (vec!["deferred", "resolve", "1", "--choose", "keep", "--dry-run"], 2),
        (vec!["check-barcodes", "--list-codes"], 0),
        (vec!["setup", "--dry-run", "--admin-login", "admin", "--grant", "reader"], 2),
    ];
    for format in ["text", "json", "csv"] {
        all.push((vec!["deferred", "list", "--format", format], 3));
        all.push((vec!["show-history", "--format", format], 0));
        all.push((vec!["check-barcodes", "--format", format], 0));
    }
    for format in ["text", "lines", "json"] {
        all.push((vec!["import-products", "--dry-run", "--format", format], 2));
        all.push((vec!["sync-prices", "--dry-run", "--format", format], 2));
        all.push((vec!["show", plan, "--format", format], 2));
        all.push((vec!["revert", "--run", run, "--dry-run", "--format", format], 2));
    }
    all
}

/// A desk with something to show for every command.
fn desk_with_answers() -> (Desk, String, String) {
    let mut desk = Desk::new(19);
    desk.stage.bench.target.user("reader", "reader", &["base.group_user"]);
    desk.shop.product(1003).name = "Новое".to_owned();
    desk.shop.product(1006).price = "999999".to_owned();
    desk.shop.write(&desk.stage.bench);
    desk.run(&["import-products", "-q"]).expect(3);
    let run = desk.last_run();
    desk.shop.product(1002).price = "40".to_owned();
    desk.shop.write(&desk.stage.bench);
    let plan = desk.keep("plan.json");
    (desk, plan, run)
}

#[test]
fn a_reader_that_went_away_changes_no_status() {
    let (desk, plan, run) = desk_with_answers();
    for (args, status) in answers(&plan, &run) {
        let mut command = desk.stage.bench.command(&args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(status), ""), "{args:?}");
    }
}

#[test]
fn an_answer_that_was_not_written_is_a_failure() {
    let (desk, plan, run) = desk_with_answers();
    for (args, _) in answers(&plan, &run) {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = desk.stage.bench.command(&args).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?} {said}");
        assert!(
            said.contains("No space left") || args.contains(&"--help") || args[0] == "--version",
            "{args:?} {said}"
        );
    }
    // What is done is done, though it cannot be told.
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = desk.stage.bench.command(&["apply", &plan]).stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("the answer was not written"), "{said}");
    assert_eq!(desk.has(&desk.shop.products[&1002].name).0.to_bits(), 40f64.to_bits());
}

#[test]
fn a_refusal_that_nobody_reads_is_one() {
    let desk = Desk::new(19);
    desk.stage.bench.source("DELETE FROM dbo.Products");
    for command in ["sync-prices", "import-products"] {
        let mut command = desk.stage.bench.command(&[command, "--format", "json"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(5), "{command:?}");
    }
}

#[test]
fn lists_are_written_with_commas_everywhere() {
    let (desk, ..) = desk_with_answers();
    desk.run(&["deferred", "list", "--kind", "drift,price-jump"]).expect(3).says("price-jump");
    desk.run(&["deferred", "list", "--kind", "drift,no-price"]).expect(0);
    desk.run(&["check-barcodes", "--only", "duplicate-in-source,duplicate-in-odoo"]).expect(0);
    desk.run(&["check-barcodes", "--only", "duplicate-in-source,nonsense"]).expect(64).says("nonsense");
    desk.run(&["show-history", "--what", "prices,names"]).expect(0).says("Новое");
}

#[test]
fn quiet_is_quiet() {
    let (desk, plan, run) = desk_with_answers();
    for (args, status) in answers(&plan, &run).into_iter().skip(3) {
        let quiet = desk.run(&[&args[..], &["-q"]].concat()).expect(status);
        assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""), "{args:?}");
    }
}

#[test]
fn a_signal_before_anything_is_written() {
    let desk = Desk::with_news(19);
    let plan = desk.keep("plan.json");
    desk.run(&["import-products", "-q", "--only", "1003"]).expect(0);
    let run = desk.last_run();
    for args in writing(&plan, &run) {
        let before = desk.stage.records();
        desk.stage.odoo.fail_on("procedure snapshot", 0, Fault::Delay(Duration::from_secs(5)));
        let child = desk.stage.bench.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while desk.stage.odoo.pending_faults() > 0 {
            std::thread::sleep(Duration::from_millis(10));
        }
        let pid = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(130), "{args:?}: {said}");
        assert!(said.contains("nothing was changed"), "{said}");
        assert_eq!(desk.stage.records(), before, "{args:?} wrote something");
    }
}
