//! `erpsync runs`: what ran, when, how it ended and what it did, from the lines that runs leave in Odoo.
//!
//! Only reads, from Odoo alone, as any account of the reader group: no lease, no lock, no source.

use crate::catalog::{Moment, SourceName};
use crate::config::{Environment, Overrides};
use crate::odoo::runs::{Question, list_runs};
use crate::render::{self, Asked, HistoryFormat};

use super::show_history::{local, require_sources};
use super::{Console, Failure, Outcome, Signals, connect, printed};

/// What is asked for; everything that is given must hold.
#[derive(Debug, Clone)]
pub struct Request {
    /// Only these sources; empty for all that Odoo knows.
    pub sources: Vec<SourceName>,
    /// Begun not before.
    pub since: Option<Moment>,
    /// Begun before, that moment excluded.
    pub until: Option<Moment>,
    /// `since` was chosen because nothing was asked for: so many days ago.
    pub recent_days: Option<u32>,
    /// Only those that did not go through as planned.
    pub failed: bool,
    /// Only the newest so many.
    pub limit: Option<usize>,
    /// How to print.
    pub format: HistoryFormat,
}

/// Lists them.
///
/// # Errors
/// See [`Failure`]; [`Failure::NotFound`] when Odoo has no trace of a source.
pub async fn run(
    overrides: &Overrides,
    request: &Request,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let odoo = connect::reader(overrides, env, signals).await?;
    let Request { sources, since, until, recent_days, failed, limit, format } = request.clone();
    let question = Question { sources, since, until, failed };
    let runs = signals.unless_interrupted(list_runs(&odoo, &question, limit)).await?;
    if runs.is_empty() {
        require_sources(&odoo, &question.sources, signals).await?;
    }
    if !console.quiet {
        let asked = Asked { since, until, recent_days, limit, run: None };
        printed(render::runs(format, console.style, &local, &asked, &runs, console.out))?;
        printed(console.out.flush())?;
    }
    Ok(Outcome::default())
}
