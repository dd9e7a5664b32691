//! The built binary, run as cron runs it: a configuration file, secrets in the environment, and nothing else of it.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::measure::{self, Usage};
use crate::odoo::{Odoo, PASSWORD};
use crate::source::{LOGIN, Source};

/// The binary and a place for its files.
pub struct Tool {
    binary: PathBuf,
    directory: tempfile::TempDir,
}

/// Between which servers it runs.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// SQL Server's stand-in.
    pub source: &'a Source,
    /// Odoo.
    pub odoo: &'a Odoo,
    /// Odoo's database.
    pub database: &'a str,
    /// An API key, where there are API keys for every program: checking a password takes Odoo 19 half a second.
    pub key: Option<&'a str>,
}

/// What a run is set to.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Connections to Odoo; 0 leaves the default.
    pub connections: u32,
    /// Records a call; 0 leaves the default.
    pub batch: u64,
}

/// Everything as it is by default.
pub const DEFAULTS: Settings = Settings { connections: 0, batch: 0 };

impl Tool {
    /// Takes a binary.
    pub fn new(binary: PathBuf) -> Result<Self> {
        Ok(Self { binary, directory: tempfile::tempdir()? })
    }

    /// A place for files that are not kept.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn configure(&self, place: Place<'_>, settings: Settings) -> Result<()> {
        let Place { source, odoo, database, .. } = place;
        let mut extra = String::new();
        if settings.connections > 0 {
            extra += &format!("connections = {}\n", settings.connections);
        }
        if settings.batch > 0 {
            extra += &format!("batch_size = {}\n", settings.batch);
        }
        let text = format!(
            r#"[sources.bench]
host = "localhost"
port = {}
database = "{}"
user = "{}"
tls = "ca-file"
ca_file = "{}"

[odoo]
url = "{}"
database = "{database}"
login = "sync"
{extra}
[sync]
lock_file = "run.lock"
"#,
            source.port,
            LOGIN.2,
            LOGIN.0,
            source.ca.display(),
            odoo.url
        );
        std::fs::write(self.directory().join("sync.toml"), text)?;
        Ok(())
    }

    /// Runs a command.
    ///
    /// # Errors
    /// When it ends with a status that is not expected.
    pub fn run(&self, place: Place<'_>, settings: Settings, arguments: &[&str], expected: &[i32]) -> Result<Usage> {
        self.configure(place, settings)?;
        measure::run(&self.binary, arguments, &self.directory().join("tool.log"), expected, |command| {
            command.env_clear().current_dir(self.directory());
            command.env("ERPSYNC_CONFIG", self.directory().join("sync.toml"));
            command.env("ERPSYNC_SOURCE_BENCH_PASSWORD", LOGIN.1);
            match place.key {
                Some(key) => command.env("ERPSYNC_ODOO_API_KEY", key),
                None => command.env("ERPSYNC_ODOO_PASSWORD", PASSWORD),
            };
            command.env("ERPSYNC_ODOO_ADMIN_PASSWORD", "admin");
        })
    }

    /// What it printed last.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.directory().join("tool.log")).unwrap_or_default()
    }

    /// Whether a command has this flag.
    pub fn has_flag(&self, command: &str, flag: &str) -> Result<bool> {
        let output = std::process::Command::new(&self.binary).args([command, "--help"]).output()?;
        ensure!(output.status.success(), "{} {command} --help ended with {}", self.binary.display(), output.status);
        Ok(String::from_utf8_lossy(&output.stdout).contains(flag))
    }

    /// Whether `[odoo]` may say how many connections there are.
    pub fn has_connections(&self) -> Result<bool> {
        let text = "[sources.bench]\nhost = \"localhost\"\nport = 1\ndatabase = \"x\"\nuser = \"x\"\n[odoo]\nurl = \"http://127.0.0.1:1\"\ndatabase = \"x\"\nlogin = \"x\"\nconnections = 2\n";
        let config = self.directory().join("probe.toml");
        std::fs::write(&config, text)?;
        let output = std::process::Command::new(&self.binary)
            .args(["import-products", "--dry-run", "--config"])
            .arg(&config)
            .env_clear()
            .output()?;
        Ok(!String::from_utf8_lossy(&output.stderr).contains("connections"))
    }
}
