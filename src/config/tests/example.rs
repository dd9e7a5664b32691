//! `sync.toml.example` is documentation that cannot go stale.

use super::super::document::Document;
use super::super::environment::SourceVariable;
use super::super::keys;
use super::*;
use crate::catalog::SourceName;

const EXAMPLE: &str = include_str!("../../../sync.toml.example");

/// The example with every optional key in force: `#key = …` is a key, `# words` are words.
fn uncommented() -> String {
    let is_key = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase());
    let lines = EXAMPLE.lines().map(|line| line.strip_prefix('#').filter(|rest| is_key(rest)).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn it_loads_as_it_stands() {
    let settings = load(EXAMPLE).unwrap();
    assert_eq!(settings.sources.len(), 1);
    assert_eq!(settings.warnings, Vec::<String>::new());
}

#[test]
fn it_parses_with_every_key_in_force() {
    Document::new("sync.toml.example", &uncommented()).parse().unwrap();
}

/// All tables that a section's path leads to; `NAME` stands for any name.
fn tables<'a>(table: &'a toml::Table, section: &[&str]) -> Vec<&'a toml::Table> {
    let Some((first, rest)) = section.split_first() else { return vec![table] };
    let steps = table.iter().filter(|(key, _)| *first == "NAME" || key == first);
    steps.filter_map(|(_, value)| value.as_table()).flat_map(|inner| tables(inner, rest)).collect()
}

#[test]
fn it_has_every_key_that_the_code_knows() {
    let table: toml::Table = uncommented().parse().unwrap();
    let mut seen = 0;
    for (section, keys) in keys::sections() {
        let tables = tables(&table, section);
        assert!(!tables.is_empty() && !keys.is_empty(), "{section:?}");
        for key in keys {
            assert!(tables.iter().all(|table| table.contains_key(*key)), "{section:?} has no {key}");
            seen += 1;
        }
    }
    assert!(seen > 60, "only {seen} keys");
}

/// The keys whose comment says that they have no default; all others show it.
pub(super) const NO_DEFAULT: [(&[&str], &[&str]); 5] = [
    (&["sources", "shop"], &["instance", "password_env", "password_file", "password_credential", "ca_file"]),
    (&["sources", "shop", "create"], &["category", "taxes", "unit"]),
    (
        &["odoo"],
        &[
            "password_env",
            "password_file",
            "password_credential",
            "api_key_env",
            "api_key_file",
            "api_key_credential",
            "company",
            "ca_file",
        ],
    ),
    (&["sync"], &["lock_file"]),
    (&["report"], &["metrics_file", "ping_url_env", "ping_url_file", "ping_url_credential"]),
];

#[test]
fn the_defaults_that_it_shows_are_the_defaults() {
    let mut table: toml::Table = uncommented().parse().unwrap();
    for (section, keys) in NO_DEFAULT {
        let table = section.iter().fold(&mut table, |table, step| table[*step].as_table_mut().unwrap());
        for key in keys {
            assert!(table.remove(*key).is_some(), "{section:?} {key}");
        }
    }
    assert_eq!(load(&toml::to_string(&table).unwrap()).unwrap(), load(EXAMPLE).unwrap());
}

#[test]
fn it_names_every_variable() {
    let shop = SourceName::parse("shop").unwrap();
    let of_source = SourceVariable::ALL.map(|variable| variable.name(&shop));
    for name in of_source.iter().map(String::as_str).chain(super::OTHER_VARIABLES) {
        assert!(EXAMPLE.contains(name), "{name}");
    }
}
