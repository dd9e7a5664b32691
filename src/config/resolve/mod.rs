//! From TOML, environment and flags to settings. Does no I/O but asking whether files exist.
//!
//! [`Section`] knows where its keys stand, so that each check is one line and each error names its place.

mod odoo;
mod order;
mod report;
pub(crate) mod source;
mod sync;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Overrides;
use super::document::Document;
use super::environment::{Environment, SourceVariable};
use super::error::{ConfigError, Place};
use super::file;
use super::keys;
use super::secret::{SecretPlace, SecretRef};
use super::settings::{NameOrId, Settings};
use crate::catalog::SourceName;

type Result<T> = std::result::Result<T, ConfigError>;

pub(super) fn resolve(document: &Document, overrides: &Overrides, env: &dyn Environment) -> Result<Settings> {
    let mut file = document.parse()?;
    let mut warnings = Vec::new();
    let order = order::resolve(document, &file)?;
    let mut sources = BTreeMap::new();
    for name in chosen(document, &file.sources, &overrides.sources)? {
        if let Some(raw) = file.sources.remove(name.as_str()) {
            let settings = source::resolve(document, &name, raw, env, &mut warnings)?;
            sources.insert(name, settings);
        }
    }
    let odoo = odoo::resolve(document, file.odoo, overrides, env, &mut warnings)?;
    let sync = sync::resolve(document, file.sync)?;
    let report = report::resolve(document, file.report, overrides, &mut warnings)?;
    Ok(Settings { sources, order, odoo, sync, report, path: document.path.clone(), warnings })
}

/// The sources of this run, after checking all the names in the file.
fn chosen(
    document: &Document,
    in_file: &BTreeMap<String, file::Source>,
    asked: &[String],
) -> Result<BTreeSet<SourceName>> {
    let mut names = BTreeSet::new();
    let mut variables: BTreeMap<String, SourceName> = BTreeMap::new();
    for text in in_file.keys() {
        let section = Section { document, path: vec!["sources", text] };
        let name = SourceName::parse(text).map_err(|error| section.error(error.to_string()))?;
        if let Some(other) = variables.insert(SourceVariable::Host.name(&name), name.clone()) {
            return Err(section.error(format!(
                "sources {other} and {name} would share their environment variables, which have _ for -; rename one"
            )));
        }
        names.insert(name);
    }
    for wanted in asked {
        if !names.iter().any(|name| name.as_str() == wanted) {
            let all = || in_file.keys().map(String::as_str);
            let hint = match keys::similar(wanted, all()) {
                Some(name) => format!("did you mean {name}?"),
                None if in_file.is_empty() => "it has no source at all".to_owned(),
                None => format!("it has {}", all().collect::<Vec<_>>().join(", ")),
            };
            return Err(ConfigError::UnknownSource { name: wanted.clone(), path: document.path.clone(), hint });
        }
    }
    if !asked.is_empty() {
        names.retain(|name| asked.iter().any(|wanted| wanted == name.as_str()));
    }
    Ok(names)
}

/// A value and where it came from.
struct Found {
    value: String,
    place: Place,
}

impl Found {
    fn error(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError::Value { place: self.place.clone(), problem: problem.into() }
    }
}

/// What a path or a Windows name in double quotes easily comes to.
const CONTROL: &str = "the value has a line break or another control character; between double quotes a backslash begins one (\\t, \\n): write the text between single quotes, or the backslash twice";

/// A value in quotes, with the backslashes as they were typed.
fn quoted(text: &str) -> String {
    format!("{text:?}").replace("\\\\", "\\")
}

/// One section of the file.
struct Section<'a> {
    document: &'a Document,
    path: Vec<&'a str>,
}

impl<'a> Section<'a> {
    fn key_path(&self, key: &'a str) -> Vec<&'a str> {
        self.path.iter().copied().chain([key]).collect()
    }

    fn place(&self, key: &'a str) -> Place {
        self.document.place(&self.key_path(key))
    }

    fn child(&self, key: &'a str) -> Self {
        Self { document: self.document, path: self.key_path(key) }
    }

    /// An error about the section.
    fn error(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError::Value { place: self.document.section(&self.path), problem: problem.into() }
    }

    /// An error about one key.
    fn value_error(&self, key: &'a str, problem: impl Into<String>) -> ConfigError {
        ConfigError::Value { place: self.place(key), problem: problem.into() }
    }

    fn missing(&self, key: &'static str, cure: String) -> ConfigError {
        ConfigError::MissingKey { place: self.document.section(&self.path), key, cure }
    }

    /// `[odoo] of sync.toml`, for messages.
    fn title(&self) -> String {
        format!("[{}] of {}", self.path.join("."), self.document.path.display())
    }

    /// Flag over variable over file; blanks at the ends do not count, and nothing but blanks is an error.
    fn text_from(
        &self,
        flag: Option<(&'static str, &str)>,
        (variable, env): (&str, &dyn Environment),
        key: &'a str,
        file: Option<String>,
    ) -> Result<Option<Found>> {
        let found = if let Some((flag, value)) = flag {
            Found { value: value.to_owned(), place: Place::Flag(flag) }
        } else if let Some(value) = env.filled(variable) {
            let place = Place::Variable(variable.to_owned());
            match value.into_string() {
                Ok(value) => Found { value, place },
                Err(_) => return Err(ConfigError::Value { place, problem: "the value is not UTF-8".to_owned() }),
            }
        } else if let Some(value) = file {
            Found { value, place: self.place(key) }
        } else {
            return Ok(None);
        };
        // Before the blanks at its ends go: a tab there may have been `\t` of a name.
        if matches!(found.place, Place::File(_)) && found.value.chars().any(char::is_control) {
            return Err(found.error(CONTROL));
        }
        let value = found.value.trim().to_owned();
        if value.is_empty() {
            return Err(found.error("the value is empty; give one, or leave it out altogether"));
        }
        // No host, name or address has any: it came with a file that was edited elsewhere, or is meant to break out.
        if value.chars().any(char::is_control) {
            return Err(found.error(CONTROL));
        }
        Ok(Some(Found { value, ..found }))
    }

    /// A text of the file alone, on one line, trimmed and not empty.
    fn text(&self, key: &'a str, file: Option<String>) -> Result<Option<String>> {
        if file.as_ref().is_some_and(|text| text.chars().any(char::is_control)) {
            return Err(self.value_error(key, CONTROL));
        }
        self.lines(key, file)
    }

    /// A text that may have several lines.
    fn lines(&self, key: &'a str, file: Option<String>) -> Result<Option<String>> {
        match file.map(|text| text.trim().to_owned()) {
            Some(text) if text.is_empty() => {
                Err(self.value_error(key, "the value is empty; write a value or leave the key out"))
            }
            text => Ok(text),
        }
    }

    fn number(&self, key: &'a str, file: Option<i64>, default: i64, range: RangeInclusive<i64>) -> Result<i64> {
        let number = file.unwrap_or(default);
        if range.contains(&number) {
            return Ok(number);
        }
        Err(self.value_error(key, format!("{number} is not between {} and {}", range.start(), range.end())))
    }

    fn seconds(&self, key: &'a str, file: Option<i64>, default: u32, range: RangeInclusive<u32>) -> Result<Duration> {
        let range = i64::from(*range.start())..=i64::from(*range.end());
        self.number(key, file, default.into(), range).map(|seconds| Duration::from_secs(seconds.unsigned_abs()))
    }

    /// A path; a relative one is relative to the configuration file, since cron's working directory is nobody's choice.
    fn path(&self, key: &'a str, file: Option<PathBuf>) -> Result<Option<PathBuf>> {
        match file {
            Some(path) if path.as_os_str().is_empty() => {
                Err(self.value_error(key, "the path is empty; write a path or leave the key out"))
            }
            Some(path) if path.to_string_lossy().chars().any(char::is_control) => Err(self.value_error(key, CONTROL)),
            path => Ok(path.map(|path| self.document.path.parent().unwrap_or(Path::new("")).join(path))),
        }
    }

    /// `ca_file`, which belongs to `tls = "ca-file"`.
    fn ca_file(&self, wanted: bool, file: Option<PathBuf>) -> Result<Option<PathBuf>> {
        match (wanted, self.path("ca_file", file)?) {
            (true, None) => Err(self.missing(
                "ca_file",
                "tls = \"ca-file\" needs it: the PEM file with the certificate that signed the server's".to_owned(),
            )),
            (false, Some(_)) => {
                Err(self.value_error("ca_file", "it counts only with tls = \"ca-file\"; add that, or remove this key"))
            }
            (true, Some(path)) if !path.is_file() => {
                Err(self.value_error("ca_file", format!("there is no file {}", path.display())))
            }
            (_, path) => Ok(path),
        }
    }

    fn name_or_id(&self, key: &'a str, raw: file::NameOrId) -> Result<NameOrId> {
        match raw {
            file::NameOrId::Id(id) if id > 0 => Ok(NameOrId::Id(id)),
            file::NameOrId::Id(id) => Err(self.value_error(key, format!("{id} is no record's id; ids begin at 1"))),
            file::NameOrId::Name(name) => match self.text(key, Some(name))? {
                Some(name) => Ok(NameOrId::Name(name)),
                None => Err(self.value_error(key, "the name is empty")),
            },
        }
    }

    /// Where a secret is: at most one of the three keys.
    fn secret(
        &self,
        what: String,
        (stem, names): (&'static str, [&'static str; 3]),
        variable: String,
        raw: (Option<String>, Option<PathBuf>, Option<String>),
    ) -> Result<SecretRef> {
        let [env, file, credential] = names;
        let place = match raw {
            (None, None, None) => None,
            // The value may be the secret itself, put here by mistake: it is not repeated.
            (Some(name), None, None) if !is_variable_name(&name) => {
                return Err(self.value_error(
                    env,
                    "this is no name of an environment variable (letters, digits and _); if it is the secret itself, remove it from the file, change it, and set it in a variable",
                ));
            }
            (Some(name), None, None) => Some(SecretPlace::Variable(name)),
            (None, Some(path), None) => self.path(file, Some(path))?.map(SecretPlace::File),
            (None, None, Some(name)) => {
                if name.is_empty() || name.contains('/') || name.starts_with('.') {
                    return Err(self.value_error(
                        credential,
                        "this is no name of a credential; it is the word before the colon in LoadCredential=",
                    ));
                }
                Some(SecretPlace::Credential(name))
            }
            _ => return Err(self.error(format!("only one of {env}, {file} and {credential} may be given"))),
        };
        Ok(SecretRef::new(what, self.title(), stem, variable, place))
    }
}

const PASSWORD: (&str, [&str; 3]) = ("password", ["password_env", "password_file", "password_credential"]);
const API_KEY: (&str, [&str; 3]) = ("api_key", ["api_key_env", "api_key_file", "api_key_credential"]);
const PING_URL: (&str, [&str; 3]) = ("ping_url", ["ping_url_env", "ping_url_file", "ping_url_credential"]);

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
