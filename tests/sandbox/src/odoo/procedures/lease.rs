//! lease.py: one run at a time in a database, by the database's own clock.

use serde_json::{Map, Value, json};

use super::Ask;
use crate::odoo::clock;
use crate::odoo::env::Env;
use crate::odoo::error::OdooFault;
use crate::odoo::store::{Record, flag, integer, text};

pub(super) fn run(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    match ask.text("what")? {
        "take" => take(env, ask),
        "release" => {
            let token = ask.text("token")?;
            let mine: Vec<i64> = env
                .store
                .rows("x_pz_lane")
                .filter(|(_, r)| text(r, "x_token") == Some(token))
                .map(|(id, _)| id)
                .collect();
            for id in mine {
                env.store.set("x_pz_lane", id, lane(Value::Null, Value::Null, Value::Null))?;
            }
            Ok(json!({"released": true}))
        }
        _ => Ok(json!({})),
    }
}

fn lane(token: Value, holder: Value, expires: Value) -> Record {
    Map::from_iter([("x_token".to_owned(), token), ("x_holder".to_owned(), holder), ("x_expires".to_owned(), expires)])
}

fn take(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let token = ask.text("token")?;
    let setup = env.store.rows("x_pz_setup").next().map(|(_, r)| r);
    if let Some(setup) = setup.filter(|r| flag(r, "x_paused")) {
        let by = integer(setup, "write_uid").and_then(|u| env.store.row("res.users", u));
        let by = by.and_then(|u| text(u, "login")).unwrap_or_default();
        return Ok(json!({"paused": {"since": text(setup, "write_date"), "by": by}}));
    }
    let now = env.store.now.clone();
    let free = |r: &Record| {
        let holder = text(r, "x_token");
        holder.is_none_or(|t| t == token) || text(r, "x_expires").is_some_and(|until| until < now.as_str())
    };
    let lanes: Vec<i64> = env.store.rows("x_pz_lane").map(|(id, _)| id).collect();
    if lanes.is_empty() || !env.store.rows("x_pz_lane").all(|(_, r)| free(r)) {
        let held = env.store.rows("x_pz_lane").filter(|(_, r)| text(r, "x_token").is_some());
        let latest = held.map(|(_, r)| r).max_by_key(|r| text(r, "x_expires").unwrap_or_default().to_owned());
        let part = |name: &str| latest.and_then(|r| text(r, name)).unwrap_or_default();
        return Ok(json!({"busy": {"holder": part("x_holder"), "until": part("x_expires")}}));
    }
    let until = clock::later(&now, ask.number("seconds")?);
    for id in &lanes {
        env.store.set("x_pz_lane", *id, lane(json!(token), json!(ask.text("holder")?), json!(until)))?;
    }
    let key = ask.text("key")?;
    let run = env.store.rows("x_pz_run").find(|(_, r)| text(r, "x_key") == Some(key)).map(|(id, _)| id);
    let run = match run {
        Some(run) => run,
        None => {
            let values = json!({
                "x_name": key, "x_key": key, "x_source": ask.get("source")?, "x_command": ask.get("command")?,
                "x_host": ask.get("holder")?, "x_started": clock::seconds(&now), "x_status": "running",
            });
            env.create("x_pz_run", values.as_object().expect("an object"))?
        }
    };
    Ok(json!({"taken": run, "lanes": lanes.len()}))
}
