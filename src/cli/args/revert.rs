//! Flags of `revert`.

use crate::commands::revert::Request;
use crate::commands::watch::Orders;
use crate::config::Overrides;

use super::watching::Watching;
use super::{Args, FormatArg, external_ids};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Revert {
    /// The run to undo, by its key as `show-history` and Odoo's list of runs show it
    #[arg(long, value_name = "KEY")]
    run: String,
    /// Show what would be undone, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Only these products of the source, by external id
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    only: Vec<String>,
    /// How to print the plan and the report
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
    #[command(flatten)]
    watching: Watching,
}

impl Revert {
    /// Who is told of the run.
    ///
    /// # Errors
    /// When a dry run is to be told of.
    pub(in crate::cli) fn orders(&self) -> Result<Orders, String> {
        self.watching.orders("revert", self.dry_run)
    }

    /// What it says about the settings.
    pub(in crate::cli) fn overrides(&self, args: &Args) -> Overrides {
        self.watching.overrides(args)
    }

    /// # Errors
    /// When an id of `--only` is none.
    pub(in crate::cli) fn request(&self) -> Result<Request, String> {
        let only = external_ids("--only", &self.only)?;
        let run = self.run.trim().to_owned();
        if run.is_empty() {
            return Err("--run is empty; give the key of a run".to_owned());
        }
        Ok(Request { run, dry_run: self.dry_run, only, format: self.format.into() })
    }
}
