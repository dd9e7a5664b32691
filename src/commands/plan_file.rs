//! `erpsync apply` and `erpsync show`: a plan that was kept by `import-products --dry-run --out`.
//!
//! Applying reads nothing of the source: what was looked at is what is done, or nothing. A plan of another database or of
//! a catalogue that has changed since is refused before anything is written.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::Utc;

use crate::catalog::{ExternalId, OdooState};
use crate::config::{Environment, Overrides, SourceSettings, guarded, io_words};
use crate::odoo::{Session, snapshot};
use crate::plan::Plan;
use crate::plan::kept::{KeptPlan, Origin};
use crate::render;

use super::run::{Planner, Run, show_plan};
use super::{Console, Failure, Format, Outcome, Signals, lock, printed, whole_file};

/// The flag that names the file of a plan.
pub(super) const OUT: &str = "--out";

/// Products that a refusal names.
const NAMED: usize = 5;

/// Bytes that a plan may have: some million products.
const LARGEST: u64 = 4 << 30;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The file.
    pub file: PathBuf,
    /// How to print.
    pub format: Format,
    /// The oldest plan that may be applied, in hours.
    pub max_age: Option<u32>,
}

/// Reads a plan. Nothing but a file: a pipe would make a run wait for whoever writes it, a device might never end.
fn read(path: &Path) -> Result<KeptPlan, Failure> {
    let failed = |what: &dyn Display| Failure::File(format!("plan {}: {what}", path.display()));
    let unread = |e: io::Error| failed(&format!("{}; give the file that --out wrote", io_words(&e)));
    let about = fs::metadata(path).map_err(unread)?;
    if !about.is_file() {
        return Err(failed(&"it is no file; give the file that --out wrote"));
    }
    if about.len() > LARGEST {
        return Err(failed(&format!(
            "it has {} bytes, more than any plan; give the file that --out wrote",
            about.len()
        )));
    }
    let bytes = fs::read(path).map_err(unread)?;
    let text = String::from_utf8(bytes).map_err(|_| failed(&"it is no text; give the file that --out wrote"))?;
    KeptPlan::parse(&text).map_err(|e| failed(&e))
}

/// What new products get besides what the source says.
pub(super) fn constants(session: &Session, source: &SourceSettings) -> serde_json::Value {
    serde_json::json!({"values": session.constants, "set_default_code": source.create.set_default_code})
}

/// Keeps a plan in a file.
///
/// # Errors
/// When it cannot be written.
pub(super) fn keep(
    path: &Path,
    session: &Session,
    plan: &Plan,
    odoo: &OdooState,
    create: serde_json::Value,
    extras: bool,
) -> Result<(), Failure> {
    let now = Utc::now();
    let origin = Origin {
        made: now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        made_at: now.timestamp(),
        database: session.uuid.clone(),
        company: session.company,
        digits: session.digits,
        extras,
        create,
        owners: session.order.precedence(&plan.source),
    };
    let target = whole_file::destination(OUT, path)?;
    let text = KeptPlan::new(origin, plan.clone(), odoo).text();
    whole_file::replace(&target, text.as_bytes(), whole_file::PRIVATE)
        .map_err(|e| Failure::Io(io::Error::new(e.kind(), format!("plan {} was not kept: {e}", path.display()))))
}

/// Prints a kept plan.
///
/// # Errors
/// When the file cannot be used.
pub fn show(request: &Request, console: &mut Console<'_>) -> Result<Outcome, Failure> {
    let kept = read(&request.file)?;
    console.watch.page(&kept.plan, None);
    if !console.quiet {
        printed(print(&kept, request.format, console))?;
    }
    Ok(Outcome {
        refused: !kept.plan.refusals.is_empty(),
        would_change: !kept.plan.is_empty(),
        open: kept.plan.waiting().next().is_some() || !kept.plan.bad_rows.is_empty(),
        ..Outcome::default()
    })
}

fn print(kept: &KeptPlan, format: Format, console: &mut Console<'_>) -> io::Result<()> {
    if format == Format::Text {
        let Origin { made, database, .. } = &kept.origin;
        let head = format!("Plan of source {}, made {made}, for database {database}.", kept.plan.source);
        writeln!(console.out, "{}\n", render::plain(&head))?;
    }
    show_plan(&kept.plan, format, render::Options { verbose: console.verbose, max_items: None }, console)
}

/// Applies a kept plan.
///
/// # Errors
/// [`Failure::File`] when the file cannot be used, [`Failure::Config`] or [`Failure::Odoo`] when it is another
/// database's, [`Failure::Refused`] when it is stale.
pub async fn apply(
    overrides: &Overrides,
    request: &Request,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let kept = read(&request.file)?;
    let name = kept.plan.source.clone();
    let overrides = Overrides { sources: vec![name.to_string()], ..overrides.clone() };
    let settings = super::settings(&overrides, env)?;
    let watch = console.watch.clone();
    watch.configured(&settings.report, env);
    watch.turn(name.as_str());
    let Some(source) = settings.sources.get(&name) else {
        return Err(Failure::Usage(format!("the plan is of source {name}, which is not configured")));
    };
    if let Some(refusal) = kept.plan.refusals.first() {
        return Err(Failure::Refused(format!(
            "the plan was refused when it was made ({}: {}); make it anew with the flag that lets it through",
            refusal.guard, refusal.message
        )));
    }
    let hours = Utc::now().timestamp().saturating_sub(kept.origin.made_at) / 3600;
    if let Some(limit) = request.max_age.filter(|limit| hours >= i64::from(*limit)) {
        return Err(Failure::Refused(format!(
            "the plan was made {} and is older than {limit} hours; make it anew, or raise --max-age",
            kept.origin.made
        )));
    }
    if let Some(why) = guarded::writable_by_others(&request.file) {
        log::warn!("plan {} decides what is written into Odoo, and {why}", request.file.display());
    }
    let _lock = lock::take(&settings, env)?;
    let run = Run {
        name: &name,
        source,
        settings: &settings,
        command: "apply",
        format: request.format,
        show_all: true,
        about: None,
        narrow: true,
        watch: &watch,
    };
    let session = run.open(env, signals).await?;
    let planner = Kept { kept: &kept, create: constants(&session, source) };
    run.carry_out(&session, &planner, signals, console).await
}

struct Kept<'a> {
    kept: &'a KeptPlan,
    create: serde_json::Value,
}

impl Planner for Kept<'_> {
    /// The plan as it was kept, once it is known to fit what Odoo has now; asked for under the lease.
    async fn plan(&self, session: &Session, _token: Option<&str>, signals: &Signals) -> Result<Plan, Failure> {
        let KeptPlan { origin, plan, .. } = self.kept;
        if origin.database != session.uuid {
            return Err(Failure::OtherDatabase(format!(
                "the plan was made for database {}, and this one is {}; make it anew here",
                origin.database, session.uuid
            )));
        }
        let differs = [
            (origin.company != session.company, "the company"),
            (origin.digits != session.digits, "the decimals of prices"),
            (plan.languages != session.languages, "the languages of names"),
            (origin.owners != session.order.precedence(&plan.source), "which source owns which field"),
            (!plan.creations.is_empty() && origin.create != self.create, "what new products get ([sources.X.create])"),
        ];
        if let Some((_, what)) = differs.into_iter().find(|(differs, _)| *differs) {
            return Err(Failure::Refused(format!("{what} changed since the plan was made; make it anew")));
        }
        let ids: Vec<ExternalId> = plan.external_ids().into_iter().cloned().collect();
        let wanted = snapshot::Wanted { prices_only: false, extras: origin.extras, only: Some(ids) };
        let now = signals.unless_interrupted(snapshot::read_links(session, &plan.source, &wanted)).await?;
        let changed = self.kept.changed(&now.links, &now.decisions);
        if changed.is_empty() {
            return Ok(plan.clone());
        }
        if self.kept.is_done(&now.links) {
            return Err(Failure::Refused(
                "the plan was carried out already: Odoo has all that it says; make a new one for what comes next"
                    .to_owned(),
            ));
        }
        let named: Vec<String> = changed.iter().take(NAMED).map(ToString::to_string).collect();
        let more = if changed.len() > NAMED { format!(" and {} more", changed.len() - NAMED) } else { String::new() };
        Err(Failure::Refused(format!(
            "the plan is stale: in Odoo {}{more} changed since it was made; make it anew",
            named.join(", ")
        )))
    }
}
