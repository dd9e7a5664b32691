//! The lease that keeps runs of different machines apart: what comes of asking for it, who holds it, and taking it from a
//! run that died. It is taken and held through [`Writer`].

use std::fmt;

use serde_json::{Value, json};

use super::error::OdooError;
use super::procedure::Procedure;
use super::session::Session;
use super::writer::Writer;

/// What happened when the lease was asked for.
#[derive(Debug)]
pub enum Lease<'a> {
    /// It is ours.
    Taken(Writer<'a>),
    /// Another run holds it.
    Busy {
        /// Who.
        holder: String,
        /// Until when at the latest, UTC.
        until: String,
    },
    /// The pause switch is on.
    Paused(Pause),
}

/// The pause switch is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Who switched.
    pub by: String,
    /// When, UTC.
    pub since: String,
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, since } = self;
        write!(f, "synchronisation is paused in Odoo by {by} since {since} UTC (menu Pause)")
    }
}

impl Pause {
    /// As a procedure tells it.
    pub(super) fn of(answer: &Value) -> Option<Self> {
        let pause = answer.get("paused").filter(|pause| !pause.is_null())?;
        let text = |key: &str| pause[key].as_str().unwrap_or_default().to_owned();
        Some(Self { by: text("by"), since: text("since") })
    }
}

/// The lease as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseState {
    /// Who holds it; `None` when nobody does.
    pub held: Option<Held>,
    /// Whether the pause switch is on.
    pub paused: Option<Pause>,
}

/// A lease that somebody holds, or held when they died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Machine and process.
    pub holder: String,
    /// When it ends unless it is renewed, in seconds since 1970 by the database's clock.
    pub until: i64,
    /// In how many seconds that is; negative when it has ended, and the next run takes it.
    pub left: i64,
    /// The run, as far as it is known.
    pub run: Option<HeldBy>,
    token: String,
}

/// The run that holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBy {
    /// Its key.
    pub key: String,
    /// Its source.
    pub source: String,
    /// Its command.
    pub command: String,
    /// When it began, in seconds since 1970 by Odoo's clock.
    pub started: i64,
}

/// Who holds the lease. Changes nothing.
///
/// # Errors
/// When the call fails.
pub async fn show(session: &Session) -> Result<LeaseState, OdooError> {
    Ok(state(&session.ask(Procedure::Lease, json!({"what": "show"})).await?))
}

/// What the procedure answers to "show".
pub(super) fn state(answer: &Value) -> LeaseState {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let held = answer.get("held").filter(|held| held.is_object()).map(|held| Held {
        holder: text(&held["holder"]),
        until: number(&held["until"]),
        left: number(&held["left"]),
        run: Some(&held["run"]).filter(|run| run.is_object()).map(|run| HeldBy {
            key: text(&run["key"]),
            source: text(&run["source"]),
            command: text(&run["command"]),
            started: number(&run["started"]),
        }),
        token: text(&held["token"]),
    });
    LeaseState { held, paused: Pause::of(answer) }
}

/// Takes the lease away from the run that was shown. It writes nothing more, should it live. Says whether it still had
/// it.
///
/// # Errors
/// When the call fails.
pub async fn free(session: &Session, held: &Held) -> Result<bool, OdooError> {
    let key = held.run.as_ref().map(|run| run.key.as_str());
    let answer = session.ask(Procedure::Lease, json!({"what": "free", "token": held.token, "key": key})).await?;
    Ok(answer["freed"] == true)
}

/// Gives the lease back, if it has this token.
///
/// # Errors
/// When the call fails; the lease then ends by itself.
pub async fn release(session: &Session, token: &str) -> Result<(), OdooError> {
    session.ask(Procedure::Lease, json!({"what": "release", "token": token})).await.map(drop)
}
