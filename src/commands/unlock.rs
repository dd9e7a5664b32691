//! `erpsync unlock`: who holds the lease in Odoo, and freeing it when its holder died.
//!
//! Freeing it is safe even when the holder lives: each writing call checks the lease first, in the same transaction.

use chrono::{DateTime, Local, SecondsFormat};
use serde_json::json;

use crate::config::{Environment, Overrides};
use crate::odoo::lease::{self, Held, LeaseState};
use crate::odoo::setup::HOLDER as SETUP;
use crate::odoo::{Odoo, Session};
use crate::render::plain;

use super::{Console, Failure, Outcome, Signals, connect, printed};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// Free it.
    pub force: bool,
    /// How to print.
    pub format: Format,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One document.
    Json,
}

/// Runs it.
///
/// # Errors
/// See [`Failure`]; [`Failure::Busy`] when a run holds the lease and is left to it.
pub async fn run(
    overrides: &Overrides,
    request: &Request,
    env: &dyn Environment,
    signals: &Signals,
    console: &mut Console<'_>,
) -> Result<Outcome, Failure> {
    let settings = super::settings(overrides, env)?;
    let options = connect::odoo(&settings.odoo, connect::configured_account(&settings.odoo, env)?, signals.hurry());
    let (session, state) = signals
        .unless_interrupted(async {
            let odoo = Odoo::connect(&options).await?;
            let session = Session::open(odoo, &connect::reading_session(&settings)).await?;
            let state = lease::show(&session).await?;
            Ok::<_, Failure>((session, state))
        })
        .await?;
    let freed = match &state.held {
        Some(held) if request.force => Some(lease::free(&session, held).await?),
        _ => None,
    };
    if !console.quiet {
        printed(match request.format {
            Format::Text => console.out.write_all(text(&state, freed).as_bytes()),
            Format::Json => console.out.write_all(document(&state, freed).as_bytes()),
        })?;
    }
    match &state.held {
        Some(held) if held.left >= 0 && freed.is_none() => Err(Failure::Busy(
            "the lease is held; if its holder is known to be dead, `erpsync unlock --force` frees it".to_owned(),
        )),
        _ => Ok(Outcome::default()),
    }
}

fn text(state: &LeaseState, freed: Option<bool>) -> String {
    let mut out = match &state.held {
        None => "Nobody holds the lease.\n".to_owned(),
        Some(held) => held_text(held),
    };
    match freed {
        Some(true) if state.held.as_ref().is_some_and(|held| held.holder.starts_with(SETUP)) => {
            out += "It is free now; a setup that is at work all the same ends when it would renew it.\n";
        }
        Some(true) => out += "It is free now; that run writes nothing more.\n",
        Some(false) => out += "It was given back meanwhile; nothing was freed.\n",
        None => {}
    }
    if let Some(pause) = &state.paused {
        out += &format!("Synchronisation is paused by {} since {} UTC.\n", plain(&pause.by), plain(&pause.since));
    }
    out
}

fn held_text(held: &Held) -> String {
    let setup = held.holder.strip_prefix(SETUP);
    let run = held.run.as_ref().map_or_else(
        || "A run that reported its end".to_owned(),
        |run| {
            let (key, command, source) = (plain(&run.key), plain(&run.command), plain(&run.source));
            format!("Run {key} ({command}, source {source}), begun {}", local(run.started))
        },
    );
    let end = if held.left < 0 {
        format!("ended {} ago and goes to the next run", span(held.left.unsigned_abs()))
    } else {
        format!("ends {}, in {}, unless it is renewed", local(held.until), span(held.left.unsigned_abs()))
    };
    match setup {
        // It has no line among the runs.
        Some(place) => format!("`erpsync setup` holds the lease on {}. It {end}.\n", plain(place)),
        None => format!("{run}, holds the lease on {}. It {end}.\n", plain(&held.holder)),
    }
}

fn document(state: &LeaseState, freed: Option<bool>) -> String {
    let moment =
        |seconds: i64| DateTime::from_timestamp(seconds, 0).map(|m| m.to_rfc3339_opts(SecondsFormat::Secs, true));
    let held = state.held.as_ref().map(|held| {
        let run = held.run.as_ref().map(
            |run| json!({"key": run.key, "source": run.source, "command": run.command, "started": moment(run.started)}),
        );
        json!({"holder": held.holder, "until": moment(held.until), "seconds_left": held.left, "run": run})
    });
    let paused = state.paused.as_ref().map(|pause| json!({"by": pause.by, "since": pause.since}));
    format!("{:#}\n", json!({"held": held, "freed": freed.unwrap_or(false), "paused": paused}))
}

fn local(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
        .map_or_else(String::new, |moment| moment.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S %:z").to_string())
}

fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}
