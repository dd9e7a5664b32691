//! The errors that SQL Server puts into an ERROR token, with its own numbers, states, classes and words.
//!
//! Only what the server says; nothing here knows how a token is encoded or which statement failed.

/// An error as a client sees it (MS-TDS 2.2.7.10).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Msg {number}, Level {class}, State {state}, Line {line}: {message}")]
pub struct SqlError {
    /// The number, as in `sys.messages`.
    pub number: u32,
    /// The state.
    pub state: u8,
    /// The severity ("class" on the wire, "level" in messages).
    pub class: u8,
    /// The words.
    pub message: String,
    /// The line of the batch, counted from 1; 0 until it is known.
    pub line: u32,
}

/// Marks an error that travels through SQLite as text (a scalar function can only fail with a message).
const CARRIED: &str = "\u{1}mssql|";

impl SqlError {
    /// An error without a line yet.
    pub fn new(number: u32, class: u8, state: u8, message: impl Into<String>) -> Self {
        Self { number, state, class, message: message.into(), line: 0 }
    }

    pub(super) fn at(mut self, line: u32) -> Self {
        if self.line == 0 {
            self.line = line;
        }
        self
    }

    /// What the stand-in cannot do is said loudly: a silent guess would make a test pass for the wrong reason.
    pub(super) fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::new(50_000, 16, 1, format!("the stand-in for SQL Server does not understand: {what}"))
    }

    pub(super) fn invalid_object(name: impl std::fmt::Display) -> Self {
        Self::new(208, 16, 1, format!("Invalid object name '{name}'."))
    }

    pub(super) fn invalid_column(name: impl std::fmt::Display) -> Self {
        Self::new(207, 16, 1, format!("Invalid column name '{name}'."))
    }

    pub(super) fn syntax(near: &str) -> Self {
        Self::new(102, 15, 1, format!("Incorrect syntax near '{near}'."))
    }

    pub(super) fn syntax_keyword(near: &str) -> Self {
        Self::new(156, 15, 1, format!("Incorrect syntax near the keyword '{}'.", near.to_uppercase()))
    }

    pub(super) fn permission(verb: &str, object: &str, database: &str, schema: &str) -> Self {
        Self::new(
            229,
            14,
            5,
            format!(
                "The {verb} permission was denied on the object '{object}', database '{database}', schema '{schema}'."
            ),
        )
    }

    pub(super) fn login_failed(user: &str) -> Self {
        Self::new(18_456, 14, 1, format!("Login failed for user '{user}'."))
    }

    pub(super) fn cannot_open(database: &str) -> Self {
        Self::new(
            4_060,
            11,
            1,
            format!("Cannot open database \"{database}\" requested by the login. The login failed."),
        )
    }

    /// The text under which the error passes through SQLite.
    pub(super) fn carried(&self) -> String {
        format!("{CARRIED}{}|{}|{}|{}", self.number, self.class, self.state, self.message)
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        let text = match &error {
            rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
            other => other.to_string(),
        };
        if let Some(rest) = text.strip_prefix(CARRIED) {
            let mut parts = rest.splitn(4, '|');
            let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
            if let (Some(n), Some(class), Some(state)) = (number(), number(), number()) {
                return Self::new(n, class as u8, state as u8, parts.next().unwrap_or_default());
            }
        }
        if text.contains("UNIQUE constraint failed") {
            return Self::new(2_627, 14, 1, format!("Violation of PRIMARY KEY or UNIQUE constraint ({text})."));
        }
        if text.contains("NOT NULL constraint failed") {
            return Self::new(515, 16, 2, format!("Cannot insert the value NULL into a column ({text})."));
        }
        Self::unsupported(text)
    }
}

impl From<SqlError> for rusqlite::Error {
    fn from(error: SqlError) -> Self {
        rusqlite::Error::UserFunctionError(error.carried().into())
    }
}
