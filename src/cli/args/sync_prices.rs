//! Flags of `sync-prices`.

use crate::commands::sync_prices::Request;
use crate::commands::watch::Orders;
use crate::config::Overrides;
use crate::plan::Allowances;

use super::watching::Watching;
use super::{Args, FormatArg, external_ids};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SyncPrices {
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Only this source; may be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Only these products of the source, by external id
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    only: Vec<String>,
    /// Compare every price with Odoo, not only those that digests tell apart; slower, and comes to the same
    #[arg(long)]
    full: bool,
    /// How to print the plan and the report
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
    /// Let more products be changed than sync.guards.max_changes
    #[arg(long)]
    allow_changes: bool,
    /// Let prices move further than sync.max_price_change
    #[arg(long)]
    allow_price_change: bool,
    /// Let more prices vanish than sync.guards.max_prices_gone: Odoo keeps its own, and none of them is asked about again
    #[arg(long)]
    allow_prices_gone: bool,
    /// Let more rows of the source be unreadable than sync.guards.max_unreadable
    #[arg(long)]
    allow_unreadable: bool,
    #[command(flatten)]
    watching: Watching,
}

impl SyncPrices {
    /// Who is told of the run.
    ///
    /// # Errors
    /// When a dry run is to be told of.
    pub(in crate::cli) fn orders(&self) -> Result<Orders, String> {
        self.watching.orders("sync-prices", self.dry_run)
    }

    /// What it says about the settings.
    pub(in crate::cli) fn overrides(&self, args: &Args) -> Overrides {
        let allowances = Allowances {
            changes: self.allow_changes,
            price_change: self.allow_price_change,
            prices_gone: self.allow_prices_gone,
            unreadable: self.allow_unreadable,
            ..Allowances::default()
        };
        Overrides { sources: self.source.clone(), allowances, ..self.watching.overrides(args) }
    }

    /// # Errors
    /// When an id of `--only` is none.
    pub(in crate::cli) fn request(&self) -> Result<Request, String> {
        let only = external_ids("--only", &self.only)?;
        Ok(Request { dry_run: self.dry_run, only, full: self.full, format: self.format.into() })
    }
}
