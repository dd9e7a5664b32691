//! What the adapter has to know to read a source.
//!
//! Plain data, complete and checked by whoever made it; no TOML, no environment, no defaults.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::error::Place;
use crate::catalog::source::BarcodeOrder;
use crate::catalog::{CodeRules, ListingBuilder, SourceName};

/// How to reach, log in to and read one SQL Server database.
#[derive(Debug, Clone)]
pub struct SourceOptions {
    /// The `NAME` of `[sources.NAME]`, for messages that name a setting.
    pub name: SourceName,
    /// Host name or address, without port and instance; the server's certificate is checked against it.
    pub host: String,
    /// How to find the server on that host.
    pub endpoint: Endpoint,
    /// The database.
    pub database: String,
    /// The SQL login.
    pub user: String,
    /// Its password.
    pub password: SecretString,
    /// How the connection is protected.
    pub tls: Tls,
    /// One SELECT that returns id, name and price, a row per product.
    pub products_query: String,
    /// One SELECT that returns id and barcode, a row per barcode; `None` for a source that has none.
    pub barcodes_query: Option<String>,
    /// The columns of the two results.
    pub columns: Columns,
    /// Which of several barcodes comes first.
    pub barcode_order: BarcodeOrder,
    /// What counts as a barcode.
    pub codes: CodeRules,
    /// How the two queries see one state of the database.
    pub isolation: Isolation,
    /// `SET LOCK_TIMEOUT`: how long a statement waits for somebody's lock.
    pub lock_timeout: Duration,
    /// How long one statement may take, from sending it to its last row.
    pub query_timeout: Duration,
    /// How long connecting may take; once for the TCP connection, once more for TLS and login.
    pub connect_timeout: Duration,
    /// What a DBA sees in `sys.dm_exec_sessions.program_name`.
    pub application_name: String,
    /// Declare that nothing will be written (`ApplicationIntent=ReadOnly`): an availability group may answer from a replica.
    pub read_intent: bool,
    /// How many rows both queries together may return.
    pub max_rows: u64,
    /// How many bytes they may take.
    pub max_bytes: u64,
    /// Names with U+FFFD, which stands for letters that were lost, are taken as they are.
    pub damaged_names: bool,
    /// How often a read is begun, the first time included, when the failures are transient; 0 counts as 1.
    pub attempts: u32,
}

/// How to find a server on its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A TCP port.
    Port(u16),
    /// A named instance, whose port SQL Server Browser tells (UDP 1434).
    Instance(String),
}

/// How the connection is protected. The driver offers the system's roots in both checked modes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Encrypted; the certificate must lead to one of the system's roots.
    Verify,
    /// Encrypted; the certificate may also lead to a CA of this file (PEM, or one DER certificate).
    CaFile(PathBuf),
    /// Encrypted, to whoever answers.
    TrustAny,
    /// Plain text, the login included, unless the server insists on encrypting (then to whoever answers).
    Off,
}

/// The columns' names in the results of the queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The product's id, in both queries.
    pub id: String,
    /// The product's name.
    pub name: String,
    /// The price.
    pub price: String,
    /// The barcode.
    pub barcode: String,
}

/// How the two queries see one state of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// SNAPSHOT where the database allows it, READ COMMITTED otherwise.
    #[default]
    Auto,
    /// SNAPSHOT, or the read fails.
    Snapshot,
    /// READ COMMITTED: two queries are two views.
    ReadCommitted,
}

/// One of the two queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// `products_query`.
    Products,
    /// `products_query` as well, but ids and prices alone.
    Prices,
    /// `barcodes_query`.
    Barcodes,
}

impl Query {
    pub(super) fn setting(self) -> &'static str {
        match self {
            Self::Products | Self::Prices => "products_query",
            Self::Barcodes => "barcodes_query",
        }
    }
}

impl SourceOptions {
    /// The full name of a setting: `sources.polonez.products_query`.
    pub(super) fn key(&self, setting: &str) -> String {
        format!("sources.{}.{setting}", self.name)
    }

    pub(super) fn query(&self, query: Query) -> &str {
        match query {
            Query::Products | Query::Prices => &self.products_query,
            Query::Barcodes => self.barcodes_query.as_deref().unwrap_or_default(),
        }
    }

    /// The server as people write it: `host,1433` would be Microsoft's way, `host:1433` is everybody else's.
    pub(super) fn server(&self) -> String {
        format!("{}{}", self.host, self.endpoint)
    }

    /// An empty listing, to be filled as these options say.
    pub(super) fn listing(&self) -> ListingBuilder {
        ListingBuilder::new(self.barcode_order).with_damaged_names(self.damaged_names).with_codes(self.codes.clone())
    }

    /// Where something happens.
    pub(super) fn place(&self, doing: impl Into<String>) -> Box<Place> {
        Box::new(Place {
            server: self.server(),
            database: self.database.clone(),
            login: self.user.clone(),
            doing: doing.into(),
        })
    }

    /// No read takes longer than this, however the single bounds add up: per attempt a connection (with up to three
    /// redirections) and six statements, and what lies between the attempts.
    pub(super) fn deadline(&self) -> Duration {
        let connecting = self.connect_timeout.saturating_mul(8);
        let statements = self.query_timeout.saturating_mul(6);
        let attempt = connecting.saturating_add(statements).saturating_add(super::retry::LONGEST_PAUSE);
        // One more for the repetition of a suspicious read, one for a snapshot that was refused.
        attempt.saturating_mul(self.attempts.max(1).saturating_add(2))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, ":{port}"),
            Self::Instance(instance) => write!(f, "\\{instance}"),
        }
    }
}

/// The seed's source, for the tests of this module's parts.
#[cfg(test)]
pub(super) fn example() -> SourceOptions {
    SourceOptions {
        name: SourceName::parse("polonez").expect("a plain name"),
        host: "127.0.0.1".into(),
        endpoint: Endpoint::Port(1433),
        database: "Trade".into(),
        user: "erpsync".into(),
        password: "s3cret".into(),
        tls: Tls::TrustAny,
        products_query: "SELECT * FROM dbo.Products".into(),
        barcodes_query: Some("SELECT * FROM logistics.ProductBarcodes".into()),
        columns: Columns {
            id: "ProductID".into(),
            name: "ProductName".into(),
            price: "Price".into(),
            barcode: "Barcode".into(),
        },
        barcode_order: BarcodeOrder::Gtin,
        codes: CodeRules::default(),
        isolation: Isolation::Auto,
        lock_timeout: Duration::from_secs(5),
        query_timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(20),
        application_name: "erpsync".into(),
        read_intent: true,
        max_rows: 1_000_000,
        max_bytes: 1 << 30,
        damaged_names: false,
        attempts: 3,
    }
}
