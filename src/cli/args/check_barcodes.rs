//! Flags of `check-barcodes`.

use std::collections::BTreeSet;

use clap::ValueEnum;

use crate::check::Code;
use crate::commands::check_barcodes::{CheckFormat, Request};
use crate::config::Overrides;

use super::Args;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct CheckBarcodes {
    /// Only this source; may be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Only findings of this kind, see --list-codes; may be repeated [default: all]
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    only: Vec<String>,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
    /// Print the kinds of findings, and do nothing else
    #[arg(long)]
    list_codes: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    /// For people; information is only counted, unless -v or --only asks for it
    Text,
    /// One document
    Json,
    /// For a spreadsheet: a line for each record
    Csv,
}

impl CheckBarcodes {
    /// What it says about the settings.
    pub(in crate::cli) fn overrides(&self, args: &Args) -> Overrides {
        Overrides { sources: self.source.clone(), ..args.base() }
    }

    /// # Errors
    /// When a code of `--only` is none.
    pub(in crate::cli) fn request(&self) -> Result<Request, String> {
        let mut only = BTreeSet::new();
        for name in &self.only {
            let code = Code::named(name).ok_or_else(|| {
                let all: Vec<_> = Code::ALL.iter().map(|c| c.name()).collect();
                format!("--only {name:?}: there is no such finding; there are {}", all.join(", "))
            })?;
            only.insert(code);
        }
        let format = match self.format {
            FormatArg::Text => CheckFormat::Text,
            FormatArg::Json => CheckFormat::Json,
            FormatArg::Csv => CheckFormat::Csv,
        };
        Ok(Request { only, format, list_codes: self.list_codes })
    }
}
