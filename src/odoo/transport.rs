//! The two ways to call Odoo: the web session (14 to 18, and a password on 19) and JSON-2 (an API key on 19 and later).
//!
//! Knows HTTP and Odoo's envelopes, nothing of what is called. `/jsonrpc` is not used: Odoo 14 with several databases
//! answers its errors with a bare HTML 500, and 19 hashes the password anew for many calls.

use std::sync::LazyLock;
use std::time::Duration;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use tokio::sync::RwLock;

use super::error::{Fault, OdooError};
use super::script::Script;

/// A call of a method on a model.
#[derive(Debug, Clone)]
pub struct Call {
    /// `ir.actions.server`
    pub model: &'static str,
    /// `run`
    pub method: &'static str,
    /// The records, for methods of records.
    pub ids: Vec<i64>,
    /// Named arguments.
    pub args: Map<String, Value>,
    /// The context.
    pub context: Map<String, Value>,
}

impl Call {
    /// A call without records, arguments and context.
    #[must_use]
    pub fn new(model: &'static str, method: &'static str) -> Self {
        Self { model, method, ids: Vec::new(), args: Map::new(), context: Map::new() }
    }

    /// On these records.
    #[must_use]
    pub fn ids(mut self, ids: &[i64]) -> Self {
        self.ids = ids.to_vec();
        self
    }

    /// With an argument.
    #[must_use]
    pub fn arg(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.args.insert(name.to_owned(), value.into());
        self
    }

    /// With a value in the context.
    #[must_use]
    pub fn context(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.context.insert(name.to_owned(), value.into());
        self
    }

    fn name(&self) -> String {
        format!("{}.{}", self.model, self.method)
    }
}

/// How the account shows who it is.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Login and password.
    Password {
        /// The login.
        login: String,
        /// The password.
        password: SecretString,
    },
    /// An API key of Odoo 19 or later.
    ApiKey(SecretString),
}

#[derive(Debug)]
enum Mode {
    Web { login: String, password: SecretString, session: RwLock<SecretString> },
    Json2 { key: SecretString },
    Script(Script),
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

const VERSION_INFO: &str = "web/webclient/version_info";

fn no_odoo(url: &str, what: &str) -> String {
    format!("odoo.url: the server at {url} is no Odoo: {what}")
}

/// Which Odoo it is, asked without a login.
///
/// # Errors
/// When the server cannot be reached or is no Odoo.
pub async fn server_version(http: &Client, url: &str, timeout: Duration) -> Result<(u32, String), OdooError> {
    let call = VERSION_INFO;
    let request = http.post(format!("{url}/{call}")).json(&json!({"jsonrpc": "2.0", "method": "call", "params": {}}));
    let (_, body) = send(request, url, call, timeout).await.map_err(|e| match e {
        OdooError::Http { status: status @ (400 | 403..=405), .. } => {
            OdooError::Configuration(no_odoo(url, &format!("it answers {call} with HTTP {status}")))
        }
        other => other,
    })?;
    version_in(&body, url)
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

    /// Answers come from a script.
    #[must_use]
    pub fn scripted(script: Script) -> Self {
        // Sends nothing; one is made, as that reads the machine's certificates.
        static HTTP: LazyLock<Client> = LazyLock::new(Client::new);
        let timeout = Duration::from_secs(1);
        let (url, database) = ("https://odoo.example".to_owned(), "script".to_owned());
        Self { http: HTTP.clone(), url, database, timeout, mode: Mode::Script(script) }
    }

    /// `web` or `json2`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.mode {
            Mode::Web { .. } => "web",
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
        let Mode::Web { login, password, session } = &self.mode else { return Ok(()) };
        let call = "web/session/authenticate";
        let params = json!({"db": self.database, "login": login, "password": password.expose_secret()});
        let body = json!({"jsonrpc": "2.0", "method": "call", "params": params});
        let request = || self.http.post(format!("{}/{call}", self.url)).json(&body);
        let (cookie, text) = match send(request(), &self.url, call, self.timeout).await {
            // Odoo up to 15, when it serves several databases and knows no session yet, has no better word for a wrong
            // password or a wrong database. With a session that has chosen the database it says which.
            Err(error @ OdooError::Http { status: 500, .. }) => {
                let Some(cookie) = self.choose_database().await? else { return Err(error) };
                let request = request().header(COOKIE, format!("session_id={}", cookie.expose_secret()));
                send(request, &self.url, call, self.timeout).await?
            }
            other => other?,
        };
        let refused = |hint: String| OdooError::Login {
            url: self.url.clone(),
            login: login.clone(),
            database: self.database.clone(),
            hint,
        };
        let wrong = || refused("check odoo.login and the password".to_owned());
        let result = match envelope(&text, call) {
            Err(OdooError::Fault { fault, .. }) if fault.short_name() == "AccessDenied" => return Err(wrong()),
            Err(OdooError::Fault { fault, .. }) if fault.message.contains("does not exist") => {
                return Err(self.no_database());
            }
            other => other?,
        };
        if !result["uid"].is_i64() {
            return Err(wrong());
        }
        let Some(cookie) = cookie else {
            return Err(not_understood(call, "no session cookie", &text));
        };
        *session.write().await = cookie;
        Ok(())
    }

    fn no_database(&self) -> OdooError {
        OdooError::NoDatabase { url: self.url.clone(), database: self.database.clone(), known: false }
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
        let request = request.header(COOKIE, format!("session_id={}", cookie.expose_secret()));
        let answer = respond(request, &self.url, call, self.timeout).await?;
        match session_cookie(&answer) {
            Some(other) if other.expose_secret() != cookie.expose_secret() => Err(self.no_database()),
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
                    (true, status) => self.json2_answer(call, status, &reply.body),
                    (false, 200) => envelope(&reply.body, &call.name()),
                    (false, status) => Err(gone(self.http_error(call, status, &reply.body))),
                }
            }
        }
    }

    async fn json2_call(&self, request: RequestBuilder, call: &Call) -> Result<Value, OdooError> {
        let response = respond(request, &self.url, &call.name(), self.timeout).await?;
        let status = response.status().as_u16();
        let text = body(response, &self.url, &call.name(), self.timeout).await?;
        self.json2_answer(call, status, &text)
    }

    fn json2_answer(&self, call: &Call, status: u16, text: &str) -> Result<Value, OdooError> {
        let parsed: Result<Value, _> = serde_json::from_str(text);
        match (status, parsed) {
            (200, Ok(value)) => Ok(value),
            (200, Err(e)) => Err(not_understood(&call.name(), &e.to_string(), text)),
            (401, _) => Err(OdooError::Login {
                url: self.url.clone(),
                login: "the API key".to_owned(),
                database: self.database.clone(),
                hint: "the key is wrong or has expired, or belongs to another database; make a new one in the account's preferences".to_owned(),
            }),
            (_, Ok(value)) if value.get("name").is_some() => Err(OdooError::Fault { call: call.name(), fault: fault(&value) }),
            (404, Err(_)) => Err(self.no_database()),
            _ => Err(self.http_error(call, status, text)),
        }
    }

    fn http_error(&self, call: &Call, status: u16, text: &str) -> OdooError {
        OdooError::Http { url: self.url.clone(), call: call.name(), status, body: beginning(text) }
    }
}

/// Without a session a server with several databases does not know which one is meant.
fn gone(error: OdooError) -> OdooError {
    match error {
        OdooError::Http { url, call, status: 404, .. } => OdooError::SessionGone { url, call },
        other => other,
    }
}

/// `call_kw` takes `ids` as the first positional argument, and the values of `create` too: 14 finds them nowhere else. The
/// values of `write` have other names in some models of 14 (`ir.ui.menu`), so they have none here.
fn web_body(call: &Call) -> Value {
    let mut kwargs = call.args.clone();
    let mut args = Vec::new();
    if call.method == "create" {
        args.extend(kwargs.remove("vals_list"));
    } else if !call.ids.is_empty() {
        args.push(json!(call.ids));
    }
    if call.method == "write" {
        args.extend(kwargs.remove("vals"));
    }
    kwargs.insert("context".to_owned(), Value::Object(call.context.clone()));
    let params = json!({"model": call.model, "method": call.method, "args": args, "kwargs": kwargs});
    json!({"jsonrpc": "2.0", "method": "call", "params": params})
}

fn json2_body(call: &Call) -> Value {
    let mut body = call.args.clone();
    if !call.ids.is_empty() {
        body.insert("ids".to_owned(), json!(call.ids));
    }
    if !call.context.is_empty() {
        body.insert("context".to_owned(), Value::Object(call.context.clone()));
    }
    Value::Object(body)
}

fn unreachable(url: &str, error: &reqwest::Error) -> OdooError {
    let mut reason = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(e) = cause {
        let text = e.to_string();
        if !reason.contains(&text) {
            if !reason.is_empty() {
                reason.push_str(": ");
            }
            reason.push_str(&text);
        }
        cause = e.source();
    }
    if reason.is_empty() {
        reason = "the connection failed".to_owned();
    }
    if reason.contains("invalid peer certificate") {
        reason.push_str(if reason.contains("UnknownIssuer") {
            "; for a private certificate authority set odoo.tls = \"ca-file\" and odoo.ca_file"
        } else {
            "; odoo.url must have the certificate's name, and the server a certificate that is valid today"
        });
        return OdooError::Untrusted { url: url.to_owned(), reason };
    }
    OdooError::Unreachable { url: url.to_owned(), reason }
}

async fn respond(request: RequestBuilder, url: &str, call: &str, timeout: Duration) -> Result<Response, OdooError> {
    request.timeout(timeout).send().await.map_err(|e| broken(&e, url, call, timeout))
}

/// Bytes that an answer may have, unpacked: the largest that is asked for, a page of links, has a few ten millions. More is a
/// defect or malice, and would take this machine's memory.
const LARGEST_ANSWER: usize = 256 << 20;

async fn body(mut response: Response, url: &str, call: &str, timeout: Duration) -> Result<String, OdooError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| broken(&e, url, call, timeout))? {
        if bytes.len() + chunk.len() > LARGEST_ANSWER {
            let reason = format!("it has more than {} MiB", LARGEST_ANSWER >> 20);
            return Err(OdooError::Endless { call: call.to_owned(), reason });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

fn broken(error: &reqwest::Error, url: &str, call: &str, timeout: Duration) -> OdooError {
    if error.is_timeout() && !error.is_connect() {
        OdooError::Timeout { url: url.to_owned(), call: call.to_owned(), seconds: timeout.as_secs() }
    } else {
        unreachable(url, error)
    }
}

fn session_cookie(response: &Response) -> Option<SecretString> {
    let cookies = response.headers().get_all(SET_COOKIE).iter();
    cookies
        .filter_map(|c| c.to_str().ok()?.strip_prefix("session_id=")?.split(';').next().map(str::to_owned))
        .next_back()
        .map(SecretString::from)
}

/// Sends, and returns the session cookie, if a new one came, with the text.
async fn send(
    request: RequestBuilder,
    url: &str,
    call: &str,
    timeout: Duration,
) -> Result<(Option<SecretString>, String), OdooError> {
    let response = respond(request, url, call, timeout).await?;
    let cookie = session_cookie(&response);
    let status = response.status().as_u16();
    if response.status().is_redirection() {
        let to = response.headers().get(LOCATION).and_then(|l| l.to_str().ok()).unwrap_or("another address");
        // Not followed: a password must not go where nobody said it should.
        return Err(OdooError::Configuration(format!(
            "odoo.url: the server at {url} redirects to {to}; name that one"
        )));
    }
    let text = body(response, url, call, timeout).await?;
    if status != 200 {
        return Err(OdooError::Http { url: url.to_owned(), call: call.to_owned(), status, body: beginning(&text) });
    }
    Ok((cookie, text))
}

/// Opens the JSON-RPC envelope of the web session.
fn envelope(text: &str, call: &str) -> Result<Value, OdooError> {
    let mut value: Value = serde_json::from_str(text).map_err(|e| not_understood(call, &e.to_string(), text))?;
    if let Some(error) = value.get("error") {
        return Err(OdooError::Fault { call: call.to_owned(), fault: fault(&error["data"]) });
    }
    let is_envelope = value.get("jsonrpc").is_some();
    match value.get_mut("result") {
        Some(result) => Ok(result.take()),
        // A method that returns None: the key is missing in some versions.
        None if is_envelope => Ok(Value::Null),
        None => Err(not_understood(call, "neither result nor error", text)),
    }
}

/// Odoo's error object; an exception inside a procedure carries the whole code in its text, which is cut away.
fn fault(data: &Value) -> Fault {
    let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
    let message = text("message");
    let message = message.split(" while evaluating\n").next().unwrap_or_default().trim().to_owned();
    Fault { name: text("name"), message, traceback: text("debug") }
}

fn not_understood(call: &str, reason: &str, text: &str) -> OdooError {
    OdooError::Answer { call: call.to_owned(), reason: reason.to_owned(), body: beginning(text) }
}

/// The first line or so of a body, without markup or control characters.
fn beginning(text: &str) -> String {
    let mut out = String::new();
    let mut in_tag = false;
    for c in text.chars().take(4000) {
        match c {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                out.push(' ');
            }
            _ if in_tag => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_in_a_line() {
        assert_eq!(beginning("<html><h1>Bad   Gateway</h1>\n<p>nginx</p></html>"), "Bad Gateway nginx");
    }

    #[test]
    fn odoo_s_error_is_taken_apart() {
        let text = r#"{"jsonrpc":"2.0","error":{"code":200,"message":"Odoo Server Error","data":
            {"name":"odoo.exceptions.AccessError","message":"Not you","debug":"Traceback …"}}}"#;
        let Err(OdooError::Fault { fault, .. }) = envelope(text, "m.f") else { panic!("a fault") };
        assert_eq!((fault.short_name(), fault.message.as_str()), ("AccessError", "Not you"));
    }

    #[test]
    fn the_code_of_a_procedure_is_not_shown() {
        let data = json!({"name": "ValueError", "message": "KeyError('x') while evaluating\n'ask = 1'", "debug": ""});
        assert_eq!(fault(&data).message, "KeyError('x')");
    }

    #[test]
    fn create_is_positional_in_a_web_session() {
        let call = Call::new("res.groups", "create").arg("vals_list", json!([{"name": "x"}]));
        assert_eq!(web_body(&call)["params"]["args"], json!([[{"name": "x"}]]));
        assert_eq!(json2_body(&call), json!({"vals_list": [{"name": "x"}]}));
    }

    #[test]
    fn write_is_positional_in_a_web_session() {
        let call = Call::new("ir.ui.menu", "write").ids(&[7]).arg("vals", json!({"name": "x"}));
        assert_eq!(web_body(&call)["params"]["args"], json!([[7], {"name": "x"}]));
        assert_eq!(json2_body(&call), json!({"ids": [7], "vals": {"name": "x"}}));
    }
}
