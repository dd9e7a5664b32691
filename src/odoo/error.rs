//! What can go wrong between us and Odoo, in a form that decides exit statuses and retries, and reads well.

use std::fmt;

use thiserror::Error;

use super::lease::Pause;

/// Odoo's own answer to a failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The exception's name: `odoo.exceptions.AccessError`, `psycopg2.errors.SerializationFailure`.
    pub name: String,
    /// What Odoo says to people.
    pub message: String,
    /// The traceback; shown at `-vv` only.
    pub traceback: String,
}

impl Fault {
    /// The last part of the name: `AccessError`.
    #[must_use]
    pub fn short_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() { f.write_str(&self.name) } else { write!(f, "{}: {}", self.name, self.message) }
    }
}

/// A failed call.
#[derive(Debug, Error)]
pub enum OdooError {
    /// No connection, or it was lost; whether the call was carried out is unknown.
    #[error("cannot reach Odoo at {url}: {reason}")]
    Unreachable {
        /// The server.
        url: String,
        /// The whole chain of causes.
        reason: String,
    },
    /// The connection was there and ended without a whole answer; whether the call was carried out is unknown.
    #[error(
        "cannot reach Odoo at {url}: it closed the connection without an answer to {call}; Odoo's log tells whether it restarted, or whether the call took longer than its limit_time_cpu or limit_time_real: then raise those, or lower odoo.batch_size"
    )]
    Ended {
        /// The server.
        url: String,
        /// Model and method.
        call: String,
    },
    /// No answer within `odoo.timeout`; whether the call was carried out is unknown.
    #[error("Odoo at {url} gave no answer to {call} within {seconds} s (odoo.timeout)")]
    Timeout {
        /// The server.
        url: String,
        /// Model and method.
        call: String,
        /// The limit.
        seconds: u64,
    },
    /// No encrypted connection to somebody trustworthy; nothing was said.
    #[error("no safe connection to Odoo at {url}: {reason}")]
    Untrusted {
        /// The server.
        url: String,
        /// The whole chain of causes, and what to do.
        reason: String,
    },
    /// An HTTP status without an answer of Odoo's: a proxy, a worker that was killed, a server that restarts.
    #[error("{}", page(.url, .call, *.status, .body, .asks.as_deref()))]
    Http {
        /// The server.
        url: String,
        /// Model and method.
        call: String,
        /// The status.
        status: u16,
        /// The beginning of the text.
        body: String,
        /// How it wants to be logged in to, with status 401: the header `WWW-Authenticate`.
        asks: Option<String>,
    },
    /// The web session is gone. A server with several databases answers with a bare 404, as without a session it does
    /// not know which one is meant.
    #[error("Odoo at {url} does not know the session any longer (HTTP 404 to {call})")]
    SessionGone {
        /// The server.
        url: String,
        /// Model and method.
        call: String,
    },
    /// The server answers, and does not open the database. Before it ever did, that is a wrong name; afterwards PostgreSQL
    /// is away: Odoo tells the two in the same words.
    #[error("{}", without_database(.url, .database, *.known, *.hidden))]
    NoDatabase {
        /// The server.
        url: String,
        /// The database.
        database: String,
        /// It was open before.
        known: bool,
        /// Odoo itself said so, which does not name databases that its filter hides.
        hidden: bool,
    },
    /// Odoo let the account in, and does not know the session at the very next call.
    #[error(
        "Odoo at {url} lets the account in to database {database:?} and has forgotten it at the next call: its filter hides the database from this address (dbfilter in odoo.conf), or several Odoos answer in turn that share no sessions; name an address that the filter fits in odoo.url, or have the administrator of the server correct that"
    )]
    Forgotten {
        /// The server.
        url: String,
        /// The database.
        database: String,
    },
    /// Odoo takes no logins for a while.
    #[error(
        "Odoo at {url} takes no login to database {database:?} from this address for a minute or so, as several failed; behind a proxy that is everybody's address; wait, find who logs in with a wrong password, and set proxy_mode in odoo.conf so that Odoo tells its visitors apart"
    )]
    Cooling {
        /// The server.
        url: String,
        /// The database.
        database: String,
    },
    /// Tables are not those of the code.
    #[error(
        "Odoo at {url} is newer than its database {database:?} ({}): an upgrade was not finished; have whoever upgraded it update the modules (odoo -u all), and run again",
        .fault.to_string().lines().next().unwrap_or_default()
    )]
    HalfUpgraded {
        /// The server.
        url: String,
        /// The database.
        database: String,
        /// What PostgreSQL said.
        fault: Fault,
    },
    /// An answer that is not what this call returns.
    #[error("Odoo's answer to {call} is not understood: {reason}; it began with: {body}")]
    Answer {
        /// Model and method.
        call: String,
        /// What was expected.
        reason: String,
        /// The beginning of the text.
        body: String,
    },
    /// An answer without an end, or pages that do not go on. Asking again would bring the same.
    #[error("Odoo's answer to {call} is not understood: {reason}")]
    Endless {
        /// Model and method.
        call: String,
        /// What came.
        reason: String,
    },
    /// The call is too large for what stands before Odoo, or is ended by a limit each time, and the same with fewer rows may
    /// go through.
    #[error("{}{error}", .what.as_ref().map(|what| format!("{what} alone does not go through: ")).unwrap_or_default())]
    TooMuch {
        /// What could not be parted any more.
        what: Option<String>,
        /// What happened to it.
        error: Box<OdooError>,
    },
    /// Odoo carried the call out and refused it; nothing was changed by it.
    #[error("Odoo refused {call}: {fault}")]
    Fault {
        /// Model and method.
        call: String,
        /// What it said.
        fault: Fault,
    },
    /// Login or password, or the API key, is wrong.
    #[error("Odoo at {url} refused the login of {login} to database {database}: {hint}")]
    Login {
        /// The server.
        url: String,
        /// Whose.
        login: String,
        /// Where.
        database: String,
        /// What to do.
        hint: String,
    },
    /// The account lacks a right that the run needs.
    #[error("{0}")]
    Rights(String),
    /// The configuration does not fit this Odoo.
    #[error("{0}")]
    Configuration(String),
    /// What `setup` makes is absent, older, newer or changed.
    #[error("{0}; run `erpsync setup`")]
    Setup(String),
    /// The lease was taken over by another run; nothing more is written.
    #[error(
        "the lease was taken over by another run, or freed with `erpsync unlock`; nothing more was written (a run that sleeps longer than sync.lease_seconds loses it)"
    )]
    LeaseLost,
    /// The pause switch is on; nothing is written until somebody switches it off.
    #[error("{0}")]
    Paused(Pause),
}

/// What an error means for the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// 69
    Unreachable,
    /// 77
    Refused,
    /// 78
    Configuration,
    /// 75
    Busy,
    /// 1
    Failed,
}

/// What an error means for a repetition of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The connection or the server may come back soon.
    Transient,
    /// PostgreSQL could not serialise it, after Odoo's own five attempts: wait longer.
    Contention,
    /// The session is gone: log in again, then repeat.
    SessionExpired,
    /// Repeating is useless.
    Permanent,
}

impl OdooError {
    /// A setup that a newer program made: running the older program's setup is no cure.
    #[must_use]
    pub(super) fn newer_setup(schema: i64) -> Self {
        Self::Configuration(format!(
            "Odoo was set up by a newer erpsync (schema {schema}, this one knows {}); install that version here too",
            super::setup::schema::SCHEMA
        ))
    }

    /// As [`Self::TooMuch`].
    #[must_use]
    pub(super) fn too_much(self) -> Self {
        Self::TooMuch { what: None, error: Box::new(self) }
    }

    /// The same about one row, which is named.
    #[must_use]
    pub(super) fn alone(self, what: impl FnOnce() -> String) -> Self {
        match self {
            Self::TooMuch { what: None, error } => Self::TooMuch { what: Some(what()), error },
            other => other,
        }
    }

    /// Is the request larger than what stands before Odoo lets through?
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::Http { status: 413, .. })
    }

    /// Did the call end without an answer of Odoo's, as one does that a limit of Odoo's or of a proxy ends? A server that
    /// restarts does the same once.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Timeout { .. } | Self::Http { status: 502 | 504 | 520 | 524, .. })
    }

    /// For the exit status.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { .. } | Self::Ended { .. } | Self::Untrusted { .. } | Self::Timeout { .. } => {
                ErrorKind::Unreachable
            }
            Self::Cooling { .. } | Self::HalfUpgraded { .. } => ErrorKind::Unreachable,
            Self::Forgotten { .. } => ErrorKind::Configuration,
            // Odoo words its own errors; a page instead is what stands before it, or Odoo without its PostgreSQL.
            Self::Http { status: 403 | 408 | 429 | 500 | 502..=504 | 520..=527, .. } | Self::SessionGone { .. } => {
                ErrorKind::Unreachable
            }
            Self::Http { status: 401 | 413, .. } => ErrorKind::Configuration,
            Self::NoDatabase { known, .. } => {
                if *known {
                    ErrorKind::Unreachable
                } else {
                    ErrorKind::Configuration
                }
            }
            Self::TooMuch { error, .. } if error.is_too_large() => error.kind(),
            Self::Http { .. } | Self::Answer { .. } | Self::Endless { .. } | Self::TooMuch { .. } => ErrorKind::Failed,
            Self::Login { .. } | Self::Rights(_) => ErrorKind::Refused,
            Self::Fault { fault, .. } => match fault.short_name() {
                "AccessError" | "AccessDenied" => ErrorKind::Refused,
                "OperationalError" | "InterfaceError" | "AdminShutdown" | "CrashShutdown" | "CannotConnectNow"
                | "PoolError" => ErrorKind::Unreachable,
                _ => ErrorKind::Failed,
            },
            Self::Configuration(_) | Self::Setup(_) => ErrorKind::Configuration,
            Self::LeaseLost | Self::Paused(_) => ErrorKind::Busy,
        }
    }

    /// For the retry.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Unreachable { .. }
            | Self::Ended { .. }
            | Self::Timeout { .. }
            | Self::Cooling { .. }
            | Self::NoDatabase { known: true, .. } => ErrorClass::Transient,
            // 520 to 527 are a content network's words for a server that is away.
            Self::Http { status: 408 | 429 | 500 | 502..=504 | 520..=527, .. } | Self::Answer { .. } => {
                ErrorClass::Transient
            }
            Self::SessionGone { .. } => ErrorClass::SessionExpired,
            Self::Fault { fault, .. } => match fault.short_name() {
                "SerializationFailure" | "TransactionRollbackError" | "DeadlockDetected" | "LockNotAvailable" => {
                    ErrorClass::Contention
                }
                "OperationalError" | "InterfaceError" | "AdminShutdown" | "CrashShutdown" | "CannotConnectNow"
                | "PoolError" | "QueryCanceled" | "QueryCanceledError" => ErrorClass::Transient,
                "SessionExpiredException" => ErrorClass::SessionExpired,
                _ => ErrorClass::Permanent,
            },
            Self::Http { .. }
            | Self::NoDatabase { known: false, .. }
            | Self::Forgotten { .. }
            | Self::HalfUpgraded { .. }
            | Self::Endless { .. }
            | Self::TooMuch { .. }
            | Self::Untrusted { .. }
            | Self::Login { .. }
            | Self::Rights(_)
            | Self::Configuration(_)
            | Self::Setup(_)
            | Self::LeaseLost
            | Self::Paused(_) => ErrorClass::Permanent,
        }
    }

    /// The traceback, if Odoo sent one.
    #[must_use]
    pub fn traceback(&self) -> Option<&str> {
        match self {
            Self::Fault { fault, .. } => Some(fault.traceback.as_str()).filter(|t| !t.is_empty()),
            _ => None,
        }
    }
}

/// What a page in the place of an answer means. Odoo words its own refusals, so these statuses are those of something before
/// it.
fn page(url: &str, call: &str, status: u16, body: &str, asks: Option<&str>) -> String {
    let before = format!("what stands before Odoo at {url} answered {call} with HTTP {status}");
    match (status, asks) {
        (401, Some(asks)) => format!(
            "{before}: it asks for a login of its own ({asks}), and erpsync has none for it; have whoever runs it let this machine through without one, or name an address of Odoo's that is not behind it (odoo.url)"
        ),
        (401 | 403, _) => format!(
            "{before}: {body}; this is a proxy's or a firewall's refusal, not Odoo's: have whoever runs it let this machine's requests to /web, /json and /jsonrpc through"
        ),
        (413, _) => format!(
            "{before}: the request is larger than it lets through; raise its limit (nginx: client_max_body_size, which is 1 MB by default)"
        ),
        _ => format!("Odoo at {url} answered {call} with HTTP {status}: {body}"),
    }
}

fn without_database(url: &str, database: &str, known: bool, hidden: bool) -> String {
    if known {
        format!("Odoo at {url} does not open database {database:?} any longer; its PostgreSQL may be away")
    } else if hidden {
        format!(
            "Odoo at {url} offers no database {database:?} (odoo.database): there is none of this name, or its filter hides it from this address (dbfilter in odoo.conf); correct the name or the address, or have the filter corrected"
        )
    } else {
        format!(
            "Odoo at {url} has no database {database:?} (odoo.database), or cannot reach its PostgreSQL; correct the name, or look at Odoo's log"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_was_open_comes_back() {
        let gone = |known| OdooError::NoDatabase {
            url: "http://x".to_owned(),
            database: "shop".to_owned(),
            known,
            hidden: false,
        };
        assert_eq!((gone(true).kind(), gone(true).class()), (ErrorKind::Unreachable, ErrorClass::Transient));
        assert_eq!((gone(false).kind(), gone(false).class()), (ErrorKind::Configuration, ErrorClass::Permanent));
    }
}
