//! Passwords and keys: where they are, and reading them when a command needs them.
//!
//! A secret is read only for the servers that a command talks to, kept in a [`SecretString`], and never shown.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretString};

use super::environment::{CREDENTIALS_DIRECTORY, Environment};
use super::error::ConfigError;
use super::guarded::{readable_by_others, writable_by_others};
use super::settings::{OdooSettings, Transport};

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// In an environment variable.
    Variable(String),
    /// In a file; one newline at its end does not count.
    File(PathBuf),
    /// In a credential that systemd hands to the unit: `$CREDENTIALS_DIRECTORY/name`.
    Credential(String),
}

/// A secret that is not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    /// For messages: `the password of source polonez`.
    what: String,
    /// `[sources.polonez] of sync.toml`, for the cure.
    section: String,
    /// `password`, `api_key`: what the keys `…_env`, `…_file`, `…_credential` begin with.
    stem: &'static str,
    /// The usual variable. It wins over a file or credential; `…_env` takes its place.
    variable: String,
    /// What the file says; `None` for the usual variable alone.
    place: Option<SecretPlace>,
}

impl SecretRef {
    pub(super) fn new(
        what: String,
        section: String,
        stem: &'static str,
        variable: String,
        place: Option<SecretPlace>,
    ) -> Self {
        Self { what, section, stem, variable, place }
    }

    /// Where the configuration says that it is; `None` when it says nothing, so that only the usual variable counts.
    #[must_use]
    pub fn place(&self) -> Option<&SecretPlace> {
        self.place.as_ref()
    }

    /// Where it would be read now, for people: the variable, the file or the credential; never what is there.
    #[must_use]
    pub fn whereabouts(&self, env: &dyn Environment) -> String {
        let variable = |name: &str| format!("environment variable {name}");
        match &self.place {
            Some(SecretPlace::Variable(name)) => variable(name),
            Some(SecretPlace::File(path)) if env.filled(&self.variable).is_none() => path.display().to_string(),
            Some(SecretPlace::Credential(name)) if env.filled(&self.variable).is_none() => {
                format!("the systemd credential {name}")
            }
            _ => variable(&self.variable),
        }
    }

    /// Reads a key, which goes into a header of HTTP: visible ASCII characters alone.
    fn read_key(&self, env: &dyn Environment) -> Result<Option<SecretString>, ConfigError> {
        let key = self.read(env)?;
        if key.as_ref().is_some_and(|key| !key.expose_secret().bytes().all(|b| b.is_ascii_graphic())) {
            return Err(self.missing(
                "it has blanks, line breaks or other characters that no API key has".to_owned(),
                "copy it again, alone".to_owned(),
            ));
        }
        Ok(key)
    }

    /// Reads it; `None` when nobody said where it is and the usual variable is not set.
    ///
    /// # Errors
    /// When the place that the configuration names has no secret.
    pub fn read(&self, env: &dyn Environment) -> Result<Option<SecretString>, ConfigError> {
        match &self.place {
            Some(SecretPlace::Variable(name)) => match self.in_variable(name, env)? {
                Some(secret) => Ok(Some(secret)),
                None => Err(self.missing(
                    format!("environment variable {name} is not set or empty"),
                    format!("set it, or change {}_env in {}", self.stem, self.section),
                )),
            },
            Some(SecretPlace::File(path)) => match self.in_variable(&self.variable, env)? {
                Some(secret) => Ok(Some(secret)),
                None => {
                    let cure = format!(
                        "put it there, readable for this account alone, or change {}_file in {}",
                        self.stem, self.section
                    );
                    self.in_file(path, &cure).map(Some)
                }
            },
            Some(SecretPlace::Credential(name)) => match self.in_variable(&self.variable, env)? {
                Some(secret) => Ok(Some(secret)),
                None => self.in_credential(name, env).map(Some),
            },
            None => self.in_variable(&self.variable, env),
        }
    }

    /// Reads it, and insists.
    ///
    /// # Errors
    /// When it is nowhere.
    pub fn require(&self, env: &dyn Environment) -> Result<SecretString, ConfigError> {
        let Self { section, stem, variable, .. } = self;
        self.read(env)?.ok_or_else(|| {
            self.missing(
                format!("environment variable {variable} is not set or empty"),
                format!("set it, or say in {section} where it is: {stem}_env, {stem}_file or {stem}_credential"),
            )
        })
    }

    fn missing(&self, problem: String, cure: String) -> ConfigError {
        ConfigError::Secret { what: self.what.clone(), problem, cure }
    }

    fn in_variable(&self, name: &str, env: &dyn Environment) -> Result<Option<SecretString>, ConfigError> {
        let Some(value) = env.filled(name) else { return Ok(None) };
        match value.into_string() {
            Ok(text) => Ok(Some(text.into())),
            Err(_) => Err(self.missing(
                format!("the value of environment variable {name} is not UTF-8"),
                "set it again in a UTF-8 locale, or keep it in a file".to_owned(),
            )),
        }
    }

    fn in_credential(&self, name: &str, env: &dyn Environment) -> Result<SecretString, ConfigError> {
        let cure = format!("give the systemd unit LoadCredential={name}:/path/to/the/file");
        match env.filled(CREDENTIALS_DIRECTORY) {
            Some(directory) => self.in_file(&Path::new(&directory).join(name), &cure),
            None => Err(self.missing(
                format!("environment variable {CREDENTIALS_DIRECTORY} is not set, so this is no systemd unit with credentials"),
                format!("{cure}; outside systemd set {}", self.variable),
            )),
        }
    }

    fn in_file(&self, path: &Path, cure: &str) -> Result<SecretString, ConfigError> {
        let missing = |problem: String| self.missing(format!("{}: {problem}", path.display()), cure.to_owned());
        let mut text = fs::read_to_string(path).map_err(|error| missing(io_words(&error)))?;
        // A byte order mark, as editors of Windows put before a text, is no part of it.
        let line = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let secret = if line.is_empty() {
            Err(missing("the file is empty".to_owned()))
        } else if line.contains(['\n', '\r']) {
            Err(missing("the file has more than one line".to_owned()))
        } else {
            Ok(line.to_owned().into())
        };
        text.zeroize();
        secret
    }

    /// A file that others can read or write, in words; `None` when all is well or the file is not there (reading it will tell).
    pub(super) fn warning(&self) -> Option<String> {
        let Some(SecretPlace::File(path)) = &self.place else { return None };
        let (what, shown) = (&self.what, path.display());
        match readable_by_others(path) {
            Some(mode) => Some(format!(
                "{what} is in {shown}, which others can read (mode {mode:03o}); chmod o-r {shown}, or give it to a group of this account alone"
            )),
            None => writable_by_others(path).map(|why| format!("{what} is in {shown}, and {why}")),
        }
    }
}

/// The system's words without the error number that `io::Error` adds, which differs between systems.
pub(crate) fn io_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8 text, save it as that".to_owned(),
        _ => error.to_string(),
    }
}

/// What opens Odoo: at least one of the two.
#[derive(Debug, Clone)]
pub struct OdooCredentials {
    /// For web sessions.
    pub password: Option<LoginPassword>,
    /// For JSON-2.
    pub api_key: Option<SecretString>,
}

/// A user and a password.
#[derive(Debug, Clone)]
pub struct LoginPassword {
    /// The user.
    pub login: String,
    /// The password.
    pub password: SecretString,
}

impl OdooSettings {
    /// Reads what the configured transport needs: login and password for `web`, the key for `json2`, whatever there is
    /// for `auto`, but at least one of the two.
    ///
    /// # Errors
    /// When a secret or the login is missing, or a place that the configuration names has no secret.
    pub fn credentials(&self, env: &dyn Environment) -> Result<OdooCredentials, ConfigError> {
        match self.transport {
            Transport::Web => {
                Ok(OdooCredentials { password: Some(self.with_login(self.password.require(env)?)?), api_key: None })
            }
            Transport::Json2 => Ok(OdooCredentials { password: None, api_key: Some(self.key(env)?) }),
            Transport::Auto => {
                let (password, api_key) = (self.password.read(env)?, self.api_key.read_key(env)?);
                match (password, api_key) {
                    (None, None) => Err(self.password.missing(
                        format!(
                            "neither {} (a password) nor {} (an API key) is set",
                            self.password.variable, self.api_key.variable
                        ),
                        format!(
                            "set one of them, or say in {} where one is: password_env, password_file, password_credential, api_key_env, api_key_file or api_key_credential",
                            self.password.section
                        ),
                    )),
                    (None, api_key) => Ok(OdooCredentials { password: None, api_key }),
                    (Some(password), None) => {
                        Ok(OdooCredentials { password: Some(self.with_login(password)?), api_key: None })
                    }
                    // The key is enough; a password without a user opens nothing, and does no harm.
                    (Some(password), api_key) => {
                        Ok(OdooCredentials { password: self.with_login(password).ok(), api_key })
                    }
                }
            }
        }
    }

    fn key(&self, env: &dyn Environment) -> Result<SecretString, ConfigError> {
        match self.api_key.read_key(env)? {
            Some(key) => Ok(key),
            None => self.api_key.require(env),
        }
    }

    fn with_login(&self, password: SecretString) -> Result<LoginPassword, ConfigError> {
        match &self.login {
            Some(login) => Ok(LoginPassword { login: login.clone(), password }),
            None => Err(ConfigError::Secret {
                what: "the login in Odoo".to_owned(),
                problem: "a password opens nothing without a user".to_owned(),
                cure: format!(
                    "write login = \"…\" in {}, set ERPSYNC_ODOO_LOGIN, or use an API key",
                    self.password.section
                ),
            }),
        }
    }
}
