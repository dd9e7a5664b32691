//! A shop in five minutes: both servers as stand-ins on this machine, and erpsync between them.
//!
//! `cargo run --example demo` imports a small catalogue, runs again, lets the source change and shows what
//! happens, command by command. Everything but the page of the dry run lives in a
//! directory for temporary files and is gone at the end. It ends with an error if a command ends otherwise than it should.

mod catalogue;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use erpsync_sandbox::mssql::{Encryption, MssqlOptions, MssqlServer};
use erpsync_sandbox::odoo::{NewProduct, OdooOptions, OdooServer, UserOptions};

const DATABASE: &str = "shop";
const SOURCE_PASSWORD: &str = "source-secret";
const ODOO_PASSWORD: &str = "odoo-secret";

fn main() -> ExitCode {
    // Called under the tool's name, this program is the tool: so the demo needs nothing but itself.
    let called = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    if called.file_stem().is_some_and(|name| name == "erpsync") {
        return erpsync::cli::main();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = runtime.map_err(Into::into).and_then(|runtime| {
        let shop = runtime.block_on(Shop::open())?;
        shop.story()
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("demo: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Both servers, and a directory with the configuration.
struct Shop {
    mssql: MssqlServer,
    odoo: OdooServer,
    dir: tempfile::TempDir,
}

impl Shop {
    async fn open() -> Result<Self, Box<dyn Error>> {
        let options = MssqlOptions {
            login: "erpsync".to_owned(),
            password: SOURCE_PASSWORD.to_owned(),
            database: "Trade".to_owned(),
            encryption: Encryption::On,
            ..MssqlOptions::default()
        };
        let mssql = MssqlServer::start(options).await?;
        let account = UserOptions { password: ODOO_PASSWORD.to_owned(), ..UserOptions::new("erpsync") }.products();
        let odoo = OdooServer::start(OdooOptions::version(19).user(account)).await?;
        let dir = tempfile::tempdir()?;
        Ok(Self { mssql, odoo, dir })
    }

    fn story(&self) -> Result<(), Box<dyn Error>> {
        self.prepare()?;
        heading("Odoo is set up once, by an administrator");
        self.erpsync("setup --admin-login admin --quiet", 0)?;

        heading("The first look, and the first run");
        say("Odoo has one product already, with a barcode that the source lists: it is recognised, not created again.");
        self.erpsync("import-products --dry-run", 5)?;
        say("An Odoo that has products is not filled by accident: the first run must be let through.");
        self.erpsync("import-products --first-run", 0)?;

        heading("The same again: nothing to do");
        self.erpsync("import-products", 0)?;

        heading("The source changes");
        for (what, sql) in catalogue::CHANGES {
            say(&format!("- {what}"));
            self.mssql.execute(sql).map_err(|e| format!("{e:?}"))?;
        }
        let page = std::env::temp_dir().join(format!("erpsync-demo-{}.html", std::process::id()));
        self.erpsync(&format!("import-products --dry-run --report {}", page.display()), 2)?;
        say(&format!("The same for a browser, which stays: {}", page.display()));
        say("What is wrong with barcodes, in the source and in Odoo, with or without an import:");
        self.erpsync("check-barcodes", 3)?;
        self.erpsync("import-products", 3)?;
        say("Status 3: done, and something waits. It stands in Odoo under \"Catalogue synchronisation\", and here:");
        self.erpsync("deferred list", 3)?;

        heading("The source is settled: what was held back is given, and closes by itself");
        for (what, sql) in catalogue::SETTLED {
            say(&format!("- {what}"));
            self.mssql.execute(sql).map_err(|e| format!("{e:?}"))?;
        }
        self.erpsync("import-products", 0)?;
        self.erpsync("import-products --quiet", 0)?;

        heading("History, as Odoo keeps it");
        say("What happened to the chocolate, and the last two new prices:");
        self.erpsync("show-history --product 109", 0)?;
        self.erpsync("show-history --what prices --limit 2", 0)?;
        say("Who had this barcode:");
        self.erpsync("show-history --barcode 4600000001098", 0)?;

        heading("A broken source is refused");
        say("- somebody empties the table of barcodes");
        self.mssql.execute("DELETE FROM logistics.ProductBarcodes").map_err(|e| format!("{e:?}"))?;
        self.erpsync("import-products", 5)?;

        let writes = self.mssql.refused_writes();
        if !writes.is_empty() {
            return Err(format!("the source was written: {writes:?}").into());
        }
        heading("That was all; the source was only ever read");
        Ok(())
    }

    /// Fills the source, gives Odoo a product, writes the configuration.
    fn prepare(&self) -> Result<(), Box<dyn Error>> {
        self.mssql.execute(catalogue::TABLES).map_err(|e| format!("{e:?}"))?;
        self.mssql.execute(catalogue::ROWS).map_err(|e| format!("{e:?}"))?;
        let known = NewProduct { name: "Tea, green", barcode: Some("4600000001012"), ..NewProduct::default() };
        self.odoo.add_product(DATABASE, known);
        std::fs::write(self.path("ca.pem"), self.mssql.ca_pem().unwrap_or_default())?;
        let port = self.mssql.addr().port();
        let config = format!(
            "[sources.polonez]\nhost = \"localhost\"\nport = {port}\ndatabase = \"Trade\"\nuser = \"erpsync\"\ntls = \"ca-file\"\nca_file = \"ca.pem\"\n\n[odoo]\nurl = \"{}\"\ndatabase = \"{DATABASE}\"\nlogin = \"erpsync\"\n\n[sync]\nlock_file = \"run.lock\"\n",
            self.odoo.url()
        );
        std::fs::write(self.path("sync.toml"), &config)?;
        heading("A stand-in for SQL Server, a stand-in for Odoo 19, and this sync.toml");
        println!("{config}");
        println!("$ export ERPSYNC_SOURCE_POLONEZ_PASSWORD=… ERPSYNC_ODOO_PASSWORD=… ERPSYNC_ODOO_ADMIN_PASSWORD=…");
        link_program(&self.path(program()))?;
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs the tool as a person would, shows what it says, and checks the status.
    fn erpsync(&self, arguments: &str, expected: i32) -> Result<(), Box<dyn Error>> {
        println!("\n$ erpsync {arguments}");
        let status = Command::new(self.path(program()))
            .args(arguments.split_whitespace())
            .current_dir(self.dir.path())
            .env("ERPSYNC_SOURCE_POLONEZ_PASSWORD", SOURCE_PASSWORD)
            .env("ERPSYNC_ODOO_PASSWORD", ODOO_PASSWORD)
            .env("ERPSYNC_ODOO_ADMIN_PASSWORD", "admin")
            .env_remove("ERPSYNC_CONFIG")
            .status()?;
        println!("(status {})", status.code().unwrap_or(-1));
        if status.code() == Some(expected) {
            Ok(())
        } else {
            Err(format!("`erpsync {arguments}` was to end with {expected}").into())
        }
    }
}

fn program() -> &'static str {
    if cfg!(windows) { "erpsync.exe" } else { "erpsync" }
}

/// Puts this program into the directory under the tool's name.
fn link_program(path: &Path) -> Result<(), Box<dyn Error>> {
    let this = std::env::current_exe()?;
    if std::fs::hard_link(&this, path).is_err() {
        std::fs::copy(&this, path)?;
    }
    Ok(())
}

fn heading(text: &str) {
    println!("\n== {text} ==\n");
}

fn say(text: &str) {
    println!("{text}");
}
