//! `erpsync doctor`: looks at everything that a run depends on – this machine, the sources, Odoo – and says what it finds
//! and what to do about it. Reads, writes nothing, takes neither lock nor lease.

mod machine;

use futures_util::future::{join, join_all};

use crate::catalog::{Area, Check, CheckState, Diagnosis, SourceName};
use crate::config::{self, Environment, Overrides, Settings, SourceSettings};
use crate::mssql;
use crate::odoo;
use crate::odoo::doctor::Expectations;
use crate::plan::MissingPolicy;
use crate::render;

use super::{Console, Failure, Outcome, Signals, connect, printed};

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One document.
    Json,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// How to print.
    pub format: Format,
}

/// Runs it.
///
/// # Errors
/// [`Failure::Declined`] when a check failed; see [`Failure`].
pub async fn run(
    overrides: &Overrides,
    request: Request,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let diagnosis = match config::load(overrides, env) {
        Ok(settings) => {
            let looking = async { Ok::<_, Failure>(examine(&settings, env, signals).await) };
            signals.unless_interrupted(looking).await?
        }
        Err(error) => Diagnosis { areas: vec![machine::without_configuration(&error)] },
    };
    if !console.quiet {
        printed(match request.format {
            Format::Text => render::diagnosis_text(&diagnosis, console.style, console.out),
            Format::Json => render::diagnosis_json(&diagnosis, console.out),
        })?;
    }
    let failed: Vec<String> = diagnosis
        .areas
        .iter()
        .flat_map(|area| area.checks.iter().map(move |check| (area, check)))
        .filter(|(_, check)| check.state == CheckState::Failed)
        .map(|(area, check)| {
            let name = format!("{} of {}", check.name, area.title);
            // Whoever reads no checks is told here.
            let cure = check.cure.as_deref().unwrap_or_default();
            if console.quiet { format!("{name}: {}; {cure}", check.says) } else { name }
        })
        .collect();
    let between = if console.quiet { "\n" } else { ", " };
    match failed.len() {
        0 => Ok(Outcome::default()),
        1 => Err(Failure::Declined(format!("a check failed: {}", failed[0]))),
        several => Err(Failure::Declined(format!("{several} checks failed: {}", failed.join(between)))),
    }
}

async fn examine(settings: &Settings, env: &dyn Environment, signals: &Signals) -> Diagnosis {
    let sources = join_all(settings.sources.iter().map(|(name, source)| of_source(name, source, env)));
    let (sources, odoo) = join(sources, of_odoo(settings, env, signals)).await;
    let areas = [machine::examine(settings, env)].into_iter().chain(sources).chain([odoo]).collect();
    Diagnosis { areas }
}

async fn of_source(name: &SourceName, source: &SourceSettings, env: &dyn Environment) -> Area {
    let title = format!("Source {name}");
    let checks = match connect::source(name, source, env) {
        Ok(options) => {
            let mut checks = vec![Check::ok("password", source.password.whereabouts(env))];
            checks.extend(mssql::doctor::examine(&options).await);
            checks
        }
        Err(error) => vec![secret("password", &error), Check::skipped("connection", "not tried without a password")],
    };
    Area { title, checks }
}

async fn of_odoo(settings: &Settings, env: &dyn Environment, signals: &Signals) -> Area {
    let title = "Odoo".to_owned();
    let account = match connect::configured_account(&settings.odoo, env) {
        Ok(account) => account,
        Err(error) => {
            let checks =
                vec![secret("secret", &error), Check::skipped("connection", "not tried without a password or key")];
            return Area { title, checks };
        }
    };
    let used = if account.api_key.is_some() { &settings.odoo.api_key } else { &settings.odoo.password };
    let mut checks = vec![Check::ok("secret", used.whereabouts(env))];
    let mut options = connect::odoo(&settings.odoo, account, signals.hurry());
    // Whoever asks now wants to know how it is now.
    options.retry = odoo::Retry::never();
    let session = connect::reading_session(settings);
    let create = settings
        .sources
        .iter()
        .filter_map(|(name, source)| Some((name.to_string(), connect::session(settings, &source.create).create?)));
    let expected = Expectations {
        languages: session.languages,
        company: session.company,
        create: create.collect(),
        archives: settings.sync.missing == MissingPolicy::Archive,
    };
    checks.extend(odoo::doctor::examine(&options, &expected).await);
    Area { title, checks }
}

/// A secret that cannot be had: the message ends with what to do.
fn secret(name: &'static str, error: &Failure) -> Check {
    let text = error.to_string();
    let (problem, cure) = text.rsplit_once("; ").unwrap_or((&text, "correct the configuration"));
    Check::failed(name, problem, cure)
}
