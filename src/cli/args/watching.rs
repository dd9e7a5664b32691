//! Flags of all commands that write, about who is told.

use std::path::PathBuf;

use crate::commands::watch::Orders;
use crate::config::Overrides;

use super::Args;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Watching {
    /// Write the figures of the last runs into this file, for the textfile collector of Prometheus' node_exporter, instead
    /// of report.metrics_file
    #[arg(long, value_name = "FILE.prom")]
    metrics_file: Option<PathBuf>,
    #[command(flatten)]
    page: PageArg,
}

#[derive(Debug, clap::Args)]
pub(super) struct PageArg {
    /// Make a page for a browser, in one file: the plan by reason with a search box, what waits, how far prices move, what was
    /// not done
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

impl PageArg {
    /// For a command that only looks.
    pub(super) fn orders(&self, title: String) -> Orders {
        Orders { page: self.report.clone(), title, ..Orders::default() }
    }
}

impl Watching {
    /// What they say about the settings.
    pub(super) fn overrides(&self, args: &Args) -> Overrides {
        Overrides { metrics_file: self.metrics_file.clone(), ..args.base() }
    }

    /// For a command of this name.
    ///
    /// # Errors
    /// When a dry run is to be told of.
    pub(super) fn orders(&self, command: &'static str, dry_run: bool) -> Result<Orders, String> {
        if dry_run && self.metrics_file.is_some() {
            return Err("--metrics-file tells of runs, and --dry-run is none; leave one of the two out".to_owned());
        }
        let title = if dry_run { format!("{command}, dry run") } else { command.to_owned() };
        Ok(Orders {
            command: (!dry_run).then_some(command),
            metrics_file: self.metrics_file.clone(),
            ..self.page.orders(title)
        })
    }
}
