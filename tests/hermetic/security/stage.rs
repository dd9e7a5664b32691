//! Both stand-ins, with passwords that are easy to find where they must not be, and a listener before Odoo.

use std::process::Command;

use erpsync_sandbox::odoo::{OdooOptions, OdooServer, UserOptions};

use super::wire::Wire;
use crate::common::shop::{Shop, ean13};
use crate::common::target::Target;
use crate::common::{Bench, Run, SOURCE_PASSWORD};

pub const SYNC_PASSWORD: &str = "Sync-Pa55 \"word\"/é+ß&=";
pub const API_KEY: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
pub const ADMIN_PASSWORD: &str = "Adm1n-Pa55:word@#?";

pub const SECRETS: [&str; 4] = [SOURCE_PASSWORD, SYNC_PASSWORD, API_KEY, ADMIN_PASSWORD];

/// The stage before `setup`.
pub struct Stage {
    pub odoo: OdooServer,
    pub wire: Wire,
    pub bench: Bench,
}

impl Stage {
    pub fn new(version: u32) -> Self {
        let account =
            UserOptions { password: SYNC_PASSWORD.to_owned(), ..UserOptions::new("sync") }.products().api_key(API_KEY);
        let admin = UserOptions { password: ADMIN_PASSWORD.to_owned(), ..UserOptions::administrator() };
        let options = OdooOptions { users: vec![admin, account], ..OdooOptions::version(version) };
        let runtime = Bench::runtime();
        let odoo = runtime.block_on(OdooServer::start(options)).unwrap();
        let behind = odoo.url().trim_start_matches("http://").parse().unwrap();
        let wire = runtime.block_on(Wire::before(behind, "127.0.0.1:0", None));
        let secret =
            if version >= 19 { ("ERPSYNC_ODOO_API_KEY", API_KEY) } else { ("ERPSYNC_ODOO_PASSWORD", SYNC_PASSWORD) };
        let target = Target {
            version,
            url: format!("http://{}", wire.addr),
            database: "shop".to_owned(),
            login: "sync".to_owned(),
            odoo_extra: "timeout = 10\n".to_owned(),
            secrets: vec![
                (secret.0.to_owned(), secret.1.to_owned()),
                ("ERPSYNC_ODOO_ADMIN_PASSWORD".to_owned(), ADMIN_PASSWORD.to_owned()),
            ],
        };
        let stage = Self { odoo, wire, bench: Bench::on(runtime, target) };
        let mut shop = Shop::new(12);
        shop.product(1003).barcodes = vec![ean13(10)];
        shop.write(&stage.bench);
        stage
    }

    pub fn run_with(&self, args: &[&str], change: impl FnOnce(&mut Command)) -> Run {
        let mut command = self.bench.command(args);
        change(&mut command);
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Run { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The key of the last run of a command, as Odoo has it.
    pub fn run_key(&self) -> String {
        let runs = self.odoo.snapshot("shop");
        let (_, run) = runs.iter().rfind(|((model, _), _)| model == "x_pz_run").expect("a run");
        let text = run.to_string();
        let at = text.find("x_key").expect("a key");
        text[at..].split('"').nth(2).expect("its text").to_owned()
    }
}
