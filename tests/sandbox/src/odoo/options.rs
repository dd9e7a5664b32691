//! What a stand-in is started with, and what it can be told to do wrong.

use std::time::Duration;

/// How the stand-in behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdooOptions {
    /// 14 or 19.
    pub version: u32,
    /// The port on 127.0.0.1; 0 picks a free one.
    pub port: u16,
    /// The databases; each begins with the same records.
    pub databases: Vec<String>,
    /// The accounts. `admin`, password `admin`, is the administrator.
    pub users: Vec<UserOptions>,
    /// Installed languages, `en_US` among them.
    pub languages: Vec<String>,
    /// Companies; the first is everybody's own.
    pub companies: Vec<String>,
}

impl Default for OdooOptions {
    fn default() -> Self {
        Self {
            version: 19,
            port: 0,
            databases: vec!["shop".to_owned()],
            users: vec![UserOptions::administrator()],
            languages: vec!["en_US".to_owned()],
            companies: vec!["My Company".to_owned()],
        }
    }
}

impl OdooOptions {
    /// A stand-in of this version, otherwise as by default.
    #[must_use]
    pub fn version(version: u32) -> Self {
        Self { version, ..Self::default() }
    }

    /// With a further account.
    #[must_use]
    pub fn user(mut self, user: UserOptions) -> Self {
        self.users.push(user);
        self
    }

    /// With a further installed language.
    #[must_use]
    pub fn language(mut self, code: &str) -> Self {
        self.languages.push(code.to_owned());
        self
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserOptions {
    /// The login, which is the name too.
    pub login: String,
    /// The password.
    pub password: String,
    /// An API key, for JSON-2.
    pub api_key: Option<String>,
    /// The account's language.
    pub language: String,
    /// May create and change products.
    pub products: bool,
    /// Has the rights of Settings.
    pub administrator: bool,
}

impl UserOptions {
    /// An internal user without further rights; the password is the login.
    #[must_use]
    pub fn new(login: &str) -> Self {
        Self {
            login: login.to_owned(),
            password: login.to_owned(),
            api_key: None,
            language: "en_US".to_owned(),
            products: false,
            administrator: false,
        }
    }

    /// `admin`, with all rights and the API key `admin-key`.
    #[must_use]
    pub fn administrator() -> Self {
        Self { api_key: Some("admin-key".to_owned()), products: true, administrator: true, ..Self::new("admin") }
    }

    /// May create and change products.
    #[must_use]
    pub fn products(mut self) -> Self {
        self.products = true;
        self
    }

    /// With an API key.
    #[must_use]
    pub fn api_key(mut self, key: &str) -> Self {
        self.api_key = Some(key.to_owned());
        self
    }

    /// With another language.
    #[must_use]
    pub fn language(mut self, code: &str) -> Self {
        self.language = code.to_owned();
        self
    }
}

/// Something that goes wrong once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed before the call is looked at; nothing is done.
    CutBefore,
    /// The call is carried out and committed, and the connection is closed without an answer.
    CutAfter,
    /// A proxy's HTML page with this status (502, 503, 504) comes instead; nothing is done.
    Page(u16),
    /// PostgreSQL could not serialise the transaction; nothing is done.
    Serialization,
    /// The session is gone, and every call with it is refused until the client logs in again.
    SessionExpired,
    /// The call waits this long before it is carried out.
    Delay(Duration),
}

/// A call that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `procedure create` for a run of that procedure, `res.users.has_group` for another method, or the path of a call
    /// without a model: `web/session/authenticate`.
    pub name: String,
    /// `ok`, or the name of Odoo's exception, or what a [`Fault`] did: `cut before`, `cut after`, `HTTP 502`.
    pub outcome: String,
}
