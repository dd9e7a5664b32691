//! `erpsync init` against stand-ins: with flags alone, and with a person at a terminal; what it writes runs.

#![cfg(unix)]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use crate::common::shop::Shop;
use crate::common::standin::{API_KEY, DATABASE, Stage};
use crate::common::target::SYNC_PASSWORD;
use crate::common::{Run, SOURCE_PASSWORD};

/// A shop and an empty directory.
struct World {
    stage: Stage,
    dir: tempfile::TempDir,
}

impl World {
    fn new(version: u32) -> Self {
        let stage = Stage::new(version);
        Shop::new(20).write(&stage.bench);
        Self { stage, dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn ca(&self) -> String {
        self.stage.bench.path("ca.pem").display().to_string()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_erpsync"));
        command.args(args).env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command
    }

    /// All flags that `init` needs, with the secrets in variables.
    fn complete(&self, more: &[&str]) -> Command {
        let host = format!("localhost,{}", self.stage.bench.mssql.addr().port());
        let ca = self.ca();
        let target = &self.stage.bench.target;
        let odoo = ["--odoo-url", &target.url, "--odoo-database", DATABASE, "--odoo-login", "sync"];
        let source =
            ["--source", "polonez", "--host", &host, "--database", "Trade", "--user", "erpsync", "--ca-file", &ca];
        let mut command = self.command(&[&["init"], &source[..], &odoo[..], more].concat());
        command.env("ERPSYNC_SOURCE_POLONEZ_PASSWORD", SOURCE_PASSWORD);
        for (name, value) in &target.secrets {
            command.env(name, value);
        }
        command
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// What differs from run to run, in words.
    fn same_everywhere(&self, text: &str) -> String {
        text.replace(&self.stage.bench.target.url, "http://odoo").replace(&self.ca(), "CA")
    }
}

fn finish(mut command: Command) -> Run {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn with_flags_alone() {
    for version in [14, 19] {
        let world = World::new(version);
        let before = world.stage.all_records();
        let run = finish(world.complete(&[])).expect(0);
        insta::assert_snapshot!(format!("flags_{version}"), world.same_everywhere(&run.stdout));
        assert_eq!(run.stderr, "");
        let key = if version >= 19 { "odoo.key" } else { "odoo.password" };
        assert_eq!(world.files(), [key, "polonez.password", "sync.toml"]);
        for secret in [key, "polonez.password"] {
            assert_eq!(fs::metadata(world.path(secret)).unwrap().permissions().mode() & 0o777, 0o600, "{secret}");
        }
        assert_eq!(fs::read_to_string(world.path("polonez.password")).unwrap(), format!("{SOURCE_PASSWORD}\n"));
        let text = fs::read_to_string(world.path("sync.toml")).unwrap();
        assert!(text.contains("# How the connection is protected:"), "the comments are there");
        for secret in [SOURCE_PASSWORD, SYNC_PASSWORD, API_KEY] {
            assert!(!text.contains(secret) && !run.stdout.contains(secret), "{secret} in the open");
        }
        assert_eq!(world.stage.all_records(), before, "it wrote something into Odoo");
        world.stage.bench.assert_source_untouched();

        // What it wrote runs, with no variable set.
        finish(world.command(&["doctor"])).expect(0);
        finish(world.command(&["import-products", "--dry-run", "--first-run"])).expect(2).says("20 to create");
    }
}

#[test]
fn nothing_is_overwritten() {
    let world = World::new(14);
    fs::write(world.path("sync.toml"), "mine").unwrap();
    finish(world.complete(&[])).expect(64).says("sync.toml is there already").says("--force");
    fs::remove_file(world.path("sync.toml")).unwrap();
    fs::write(world.path("odoo.password"), "mine").unwrap();
    finish(world.complete(&[])).expect(64).says("odoo.password is there already");
    assert_eq!(world.files(), ["odoo.password"], "nothing else was written");
    assert_eq!(fs::read_to_string(world.path("odoo.password")).unwrap(), "mine");
    finish(world.complete(&["--force"])).expect(0);
    assert_eq!(fs::read_to_string(world.path("odoo.password")).unwrap(), format!("{SYNC_PASSWORD}\n"));
    finish(world.complete(&["--config", "elsewhere/sync.toml"])).expect(64).says("cannot be written");
}

/// The form that its usage names.
#[test]
fn queries_and_columns_as_flags() {
    let world = World::new(14);
    let queries = [
        "--products-query",
        "SELECT ProductID AS Id, ProductName AS [The name], Price FROM dbo.Products; -- all",
        "--barcodes-query",
        "SELECT ProductID AS Id, Barcode AS Code FROM logistics.ProductBarcodes",
    ];
    let with = |columns: &str| world.complete(&[&queries[..], &["--columns", columns]].concat());
    finish(with("Id,The name,Price")).expect(64).says("four names with commas between them");
    finish(with("Id,[The name],Price,Code")).expect(0);
    finish(world.command(&["import-products", "--dry-run", "--first-run"])).expect(2).says("20 to create");
}

/// Several shops of one account: each configuration has its own secrets beside it.
#[test]
fn a_second_configuration_in_one_directory() {
    let world = World::new(14);
    finish(world.complete(&[])).expect(0);
    finish(world.complete(&["--config", "second.toml"])).expect(0).says("second-polonez.password");
    assert_eq!(
        world.files(),
        [
            "odoo.password",
            "polonez.password",
            "second-odoo.password",
            "second-polonez.password",
            "second.toml",
            "sync.toml"
        ]
    );
    finish(world.command(&["doctor", "--config", "second.toml"])).expect(0);
    // A source that is called as its file.
    finish(world.complete(&["--config", "polonez.toml"])).expect(64).says("polonez.password is there already");
}

#[test]
fn a_second_source() {
    let world = World::new(14);
    let host = format!("localhost,{}", world.stage.bench.mssql.addr().port());
    let add = |name: &str, more: &[&str]| {
        let ca = world.ca();
        let own =
            ["init", "--add-source", "--source", name, "--host", &host, "--database", "Trade", "--user", "erpsync"];
        let mut command = world.command(&[&own[..], &["--ca-file", &ca], more].concat());
        command.env("ERPSYNC_SOURCE_WEB_PASSWORD", SOURCE_PASSWORD);
        command.env("ERPSYNC_SOURCE_POLONEZ_PASSWORD", SOURCE_PASSWORD);
        finish(command)
    };
    add("web", &[]).expect(64).says("sync.toml: no such file").says("without --add-source");
    finish(world.complete(&[])).expect(0);
    let before = fs::read_to_string(world.path("sync.toml")).unwrap();
    fs::set_permissions(world.path("sync.toml"), fs::Permissions::from_mode(0o640)).unwrap();
    finish(world.complete(&[])).expect(64).says("--add-source adds a source to it");
    add("polonez", &[]).expect(64).says("has a source polonez already");
    add("web", &["--force"]).expect(64);
    let run = add("web", &[]).expect(0).says("Added to sync.toml: [sources.web]").says("--source web --dry-run");
    assert!(!run.stdout.contains(SOURCE_PASSWORD));
    let after = fs::read_to_string(world.path("sync.toml")).unwrap();
    assert!(after.starts_with(&before) && after.contains("\n[sources.web]\n") && after.matches("[odoo]").count() == 1);
    assert_eq!(fs::metadata(world.path("sync.toml")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(world.files(), ["odoo.password", "polonez.password", "sync.toml", "web.password"]);
    finish(world.command(&["doctor"])).expect(0).says("web");
    finish(world.command(&["import-products", "--source", "web", "--dry-run", "--first-run"])).expect(2);
}

#[test]
fn products_without_barcodes_are_said_to_be_found() {
    let world = World::new(14);
    world.stage.bench.source("DROP TABLE logistics.ProductBarcodes");
    let run = finish(world.complete(&[])).expect(1).says("the products are found (SELECT [ProductID]");
    // What it tells to write is a command.
    let told = run.stderr.split("or name it: ").nth(1).unwrap().trim();
    world.stage.bench.source(
        "CREATE TABLE dbo.Codes (Id int NULL, Code varchar(20) NULL); INSERT INTO dbo.Codes VALUES (1, '73513537')",
    );
    let told = told.replace("SELECT …", "SELECT Id AS ProductID, Code AS BARCODE FROM dbo.Codes");
    let flags = std::process::Command::new("/bin/sh").args(["-c", &format!("printf '%s\\n' {told}")]).output().unwrap();
    let flags = String::from_utf8(flags.stdout).unwrap();
    finish(world.complete(&flags.lines().collect::<Vec<_>>())).expect(0);
}

/// What comes next is copied into a shell: with the file that was named, and with nobody's login that was not told.
#[test]
fn what_comes_next_can_be_copied() {
    let world = World::new(14);
    fs::create_dir(world.path("it's mine")).unwrap();
    let run = finish(world.complete(&["--config", "it's mine/sync.toml"])).expect(0);
    assert!(!run.stdout.contains("--admin-login admin"), "{}", run.stdout);
    let next = |word: &str| {
        let line = run.stdout.lines().find(|line| line.contains(word)).unwrap_or_else(|| panic!("no {word}: {run:?}"));
        line.trim().replace('…', "admin").replace("LOGIN", "admin")
    };
    for (word, status) in [(" setup ", 0), (" doctor", 0), (" import-products ", 2)] {
        let mut shell = Command::new("/bin/sh");
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_erpsync"));
        shell.arg("-c").arg(next(word)).env_clear().current_dir(world.dir.path()).stdin(Stdio::null());
        shell.env("PATH", binary.parent().unwrap());
        finish(shell).expect(status);
    }
}

#[test]
fn secrets_in_variables() {
    let world = World::new(14);
    let run = finish(world.complete(&["--secrets", "environment"])).expect(0);
    let run = run.says("export ERPSYNC_ODOO_PASSWORD=…").says("export ERPSYNC_SOURCE_POLONEZ_PASSWORD=…");
    assert!(!run.stdout.contains(SYNC_PASSWORD));
    assert_eq!(world.files(), ["sync.toml"]);
}

#[test]
fn a_missing_answer_is_named() {
    let world = World::new(14);
    finish(world.command(&["init"])).expect(64).says("init needs --host");
    finish(world.command(&["init", "--host", "x"])).expect(64).says("init needs --database");
    let mut command = world.complete(&[]);
    command.env_remove("ERPSYNC_SOURCE_POLONEZ_PASSWORD");
    finish(command).expect(64).says("the password in $ERPSYNC_SOURCE_POLONEZ_PASSWORD");
    let mut command = world.complete(&[]);
    command.env_remove("ERPSYNC_ODOO_PASSWORD");
    finish(command).expect(64).says("$ERPSYNC_ODOO_PASSWORD or an API key in $ERPSYNC_ODOO_API_KEY");
    finish(world.complete(&["--source", "Große"])).expect(64).says("--source");
    assert_eq!(world.files(), [""; 0]);
}

#[test]
fn servers_that_refuse_are_told_of() {
    let world = World::new(14);
    let mut command = world.complete(&[]);
    command.env("ERPSYNC_SOURCE_POLONEZ_PASSWORD", "wrong");
    finish(command).expect(77).says("18456");
    let mut command = world.complete(&[]);
    command.env("ERPSYNC_ODOO_PASSWORD", "wrong");
    finish(command).expect(77).says("check odoo.login and the password");
    world.stage.bench.source("DROP TABLE logistics.ProductBarcodes");
    finish(world.complete(&[])).expect(1).says("none of the 1 tables and views").says("--products-query");
    world.stage.bench.source("DROP TABLE dbo.Products");
    finish(world.complete(&[])).expect(1).says("none of the 0 tables and views").says("looks like products");
    world
        .stage
        .bench
        .source("CREATE TABLE dbo.Products (ProductID int NULL, ProductName varchar(9) NULL, Price money NULL)");
    let queries = ["--products-query", "SELECT * FROM dbo.Products", "--barcodes-query", "SELECT 1 AS x"];
    finish(world.complete(&queries)).expect(78).says("the query has no column ProductID; it has x");
    assert_eq!(world.files(), [""; 0], "nothing is written before everything was tried");
}

/// A person who waits for a question and answers it.
struct Person {
    child: Child,
    keyboard: File,
    questions: Receiver<Vec<u8>>,
    seen: String,
    /// What was said after the last question that was waited for.
    ahead: String,
}

impl Person {
    fn sits_down(mut command: Command) -> Self {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
        let terminal = File::options().read(true).write(true).open(name).unwrap();
        command.stdin(terminal).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, questions) = mpsc::channel();
        let mut stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(length) = stderr.read(&mut buffer) {
                if length == 0 || sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keyboard: File::from(keyboard), questions, seen: String::new(), ahead: String::new() }
    }

    /// Waits for the question.
    #[track_caller]
    fn is_asked(&mut self, question: &str) {
        let mut waiting = std::mem::take(&mut self.ahead);
        let end = loop {
            if let Some(at) = waiting.find(question) {
                break at + question.len();
            }
            let Ok(bytes) = self.questions.recv_timeout(Duration::from_secs(60)) else {
                panic!("was not asked {question:?}, but\n{}{waiting}", self.seen);
            };
            waiting += &String::from_utf8_lossy(&bytes);
        };
        self.ahead = waiting.split_off(end);
        self.seen += &waiting;
    }

    #[track_caller]
    fn answers(&mut self, question: &str, answer: &str) {
        self.is_asked(question);
        writeln!(self.keyboard, "{answer}").unwrap();
    }

    fn leaves(self) -> Run {
        let Self { child, questions, mut seen, keyboard, ahead } = self;
        seen += &ahead;
        let output = child.wait_with_output().unwrap();
        drop(keyboard);
        while let Ok(bytes) = questions.recv() {
            seen += &String::from_utf8_lossy(&bytes);
        }
        let stdout = String::from_utf8(output.stdout).unwrap();
        Run { status: output.status.code().unwrap(), stdout, stderr: seen }
    }
}

#[test]
fn a_person_who_makes_mistakes() {
    let world = World::new(14);
    let port = world.stage.bench.mssql.addr().port();
    let mut person = Person::sits_down(world.command(&["init"]));
    person.answers("A name for it", "polonez");
    person.answers("SQL Server (HOST", "localhost,9");
    person.answers("Database:", "Trade");
    person.answers("SQL login [erpsync]:", "");
    person.answers("Its password:", SOURCE_PASSWORD);
    person.is_asked("the connection was refused");
    person.answers("SQL Server (HOST", &format!("localhost,{port}"));
    person.answers("Database [Trade]:", "");
    person.answers("SQL login [erpsync]:", "");
    person.answers("Its password (empty: as before)", "");
    person.answers("How shall the connection be protected?", "perhaps");
    person.answers("Please answer ca-file or trust-any or off", "ca-file");
    person.answers("The file with the authority's certificate", &world.ca());
    person.answers("Is this right? (yes, no) [yes]:", "no");
    person.answers(
        "SELECT for id, name and price [SELECT [ProductID]",
        "SELECT ProductID, ProductName, Price FROM dbo.Products",
    );
    person.answers("SELECT for id and barcode", "SELECT ProductID, Barcode FROM logistics.Nowhere");
    for column in ["id's", "name's", "price's", "barcode's"] {
        person.answers(&format!("The {column} column"), "");
    }
    person.answers("Invalid object name 'logistics.Nowhere'", "");
    person.answers("SELECT for id and barcode", "SELECT ProductID, Barcode FROM logistics.ProductBarcodes");
    for column in ["id's", "name's", "price's", "barcode's"] {
        person.answers(&format!("The {column} column"), "");
    }
    person.answers("Is this right?", "");
    person.answers("Odoo's address", &world.stage.bench.target.url);
    person.answers("Odoo's database", "elsewhere");
    person.answers("The account's login", "sync");
    person.answers("Its password (empty for an API key", "a slip of the finger");
    person.answers("Odoo's address", "");
    person.answers("Odoo's database [elsewhere]:", DATABASE);
    person.answers("The account's login [sync]:", "");
    person.answers("Its password (empty: as before)", SYNC_PASSWORD);
    person.answers("Keep the secrets in files", "");
    let run = person.leaves().expect(0).says("Written: sync.toml, odoo.password, polonez.password");
    for secret in [SOURCE_PASSWORD, SYNC_PASSWORD] {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret));
    }
    finish(world.command(&["doctor"])).expect(0);
}

#[test]
fn a_person_who_thinks_better_of_it() {
    let world = World::new(14);
    let mut person = Person::sits_down(world.command(&["init"]));
    person.answers("A name for it", "");
    person.is_asked("SQL Server (HOST");
    // The end of the input, as a terminal knows it.
    person.keyboard.write_all(&[4]).unwrap();
    person.leaves().expect(64).says("the input ended before --host was answered; nothing was written");
    assert_eq!(world.files(), [""; 0]);
    let mut person = Person::sits_down(world.command(&["init"]));
    person.is_asked("A name for it");
    let id = rustix::process::Pid::from_child(&person.child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    person.leaves().expect(143);
    assert_eq!(world.files(), [""; 0]);
}
