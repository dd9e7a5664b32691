//! A connection to one Odoo: which version, which transport, and calls that are repeated when that is safe.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
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
    /// Its API key.
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
    /// A call went through: the session holds.
    served: AtomicBool,
    sizes: Sizes,
    /// The major version: 14 to 19.
    pub version: u32,
    /// The version as the server words it.
    pub version_text: String,
}

/// How many rows a call may carry, by what it is about: known of those of which not all went through.
#[derive(Debug, Default)]
struct Sizes(Mutex<BTreeMap<&'static str, usize>>);

impl Sizes {
    fn of(&self, about: &str, most: usize) -> usize {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(about).copied();
        known.unwrap_or(most).min(most)
    }

    fn lower(&self, about: &'static str, to: usize) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = known.entry(about).or_insert(to);
        *size = to.min(*size);
    }
}

/// A call that ends after this long without an answer was ended by a limit; a shorter one may have met a restart.
const LONG: Duration = Duration::from_secs(10);

/// How long a server is tried that has not answered yet: nothing is begun, so nothing is lost by coming back later.
const FIRST_CONTACT: Duration = Duration::from_secs(15);

/// The oldest and the newest version that this program is made for.
pub const SUPPORTED: std::ops::RangeInclusive<u32> = 14..=19;

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
            (TransportChoice::Auto | TransportChoice::Web, _) => None,
            (TransportChoice::Json2, _) if version < 19 => {
                return Err(OdooError::Configuration(format!(
                    "odoo.transport = \"json2\" needs Odoo 19 or later; this one is {version_text}, where \"auto\" takes an API key as well"
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
            (None, None) => match &options.api_key {
                Some(_) if options.login.is_empty() => {
                    return Err(OdooError::Configuration(format!(
                        "Odoo {version_text} wants to know whose an API key is; write login = \"…\" in [odoo], or set ERPSYNC_ODOO_LOGIN"
                    )));
                }
                Some(key) if options.transport == TransportChoice::Auto => {
                    let open = || {
                        let (http, login, key) = (http.clone(), &options.login, key.clone());
                        Transport::rpc(http, url, &options.database, login, key, version < 16, options.timeout)
                    };
                    attempts.make(open).await?
                }
                _ => {
                    return Err(OdooError::Configuration(
                        "no password and no API key for Odoo (odoo.password_env, odoo.api_key_env)".to_owned(),
                    ));
                }
            },
        };
        log::debug!("Odoo {version_text} at {url}, transport {}", transport.name());
        let (retry, hurry) = (options.retry, options.hurry.clone());
        let (served, sizes) = (AtomicBool::new(false), Sizes::default());
        Ok(Self { transport, retry, hurry, met, served, sizes, version, version_text })
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
            served: AtomicBool::new(false),
            sizes: Sizes::default(),
            version,
            version_text,
        }
    }

    /// `web`, `jsonrpc` or `json2`.
    #[must_use]
    pub fn transport_name(&self) -> &'static str {
        self.transport.name()
    }

    /// Calls a method that is safe to repeat: a read, or one of the procedures.
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn call(&self, call: &Call) -> Result<Value, OdooError> {
        self.repeat(call, None).await
    }

    /// Calls with as many rows as go through, `most` of them at best, and says with how many. A call that is too large for a
    /// proxy, or that a limit ends, is halved, and no later one about the same carries more. Safe to repeat as [`Odoo::call`].
    ///
    /// # Errors
    /// The last attempt's; [`OdooError::TooMuch`] when one row alone does not go through.
    pub async fn call_some(
        &self,
        about: &'static str,
        most: usize,
        mut call: impl FnMut(usize) -> Call,
    ) -> Result<(Value, usize), OdooError> {
        loop {
            let rows = self.sizes.of(about, most);
            match self.repeat(&call(rows), Some(rows)).await {
                Err(OdooError::TooMuch { error, .. }) if rows > 1 => {
                    let half = rows / 2;
                    log::warn!("{error}; from now on with {half} in the place of {rows}");
                    self.sizes.lower(about, half);
                }
                other => return other.map(|answer| (answer, rows)),
            }
        }
    }

    /// `rows` tells how many a call carries that can be halved.
    async fn repeat(&self, call: &Call, rows: Option<usize>) -> Result<Value, OdooError> {
        let attempts = Attempts { retry: &self.retry, hurry: &self.hurry };
        // How often in a row the call was ended without an answer.
        let (mut expired, mut ended) = (false, 0);
        let made = attempts.make(async || {
            let began = Instant::now();
            let error = match self.attempt(call, &mut expired).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            ended = if error.is_end() { ended + 1 } else { 0 };
            let many = rows.is_some_and(|rows| rows > 1);
            let too_much = error.is_too_large()
                || (many && (ended > 1 || (ended == 1 && began.elapsed() > LONG)) && self.transport.is_there().await);
            Err(if too_much && rows.is_some() { error.too_much() } else { error })
        });
        match made.await {
            // One row: tried for as long as patience lasted, by a server that answers everything else.
            Err(error) if rows == Some(1) && error.is_end() && ended > 1 && self.transport.is_there().await => {
                Err(error.too_much())
            }
            other => other,
        }
    }

    /// `expired` tells that a session is to be opened first, and afterwards whether the next attempt has to.
    async fn attempt(&self, call: &Call, expired: &mut bool) -> Result<Value, OdooError> {
        let mut renewed = false;
        let result = async {
            if *expired {
                self.transport.log_in().await.map_err(|e| self.without_login_page(e))?;
                (*expired, renewed) = (false, true);
            }
            self.transport.call(call).await
        };
        let result = result.await;
        if result.is_ok() {
            self.met.store(true, Ordering::Relaxed);
            self.served.store(true, Ordering::Relaxed);
        }
        result.map_err(|error| {
            let error = self.away(replayed_without_question(error));
            *expired |= error.class() == ErrorClass::SessionExpired;
            if self.served.load(Ordering::Relaxed) { error } else { self.never_served(error, renewed) }
        })
    }

    /// What an error means as long as no call went through.
    fn never_served(&self, error: OdooError, renewed: bool) -> OdooError {
        let (url, database) = self.transport.place();
        match error {
            error if renewed && error.class() == ErrorClass::SessionExpired => OdooError::Forgotten { url, database },
            OdooError::Fault { fault, .. } if is_half_upgraded(&fault) => {
                OdooError::HalfUpgraded { url, database, fault }
            }
            other => other,
        }
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
            OdooError::NoDatabase { url, database, hidden, .. } => {
                OdooError::NoDatabase { url, database, known: self.met.load(Ordering::Relaxed), hidden }
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
        self.call(&action_call(action, question)).await
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
        rows(model, fields, self.call(&reading(model, domain, fields)).await?)
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
        let mut out: Vec<Map<String, Value>> = Vec::new();
        loop {
            let mut condition = domain.clone();
            if let (Some(last), Some(list)) = (out.last(), condition.as_array_mut()) {
                list.push(json!(["id", if page.order == "id" { ">" } else { "<" }, last["id"]]));
            }
            let call =
                |limit| reading(model, condition.clone(), fields).arg("order", page.order).arg("limit", json!(limit));
            let (answer, asked) = self.call_some(model, page.limit - out.len(), call).await?;
            let rows = rows(model, fields, answer)?;
            let last = rows.len() < asked;
            out.extend(rows);
            if last || out.len() >= page.limit {
                return Ok(out);
            }
        }
    }

    /// Reads the records of a list, however long it is, by their ids.
    ///
    /// # Errors
    /// See [`OdooError`].
    pub async fn search_ids(
        &self,
        model: &'static str,
        ids: &[i64],
        fields: &[&str],
    ) -> Result<Vec<Map<String, Value>>, OdooError> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let (mut out, mut left) = (Vec::new(), &ids[..]);
        while !left.is_empty() {
            let call = |n| reading(model, json!([["id", "in", left[..n]]]), fields).arg("order", "id");
            let (answer, n) = self.call_some(model, left.len().min(IDS), call).await?;
            out.extend(rows(model, fields, answer)?);
            left = &left[n..];
        }
        Ok(out)
    }
}

/// A call of a server action with a question, which comes in the context.
pub(super) fn action_call(action: i64, question: Value) -> Call {
    Call::new("ir.actions.server", "run").ids(&[action]).context("erpsync", question)
}

/// Records that one call names by their ids.
const IDS: usize = 2000;

fn rows(model: &str, fields: &[&str], answer: Value) -> Result<Vec<Map<String, Value>>, OdooError> {
    let wrong =
        |reason: String| OdooError::Answer { call: format!("{model}.search_read"), reason, body: String::new() };
    let rows: Vec<Map<String, Value>> = serde_json::from_value(answer).map_err(|e| wrong(e.to_string()))?;
    // Odoo gives what was asked for, or refuses. Whoever reads the rows may count on it.
    for field in fields.iter().chain([&"id"]) {
        if rows.iter().any(|row| !row.contains_key(*field)) {
            return Err(wrong(format!("a record has no {field:?}")));
        }
    }
    Ok(rows)
}

/// A part of what a search finds, by id.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Odoo's `order`: `id` or `id desc`.
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

/// PostgreSQL lacks what Odoo's code asks for, other than our own.
pub(super) fn is_half_upgraded(fault: &Fault) -> bool {
    matches!(fault.short_name(), "UndefinedColumn" | "UndefinedTable") && !fault.message.contains("x_pz_")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::script::Reply;

    /// An Odoo behind a proxy that takes calls of so many rows at most, asked for rows in parts until there are none.
    async fn parts(rows: usize, takes: usize) -> (Vec<usize>, Result<(), OdooError>) {
        let (mut asked, mut left) = (Vec::new(), rows);
        let odoo = Odoo::scripted(19, Script::new(true, []));
        while left > 0 {
            let call = |n: usize| Call::new("x", "write").arg("n", json!(n));
            // The script does not see what it is asked: it is written down before.
            let mut replies = Vec::new();
            let mut n = odoo.sizes.of("x", left);
            while n > takes && n > 1 {
                replies.push(Reply { status: 413, body: "too large".to_owned() });
                n /= 2;
            }
            let status = if n > takes { 413 } else { 200 };
            replies.push(Reply { status, body: "true".to_owned() });
            odoo.transport.answer_with(replies);
            match odoo.call_some("x", left, call).await {
                Ok((_, n)) => {
                    asked.push(n);
                    left -= n;
                }
                Err(error) => return (asked, Err(error)),
            }
        }
        (asked, Ok(()))
    }

    #[tokio::test]
    async fn a_call_that_is_too_large_is_halved_and_the_size_is_kept() {
        let (asked, end) = parts(100, 30).await;
        assert!(end.is_ok());
        assert_eq!(asked, [25, 25, 25, 25], "once it is known that 100 and 50 are too many, nobody tries them again");
        assert_eq!(parts(7, 100).await.0, [7]);
        assert_eq!(parts(3, 1).await.0, [1, 1, 1]);
    }

    #[tokio::test]
    async fn a_row_that_does_not_go_through_alone_is_named() {
        let (asked, end) = parts(5, 0).await;
        assert_eq!(asked, Vec::<usize>::new());
        let error = end.unwrap_err().alone(|| "product 7".to_owned());
        let told = error.to_string();
        assert!(told.starts_with("product 7 alone does not go through: "), "{told}");
        assert!(told.contains("client_max_body_size"), "{told}");
        assert_eq!(error.class(), ErrorClass::Permanent);
    }

    #[tokio::test]
    async fn another_error_is_not_halved() {
        let odoo = Odoo::scripted(19, Script::new(true, [Reply { status: 500, body: "no".to_owned() }]));
        let error = odoo.call_some("x", 9, |_| Call::new("x", "write")).await.unwrap_err();
        assert!(matches!(error, OdooError::Http { status: 500, .. }), "{error:?}");
        assert_eq!(odoo.sizes.of("x", 9), 9);
    }
}
