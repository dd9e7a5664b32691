//! A stand-in for SQL Server that really speaks TDS 7.4 on loopback, over an embedded SQLite.
//!
//! It answers what erpsync asks, and what `tsql`, `bsqldb` and python-tds ask besides, in the words, types and token
//! order of SQL Server (MS-TDS); everything else it refuses loudly. Clients can only read; the test writes through
//! [`MssqlServer::execute`] and [`MssqlServer::insert_rows`], orders faults with [`MssqlServer::fail_next`] and asks
//! afterwards what came in. It must not grow into a database: what erpsync does not use does not belong here.
//!
//! ```no_run
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! use erpsync_sandbox::mssql::{MssqlOptions, MssqlServer};
//!
//! let server = MssqlServer::start(MssqlOptions::default()).await?;
//! server.execute("CREATE TABLE dbo.Products (ProductID int NOT NULL PRIMARY KEY, ProductName nvarchar(200) NULL, Price money NULL)")?;
//! server.execute("INSERT INTO dbo.Products VALUES (1, N'Жаккард', 9.9955)")?;
//! println!("listening on {}", server.addr());
//! # Ok(()) }
//! ```
//!
//! Reading order: `connection` (a client's life), `session` (its requests), `batch` (statements), `lower` (queries into
//! SQLite's SQL), `wire` and `token` (the answer's bytes); `store`, `admin` and `catalog` are the database behind it.

mod admin;
mod answers;
mod batch;
mod calendar;
mod catalog;
mod certs;
mod connection;
mod convert;
mod decimal;
mod error;
mod functions;
mod handshake;
mod lower;
mod options;
mod packet;
mod rpc;
mod session;
mod sqltype;
mod store;
mod tls;
mod token;
mod wire;

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use error::SqlError;
pub use handshake::Login;
pub use options::{Certificate, Encryption, Fault, MssqlOptions};
pub use store::SqlValue;

use connection::Guard;

/// What clients did, and what is to go wrong next.
#[derive(Debug, Default)]
struct Log {
    batches: Vec<String>,
    refused: Vec<String>,
    logins: Vec<Login>,
    attentions: usize,
    /// With how many chances to strike each lets pass.
    faults: VecDeque<(usize, Fault)>,
}

struct Shared {
    options: MssqlOptions,
    store: store::Store,
    identity: Option<certs::Identity>,
    log: Mutex<Log>,
    answers: answers::Answers,
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_batch(&self, text: &str) {
        self.log().batches.push(text.to_owned());
    }

    fn note_refused(&self, text: &str) {
        self.log().refused.push(text.to_owned());
    }

    fn note_login(&self, login: &Login) {
        self.log().logins.push(login.clone());
    }

    /// The first waiting fault of a kind.
    fn take_fault(&self, kind: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut log = self.log();
        let at = log.faults.iter().position(|(_, fault)| kind(fault))?;
        let (skip, _) = &mut log.faults[at];
        if *skip > 0 {
            *skip -= 1;
            return None;
        }
        log.faults.remove(at).map(|(_, fault)| fault)
    }
}

/// A running stand-in. Dropping it ends it, connections included.
pub struct MssqlServer {
    shared: Arc<Shared>,
    addr: SocketAddr,
    listener: Guard<()>,
}

impl MssqlServer {
    /// Starts a stand-in on 127.0.0.1 with an empty database (schemas `dbo` and `logistics`).
    ///
    /// # Errors
    /// When the port is taken, or there is no place for temporary files.
    pub async fn start(options: MssqlOptions) -> io::Result<Self> {
        let identity = match options.encryption {
            Encryption::NotSupported => None,
            Encryption::Off | Encryption::On | Encryption::Required | Encryption::Strict => {
                Some(certs::identity(options.certificate)?)
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            options,
            store: store::Store::create()?,
            identity,
            log: Mutex::default(),
            answers: answers::Answers::default(),
        });
        let serving = Arc::clone(&shared);
        let listener = Guard(tokio::spawn(async move {
            let mut clients = JoinSet::new();
            // Session ids below 51 are the system's.
            let mut spid = 51u16;
            while let Ok((tcp, _)) = listener.accept().await {
                // A client that breaks the protocol or vanishes is its own affair; the next one is served.
                clients.spawn(connection::serve(Arc::clone(&serving), tcp, spid));
                spid = spid.checked_add(1).unwrap_or(51);
                while clients.try_join_next().is_some() {}
            }
        }));
        Ok(Self { shared, addr, listener })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The certificate to trust, PEM; none without encryption.
    pub fn ca_pem(&self) -> Option<&str> {
        self.shared.identity.as_ref().map(|identity| identity.ca_pem.as_str())
    }

    /// The settings it was started with.
    pub fn options(&self) -> &MssqlOptions {
        &self.shared.options
    }

    /// Runs T-SQL as the database's administrator: CREATE TABLE/VIEW/SCHEMA, DROP, TRUNCATE, INSERT, UPDATE, DELETE,
    /// GRANT/DENY SELECT. Each statement is its own transaction.
    ///
    /// # Errors
    /// As SQL Server would put it, with the line; 50000 for what the stand-in does not understand.
    pub fn execute(&self, sql: &str) -> Result<(), SqlError> {
        let _forgotten = self.shared.answers.forget_after();
        admin::execute(&self.shared.store, &self.shared.options, sql)
    }

    /// Inserts rows in one transaction and returns how many; each row has a value per column, in the table's order.
    ///
    /// # Errors
    /// 208 for an unknown table, conversion errors, 515 and 2627; then nothing was inserted.
    pub fn insert_rows<R>(&self, table: &str, rows: impl IntoIterator<Item = R>) -> Result<u64, SqlError>
    where
        R: IntoIterator<Item = SqlValue>,
    {
        let _forgotten = self.shared.answers.forget_after();
        self.shared.store.insert_rows(table, rows, &self.shared.options.database)
    }

    /// What clients tried to change, in order; all of it was refused.
    pub fn refused_writes(&self) -> Vec<String> {
        self.shared.log().refused.clone()
    }

    /// The text of every batch (and statement of `sp_executesql`) that clients sent, in order.
    pub fn batches(&self) -> Vec<String> {
        self.shared.log().batches.clone()
    }

    /// Every LOGIN7 that came in, refused ones included.
    pub fn logins(&self) -> Vec<Login> {
        self.shared.log().logins.clone()
    }

    /// How often a client told the server to stop what it does.
    pub fn attentions(&self) -> usize {
        self.shared.log().attentions
    }

    /// Orders a fault; see [`Fault`] for when it strikes.
    pub fn fail_next(&self, fault: Fault) {
        self.fail_after(0, fault);
    }

    /// Orders a fault that lets so many chances to strike pass.
    pub fn fail_after(&self, skip: usize, fault: Fault) {
        self.shared.log().faults.push_back((skip, fault));
    }

    /// Takes back the faults that have not struck yet.
    pub fn clear_faults(&self) {
        self.shared.log().faults.clear();
    }

    /// Faults that have not struck yet.
    pub fn pending_faults(&self) -> usize {
        self.shared.log().faults.len()
    }

    /// Ends it and waits until the port is free; clients see their connections close.
    pub async fn stop(mut self) {
        self.listener.0.abort();
        // The only outcome is "cancelled".
        let _ = (&mut self.listener.0).await;
    }
}
