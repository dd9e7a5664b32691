//! Flags of all commands that write, about who is told.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::commands::watch::Orders;
use crate::config::Overrides;

use super::Args;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Watching {
    /// Write the figures of the last runs into this file, for the textfile collector of Prometheus' node_exporter, instead
    /// of report.metrics_file
    #[arg(long, value_name = "FILE.prom")]
    metrics_file: Option<PathBuf>,
    /// Tell a monitor such as healthchecks.io: URL/start, then URL, or URL/STATUS when the run failed; instead of
    /// report.ping_url_env and the like, which nobody sees in the list of processes
    #[arg(long, value_name = "URL", value_parser = |url: &str| Ok::<_, String>(SecretString::from(url)))]
    ping_url: Option<SecretString>,
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
        let given = [("--metrics-file", self.metrics_file.is_some()), ("--ping-url", self.ping_url.is_some())];
        if let Some((flag, _)) = given.into_iter().find(|(_, given)| dry_run && *given) {
            return Err(format!("{flag} tells of runs, and --dry-run is none; leave one of the two out"));
        }
        let title = if dry_run { format!("{command}, dry run") } else { command.to_owned() };
        Ok(Orders {
            command: (!dry_run).then_some(command),
            metrics_file: self.metrics_file.clone(),
            ping_url: self.ping_url.clone(),
            ..self.page.orders(title)
        })
    }
}
