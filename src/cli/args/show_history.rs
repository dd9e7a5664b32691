//! Flags of `show-history`.

use clap::ValueEnum;

use crate::catalog::{Barcode, ChangedField, ExternalId};
use crate::commands::show_history::Request;

use super::period::{Period, Selected};

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
    /// Changes by this run: its key, or how it begins or ends
    #[arg(long, value_name = "KEY")]
    run: Option<String>,
    /// Which changes; may be repeated [default: all]
    #[arg(long, value_enum, value_name = "WHAT,…", value_delimiter = ',')]
    what: Vec<What>,
    #[command(flatten)]
    period: Period,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Barcodes,
    Prices,
    Names,
}

impl ShowHistory {
    /// # Errors
    /// When a value cannot be used, or two contradict each other.
    pub(in crate::cli) fn request(&self) -> Result<Request, String> {
        let product = self.product.as_ref().map(|t| ExternalId::parse(t).map_err(|e| format!("--product {t:?}: {e}")));
        let run = self.run.as_ref().map(|t| t.trim().to_owned());
        if run.as_ref().is_some_and(String::is_empty) {
            return Err("--run: the key is empty; text output and `erpsync runs` show keys".to_owned());
        }
        let others = self.product.is_some() || self.barcode.is_some() || run.is_some();
        let Selected { since, until, sources, recent_days } = self.period.selected(others)?;
        Ok(Request {
            product: product.transpose()?,
            barcode: self.barcode()?,
            sources,
            run,
            fields: self.fields(),
            since,
            until,
            recent_days,
            limit: self.period.limit,
            format: self.period.format(),
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
