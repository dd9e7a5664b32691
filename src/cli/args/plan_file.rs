//! Flags of `apply` and `show`, which take a plan that was kept.

use std::path::PathBuf;

use crate::commands::plan_file::Request;
use crate::commands::watch::Orders;
use crate::config::Overrides;

use super::watching::{PageArg, Watching};
use super::{Args, FormatArg};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Apply {
    /// The plan, as `import-products --dry-run --out` kept it
    #[arg(value_name = "PLAN.json")]
    file: PathBuf,
    /// How to print the plan and the report
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
    /// Refuse a plan that is older
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    max_age: u32,
    #[command(flatten)]
    watching: Watching,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    /// The plan, as `import-products --dry-run --out` kept it
    #[arg(value_name = "PLAN.json")]
    file: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
    #[command(flatten)]
    page: PageArg,
}

impl Apply {
    /// Who is told of the run.
    ///
    /// # Errors
    /// None: it is no dry run.
    pub(in crate::cli) fn orders(&self) -> Result<Orders, String> {
        self.watching.orders("apply", false)
    }

    /// What it says about the settings.
    pub(in crate::cli) fn overrides(&self, args: &Args) -> Overrides {
        self.watching.overrides(args)
    }

    pub(in crate::cli) fn request(&self) -> Request {
        Request { file: self.file.clone(), format: self.format.into(), max_age: Some(self.max_age) }
    }
}

impl Show {
    /// Whom the plan is shown besides.
    pub(in crate::cli) fn orders(&self) -> Orders {
        let name = self.file.file_name().unwrap_or(self.file.as_os_str());
        self.page.orders(format!("plan {}", name.to_string_lossy()))
    }

    pub(in crate::cli) fn request(&self) -> Request {
        Request { file: self.file.clone(), format: self.format.into(), max_age: None }
    }
}
