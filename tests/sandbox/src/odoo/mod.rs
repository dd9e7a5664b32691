//! A stand-in for Odoo 14 and 19 on loopback: the calls that erpsync makes, answered from memory.
//!
//! It speaks the web session of both versions and JSON-2 of 19, keeps records by model with rights, unique indexes and
//! the barcode rule of each version, lets models and server actions be made over the API, and answers the procedures of
//! erpsync at their interface: same question, same answer, same guarantees. It runs no Python: a server action is known
//! by its name. Every call is a transaction, and calls come one after the other. What erpsync does not use does not
//! belong here; what the stand-in does not understand it refuses.
//!
//! ```no_run
//! # async fn demo() -> std::io::Result<()> {
//! use erpsync_sandbox::odoo::{NewProduct, OdooOptions, OdooServer};
//!
//! let server = OdooServer::start(OdooOptions::version(14)).await?;
//! server.add_product("shop", NewProduct { name: "Thread", barcode: Some("4601234567890"), ..NewProduct::default() });
//! println!("{} admin/admin, database shop", server.url());
//! # Ok(()) }
//! ```
//!
//! Reading order: `http` (requests and faults), `state` (databases, sessions, transactions), `rpc` (methods), `orm` with
//! `products`, `packagings` and `registry` (records and their rules), `procedures`; `store` is the database behind it.

mod actions;
mod clock;
mod domain;
mod env;
mod error;
mod http;
mod options;
mod orm;
mod packagings;
mod people;
mod procedures;
mod products;
mod registry;
mod rpc;
mod schema;
mod seed;
mod state;
mod store;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

pub use options::{Call, Fault, OdooOptions, UserOptions};
pub use people::{Edit, NewProduct, Product};

use state::{Pending, State};

/// A running stand-in. Dropping it ends it, connections included.
pub struct OdooServer {
    state: Arc<Mutex<State>>,
    addr: SocketAddr,
    listener: JoinHandle<()>,
}

impl OdooServer {
    /// Starts a stand-in on 127.0.0.1 with fresh databases.
    ///
    /// # Errors
    /// When the port is taken, or the version is another than 14 and 19.
    pub async fn start(options: OdooOptions) -> io::Result<Self> {
        if ![14, 19].contains(&options.version) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the stand-in is an Odoo 14 or 19"));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::new(options)));
        let serving = Arc::clone(&state);
        let listener = tokio::spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                clients.spawn(http::serve(Arc::clone(&serving), tcp));
                while clients.try_join_next().is_some() {}
            }
        });
        Ok(Self { state, addr, listener })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// What came in, in order.
    pub fn calls(&self) -> Vec<Call> {
        http::lock(&self.state).calls.clone()
    }

    /// Forgets what came in.
    pub fn clear_calls(&self) {
        http::lock(&self.state).calls.clear();
    }

    /// Orders a fault for the next call, whichever it is.
    pub fn fail_next(&self, fault: Fault) {
        self.fail_after(0, fault);
    }

    /// Orders a fault for the call after the next `skip` ones.
    pub fn fail_after(&self, skip: usize, fault: Fault) {
        http::lock(&self.state).faults.push_back(Pending { fault, only: None, skip });
    }

    /// Orders a fault for the next call of this name (see [`Call::name`]), after `skip` of them.
    pub fn fail_on(&self, name: &str, skip: usize, fault: Fault) {
        http::lock(&self.state).faults.push_back(Pending { fault, only: Some(name.to_owned()), skip });
    }

    /// Faults that have not struck yet.
    pub fn pending_faults(&self) -> usize {
        http::lock(&self.state).faults.len()
    }

    /// Puts the database's clock forward: leases expire.
    pub fn advance_clock(&self, by: Duration) {
        let mut state = http::lock(&self.state);
        state.ahead += chrono::TimeDelta::from_std(by).unwrap_or(chrono::TimeDelta::MAX);
    }
}

/// The records of a database at one moment.
#[derive(Debug, Clone)]
pub struct Saved(store::Store);

impl OdooServer {
    /// Keeps the records of a database for [`OdooServer::restore`].
    ///
    /// # Panics
    /// When there is no such database.
    pub fn save(&self, database: &str) -> Saved {
        let state = http::lock(&self.state);
        Saved(state.databases.get(database).unwrap_or_else(|| panic!("no database {database:?}")).clone())
    }

    /// Puts a database back to what it was, ids to come included. Sessions stay.
    pub fn restore(&self, database: &str, saved: &Saved) {
        http::lock(&self.state).databases.insert(database.to_owned(), saved.0.clone());
    }
}

impl Drop for OdooServer {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
