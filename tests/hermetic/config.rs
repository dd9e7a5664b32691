//! The configuration as a user of the library meets it: a file on disk, the process's environment, no test doors.

use std::ffi::OsString;
use std::fs;

use erpsync::config::{ConfigError, Overrides, load, process_environment};
use secrecy::ExposeSecret;

fn example() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/sync.toml.example")).unwrap()
}

/// The process's environment without this program's own variables, which a developer may have set.
fn clean(name: &str) -> Option<OsString> {
    if name.starts_with("ERPSYNC_") { None } else { process_environment(name) }
}

#[test]
fn a_copied_example_loads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sync.toml");
    fs::write(&path, example()).unwrap();
    let overrides = Overrides { config: Some(path.clone()), ..Overrides::default() };
    let settings = load(&overrides, &clean).unwrap();
    assert_eq!(settings.path, path);
    assert_eq!(settings.odoo.url.as_str(), "https://odoo.example.com/");
    settings.require_sources().unwrap();
}

#[test]
fn the_file_is_found_in_the_user_s_directory() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("erpsync")).unwrap();
    fs::write(dir.path().join("erpsync/sync.toml"), example()).unwrap();
    let home = dir.path().as_os_str().to_owned();
    let env = move |name: &str| match name {
        "XDG_CONFIG_HOME" => Some(home.clone()),
        "ERPSYNC_ODOO_API_KEY" => Some("key".into()),
        _ => None,
    };
    let settings = load(&Overrides::default(), &env).unwrap();
    assert_eq!(settings.path, dir.path().join("erpsync/sync.toml"));
    let credentials = settings.odoo.credentials(&env).unwrap();
    assert_eq!(credentials.api_key.unwrap().expose_secret(), "key");
}

#[test]
fn a_file_that_was_named_has_no_substitute() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("erpsync")).unwrap();
    fs::write(dir.path().join("erpsync/sync.toml"), example()).unwrap();
    let home = dir.path().as_os_str().to_owned();
    let env = move |name: &str| (name == "XDG_CONFIG_HOME").then(|| home.clone());
    let overrides = Overrides { config: Some(dir.path().join("other.toml")), ..Overrides::default() };
    let error = load(&overrides, &env).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { named_by: Some("--config"), .. }), "{error}");
}
