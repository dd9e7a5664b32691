//! Flags of `doctor`.

use clap::ValueEnum;

use crate::commands::doctor::{Format, Request};
use crate::config::Overrides;

use super::Args;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Doctor {
    /// Only this source, and Odoo; may be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
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
}

impl Doctor {
    /// What it says about the settings.
    pub(in crate::cli) fn overrides(&self, args: &Args) -> Overrides {
        Overrides { sources: self.source.clone(), ..args.base() }
    }

    pub(in crate::cli) fn request(&self) -> Request {
        let format = match self.format {
            FormatArg::Text => Format::Text,
            FormatArg::Json => Format::Json,
        };
        Request { format }
    }
}
