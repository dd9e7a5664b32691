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
        "renew" => renew(env, ask),
        "release" => {
            clear(env, ask.text("token")?)?;
            Ok(json!({"released": true}))
        }
        "show" => Ok(show(env)),
        "free" => {
            let mut freed = clear(env, ask.text("token")?)?;
            if freed {
                let user = env.user();
                let login = text(&user, "login").unwrap_or_default();
                bury(env, &format!("its end was never reported; {login} freed the lease"))?;
            } else if let Some(key) = ask.get("key")?.as_str() {
                let died = |r: &Record| text(r, "x_key") == Some(key) && text(r, "x_status") == Some("died");
                freed = env.store.rows("x_pz_run").any(|(_, r)| died(r));
            }
            Ok(json!({"freed": freed}))
        }
        _ => Ok(json!({})),
    }
}

fn held_by(env: &Env<'_>, token: &str) -> Vec<i64> {
    let lanes = env.store.rows("x_pz_lane");
    lanes.filter(|(_, r)| text(r, "x_token") == Some(token)).map(|(id, _)| id).collect()
}

fn clear(env: &mut Env<'_>, token: &str) -> Result<bool, OdooFault> {
    let mine = held_by(env, token);
    for id in &mine {
        env.store.set("x_pz_lane", *id, lane(Value::Null, Value::Null, Value::Null))?;
    }
    Ok(!mine.is_empty())
}

fn bury(env: &mut Env<'_>, why: &str) -> Result<(), OdooFault> {
    let running = env.store.rows("x_pz_run").filter(|(_, r)| text(r, "x_status") == Some("running"));
    let dead: Vec<i64> = running.map(|(id, _)| id).collect();
    for id in dead {
        let values = json!({"x_status": "died", "x_summary": why});
        env.write("x_pz_run", &[id], values.as_object().expect("an object"))?;
    }
    Ok(())
}

pub(super) fn pause(env: &Env<'_>) -> Value {
    let Some((_, switch)) = env.store.rows("x_pz_pause").find(|(_, r)| flag(r, "x_paused")) else { return Value::Null };
    let by = integer(switch, "write_uid").and_then(|u| env.store.row("res.users", u));
    let by = by.and_then(|u| text(u, "login")).unwrap_or_default();
    json!({"since": text(switch, "write_date").map(clock::seconds), "by": by})
}

fn renew(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let mine = held_by(env, ask.text("token")?);
    let until = clock::later(&env.store.now.clone(), ask.number("seconds")?);
    for id in &mine {
        env.store.set("x_pz_lane", *id, Map::from_iter([("x_expires".to_owned(), json!(until))]))?;
    }
    let all = env.store.rows("x_pz_lane").count();
    Ok(json!({"leased": !mine.is_empty() && mine.len() == all, "paused": pause(env)}))
}

fn show(env: &Env<'_>) -> Value {
    let held = env.store.rows("x_pz_lane").map(|(_, r)| r).filter(|r| text(r, "x_token").is_some());
    let held = held.max_by_key(|r| text(r, "x_expires").unwrap_or_default().to_owned()).map(|lane| {
        let part = |name: &str| text(lane, name).unwrap_or_default();
        let until = clock::epoch(part("x_expires"));
        let mine = |r: &&Record| text(r, "x_status") == Some("running") && text(r, "x_host") == Some(part("x_holder"));
        let run = env.store.rows("x_pz_run").map(|(_, r)| r).rfind(mine);
        let run = run.map(|r| {
            let part = |name: &str| text(r, name).unwrap_or_default();
            json!({
                "key": part("x_key"), "source": part("x_source"), "command": part("x_command"),
                "started": clock::epoch(part("x_started")),
            })
        });
        json!({
            "token": part("x_token"), "holder": part("x_holder"), "until": until, "left": until - clock::epoch(&env.store.now),
            "run": run,
        })
    });
    json!({"held": held, "paused": pause(env)})
}

fn lane(token: Value, holder: Value, expires: Value) -> Record {
    Map::from_iter([("x_token".to_owned(), token), ("x_holder".to_owned(), holder), ("x_expires".to_owned(), expires)])
}

fn take(env: &mut Env<'_>, ask: &Ask<'_>) -> Result<Value, OdooFault> {
    let token = ask.text("token")?;
    let key = ask.text("key")?;
    let run = env.store.rows("x_pz_run").find(|(_, r)| text(r, "x_key") == Some(key));
    if run.is_some_and(|(_, r)| text(r, "x_status") != Some("running")) {
        return Ok(json!({"busy": {"holder": format!("nobody: run {key} has ended"), "until": ""}}));
    }
    let run = run.map(|(id, _)| id);
    let paused = pause(env);
    if !paused.is_null() {
        return Ok(json!({"paused": paused}));
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
        return Ok(json!({"busy": {"holder": part("x_holder"), "until": clock::seconds(part("x_expires"))}}));
    }
    let until = clock::later(&now, ask.number("seconds")?);
    for id in &lanes {
        env.store.set("x_pz_lane", *id, lane(json!(token), json!(ask.text("holder")?), json!(until)))?;
    }
    let run = match run {
        Some(run) => run,
        None => {
            bury(env, &format!("its end was never reported; run {key} took the lease over"))?;
            let values = json!({
                "x_name": key, "x_key": key, "x_source": ask.get("source")?, "x_command": ask.get("command")?,
                "x_host": ask.get("holder")?, "x_started": clock::seconds(&now), "x_status": "running",
            });
            env.create("x_pz_run", values.as_object().expect("an object"))?
        }
    };
    Ok(json!({"taken": run, "lanes": lanes.len()}))
}
