//! A password, a key or a session's cookie is told to the server that it is for, and to nobody else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use erpsync_sandbox::odoo::Fault;

use super::forms;
use super::stage::{SECRETS, Stage};
use crate::common::{Run, SOURCE_PASSWORD};

/// Every subcommand, in an order in which each has something to do; what `{run}` stands for is known by then.
const COMMANDS: [&[&str]; 23] = [
    &["setup", "--admin-login", "admin", "--dry-run"],
    &["setup", "--admin-login", "admin"],
    &["import-products", "--dry-run", "--first-run", "--out", "plan.json"],
    &["show", "plan.json"],
    &["show", "plan.json", "--format", "json"],
    &["apply", "plan.json"],
    &["import-products", "--first-run", "--format", "json"],
    &["import-products", "--first-run", "--format", "lines"],
    &["import-products", "--first-run"],
    &["sync-prices"],
    &["check-barcodes"],
    &["check-barcodes", "--format", "json"],
    &["show-history"],
    &["show-history", "--format", "csv"],
    &["deferred", "list", "--format", "json"],
    &["deferred", "show", "1"],
    &["deferred", "abandon", "1"],
    &["revert", "--run", "{run}"],
    &["runs"],
    &["runs", "--format", "json"],
    &["prune", "--keep", "24m"],
    &["unlock"],
    &["setup", "--admin-login", "admin", "--remove"],
];

/// Statuses that say that a command came as far as its task: done, changes, open, refused by a guard.
const AT_WORK: [i32; 5] = [0, 2, 3, 5, 1];

struct Heap {
    texts: Vec<(String, String)>,
}

impl Heap {
    fn add(&mut self, what: &str, run: Run) {
        self.texts.push((format!("stdout of {what}"), run.stdout));
        self.texts.push((format!("stderr of {what}"), run.stderr));
    }

    fn add_files(&mut self, dir: &Path) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            self.texts.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }

    #[track_caller]
    fn has_none_of(&self, secrets: &BTreeSet<String>) {
        for secret in secrets {
            for form in forms::of(secret) {
                for (what, text) in &self.texts {
                    assert!(!text.contains(&form), "{secret:?} stands as {form:?} in {what}:\n{text}");
                }
            }
        }
    }
}

/// The sessions that Odoo gave out, from what went by.
fn cookies(heard: &str) -> BTreeSet<String> {
    let parts = heard.split("session_id=").skip(1);
    parts.filter_map(|p| p.split([';', '\r', '\n']).next()).filter(|c| c.len() > 8).map(str::to_owned).collect()
}

fn every_command_keeps_every_secret(version: u32) {
    let stage = Stage::new(version);
    let mut heap = Heap { texts: Vec::new() };
    let mut records = Vec::new();
    for command in COMMANDS {
        let key = if command.contains(&"{run}") { stage.run_key() } else { String::new() };
        let args: Vec<&str> = command.iter().map(|a| if *a == "{run}" { key.as_str() } else { *a }).collect();
        let args = [args, vec!["-vvv"]].concat();
        let run = stage.bench.run(&args);
        assert!(AT_WORK.contains(&run.status), "{args:?}: {run:?}");
        heap.add(&format!("{args:?}"), run);
        // What stands in Odoo: the runs' lines, links, history.
        records = stage
            .odoo
            .snapshot("shop")
            .iter()
            .map(|((model, _), r)| (model.clone(), r.to_string()))
            .collect::<Vec<_>>();
        heap.texts.extend(records.iter().filter(|(model, _)| model.starts_with("x_pz_")).cloned());
    }
    assert!(!records.is_empty());
    heap.add_files(stage.bench.path("plan.json").parent().unwrap());
    let heard = stage.wire.heard();
    let mut secrets: BTreeSet<String> = SECRETS.map(str::to_owned).into();
    let cookies = cookies(&heard);
    assert!(!cookies.is_empty(), "the administrator's session at least");
    secrets.extend(cookies);
    heap.has_none_of(&secrets);
    // The source's password is for the source.
    assert!(!heard.contains(SOURCE_PASSWORD));
}

#[test]
fn every_command_keeps_every_secret_14() {
    every_command_keeps_every_secret(14);
}

#[test]
fn every_command_keeps_every_secret_19() {
    every_command_keeps_every_secret(19);
}

/// Refused logins are told without what was refused.
fn wrong_credentials_are_not_told(version: u32) {
    let stage = Stage::new(version);
    stage.bench.setup(&["-q"]).expect(0);
    let wrong = "Wr0ng-Pa55/word+é";
    // A key is ASCII.
    let wrong_key = "ffffffffffffffffffffffffffffffffffffffff";
    let (odoo, wrong_odoo) =
        if version >= 19 { ("ERPSYNC_ODOO_API_KEY", wrong_key) } else { ("ERPSYNC_ODOO_PASSWORD", wrong) };
    let mut heap = Heap { texts: Vec::new() };
    for command in COMMANDS {
        let command: Vec<&str> = command.iter().map(|a| if *a == "{run}" { "x" } else { *a }).chain(["-vvv"]).collect();
        if ["show", "apply"].contains(&command[0]) {
            continue;
        }
        let run = stage.run_with(&command, |c| {
            c.env(odoo, wrong_odoo).env("ERPSYNC_ODOO_ADMIN_PASSWORD", wrong);
        });
        assert_eq!(run.status, 77, "{command:?}: {run:?}");
        heap.add(&format!("{command:?}"), run);
    }
    for command in [&["import-products", "-vvv"][..], &["sync-prices", "-vvv"], &["check-barcodes", "-vvv"]] {
        let run = stage.run_with(command, |c| {
            c.env("ERPSYNC_SOURCE_POLONEZ_PASSWORD", wrong);
        });
        assert_eq!(run.status, 77, "{command:?}: {run:?}");
        heap.add(&format!("{command:?}"), run);
    }
    let mut secrets: BTreeSet<String> = SECRETS.map(str::to_owned).into();
    secrets.extend([wrong.to_owned(), wrong_key.to_owned()]);
    heap.has_none_of(&secrets);
}

#[test]
fn wrong_credentials_are_not_told_14() {
    wrong_credentials_are_not_told(14);
}

#[test]
fn wrong_credentials_are_not_told_19() {
    wrong_credentials_are_not_told(19);
}

/// A secret on the command line would stand in `/proc/PID/cmdline` for everybody: there is no flag for one.
#[test]
fn no_flag_takes_a_secret() {
    let stage = Stage::new(19);
    let commands = [
        "import-products",
        "sync-prices",
        "apply",
        "show",
        "revert",
        "deferred",
        "check-barcodes",
        "unlock",
        "setup",
        "show-history",
        "runs",
        "prune",
    ];
    let sub = [
        ["deferred", "list"],
        ["deferred", "show"],
        ["deferred", "resolve"],
        ["deferred", "abandon"],
        ["deferred", "reset"],
    ];
    let all = commands.iter().map(|c| vec![*c]).chain(sub.iter().map(|s| s.to_vec())).chain([vec![]]);
    for command in all {
        let run = stage.bench.run(&[command.clone(), vec!["--help"]].concat()).expect(0);
        let flags = run.stdout.split_whitespace().filter(|w| w.starts_with("--"));
        for flag in flags {
            let secret =
                ["password", "passwd", "secret", "token", "key", "credential"].iter().any(|w| flag.contains(w));
            assert!(!secret, "{command:?} has {flag}");
        }
        assert!(SECRETS.iter().all(|s| !run.stdout.contains(s)), "{}", run.stdout);
    }
}

/// Nothing of what was given in variables moves into the command line of the process.
#[test]
fn the_process_shows_no_secret() {
    let stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    let mut command = stage.bench.command(&["import-products", "--dry-run", "--first-run", "-vvv"]);
    stage.odoo.fail_next(Fault::Delay(Duration::from_secs(2)));
    let mut child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let id = child.id();
    let shown =
        |name: &str| String::from_utf8_lossy(&fs::read(format!("/proc/{id}/{name}")).unwrap_or_default()).into_owned();
    let mut seen = String::new();
    while !seen.contains("import-products") && child.try_wait().unwrap().is_none() {
        seen = ["cmdline", "comm", "status"].map(shown).concat();
    }
    child.wait().unwrap();
    assert!(seen.contains("import-products"), "{seen}");
    assert!(SECRETS.iter().all(|s| !seen.contains(s)), "{seen}");
}

/// `LoadCredential=` of a unit, as in `examples/systemd/erpsync.service`.
#[test]
fn credentials_of_systemd() {
    let mut stage = Stage::new(14);
    stage.bench.setup(&["-q"]).expect(0);
    let directory = stage.bench.path("credentials");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("source"), format!("{SOURCE_PASSWORD}\n")).unwrap();
    fs::write(directory.join("odoo"), super::stage::SYNC_PASSWORD).unwrap();
    let config = fs::read_to_string(stage.bench.config()).unwrap();
    let config = config
        .replace("user = \"erpsync\"", "user = \"erpsync\"\npassword_credential = \"source\"")
        .replace("login = \"sync\"", "login = \"sync\"\npassword_credential = \"odoo\"");
    fs::write(stage.bench.config(), config).unwrap();
    stage.bench.target.secrets.clear();
    let import = ["import-products", "--first-run", "--dry-run"];
    let without = |c: &mut std::process::Command| {
        c.env_remove("ERPSYNC_SOURCE_POLONEZ_PASSWORD");
    };
    let run = stage.run_with(&import, |c| {
        without(c);
        c.env("CREDENTIALS_DIRECTORY", &directory);
    });
    assert_eq!(run.status, 2, "{run:?}");
    assert_eq!(stage.run_with(&import, without).status, 78);
    let unit = fs::read_to_string("examples/systemd/erpsync.service").unwrap();
    for name in ["source", "odoo"] {
        assert!(unit.contains(&format!("LoadCredential={name}:")), "{unit}");
    }
}

/// What holds a secret does not show it.
#[test]
fn debug_output_shows_no_secret() {
    let secret = || Some(secrecy::SecretString::from("s3cret-of-odoo"));
    let options = erpsync::odoo::ConnectOptions {
        url: "https://odoo.example".to_owned(),
        database: "shop".to_owned(),
        login: "sync".to_owned(),
        password: secret(),
        api_key: secret(),
        transport: erpsync::odoo::TransportChoice::Auto,
        trust: erpsync::odoo::Trust::System,
        timeout: std::time::Duration::from_secs(1),
        retry: erpsync::odoo::Retry::never(),
        hurry: erpsync::odoo::Hurry::default(),
    };
    let shown = format!("{options:?}");
    assert!(!shown.contains("s3cret") && shown.contains("REDACTED"), "{shown}");
}
