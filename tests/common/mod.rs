//! What the end-to-end tests share: a source that the test owns, an Odoo that somebody brought up, and the built binary
//! between them.

#![allow(dead_code, missing_docs)]

/// Each scenario once on each version, as a test of its own. The two versions take turns: one server has one processor's
/// worth of work in it, whatever is asked of it at once.
#[allow(unused_macros, reason = "for the suites against real servers")]
macro_rules! on_both {
    ($($name:ident: $scenario:path,)*) => {
        $(mod $name {
            use super::*;

            #[test]
            #[ignore = "needs a real Odoo 14"]
            fn on_14() {
                $scenario($crate::common::version(14))
            }

            #[test]
            #[ignore = "needs a real Odoo 19"]
            fn on_19() {
                $scenario($crate::common::version(19))
            }
        })*
    };
}

pub mod conformance;
pub mod docs;
pub mod faults;
pub mod front;
pub mod hostile;
pub mod monitor;
pub mod psql;
pub mod ready;
pub mod shop;
pub mod standin;
pub mod target;
pub mod tds_proxy;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use erpsync_sandbox::mssql::{Encryption, MssqlOptions, MssqlServer};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use target::Target;

/// The version that a test of 14 or 19 is about: that one, or another in its place, `ERPSYNC_TEST_ODOO14_AS=17`.
pub fn version(usual: u32) -> u32 {
    let name = format!("ERPSYNC_TEST_ODOO{usual}_AS");
    std::env::var(&name).map_or(usual, |version| version.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// Whether everything is tried where there are hundreds of one kind: `ERPSYNC_TEST_FULL=1`, which `.ci/full` sets.
pub fn full() -> bool {
    std::env::var_os("ERPSYNC_TEST_FULL").is_some()
}

/// What a run of the binary printed and how it ended.
#[derive(Debug)]
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Checks the status and shows everything when it is another one.
    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "status\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Checks that a text was printed.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "no {text:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

/// The source's password: odd characters, and easy to find where it must not be.
pub const SOURCE_PASSWORD: &str = "Src-Pa55;word=1'";

/// A source, a target, a configuration.
pub struct Bench {
    pub runtime: Runtime,
    pub mssql: MssqlServer,
    pub target: Target,
    dir: TempDir,
    extra: String,
}

impl Bench {
    /// Starts a source with the seed's two tables and writes a configuration for it and the target.
    pub fn new(target: Target) -> Self {
        Self::on(Self::runtime(), target)
    }

    /// What the servers of a test run on.
    pub fn runtime() -> Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    }

    /// The same on a runtime that carries other servers already.
    pub fn on(runtime: Runtime, target: Target) -> Self {
        Self::encrypted(runtime, target, Encryption::On)
    }

    /// The same with a source that encrypts as it is told.
    pub fn encrypted(runtime: Runtime, target: Target, encryption: Encryption) -> Self {
        let options = MssqlOptions {
            login: "erpsync".to_owned(),
            password: SOURCE_PASSWORD.to_owned(),
            database: "Trade".to_owned(),
            encryption,
            ..MssqlOptions::default()
        };
        let mssql = runtime.block_on(MssqlServer::start(options)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), mssql.ca_pem().unwrap_or_default()).unwrap();
        let bench = Self { runtime, mssql, target, dir, extra: String::new() };
        bench.source(
            "CREATE TABLE dbo.Products (ProductID int NULL, ProductName nvarchar(max) NULL, Price money NULL);
             CREATE TABLE logistics.ProductBarcodes (ProductID int NULL, Barcode nvarchar(max) NULL)",
        );
        bench.write_config();
        bench
    }

    /// Adds lines to the end of the configuration, which is `[sync]`.
    pub fn with(mut self, extra: &str) -> Self {
        self.extra = extra.to_owned();
        self.write_config();
        self
    }

    /// Adds a product to Odoo's side of the configuration, `[odoo]`.
    fn write_config(&self) {
        let Target { url, database, login, odoo_extra, .. } = &self.target;
        let port = self.mssql.addr().port();
        let tls = match self.mssql.ca_pem() {
            Some(_) => "tls = \"ca-file\"\nca_file = \"ca.pem\"",
            None => "tls = \"off\"",
        };
        let text = format!(
            r#"
[sources.polonez]
host = "localhost"
port = {port}
database = "Trade"
user = "erpsync"
{tls}

[odoo]
url = "{url}"
database = "{database}"
login = "{login}"
{odoo_extra}

[sync]
lock_file = "run.lock"
{}
"#,
            self.extra
        );
        std::fs::write(self.config(), text).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("sync.toml")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Changes the source, as its owner would.
    #[track_caller]
    pub fn source(&self, sql: &str) {
        self.mssql.execute(sql).unwrap_or_else(|e| panic!("{e:?} in {sql}"));
    }

    /// The built binary with this configuration and the secrets, and nothing else of the environment.
    pub fn command(&self, args: &[&str]) -> Command {
        self.prepare(Command::new(env!("CARGO_BIN_EXE_erpsync")), &self.config(), args)
    }

    /// The same, begun by another program that is given the binary as its last argument, and with another configuration.
    pub fn command_by(&self, mut program: Command, config: &Path, args: &[&str]) -> Command {
        program.arg(env!("CARGO_BIN_EXE_erpsync"));
        self.prepare(program, config, args)
    }

    fn prepare(&self, mut command: Command, config: &Path, args: &[&str]) -> Command {
        command.args(args).arg("--config").arg(config).env_clear().current_dir(self.dir.path());
        command.env("ERPSYNC_SOURCE_POLONEZ_PASSWORD", SOURCE_PASSWORD).stdin(Stdio::null());
        for (name, value) in &self.target.secrets {
            command.env(name, value);
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Run {
        let output = self.command(args).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Run { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    pub fn import(&self, args: &[&str]) -> Run {
        self.run(&[&["import-products"], args].concat())
    }

    /// A dry run by digests comes to what a dry run that compares everything comes to.
    #[track_caller]
    pub fn assert_full_is_the_same(&self, command: &str, args: &[&str]) {
        let plan = |more: &[&str]| self.run(&[&[command, "--dry-run", "--format", "json"], more, args].concat());
        let (narrow, full) = (plan(&[]), plan(&["--full"]));
        assert_eq!((narrow.status, narrow.stdout), (full.status, full.stdout), "{}\n{}", narrow.stderr, full.stderr);
    }

    /// `setup` as the administrator, letting the sync account in.
    pub fn setup(&self, args: &[&str]) -> Run {
        let _turn = Self::rebuilding(self.target.version);
        self.run(&[&["setup", "--admin-login", "admin"], args].concat())
    }

    /// Threads of Odoo 14 that rebuild the models of two databases at the same time trip over each other: one at a time.
    pub fn rebuilding(version: u32) -> std::sync::MutexGuard<'static, ()> {
        static TURNS: [std::sync::Mutex<()>; 2] = [const { std::sync::Mutex::new(()) }; 2];
        TURNS[usize::from(version >= 19)].lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The source was read and nothing else: no write came, and every statement is one that only reads.
    #[track_caller]
    pub fn assert_source_untouched(&self) {
        const COUNT: &str = ";\nSELECT ROWCOUNT_BIG() AS [rows]";
        assert_eq!(self.mssql.refused_writes(), Vec::<String>::new());
        for batch in self.mssql.batches() {
            let reads = batch.strip_suffix(COUNT).unwrap_or(&batch);
            let known = match reads.split(' ').next() {
                Some("SELECT") => {
                    // What stands in quotes is data, such as the name of a right that is asked for.
                    let said = reads.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
                    let mut words = said.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_uppercase);
                    let writes = ["INTO", "INSERT", "UPDATE", "DELETE", "MERGE", "EXEC", "EXECUTE", "DROP", "ALTER"];
                    !reads.contains(';') && !words.any(|word| writes.contains(&word.as_str()))
                }
                Some("SET") => {
                    reads.starts_with("SET LOCK_TIMEOUT ") && reads.ends_with("; SET DEADLOCK_PRIORITY LOW")
                        || reads.starts_with("SET TRANSACTION ISOLATION LEVEL ")
                }
                _ => ["BEGIN TRANSACTION", "COMMIT TRANSACTION"].contains(&reads),
            };
            assert!(known, "not a statement that only reads: {batch}");
        }
    }
}
