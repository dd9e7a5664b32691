//! A connection to one Odoo: which version, which transport, and calls that are repeated when that is safe.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::error::{ErrorClass, Fault, OdooError};
use super::retry::{Decision, Hurry, Retry};
use super::script::Script;
use super::transport::{Call, Transport, clock, server_version};

/// Which transport to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TransportChoice {
    /// By asking the server: JSON-2 where it speaks it and there is a key, else the web session.
    #[default]
    Auto,
    /// The web session.
    Web,
    /// JSON-2.
    Json2,
}

/// Whom to trust.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Trust {
    /// The machine's certificate authorities.
    #[default]
    System,
    /// The authorities in this PEM file.
    CaFile(PathBuf),
    /// Anybody.
    Any,
}

/// Where Odoo is and who we are.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// `https://shop.example`, without a slash at its end.
    pub url: String,
    /// The database.
    pub database: String,
    /// The account.
    pub login: String,
    /// Its password.
    pub password: Option<SecretString>,
    /// Its API key (19 and later).
    pub api_key: Option<SecretString>,
    /// The transport.
    pub transport: TransportChoice,
    /// Certificates.
    pub trust: Trust,
    /// The longest wait for one answer.
    pub timeout: Duration,
    /// How long to repeat.
    pub retry: Retry,
    /// Ends repeating before.
    pub hurry: Hurry,
}

/// A connected Odoo.
#[derive(Debug)]
pub struct Odoo {
    transport: Transport,
    retry: Retry,
    hurry: Hurry,
    /// The database was open once: it is there, whatever Odoo says while PostgreSQL is away.
    met: AtomicBool,
    /// The major version: 14 to 19.
    pub version: u32,
    /// The version as the server words it.
    pub version_text: String,
}

/// How long a server is tried that has not answered yet: nothing is begun, so nothing is lost by coming back later.
const FIRST_CONTACT: Duration = Duration::from_secs(15);

/// The oldest and the newest version that this program is made for.
pub const SUPPORTED: std::ops::RangeInclusive<u32> = 13..=19;

/// What a server says of itself before any login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// The major version.
    pub version: u32,
    /// The version as the server words it.
    pub version_text: String,
    /// How many seconds its clock is ahead of this machine's; `None` when it does not tell.
    pub ahead: Option<i64>,
}

/// Asks a server which Odoo it is and what its clock says.
///
/// # Errors
/// When it cannot be reached or is no Odoo.
pub async fn introduce(options: &ConnectOptions) -> Result<Introduction, OdooError> {
    let http = http_client(options)?;
    let url = options.url.trim_end_matches('/');
    let (version, version_text) = server_version(&http, url, options.timeout).await?;
    let ahead = clock(&http, url, options.timeout).await;
    Ok(Introduction { version, version_text, ahead })
}

impl Odoo {
    /// Connects and logs in.
    ///
    /// # Errors
    /// When the server cannot be reached, is no Odoo or one that we do not know, refuses the login, or needs another
    /// credential than the one configured.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, OdooError> {
        let http = http_client(options)?;
        let url = options.url.trim_end_matches('/');
        let first = Retry { patience: options.retry.patience.min(FIRST_CONTACT), ..options.retry };
        let attempts = Attempts { retry: &first, hurry: &options.hurry };
        let (version, version_text) = attempts.make(|| server_version(&http, url, options.timeout)).await?;
        if !SUPPORTED.contains(&version) {
            return Err(OdooError::Configuration(format!(
                "Odoo {version_text} at {url} is not supported; this program knows {} to {}",
                SUPPORTED.start(),
                SUPPORTED.end()
            )));
        }
        let json2 = match (options.transport, &options.api_key) {
            (TransportChoice::Auto, Some(key)) if version >= 19 => Some(key),
            (TransportChoice::Auto, Some(_)) if options.password.is_none() => {
                return Err(OdooError::Configuration(format!(
                    "Odoo {version_text} takes no API key for a web session, and JSON-2 begins with 19: give a password (odoo.password_env or odoo.password_file)"
                )));
            }
            (TransportChoice::Auto | TransportChoice::Web, _) => None,
            (TransportChoice::Json2, _) if version < 19 => {
                return Err(OdooError::Configuration(format!(
                    "odoo.transport = \"json2\" needs Odoo 19 or later; this one is {version_text}"
                )));
            }
            (TransportChoice::Json2, Some(key)) => Some(key),
            (TransportChoice::Json2, None) => {
                return Err(OdooError::Configuration(
                    "odoo.transport = \"json2\" needs an API key (odoo.api_key_env or odoo.api_key_file)".to_owned(),
                ));
            }
        };
        // Only a web session has asked for the database by now.
        let met = AtomicBool::new(json2.is_none());
        let transport = match (json2, &options.password) {
            (Some(key), _) => Transport::json2(http, url, &options.database, key.clone(), options.timeout),
            (None, Some(password)) => {
                let open = || {
                    Transport::web(
                        http.clone(),
                        url,
                        &options.database,
                        &options.login,
                        password.clone(),
                        options.timeout,
                    )
                };
                attempts.make(open).await?
            }
            (None, None) => {
                return Err(OdooError::Configuration(
                    "no password and no API key for Odoo (odoo.password_env, odoo.api_key_env)".to_owned(),
                ));
            }
        };
        log::debug!("Odoo {version_text} at {url}, transport {}", transport.name());
        Ok(Self { transport, retry: options.retry, hurry: options.hurry.clone(), met, version, version_text })
    }

    /// An Odoo of a version whose answers come from a script; nothing is tried twice.
    #[must_use]
    pub fn scripted(version: u32, script: Script) -> Self {
        let (transport, version_text) = (Transport::scripted(script), format!("{version}.0"));
        Self {
            transport,
            retry: Retry::never(),
            hurry: Hurry::default(),
            met: AtomicBool::new(false),
            version,
            version_text,
        }
    }

    /// `web` or `json2`.
    #[must_use]
    pub fn transport_name(&self) -> &'static str {
        self.transport.name()
    }

    /// Calls a method that is safe to repeat: a read, or one of the procedures.
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn call(&self, call: &Call) -> Result<Value, OdooError> {
        let attempts = Attempts { retry: &self.retry, hurry: &self.hurry };
        let mut expired = false;
        attempts.make(async || self.attempt(call, &mut expired).await).await
    }

    /// `expired` tells that a session is to be opened first, and afterwards whether the next attempt has to.
    async fn attempt(&self, call: &Call, expired: &mut bool) -> Result<Value, OdooError> {
        let result = async {
            if *expired {
                self.transport.log_in().await.map_err(|e| self.without_login_page(e))?;
                *expired = false;
            }
            self.transport.call(call).await
        };
        let result = result.await;
        if result.is_ok() {
            self.met.store(true, Ordering::Relaxed);
        }
        result.map_err(|error| {
            let error = self.away(replayed_without_question(error));
            *expired |= error.class() == ErrorClass::SessionExpired;
            error
        })
    }

    /// A proxy whose server is away may answer 404 too; a server that was there has a login page.
    fn without_login_page(&self, error: OdooError) -> OdooError {
        match error {
            OdooError::Http { url, call, status: 404 | 405, .. } if self.met.load(Ordering::Relaxed) => {
                OdooError::SessionGone { url, call }
            }
            other => other,
        }
    }

    fn away(&self, error: OdooError) -> OdooError {
        match error {
            OdooError::NoDatabase { url, database, .. } => {
                OdooError::NoDatabase { url, database, known: self.met.load(Ordering::Relaxed) }
            }
            other => other,
        }
    }

    /// Calls a method once, as what it does must not be done twice.
    ///
    /// # Errors
    /// See [`OdooError`].
    pub async fn call_once(&self, call: &Call) -> Result<Value, OdooError> {
        self.transport.call(call).await
    }

    /// Runs a server action with a question and returns what it says.
    ///
    /// # Errors
    /// See [`OdooError`].
    pub async fn run_action(&self, action: i64, question: Value) -> Result<Value, OdooError> {
        let call = Call::new("ir.actions.server", "run").ids(&[action]).context("erpsync", question);
        self.call(&call).await
    }

    /// Reads records.
    ///
    /// # Errors
    /// See [`OdooError`].
    pub async fn search_read(
        &self,
        model: &'static str,
        domain: Value,
        fields: &[&str],
    ) -> Result<Vec<Map<String, Value>>, OdooError> {
        self.read(reading(model, domain, fields)).await
    }

    /// Reads the first so many records in an order, `id` or `id desc`. A condition on the id leads to the next ones:
    /// an offset would shift when records are made meanwhile, and makes PostgreSQL count them all again.
    ///
    /// # Errors
    /// See [`OdooError`].
    pub async fn search_page(
        &self,
        model: &'static str,
        domain: Value,
        fields: &[&str],
        page: Page,
    ) -> Result<Vec<Map<String, Value>>, OdooError> {
        self.read(reading(model, domain, fields).arg("order", page.order).arg("limit", page.limit)).await
    }

    async fn read(&self, call: Call) -> Result<Vec<Map<String, Value>>, OdooError> {
        let name = format!("{}.search_read", call.model);
        let wrong = |reason: String| OdooError::Answer { call: name.clone(), reason, body: String::new() };
        let rows: Vec<Map<String, Value>> =
            serde_json::from_value(self.call(&call).await?).map_err(|e| wrong(e.to_string()))?;
        // Odoo gives what was asked for, or refuses. Whoever reads the rows may count on it.
        let fields = call.args["fields"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for field in fields.chain(["id"]) {
            if rows.iter().any(|row| !row.contains_key(field)) {
                return Err(wrong(format!("a record has no {field:?}")));
            }
        }
        Ok(rows)
    }
}

/// A part of what a search finds.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Odoo's `order`.
    pub order: &'static str,
    /// The most records.
    pub limit: usize,
}

fn reading(model: &'static str, domain: Value, fields: &[&str]) -> Call {
    Call::new(model, "search_read")
        .arg("domain", domain)
        .arg("fields", json!(fields))
        .context("active_test", false)
        // Without it Odoo hides from a search the menus that the account does not see, ours among them.
        .context("ir.ui.menu.full_list", true)
}

/// Odoo up to 15 takes the context out of a web session's call before it carries it out, so that its own replay after a
/// serialization failure comes without; the procedure says so, and what happened is what such a failure is to everybody.
fn replayed_without_question(error: OdooError) -> OdooError {
    match error {
        OdooError::Fault { call, fault } if fault.message.contains("erpsync: called without a question") => {
            let message = "Odoo met another transaction, and replayed the call without its question".to_owned();
            let name = "psycopg2.errors.SerializationFailure".to_owned();
            OdooError::Fault { call, fault: Fault { name, message, ..fault } }
        }
        other => other,
    }
}

/// Attempts at one call, as long as patience lasts.
struct Attempts<'a> {
    retry: &'a Retry,
    hurry: &'a Hurry,
}

impl Attempts<'_> {
    async fn make<T>(&self, mut work: impl AsyncFnMut() -> Result<T, OdooError>) -> Result<T, OdooError> {
        let (mut attempt, mut failing) = (0, None);
        loop {
            let error = match work().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            attempt += 1;
            let since = failing.get_or_insert_with(Instant::now).elapsed();
            let Decision::Wait(pause) = self.retry.decide(error.class(), attempt, since) else { return Err(error) };
            log::warn!("{error}; attempt {} in {:.1} s", attempt + 1, pause.as_secs_f32());
            if !self.hurry.sleep(pause).await {
                return Err(error);
            }
        }
    }
}

fn http_client(options: &ConnectOptions) -> Result<reqwest::Client, OdooError> {
    let wrong = |text: String| OdooError::Configuration(text);
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("erpsync/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(15))
        .redirect(reqwest::redirect::Policy::none())
        // Odoo's prefork workers drop a connection that is silent for two seconds: none is kept for longer than that.
        .pool_idle_timeout(Duration::from_secs(1));
    if options.url.starts_with("http://") {
        // What is not encrypted goes to the server itself, and to nobody whom the environment names as a proxy.
        builder = builder.no_proxy();
    }
    match &options.trust {
        Trust::System => {}
        Trust::CaFile(path) => {
            let pem = std::fs::read(path).map_err(|e| wrong(format!("odoo.ca_file {}: {e}", path.display())))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|e| wrong(format!("odoo.ca_file {}: not a PEM certificate: {e}", path.display())))?;
            if certificates.is_empty() {
                return Err(wrong(format!("odoo.ca_file {}: it has no certificate in PEM format", path.display())));
            }
            builder = builder.tls_certs_only(certificates);
        }
        Trust::Any => builder = builder.tls_danger_accept_invalid_certs(true),
    }
    builder.build().map_err(|e| wrong(format!("cannot set up HTTPS: {e}")))
}
