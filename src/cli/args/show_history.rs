//! Flags of `show-history`.

use chrono::{Local, TimeDelta};
use clap::ValueEnum;

use crate::catalog::{Barcode, ChangedField, ExternalId, Moment, SourceName};
use crate::commands::show_history::Request;
use crate::render::HistoryFormat;

use super::moment;

/// What is shown when nothing is asked for.
const RECENT_DAYS: u32 = 7;

pub(super) const EXAMPLES: &str = "\
Examples:
  erpsync show-history --product 1001
  erpsync show-history --barcode 4006381333931
  erpsync show-history --since 2026-11-01 --until 2026-11-30 --what prices --format csv
  erpsync show-history --run 9f0c11";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ShowHistory {
    /// Changes of this product, by its id in the source
    #[arg(long, value_name = "ID")]
    product: Option<String>,
    /// Who had this barcode, from when to when, in the place of changes; a UPC-A and its EAN-13 are one code
    #[arg(long, value_name = "CODE")]
    barcode: Option<String>,
    /// From then on: how long ago (30m, 12h, 7d, 2w), a date, "DATE TIME", or RFC 3339; dates and times are of this
    /// machine's zone ($TZ) [default: everything, or 7d when nothing is asked for]
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Up to then, that day or second included
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Changes by this run: its key, or how it begins or ends
    #[arg(long, value_name = "KEY")]
    run: Option<String>,
    /// Only this source; may be repeated [default: all that Odoo knows, whether they are configured or not]
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Which changes; may be repeated [default: all]
    #[arg(long, value_enum, value_name = "WHAT,…", value_delimiter = ',')]
    what: Vec<What>,
    /// Only the newest N; they are printed oldest first like all
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// How to print
    #[arg(long, value_enum, default_value_t = HistoryFormatArg::Text)]
    format: HistoryFormatArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Barcodes,
    Prices,
    Names,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum HistoryFormatArg {
    /// For people
    Text,
    /// One document
    Json,
    /// For spreadsheets
    Csv,
}

impl ShowHistory {
    /// # Errors
    /// When a value cannot be used, or two contradict each other.
    pub(in crate::cli) fn request(&self) -> Result<Request, String> {
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
        let product = self.product.as_ref().map(|t| ExternalId::parse(t).map_err(|e| format!("--product {t:?}: {e}")));
        let run = self.run.as_ref().map(|t| t.trim().to_owned());
        if run.as_ref().is_some_and(String::is_empty) {
            return Err("--run: the key is empty; text output and the runs in Odoo show keys".to_owned());
        }
        let sources = self.source.iter().map(|t| SourceName::parse(t).map_err(|e| format!("--source: {e}")));
        let asked = since.is_some()
            || until.is_some()
            || self.product.is_some()
            || self.barcode.is_some()
            || run.is_some()
            || self.limit.is_some();
        if !asked {
            since = Some(Moment((now - TimeDelta::days(i64::from(RECENT_DAYS))).timestamp()));
        }
        Ok(Request {
            product: product.transpose()?,
            barcode: self.barcode()?,
            sources: sources.collect::<Result<_, _>>()?,
            run,
            fields: self.fields(),
            since,
            until,
            recent_days: (!asked).then_some(RECENT_DAYS),
            limit: self.limit,
            format: match self.format {
                HistoryFormatArg::Text => HistoryFormat::Text,
                HistoryFormatArg::Json => HistoryFormat::Json,
                HistoryFormatArg::Csv => HistoryFormat::Csv,
            },
        })
    }

    fn barcode(&self) -> Result<Option<Barcode>, String> {
        let Some(text) = &self.barcode else { return Ok(None) };
        let code = Barcode::parse(text).map_err(|e| format!("--barcode {text:?}: {e}"))?;
        let code = code.ok_or("--barcode: the barcode is empty; give the code as it is scanned")?;
        if !self.what.is_empty() && !self.what.contains(&What::Barcodes) {
            return Err("--barcode asks for barcodes, --what leaves them out; give one of the two".to_owned());
        }
        Ok(Some(code))
    }

    fn fields(&self) -> Vec<ChangedField> {
        let what = |field: &ChangedField| match field {
            ChangedField::Barcode => What::Barcodes,
            ChangedField::Price => What::Prices,
            ChangedField::Name => What::Names,
        };
        ChangedField::ALL.into_iter().filter(|f| self.what.is_empty() || self.what.contains(&what(f))).collect()
    }
}
