//! Secrets: where they are found, and that they are never shown.

use std::fs;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::super::*;
use super::{SMALL, load, small_with, vars};
use crate::catalog::SourceName;

fn source_secret(keys: &str) -> SecretRef {
    let settings = load(&small_with("user = \"reader\"", &format!("user = \"reader\"\n{keys}"))).unwrap();
    settings.sources[&SourceName::parse("polonez").unwrap()].password.clone()
}

fn odoo(keys: &str) -> OdooSettings {
    load(&format!("{SMALL}{keys}\n")).unwrap().odoo
}

fn exposed(secret: Result<SecretString, ConfigError>) -> Result<String, String> {
    secret.map(|secret| secret.expose_secret().to_owned()).map_err(|error| error.to_string())
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

#[test]
fn variables() {
    let env = vars([("ERPSYNC_SOURCE_POLONEZ_PASSWORD", "standard"), ("OTHER", "other")]);
    assert_eq!(exposed(source_secret("").require(&env)).unwrap(), "standard");
    assert_eq!(exposed(source_secret("password_env = \"OTHER\"").require(&env)).unwrap(), "other");
}

#[test]
fn a_variable_beats_the_file() {
    let env = vars([("ERPSYNC_SOURCE_POLONEZ_PASSWORD", "standard")]);
    assert_eq!(exposed(source_secret("password_file = \"/nowhere\"").require(&env)).unwrap(), "standard");
}

#[test]
fn a_file_without_its_newline() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("password");
    for (text, secret) in
        [("p w\n", "p w"), ("p w\r\n", "p w"), ("p w", "p w"), (" p \n", " p "), ("\u{feff}p w\r\n", "p w")]
    {
        write(&path, text);
        let found = source_secret(&format!("password_file = {path:?}")).require(&vars([]));
        assert_eq!(exposed(found).unwrap(), secret, "{text:?}");
    }
}

#[test]
fn a_systemd_credential() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("sql"), "from-systemd\n");
    let path = dir.path().to_owned();
    let env = move |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| path.clone().into_os_string());
    assert_eq!(exposed(source_secret("password_credential = \"sql\"").require(&env)).unwrap(), "from-systemd");
}

#[test]
fn missing_secrets_say_where_and_how() {
    let none = vars([]);
    let message = |keys: &str| exposed(source_secret(keys).require(&none)).unwrap_err();
    insta::assert_snapshot!(message(""), @"the password of source polonez is missing: environment variable ERPSYNC_SOURCE_POLONEZ_PASSWORD is not set or empty; set it, or say in [sources.polonez] of conf/sync.toml where it is: password_env, password_file or password_credential");
    insta::assert_snapshot!(message("password_env = \"SQL_PASSWORD\""), @"the password of source polonez is missing: environment variable SQL_PASSWORD is not set or empty; set it, or change password_env in [sources.polonez] of conf/sync.toml");
    insta::assert_snapshot!(message("password_file = \"/nowhere/sql\""), @"the password of source polonez is missing: /nowhere/sql: no such file; put it there, readable for this account alone, or change password_file in [sources.polonez] of conf/sync.toml");
    insta::assert_snapshot!(message("password_credential = \"sql\""), @"the password of source polonez is missing: environment variable CREDENTIALS_DIRECTORY is not set, so this is no systemd unit with credentials; give the systemd unit LoadCredential=sql:/path/to/the/file; outside systemd set ERPSYNC_SOURCE_POLONEZ_PASSWORD");
}

#[test]
fn unusable_files_say_why() {
    let dir = tempfile::tempdir().unwrap();
    let message = |text: &[u8]| {
        let path = dir.path().join("password");
        fs::write(&path, text).unwrap();
        let error = exposed(source_secret(&format!("password_file = {path:?}")).require(&vars([]))).unwrap_err();
        error.replace(dir.path().to_str().unwrap(), "DIR")
    };
    insta::assert_snapshot!(message(b"\n"), @"the password of source polonez is missing: DIR/password: the file is empty; put it there, readable for this account alone, or change password_file in [sources.polonez] of conf/sync.toml");
    insta::assert_snapshot!(message(b"hunter2\nuser=x\n"), @"the password of source polonez is missing: DIR/password: the file has more than one line; put it there, readable for this account alone, or change password_file in [sources.polonez] of conf/sync.toml");
    insta::assert_snapshot!(message(b"hunter2\xff"), @"the password of source polonez is missing: DIR/password: it is not UTF-8 text, save it as that; put it there, readable for this account alone, or change password_file in [sources.polonez] of conf/sync.toml");
    let directory = exposed(source_secret(&format!("password_file = {:?}", dir.path())).require(&vars([])));
    insta::assert_snapshot!(directory.unwrap_err().replace(dir.path().to_str().unwrap(), "DIR"), @"the password of source polonez is missing: DIR: it is a directory; put it there, readable for this account alone, or change password_file in [sources.polonez] of conf/sync.toml");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    write(&path, "k");
    let warnings = |mode| {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let settings = load(&format!("{SMALL}api_key_file = {path:?}\n")).unwrap();
        settings.warnings.join("\n").replace(dir.path().to_str().unwrap(), "DIR")
    };
    assert_eq!(warnings(0o600), "");
    assert_eq!(warnings(0o640), "", "a group that this account is in");
    insta::assert_snapshot!(warnings(0o604), @"the API key in Odoo is in DIR/key, which others can read (mode 604); chmod o-r DIR/key, or give it to a group of this account alone");
}

#[test]
fn odoo_takes_what_its_transport_needs() {
    let both = vars([("ERPSYNC_ODOO_PASSWORD", "pw"), ("ERPSYNC_ODOO_API_KEY", "key")]);
    let key = vars([("ERPSYNC_ODOO_API_KEY", "key")]);
    let have = |keys: &str, env: &dyn Environment| {
        odoo(keys).credentials(env).map(|c| (c.password.is_some(), c.api_key.is_some())).map_err(|e| e.to_string())
    };
    assert_eq!(have("login = \"bot\"", &both), Ok((true, true)));
    assert_eq!(have("", &both), Ok((false, true)), "a password without a login is of no use, the key is enough");
    assert_eq!(have("", &key), Ok((false, true)));
    assert_eq!(have("login = \"bot\"\ntransport = \"web\"", &both), Ok((true, false)));
    assert_eq!(have("transport = \"json2\"", &both), Ok((false, true)));
}

#[test]
fn missing_credentials_of_odoo_say_how() {
    let password = vars([("ERPSYNC_ODOO_PASSWORD", "pw")]);
    let none = vars([]);
    let message = |keys: &str, env: &dyn Environment| odoo(keys).credentials(env).unwrap_err().to_string();
    insta::assert_snapshot!(message("login = \"bot\"", &none), @"the password in Odoo is missing: neither ERPSYNC_ODOO_PASSWORD (a password) nor ERPSYNC_ODOO_API_KEY (an API key) is set; set one of them, or say in [odoo] of conf/sync.toml where one is: password_env, password_file, password_credential, api_key_env, api_key_file or api_key_credential");
    insta::assert_snapshot!(message("login = \"bot\"\ntransport = \"web\"", &none), @"the password in Odoo is missing: environment variable ERPSYNC_ODOO_PASSWORD is not set or empty; set it, or say in [odoo] of conf/sync.toml where it is: password_env, password_file or password_credential");
    insta::assert_snapshot!(message("transport = \"json2\"", &none), @"the API key in Odoo is missing: environment variable ERPSYNC_ODOO_API_KEY is not set or empty; set it, or say in [odoo] of conf/sync.toml where it is: api_key_env, api_key_file or api_key_credential");
    insta::assert_snapshot!(message("transport = \"web\"", &password), @r#"the login in Odoo is missing: a password opens nothing without a user; write login = "…" in [odoo] of conf/sync.toml, set ERPSYNC_ODOO_LOGIN, or use an API key"#);
    insta::assert_snapshot!(message("", &password), @r#"the login in Odoo is missing: a password opens nothing without a user; write login = "…" in [odoo] of conf/sync.toml, set ERPSYNC_ODOO_LOGIN, or use an API key"#);
}

#[test]
fn debug_output_shows_no_secret() {
    let env = vars([("ERPSYNC_ODOO_PASSWORD", "hunter2"), ("ERPSYNC_ODOO_API_KEY", "hunter2")]);
    let settings = load(&format!("{SMALL}login = \"bot\"\n")).unwrap();
    let credentials = settings.odoo.credentials(&env).unwrap();
    assert!(!format!("{settings:?}{credentials:?}").contains("hunter2"));
}
