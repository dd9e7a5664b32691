//! `sync.toml`, environment and flags → [`Settings`]; flag over environment over file over default.
//!
//! The only reader of the environment. It opens the configuration and password files and nothing else: no network, no
//! terminal. Every error is a [`ConfigError`], exit status 78. Reading order: [`settings`] (the result), `file` (the
//! TOML), `resolve` (from one to the other), [`secret`] (read on demand), `document` and `keys` (where, and what to do).
//!
//! ```no_run
//! use erpsync::config::{Overrides, load, process_environment};
//!
//! let settings = load(&Overrides::default(), &process_environment)?;
//! let credentials = settings.odoo.credentials(&process_environment)?;
//! # Ok::<(), erpsync::config::ConfigError>(())
//! ```

mod document;
pub mod environment;
pub mod error;
mod file;
pub(crate) mod guarded;
mod keys;
mod resolve;
pub mod secret;
pub mod settings;

use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use crate::plan::Allowances;

pub use environment::{Environment, process_environment};
pub use error::{ConfigError, FilePlace, Place};
pub(crate) use resolve::source::server_name;
pub(crate) use secret::io_words;
pub use secret::{LoginPassword, OdooCredentials, SecretPlace, SecretRef};
pub use settings::{
    Columns, CreateCompany, CreateSettings, Endpoint, Isolation, NameOrId, OdooSettings, OdooTls, ProductType,
    ReportSettings, Settings, SourceSettings, SourceTls, StatusForOpen, SyncSettings, Transport,
};

/// What the command line says about the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--source`, repeatable; empty for all.
    pub sources: Vec<String>,
    /// `--odoo-url`
    pub odoo_url: Option<String>,
    /// `--odoo-database`
    pub odoo_database: Option<String>,
    /// `--odoo-login`
    pub odoo_login: Option<String>,
    /// `--metrics-file`
    pub metrics_file: Option<PathBuf>,
    /// `--allow-…`: no settings, and not read here; the command hands them to [`SyncSettings::policy`].
    pub allowances: Allowances,
}

/// Finds and reads the configuration and checks it against flags and environment.
///
/// Secrets are not read: see [`SecretRef::require`] and [`OdooSettings::credentials`].
///
/// # Errors
/// When there is no file, it cannot be read or understood, or a value cannot be used. A section of a source that was
/// not asked for is only checked for unknown keys and types.
pub fn load(overrides: &Overrides, env: &dyn Environment) -> Result<Settings, ConfigError> {
    let document = document::Document::find(overrides, env)?;
    let mut settings = resolve::resolve(&document, overrides, env)?;
    settings.warn_of_strangers();
    Ok(settings)
}

/// [`load`] for a text that is at hand; the path is what relative paths and messages go by.
///
/// # Errors
/// As [`load`].
pub fn load_text(
    path: &Path,
    text: &str,
    overrides: &Overrides,
    env: &dyn Environment,
) -> Result<Settings, ConfigError> {
    resolve::resolve(&document::Document::new(path, text), overrides, env)
}

impl Settings {
    /// Whoever can write the configuration, or a certificate that is believed, gets the passwords sent to them.
    fn warn_of_strangers(&mut self) {
        let of_sources = self.sources.values().filter_map(|source| match &source.tls {
            SourceTls::CaFile(path) => Some(path),
            SourceTls::Verify | SourceTls::TrustAny | SourceTls::Off => None,
        });
        let of_odoo = match &self.odoo.tls {
            OdooTls::CaFile(path) => Some(path),
            OdooTls::Verify | OdooTls::TrustAny => None,
        };
        let files = [&self.path].into_iter().chain(of_sources).chain(of_odoo);
        let strange = files.filter_map(|path| Some((path, guarded::writable_by_others(path)?)));
        let warnings: Vec<String> = strange
            .map(|(path, why)| format!("{} decides where passwords are sent, and {why}", path.display()))
            .collect();
        self.warnings.extend(warnings);
    }

    /// For commands that read a source.
    ///
    /// # Errors
    /// When the configuration has none.
    pub fn require_sources(&self) -> Result<(), ConfigError> {
        if self.sources.is_empty() { Err(ConfigError::NoSources { path: self.path.clone() }) } else { Ok(()) }
    }

    /// Where this machine's lock may be: the configured file alone, or `erpsync-….lock` in `$XDG_RUNTIME_DIR`, `/run`
    /// and the directory for temporary files; the first that can be opened counts. The name is made of Odoo's address
    /// and database, so that runs against one database share a lock whichever sources they read.
    #[must_use]
    pub fn lock_files(&self, env: &dyn Environment) -> Vec<PathBuf> {
        if let Some(path) = &self.sync.lock_file {
            return vec![path.clone()];
        }
        let hash = Md5::digest(format!("{}\n{}", self.odoo.url, self.odoo.database));
        let hash: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let runtime = env.filled(environment::XDG_RUNTIME_DIR).map(PathBuf::from);
        let directories = runtime.into_iter().chain([PathBuf::from("/run"), std::env::temp_dir()]);
        directories.map(|directory| directory.join(format!("erpsync-{hash}.lock"))).collect()
    }
}

#[cfg(test)]
mod tests;
