//! Flags and subcommands, and how they become requests. `--help` is documentation: say it here, and say it well.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::catalog::ExternalId;
use crate::commands::import_products::{self, Format};
use crate::commands::setup;
use crate::config::Overrides;
use crate::plan::Allowances;

use super::exit::STATUSES;

/// Keeps an Odoo product catalogue in step with an accounting system on MS SQL Server, one way.
#[derive(Debug, Parser)]
#[command(name = "erpsync", version, after_help = STATUSES, subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    /// The configuration [default: $ERPSYNC_CONFIG, ./sync.toml, ~/.config/erpsync/sync.toml, /etc/erpsync/sync.toml]
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Odoo's address, instead of odoo.url
    #[arg(long, global = true, value_name = "URL")]
    odoo_url: Option<String>,
    /// Odoo's database, instead of odoo.database
    #[arg(long, global = true, value_name = "NAME")]
    odoo_database: Option<String>,
    /// The account in Odoo, instead of odoo.login
    #[arg(long, global = true, value_name = "LOGIN")]
    odoo_login: Option<String>,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    /// Print nothing but errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more; twice for what is asked of the servers and for Odoo's tracebacks
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read the source, compare with Odoo, and write what differs: products, names, prices, barcodes
    #[command(after_help = STATUSES)]
    ImportProducts(ImportProducts),
    /// Install models, rights, screens and procedures in Odoo; again after an upgrade
    #[command(after_help = STATUSES)]
    Setup(Setup),
}

#[derive(Debug, clap::Args)]
pub(super) struct ImportProducts {
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Only this source; may be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Only these products of the source, by external id; the others keep what they have
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    only: Vec<String>,
    /// Only the first N products that have something to do
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
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
    /// Let more products be changed than sync.guards.max_changes
    #[arg(long)]
    allow_changes: bool,
    /// Let prices move further than sync.max_price_change
    #[arg(long)]
    allow_price_change: bool,
    /// Believe a source without products or without barcodes
    #[arg(long)]
    allow_empty_source: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    /// For people
    Text,
    /// One line a change, columns separated by tabs
    Lines,
    /// One document
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct Setup {
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
    /// The administrator to do it as; password from $ERPSYNC_ODOO_ADMIN_PASSWORD, or API key (Odoo 19) from
    /// $ERPSYNC_ODOO_ADMIN_API_KEY [default: odoo.login]
    #[arg(long, value_name = "LOGIN")]
    admin_login: Option<String>,
}

impl Args {
    /// For the stream: with `auto` it asks the terminal, `NO_COLOR` and `CLICOLOR`.
    pub(super) fn color(&self) -> anstream::ColorChoice {
        match self.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
    }

    /// For the renderer: the stream takes colours out again where they do not belong.
    pub(super) fn colored(&self) -> bool {
        match self.color {
            Color::Auto => std::io::stdout().is_terminal(),
            Color::Always => true,
            Color::Never => false,
        }
    }

    fn base(&self) -> Overrides {
        Overrides {
            config: self.config.clone(),
            odoo_url: self.odoo_url.clone(),
            odoo_database: self.odoo_database.clone(),
            odoo_login: self.odoo_login.clone(),
            ..Overrides::default()
        }
    }

    /// What `import-products` says about the settings.
    pub(super) fn overrides(&self, import: &ImportProducts) -> Overrides {
        let allowances = Allowances {
            first_run: import.first_run,
            create: import.allow_create,
            release: import.allow_release,
            changes: import.allow_changes,
            price_change: import.allow_price_change,
            empty_source: import.allow_empty_source,
        };
        Overrides { sources: import.source.clone(), allowances, ..self.base() }
    }

    /// What `setup` says about the settings.
    pub(super) fn overrides_of_setup(&self) -> Overrides {
        self.base()
    }
}

impl ImportProducts {
    /// # Errors
    /// When an id of `--only` is none.
    pub(super) fn request(&self) -> Result<import_products::Request, String> {
        let mut only = BTreeSet::new();
        for text in &self.only {
            only.insert(ExternalId::parse(text).map_err(|e| format!("--only {text:?}: {e}"))?);
        }
        if self.limit == Some(0) {
            return Err("--limit 0 leaves nothing to do; give 1 or more".to_owned());
        }
        let format = match self.format {
            FormatArg::Text => Format::Text,
            FormatArg::Lines => Format::Lines,
            FormatArg::Json => Format::Json,
        };
        let only = (!only.is_empty()).then_some(only);
        Ok(import_products::Request { dry_run: self.dry_run, only, limit: self.limit, format })
    }
}

impl Setup {
    pub(super) fn request(&self) -> setup::Request {
        setup::Request {
            dry_run: self.dry_run,
            remove: self.remove,
            keep_history: self.keep_history,
            grant: self.grant.clone(),
            admin_login: self.admin_login.clone(),
        }
    }
}
