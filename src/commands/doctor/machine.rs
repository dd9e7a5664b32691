//! This machine: the configuration, who else can read or write it, and the place of the lock. Makes no file.

use std::path::Path;

use crate::catalog::{Area, Check};
use crate::config::{ConfigError, Environment, Settings};

const TITLE: &str = "Machine";

pub(super) fn without_configuration(error: &ConfigError) -> Area {
    let text = error.to_string();
    let (problem, cure) = text.rsplit_once("; ").unwrap_or((&text, "correct it, and run `erpsync doctor` again"));
    let checks = vec![
        Check::failed("configuration", problem, cure),
        Check::skipped("servers", "not tried without a configuration"),
    ];
    Area { title: TITLE.to_owned(), checks }
}

pub(super) fn examine(settings: &Settings, env: &dyn Environment) -> Area {
    let mut checks = vec![Check::ok("configuration", settings.path.display().to_string())];
    // How a source is encrypted is told where it is looked at.
    let of_tls =
        |warning: &&String| settings.sources.keys().any(|name| warning.starts_with(&format!("source {name}: tls = ")));
    for warning in settings.warnings.iter().filter(|warning| !of_tls(warning)) {
        let (problem, cure) =
            warning.rsplit_once("; ").unwrap_or((warning, "see to it that only this account can write it"));
        checks.push(Check::warning("configuration", problem, cure));
    }
    if settings.sources.is_empty() {
        let says = "no source is configured: only commands that need Odoo alone work";
        checks.push(Check::warning("sources", says, "add a section [sources.NAME] with host, database and user"));
    }
    checks.push(lock(settings, env));
    Area { title: TITLE.to_owned(), checks }
}

/// The first place where a lock can be taken; none is taken, as that would make a file.
fn lock(settings: &Settings, env: &dyn Environment) -> Check {
    let places = settings.lock_files(env);
    match places.iter().find(|path| can_lock(path)) {
        Some(path) => Check::ok("lock", format!("{} keeps two runs on this machine apart", path.display())),
        None => {
            let tried: Vec<String> = places.iter().map(|path| path.display().to_string()).collect();
            Check::warning(
                "lock",
                format!("no lock file can be opened ({}); the lease in Odoo alone keeps runs apart", tried.join(", ")),
                "name a file in sync.lock_file whose directory this account can write",
            )
        }
    }
}

#[cfg(unix)]
fn can_lock(path: &Path) -> bool {
    use rustix::fs::{Access, access};

    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.exists() { access(path, Access::WRITE_OK).is_ok() } else { access(directory, Access::WRITE_OK).is_ok() }
}

#[cfg(not(unix))]
fn can_lock(path: &Path) -> bool {
    path.parent().is_some_and(Path::is_dir)
}
