//! Settings from given files and variables, without touching the process's own environment.

mod errors;
mod example;
mod keys;
mod page;
mod resolved;
mod secrets;

use std::ffi::OsString;

use super::document::Document;
use super::{ConfigError, Overrides, Settings, environment, resolve};

/// The variables that belong to no source: an example and a page that leave one out are not whole.
const OTHER_VARIABLES: [&str; 7] = [
    environment::CONFIG,
    environment::ODOO_URL,
    environment::ODOO_DATABASE,
    environment::ODOO_LOGIN,
    environment::ODOO_PASSWORD,
    environment::ODOO_API_KEY,
    environment::PING_URL,
];

/// An environment with these variables and no others.
fn vars<const N: usize>(vars: [(&'static str, &'static str); N]) -> impl Fn(&str) -> Option<OsString> {
    move |name| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
}

/// The smallest file that does.
const SMALL: &str = r#"
[sources.polonez]
host = "sql"
database = "Trade"
user = "reader"

[odoo]
url = "https://odoo.example.com"
database = "shop"
"#;

/// The small file with a line replaced, or with lines at its end when `line` is empty.
fn small_with(line: &str, new: &str) -> String {
    if line.is_empty() {
        return format!("{SMALL}{new}");
    }
    assert!(SMALL.contains(line), "{line:?} is not in the small file");
    SMALL.replace(line, new)
}

fn load_with(text: &str, overrides: &Overrides, env: &dyn super::Environment) -> Result<Settings, ConfigError> {
    resolve::resolve(&Document::new("conf/sync.toml", text), overrides, env)
}

fn load(text: &str) -> Result<Settings, ConfigError> {
    load_with(text, &Overrides::default(), &vars([]))
}
