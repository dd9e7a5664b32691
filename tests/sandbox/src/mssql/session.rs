//! A session's thread: runs requests against SQLite and hands the tokens of the answer over as they come.
//!
//! Knows nothing of packets, sockets and TLS; the channel to the connection is bounded, so that a slow client slows
//! the reading down and a result set is never in memory as a whole.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;

use rusqlite::Connection;
use sqlparser::ast::{Expr, Query, SelectItem, SetExpr};
use tokio::sync::mpsc;

use super::Shared;
use super::answers;
use super::batch::{self, Isolation, Statement};
use super::error::SqlError;
use super::lower::{self, Env, Plan};
use super::options::Fault;
use super::rpc;
use super::sqltype::SqlType;
use super::token::{self, CMD_SELECT, Done, EnvChange, done};
use super::wire;

/// What a client asks for.
#[derive(Debug)]
pub(super) enum Request {
    Batch(String),
    Rpc(Vec<u8>),
    Transaction(Vec<u8>),
}

/// What the connection has to do.
#[derive(Debug)]
pub(super) enum Out {
    Bytes(Vec<u8>),
    /// Send what there is, then wait for an attention and say so here.
    Stall(blocking::Sender<()>),
    /// Send what there is and cut the connection.
    Cut,
    /// The answer is complete.
    End,
}

/// Why an answer ends early.
enum Stop {
    Failed(SqlError),
    Attention,
    /// An error that is not told.
    Mute,
    Gone,
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        Self::Failed(error)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Bytes that are worth handing over at once.
const CHUNK: usize = 32 << 10;

#[derive(Debug, Clone, Copy)]
struct Transaction {
    id: u64,
    isolation: Isolation,
    depth: u32,
    /// SQLite has a transaction open that keeps the view.
    view: bool,
}

pub(super) struct Session {
    shared: Arc<Shared>,
    connection: Connection,
    spid: u16,
    knows_nbc: bool,
    cancel: Arc<AtomicBool>,
    out: mpsc::Sender<Out>,
    buffer: Vec<u8>,
    /// What is sent is kept here too, while an answer is recorded.
    kept: Option<Vec<Vec<u8>>>,
    isolation: Isolation,
    no_count: bool,
    format_only: bool,
    transaction: Option<Transaction>,
    transactions_begun: u64,
    row_count: i64,
    variables: HashMap<String, (String, SqlType)>,
    done: Done,
}

impl Session {
    pub fn new(
        shared: Arc<Shared>,
        spid: u16,
        tds_version: u32,
        cancel: Arc<AtomicBool>,
        out: mpsc::Sender<Out>,
    ) -> Result<Self, SqlError> {
        Ok(Self {
            connection: shared.store.session()?,
            shared,
            spid,
            knows_nbc: tds_version >= 0x730b_0003,
            cancel,
            out,
            buffer: Vec::new(),
            kept: None,
            isolation: Isolation::ReadCommitted,
            no_count: false,
            format_only: false,
            transaction: None,
            transactions_begun: 0,
            row_count: 0,
            variables: HashMap::new(),
            done: Done::Batch,
        })
    }

    /// Serves until the connection has gone.
    pub fn run(mut self, requests: &blocking::Receiver<Request>) {
        while let Ok(request) = requests.recv() {
            let outcome = match request {
                Request::Batch(text) => self.batch(&text),
                Request::Rpc(message) => self.rpc(&message),
                Request::Transaction(message) => self.transaction_request(&message),
            };
            match outcome {
                Ok(()) => {}
                Err(Stop::Gone) => return,
                Err(Stop::Attention) => {
                    token::done_token(&mut self.buffer, Done::Batch, done::ATTN, 0, 0);
                }
                Err(Stop::Mute) => token::done_token(&mut self.buffer, Done::Batch, done::ERROR, 0, 0),
                Err(Stop::Failed(error)) => self.fail(&error),
            }
            if self.flush().is_err() || self.out.blocking_send(Out::End).is_err() {
                return;
            }
        }
    }

    fn fail(&mut self, error: &SqlError) {
        if error.number == 1_205 {
            // A victim's transaction is rolled back by the server.
            self.end_transaction(false);
        }
        token::error(&mut self.buffer, error, &self.shared.options.server_name.clone());
        if self.done == Done::Batch {
            token::done_token(&mut self.buffer, Done::Batch, done::ERROR, 0, 0);
        } else {
            token::return_status(&mut self.buffer, error.number as i32);
            token::done_token(&mut self.buffer, Done::Proc, done::ERROR, 0, 0);
        }
    }

    fn batch(&mut self, text: &str) -> Result<(), Stop> {
        self.done = Done::Batch;
        self.variables.clear();
        self.shared.note_batch(text);
        let statements = batch::parse(text)?;
        self.statements(&statements)?;
        Ok(())
    }

    fn rpc(&mut self, message: &[u8]) -> Result<(), Stop> {
        self.done = Done::InProc;
        let call = rpc::read(message)?;
        self.shared.note_batch(&call.sql);
        self.variables = call.variables;
        let statements = batch::parse(&call.sql)?;
        self.statements(&statements)?;
        token::return_status(&mut self.buffer, 0);
        token::done_token(&mut self.buffer, Done::Proc, done::FINAL, 0xe0, 0);
        Ok(())
    }

    fn statements(&mut self, statements: &[batch::Located]) -> Result<(), Stop> {
        let last = statements.len().saturating_sub(1);
        if statements.is_empty() && self.done == Done::Batch {
            token::done_token(&mut self.buffer, Done::Batch, done::FINAL, 0, 0);
        }
        self.compile(statements)?;
        for (at, located) in statements.iter().enumerate() {
            let more = if at < last || self.done == Done::InProc { done::MORE } else { done::FINAL };
            self.statement(&located.statement, more).map_err(|stop| match stop {
                Stop::Failed(error) => Stop::Failed(error.at(located.line)),
                other => other,
            })?;
        }
        Ok(())
    }

    /// A batch is compiled as a whole: a wrong column stops it before it begins. Missing tables are found only when
    /// their statement is reached (deferred name resolution), and so are missing rights.
    fn compile(&self, statements: &[batch::Located]) -> Result<(), SqlError> {
        for located in statements {
            if let Statement::Select(query) = &located.statement
                && let Err(error) = self.plan(query)
                && ![208, 229].contains(&error.number)
            {
                return Err(error.at(located.line));
            }
        }
        Ok(())
    }

    fn statement(&mut self, statement: &Statement, more: u16) -> Result<(), Stop> {
        match statement {
            Statement::Select(query) => return self.select(query, more),
            Statement::If(condition, then) => {
                if self.holds(condition)? {
                    return self.statement(then, more);
                }
            }
            Statement::SetNoCount(on) => self.no_count = *on,
            Statement::SetFormatOnly(on) => self.format_only = *on,
            Statement::SetIsolation(isolation) => self.isolation = *isolation,
            Statement::SetOption => {}
            Statement::Use(name) => self.use_database(name)?,
            Statement::Begin => self.begin(self.isolation),
            Statement::Commit | Statement::Rollback => {
                let commit = matches!(statement, Statement::Commit);
                if self.transaction.is_none() {
                    let (number, word) = if commit { (3_902, "COMMIT") } else { (3_903, "ROLLBACK") };
                    return Err(SqlError::new(
                        number,
                        16,
                        1,
                        format!("The {word} TRANSACTION request has no corresponding BEGIN TRANSACTION."),
                    )
                    .into());
                }
                self.end_transaction(commit);
            }
            Statement::Print(text) => {
                let server = self.shared.options.server_name.clone();
                token::info(&mut self.buffer, 0, 1, text, &server);
            }
            Statement::Write { verb, object, text } => {
                self.shared.note_refused(text);
                return Err(self.refusal(verb, object).into());
            }
        }
        // Under NOCOUNT a statement without rows says nothing, unless it ends the answer.
        if !(self.no_count && more == done::MORE) {
            token::done_token(&mut self.buffer, self.done, more, 0, 0);
        }
        Ok(())
    }

    fn select(&mut self, query: &Query, more: u16) -> Result<(), Stop> {
        let plan = self.plan(query)?;
        if self.format_only {
            wire::col_metadata(&mut self.buffer, &plan.columns);
            token::done_token(&mut self.buffer, self.done, more | done::COUNT, CMD_SELECT, 0);
            return Ok(());
        }
        let fault = if plan.reads_tables {
            self.open_view()?;
            self.shared.take_fault(|fault| !fault.is_of_login())
        } else {
            None
        };
        let count = if plan.reads_tables && fault.is_none() && self.shared.options.repeat_answers {
            self.repeated(&plan)?
        } else {
            self.rows(&plan, fault.as_ref())?
        };
        self.row_count = count as i64;
        let counted = if self.no_count { 0 } else { done::COUNT };
        token::done_token(&mut self.buffer, self.done, more | counted, CMD_SELECT, count);
        Ok(())
    }

    fn plan(&self, query: &Query) -> Result<Plan, SqlError> {
        let catalog = self.shared.store.catalog();
        lower::plan(&self.env(&catalog), query)
    }

    fn env<'a>(&'a self, catalog: &'a super::catalog::Catalog) -> Env<'a> {
        let options = &self.shared.options;
        Env {
            catalog,
            database: &options.database,
            login: &options.login,
            server: &options.server_name,
            roles: &options.roles,
            spid: self.spid,
            snapshot_allowed: options.snapshot_isolation || catalog.snapshot_allowed,
            describes: options.describes,
            transactions: self.transaction.map_or(0, |transaction| transaction.depth),
            row_count: self.row_count,
            variables: &self.variables,
            is_admin: false,
        }
    }

    /// Sends metadata and rows from memory, where they are kept from the first time.
    fn repeated(&mut self, plan: &Plan) -> Result<u64, Stop> {
        let key = (plan.sql.clone(), self.knows_nbc);
        if let Some(answer) = self.shared.answers.known(&key) {
            self.flush()?;
            for chunk in answer.chunks.iter() {
                self.out.blocking_send(Out::Bytes(chunk.clone())).map_err(|_| Stop::Gone)?;
            }
            return Ok(answer.rows);
        }
        self.flush()?;
        let moment = self.shared.answers.moment();
        self.kept = Some(Vec::new());
        let rows = self.rows(plan, None);
        let kept = self.flush().map(|()| self.kept.take().unwrap_or_default());
        let rows = rows?;
        self.shared.answers.keep(key, moment, answers::Answer { chunks: kept?, rows });
        Ok(rows)
    }

    /// Sends metadata and rows; the fault, if any, strikes where it says or at the end.
    fn rows(&mut self, plan: &Plan, fault: Option<&Fault>) -> Result<u64, Stop> {
        let strike = match fault {
            Some(
                Fault::Error { after_rows, .. }
                | Fault::Cut { after_rows }
                | Fault::Mute { after_rows }
                | Fault::Stall { after_rows },
            ) => *after_rows,
            _ => u64::MAX,
        };
        wire::col_metadata(&mut self.buffer, &plan.columns);
        let mut count = 0u64;
        {
            let mut statement = self.connection.prepare(&plan.sql)?;
            let mut rows = statement.query([])?;
            while count < strike {
                let Some(row) = rows.next()? else { break };
                if self.cancel.swap(false, Ordering::AcqRel) {
                    return Err(Stop::Attention);
                }
                wire::row(&mut self.buffer, &plan.columns, row, self.knows_nbc)?;
                count += 1;
                if self.buffer.len() >= CHUNK {
                    let bytes = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK + 4096));
                    if let Some(kept) = &mut self.kept {
                        kept.push(bytes.clone());
                    }
                    self.out.blocking_send(Out::Bytes(bytes)).map_err(|_| Stop::Gone)?;
                }
            }
        }
        if let Some(fault) = fault {
            self.strike(fault)?;
        }
        Ok(count)
    }

    fn strike(&mut self, fault: &Fault) -> Result<(), Stop> {
        match fault {
            Fault::Error { error, .. } => Err(Stop::Failed(error.clone())),
            Fault::Mute { .. } => Err(Stop::Mute),
            Fault::Cut { .. } => {
                // The first byte of a row that never comes.
                self.buffer.push(0xd1);
                self.flush()?;
                self.out.blocking_send(Out::Cut).map_err(|_| Stop::Gone)?;
                Err(Stop::Gone)
            }
            Fault::Stall { .. } => {
                self.flush()?;
                let (resume, resumed) = blocking::channel();
                self.out.blocking_send(Out::Stall(resume)).map_err(|_| Stop::Gone)?;
                resumed.recv().map_err(|_| Stop::Gone)?;
                self.cancel.store(false, Ordering::Release);
                Err(Stop::Attention)
            }
            Fault::RefuseLogin(_) | Fault::DropConnection => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.buffer);
        if let Some(kept) = &mut self.kept {
            kept.push(bytes.clone());
        }
        self.out.blocking_send(Out::Bytes(bytes)).map_err(|_| Stop::Gone)
    }

    fn holds(&self, condition: &Expr) -> Result<bool, SqlError> {
        // A query of its own: SELECT 1 WHERE condition.
        let mut query = lower::parse_query("SELECT 1 AS a")?;
        if let SetExpr::Select(select) = &mut *query.body {
            debug_assert!(matches!(select.projection[0], SelectItem::ExprWithAlias { .. }));
            select.selection = Some(condition.clone());
        }
        let plan = self.plan(&query)?;
        let mut statement = self.connection.prepare(&plan.sql)?;
        Ok(statement.exists([])?)
    }

    fn use_database(&mut self, name: &str) -> Result<(), SqlError> {
        let options = self.shared.options.clone();
        if !name.eq_ignore_ascii_case(&options.database) {
            return Err(SqlError::new(
                911,
                16,
                1,
                format!("Database '{name}' does not exist. Make sure that the name is entered correctly."),
            ));
        }
        let (new, old) = (options.database.as_str(), options.database.as_str());
        token::env_change(&mut self.buffer, &EnvChange::Database { new, old });
        let text = format!("Changed database context to '{new}'.");
        token::info(&mut self.buffer, 5_701, 1, &text, &options.server_name);
        Ok(())
    }

    /// Makes the isolation level good before tables are read.
    fn open_view(&mut self) -> Result<(), SqlError> {
        let database = &self.shared.options.database;
        if self.isolation == Isolation::Snapshot {
            if !self.shared.options.snapshot_isolation && !self.shared.store.catalog().snapshot_allowed {
                return Err(SqlError::new(
                    3_952,
                    16,
                    1,
                    format!(
                        "Snapshot isolation transaction failed accessing database '{database}' because snapshot isolation is not allowed in this database. Use ALTER DATABASE to allow snapshot isolation."
                    ),
                ));
            }
            if self.transaction.is_some_and(|transaction| transaction.isolation != Isolation::Snapshot) {
                return Err(SqlError::new(
                    3_951,
                    16,
                    1,
                    format!(
                        "Transaction failed in database '{database}' because the statement was run under snapshot isolation but the transaction did not start in snapshot isolation. You cannot change the isolation level of the transaction to snapshot after the transaction has started unless the transaction was originally started under snapshot isolation level."
                    ),
                ));
            }
        }
        if let Some(transaction) = &mut self.transaction
            && !transaction.view
            && transaction.isolation != Isolation::ReadCommitted
        {
            // Deferred: the snapshot is taken by the first read, as SQL Server takes it.
            self.connection.execute_batch("BEGIN DEFERRED")?;
            transaction.view = true;
        }
        Ok(())
    }

    fn begin(&mut self, isolation: Isolation) {
        if let Some(transaction) = &mut self.transaction {
            transaction.depth += 1;
            return;
        }
        self.transactions_begun += 1;
        let id = u64::from(self.spid) << 32 | self.transactions_begun;
        self.transaction = Some(Transaction { id, isolation, depth: 1, view: false });
        token::env_change(&mut self.buffer, &EnvChange::BeginTransaction(id));
    }

    fn end_transaction(&mut self, commit: bool) {
        let Some(transaction) = &mut self.transaction else {
            return;
        };
        if commit && transaction.depth > 1 {
            transaction.depth -= 1;
            return;
        }
        let ended = *transaction;
        self.transaction = None;
        if ended.view {
            // Nothing was written: closing the view is all there is to do, and it cannot fail.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        let change =
            if commit { EnvChange::CommitTransaction(ended.id) } else { EnvChange::RollbackTransaction(ended.id) };
        token::env_change(&mut self.buffer, &change);
    }

    /// A Transaction Manager Request (MS-TDS 2.2.6.9): how drivers without autocommit begin and end transactions.
    fn transaction_request(&mut self, message: &[u8]) -> Result<(), Stop> {
        self.done = Done::Batch;
        let body = rpc::skip_headers(message);
        let isolation = |level: u8, current: Isolation| match level {
            0 => current,
            1 | 2 => Isolation::ReadCommitted,
            5 => Isolation::Snapshot,
            _ => Isolation::Serializable,
        };
        match body {
            [5, 0, level, ..] => {
                self.isolation = isolation(*level, self.isolation);
                self.begin(self.isolation);
            }
            [kind @ (7 | 8), 0, name_length, rest @ ..] => {
                self.end_transaction(*kind == 7);
                // Flag 1: begin the next one at once.
                if let [flags, level, ..] = rest.get(usize::from(*name_length) * 2..).unwrap_or(&[])
                    && flags & 1 != 0
                {
                    self.isolation = isolation(*level, self.isolation);
                    self.begin(self.isolation);
                }
            }
            _ => {
                return Err(SqlError::unsupported("this transaction manager request").into());
            }
        }
        token::done_token(&mut self.buffer, Done::Batch, done::FINAL, 0, 0);
        Ok(())
    }

    /// The error that a login with SELECT alone gets for a statement that changes something.
    fn refusal(&self, verb: &str, object: &str) -> SqlError {
        let database = &self.shared.options.database;
        let no_object = |number, class, state| {
            SqlError::new(
                number,
                class,
                state,
                format!(
                    "Cannot find the object \"{object}\" because it does not exist or you do not have permissions."
                ),
            )
        };
        match verb.split(' ').next().unwrap_or_default() {
            "INSERT" | "UPDATE" | "DELETE" | "MERGE" => {
                let catalog = self.shared.store.catalog();
                match catalog.by_text(object, database) {
                    Some(relation) => SqlError::permission(verb, &relation.name, database, &relation.schema),
                    None if object.is_empty() => SqlError::permission(verb, "?", database, "?"),
                    None => SqlError::invalid_object(object),
                }
            }
            "EXEC" | "EXECUTE" => SqlError::new(2_812, 16, 62, format!("Could not find stored procedure '{object}'.")),
            "TRUNCATE" => no_object(1_088, 16, 7),
            "ALTER" => no_object(1_088, 16, 13),
            "DROP" => SqlError::new(
                3_701,
                11,
                5,
                format!(
                    "Cannot drop the {} '{object}', because it does not exist or you do not have permission.",
                    verb.split(' ').nth(1).unwrap_or("object").to_lowercase()
                ),
            ),
            _ => SqlError::new(262, 14, 1, format!("{verb} permission denied in database '{database}'.")),
        }
    }
}
