//! Flags and subcommands, a file for each, and how they become requests. `--help` is documentation: say it here, and say it well.

mod check_barcodes;
mod deferred;
mod doctor;
mod import_products;
mod init;
mod moment;
mod period;
mod plan_file;
mod prune;
mod revert;
mod runs;
mod setup;
mod show_history;
mod span;
mod sync_prices;
mod unlock;
mod watching;

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::catalog::ExternalId;
use crate::commands::Format;
use crate::commands::watch::Orders;
use crate::config::Overrides;

use super::exit::STATUSES;
use check_barcodes::CheckBarcodes;
use deferred::Deferred;
use doctor::Doctor;
use import_products::ImportProducts;
use init::Init;
use plan_file::{Apply, Show};
use prune::Prune;
use revert::Revert;
use runs::Runs;
use setup::Setup;
use show_history::{EXAMPLES, ShowHistory};
use sync_prices::SyncPrices;
use unlock::Unlock;

/// Where `--help` puts the flags that every command takes.
const ALL_COMMANDS: &str = "Options of all commands";

/// Keeps an Odoo product catalogue in step with an accounting system on MS SQL Server, one way.
#[derive(Debug, Parser)]
#[command(name = "erpsync", version, after_help = STATUSES, subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    /// The configuration [default: $ERPSYNC_CONFIG, ./sync.toml, ~/.config/erpsync/sync.toml, /etc/erpsync/sync.toml]
    #[arg(long, short, global = true, help_heading = ALL_COMMANDS, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Odoo's address, instead of odoo.url
    #[arg(long, global = true, help_heading = ALL_COMMANDS, value_name = "URL")]
    odoo_url: Option<String>,
    /// Odoo's database, instead of odoo.database
    #[arg(long, global = true, help_heading = ALL_COMMANDS, value_name = "NAME")]
    odoo_database: Option<String>,
    /// The account in Odoo, instead of odoo.login
    #[arg(long, global = true, help_heading = ALL_COMMANDS, value_name = "LOGIN")]
    odoo_login: Option<String>,
    /// When to colour
    #[arg(long, global = true, help_heading = ALL_COMMANDS, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    /// Print nothing but errors
    #[arg(long, short, global = true, help_heading = ALL_COMMANDS, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more; twice for what is asked of the servers and for Odoo's tracebacks
    #[arg(long, short, global = true, help_heading = ALL_COMMANDS, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// End after this time, such as 50m: the run stops a little before, between two batches, and the next one does the
    /// rest; whatever still hangs then is ended (status 1)
    #[arg(long, global = true, help_heading = ALL_COMMANDS, value_name = "TIME", value_parser = span::parse)]
    pub(super) deadline: Option<Duration>,
    /// How to write warnings and logs: for people, or one JSON object a line with time, level, target and message
    #[arg(long, global = true, help_heading = ALL_COMMANDS, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub(super) log_format: LogFormat,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read the source, compare with Odoo, and write what differs: products, names, prices, barcodes
    #[command(after_help = STATUSES)]
    ImportProducts(ImportProducts),
    /// Read prices alone, and write those of linked products that differ
    #[command(after_help = STATUSES)]
    SyncPrices(SyncPrices),
    /// Carry out a plan that was kept with `import-products --dry-run --out`, unless anything changed since
    #[command(after_help = STATUSES)]
    Apply(Apply),
    /// Print a plan that was kept
    #[command(after_help = STATUSES)]
    Show(Show),
    /// Undo a run's prices, names and barcodes, where nobody has edited them since
    #[command(after_help = STATUSES)]
    Revert(Revert),
    /// See what waits for the source or for a person, and choose what the next import shall do about it
    #[command(after_help = STATUSES)]
    Deferred(Deferred),
    /// Tell which barcodes clash or are wrong, in the source, in Odoo and between them, and what settles it; writes nothing
    #[command(after_help = STATUSES)]
    CheckBarcodes(CheckBarcodes),
    /// Ask for the two servers, try them, propose what to read, and write the configuration: the first thing to do
    ///
    /// Asks at a terminal for what no flag says; without a terminal a missing answer is an error. --config FILE is the file
    /// to write [default: ./sync.toml], --odoo-url, --odoo-database and --odoo-login are Odoo's. Passwords are asked for, or
    /// come from $ERPSYNC_SOURCE_NAME_PASSWORD and $ERPSYNC_ODOO_PASSWORD (or $ERPSYNC_ODOO_API_KEY). Both servers are only
    /// read, and no file is replaced without --force.
    #[command(after_help = STATUSES)]
    Init(Init),
    /// Look at everything that a run depends on, from the servers' names to rights and prices, and say what to do; writes
    /// nothing
    ///
    /// One line a check: ok, warning, failed or skipped, with what settles it. Status 0 when nothing failed, otherwise 1.
    #[command(after_help = STATUSES)]
    Doctor(Doctor),
    /// Install models, rights, screens and procedures in Odoo; again after an upgrade
    #[command(after_help = STATUSES)]
    Setup(Setup),
    /// Show which run holds the lease in Odoo; with --force take it away from a run that died
    #[command(after_help = STATUSES)]
    Unlock(Unlock),
    /// Delete history, closed deferred actions and runs that are older than a time; what tells who has a barcode or a price
    /// since when stays
    ///
    /// Takes no lease: a run may be at work meanwhile. Look first, with --dry-run.
    #[command(after_help = STATUSES)]
    Prune(Prune),
    /// List what ran: when, how it ended, what it did
    ///
    /// Oldest first. Reads Odoo alone and changes nothing; an account of the reader group is enough.
    #[command(after_help = format!("{}\n\n{STATUSES}", runs::EXAMPLES))]
    Runs(Runs),
    /// Show when a product's barcode, price or name changed, by which run and why; or who had a barcode
    ///
    /// Oldest first. Reads Odoo alone and changes nothing; an account of the reader group is enough. Status 0 also when
    /// nothing changed in the period; 1 when Odoo has no trace at all of the product, barcode, run or source.
    #[command(after_help = format!("{EXAMPLES}\n\n{STATUSES}"))]
    ShowHistory(ShowHistory),
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

impl Args {
    /// Who is told of what the command does.
    ///
    /// # Errors
    /// When two flags contradict each other.
    pub(super) fn orders(&self) -> Result<Orders, String> {
        match &self.command {
            Command::ImportProducts(import) => import.orders(),
            Command::SyncPrices(prices) => prices.orders(),
            Command::Apply(apply) => apply.orders(),
            Command::Revert(revert) => revert.orders(),
            Command::Show(show) => Ok(show.orders()),
            Command::Deferred(_)
            | Command::CheckBarcodes(_)
            | Command::Doctor(_)
            | Command::Init(_)
            | Command::Setup(_)
            | Command::Unlock(_)
            | Command::Prune(_)
            | Command::Runs(_)
            | Command::ShowHistory(_) => Ok(Orders::default()),
        }
    }

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

    /// What all commands say about the settings.
    pub(super) fn base(&self) -> Overrides {
        Overrides {
            config: self.config.clone(),
            odoo_url: self.odoo_url.clone(),
            odoo_database: self.odoo_database.clone(),
            odoo_login: self.odoo_login.clone(),
            ..Overrides::default()
        }
    }
}

/// External ids as they are typed.
///
/// # Errors
/// When one is none.
fn external_ids(flag: &str, texts: &[String]) -> Result<Option<BTreeSet<ExternalId>>, String> {
    let mut ids = BTreeSet::new();
    for text in texts {
        ids.insert(ExternalId::parse(text).map_err(|e| format!("{flag} {text:?}: {e}"))?);
    }
    Ok((!ids.is_empty()).then_some(ids))
}

impl From<FormatArg> for Format {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Text => Self::Text,
            FormatArg::Lines => Self::Lines,
            FormatArg::Json => Self::Json,
        }
    }
}
