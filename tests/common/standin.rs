//! An Odoo stand-in as the target: for tests that need no server of their own. What only it has seen counts as unproved;
//! the same stories run on real Odoos.

use erpsync_sandbox::mssql::Encryption;
use erpsync_sandbox::odoo::{OdooOptions, OdooServer, UserOptions};

use super::Bench;
use super::target::{SYNC_PASSWORD, Target};

pub const DATABASE: &str = "shop";
pub const API_KEY: &str = "api-key-of-the-sync-account";

/// A stand-in and a bench that is connected to it; `setup` has run.
pub struct Stage {
    pub odoo: OdooServer,
    pub bench: Bench,
}

impl Stage {
    /// An Odoo of this version with an ordinary account; 19 is spoken to with JSON-2.
    pub fn new(version: u32) -> Self {
        let stage = Self::without_setup(version);
        stage.bench.setup(&["-q"]).expect(0);
        stage
    }

    /// The same with a source that speaks plain text.
    pub fn in_plain_text(version: u32) -> Self {
        let stage = Self::before_setup(version, &["My Company"], Encryption::NotSupported);
        stage.bench.setup(&["-q"]).expect(0);
        stage
    }

    /// The same with these companies, the first being the account's own.
    pub fn with_companies(version: u32, companies: &[&str]) -> Self {
        let stage = Self::before_setup(version, companies, Encryption::On);
        stage.bench.setup(&["-q"]).expect(0);
        stage
    }

    /// The same before `setup`.
    pub fn without_setup(version: u32) -> Self {
        Self::before_setup(version, &["My Company"], Encryption::On)
    }

    fn before_setup(version: u32, companies: &[&str], encryption: Encryption) -> Self {
        let account =
            UserOptions { password: SYNC_PASSWORD.to_owned(), ..UserOptions::new("sync") }.products().api_key(API_KEY);
        let mut options = OdooOptions::version(version).user(account).language("ru_RU");
        options.companies = companies.iter().map(|name| (*name).to_owned()).collect();
        let runtime = Bench::runtime();
        let odoo = runtime.block_on(OdooServer::start(options)).unwrap();
        let secret =
            if version >= 19 { ("ERPSYNC_ODOO_API_KEY", API_KEY) } else { ("ERPSYNC_ODOO_PASSWORD", SYNC_PASSWORD) };
        let target = Target {
            version,
            url: odoo.url(),
            database: DATABASE.to_owned(),
            login: "sync".to_owned(),
            odoo_extra: "timeout = 10\n".to_owned(),
            secrets: vec![
                (secret.0.to_owned(), secret.1.to_owned()),
                ("ERPSYNC_ODOO_ADMIN_PASSWORD".to_owned(), "admin".to_owned()),
            ],
        };
        Self { odoo, bench: Bench::encrypted(runtime, target, encryption) }
    }

    /// All records but the runs' own lines and the lease.
    pub fn records(&self) -> Vec<String> {
        let all = self.odoo.snapshot(DATABASE);
        let kept = all.iter().filter(|((model, _), _)| !["x_pz_run", "x_pz_lane"].contains(&model.as_str()));
        kept.map(|((model, id), record)| format!("{model} {id} {record}")).collect()
    }

    /// All records, as they are.
    pub fn all_records(&self) -> Vec<String> {
        self.odoo.snapshot(DATABASE).iter().map(|((model, id), record)| format!("{model} {id} {record}")).collect()
    }
}
