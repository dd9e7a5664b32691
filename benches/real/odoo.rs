//! A real Odoo that `benches/run` brought up for this alone, through the scripts in `tests/odoo`.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

/// The sync account's password.
pub const PASSWORD: &str = "bench-sync";

/// One version's server.
pub struct Odoo {
    /// 14 or 19.
    pub version: u32,
    /// Where it listens.
    pub url: String,
    /// Worker processes; 0 for threads.
    pub workers: u32,
    log: PathBuf,
}

impl Odoo {
    /// Starts it, anew when it runs: registries of databases that are gone take memory.
    pub fn restarted(version: u32, workers: u32) -> Result<Self> {
        succeed(script("stop", &[&version.to_string(), "odoo", "TERM"]))?;
        let home = std::env::var("ERPSYNC_ODOO_HOME").context("ERPSYNC_ODOO_HOME is not set; use benches/run")?;
        let output = script("up", &[&version.to_string(), "--workers", &workers.to_string()]).output()?;
        ensure!(output.status.success(), "Odoo {version} did not come up");
        let url = String::from_utf8(output.stdout)?.trim().to_owned();
        Ok(Self { version, url, workers, log: PathBuf::from(home).join(version.to_string()).join("log/odoo.log") })
    }

    fn v(&self) -> String {
        self.version.to_string()
    }

    /// A database as Odoo's own template is.
    pub fn fresh(&self, database: &str) -> Result<()> {
        succeed(script("fresh-db", &[&self.v(), database]))
    }

    /// Removes databases, whether they are there or not.
    pub fn drop(&self, databases: &[&str]) -> Result<()> {
        let version = self.v();
        succeed(script("drop-db", &[&[version.as_str()], databases].concat()))
    }

    /// A copy of a database that nobody uses from now on. The files beside it stay behind: they are pictures and styles.
    pub fn copy(&self, from: &str, to: &str) -> Result<()> {
        self.drop(&[to])?;
        self.sql(
            "postgres",
            &format!(
                "alter database \"{from}\" with allow_connections false;
                 select pg_terminate_backend(pid) from pg_stat_activity where datname = '{from}' and usename = current_user"
            ),
        )?;
        self.sql("postgres", &format!("create database \"{to}\" template \"{from}\" strategy file_copy"))?;
        Ok(())
    }

    /// Runs statements; rows come one a line, columns separated by `|`.
    pub fn sql(&self, database: &str, statements: &str) -> Result<Vec<String>> {
        let version = self.v();
        let mut psql = script("psql", &[&version, database, "-qAt", "-f", "-"]);
        let text = piped(&mut psql, |input| input.write_all(statements.as_bytes()))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// One number.
    pub fn number(&self, database: &str, query: &str) -> Result<u64> {
        let rows = self.sql(database, query)?;
        rows.first().and_then(|r| r.parse().ok()).with_context(|| format!("no number: {query}"))
    }

    /// `COPY … FROM STDIN` with the lines that the closure writes.
    pub fn load(
        &self,
        database: &str,
        table: &str,
        lines: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<()> {
        let version = self.v();
        let mut psql = script("psql", &[&version, database, "-q", "-c", &format!("copy {table} from stdin")]);
        piped(&mut psql, |input| {
            let mut input = std::io::BufWriter::new(input);
            lines(&mut input)?;
            input.flush()
        })?;
        Ok(())
    }

    /// Runs a Python script in `odoo shell` and returns what it printed.
    pub fn shell(&self, database: &str, code: &str) -> Result<String> {
        self.shell_begun(database, code)?.end()
    }

    /// Begins a Python script in `odoo shell`.
    pub fn shell_begun(&self, database: &str, code: &str) -> Result<Shell> {
        let version = self.v();
        let mut command = script("odoo-shell", &[&version, database]);
        let mut file = tempfile::tempfile()?;
        file.write_all(code.as_bytes())?;
        std::io::Seek::rewind(&mut file)?;
        Ok(Shell(command.stdin(file).stdout(Stdio::piped()).spawn()?))
    }

    /// A new API key.
    pub fn api_key(&self, database: &str, login: &str) -> Result<String> {
        let output = script("api-key", &[&self.v(), database, login]).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "no API key for {login}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Odoo's and PostgreSQL's versions.
    pub fn versions(&self, database: &str) -> Result<String> {
        let rows = self.sql(
            database,
            "select (select latest_version from ir_module_module where name = 'base') || ' on PostgreSQL ' || current_setting('server_version')",
        )?;
        Ok(rows.concat())
    }

    /// Requests that came since the server started.
    pub fn calls(&self) -> Result<u64> {
        let log = std::fs::read(&self.log).with_context(|| format!("reading {}", self.log.display()))?;
        Ok(log.split(|byte| *byte == b'\n').filter(|line| contains(line, b"\"POST /")).count() as u64)
    }

    /// How many decimals of a price it keeps by default.
    pub fn digits(&self) -> u32 {
        if self.version >= 19 { 4 } else { 2 }
    }
}

fn contains(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|part| part == word)
}

/// A script that runs.
pub struct Shell(Child);

impl Shell {
    /// Waits for it and returns what it printed.
    pub fn end(self) -> Result<String> {
        let output = self.0.wait_with_output()?;
        ensure!(output.status.success(), "odoo shell ended with {}", output.status);
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn script(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/odoo").join(name));
    command.args(arguments);
    command
}

fn succeed(mut command: Command) -> Result<()> {
    let status = command.stdout(Stdio::null()).status()?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// Feeds a command and returns what it printed. It prints little until it has read everything.
fn piped(command: &mut Command, feed: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<String> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let fed = feed(&mut child.stdin.take().context("no standard input")?);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{command:?} ended with {}", output.status);
    fed?;
    Ok(String::from_utf8(output.stdout)?)
}
