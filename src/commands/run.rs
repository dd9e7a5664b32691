//! What every command that writes has in common: lease → plan → guard → show → apply → report, for one source.
//!
//! How the plan comes about is the command's own part, a [`Planner`].

use std::io;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::time::{sleep, timeout};

use crate::apply::report::Report;
use crate::apply::{self, Options};
use crate::catalog::SourceName;
use crate::config::{Environment, Settings, SourceSettings, StatusForOpen};
use crate::odoo::lease as odoo_lease;
use crate::odoo::writer::{Finish, Holder};
use crate::odoo::{ErrorKind, Lease, Odoo, OdooError, Pause, Session, Writer};
use crate::plan::Plan;
use crate::render;

use super::watch::{Phase, Watch};
use super::{Console, Failure, Format, Outcome, Signals, connect, printed, told};

/// Products and bad rows that a text lists when nobody asked for all.
const SHOWN: usize = 100;

/// Refusals that are told one by one with `-q`.
const COMPLAINTS: usize = 20;

/// How long a run that was asked to end, or whose server is away, still tries to say so in Odoo and to give the lease back.
const ENDING: Duration = Duration::from_secs(10);

/// Makes the plan of a run. Changes nothing.
pub(super) trait Planner {
    /// Reads what it needs and decides; `token` is the lease's, if the run has one.
    ///
    /// # Errors
    /// See [`Failure`].
    async fn plan(&self, session: &Session, token: Option<&str>, signals: &Signals) -> Result<Plan, Failure>;
}

/// A run for one source.
pub(super) struct Run<'a> {
    /// The source.
    pub name: &'a SourceName,
    /// Its settings.
    pub source: &'a SourceSettings,
    /// All settings.
    pub settings: &'a Settings,
    /// The command's name, for the run's line.
    pub command: &'static str,
    /// How to print.
    pub format: Format,
    /// Everything is shown, not only the beginning of a long plan.
    pub show_all: bool,
    /// The kinds of deferred actions, with their subjects, that the run speaks of; `None` for all.
    pub about: Option<&'static [(&'static str, &'static str)]>,
    /// Deferred actions of other products than the plan's stay as they are.
    pub narrow: bool,
    /// Who else is told.
    pub watch: &'a Watch,
}

/// What a run that applies brought about.
struct Done {
    outcome: Outcome,
    summary: String,
}

impl Run<'_> {
    /// Connects to Odoo and checks that it is ready.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn open(&self, env: &dyn Environment, signals: &Signals) -> Result<Session, Failure> {
        let options =
            connect::odoo(&self.settings.odoo, connect::configured_account(&self.settings.odoo, env)?, signals.hurry());
        let session = signals.unless_interrupted(async {
            let odoo = Odoo::connect(&options).await?;
            Session::open(odoo, &connect::session(self.settings, &self.source.create)).await
        });
        session.await
    }

    /// Plans and shows.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn look(
        &self,
        session: &Session,
        planner: &impl Planner,
        signals: &Signals,
        console: &mut Console<'_>,
    ) -> Result<Outcome, Failure> {
        let plan = self.plan(session, None, planner, signals).await?;
        self.shown(&plan, console)
    }

    /// Plans, before the eyes of whoever watches.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn plan(
        &self,
        session: &Session,
        token: Option<&str>,
        planner: &impl Planner,
        signals: &Signals,
    ) -> Result<Plan, Failure> {
        self.watch.phase(Phase::Read);
        let plan = planner.plan(session, token, signals).await;
        self.watch.idle();
        plan
    }

    /// Shows a plan that is not carried out, and says what it means for the status.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn shown(&self, plan: &Plan, console: &mut Console<'_>) -> Result<Outcome, Failure> {
        self.watch.page(plan, None);
        printed(self.show_plan(plan, console))?;
        Ok(Outcome {
            refused: !plan.refusals.is_empty(),
            would_change: !plan.is_empty(),
            open: plan.waiting().next().is_some() || !plan.bad_rows.is_empty(),
            ..Outcome::default()
        })
    }

    /// Plans under the lease, applies and reports.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn carry_out(
        &self,
        session: &Session,
        planner: &impl Planner,
        signals: &Signals,
        console: &mut Console<'_>,
    ) -> Result<Outcome, Failure> {
        let started = Instant::now();
        let holder = self.holder();
        let over = |how: &str| log::info!("run {} {how}; {:.1} s", holder.key, started.elapsed().as_secs_f64());
        let writer = match lease(session, self.name, &holder).await {
            Ok(writer) => writer,
            Err(failure) => {
                let unknown = matches!(&failure, Failure::Odoo(error) if error.kind() == ErrorKind::Unreachable);
                if unknown && timeout(ENDING, odoo_lease::release(session, &holder.token)).await.is_err() {
                    log::debug!("whether the lease was taken is not known");
                }
                return ended_meanwhile(failure, signals);
            }
        };
        self.watch.working();
        match self.leased(session, writer, planner, signals, console).await {
            Ok(done) => {
                over(&done.summary);
                Ok(done.outcome)
            }
            Err(failure) => {
                over("failed");
                ended_meanwhile(failure, signals)
            }
        }
    }

    /// Everything from the lease on; whatever happens, the run's line is ended and the lease given back.
    async fn leased(
        &self,
        session: &Session,
        writer: Writer<'_>,
        planner: &impl Planner,
        signals: &Signals,
        console: &mut Console<'_>,
    ) -> Result<Done, Failure> {
        let mut done = Finish::default();
        let result = self.plan_and_apply(session, &writer, planner, signals, console, &mut done).await;
        let status = match &result {
            Ok(_) | Err(Failure::Odoo(OdooError::LeaseLost)) => None,
            Err(failure @ Failure::Interrupted(_)) => Some(("interrupted", failure)),
            Err(failure @ Failure::Busy(_)) => Some(("paused", failure)),
            Err(failure) => Some(("failed", failure)),
        };
        // All patience was spent on a server that is away, and after a signal there is none.
        let away = matches!(&result, Err(Failure::Odoo(error)) if error.kind() == ErrorKind::Unreachable);
        let limit = if away || signals.seen().is_some() { ENDING } else { Duration::MAX };
        let ending = async {
            if let Some((status, failure)) = status {
                let before =
                    if done.summary.is_empty() { String::new() } else { format!("; before: {}", done.summary) };
                let summary = format!("{failure}{before}");
                if let Err(e) = writer.end_run(&Finish { status: status.to_owned(), summary, ..done }).await {
                    log::debug!("the run's line was not ended: {e}");
                }
            }
            writer.release().await.map_err(|e| e.to_string())
        };
        let released = timeout(limit, ending).await.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        if let Err(e) = released {
            log::warn!("the lease was not given back and ends by itself: {e}");
        }
        result
    }

    /// `done` tells what a run that fails later has done.
    async fn plan_and_apply(
        &self,
        session: &Session,
        writer: &Writer<'_>,
        planner: &impl Planner,
        signals: &Signals,
        console: &mut Console<'_>,
        done: &mut Finish,
    ) -> Result<Done, Failure> {
        let planning = self.plan(session, Some(writer.token()), planner, signals);
        let mut plan = tokio::select! {
            plan = planning => plan?,
            failure = held(writer) => return Err(failure),
        };
        let shown = self.format;
        if shown != Format::Json && !console.quiet {
            told(self.show_plan(&plan, console));
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
                told(render::json(&plan, None, console.out));
            }
            self.watch.page(&plan, None);
            for refusal in plan.refusals.iter().filter(|_| console.quiet) {
                log::error!("{}: {}", refusal.guard, refusal.message);
            }
            let outcome = Outcome { refused: true, ..Outcome::default() };
            return Ok(Done { outcome, summary: format!("refused by a guard: {}", summary.trim_end_matches('.')) });
        }
        // A run that slept may have lost the lease. Whoever had it meanwhile may have made another catalogue of the one that
        // was planned for.
        if let Some(pause) = writer.renew().await? {
            return Err(paused(&pause));
        }
        let kept = (shown == Format::Json || self.watch.wants_page()).then(|| plan.clone());
        if self.narrow {
            plan.scope = Some(plan.external_ids().into_iter().cloned().collect());
        }
        let options = Options {
            batch: self.settings.odoo.batch_size,
            connections: self.settings.odoo.connections,
            digits: session.digits,
            default_code: self.source.create.set_default_code,
            about: self.about,
        };
        self.watch.phase(Phase::Apply);
        let progress = |done, total| {
            log::debug!("{done} of {total} done");
            self.watch.progress(done, total);
        };
        let result = apply::apply(plan, writer, options, || signals.seen(), progress).await;
        self.watch.idle();
        let (report, error) = match result {
            Ok(report) => (report, None),
            Err(broken) => (broken.report, Some(broken.error)),
        };
        self.watch.applied(&report, error.is_none());
        if let Some(plan) = &kept {
            self.watch.page(plan, Some(&report));
        }
        told(self.show_report(kept.as_ref(), &report, console));
        if console.quiet {
            complain_of_refusals(&report);
        }
        let summary = render::summary_line(&report);
        if let Some(error) = error {
            *done = apply::finish_line(&report);
            log::error!("run {} {summary}", report.run);
            return Err(match error {
                OdooError::Paused(pause) => paused(&pause),
                other => other.into(),
            });
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
        Ok(Done { outcome, summary })
    }

    fn holder(&self) -> Holder {
        let token = uuid::Uuid::new_v4();
        Holder {
            key: key(self.name.as_str(), &token),
            token: token.to_string(),
            name: this_process(),
            command: self.command.to_owned(),
            seconds: self.settings.sync.lease.as_secs(),
        }
    }

    fn show_plan(&self, plan: &Plan, console: &mut Console<'_>) -> io::Result<()> {
        if console.quiet {
            return Ok(());
        }
        let all = self.show_all || console.verbose;
        let options = render::Options { verbose: console.verbose, max_items: (!all).then_some(SHOWN) };
        show_plan(plan, self.format, options, console)
    }

    fn show_report(&self, plan: Option<&Plan>, report: &Report, console: &mut Console<'_>) -> io::Result<()> {
        if console.quiet {
            return Ok(());
        }
        match (self.format, plan) {
            (Format::Json, Some(plan)) => render::json(plan, Some(report), console.out),
            (Format::Lines, _) => render::report_lines(self.name, report, console.out),
            (Format::Text | Format::Json, _) => render::report_text(report, console.style, console.out),
        }
    }
}

/// A run's id in text, made of when it began and what it is about.
pub(super) fn key(about: &str, token: &uuid::Uuid) -> String {
    format!("{}-{about}-{}", Utc::now().format("%Y%m%dT%H%M%SZ"), &token.simple().to_string()[..6])
}

/// Machine and process, for people.
pub(super) fn this_process() -> String {
    format!("{}, process {}", machine(), std::process::id())
}

/// This machine's name.
#[cfg(unix)]
pub(super) fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
pub(super) fn machine() -> String {
    "a machine without a name".to_owned()
}

/// Prints a plan.
///
/// # Errors
/// When it could not be written.
pub(super) fn show_plan(
    plan: &Plan,
    format: Format,
    options: render::Options,
    console: &mut Console<'_>,
) -> io::Result<()> {
    match format {
        Format::Text => render::plan_text(plan, console.style, options, console.out),
        Format::Lines => render::plan_lines(plan, options, console.out),
        Format::Json => render::json(plan, None, console.out),
    }
}

/// What Odoo refused needs somebody: whoever hears of errors alone, as cron's mail does, hears of it.
fn complain_of_refusals(report: &Report) {
    for refused in report.refused.iter().take(COMPLAINTS) {
        log::error!("Odoo refused {} {}: {}", refused.external_id, refused.label, refused.message);
    }
    if let Some(more @ 1..) = report.refused.len().checked_sub(COMPLAINTS) {
        log::error!("Odoo refused {more} more");
    }
}

/// A run that failed after it was asked to end: the status tells of that, as nobody asks why a stopped run did not finish.
fn ended_meanwhile(failure: Failure, signals: &Signals) -> Result<Outcome, Failure> {
    match signals.seen() {
        Some(why) if !matches!(failure, Failure::Interrupted(_)) => {
            log::error!("{failure}");
            Ok(Outcome { interrupted: Some(why), failures: vec![failure], ..Outcome::default() })
        }
        _ => Err(failure),
    }
}

fn paused(pause: &Pause) -> Failure {
    Failure::Busy(pause.to_string())
}

/// Holds the lease for as long as something else takes, and tells why it cannot be held any longer.
async fn held(writer: &Writer<'_>) -> Failure {
    loop {
        sleep(writer.lasts() / 3).await;
        match writer.renew().await {
            Ok(None) => {}
            Ok(Some(pause)) => return paused(&pause),
            Err(error @ OdooError::LeaseLost) => return error.into(),
            // What goes on meanwhile needs Odoo as well, and tells.
            Err(error) => log::debug!("the lease was not renewed: {error}"),
        }
    }
}

/// Computes beside everything else that is under way, the lease's renewal above all.
///
/// # Panics
/// With the panic of what is computed.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Takes the lease, or says who has it.
async fn lease<'s>(session: &'s Session, source: &SourceName, holder: &Holder) -> Result<Writer<'s>, Failure> {
    match Writer::take(session, source, holder.clone()).await? {
        Lease::Taken(writer) => Ok(writer),
        Lease::Busy { holder, until } => Err(Failure::Busy(format!(
            "another run holds the lease: {holder}, until {until} UTC at the latest; try later, or see `erpsync unlock` if it died"
        ))),
        Lease::Paused(pause) => Err(paused(&pause)),
    }
}

/// Runs a command for every configured source in turn, in the order in which they own things; a source that fails does not keep the others from their turn.
///
/// # Errors
/// The failure of a single source; with several, failures stand in the [`Outcome`].
pub(super) async fn each_source(
    settings: &Settings,
    watch: &Watch,
    mut work: impl AsyncFnMut(&SourceName, &SourceSettings) -> Result<Outcome, Failure>,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    // Whoever owns what they share comes first, so that nothing is written twice.
    let mut turns: Vec<_> = settings.sources.iter().collect();
    turns.sort_by_key(|(name, _)| settings.order.position(name));
    for (name, source) in turns {
        watch.turn(name.as_str());
        let result = work(name, source).await;
        if settings.sources.len() > 1 {
            watch.turn_over(name.as_str(), &result);
        }
        match result {
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
