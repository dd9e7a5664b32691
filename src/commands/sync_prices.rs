//! `erpsync sync-prices`: the prices of linked products, and nothing else: one query at the source, no names, no barcodes.

use std::collections::BTreeSet;

use crate::catalog::digest::Line;
use crate::catalog::{ExternalId, SourceName};
use crate::config::{Environment, Overrides, SourceSettings};
use crate::mssql::SourceOptions;
use crate::odoo::Session;
use crate::plan::{self, Plan, Policy};

use super::looking::{Looking, Seen};
use super::run::{Planner, Run, aside, each_source};
use super::watch::{Phase, Watch};
use super::{Console, Failure, Format, Outcome, Signals, connect, lock};

/// The deferred actions that a run about prices opens and closes; all others stay as the import left them.
const ABOUT: &[(&str, &str)] = &[
    ("price-jump", "price"),
    ("price-too-large", "price"),
    ("price-gone", "price"),
    ("shared-template", "price"),
    ("drift", "price"),
];

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Show, do nothing.
    pub dry_run: bool,
    /// Only these products.
    pub only: Option<BTreeSet<ExternalId>>,
    /// Compare every price, not only those that digests tell apart.
    pub full: bool,
    /// How to print.
    pub format: Format,
}

/// Runs it for every configured source in turn.
///
/// # Errors
/// See [`Failure`]; with several sources, failures of single ones stand in the [`Outcome`].
pub async fn run(
    overrides: &Overrides,
    request: &Request,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let settings = super::settings(overrides, env)?;
    let watch = console.watch.clone();
    watch.configured(&settings.report, env);
    settings.require_sources()?;
    let _lock = if request.dry_run { None } else { lock::take(&settings, env)? };
    each_source(&settings, &watch, async |name: &SourceName, source: &SourceSettings| {
        let policy = settings.sync.policy(source, overrides.allowances);
        let planner = Prices { name, options: connect::source(name, source, env)?, request, policy, watch: &watch };
        let run = Run {
            name,
            source,
            settings: &settings,
            command: "sync-prices",
            format: request.format,
            show_all: request.dry_run,
            about: Some(ABOUT),
            narrow: false,
            watch: &watch,
        };
        let session = run.open(env, signals).await?;
        if request.dry_run {
            return run.look(&session, &planner, signals, console).await;
        }
        run.carry_out(&session, &planner, signals, console).await
    })
    .await
}

struct Prices<'a> {
    name: &'a SourceName,
    options: SourceOptions,
    request: &'a Request,
    policy: Policy,
    watch: &'a Watch,
}

impl Planner for Prices<'_> {
    async fn plan(&self, session: &Session, token: Option<&str>, signals: &Signals) -> Result<Plan, Failure> {
        let policy = Policy { precedence: session.order.precedence(self.name), ..self.policy.clone() };
        let looking = Looking {
            session,
            source: self.name,
            policy: &policy,
            line: Line::Prices,
            token,
            only: self.request.only.as_ref(),
        };
        let reading = crate::mssql::read_prices(&self.options);
        let Seen { catalogue, odoo, scope } = looking.at(reading, self.request.full, signals).await?;
        self.watch.phase(Phase::Plan);
        let name = self.name.clone();
        Ok(aside(move || plan::plan_prices(&name, &catalogue, &odoo, &policy, &scope)).await)
    }
}
