//! `sync.toml` and the environment: from text to settings.
//!
//! The input is the file; after a line `--- environment` come lines `NAME=value`, and `--odoo-url=…`, `--odoo-database=…`,
//! `--odoo-login=…`, `--source=…` for flags.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use erpsync::config::{Overrides, SecretPlace, SecretRef, load_text};

use super::shown;

/// A directory that is nowhere, so that files that the text names are not found.
const PATH: &str = "/nowhere/erpsync/sync.toml";
const SPLIT: &str = "\n--- environment\n";
/// A value of a variable that is long enough not to be in a text by chance.
const SECRET: usize = 6;

/// Any bytes as a configuration with its environment.
pub fn check(data: &[u8]) {
    let Ok(whole) = std::str::from_utf8(data) else { return };
    let (text, rest) = whole.split_once(SPLIT).unwrap_or((whole, ""));
    let mut variables: BTreeMap<&str, &str> = BTreeMap::new();
    let mut overrides = Overrides::default();
    for (name, value) in rest.lines().filter_map(|line| line.split_once('=')) {
        let flag = Some(value.to_owned());
        match name {
            "--odoo-url" => overrides.odoo_url = flag,
            "--odoo-database" => overrides.odoo_database = flag,
            "--odoo-login" => overrides.odoo_login = flag,
            "--source" => overrides.sources.extend(flag),
            _ => drop(variables.insert(name, value)),
        }
    }
    let env = |name: &str| variables.get(name).map(OsString::from);
    let load = |text: &str| load_text(Path::new(PATH), text, &overrides, &env);
    let loaded = load(text);
    let told = match &loaded {
        Ok(settings) => format!("{settings:?}"),
        Err(error) => {
            shown::error(error);
            format!("{error} {error:?}")
        }
    };
    no_secret_in(&told, whole, &variables);
    let Ok(settings) = loaded else { return };
    assert_eq!(load(text).as_ref(), Ok(&settings), "the same text, other settings");
    // Written by another hand: other order, other quotes, no comments. The same settings.
    if let Ok(table) = toml::from_str::<toml::Table>(text)
        && let Ok(other) = toml::to_string(&table)
    {
        assert_eq!(load(&other).as_ref(), Ok(&settings), "{other}");
    }
    let url = &settings.odoo.url;
    assert!(url.password().is_none() && url.username().is_empty(), "{url}");
    assert!(matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|h| !h.is_empty()), "{url}");
    assert!(!settings.lock_files(&env).is_empty());
    for source in settings.sources.values() {
        assert!(!source.host.is_empty() && !source.database.is_empty() && !source.user.is_empty());
        if in_a_variable(&source.password) {
            secret(source.password.require(&env));
        }
    }
    if in_a_variable(&settings.odoo.password) && in_a_variable(&settings.odoo.api_key) {
        secret(settings.odoo.credentials(&env));
    }
}

/// Files that a text names are not opened here: one of them may be a terminal.
fn in_a_variable(secret: &SecretRef) -> bool {
    matches!(secret.place(), None | Some(SecretPlace::Variable(_)))
}

fn secret<T: std::fmt::Debug>(read: Result<T, erpsync::config::ConfigError>) {
    match read {
        Ok(read) => assert!(format!("{read:?}").contains("REDACTED"), "a secret shows itself: {read:?}"),
        Err(error) => shown::error(&error),
    }
}

/// What is told of settings and errors has no password of the environment.
fn no_secret_in(told: &str, whole: &str, variables: &BTreeMap<&str, &str>) {
    let secret = |name: &str| name.ends_with("_PASSWORD") || name.ends_with("_API_KEY");
    for (name, value) in variables.iter().filter(|(name, value)| secret(name) && value.len() >= SECRET) {
        // Somebody who writes it elsewhere too has made it known.
        let elsewhere = whole.matches(value).count() > 1;
        assert!(elsewhere || !told.contains(value), "the value of {name} is told: {told}");
    }
}
