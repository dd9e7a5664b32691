//! Flags of `runs`.

use crate::commands::runs::Request;

use super::period::{Period, Selected};

pub(super) const EXAMPLES: &str = "\
Examples:
  erpsync runs
  erpsync runs --failed --since 30d
  erpsync runs --limit 1 --source shop --format json";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Runs {
    /// Only those that did not go through as planned: failed, died, interrupted, paused, refused by a guard, partly refused
    #[arg(long)]
    failed: bool,
    #[command(flatten)]
    period: Period,
}

impl Runs {
    /// # Errors
    /// When a value cannot be used, or two contradict each other.
    pub(in crate::cli) fn request(&self) -> Result<Request, String> {
        let Selected { since, until, sources, recent_days } = self.period.selected(false)?;
        let (failed, limit, format) = (self.failed, self.period.limit, self.period.format());
        Ok(Request { sources, since, until, recent_days, failed, limit, format })
    }
}
