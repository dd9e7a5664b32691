//! The three ways to call Odoo: the web session for a password, JSON-2 for an API key from 19 on, and `/jsonrpc` for a key
//! before, where no other takes one.
//!
//! Knows HTTP and Odoo's envelopes, nothing of what is called. `/jsonrpc` is not used for passwords: 19 hashes them anew for
//! many calls, and nobody gets in whom Odoo asks for a second factor.

mod answer;
mod call;
mod http;

use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{COOKIE, DATE};
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::RwLock;

use super::client::is_half_upgraded;
use super::error::OdooError;
use super::script::Script;
use answer::{beginning, envelope, fault, not_understood};
use call::{json2_body, rpc, rpc_body, web_body};
use http::{asks, body, respond, send, session_cookie};

pub use call::Call;

#[derive(Debug)]
enum Mode {
    Web { login: String, password: SecretString, session: RwLock<SecretString> },
    Rpc { login: String, key: SecretString, choose: bool, caller: RwLock<Caller> },
    Json2 { key: SecretString },
    Script(Script),
}

/// Who calls `/jsonrpc`.
#[derive(Debug, Default)]
struct Caller {
    user: i64,
    /// A session without a login that has chosen the database: Odoo up to 15, when it serves several, has a bare HTTP 500 for
    /// every error otherwise.
    session: Option<SecretString>,
}

/// A connection to one database of one Odoo server, as one account.
#[derive(Debug)]
pub struct Transport {
    http: Client,
    url: String,
    database: String,
    timeout: Duration,
    mode: Mode,
}

/// A server that is there tells its version sooner than this.
const SOON: Duration = Duration::from_secs(15);

const VERSION_INFO: &str = "web/webclient/version_info";

fn no_odoo(url: &str, what: &str) -> String {
    format!(
        "odoo.url: the server at {url} is no Odoo: {what}; correct the address, or, if it is a proxy's or a sign-on's page before Odoo, have that let this machine's requests to /web, /json and /jsonrpc through"
    )
}

/// Which Odoo it is, asked without a login.
///
/// # Errors
/// When the server cannot be reached or is no Odoo.
pub async fn server_version(http: &Client, url: &str, timeout: Duration) -> Result<(u32, String), OdooError> {
    let call = VERSION_INFO;
    let request = http.post(format!("{url}/{call}")).json(&json!({"jsonrpc": "2.0", "method": "call", "params": {}}));
    let (_, body) = send(request, url, call, timeout).await.map_err(|e| match e {
        OdooError::Http { status: status @ (400 | 404..=405), .. } => {
            OdooError::Configuration(no_odoo(url, &format!("it answers {call} with HTTP {status}")))
        }
        other => other,
    })?;
    version_in(&body, url)
}

/// How many seconds the server's clock is ahead of this machine's, by the date of its answers, which have whole seconds.
pub async fn clock(http: &Client, url: &str, timeout: Duration) -> Option<i64> {
    let before = Utc::now();
    let request = http.post(format!("{url}/{VERSION_INFO}")).json(&json!({"jsonrpc": "2.0", "params": {}}));
    let answer = respond(request, url, VERSION_INFO, timeout).await.ok()?;
    let after = Utc::now();
    let theirs = DateTime::parse_from_rfc2822(answer.headers().get(DATE)?.to_str().ok()?).ok()?;
    let ours = before + (after - before) / 2;
    Some((theirs.with_timezone(&Utc) - ours).num_seconds())
}

/// What an answer to the question for the version says.
///
/// # Errors
/// When it is no Odoo's.
pub fn version_in(body: &str, url: &str) -> Result<(u32, String), OdooError> {
    let call = VERSION_INFO;
    let value = envelope(body, call).map_err(|e| match e {
        OdooError::Answer { body, .. } => {
            OdooError::Configuration(no_odoo(url, &format!("its answer to {call} begins with {body:?}")))
        }
        other => other,
    })?;
    let major = value["server_version_info"][0].as_u64().or_else(|| {
        // Odoo's own hosting says "saas~18.1" here.
        value["server_version_info"][0].as_str()?.rsplit('~').next()?.split('.').next()?.parse().ok()
    });
    let shown = value["server_version"].as_str().unwrap_or_default().to_owned();
    let major = major.and_then(|m| u32::try_from(m).ok());
    major.map(|m| (m, shown)).ok_or_else(|| not_understood(call, "no server_version_info", body))
}

impl Transport {
    /// Logs in with a password, for calls of the web session.
    ///
    /// # Errors
    /// When the server cannot be reached, has no such database, or refuses the login.
    pub async fn web(
        http: Client,
        url: &str,
        database: &str,
        login: &str,
        password: SecretString,
        timeout: Duration,
    ) -> Result<Self, OdooError> {
        let session = RwLock::new(SecretString::from(String::new()));
        let mode = Mode::Web { login: login.to_owned(), password, session };
        let transport = Self { http, url: url.to_owned(), database: database.to_owned(), timeout, mode };
        transport.log_in().await?;
        Ok(transport)
    }

    /// Calls JSON-2 with an API key; the key is tried by the first call.
    #[must_use]
    pub fn json2(http: Client, url: &str, database: &str, key: SecretString, timeout: Duration) -> Self {
        Self { http, url: url.to_owned(), database: database.to_owned(), timeout, mode: Mode::Json2 { key } }
    }

    /// Logs in with an API key of Odoo 14 to 18, for calls of `/jsonrpc`; `choose` for a server that words its errors only
    /// in a session that has chosen its database.
    ///
    /// # Errors
    /// When the server cannot be reached, has no such database, or refuses the key.
    pub async fn rpc(
        http: Client,
        url: &str,
        database: &str,
        login: &str,
        key: SecretString,
        choose: bool,
        timeout: Duration,
    ) -> Result<Self, OdooError> {
        let mode = Mode::Rpc { login: login.to_owned(), key, choose, caller: RwLock::default() };
        let transport = Self { http, url: url.to_owned(), database: database.to_owned(), timeout, mode };
        transport.log_in().await?;
        Ok(transport)
    }

    /// Answers come from a script.
    #[must_use]
    pub fn scripted(script: Script) -> Self {
        // Sends nothing; one is made, as that reads the machine's certificates.
        static HTTP: LazyLock<Client> = LazyLock::new(Client::new);
        let timeout = Duration::from_secs(1);
        let (url, database) = ("https://odoo.example".to_owned(), "script".to_owned());
        Self { http: HTTP.clone(), url, database, timeout, mode: Mode::Script(script) }
    }

    /// Further answers of a script.
    #[cfg(test)]
    pub(super) fn answer_with(&self, replies: impl IntoIterator<Item = super::script::Reply>) {
        if let Mode::Script(script) = &self.mode {
            script.extend(replies);
        }
    }

    /// `web`, `jsonrpc` or `json2`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.mode {
            Mode::Web { .. } => "web",
            Mode::Rpc { .. } => "jsonrpc",
            Mode::Json2 { .. } => "json2",
            Mode::Script(script) => {
                if script.is_json2() {
                    "json2"
                } else {
                    "web"
                }
            }
        }
    }

    /// Opens the session anew; nothing to do for JSON-2.
    ///
    /// # Errors
    /// As [`Transport::web`].
    pub async fn log_in(&self) -> Result<(), OdooError> {
        match &self.mode {
            Mode::Web { login, password, session } => self.open_session(login, password, session).await,
            Mode::Rpc { login, key, choose, caller } => {
                let session = if *choose { self.choose_database().await? } else { None };
                *caller.write().await = Caller { user: self.user_of_key(login, key, session.as_ref()).await?, session };
                Ok(())
            }
            Mode::Json2 { .. } | Mode::Script(_) => Ok(()),
        }
    }

    /// The id of the account that a key belongs to.
    async fn user_of_key(
        &self,
        login: &str,
        key: &SecretString,
        session: Option<&SecretString>,
    ) -> Result<i64, OdooError> {
        let call = "jsonrpc";
        let args = json!([self.database, login, key.expose_secret(), {}]);
        let body = rpc(json!({"service": "common", "method": "authenticate", "args": args}));
        let request = with_session(self.http.post(format!("{}/{call}", self.url)), session).json(&body);
        let (_, text) = send(request, &self.url, call, self.timeout).await?;
        let answer = envelope(&text, call).map_err(|error| self.not_let_in(login, error))?;
        answer.as_i64().ok_or_else(|| {
            self.refused(
                login,
                "the API key is wrong or was deleted, or belongs to another account (odoo.login) or database; make a new one in the account's preferences (Account Security)",
            )
        })
    }

    async fn open_session(
        &self,
        login: &str,
        password: &SecretString,
        session: &RwLock<SecretString>,
    ) -> Result<(), OdooError> {
        let call = "web/session/authenticate";
        let params = json!({"db": self.database, "login": login, "password": password.expose_secret()});
        let body = rpc(params);
        let request = || self.http.post(format!("{}/{call}", self.url)).json(&body);
        let (cookie, text) = match send(request(), &self.url, call, self.timeout).await {
            // Odoo up to 15, when it serves several databases and knows no session yet, has no better word for a wrong
            // password or a wrong database. With a session that has chosen the database it says which.
            Err(error @ OdooError::Http { status: 500, .. }) => {
                let Some(cookie) = self.choose_database().await? else { return Err(error) };
                send(with_session(request(), Some(&cookie)), &self.url, call, self.timeout).await?
            }
            other => other?,
        };
        let result = envelope(&text, call).map_err(|error| self.not_let_in(login, error))?;
        if !result["uid"].is_i64() {
            // The password is right, and the session waits for the second step.
            return Err(self.refused(login, SECOND_FACTOR));
        }
        let Some(cookie) = cookie else {
            return Err(not_understood(call, "no session cookie", &text));
        };
        *session.write().await = cookie;
        Ok(())
    }

    /// Server and database.
    pub(super) fn place(&self) -> (String, String) {
        (self.url.clone(), self.database.clone())
    }

    /// Does the server answer at all, asked for what takes it no time?
    pub async fn is_there(&self) -> bool {
        match self.mode {
            Mode::Script(_) => true,
            _ => server_version(&self.http, &self.url, self.timeout.min(SOON)).await.is_ok(),
        }
    }

    fn refused(&self, login: &str, hint: &str) -> OdooError {
        OdooError::Login {
            url: self.url.clone(),
            login: login.to_owned(),
            database: self.database.clone(),
            hint: hint.to_owned(),
        }
    }

    /// What an error of a login means.
    fn not_let_in(&self, login: &str, error: OdooError) -> OdooError {
        let OdooError::Fault { fault, .. } = &error else { return error };
        // Odoo 19 stumbles over its own words here, and what it says is about a number.
        let cooling =
            fault.traceback.contains("_assert_can_auth") || fault.message.starts_with("Too many login failures");
        match fault.short_name() {
            _ if cooling => OdooError::Cooling { url: self.url.clone(), database: self.database.clone() },
            "AccessDenied" if matches!(fault.message.as_str(), "" | "Access Denied" | "Access denied") => {
                self.refused(login, "check odoo.login and the password")
            }
            "AccessDenied" => {
                self.refused(login, &format!("Odoo says {:?}; check odoo.login and the password", fault.message))
            }
            "OperationalError" => self.no_database(false),
            _ if is_half_upgraded(fault) => {
                let (url, database) = self.place();
                OdooError::HalfUpgraded { url, database, fault: fault.clone() }
            }
            // From 16 on, of a database that is not in its list.
            "AccessError" => self.no_database(true),
            _ => error,
        }
    }

    fn no_database(&self, hidden: bool) -> OdooError {
        OdooError::NoDatabase { url: self.url.clone(), database: self.database.clone(), known: false, hidden }
    }

    /// Opens a session without a login that has chosen the database, as a browser does; `None` when Odoo gives none.
    async fn choose_database(&self) -> Result<Option<SecretString>, OdooError> {
        let call = "web/login";
        let Ok(page) = Url::parse_with_params(&format!("{}/{call}", self.url), [("db", &self.database)]) else {
            return Ok(None);
        };
        let page = || self.http.get(page.clone());
        let chosen = respond(page(), &self.url, call, self.timeout).await?;
        let Some(cookie) = session_cookie(&chosen) else { return Ok(None) };
        // Odoo throws away a session whose database it cannot open: the next answer then brings another one.
        let call = "web/webclient/version_info";
        let request = self.http.post(format!("{}/{call}", self.url)).json(&json!({"jsonrpc": "2.0", "params": {}}));
        let request = with_session(request, Some(&cookie));
        let answer = respond(request, &self.url, call, self.timeout).await?;
        match session_cookie(&answer) {
            Some(other) if other.expose_secret() != cookie.expose_secret() => Err(self.no_database(true)),
            _ => Ok(Some(cookie)),
        }
    }

    /// Calls a method; one call is one transaction in Odoo.
    ///
    /// # Errors
    /// See [`OdooError`]; after `Unreachable` and `Timeout` it is unknown whether the call was carried out.
    pub async fn call(&self, call: &Call) -> Result<Value, OdooError> {
        match &self.mode {
            Mode::Web { session, .. } => {
                let cookie = format!("session_id={}", session.read().await.expose_secret());
                let path = format!("{}/web/dataset/call_kw/{}/{}", self.url, call.model, call.method);
                let request = self.http.post(path).header(COOKIE, cookie).json(&web_body(call));
                let (_, text) = send(request, &self.url, &call.name(), self.timeout).await.map_err(gone)?;
                envelope(&text, &call.name())
            }
            Mode::Rpc { key, caller, .. } => {
                let caller = caller.read().await;
                let body = rpc_body(call, &self.database, caller.user, key.expose_secret());
                let request = self.http.post(format!("{}/jsonrpc", self.url)).json(&body);
                let request = with_session(request, caller.session.as_ref());
                let (_, text) = send(request, &self.url, &call.name(), self.timeout).await?;
                envelope(&text, &call.name())
            }
            Mode::Json2 { key } => {
                let path = format!("{}/json/2/{}/{}", self.url, call.model, call.method);
                let request =
                    self.http.post(path).bearer_auth(key.expose_secret()).header("X-Odoo-Database", &self.database);
                self.json2_call(request.json(&json2_body(call)), call).await
            }
            Mode::Script(script) => {
                let ended = || OdooError::Unreachable { url: self.url.clone(), reason: "no more answers".to_owned() };
                let reply = script.next().ok_or_else(ended)?;
                match (script.is_json2(), reply.status) {
                    (true, status) => self.json2_answer(call, status, &reply.body, None),
                    (false, 200) => envelope(&reply.body, &call.name()),
                    (false, status) => Err(gone(self.http_error(call, status, &reply.body, None))),
                }
            }
        }
    }

    async fn json2_call(&self, request: RequestBuilder, call: &Call) -> Result<Value, OdooError> {
        let response = respond(request, &self.url, &call.name(), self.timeout).await?;
        let status = response.status().as_u16();
        let asks = asks(&response);
        let text = body(response, &self.url, &call.name(), self.timeout).await?;
        self.json2_answer(call, status, &text, asks)
    }

    fn json2_answer(&self, call: &Call, status: u16, text: &str, asks: Option<String>) -> Result<Value, OdooError> {
        let parsed: Result<Value, _> = serde_json::from_str(text);
        match (status, parsed) {
            (200, Ok(value)) => Ok(value),
            (200, Err(e)) => Err(not_understood(&call.name(), &e.to_string(), text)),
            (401, _) if asks.is_none() => Err(OdooError::Login {
                url: self.url.clone(),
                login: "the API key".to_owned(),
                database: self.database.clone(),
                hint: "the key is wrong or has expired, or belongs to another database; make a new one in the account's preferences".to_owned(),
            }),
            (_, Ok(value)) if value.get("name").is_some() => Err(OdooError::Fault { call: call.name(), fault: fault(&value) }),
            (404, Err(_)) => Err(self.no_database(true)),
            _ => Err(self.http_error(call, status, text, asks)),
        }
    }

    fn http_error(&self, call: &Call, status: u16, text: &str, asks: Option<String>) -> OdooError {
        OdooError::Http { url: self.url.clone(), call: call.name(), status, body: beginning(text), asks }
    }
}

/// What to do where Odoo asks for more than a password.
const SECOND_FACTOR: &str = "the password is right, and Odoo asks for a second factor, which no program has; make an API key as that account (its preferences, Account Security, New API Key) and give it in the password's place: odoo.api_key_env or odoo.api_key_file, for an administrator's setup ERPSYNC_ODOO_ADMIN_API_KEY";

fn with_session(request: RequestBuilder, session: Option<&SecretString>) -> RequestBuilder {
    match session {
        Some(session) => request.header(COOKIE, format!("session_id={}", session.expose_secret())),
        None => request,
    }
}

/// Without a session a server with several databases does not know which one is meant.
fn gone(error: OdooError) -> OdooError {
    match error {
        OdooError::Http { url, call, status: 404, .. } => OdooError::SessionGone { url, call },
        other => other,
    }
}
