//! `erpsync revert --run KEY`: undoes a run's prices, names and barcodes, where nobody has changed them since.

use std::collections::BTreeSet;

use crate::catalog::{Change, ChangedField, ExternalId};
use crate::config::{Environment, Overrides};
use crate::odoo::history::{Question, Reader};
use crate::odoo::runs::RunLine;
use crate::odoo::{Session, snapshot};
use crate::plan::{self, Plan, Policy, Scope};

use super::run::{Planner, Run};
use super::show_history::the_run;
use super::{Console, Failure, Format, Outcome, Signals, lock};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The run's key, or how it begins or ends.
    pub run: String,
    /// Show, do nothing.
    pub dry_run: bool,
    /// Only these products.
    pub only: Option<BTreeSet<ExternalId>>,
    /// How to print.
    pub format: Format,
}

/// Runs it.
///
/// # Errors
/// See [`Failure`]; [`Failure::NotFound`] when Odoo has no such run.
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
    // Which source it was is known only once the run is found; any will do to get there.
    let Some((name, source)) = settings.sources.iter().next() else {
        return Err(Failure::Usage("no source is configured".to_owned()));
    };
    let any = Run {
        name,
        source,
        settings: &settings,
        command: "revert",
        format: request.format,
        show_all: true,
        // What waits is the imports' business.
        about: Some(&[]),
        narrow: false,
        watch: &watch,
    };
    let session = any.open(env, signals).await?;
    let line = signals.unless_interrupted(the_run(&session.odoo, &request.run)).await?;
    watch.turn(&line.record.source);
    let Some((name, source)) = settings.sources.iter().find(|(name, _)| name.as_str() == line.record.source) else {
        return Err(Failure::Usage(format!(
            "run {} was of source {:?}, which is not configured",
            line.record.key, line.record.source
        )));
    };
    let run = Run { name, source, ..any };
    let planner = Revert { run: &line, request, source: name };
    if request.dry_run {
        return run.look(&session, &planner, signals, console).await;
    }
    run.carry_out(&session, &planner, signals, console).await
}

struct Revert<'a> {
    run: &'a RunLine,
    request: &'a Request,
    source: &'a crate::catalog::SourceName,
}

impl Revert<'_> {
    async fn changes(&self, session: &Session) -> Result<Vec<Change>, Failure> {
        let question = Question {
            fields: ChangedField::ALL.to_vec(),
            sources: vec![self.source.clone()],
            run: Some(self.run.id),
            ..Question::default()
        };
        let mut reader = Reader::new(&session.odoo, &question);
        let mut changes = Vec::new();
        loop {
            let part = reader.next().await?;
            if part.is_empty() {
                return Ok(changes);
            }
            changes.extend(part);
        }
    }
}

impl Planner for Revert<'_> {
    async fn plan(&self, session: &Session, _token: Option<&str>, signals: &Signals) -> Result<Plan, Failure> {
        let changes = signals.unless_interrupted(self.changes(session)).await?;
        let touched: BTreeSet<ExternalId> =
            changes.iter().filter_map(|c| ExternalId::parse(&c.external_id).ok()).collect();
        let scope = match &self.request.only {
            None => Scope::All,
            Some(only) => {
                let unknown: Vec<String> = only.difference(&touched).map(ToString::to_string).collect();
                if !unknown.is_empty() {
                    return Err(Failure::Usage(format!(
                        "--only: run {} changed nothing of {}",
                        self.run.record.key,
                        unknown.join(", ")
                    )));
                }
                Scope::Only(only.clone())
            }
        };
        let wanted = snapshot::Wanted { only: Some(touched.into_iter().collect()), ..snapshot::Wanted::default() };
        let links = signals.unless_interrupted(snapshot::read_links(session, self.source, &wanted)).await?;
        let codes: Vec<String> = plan::codes_to_restore(&changes).into_iter().collect();
        let answers = snapshot::look_up(session, self.source, &[], &[], &codes, snapshot::Doubled::All);
        let answers = signals.unless_interrupted(answers).await?;
        let odoo = snapshot::state(session, links, answers);
        let policy = Policy { precedence: session.order.precedence(self.source), ..Policy::default() };
        Ok(plan::plan_revert(self.source, &self.run.record.key, &changes, &odoo, &policy, &scope))
    }
}
