//! The text of `sync.toml`: finding it, parsing it, and saying where in it something stands.
//!
//! Positions are looked up by key when an error needs one, so that the types in `file` stay plain.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::Overrides;
use super::environment::{self, Environment};
use super::error::{ConfigError, FilePlace, Place};
use super::file::File;
use super::guarded;
use super::keys;
use super::secret::io_words;

/// A lone backslash between double quotes.
const ESCAPES: &str = "between double quotes a lone backslash is no backslash: write the text between single quotes, such as 'SERVER\\INSTANCE', or the backslash twice";

/// A configuration file that was read.
#[derive(Debug)]
pub(super) struct Document {
    pub path: PathBuf,
    text: String,
}

impl Document {
    /// A file's text that is at hand.
    pub fn new(path: impl Into<PathBuf>, text: &str) -> Self {
        Self { path: path.into(), text: text.to_owned() }
    }

    /// Reads the file that the command line or the environment names, or the first that there is in the usual places.
    pub fn find(overrides: &Overrides, env: &dyn Environment) -> Result<Self, ConfigError> {
        let named = match &overrides.config {
            Some(path) => Some((path.clone(), "--config")),
            None => env.filled(environment::CONFIG).map(|path| (path.into(), environment::CONFIG)),
        };
        match named {
            Some((path, by)) => Self::read(&path).map_err(|error| unreadable(path, Some(by), &error)),
            None => Self::first_of(usual_places(env)),
        }
    }

    /// A file that is there but cannot be read is an error: the next place may hold another shop's settings. So is one that
    /// somebody else may have put there, to be found.
    pub fn first_of(places: Vec<PathBuf>) -> Result<Self, ConfigError> {
        for path in &places {
            match Self::read(path) {
                Ok(document) => {
                    return match guarded::perhaps_anothers(path) {
                        None => Ok(document),
                        Some(why) => Err(ConfigError::Strange { path: path.clone(), why }),
                    };
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(unreadable(path.clone(), None, &error)),
            }
        }
        Err(ConfigError::NotFound { looked: places })
    }

    fn read(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), text: fs::read_to_string(path)? })
    }

    /// The typed contents.
    pub fn parse(&self) -> Result<File, ConfigError> {
        toml::from_str(&self.text).map_err(|error| self.explain(&error))
    }

    /// The place of a key given by its path; the nearest enclosing section that is in the file gives the position.
    pub fn place(&self, keys: &[&str]) -> Place {
        let (key, section) = keys.split_last().map_or((None, keys), |(key, section)| (Some(*key), section));
        self.file_place(self.position_of(keys), section, key)
    }

    /// The place of a section.
    pub fn section(&self, keys: &[&str]) -> Place {
        self.file_place(self.position_of(keys), keys, None)
    }

    /// The names of the tables in a section, in the order in which they stand in the file.
    pub fn in_order<'n>(&self, section: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
        let mut names: Vec<&str> = names.collect();
        names.sort_by_key(|name| self.position_of(&[section, name]));
        names
    }

    fn file_place<S: AsRef<str>>(&self, position: Option<(usize, usize)>, section: &[S], key: Option<&str>) -> Place {
        let section = section.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(".");
        let key = key.map(str::to_owned);
        Place::File(Box::new(FilePlace { path: self.path.clone(), position, section, key }))
    }

    fn position_of(&self, keys: &[&str]) -> Option<(usize, usize)> {
        let root = DeTable::parse(&self.text).ok()?;
        let mut table = root.get_ref();
        let mut found = None;
        for key in keys {
            let Some((name, value)) = table.iter().find(|(name, _)| name.get_ref() == key) else { break };
            found = Some(name.span().start);
            match value.get_ref().as_table() {
                Some(inner) => table = inner,
                None => break,
            }
        }
        found.map(|offset| self.line_and_column(offset))
    }

    /// Line and column from 1; columns count characters, as editors do.
    fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// An error of the parser or of serde, in our words, with the key that it is about.
    fn explain(&self, error: &toml::de::Error) -> ConfigError {
        let offset = error.span().map(|span| span.start);
        let position = offset.map(|offset| self.line_and_column(offset));
        let Ok(root) = DeTable::parse(&self.text) else {
            let place = self.file_place::<&str>(position, &[], None);
            let problem = keys::plain_words(&[], error.message());
            let problem = if problem.contains("escape") { ESCAPES.to_owned() } else { problem };
            return ConfigError::Syntax { place, problem };
        };
        let path = offset.and_then(|offset| path_at(root.get_ref(), offset)).unwrap_or_default();
        if error.message().starts_with("unknown field")
            && let Some((section, key)) = keys::first_unknown(&path)
        {
            return ConfigError::UnknownKey {
                place: self.file_place(position, section, None),
                key: key.to_owned(),
                hint: keys::hint(section, key),
            };
        }
        let (key, section) = path.split_last().map_or((None, &path[..]), |(key, rest)| (Some(key.as_str()), rest));
        let problem = match key {
            // What stands there may be the secret itself.
            Some(key) if keys::is_about_a_secret(key) => "expected a string".to_owned(),
            _ => keys::plain_words(section, error.message()),
        };
        ConfigError::Value { place: self.file_place(position, section, key), problem }
    }
}

fn unreadable(path: PathBuf, named_by: Option<&'static str>, error: &io::Error) -> ConfigError {
    ConfigError::Unreadable { path, named_by, reason: io_words(error) }
}

/// `./sync.toml`, `$XDG_CONFIG_HOME/erpsync/sync.toml` (or below `~/.config`), `/etc/erpsync/sync.toml`.
pub(super) fn usual_places(env: &dyn Environment) -> Vec<PathBuf> {
    let user = env
        .filled(environment::XDG_CONFIG_HOME)
        .map(PathBuf::from)
        .or_else(|| env.filled(environment::HOME).map(|home| PathBuf::from(home).join(".config")))
        .map(|directory| directory.join("erpsync/sync.toml"));
    [Some("sync.toml".into()), user, Some("/etc/erpsync/sync.toml".into())].into_iter().flatten().collect()
}

/// The path of the key that an offset lies in, either the key itself or its value.
fn path_at(table: &DeTable<'_>, offset: usize) -> Option<Vec<String>> {
    for (name, value) in table {
        let inside = match value.get_ref() {
            DeValue::Table(inner) => path_at(inner, offset),
            _ => None,
        };
        let here = || name.span().contains(&offset) || value.span().contains(&offset);
        if let Some(path) = inside.or_else(|| here().then(Vec::new)) {
            return Some([vec![name.get_ref().to_string()], path].concat());
        }
    }
    None
}
