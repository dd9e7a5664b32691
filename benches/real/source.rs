//! The source: a stand-in for SQL Server in a process of its own, so that the tool's costs are the tool's alone.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use erpsync_sandbox::mssql::{Encryption, MssqlOptions, MssqlServer, SqlValue};

use crate::recipe::{State, product};

/// The only login, its password, and the database.
pub const LOGIN: (&str, &str, &str) = ("erpsync", "bench-source", "Trade");

/// The hidden subcommand `serve`: prints `PORT CA-FILE`, then answers each line `fill SIZE STATE` with `done`.
pub fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let options = MssqlOptions {
        login: LOGIN.0.to_owned(),
        password: LOGIN.1.to_owned(),
        database: LOGIN.2.to_owned(),
        encryption: Encryption::Off,
        repeat_answers: true,
        ..MssqlOptions::default()
    };
    let server = runtime.block_on(MssqlServer::start(options))?;
    let sql = |text: &str| server.execute(text).map_err(|e| anyhow::anyhow!("{e:?} in {text}"));
    let mut ca = tempfile::NamedTempFile::new()?;
    ca.write_all(server.ca_pem().unwrap_or_default().as_bytes())?;
    println!("{} {}", server.addr().port(), ca.path().display());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let ["fill", size, state] = words[..] else { anyhow::bail!("unknown order {line:?}") };
        let (size, state): (u64, State) = (size.parse()?, state.parse().map_err(anyhow::Error::msg)?);
        sql("DROP TABLE IF EXISTS dbo.Products; DROP TABLE IF EXISTS logistics.ProductBarcodes")?;
        sql(
            "CREATE TABLE dbo.Products (ProductID int NOT NULL PRIMARY KEY, ProductName nvarchar(200) NULL, Price money NULL);
             CREATE TABLE logistics.ProductBarcodes (ProductID int NOT NULL, Barcode varchar(30) NULL)",
        )?;
        let id = |id: u64| SqlValue::Int(id.cast_signed());
        let all = || (0..size).map(|i| product(i, state));
        let products = all().map(|p| [id(p.id), p.name.into(), p.price.into()]);
        let barcodes = all().flat_map(|p| p.barcodes.into_iter().map(move |code| [id(p.id), code.into()]));
        server.insert_rows("dbo.Products", products).map_err(|e| anyhow::anyhow!("{e:?}"))?;
        server.insert_rows("logistics.ProductBarcodes", barcodes).map_err(|e| anyhow::anyhow!("{e:?}"))?;
        println!("done");
    }
    Ok(())
}

/// The process, from outside.
pub struct Source {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    /// The CA of its certificate.
    pub ca: PathBuf,
}

impl Source {
    /// Starts it without tables.
    pub fn start() -> Result<Self> {
        let mut process =
            Command::new(std::env::current_exe()?).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = process.stdin.take().context("no standard input")?;
        let mut answers = BufReader::new(process.stdout.take().context("no standard output")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let (port, ca) = line.trim().split_once(' ').context("the source did not start")?;
        Ok(Self { port: port.parse()?, ca: ca.into(), process, orders, answers })
    }

    /// Gives it the first `size` products in this state.
    pub fn fill(&mut self, size: u64, state: State) -> Result<()> {
        writeln!(self.orders, "fill {size} {state}")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(line.trim() == "done", "the source could not be filled: {line:?}");
        // The first answer to a query is made, later ones are repeated: what is measured must be one of those.
        crate::reader::check(self, size)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // Nothing of it outlives this process.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
