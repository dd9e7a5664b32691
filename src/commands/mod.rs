//! One file per subcommand, thin: lease → read → plan → guard → show → apply → report. Ties the other modules together.
//!
//! Reading order: `run` (what all that write have in common), `looking` (what a plan has to know), [`import_products`],
//! [`sync_prices`], [`revert`], [`plan_file`] (each a way to come to a plan), [`watch`] (who is told of it), [`deferred`],
//! then those that only read: [`check_barcodes`], [`show_history`], [`runs`], [`doctor`]; [`init`], [`setup`], [`prune`] and
//! [`unlock`] stand alone.
//!
//! The only place that knows whether a run is a dry one: below, nothing can write without a lease's [`Writer`], and a dry
//! run takes none.
//!
//! [`Writer`]: crate::odoo::Writer

pub mod check_barcodes;
mod connect;
pub mod deferred;
pub mod doctor;
pub mod import_products;
pub mod init;
mod lock;
mod looking;
pub mod plan_file;
pub mod prune;
pub mod revert;
mod run;
pub mod runs;
pub mod setup;
pub mod show_history;
pub mod sync_prices;
pub mod unlock;
pub mod watch;
mod whole_file;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Notify;

use crate::apply::report::Interrupt;
use crate::config::{self, ConfigError, Environment, Overrides, Settings};
use crate::mssql::SourceError;
use crate::odoo::{Hurry, OdooError};
use crate::render::Style;
use watch::Watch;

/// Reads the settings, and warns of what is weaker in them than it should be.
///
/// # Errors
/// When they are wrong.
fn settings(overrides: &Overrides, env: &dyn Environment) -> Result<Settings, Failure> {
    let settings = config::load(overrides, env)?;
    for warning in &settings.warnings {
        log::warn!("{warning}");
    }
    Ok(settings)
}

/// Where a command prints, and how.
pub struct Console<'a> {
    /// The answer goes here.
    pub out: &'a mut (dyn Write + Send),
    /// Colour and width.
    pub style: Style,
    /// Print nothing.
    pub quiet: bool,
    /// Print more.
    pub verbose: bool,
    /// Who else is told.
    pub watch: Watch,
}

/// How to print the plan and the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One line a change.
    Lines,
    /// One document.
    Json,
}

/// A command that came to its end; what it found decides the exit status.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Ended by a signal, after the batch in flight.
    pub interrupted: Option<Interrupt>,
    /// A guard refused.
    pub refused: bool,
    /// Odoo refused records, or somebody edited them meanwhile.
    pub partly: bool,
    /// A dry run with changes.
    pub would_change: bool,
    /// Something waits for the source or for a person.
    pub open: bool,
    /// Sources that failed while others went through; reported already.
    pub failures: Vec<Failure>,
}

/// A command that failed. The message is complete: what, which record, what to do.
#[derive(Debug, Error)]
pub enum Failure {
    /// The command line is wrong.
    #[error("{0}; see --help")]
    Usage(String),
    /// A file that the command line names cannot be used.
    #[error("{0}")]
    File(String),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// SQL Server.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Odoo.
    #[error(transparent)]
    Odoo(#[from] OdooError),
    /// Nothing was changed, as it would not be safe; no guard of a plan.
    #[error("{0}")]
    Refused(String),
    /// What was given is for another database.
    #[error("{0}")]
    OtherDatabase(String),
    /// What was asked for cannot be done as things stand; nothing was changed.
    #[error("{0}")]
    Declined(String),
    /// Another run, or a person, holds this one up.
    #[error("{0}")]
    Busy(String),
    /// Odoo has no trace of what was asked for.
    #[error("{0}")]
    NotFound(String),
    /// Ended by a signal or the deadline before anything was applied.
    #[error("{}; nothing was changed", interruption(*.0))]
    Interrupted(Interrupt),
    /// The machine: files, signals.
    #[error("{0}")]
    Io(std::io::Error),
    /// The answer could not be written. A reader that went away is no error, a full disk is.
    #[error("the answer was not written: {0}")]
    Output(std::io::Error),
}

fn interruption(by: Interrupt) -> &'static str {
    match by {
        Interrupt::Interrupted | Interrupt::Terminated => "interrupted",
        Interrupt::Deadline => "the deadline came (--deadline)",
    }
}

impl Failure {
    /// Odoo's traceback, for `-vv`.
    #[must_use]
    pub fn traceback(&self) -> Option<&str> {
        match self {
            Self::Odoo(error) => error.traceback(),
            _ => None,
        }
    }
}

/// What came of printing an answer. A reader that went away neither ends a command nor changes its status.
///
/// # Errors
/// [`Failure::Output`] when what was asked for could not be written for another reason, as on a full disk.
fn printed(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
            log::debug!("the answer's reader went away");
            Ok(())
        }
        other => other.map_err(Failure::Output),
    }
}

/// The same for what accompanies a write: what was done is done, whether its account can be printed or not.
fn told(written: io::Result<()>) {
    if let Err(e) = printed(written) {
        log::warn!("{e}");
    }
}

/// Why the run shall end, if anything came so far: a signal, or the deadline.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// The place of what came in [`Interrupt`], from 1.
    seen: Arc<AtomicU8>,
    woken: Arc<Notify>,
    /// How long calls are still repeated.
    hurry: Hurry,
}

impl Signals {
    /// Asks the run to end after the batch in flight, whose calls are repeated for no longer than `grace`. Says whether
    /// this was the first time.
    pub fn raise(&self, why: Interrupt, grace: Duration) -> bool {
        let number = match why {
            Interrupt::Interrupted => 1,
            Interrupt::Terminated => 2,
            Interrupt::Deadline => 3,
        };
        let first = self.seen.compare_exchange(0, number, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if first {
            self.hurry.within(grace);
            self.woken.notify_waiters();
        }
        first
    }

    /// How long calls are still repeated.
    pub(crate) fn hurry(&self) -> Hurry {
        self.hurry.clone()
    }

    /// What came, if anything.
    #[must_use]
    pub fn seen(&self) -> Option<Interrupt> {
        match self.seen.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(Interrupt::Interrupted),
            2 => Some(Interrupt::Terminated),
            _ => Some(Interrupt::Deadline),
        }
    }

    /// Does the work unless a signal comes first; for work that changes nothing.
    ///
    /// # Errors
    /// [`Failure::Interrupted`], or the work's.
    pub async fn unless_interrupted<T, E>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, Failure>
    where
        Failure: From<E>,
    {
        let woken = self.woken.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        if let Some(signal) = self.seen() {
            return Err(Failure::Interrupted(signal));
        }
        tokio::select! {
            result = work => Ok(result?),
            () = woken => Err(Failure::Interrupted(self.seen().unwrap_or(Interrupt::Terminated))),
        }
    }
}
