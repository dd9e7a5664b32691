//! The names of the environment variables, and the one door to the environment.
//!
//! Nothing else in this crate reads the environment; tests put their own variables in.

use std::ffi::OsString;

use crate::catalog::SourceName;

/// The configuration file, instead of the usual places.
pub const CONFIG: &str = "ERPSYNC_CONFIG";
/// Overrides `url` of `[odoo]`.
pub const ODOO_URL: &str = "ERPSYNC_ODOO_URL";
/// Overrides `database` of `[odoo]`.
pub const ODOO_DATABASE: &str = "ERPSYNC_ODOO_DATABASE";
/// Overrides `login` of `[odoo]`.
pub const ODOO_LOGIN: &str = "ERPSYNC_ODOO_LOGIN";
/// The password in Odoo.
pub const ODOO_PASSWORD: &str = "ERPSYNC_ODOO_PASSWORD";
/// The API key in Odoo.
pub const ODOO_API_KEY: &str = "ERPSYNC_ODOO_API_KEY";
/// Where a monitor is told that a run began, went through or failed; whoever has it can do so too.
pub const PING_URL: &str = "ERPSYNC_PING_URL";
/// Set by systemd for units with `LoadCredential=`: the directory with one file per credential.
pub const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
pub(super) const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
pub(super) const XDG_RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";
pub(super) const HOME: &str = "HOME";

/// Something of a source that a variable may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceVariable {
    /// `…_HOST`
    Host,
    /// `…_PORT`
    Port,
    /// `…_DATABASE`
    Database,
    /// `…_USER`
    User,
    /// `…_PASSWORD`
    Password,
}

impl SourceVariable {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Host, Self::Port, Self::Database, Self::User, Self::Password];

    /// The variable's name for one source: `ERPSYNC_SOURCE_SHOP_2_HOST` for the host of `shop-2`.
    #[must_use]
    pub fn name(self, source: &SourceName) -> String {
        let suffix = match self {
            Self::Host => "HOST",
            Self::Port => "PORT",
            Self::Database => "DATABASE",
            Self::User => "USER",
            Self::Password => "PASSWORD",
        };
        format!("ERPSYNC_SOURCE_{}_{suffix}", source.as_str().to_ascii_uppercase().replace('-', "_"))
    }
}

/// Where environment variables come from. Any `Fn(&str) -> Option<OsString>` is one.
pub trait Environment {
    /// The value of a variable; `None` when it is not set.
    fn var(&self, name: &str) -> Option<OsString>;

    /// The same, but an empty value counts as not set, as shells and unit files cannot tell the two apart easily.
    fn filled(&self, name: &str) -> Option<OsString> {
        self.var(name).filter(|value| !value.is_empty())
    }
}

impl<F: Fn(&str) -> Option<OsString>> Environment for F {
    fn var(&self, name: &str) -> Option<OsString> {
        self(name)
    }
}

/// The environment of this process: `load(&overrides, &process_environment)`.
#[must_use]
pub fn process_environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
