//! `erpsync import-products`: products, names, prices and barcodes from the source into Odoo.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::catalog::digest::Line;
use crate::catalog::{ExternalId, OdooState, SourceName};
use crate::config::{Environment, Overrides, Settings, SourceSettings};
use crate::mssql::SourceOptions;
use crate::odoo::Session;
use crate::plan::{self, ExtraBarcodes, Plan, Policy};

use super::looking::{Looking, Seen};
use super::run::{Planner, Run, aside, each_source};
use super::watch::{Phase, Watch};
use super::{Console, Failure, Format, Outcome, Signals, connect, lock, plan_file, whole_file};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Show, do nothing.
    pub dry_run: bool,
    /// Keep the plan in this file.
    pub out: Option<PathBuf>,
    /// Only these products.
    pub only: Option<BTreeSet<ExternalId>>,
    /// Only the first so many that have something to do.
    pub limit: Option<usize>,
    /// Compare every product, not only those that digests tell apart.
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
    if request.out.is_some() && settings.sources.len() > 1 {
        return Err(Failure::Usage("--out keeps the plan of one source; name it with --source".to_owned()));
    }
    if let Some(out) = &request.out {
        whole_file::destination(plan_file::OUT, out)?;
    }
    let _lock = if request.dry_run { None } else { lock::take(&settings, env)? };
    each_source(&settings, &watch, async |name: &SourceName, source: &SourceSettings| {
        let planner = Import {
            name,
            source,
            options: connect::source(name, source, env)?,
            request,
            policy: settings.sync.policy(source, overrides.allowances),
            watch: &watch,
        };
        one(&planner, &settings, env, signals, console).await
    })
    .await
}

async fn one(
    planner: &Import<'_>,
    settings: &Settings,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let run = Run {
        name: planner.name,
        source: planner.source,
        settings,
        command: "import-products",
        format: planner.request.format,
        show_all: planner.request.dry_run,
        about: None,
        narrow: false,
        watch: planner.watch,
    };
    let session = run.open(env, signals).await?;
    if planner.request.dry_run {
        let (plan, odoo) = planner.decide(&session, None, signals).await?;
        planner.keep(&session, &plan, &odoo)?;
        return run.shown(&plan, console);
    }
    run.carry_out(&session, planner, signals, console).await
}

struct Import<'a> {
    name: &'a SourceName,
    source: &'a SourceSettings,
    options: SourceOptions,
    request: &'a Request,
    policy: Policy,
    watch: &'a Watch,
}

impl Planner for Import<'_> {
    async fn plan(&self, session: &Session, token: Option<&str>, signals: &Signals) -> Result<Plan, Failure> {
        let (plan, odoo) = self.decide(session, token, signals).await?;
        if let Err(failure) = self.keep(session, &plan, &odoo) {
            // A record for people: the run does not depend on it.
            log::error!("{failure}; the run goes on");
        }
        Ok(plan)
    }
}

impl Import<'_> {
    fn keep(&self, session: &Session, plan: &Plan, odoo: &OdooState) -> Result<(), Failure> {
        let Some(out) = &self.request.out else { return Ok(()) };
        let create = plan_file::constants(session, self.source);
        plan_file::keep(out, session, plan, odoo, create, self.extras())
    }

    fn extras(&self) -> bool {
        self.policy.extra_barcodes == ExtraBarcodes::Packaging
    }

    /// The plan, and what it was computed from.
    async fn decide(
        &self,
        session: &Session,
        token: Option<&str>,
        signals: &Signals,
    ) -> Result<(Plan, OdooState), Failure> {
        let policy = Policy { precedence: session.order.precedence(self.name), ..self.policy.clone() };
        let looking = Looking {
            session,
            source: self.name,
            policy: &policy,
            line: Line::Whole,
            token,
            only: self.request.only.as_ref(),
        };
        let Seen { catalogue, odoo, scope } =
            looking.at(crate::mssql::read(&self.options), self.request.full, signals).await?;
        self.watch.phase(Phase::Plan);
        let (name, limit) = (self.name.clone(), self.request.limit);
        let planned = aside(move || {
            let plan = match limit {
                None => plan::plan(&name, &catalogue, &odoo, &policy, &scope),
                Some(limit) => plan::plan_limited(&name, &catalogue, &odoo, &policy, &scope, limit),
            };
            (plan, odoo)
        });
        Ok(planned.await)
    }
}
