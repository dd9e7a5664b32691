//! Flags of `import-products`.

use std::path::PathBuf;

use crate::commands::import_products::Request;
use crate::commands::watch::Orders;
use crate::config::Overrides;
use crate::plan::Allowances;

use super::watching::Watching;
use super::{Args, FormatArg, external_ids};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ImportProducts {
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// With one source: keep the plan in this file, for `erpsync show`, and after a --dry-run for `erpsync apply`
    #[arg(long, value_name = "PLAN.json")]
    out: Option<PathBuf>,
    /// Only this source; may be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Only these products of the source, by external id; the others keep what they have
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    only: Vec<String>,
    /// Only the first N products that have something to do
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Compare every product with Odoo, not only those that digests tell apart; slower, and comes to the same
    #[arg(long)]
    full: bool,
    /// How to print the plan and the report
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
    /// Let the first run against an Odoo that has products already through
    #[arg(long)]
    first_run: bool,
    /// Let more new products through than sync.guards.max_create
    #[arg(long)]
    allow_create: bool,
    /// Let more barcodes be taken away than sync.guards.max_release
    #[arg(long)]
    allow_release: bool,
    /// Let more barcodes be replaced by others than sync.guards.max_replace
    #[arg(long)]
    allow_replace: bool,
    /// Let more products be archived than sync.guards.max_archive
    #[arg(long)]
    allow_archive: bool,
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
    /// Believe a source without products
    #[arg(long)]
    allow_empty_source: bool,
    /// Believe a source that has products and suddenly no barcodes (one that never has any: barcodes = false)
    #[arg(long)]
    allow_no_barcodes: bool,
    #[command(flatten)]
    watching: Watching,
}

impl ImportProducts {
    /// Who is told of the run.
    ///
    /// # Errors
    /// When a dry run is to be told of.
    pub(in crate::cli) fn orders(&self) -> Result<Orders, String> {
        self.watching.orders("import-products", self.dry_run)
    }

    /// What it says about the settings.
    pub(in crate::cli) fn overrides(&self, args: &Args) -> Overrides {
        let allowances = Allowances {
            first_run: self.first_run,
            create: self.allow_create,
            release: self.allow_release,
            replace: self.allow_replace,
            archive: self.allow_archive,
            changes: self.allow_changes,
            price_change: self.allow_price_change,
            prices_gone: self.allow_prices_gone,
            unreadable: self.allow_unreadable,
            empty_source: self.allow_empty_source,
            no_barcodes: self.allow_no_barcodes,
        };
        Overrides { sources: self.source.clone(), allowances, ..self.watching.overrides(args) }
    }

    /// # Errors
    /// When an id of `--only` is none.
    pub(in crate::cli) fn request(&self) -> Result<Request, String> {
        if self.limit == Some(0) {
            return Err("--limit 0 leaves nothing to do; give 1 or more".to_owned());
        }
        let only = external_ids("--only", &self.only)?;
        Ok(Request {
            dry_run: self.dry_run,
            out: self.out.clone(),
            only,
            limit: self.limit,
            full: self.full,
            format: self.format.into(),
        })
    }
}
