//! Flags of `deferred` and its subcommands.

use clap::{Subcommand, ValueEnum};

use crate::catalog::deferred::choosing::Wish;
use crate::catalog::{Choice, DeferredKind, ExternalId, SourceName};
use crate::commands::deferred::{Format, Request, Settle};

use super::super::exit::STATUSES;

#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(in crate::cli) struct Deferred {
    #[command(subcommand)]
    command: DeferredCommand,
}

#[derive(Debug, Subcommand)]
enum DeferredCommand {
    /// List what waits; status 3 when something is open without a choice
    #[command(after_help = STATUSES)]
    List(List),
    /// Show everything about one, with the commands that settle it
    #[command(after_help = STATUSES)]
    Show(Show),
    /// Choose what the next import shall do; status 1 when it does not fit, and nothing is changed
    #[command(after_help = STATUSES)]
    Resolve(Resolve),
    /// Leave it as it is, and stop asking until what waits is another value
    #[command(after_help = STATUSES)]
    Abandon(Abandon),
    /// Take a choice back, so that it waits again
    #[command(after_help = STATUSES)]
    Reset(Reset),
}

#[derive(Debug, clap::Args)]
struct List {
    /// Only of this source; may be repeated [default: all]
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Only of this kind (duplicate-claim, price-jump, …); may be repeated [default: all]
    #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
    kind: Vec<String>,
    /// Only of this product of the source; may be repeated [default: all]
    #[arg(long, value_name = "EXTERNAL_ID")]
    product: Vec<String>,
    /// Also decided, abandoned and closed ones
    #[arg(long)]
    all: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

#[derive(Debug, clap::Args)]
struct Show {
    /// The number from the list
    #[arg(value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    number: i64,
    /// How to print
    #[arg(long, value_enum, default_value_t = ShowFormat::Text)]
    format: ShowFormat,
}

#[derive(Debug, clap::Args)]
struct Resolve {
    #[command(flatten)]
    which: Which,
    /// give, give=EXTERNAL_ID, link=PRODUCT, create, keep, take or abandon; `show` says which fit. A PRODUCT is 42 or #42
    /// (its id in Odoo), barcode:CODE or ref:INTERNAL_REFERENCE
    #[arg(long, value_name = "CHOICE")]
    choose: String,
    /// Also over another choice that was made already
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, clap::Args)]
struct Abandon {
    #[command(flatten)]
    which: Which,
    /// Also over another choice that was made already
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, clap::Args)]
struct Reset {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Numbers from the list; all are checked before any is changed
    #[arg(value_name = "N", required = true, value_parser = clap::value_parser!(i64).range(1..))]
    numbers: Vec<i64>,
    /// Show what would be noted, and write nothing; status 2 when it would
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ListFormat {
    /// For people
    Text,
    /// One document
    Json,
    /// A table
    Csv,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ShowFormat {
    /// For people
    Text,
    /// One document
    Json,
}

impl Deferred {
    /// # Errors
    /// When a name, kind, id or choice is none.
    pub(in crate::cli) fn request(&self) -> Result<Request, String> {
        Ok(match &self.command {
            DeferredCommand::List(list) => list.request()?,
            DeferredCommand::Show(Show { number, format }) => {
                let format = match format {
                    ShowFormat::Text => Format::Text,
                    ShowFormat::Json => Format::Json,
                };
                Request::Show { number: *number, format }
            }
            DeferredCommand::Resolve(Resolve { which, choose, replace }) => {
                let wish = Wish::parse(choose).map_err(|e| format!("--choose: {e}"))?;
                which.settle(Some(wish), *replace)?
            }
            DeferredCommand::Abandon(Abandon { which, replace }) => {
                which.settle(Some(Wish::Plain(Choice::Abandon)), *replace)?
            }
            DeferredCommand::Reset(Reset { which }) => which.settle(None, false)?,
        })
    }
}

impl List {
    fn request(&self) -> Result<Request, String> {
        let kind = |word: &String| {
            DeferredKind::parse(word).ok_or_else(|| {
                let known: Vec<_> =
                    DeferredKind::ALL.into_iter().filter(|k| k.is_recorded()).map(|k| k.code()).collect();
                format!("--kind {word:?}: there are {}", known.join(", "))
            })
        };
        Ok(Request::List {
            sources: self
                .source
                .iter()
                .map(|name| SourceName::parse(name).map_err(|e| format!("--source: {e}")))
                .collect::<Result<_, _>>()?,
            kinds: self.kind.iter().map(kind).collect::<Result<_, _>>()?,
            external_ids: self
                .product
                .iter()
                .map(|id| ExternalId::parse(id).map_err(|e| format!("--product {id:?}: {e}")))
                .collect::<Result<_, _>>()?,
            all: self.all,
            format: match self.format {
                ListFormat::Text => Format::Text,
                ListFormat::Json => Format::Json,
                ListFormat::Csv => Format::Csv,
            },
        })
    }
}

impl Which {
    fn settle(&self, wish: Option<Wish>, replace: bool) -> Result<Request, String> {
        let mut numbers = self.numbers.clone();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() > 1 && wish.as_ref().is_some_and(Wish::is_for_one) {
            return Err("--choose give and link are for one deferred action at a time".to_owned());
        }
        Ok(Request::Settle(Settle { numbers, wish, replace, dry_run: self.dry_run }))
    }
}
