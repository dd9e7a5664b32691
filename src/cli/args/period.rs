//! Flags of commands that show what is recorded: the period, the sources, how many, the format.

use chrono::{Local, TimeDelta};
use clap::ValueEnum;

use crate::catalog::{Moment, SourceName};
use crate::render::HistoryFormat;

use super::moment;

/// What is shown when nothing is asked for.
pub(super) const RECENT_DAYS: u32 = 7;

#[derive(Debug, clap::Args)]
pub(super) struct Period {
    /// From then on: how long ago (30m, 12h, 7d, 2w), a date, "DATE TIME", or RFC 3339; dates and times are of this
    /// machine's zone ($TZ) [default: everything, or 7d when nothing is asked for]
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Up to then, that day or second included
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only this source; may be repeated [default: all that Odoo knows, whether they are configured or not]
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Only the newest N; they are printed oldest first like all
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    /// How to print
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    /// For people
    Text,
    /// One document
    Json,
    /// For spreadsheets
    Csv,
}

/// What they say.
pub(super) struct Selected {
    pub since: Option<Moment>,
    pub until: Option<Moment>,
    pub sources: Vec<SourceName>,
    pub recent_days: Option<u32>,
}

impl Period {
    /// The period and the sources; the last days when nothing is asked for, by these flags or by `others`.
    ///
    /// # Errors
    /// When a value cannot be used, or two contradict each other.
    pub(super) fn selected(&self, others: bool) -> Result<Selected, String> {
        let now = Local::now();
        let since = self.since.as_ref().map(|t| moment::since(t, &now).map_err(|e| format!("--since {t:?}: {e}")));
        let until = self.until.as_ref().map(|t| moment::until(t, &now).map_err(|e| format!("--until {t:?}: {e}")));
        let (mut since, until) = (since.transpose()?, until.transpose()?);
        if since.zip(until).is_some_and(|(since, until)| since >= until) {
            return Err("--since is after --until; give the earlier time to --since".to_owned());
        }
        if self.limit == Some(0) {
            return Err("--limit 0 leaves nothing to show; give 1 or more".to_owned());
        }
        let sources = self.source.iter().map(|t| SourceName::parse(t).map_err(|e| format!("--source: {e}")));
        let sources = sources.collect::<Result<_, _>>()?;
        let asked = since.is_some() || until.is_some() || self.limit.is_some() || others;
        if !asked {
            since = Some(Moment((now - TimeDelta::days(i64::from(RECENT_DAYS))).timestamp()));
        }
        Ok(Selected { since, until, sources, recent_days: (!asked).then_some(RECENT_DAYS) })
    }

    pub(super) fn format(&self) -> HistoryFormat {
        match self.format {
            FormatArg::Text => HistoryFormat::Text,
            FormatArg::Json => HistoryFormat::Json,
            FormatArg::Csv => HistoryFormat::Csv,
        }
    }
}
