//! What can go wrong while a source is read, told to a person: what, where, in whose words, what to do.
//!
//! Lowercase fragments, no debug output, and never a password.

use std::time::Duration;

use thiserror::Error;

use super::hints;

/// What a failure means for the exit status, which is decided elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The server does not answer, or not for us.
    Unreachable,
    /// The login or a right was refused.
    Refused,
    /// A setting or a query is wrong; trying again changes nothing.
    Configuration,
    /// The server or the driver failed, or what was read cannot be right.
    Failed,
}

/// An ERROR token of SQL Server (MS-TDS 2.2.7.10), or an error that it found in a query without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    /// The number, as in `sys.messages`.
    pub number: u32,
    /// The state.
    pub state: u8,
    /// The severity.
    pub severity: u8,
    /// SQL Server's words.
    pub text: String,
}

/// Why a source could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    /// A setting that cannot be used.
    #[error("{setting}: {problem}; {cure}")]
    Setting {
        /// Its full name: `sources.polonez.products_query`.
        setting: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        cure: String,
    },
    /// No connection.
    #[error("cannot reach SQL Server {server}: {problem}; {cure}")]
    Unreachable {
        /// `host:port` or `host\instance`.
        server: String,
        /// What happened.
        problem: String,
        /// What to do.
        cure: String,
        /// It may be different in a moment.
        transient: bool,
    },
    /// No encrypted connection to somebody trustworthy.
    #[error("no safe connection to SQL Server {server}: {problem}; {cure} ({setting})")]
    Tls {
        /// `host:port` or `host\instance`.
        server: String,
        /// What is wrong with the server's certificate or its TLS.
        problem: String,
        /// What to do.
        cure: String,
        /// The full name of the setting.
        setting: String,
    },
    /// The server answered with an error.
    #[error("{place}: SQL Server says: {text} (error {number}, severity {severity}, state {state}); {cure}",
        text = .error.text.trim().trim_end_matches('.'), number = .error.number, severity = .error.severity,
        state = .error.state, cure = .place.cure(.error))]
    Server {
        /// Server, database and what was being done.
        place: Box<Place>,
        /// What it said.
        error: Box<ServerError>,
    },
    /// The connection broke.
    #[error("{place}: the connection was lost: {problem}; look at the network and SQL Server's error log")]
    Lost {
        /// Server, database and what was being done.
        place: Box<Place>,
        /// The system's words.
        problem: String,
    },
    /// Something took too long.
    #[error("{place}: no end after {seconds} s; make the query faster, or raise query_timeout", seconds = .limit.as_secs())]
    Timeout {
        /// Server, database and what was being done.
        place: Box<Place>,
        /// How long it was waited for.
        limit: Duration,
    },
    /// Fewer or more rows came than the server counts.
    #[error("{place}: the answer was cut short: {came} rows came, and the server counts {told}; run again, and look at SQL \
        Server's error log", told = .told.map_or("none".to_owned(), |told| told.to_string()))]
    Incomplete {
        /// Server, database and what was being done.
        place: Box<Place>,
        /// Rows that came.
        came: i64,
        /// Rows that the server counts; none when its count did not come either.
        told: Option<i64>,
    },
    /// More came than a source may send.
    #[error(
        "{place}: more than {limit} came; if that many are right, raise {setting}, otherwise look at the query: a join \
        without its condition multiplies rows"
    )]
    TooMuch {
        /// Server, database and what was being done.
        place: Box<Place>,
        /// `10000000 rows`.
        limit: String,
        /// The full name of the setting.
        setting: String,
    },
    /// Whoever wanted to know has gone; nobody is told.
    #[error("{place}: given up")]
    GivenUp {
        /// Server, database and what was being done.
        place: Box<Place>,
    },
    /// The driver did not understand the server, or failed.
    #[error(
        "{place}: the answer was not understood: {problem}; if it happens again, look at what stands between this machine \
        and the server (a proxy, a gateway), or report it as a defect"
    )]
    Driver {
        /// Server, database and what was being done.
        place: Box<Place>,
        /// Its words.
        problem: String,
    },
}

/// Where it happened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{doing} ({server}, database {database})")]
pub struct Place {
    /// `host:port` or `host\instance`.
    pub server: String,
    /// The database.
    pub database: String,
    /// The login.
    pub login: String,
    /// What was being done: `reading sources.polonez.products_query`.
    pub doing: String,
}

impl Place {
    /// What to do about what the server said.
    fn cure(&self, error: &ServerError) -> String {
        hints::of(error).cure(&self.login, &self.database)
    }
}

impl SourceError {
    /// What it means for the exit status.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Setting { .. } | Self::TooMuch { .. } => Kind::Configuration,
            Self::Unreachable { .. } | Self::Tls { .. } | Self::Lost { .. } => Kind::Unreachable,
            Self::Server { error, .. } => hints::of(error).kind,
            Self::Incomplete { .. } | Self::Timeout { .. } | Self::GivenUp { .. } | Self::Driver { .. } => Kind::Failed,
        }
    }

    /// What happened, and what to do about it.
    #[must_use]
    pub fn parts(&self) -> (String, String) {
        let text = self.to_string();
        let cure = match self {
            Self::Setting { cure, .. } | Self::Unreachable { cure, .. } => cure.clone(),
            Self::Tls { cure, setting, .. } => format!("{cure} ({setting})"),
            Self::Server { place, error } => place.cure(error),
            Self::Lost { .. }
            | Self::Timeout { .. }
            | Self::Incomplete { .. }
            | Self::TooMuch { .. }
            | Self::GivenUp { .. }
            | Self::Driver { .. } => text.rsplit_once("; ").map_or_else(String::new, |(_, cure)| cure.to_owned()),
        };
        let problem = text.strip_suffix(&cure).and_then(|rest| rest.strip_suffix("; "));
        (problem.unwrap_or(&text).to_owned(), cure)
    }

    /// Beginning anew may help.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { transient, .. } => *transient,
            Self::Server { error, .. } => hints::of(error).transient,
            Self::Lost { .. } | Self::Incomplete { .. } => true,
            Self::Setting { .. }
            | Self::Tls { .. }
            | Self::Timeout { .. }
            | Self::TooMuch { .. }
            | Self::GivenUp { .. }
            | Self::Driver { .. } => false,
        }
    }

    /// SQL Server's number, where it spoke.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Server { error, .. } => Some(error.number),
            _ => None,
        }
    }
}

impl ServerError {
    pub(super) fn of(token: &tiberius::error::TokenError) -> Self {
        Self { number: token.code(), state: token.state(), severity: token.class(), text: token.message().to_owned() }
    }
}

/// Translates an error of the driver that came up after the login.
pub(super) fn of_driver(place: &Place, error: tiberius::error::Error, limit: Duration) -> SourceError {
    use tiberius::error::{Error, IoErrorKind};
    let place = Box::new(place.clone());
    match error {
        Error::Server(token) => SourceError::Server { place, error: Box::new(ServerError::of(&token)) },
        Error::Io { kind: IoErrorKind::TimedOut, .. } => SourceError::Timeout { place, limit },
        Error::Io { message, .. } => SourceError::Lost { place, problem: message },
        other => SourceError::Driver { place, problem: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Box<Place> {
        Box::new(Place {
            server: "erp:1433".into(),
            database: "Trade".into(),
            login: "erpsync".into(),
            doing: "reading sources.polonez.products_query".into(),
        })
    }

    #[test]
    fn a_servers_error_is_told_with_place_number_and_cure() {
        let error = ServerError { number: 208, state: 1, severity: 16, text: "Invalid object name 'dbo.P'.".into() };
        let told = SourceError::Server { place: place(), error: Box::new(error) };
        assert!(
            told.to_string().starts_with(
                "reading sources.polonez.products_query (erp:1433, database Trade): SQL Server says: Invalid object name \
                 'dbo.P' (error 208, severity 16, state 1); check the table's"
            ),
            "{told}"
        );
        assert_eq!(told.kind(), Kind::Configuration);
        assert!(!told.is_transient());
    }

    #[test]
    fn the_drivers_errors_are_sorted() {
        use tiberius::error::{Error, IoErrorKind};
        let limit = Duration::from_secs(7);
        let io = |kind, message: &str| of_driver(&place(), Error::Io { kind, message: message.into() }, limit);
        assert!(io(IoErrorKind::UnexpectedEof, "No more packets").is_transient());
        let late = io(IoErrorKind::TimedOut, "late");
        assert!(!late.is_transient());
        assert!(late.to_string().contains("no end after 7 s"), "{late}");
        let odd = of_driver(&place(), Error::Protocol("invalid token type 7".into()), limit);
        assert_eq!((odd.kind(), odd.is_transient()), (Kind::Failed, false));
    }
}
