//! A real Odoo that the project's scripts brought up, with accounts of exactly the rights that the tests need.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use erpsync::odoo::transport::Call;
use erpsync::odoo::{ConnectOptions, Odoo};
use serde_json::{Value, json};

use super::psql;

/// The sync account's password: easy to find where it must not be.
pub const SYNC_PASSWORD: &str = "Sync-Pa55word-éß";

/// Which Odoo, which database, which account.
#[derive(Clone)]
pub struct Target {
    pub version: u32,
    pub url: String,
    pub database: String,
    pub login: String,
    /// Lines for `[odoo]`.
    pub odoo_extra: String,
    /// Environment variables.
    pub secrets: Vec<(String, String)>,
}

/// How the sync account shows who it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    Password,
    ApiKey,
}

/// A script of `tests/odoo`.
pub fn command(name: &str) -> Command {
    let dir = std::env::var_os("ERPSYNC_TEST_ODOO_SCRIPTS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/odoo")), PathBuf::from);
    Command::new(dir.join(name))
}

/// Runs a script of `tests/odoo` and returns what it printed.
pub fn script(name: &str, args: &[&str]) -> String {
    if let ("drop-db" | "fresh-db", [version, databases @ ..]) = (name, args) {
        for database in databases {
            psql::forget(version.parse().unwrap(), database);
        }
    }
    let output = command(name).args(args).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {args:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Where the server of a version is.
pub fn url(version: u32) -> String {
    let name = format!("ERPSYNC_TEST_ODOO{version}_URL");
    std::env::var(&name).unwrap_or_else(|_| format!("http://127.0.0.1:81{version}"))
}

impl Target {
    /// A database that is there, the administrator's password, and no other secret.
    pub fn at(version: u32, name: &str, languages: &[&str]) -> Self {
        let quoted: Vec<String> = languages.iter().map(|l| format!("{l:?}")).collect();
        Self {
            version,
            url: url(version),
            database: name.to_owned(),
            login: "sync".to_owned(),
            odoo_extra: if languages.len() > 1 {
                format!("languages = [{}]\n", quoted.join(", "))
            } else {
                String::new()
            },
            secrets: vec![("ERPSYNC_ODOO_ADMIN_PASSWORD".to_owned(), "admin".to_owned())],
        }
    }

    /// A fresh database, with an ordinary account that may manage products and nothing more.
    pub fn real(version: u32, name: &str, languages: &[&str], how: How) -> Self {
        let v = version.to_string();
        let mut args = vec![v.as_str(), name];
        if let Some(second) = languages.iter().find(|l| **l != "en_US") {
            args.extend(["--lang", second]);
        }
        script("fresh-db", &args);
        let mut target = Self::at(version, name, languages);
        // Archiving a product asks for its reordering rules, which a sales manager may read and a product manager may not.
        let manager: &[&str] = if version >= 19 {
            &["product.group_product_manager", "stock.group_stock_user"]
        } else {
            &["sales_team.group_sale_manager"]
        };
        target.user("sync", SYNC_PASSWORD, &[&["base.group_user"], manager].concat());
        match how {
            How::Password => target.secrets.push(("ERPSYNC_ODOO_PASSWORD".to_owned(), SYNC_PASSWORD.to_owned())),
            How::ApiKey => {
                let key = target.api_key("sync", None);
                target.secrets.push(("ERPSYNC_ODOO_API_KEY".to_owned(), key));
            }
        }
        target
    }

    /// Calls a method as an account, as that account's own programs would.
    pub fn call_as(&self, login: &str, password: &str, call: Call) -> Result<Value, erpsync::odoo::OdooError> {
        let options = ConnectOptions {
            url: self.url.clone(),
            database: self.database.clone(),
            login: login.to_owned(),
            password: Some(password.to_owned().into()),
            api_key: None,
            transport: erpsync::odoo::TransportChoice::Web,
            trust: erpsync::odoo::Trust::System,
            timeout: Duration::from_secs(120),
            retry: erpsync::odoo::Retry::never(),
            hurry: erpsync::odoo::Hurry::default(),
        };
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(async { Odoo::connect(&options).await?.call_once(&call).await })
    }

    /// Calls a method as the administrator.
    #[track_caller]
    pub fn admin(&self, call: Call) -> Value {
        self.call_as("admin", "admin", call).unwrap_or_else(|e| panic!("{e}\n{}", e.traceback().unwrap_or_default()))
    }

    /// Makes an account with exactly these groups.
    pub fn user(&self, login: &str, password: &str, groups: &[&str]) {
        let field = if self.version >= 19 { "group_ids" } else { "groups_id" };
        let ids: Vec<Value> = groups.iter().map(|g| self.xml_id(g)).collect();
        let values = json!({"name": login, "login": login, "password": password, field: [[6, 0, ids]]});
        self.admin(Call::new("res.users", "create").arg("vals_list", json!([values])));
    }

    fn xml_id(&self, name: &str) -> Value {
        let (module, name) = name.split_once('.').unwrap();
        let call = Call::new("ir.model.data", "search_read")
            .arg("domain", json!([["module", "=", module], ["name", "=", name]]))
            .arg("fields", json!(["res_id"]));
        let rows = self.admin(call);
        rows[0]["res_id"].clone()
    }

    /// Asks the database itself; one row a line, columns separated by `|`.
    #[track_caller]
    pub fn sql(&self, query: &str) -> Vec<String> {
        psql::ask(self.version, &self.database, query)
    }

    /// Which transaction left which rows where, of every table but those named, as `table|sum`: two equal ones mean that
    /// nothing was written, not even what was there already.
    pub fn checksums(&self, but: &[&str]) -> Vec<String> {
        self.sums("hashtid(ctid)::bigint * 31 + xmin::text::bigint", but)
    }

    /// The same of what the rows say.
    pub fn contents(&self, but: &[&str]) -> Vec<String> {
        self.sums("hashtextextended(t::text, 7)", but)
    }

    fn sums(&self, row: &str, but: &[&str]) -> Vec<String> {
        let but: Vec<String> = but.iter().map(|t| format!("'{t}'")).collect();
        self.sql(&format!(
            "select table_name, (xpath('/row/c/text()', query_to_xml(format('select count(*) || '':'' || coalesce(sum({row}), 0) as c from %I t', table_name), false, true, '')))[1]::text
             from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not in ({}) order by 1",
            but.join(", ")
        ))
    }

    /// A new API key of an account; on 19 it ends after so many days, or never.
    #[track_caller]
    pub fn api_key(&self, login: &str, days: Option<u32>) -> String {
        let expiry = match days {
            _ if self.version < 18 => String::new(),
            Some(days) => format!(", datetime.datetime.now() + datetime.timedelta(days={days})"),
            None => ", None".to_owned(),
        };
        // sudo() keeps the user and lifts the limit that his groups set on the duration.
        let code = format!(
            "user = env['res.users'].search([('login', '=', '{login}')])
key = env['res.users.apikeys'].with_user(user).sudo()._generate('rpc', 'erpsync tests'{expiry})
action = {{'key': key}}"
        );
        let model = self.xml_id("base.model_res_users");
        let values = json!({"name": "a key", "model_id": model, "state": "code", "code": code});
        let made = self.admin(Call::new("ir.actions.server", "create").arg("vals_list", json!([values])));
        let id = made[0].as_i64().unwrap();
        let answer = self.admin(Call::new("ir.actions.server", "run").ids(&[id]));
        self.admin(Call::new("ir.actions.server", "unlink").ids(&[id]));
        answer["key"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }
}
