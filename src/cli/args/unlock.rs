//! Flags of `unlock`.

use clap::ValueEnum;

use crate::commands::unlock::{Format, Request};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Unlock {
    /// Free the lease. A run that holds it and still lives writes nothing more, and ends with status 75
    #[arg(long)]
    force: bool,
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

impl Unlock {
    pub(in crate::cli) fn request(&self) -> Request {
        let format = match self.format {
            FormatArg::Text => Format::Text,
            FormatArg::Json => Format::Json,
        };
        Request { force: self.force, format }
    }
}
