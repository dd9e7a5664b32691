//! `sync.toml` out of the answers: the text of `sync.toml.example`, filled in, so that there is one text; and writing it,
//! with secrets beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::commands::Failure;

/// The text that explains every key.
const EXAMPLE: &str = include_str!("../../../sync.toml.example");
/// The source of the example, and how variables call it.
const EXAMPLE_SOURCE: &str = "shop";

/// A key of a section with its value in TOML.
pub(super) struct Entry {
    /// `source` or `odoo`.
    pub section: Section,
    pub key: &'static str,
    pub value: String,
}

/// A section of the example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Source,
    Odoo,
}

impl Entry {
    pub(super) fn text(section: Section, key: &'static str, value: &str) -> Self {
        Self { section, key, value: quoted(value) }
    }
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The example with the source's name and the entries in their places; everything else stands as it is, behind `#`.
pub(super) fn filled(source: &str, entries: &[Entry]) -> String {
    let variable = |name: &str| format!("ERPSYNC_SOURCE_{}_", name.to_ascii_uppercase().replace('-', "_"));
    let mut section = None;
    let mut done = vec![false; entries.len()];
    let mut out = String::with_capacity(EXAMPLE.len() + 1_000);
    for line in EXAMPLE.lines() {
        if line.starts_with('[') {
            section = match line {
                "[sources.shop]" => Some(Section::Source),
                "[odoo]" => Some(Section::Odoo),
                _ => None,
            };
        }
        let found = entries.iter().enumerate().position(|(at, entry)| {
            let key = line.strip_prefix('#').unwrap_or(line).split_once(" = ").map(|(key, _)| key);
            !done[at] && Some(entry.section) == section && key == Some(entry.key)
        });
        match found {
            Some(at) => {
                done[at] = true;
                out += &format!("{} = {}", entries[at].key, entries[at].value);
            }
            None if line.starts_with("[sources.") => {
                out += &line.replacen("[sources.shop", &format!("[sources.{source}"), 1);
            }
            None => {
                let line = line.replace(&variable(EXAMPLE_SOURCE), &variable(source));
                out += &line.replace("[sources.shop]", &format!("[sources.{source}]"));
            }
        }
        out.push('\n');
    }
    debug_assert!(done.iter().all(|done| *done), "an entry has no place in the example");
    out
}

/// The sections of the source in a text that [`filled`] made.
pub(super) fn source_sections(text: &str) -> &str {
    let from = text.find("\n[sources.").map_or(0, |at| at + 1);
    let until = text[from..].find("\n# ── ").map_or(text.len(), |at| from + at);
    text[from..until].trim_end()
}

/// Refuses to go on when one of the files is there already.
///
/// # Errors
/// [`Failure::File`] with the file's name.
pub(super) fn refuse_existing<'a>(files: impl IntoIterator<Item = &'a PathBuf>, force: bool) -> Result<(), Failure> {
    for path in files {
        // A link to nowhere is something that somebody put there, too.
        if !force && fs::symlink_metadata(path).is_ok() {
            return Err(Failure::File(format!(
                "{} is there already and stays as it is; --force replaces it, --config FILE names another place{}",
                path.display(),
                // A secret is no configuration.
                if path.extension().is_some_and(|end| end == "toml") {
                    ", --add-source adds a source to it"
                } else {
                    ""
                }
            )));
        }
    }
    Ok(())
}

/// Writes the configuration, for others to read as the account's files usually are.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write_configuration(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    write(path, text.as_bytes(), force, 0o644)
}

/// Adds to a configuration, whose owner and mode stay as they are.
///
/// # Errors
/// When it cannot be written.
pub(super) fn append(path: &Path, text: &str) -> Result<(), Failure> {
    let whole = || {
        let mut file = OpenOptions::new().append(true).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    whole().map_err(|e| Failure::File(format!("{}: cannot be written: {e}", path.display())))
}

/// Writes a secret, for its owner alone.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write_secret(path: &Path, secret: &SecretString, force: bool) -> Result<(), Failure> {
    write(path, format!("{}\n", secret.expose_secret()).as_bytes(), force, 0o600)
}

/// A file that is replaced is replaced as a whole, and the new one never has the old one's mode.
fn write(path: &Path, bytes: &[u8], force: bool, mode: u32) -> Result<(), Failure> {
    let wrong = |e: &io::Error| Failure::File(format!("{}: cannot be written: {e}", path.display()));
    let whole = |target: &Path| {
        let mut file = create(target, mode)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    if !force {
        return whole(path).map_err(|e| wrong(&e));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", uuid::Uuid::new_v4().simple()));
    let beside = path.with_file_name(name);
    whole(&beside).and_then(|()| fs::rename(&beside, path)).map_err(|e| {
        // What is left over has a secret in it; that it cannot be removed is not the news.
        let _ = fs::remove_file(&beside);
        wrong(&e)
    })
}

#[cfg(unix)]
fn create(path: &Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Endpoint, Overrides, SecretPlace, SourceTls, load_text};

    fn entries() -> Vec<Entry> {
        let source = |key, value: &str| Entry::text(Section::Source, key, value);
        let odoo = |key, value: &str| Entry::text(Section::Odoo, key, value);
        vec![
            source("host", "sql.example"),
            source("instance", "SQL\"EXPRESS"),
            source("database", "Торговля"),
            source("user", "reader"),
            source("password_file", "polonez.password"),
            source("tls", "trust-any"),
            source("products_query", "SELECT 'a' AS [id]"),
            source("barcodes_query", "SELECT \"b\""),
            Entry {
                section: Section::Source,
                key: "columns",
                value: "{ id = \"i\", name = \"n\", price = \"p\", barcode = \"b\" }".to_owned(),
            },
            odoo("url", "https://odoo.example"),
            odoo("database", "production"),
            odoo("login", "bot"),
            odoo("api_key_file", "odoo.key"),
        ]
    }

    #[test]
    fn what_is_filled_in_is_what_is_read() {
        let text = filled("polonez-2", &entries());
        let nothing = |_: &str| None;
        let settings = load_text(Path::new("/etc/erpsync/sync.toml"), &text, &Overrides::default(), &nothing).unwrap();
        let (name, source) = settings.sources.first_key_value().unwrap();
        assert_eq!((name.as_str(), settings.sources.len()), ("polonez-2", 1));
        assert_eq!((source.host.as_str(), source.database.as_str()), ("sql.example", "Торговля"));
        assert_eq!(source.endpoint, Endpoint::Instance("SQL\"EXPRESS".to_owned()));
        assert_eq!(source.tls, SourceTls::TrustAny);
        assert_eq!(source.password.place(), Some(&SecretPlace::File("/etc/erpsync/polonez.password".into())));
        assert_eq!(
            (source.products_query.as_str(), source.barcodes_query.as_deref()),
            ("SELECT 'a' AS [id]", Some("SELECT \"b\""))
        );
        assert_eq!((source.columns.id.as_str(), source.columns.barcode.as_str()), ("i", "b"));
        assert_eq!(settings.odoo.url.as_str(), "https://odoo.example/");
        assert_eq!((settings.odoo.database.as_str(), settings.odoo.login.as_deref()), ("production", Some("bot")));
        assert_eq!(settings.odoo.api_key.place(), Some(&SecretPlace::File("/etc/erpsync/odoo.key".into())));
    }

    #[test]
    fn everything_else_stands_as_it_is() {
        let text = filled("polonez-2", &entries());
        assert_eq!(text.lines().count(), EXAMPLE.lines().count());
        assert!(text.contains("ERPSYNC_SOURCE_POLONEZ_2_PASSWORD") && !text.contains("ERPSYNC_SOURCE_SHOP"));
        assert!(text.contains("[sources.polonez-2.create]") && !text.contains("[sources.shop"));
        assert!(text.contains("#port = 1433"), "a key that is not filled in keeps its #");
        let same = EXAMPLE.lines().zip(text.lines()).filter(|(a, b)| a == b).count();
        assert!(same + 25 > EXAMPLE.lines().count(), "{same}");
    }

    #[test]
    fn a_source_can_be_taken_out_alone() {
        let text = filled("polonez-2", &entries());
        let alone = source_sections(&text);
        assert!(alone.starts_with("[sources.polonez-2]\n") && alone.ends_with("#set_default_code = true"), "{alone}");
        assert!(alone.contains("\n[sources.polonez-2.create]\n") && !alone.contains("[odoo]"));
        let both = format!("{}\n\n{alone}\n", filled("shop", &entries()));
        let nothing = |_: &str| None;
        let settings = load_text(Path::new("/etc/erpsync/sync.toml"), &both, &Overrides::default(), &nothing).unwrap();
        assert_eq!(settings.sources.keys().map(ToString::to_string).collect::<Vec<_>>(), ["polonez-2", "shop"]);
    }

    #[test]
    fn nothing_is_overwritten_without_force() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("odoo.password");
        write_secret(&path, &"one".to_owned().into(), false).unwrap();
        assert!(refuse_existing([&path], false).unwrap_err().to_string().contains("--force replaces it"));
        refuse_existing([&path], true).unwrap();
        assert!(write_secret(&path, &"two".to_owned().into(), false).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
        write_secret(&path, &"two".to_owned().into(), true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("odoo.password");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        write_secret(&path, &"two".to_owned().into(), true).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
