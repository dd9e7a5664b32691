//! What is wrong with the configuration: where exactly, and what to do. Every one of these ends a run with status 78.
//!
//! A message never shows a value that could be a secret, and never quotes the file's lines.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// What is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// No file was named and none of the usual places has one.
    #[error("no configuration file: looked for {}; `erpsync init` writes one, or name a file with --config FILE or ERPSYNC_CONFIG", paths(.looked))]
    NotFound {
        /// The usual places, in the order of search.
        looked: Vec<PathBuf>,
    },
    /// The file is there but cannot be read, or it was named and is not there.
    #[error("{}{}: cannot read the configuration: {reason}; {}", named_by.map_or_else(String::new, |by| format!("{by} ")), path.display(), read_cure(.named_by))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What named it: `--config`, `ERPSYNC_CONFIG`; `None` when it was found in a usual place.
        named_by: Option<&'static str>,
        /// The system's words.
        reason: String,
    },
    /// The file was found, not named, and it may be somebody else's.
    #[error("{}: not used, as a configuration decides where passwords are sent, and {why}; if it is meant, name it with --config FILE", path.display())]
    Strange {
        /// The file.
        path: PathBuf,
        /// Whose it may be, and how that is mended.
        why: String,
    },
    /// Not TOML.
    #[error("{place}: not valid TOML: {problem}")]
    Syntax {
        /// Where.
        place: Place,
        /// The parser's words.
        problem: String,
    },
    /// A key that means nothing here.
    #[error("{place}: unknown key `{key}`; {hint}")]
    UnknownKey {
        /// Where; the section.
        place: Place,
        /// The key.
        key: String,
        /// A similar key, or the section where it belongs, or all keys.
        hint: String,
    },
    /// A key whose value cannot be used.
    #[error("{place}: {problem}")]
    Value {
        /// Where.
        place: Place,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A key that must be there is not.
    #[error("{place}: {key} is missing; {cure}")]
    MissingKey {
        /// Where; the section.
        place: Place,
        /// The key.
        key: &'static str,
        /// What to write, and what else would do.
        cure: String,
    },
    /// The command line names a source that the file does not have.
    #[error("--source {name}: {} has no [sources.{name}]; {hint}", path.display())]
    UnknownSource {
        /// What was asked for.
        name: String,
        /// The file.
        path: PathBuf,
        /// A similar name, or all names.
        hint: String,
    },
    /// The command needs a source and the file has none.
    #[error("{}: no source is configured; add a section [sources.NAME] with host, database and user", path.display())]
    NoSources {
        /// The file.
        path: PathBuf,
    },
    /// A password or key cannot be had.
    #[error("{what} is missing: {problem}; {cure}")]
    Secret {
        /// Whose.
        what: String,
        /// Where it was looked for, and what was there.
        problem: String,
        /// What to do.
        cure: String,
    },
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The configuration file. In a box, to keep results small.
    File(Box<FilePlace>),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

/// A place in the configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    /// The file.
    pub path: PathBuf,
    /// Line and column, from 1; columns count characters. `None` when the section is not in the file.
    pub position: Option<(usize, usize)>,
    /// `sources.polonez`; empty for the top of the file.
    pub section: String,
    /// The key, when it is about one.
    pub key: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(place) => {
                let FilePlace { path, position, section, key } = &**place;
                write!(f, "{}", path.display())?;
                if let Some((line, column)) = position {
                    write!(f, ":{line}:{column}")?;
                }
                match (section.as_str(), key) {
                    ("", None) => Ok(()),
                    ("", Some(key)) => write!(f, ": {key}"),
                    (section, None) => write!(f, ": [{section}]"),
                    (section, Some(key)) => write!(f, ": [{section}] {key}"),
                }
            }
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

fn paths(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn read_cure(named_by: &Option<&'static str>) -> &'static str {
    match named_by {
        Some(_) => "check the path and the file's owner and mode",
        None => "check the file's owner and mode, or name another file with --config FILE",
    }
}
