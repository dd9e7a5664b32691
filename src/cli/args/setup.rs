//! Flags of `setup`.

use crate::commands::setup::Request;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Setup {
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Take out of Odoo all that setup made, with links and history
    #[arg(long)]
    remove: bool,
    /// With --remove: keep links, history and runs for people to read
    #[arg(long, requires = "remove")]
    keep_history: bool,
    /// Let this account into the sync group; may be repeated [default: odoo.login, when --admin-login is another]
    #[arg(long, value_name = "LOGIN")]
    grant: Vec<String>,
    /// The administrator to do it as; password from $ERPSYNC_ODOO_ADMIN_PASSWORD, or API key from
    /// $ERPSYNC_ODOO_ADMIN_API_KEY [default: odoo.login]
    #[arg(long, value_name = "LOGIN")]
    admin_login: Option<String>,
}

impl Setup {
    pub(in crate::cli) fn request(&self) -> Request {
        Request {
            dry_run: self.dry_run,
            remove: self.remove,
            keep_history: self.keep_history,
            grant: self.grant.clone(),
            admin_login: self.admin_login.clone(),
        }
    }
}
