//! How a stand-in is set up, and the faults that a test can order.

use super::error::SqlError;

/// The server's side of the encryption negotiation (MS-TDS 2.2.6.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// No certificate: `ENCRYPT_NOT_SUP`.
    NotSupported,
    /// Encrypts the login always and the rest where the client asks: `ENCRYPT_OFF`, SQL Server's default.
    Off,
    /// "Force encryption": everything is encrypted; answers `ENCRYPT_ON` to a client that asks, else `ENCRYPT_REQ`.
    On,
    /// As [`Encryption::On`], but always answers `ENCRYPT_REQ`.
    Required,
    /// "Force strict encryption" (TDS 8.0): TLS before a word of TDS; it hangs up on whoever begins otherwise.
    Strict,
}

/// The certificate that the server presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// For localhost and 127.0.0.1, signed by a CA of its own; `MssqlServer::ca_pem` is the CA.
    SignedByCa,
    /// As [`Certificate::SignedByCa`], but it ended years ago.
    Expired,
    /// Self-signed and itself a CA, as SQL Server generates one; rustls refuses it (`CaUsedAsEndEntity`) even when it
    /// is trusted. `MssqlServer::ca_pem` is the certificate.
    SelfSignedCa,
}

/// Settings of a stand-in.
#[derive(Debug, Clone)]
pub struct MssqlOptions {
    /// The only login.
    pub login: String,
    /// Its password.
    pub password: String,
    /// The only database.
    pub database: String,
    /// What is encrypted.
    pub encryption: Encryption,
    /// Which certificate is shown where TLS is spoken.
    pub certificate: Certificate,
    /// Fixed roles of the server and the database that the login is in, such as `db_datawriter`. They are told of; writes
    /// are refused all the same.
    pub roles: Vec<String>,
    /// `ALLOW_SNAPSHOT_ISOLATION` of the database.
    pub snapshot_isolation: bool,
    /// It has `sys.dm_exec_describe_first_result_set`, as SQL Server has since 2012.
    pub describes: bool,
    /// Where those are sent who declare that they only read (`host`, port): read-only routing.
    pub routes_readers_to: Option<(String, u16)>,
    /// `@@SERVERNAME`, also named in error tokens.
    pub server_name: String,
    /// The port of 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// A query over tables that was answered once is answered from memory until the tables change, as fast as bytes can be
    /// sent: a benchmark measures its client then, and not this server. A transaction's own view does not count.
    pub repeat_answers: bool,
}

impl Default for MssqlOptions {
    fn default() -> Self {
        Self {
            login: "erpsync".to_owned(),
            password: "Pa55-word!".to_owned(),
            database: "Trade".to_owned(),
            encryption: Encryption::Off,
            certificate: Certificate::SignedByCa,
            roles: Vec::new(),
            snapshot_isolation: true,
            describes: true,
            routes_readers_to: None,
            server_name: "SANDBOX".to_owned(),
            port: 0,
            repeat_answers: false,
        }
    }
}

/// Something that goes wrong once. Faults of a query hit the next SELECT from a table or view of the database (reads of
/// `sys` and `INFORMATION_SCHEMA` pass); faults of a login hit the next connection. Several wait in order.
#[derive(Debug, Clone)]
pub enum Fault {
    /// An ERROR token after so many rows, then DONE with the error bit. Number 1205 also rolls the transaction back.
    Error {
        /// What is sent.
        error: SqlError,
        /// Rows that still come through before it.
        after_rows: u64,
    },
    /// The connection is cut in the middle of the row after so many.
    Cut {
        /// Rows that still come through before it.
        after_rows: u64,
    },
    /// The answer ends after so many rows with the error bit in its DONE and no ERROR token, which MS-TDS 2.2.7.6 only
    /// advises against.
    Mute {
        /// Rows that still come through before it.
        after_rows: u64,
    },
    /// After so many rows nothing more comes, until the client sends an attention or hangs up.
    Stall {
        /// Rows that still come through before it.
        after_rows: u64,
    },
    /// The next login is refused with this error.
    RefuseLogin(SqlError),
    /// The next connection is closed before a word is said.
    DropConnection,
}

impl Fault {
    /// The session is chosen as a deadlock victim (1205).
    pub fn deadlock(after_rows: u64) -> Self {
        Self::Error {
            error: SqlError::new(
                1_205,
                13,
                51,
                "Transaction (Process ID 51) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
            ),
            after_rows,
        }
    }

    /// `SET LOCK_TIMEOUT` has run out (1222).
    pub fn lock_timeout(after_rows: u64) -> Self {
        Self::Error { error: SqlError::new(1_222, 16, 51, "Lock request time out period exceeded."), after_rows }
    }

    pub(super) fn is_of_login(&self) -> bool {
        matches!(self, Self::RefuseLogin(_) | Self::DropConnection)
    }
}
