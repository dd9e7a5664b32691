//! Accounts of other people, as their own programs would use them.

use std::time::Duration;

use erpsync::odoo::retry::{Hurry, Retry};
use erpsync::odoo::transport::Call;
use erpsync::odoo::{ConnectOptions, ErrorKind, Odoo, OdooError, TransportChoice, Trust};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::common::target::Target;

/// The password of everybody here.
pub const PASSWORD: &str = "People-Pa55word";

/// A logged-in account.
pub struct Person {
    pub login: String,
    runtime: Runtime,
    pub odoo: Odoo,
}

impl Person {
    fn connect(target: &Target, login: &str, password: Option<&str>, api_key: Option<String>) -> Self {
        let options = ConnectOptions {
            url: target.url.clone(),
            database: target.database.clone(),
            login: login.to_owned(),
            password: password.map(|p| p.to_owned().into()),
            api_key: api_key.map(Into::into),
            transport: TransportChoice::Auto,
            trust: Trust::System,
            timeout: Duration::from_secs(120),
            retry: Retry::never(),
            hurry: Hurry::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let odoo = runtime.block_on(Odoo::connect(&options)).unwrap();
        Self { login: login.to_owned(), runtime, odoo }
    }

    /// Makes an account with exactly these groups and logs in.
    pub fn new(target: &Target, login: &str, groups: &[&str]) -> Self {
        target.user(login, PASSWORD, groups);
        Self::log_in(target, login, PASSWORD)
    }

    pub fn log_in(target: &Target, login: &str, password: &str) -> Self {
        Self::connect(target, login, Some(password), None)
    }

    /// The same account through JSON-2.
    pub fn by_key(target: &Target, login: &str) -> Self {
        let key = target.api_key(login, None);
        Self::connect(target, login, None, Some(key))
    }

    pub fn call(&self, call: &Call) -> Result<Value, OdooError> {
        self.runtime.block_on(self.odoo.call_once(call))
    }

    /// Runs something of the library as this account.
    pub fn run<T>(&self, work: impl AsyncFnOnce(&Odoo) -> T) -> T {
        self.runtime.block_on(work(&self.odoo))
    }

    #[track_caller]
    pub fn may(&self, call: &Call) -> Value {
        self.call(call).unwrap_or_else(|e| panic!("{} {}.{}: {e}", self.login, call.model, call.method))
    }

    #[track_caller]
    pub fn is_refused(&self, call: &Call) {
        match self.call(call) {
            Ok(value) => panic!("{} {}.{} was let through: {value}", self.login, call.model, call.method),
            Err(e) => assert_eq!(e.kind(), ErrorKind::Refused, "{} {}.{}: {e}", self.login, call.model, call.method),
        }
    }

    /// What Odoo says that this account may do with a model: letters of `read`, `write`, `create`, `unlink`.
    pub fn rights(&self, model: &'static str) -> String {
        let may = |right: &&str| {
            let call = if self.odoo.version >= 18 {
                Call::new(model, "has_access").ids(&[1]).arg("operation", *right)
            } else {
                Call::new(model, "check_access_rights").arg("operation", *right).arg("raise_exception", false)
            };
            self.may(&call) == json!(true)
        };
        ["read", "write", "create", "unlink"].iter().filter(|r| may(r)).map(|r| &r[..1]).collect()
    }
}
