//! `ir.actions.server.run`: an action of the name `erpsync: <procedure>` is answered by the procedure's counterpart here.

use serde_json::Value;

use super::env::{Env, Right};
use super::error::OdooFault;
use super::procedures::{self, Ask};
use super::schema::groups_field;
use super::store::{Record, ids, integer, text};

/// Runs server actions with the caller's rights; the answer is the last one's.
pub(super) fn run(env: &mut Env<'_>, actions: &[i64], context: &Record) -> Result<Value, OdooFault> {
    let mut answer = Value::Bool(false);
    for id in actions {
        let action = env.exists("ir.actions.server", *id)?;
        let groups = ids(&action, groups_field(env.version()));
        let refused = || OdooFault::access("You don't have enough access rights to run this action.");
        if groups.is_empty() {
            let model = integer(&action, "model_id").and_then(|m| env.store.row("ir.model", m));
            let model = model.and_then(|m| text(m, "model")).unwrap_or_default().to_owned();
            // 19 lets anybody run an action without a group; 14 asks for the right to write on its model.
            if env.version() < 19 && !env.may(&model, Right::Write) {
                return Err(refused());
            }
        } else if !groups.iter().any(|g| env.groups().contains(g)) {
            return Err(refused());
        }
        let code = text(&action, "code").unwrap_or_default();
        let name = text(&action, "name").unwrap_or_default().strip_prefix("erpsync: ");
        answer = match name {
            Some("indexes") => env.create_indexes(code).map(|()| Value::Bool(false))?,
            // Runs never overlap a setup here.
            Some("setup's lease") => serde_json::json!({"leased": true}),
            Some(name) => procedures::run(env, name, &Ask::new(context, env.version(), code))?,
            None => return Err(OdooFault::value_error("the stand-in runs no Python")),
        };
    }
    Ok(answer)
}

/// The name of the procedure that a call runs, for the list of calls.
pub(super) fn procedure_name(env: &Env<'_>, id: i64) -> Option<String> {
    let action = env.store.row("ir.actions.server", id)?;
    text(action, "name")?.strip_prefix("erpsync: ").map(str::to_owned)
}
