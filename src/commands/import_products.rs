//! `erpsync import-products`: products, names, prices and barcodes from the source into Odoo.

use std::collections::BTreeSet;
use std::time::Instant;

use chrono::Utc;

use crate::apply::report::Report;
use crate::apply::{self, Options};
use crate::catalog::{Catalogue, ExternalId, Link, SourceName};
use crate::config::{self, Environment, Overrides, Settings, SourceSettings, StatusForOpen};
use crate::odoo::writer::{Finish, Holder};
use crate::odoo::{Lease, Odoo, OdooError, Session, Writer, snapshot};
use crate::plan::{self, Plan, Policy, Scope};
use crate::render;

use super::{Console, Failure, Format, Outcome, Signals, connect, lock};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Show, do nothing.
    pub dry_run: bool,
    /// Only these products.
    pub only: Option<BTreeSet<ExternalId>>,
    /// Only the first so many that have something to do.
    pub limit: Option<usize>,
    /// How to print.
    pub format: Format,
}

/// Products and bad rows that a text lists when nobody asked for all.
const SHOWN: usize = 100;

/// Runs it for every configured source in turn; a source that fails does not keep the others from their turn.
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
    let settings = config::load(overrides, env)?;
    settings.require_sources()?;
    for warning in &settings.warnings {
        log::warn!("{warning}");
    }
    let _lock = if request.dry_run { None } else { lock::take(&settings, env)? };
    let mut outcome = Outcome::default();
    for (name, source) in &settings.sources {
        let import =
            Import { name, source, settings: &settings, request, policy: settings.sync.policy(overrides.allowances) };
        match import.run(env, signals, console).await {
            Ok(one) => merge(&mut outcome, one),
            Err(failure) if settings.sources.len() == 1 || matches!(failure, Failure::Output(_)) => {
                return Err(failure);
            }
            Err(failure) => {
                log::error!("source {name}: {failure}");
                outcome.failures.push(failure);
            }
        }
        if outcome.interrupted.is_some() {
            break;
        }
    }
    Ok(outcome)
}

fn merge(all: &mut Outcome, one: Outcome) {
    all.interrupted = all.interrupted.or(one.interrupted);
    all.refused |= one.refused;
    all.partly |= one.partly;
    all.would_change |= one.would_change;
    all.open |= one.open;
    all.failures.extend(one.failures);
}

struct Import<'a> {
    name: &'a SourceName,
    source: &'a SourceSettings,
    settings: &'a Settings,
    request: &'a Request,
    policy: Policy,
}

impl Import<'_> {
    async fn run(
        &self,
        env: &dyn Environment,
        signals: &Signals,
        console: &mut Console<'_>,
    ) -> Result<Outcome, Failure> {
        let started = Instant::now();
        let source = connect::source(self.name, self.source, env)?;
        let options = connect::odoo(&self.settings.odoo, connect::configured_account(&self.settings.odoo, env)?);
        let session = signals.unless_interrupted(async {
            let odoo = Odoo::connect(&options).await?;
            Session::open(odoo, &connect::session(&self.settings.odoo, &self.source.create)).await
        });
        let session = session.await?;
        if self.request.dry_run {
            let plan = self.plan(&session, &source, signals).await?;
            self.show_plan(&plan, console)?;
            let open = !plan.deferred.is_empty() || !plan.bad_rows.is_empty();
            return Ok(Outcome {
                refused: !plan.refusals.is_empty(),
                would_change: !plan.is_empty(),
                open,
                ..Outcome::default()
            });
        }
        let holder = self.holder();
        let writer = lease(&session, self.name, &holder).await?;
        let result = self.leased(&session, writer, &holder, &source, signals, console).await;
        if let Ok((_, summary)) = &result {
            log::info!("{summary}; {:.1} s in all", started.elapsed().as_secs_f64());
        }
        result.map(|(outcome, _)| outcome)
    }

    /// Everything from the lease on; whatever happens, the run's line is ended and the lease given back.
    async fn leased(
        &self,
        session: &Session,
        writer: Writer<'_>,
        holder: &Holder,
        source: &crate::mssql::SourceOptions,
        signals: &Signals,
        console: &mut Console<'_>,
    ) -> Result<(Outcome, String), Failure> {
        let mut done = Finish::default();
        let result = self.read_and_apply(session, &writer, holder, source, signals, console, &mut done).await;
        let status = match &result {
            Ok(_) | Err(Failure::Odoo(OdooError::LeaseLost)) => None,
            Err(failure @ Failure::Interrupted(_)) => Some(("interrupted", failure)),
            Err(failure) => Some(("failed", failure)),
        };
        let ended = match status {
            None => Ok(()),
            Some((status, failure)) => {
                let before =
                    if done.summary.is_empty() { String::new() } else { format!("; before: {}", done.summary) };
                let summary = format!("{failure}{before}");
                writer.end_run(&Finish { status: status.to_owned(), summary, ..done }).await
            }
        };
        if let Err(e) = ended {
            log::debug!("the run's line was not ended: {e}");
        }
        if let Err(e) = writer.release().await {
            log::warn!("the lease was not given back and ends by itself: {e}");
        }
        result
    }

    /// `done` tells what a run that fails later has done.
    #[expect(clippy::too_many_arguments, reason = "the parts of one run")]
    async fn read_and_apply(
        &self,
        session: &Session,
        writer: &Writer<'_>,
        holder: &Holder,
        source: &crate::mssql::SourceOptions,
        signals: &Signals,
        console: &mut Console<'_>,
        done: &mut Finish,
    ) -> Result<(Outcome, String), Failure> {
        let started = Instant::now();
        let plan = self.plan(session, source, signals).await?;
        let shown = self.request.format;
        if shown != Format::Json && !console.quiet {
            self.show_plan(&plan, console)?;
        }
        let bad_rows = !plan.bad_rows.is_empty();
        if !plan.refusals.is_empty() {
            let summary = render::plan_summary_line(&plan);
            writer
                .end_run(&Finish {
                    status: "refused by a guard".to_owned(),
                    summary: summary.clone(),
                    ..Finish::default()
                })
                .await?;
            if shown == Format::Json && !console.quiet {
                render::json(&plan, None, console.out).map_err(Failure::Output)?;
            }
            for refusal in plan.refusals.iter().filter(|_| console.quiet) {
                log::error!("{}: {}", refusal.guard, refusal.message);
            }
            return Ok((Outcome { refused: true, ..Outcome::default() }, summary));
        }
        // Reading may have taken longer than the lease lasts; nobody else may have taken it meanwhile.
        lease(session, self.name, holder).await?;
        let kept = (shown == Format::Json).then(|| plan.clone());
        let options = Options {
            batch: self.settings.odoo.batch_size,
            digits: session.digits,
            default_code: self.source.create.set_default_code,
        };
        let result =
            apply::apply(plan, writer, options, || signals.seen(), |done, total| log::debug!("{done} of {total} done"))
                .await;
        let (report, error) = match result {
            Ok(report) => (report, None),
            Err(broken) => (broken.report, Some(broken.error)),
        };
        self.show_report(kept.as_ref(), &report, console)?;
        let summary = render::summary_line(&report, started.elapsed().as_secs_f64());
        if let Some(error) = error {
            *done = apply::finish_line(&report);
            log::error!("{summary}");
            return Err(error.into());
        }
        let open = match self.settings.sync.status_for_open {
            StatusForOpen::Any => report.open > 0 || bad_rows,
            StatusForOpen::New => report.opened > 0,
        };
        let outcome = Outcome {
            interrupted: report.interrupted,
            partly: !report.refused.is_empty() || !report.overtaken.is_empty(),
            open: open || !report.duplicates.is_empty(),
            ..Outcome::default()
        };
        Ok((outcome, summary))
    }

    /// Reads both sides and decides. Changes nothing.
    async fn plan(
        &self,
        session: &Session,
        source: &crate::mssql::SourceOptions,
        signals: &Signals,
    ) -> Result<Plan, Failure> {
        let started = Instant::now();
        let reading = signals.unless_interrupted(crate::mssql::read(source)).await?;
        for warning in &reading.warnings {
            log::info!("source {}: {warning}", self.name);
        }
        let catalogue = reading.catalogue;
        log::info!(
            "source {}: {} products and {} barcodes read in {:.1} s",
            self.name,
            catalogue.product_rows,
            catalogue.barcode_rows,
            started.elapsed().as_secs_f64()
        );
        let links = signals.unless_interrupted(snapshot::read_links(session, self.name)).await?;
        let scope = self.scope(&catalogue, &links)?;
        let questions = plan::questions(&catalogue, &links, &scope);
        let unlinked: Vec<_> = questions
            .unlinked
            .into_iter()
            .map(|u| snapshot::Unlinked { id: u.id, name: u.name, codes: u.codes })
            .collect();
        let codes: Vec<String> = questions.codes.into_iter().collect();
        let answers = snapshot::look_up(session, self.name, &self.policy.match_rules, &unlinked, &codes);
        let answers = signals.unless_interrupted(answers).await?;
        let odoo = snapshot::state(session, links, answers);
        log::info!("Odoo: {} links read; planning", odoo.links.len());
        Ok(match self.request.limit {
            None => plan::plan(self.name, &catalogue, &odoo, &self.policy, &scope),
            Some(limit) => plan::plan_limited(self.name, &catalogue, &odoo, &self.policy, &scope, limit),
        })
    }

    fn scope(
        &self,
        catalogue: &Catalogue,
        links: &std::collections::BTreeMap<ExternalId, Link>,
    ) -> Result<Scope, Failure> {
        let Some(only) = &self.request.only else { return Ok(Scope::All) };
        let known = |id: &&ExternalId| {
            catalogue.products.contains_key(*id) || catalogue.unreadable.contains(*id) || links.contains_key(*id)
        };
        let unknown: Vec<String> = only.iter().filter(|id| !known(id)).map(ToString::to_string).collect();
        if unknown.is_empty() {
            return Ok(Scope::Only(only.clone()));
        }
        Err(Failure::Usage(format!("--only: source {} has no product {}", self.name, unknown.join(", "))))
    }

    fn holder(&self) -> Holder {
        let token = uuid::Uuid::new_v4();
        let short = &token.simple().to_string()[..6];
        let host = gethostname::gethostname().to_string_lossy().into_owned();
        Holder {
            key: format!("{}-{}-{short}", Utc::now().format("%Y%m%dT%H%M%SZ"), self.name),
            token: token.to_string(),
            name: format!("{host}, process {}", std::process::id()),
            command: "import-products".to_owned(),
            seconds: self.settings.sync.lease.as_secs(),
        }
    }

    fn show_plan(&self, plan: &Plan, console: &mut Console<'_>) -> Result<(), Failure> {
        if console.quiet {
            return Ok(());
        }
        let all = self.request.dry_run || console.verbose;
        let options = render::Options { verbose: console.verbose, max_items: (!all).then_some(SHOWN) };
        let written = match self.request.format {
            Format::Text => render::plan_text(plan, console.style, options, console.out),
            Format::Lines => render::plan_lines(plan, options, console.out),
            Format::Json => render::json(plan, None, console.out),
        };
        // A reader that went away must neither stop a run nor change its status.
        if let Err(e) = written {
            log::debug!("the plan was not printed: {e}");
        }
        Ok(())
    }

    /// A closed stdout does not undo what was done: the status still tells.
    fn show_report(&self, plan: Option<&Plan>, report: &Report, console: &mut Console<'_>) -> Result<(), Failure> {
        if console.quiet {
            return Ok(());
        }
        let written = match (self.request.format, plan) {
            (Format::Json, Some(plan)) => render::json(plan, Some(report), console.out),
            (Format::Lines, _) => render::report_lines(self.name, report, console.out),
            (Format::Text | Format::Json, _) => render::report_text(report, console.style, console.out),
        };
        if let Err(e) = written {
            log::debug!("the report was not printed: {e}");
        }
        Ok(())
    }
}

/// Takes the lease, or says who has it.
async fn lease<'s>(session: &'s Session, source: &SourceName, holder: &Holder) -> Result<Writer<'s>, Failure> {
    match Writer::take(session, source, holder.clone()).await? {
        Lease::Taken(writer) => Ok(writer),
        Lease::Busy { holder, until } => Err(Failure::Busy(format!(
            "another run holds the lease: {holder}, until {until} UTC at the latest; try later"
        ))),
        Lease::Paused { by, since } => Err(Failure::Busy(format!(
            "synchronisation is paused in Odoo by {by} since {since} UTC (menu Setup and pause)"
        ))),
    }
}
