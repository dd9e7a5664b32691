//! A server's memory: databases, sessions, faults to come, calls that came. One call at a time holds it.

use std::collections::{BTreeMap, VecDeque};

use chrono::{TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::actions::procedure_name;
use super::clock;
use super::env::Env;
use super::error::OdooFault;
use super::options::{Call, Fault, OdooOptions};
use super::rpc::{self, Request};
use super::seed;
use super::store::{Store, flag, text};

pub(super) struct Pending {
    pub fault: Fault,
    /// Strike only calls of this name.
    pub only: Option<String>,
    /// How many such calls pass first.
    pub skip: usize,
}

pub(super) struct State {
    pub options: OdooOptions,
    pub databases: BTreeMap<String, Store>,
    pub faults: VecDeque<Pending>,
    pub calls: Vec<Call>,
    /// Token → database and, once logged in, user.
    sessions: BTreeMap<String, (String, Option<i64>)>,
    sessions_made: u64,
    /// How far the clock was put forward.
    pub ahead: TimeDelta,
}

/// Who calls which database.
pub(super) type Caller = (String, i64);

impl State {
    pub(super) fn new(options: OdooOptions) -> Self {
        let now = clock::text(Utc::now());
        let databases = options.databases.iter().enumerate();
        let databases = databases.map(|(i, name)| (name.clone(), seed::database(&options, i, now.clone()))).collect();
        Self {
            options,
            databases,
            faults: VecDeque::new(),
            calls: Vec::new(),
            sessions: BTreeMap::new(),
            sessions_made: 0,
            ahead: TimeDelta::zero(),
        }
    }

    pub(super) fn now(&self) -> String {
        clock::text(Utc::now() + self.ahead)
    }

    /// The fault that strikes a call of this name.
    pub(super) fn take_fault(&mut self, name: &str) -> Option<Fault> {
        let at = self.faults.iter().position(|f| f.only.as_deref().is_none_or(|only| only == name))?;
        let pending = &mut self.faults[at];
        if pending.skip > 0 {
            pending.skip -= 1;
            return None;
        }
        self.faults.remove(at).map(|p| p.fault)
    }

    /// What a call is named in the list of calls.
    pub(super) fn call_name(&mut self, database: &str, request: &Request) -> String {
        let first = if request.json2 { request.named.get("ids") } else { request.args.first() };
        let id = first.and_then(|ids| ids[0].as_i64());
        if request.model == "ir.actions.server"
            && request.method == "run"
            && let (Some(store), Some(id)) = (self.databases.get_mut(database), id)
            && let Ok(env) = Env::new(store, &Map::new(), request.json2)
            && let Some(procedure) = procedure_name(&env, id)
        {
            return format!("procedure {procedure}");
        }
        format!("{}.{}", request.model, request.method)
    }

    /// Logs in with a password; a token for the cookie and the answer of `web/session/authenticate`.
    pub(super) fn log_in(&mut self, database: &str, login: &str, password: &str) -> Result<(String, Value), OdooFault> {
        let version = self.options.version;
        let store = self.databases.get(database).ok_or_else(|| OdooFault::no_database(version, database))?;
        let user = store.rows("res.users").find(|(_, r)| {
            flag(r, "active") && text(r, "login") == Some(login) && text(r, "password") == Some(password)
        });
        let (uid, record) = user.ok_or_else(OdooFault::access_denied)?;
        let answer = json!({
            "uid": uid, "db": database, "username": login, "name": text(record, "name"),
            "server_version": format!("{version}.0"), "user_context": {"lang": text(record, "lang"), "tz": false, "uid": uid},
        });
        Ok((self.open_session(database, Some(uid)), answer))
    }

    /// A new session for a database, with a user when somebody logged in.
    pub(super) fn open_session(&mut self, database: &str, user: Option<i64>) -> String {
        self.sessions_made += 1;
        let token = format!("{:040x}", self.sessions_made);
        self.sessions.insert(token.clone(), (database.to_owned(), user));
        token
    }

    /// The database that a session has chosen.
    pub(super) fn chosen(&self, token: &str) -> Option<&str> {
        self.sessions.get(token).map(|(database, _)| database.as_str())
    }

    /// Who is logged in.
    pub(super) fn session(&self, token: &str) -> Option<Caller> {
        self.sessions.get(token).and_then(|(database, user)| Some((database.clone(), (*user)?)))
    }

    /// Does a request without a session leave open which database it means?
    pub(super) fn is_ambiguous(&self) -> bool {
        self.databases.len() > 1
    }

    pub(super) fn end_sessions(&mut self) {
        self.sessions.clear();
    }

    /// Whose API key this is.
    pub(super) fn key(&self, database: &str, key: &str) -> Option<Caller> {
        let login = self.options.users.iter().find(|u| u.api_key.as_deref() == Some(key)).map(|u| u.login.as_str())?;
        let rows = self.databases.get(database)?.rows("res.users");
        let mut active = rows.filter(|(_, r)| flag(r, "active") && text(r, "login") == Some(login));
        active.next().map(|(uid, _)| (database.to_owned(), uid))
    }

    /// Carries a call out as one transaction.
    pub(super) fn call(&mut self, (database, uid): &Caller, request: &Request) -> Result<Value, OdooFault> {
        let now = self.now();
        let Some(committed) = self.databases.get_mut(database) else {
            return Err(OdooFault::no_database(self.options.version, database));
        };
        let mut transaction = committed.clone();
        transaction.uid = *uid;
        transaction.now = now;
        let mut env = Env::new(&mut transaction, &request.context, request.json2)?;
        let answer = rpc::call(&mut env, request)?;
        *committed = transaction;
        Ok(answer)
    }
}
