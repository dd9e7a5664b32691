//! The lease while setup is at work, so that no run of another machine is under way when its procedures change. An
//! administrator need not be in the sync group, and what a run calls may be another version's, or not there yet: the lease is
//! taken by an action that lives for as long.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::super::client::Odoo;
use super::super::error::OdooError;
use super::desired::{groups_field, reference};
use super::install::{create, delete, resolve};
use super::{Survey, Wishes, Work};

/// The name of the action.
pub(super) const LEASE_ACTION: &str = "erpsync: setup's lease";

/// How the holder of a setup's lease begins.
pub const HOLDER: &str = "setup on ";

/// Before the first setup has made the lanes there is nothing to take, and after the last one has gone nothing to give back.
const CODE: &str = "ask = env.context.get('erpsync')
if not ask:
    raise Exception('erpsync: called without a question')
action = {'leased': True}
env.cr.execute(\"SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('x_pz_lane') AND NOT attisdropped\"
               \" AND attname IN ('x_token', 'x_holder', 'x_expires')\")
there = env.cr.fetchone()[0] == 3
if there and ask['what'] in ('take', 'renew'):
    env.cr.execute('SAVEPOINT erpsync')
    env.cr.execute(
        \"UPDATE x_pz_lane SET x_token = %s, x_holder = %s, x_expires = clock_timestamp() AT TIME ZONE 'utc' + %s * interval '1 second'\"
        \" WHERE x_token = %s OR %s AND (x_token IS NULL OR left(x_holder, length(%s)) = %s OR x_expires < clock_timestamp() AT TIME ZONE 'utc')\",
        (ask['token'], ask['holder'], ask['seconds'], ask['token'], ask['what'] == 'take', ask['mine'], ask['mine']))
    env.cr.execute('SELECT count(*) FROM x_pz_lane WHERE x_token IS DISTINCT FROM %s', (ask['token'],))
    if env.cr.fetchone()[0]:
        env.cr.execute('ROLLBACK TO SAVEPOINT erpsync')
        env.cr.execute(\"SELECT x_holder, date_trunc('second', x_expires)::text FROM x_pz_lane WHERE x_token != %s\"
                       ' ORDER BY x_expires DESC LIMIT 1', (ask['token'],))
        held = env.cr.fetchone() or ['', '']
        action = {'leased': False, 'holder': held[0] or '', 'until': held[1] or ''}
elif there and ask['what'] == 'release':
    env.cr.execute('UPDATE x_pz_lane SET x_token = NULL, x_holder = NULL, x_expires = NULL WHERE x_token = %s', (ask['token'],))";

/// Who holds the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// Machine and process.
    pub holder: String,
    /// Until when at the latest, UTC.
    pub until: String,
}

/// The lease of a setup.
#[derive(Debug)]
pub struct SetupLease {
    action: i64,
    token: String,
    /// How the holders of this machine's setups begin.
    mine: String,
    holder: String,
    seconds: u64,
    taken: Instant,
}

impl Survey {
    /// Is there anything to do that a run at work could notice?
    #[must_use]
    pub fn touches_runs(&self) -> bool {
        self.steps.iter().any(|step| !matches!(step.work, Work::Grant { .. }))
    }
}

impl SetupLease {
    /// Takes it under a random token, or says who has it. A setup of the same machine and lock that has it was killed, as this one
    /// has that lock.
    ///
    /// # Errors
    /// When the account is no administrator, or a call fails.
    pub async fn take(
        odoo: &Odoo,
        token: String,
        (machine, process): (&str, u32),
        lasts: Duration,
    ) -> Result<Result<Self, Busy>, OdooError> {
        let model = odoo.search_read("ir.model", json!([["model", "=", "res.users"]]), &["id"]).await?;
        let mut values = Map::new();
        values.insert("name".to_owned(), json!(LEASE_ACTION));
        values.insert("model_id".to_owned(), model.first().map_or(Value::Null, |row| row["id"].clone()));
        values.insert("state".to_owned(), json!("code"));
        values.insert("code".to_owned(), json!(CODE));
        // An action without a group could be run by anybody for as long as it lives.
        values.insert(groups_field(odoo.version).to_owned(), json!([[6, 0, [reference("group_system")]]]));
        let known = [("group_system".to_owned(), super::install::system_group(odoo).await?)].into();
        let action = create(odoo, "ir.actions.server", resolve(values, &known)).await?;
        let mine = format!("{HOLDER}{machine}, process ");
        let holder = format!("{mine}{process}");
        let mut lease = Self { action, token, mine, holder, seconds: lasts.as_secs(), taken: Instant::now() };
        match lease.update(odoo, "take").await {
            Ok(None) => Ok(Ok(lease)),
            Ok(Some(busy)) => {
                delete(odoo, "ir.actions.server", &[action]).await?;
                Ok(Err(busy))
            }
            Err(error) => {
                lease.release(odoo).await;
                Err(error)
            }
        }
    }

    /// What is to do, now that nobody else changes it; the action of this lease stands in no step.
    ///
    /// # Errors
    /// As [`super::survey()`].
    pub async fn survey(&self, odoo: &Odoo, wishes: &Wishes) -> Result<Survey, OdooError> {
        let mut survey = super::survey(odoo, wishes).await?;
        survey.steps.retain_mut(|step| {
            let Work::Delete { model: "ir.actions.server", ids } = &mut step.work else { return true };
            ids.retain(|id| *id != self.action);
            !ids.is_empty()
        });
        Ok(survey)
    }

    async fn ask(&self, odoo: &Odoo, what: &str) -> Result<Value, OdooError> {
        let question = json!({
            "what": what, "token": self.token, "mine": self.mine, "holder": self.holder, "seconds": self.seconds,
        });
        odoo.run_action(self.action, question).await
    }

    async fn update(&mut self, odoo: &Odoo, what: &str) -> Result<Option<Busy>, OdooError> {
        let answer = self.ask(odoo, what).await?;
        self.taken = Instant::now();
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        Ok((answer["leased"] != true).then(|| Busy { holder: text("holder"), until: text("until") }))
    }

    /// Holds it for as long again, when a third of its time is over.
    ///
    /// # Errors
    /// [`OdooError::LeaseLost`] when somebody else has it by now; otherwise when the call fails.
    pub(super) async fn hold(&mut self, odoo: &Odoo) -> Result<(), OdooError> {
        if self.taken.elapsed() < Duration::from_secs(self.seconds) / 3 {
            return Ok(());
        }
        match self.update(odoo, "renew").await? {
            None => Ok(()),
            Some(_) => Err(OdooError::LeaseLost),
        }
    }

    /// Gives it back. What fails here ends by itself, and the next setup clears it away.
    pub async fn release(self, odoo: &Odoo) {
        if let Err(error) = self.ask(odoo, "release").await {
            log::warn!("the lease was not given back and ends by itself: {error}");
        }
        if let Err(error) = delete(odoo, "ir.actions.server", &[self.action]).await {
            log::debug!("{LEASE_ACTION} was not deleted: {error}");
        }
    }
}
