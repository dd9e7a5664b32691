//! `erpsync setup`: installs what a run needs in Odoo, or takes it out again.

use std::fs::File;
use std::io;
use std::time::Duration;

use secrecy::SecretString;

use crate::config::{Environment, Overrides};
use crate::odoo::setup::{self, Busy, SetupLease, Wishes};
use crate::odoo::{Odoo, OdooError};

use super::connect::{self, Account};
use super::run::machine;
use super::{Console, Failure, Outcome, Signals, lock, printed, told};

/// The administrator's password, for `--admin-login`.
const ADMIN_PASSWORD: &str = "ERPSYNC_ODOO_ADMIN_PASSWORD";
/// The administrator's API key, for `--admin-login`.
const ADMIN_API_KEY: &str = "ERPSYNC_ODOO_ADMIN_API_KEY";

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Show, do nothing.
    pub dry_run: bool,
    /// Take everything out.
    pub remove: bool,
    /// But links, history and runs.
    pub keep_history: bool,
    /// Let these accounts into the sync group.
    pub grant: Vec<String>,
    /// The administrator to do it as.
    pub admin_login: Option<String>,
}

/// Runs it.
///
/// # Errors
/// See [`Failure`].
pub async fn run(
    overrides: &Overrides,
    request: &Request,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let settings = super::settings(overrides, env)?;
    // Two setups at once trip over each other while Odoo rebuilds its models.
    let lock = if request.dry_run { None } else { lock::take(&settings, env)? };
    let configured = settings.odoo.login.clone();
    let account = match &request.admin_login {
        None => connect::configured_account(&settings.odoo, env)?,
        Some(login) => administrator(login, env)?,
    };
    let mut grant = request.grant.clone();
    if grant.is_empty() && request.admin_login.is_some() && configured != request.admin_login {
        grant.extend(configured);
    }
    let odoo = Odoo::connect(&connect::odoo(&settings.odoo, account, signals.hurry())).await?;
    let lease = async || lease(&odoo, lock.as_ref(), settings.sync.lease).await;
    if request.remove {
        remove(&odoo, request, lease, console).await
    } else {
        install(&odoo, request, grant, lease, console).await
    }
}

/// Takes the lease: a run that is at work would find other procedures from one call to the next.
async fn lease(odoo: &Odoo, lock: Option<&File>, lasts: Duration) -> Result<SetupLease, Failure> {
    let token = uuid::Uuid::new_v4().to_string();
    // Machines may share a name, and accounts of one machine may have locks of their own.
    let lock = lock.and_then(lock::identity).unwrap_or_else(|| format!("none, {token}"));
    let machine = format!("{} (lock {lock})", machine());
    SetupLease::take(odoo, token, (&machine, std::process::id()), lasts).await?.map_err(|Busy { holder, until }| {
        Failure::Busy(format!(
            "the lease is held by {holder}, until {until} UTC at the latest; run setup when that has ended, or, if it died, at that time"
        ))
    })
}

fn administrator(login: &str, env: &dyn Environment) -> Result<Account, Failure> {
    let secret = |name: &str| env.filled(name).and_then(|v| v.into_string().ok());
    let (password, api_key) = (secret(ADMIN_PASSWORD), secret(ADMIN_API_KEY));
    if api_key.as_ref().is_some_and(|key| !key.bytes().all(|b| b.is_ascii_graphic())) {
        return Err(Failure::Usage(format!(
            "${ADMIN_API_KEY} has characters that no API key has; copy it again, alone"
        )));
    }
    if password.is_none() && api_key.is_none() {
        return Err(Failure::Usage(format!(
            "--admin-login {login:?} needs its password in ${ADMIN_PASSWORD} (or its API key in ${ADMIN_API_KEY})"
        )));
    }
    Ok(Account {
        login: login.to_owned(),
        password: password.map(SecretString::from),
        api_key: api_key.map(SecretString::from),
    })
}

async fn install(
    odoo: &Odoo,
    request: &Request,
    grant: Vec<String>,
    lease: impl AsyncFnOnce() -> Result<SetupLease, Failure>,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let wishes = Wishes { grant };
    let survey = setup::survey(odoo, &wishes).await?;
    let mut shown: Vec<String> = survey.steps.iter().map(ToString::to_string).collect();
    let steps = shown.len();
    if steps == 0 {
        printed(say(
            console,
            &shown,
            &format!("Nothing to do: Odoo {} is set up for this erpsync.", odoo.version_text),
        ))?;
        return Ok(Outcome::default());
    }
    if request.dry_run {
        printed(say(console, &shown, &format!("Setup would take {steps} steps.")))?;
        return Ok(Outcome { would_change: true, ..Outcome::default() });
    }
    let mut done = 0;
    let mut lease = if survey.touches_runs() { Some(lease().await?) } else { None };
    let installed = async {
        // Another setup may have ended between the look and the lease.
        let survey = match &lease {
            Some(lease) => lease.survey(odoo, &wishes).await?,
            None => survey,
        };
        shown = survey.steps.iter().map(ToString::to_string).collect();
        let step = |what: &str| {
            log::info!("done: {what}");
            done += 1;
        };
        setup::install(odoo, survey, lease.as_mut(), step).await
    };
    let installed = installed.await;
    if let Some(lease) = lease {
        lease.release(odoo).await;
    }
    if let Err(error) = installed {
        return Err(explained(odoo, &wishes, error, shown.get(done)).await);
    }
    // Two setups at once, or a person, may have undone what was just done.
    let left = setup::survey(odoo, &wishes).await?;
    if let Some(step) = left.steps.first() {
        return Err(Failure::Busy(format!(
            "somebody else changed Odoo while setup was at work ({step} is left to do); run `erpsync setup` again"
        )));
    }
    told(say(console, &shown, &format!("Setup took {} steps.", shown.len())));
    Ok(Outcome::default())
}

/// A step that failed because another setup took it meanwhile is no failure of Odoo's.
async fn explained(odoo: &Odoo, wishes: &Wishes, error: OdooError, step: Option<&String>) -> Failure {
    let (OdooError::Fault { .. }, Some(step)) = (&error, step) else { return error.into() };
    match setup::survey(odoo, wishes).await {
        Ok(left) if !left.steps.iter().any(|s| s.to_string() == *step) => Failure::Busy(format!(
            "another setup is at work on this Odoo and was faster ({step}); when it has ended run `erpsync setup` again"
        )),
        _ => error.into(),
    }
}

async fn remove(
    odoo: &Odoo,
    request: &Request,
    lease: impl AsyncFnOnce() -> Result<SetupLease, Failure>,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let removal = setup::survey_removal(odoo, request.keep_history).await?;
    let shown: Vec<String> = removal.what.iter().map(|what| format!("- {what}")).collect();
    if removal.is_empty() {
        let left = if request.keep_history { "nothing of erpsync's but history" } else { "nothing of erpsync's" };
        printed(say(console, &[], &format!("Nothing to do: Odoo has {left}.")))?;
        return Ok(Outcome::default());
    }
    if request.dry_run {
        printed(say(console, &shown, "All of this would be taken out of Odoo."))?;
        return Ok(Outcome { would_change: true, ..Outcome::default() });
    }
    let mut lease = lease().await?;
    let removed = setup::remove(odoo, removal, &mut lease).await;
    lease.release(odoo).await;
    removed?;
    told(say(console, &shown, "All of this was taken out of Odoo."));
    Ok(Outcome::default())
}

fn say(console: &mut Console<'_>, lines: &[String], last: &str) -> io::Result<()> {
    if console.quiet {
        return Ok(());
    }
    for line in lines.iter().map(String::as_str).chain([last]) {
        writeln!(console.out, "{}", crate::render::plain(line))?;
    }
    Ok(())
}
