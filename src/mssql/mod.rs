//! The source adapter: reads products and barcodes out of SQL Server and hands them over as a [`Catalogue`].
//!
//! Reads, and nothing else: the statements are SET, SELECT, BEGIN and COMMIT, the login declares the intent to read only,
//! and an account with nothing but SELECT is enough. It knows the catalogue's words and neither plans nor other adapters.
//!
//! In reading order: `options` what it needs to know, `reader` a whole read with its attempts, `task` where it
//! works, `session` one connection at
//! work, `batch` its rows on their way, `connect` how it comes about, `columns` and `sql` what is asked, `error`, `hints`,
//! `remedies` and `retry` what is made of failures; [`doctor`] looks at everything once and says what it finds, [`survey`] looks for tables
//! to read.
//!
//! What a caller can rely on:
//! - **All or nothing.** A read that fails half-way is begun anew from nothing or fails; no part of it is handed over. How
//!   many rows came is compared with the server's own count.
//! - **One view** of both queries under SNAPSHOT isolation; otherwise the [`Reading`] carries a warning, and a suspicious
//!   result is read a second time. Never NOLOCK, which reads rows twice or not at all.
//! - **Nothing rounded, nothing cut.** Prices are decimals of the column's own scale; over-long, damaged and NULL values
//!   are reported row by row.
//! - **It ends**: every statement has `query_timeout`, the whole has the sum of what it may do; what is given up, for whatever
//!   reason, is ended on the server too. No more than `max_rows` and `max_bytes` are taken.

mod batch;
mod columns;
mod connect;
pub mod doctor;
mod error;
mod hints;
mod options;
mod reader;
mod remedies;
mod retry;
mod session;
mod sql;
pub mod survey;
mod task;

use std::fmt;
use std::time::Duration;

use futures_util::io::{AsyncRead, AsyncWrite};

pub use error::{Kind, Place, ServerError, SourceError};
pub use options::{Columns, Endpoint, Isolation, Query, SourceOptions, Tls};
pub use retry::{Pacing, RealPacing};

use crate::catalog::{Catalogue, Listing};

/// What was read.
#[derive(Debug)]
pub struct Reading {
    /// The products, and the rows that could not be used.
    pub listing: Listing,
    /// The server that it comes from.
    pub server: ServerFacts,
    /// What a person should know about this read; fragments, one each.
    pub warnings: Vec<String>,
    /// How long it took, connecting and attempts that failed included.
    pub elapsed: Duration,
}

/// What [`check`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The server.
    pub server: ServerFacts,
    /// What a person should know; fragments, one each.
    pub warnings: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// The server's own account of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// `SERVERPROPERTY('ProductVersion')`: `16.0.4135.4`.
    pub product_version: String,
    /// How the two queries saw the database, or would see it.
    pub isolation: UsedIsolation,
    /// `DB_NAME()`.
    pub database: String,
    /// `ORIGINAL_LOGIN()`.
    pub login: String,
}

/// The isolation of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedIsolation {
    /// Both queries see one state.
    Snapshot,
    /// Each query sees what is committed while it runs.
    ReadCommitted,
}

impl fmt::Display for UsedIsolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Snapshot => "SNAPSHOT",
            Self::ReadCommitted => "READ COMMITTED",
        })
    }
}

/// Is the driver at work in the current task? A panic there becomes a [`SourceError`], so a panic hook need not tell of it.
#[must_use]
pub fn is_at_work() -> bool {
    task::is_at_work()
}

/// Waits until the servers were told of what was given up ([`read`] and the like were dropped half-way), for no longer than
/// this; a program that ends at once would leave its queries running there.
pub async fn say_goodbye(limit: Duration) {
    task::say_goodbye(limit).await;
}

/// Reads the whole source.
///
/// Transient failures (a deadlock, a lost connection, a server that restarts …) are logged and begun anew up to
/// [`SourceOptions::attempts`] times. Dropping the future ends the query on the server, by a
/// task of its own: see [`say_goodbye`].
///
/// # Errors
/// [`SourceError`]; its [`kind`](SourceError::kind) tells what it means for the exit status. An empty result is an error.
pub async fn read(options: &SourceOptions) -> Result<Reading, SourceError> {
    reader::read(options, &mut RealPacing).await
}

/// [`read`] with the dice and the clock of the caller.
///
/// # Errors
/// As [`read`].
pub async fn read_paced(options: &SourceOptions, pacing: &mut impl Pacing) -> Result<Reading, SourceError> {
    reader::read(options, pacing).await
}

/// One attempt of [`read`] over a stream that is open already, unencrypted, whoever is at its other end; for tests that
/// speak for a server. A panic of the driver is the caller's to catch.
///
/// # Errors
/// As [`read`].
pub async fn read_over<S>(options: &SourceOptions, stream: S) -> Result<Catalogue, SourceError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    reader::read_over(options, stream).await.map(|(listing, _)| listing.whole())
}

/// Reads ids and prices alone: one query, no names, no barcodes. In the catalogue each product's name is its id.
///
/// # Errors
/// As [`read`].
pub async fn read_prices(options: &SourceOptions) -> Result<Reading, SourceError> {
    reader::read_prices(options, &mut RealPacing).await
}

/// Connects and checks both queries without reading a row: login, rights, tables, columns, types.
///
/// On servers before 2012, which cannot describe a query, `SELECT TOP (0)` takes its place.
///
/// # Errors
/// As [`read`], except that nothing is said about the rows.
pub async fn check(options: &SourceOptions) -> Result<Check, SourceError> {
    reader::check(options, &mut RealPacing).await
}
