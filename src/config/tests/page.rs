//! `docs/configuration.md` is checked like the example: its keys, defaults, words and ranges are the code's.

use std::collections::BTreeSet;

use super::super::document::Document;
use super::super::environment::SourceVariable;
use super::super::keys;
use super::example::NO_DEFAULT;
use super::*;
use crate::catalog::SourceName;

const PAGE: &str = include_str!("../../../docs/configuration.md");

struct Row {
    section: Vec<&'static str>,
    key: &'static str,
    value: &'static str,
    default: &'static str,
}

/// The rows of the tables below the headings that name a section.
fn rows() -> Vec<Row> {
    let mut section = None;
    let mut out = Vec::new();
    for line in PAGE.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let name = heading.strip_prefix("`[").and_then(|rest| rest.strip_suffix("]`"));
            section = name.map(|name| name.split('.').collect::<Vec<_>>());
        }
        let (Some(section), Some(cells)) = (&section, line.strip_prefix("| `")) else { continue };
        let cells: Vec<&str> = cells.trim_end_matches(" |").split(" | ").collect();
        let [key, value, default, _] = cells[..] else { panic!("four columns: {line}") };
        out.push(Row { section: section.clone(), key: key.trim_end_matches('`'), value, default });
    }
    out
}

impl Row {
    fn name(&self) -> String {
        format!("[{}] {}", self.section.join("."), self.key)
    }

    /// The small file with this key set.
    fn set(&self, value: &str) -> Result<Settings, ConfigError> {
        let mut table: toml::Table = SMALL.parse().unwrap();
        let mut at = &mut table;
        for step in &self.section {
            let step = match *step {
                "NAME" if self.section[0] == "sources" => "polonez",
                "NAME" => "max_create",
                step => step,
            };
            at = at.entry(step).or_insert_with(|| toml::Table::new().into()).as_table_mut().unwrap();
        }
        let line: toml::Table =
            format!("{} = {value}", self.key).parse().unwrap_or_else(|e| panic!("{}: {e}", self.name()));
        at.extend(line);
        load(&toml::to_string(&table).unwrap())
    }

    fn refused(&self, value: &str) -> Option<String> {
        self.set(value).err().map(|error| error.to_string())
    }
}

/// What stands between the marks.
fn quoted(text: &str, mark: char) -> BTreeSet<String> {
    text.split(mark).skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn it_has_every_key_and_no_other() {
    let rows = rows();
    let mut sections = Vec::new();
    for (section, keys) in keys::sections() {
        if section.is_empty() {
            let top: BTreeSet<&str> = rows.iter().map(|row| row.section[0]).collect();
            assert_eq!(top, keys.iter().copied().collect(), "the sections");
            continue;
        }
        let listed: Vec<&str> = rows.iter().filter(|row| row.section == section).map(|row| row.key).collect();
        assert_eq!(listed, keys, "[{}], in the order of the code", section.join("."));
        sections.push(section.to_vec());
    }
    let strange: Vec<String> = rows.iter().filter(|row| !sections.contains(&row.section)).map(Row::name).collect();
    assert_eq!(strange, Vec::<String>::new());
}

#[test]
fn the_defaults_that_it_states_are_the_defaults() {
    let usual = load(SMALL).unwrap();
    let mut none = BTreeSet::new();
    let mut stated = 0;
    for row in rows() {
        match row.default {
            "needed" => {
                let without: String =
                    SMALL.split_inclusive('\n').filter(|line| !line.starts_with(&format!("{} = ", row.key))).collect();
                assert!(matches!(load(&without), Err(ConfigError::MissingKey { .. })), "{}", row.name());
            }
            "none" => assert!(none.insert(row.name())),
            "as above" => assert_eq!(row.section, ["sync", "guards", "NAME"], "{}", row.name()),
            default => {
                let value = default.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
                let value = value.unwrap_or_else(|| panic!("{}: {default} is no value", row.name()));
                assert_eq!(row.set(value).unwrap(), usual, "{} = {value}", row.name());
                stated += 1;
            }
        }
    }
    assert!(stated > 40, "only {stated} defaults");
    let mut known: BTreeSet<String> = NO_DEFAULT
        .iter()
        .flat_map(|(section, keys)| {
            let section = section.join(".").replace(".shop", ".NAME");
            keys.iter().map(move |key| format!("[{section}] {key}"))
        })
        .collect();
    known.insert("[odoo] login".to_owned());
    assert_eq!(none, known);
}

#[test]
fn the_words_that_it_allows_are_the_words() {
    let mut enums = 0;
    for row in rows() {
        let wrong = if row.value.starts_with("list of ") { "[\"no such word\"]" } else { "\"no such word\"" };
        let told = row.refused(wrong).unwrap_or_default();
        let told = told.split_once("unknown value").and_then(|(_, rest)| rest.split_once("expected"));
        let listed: BTreeSet<String> =
            quoted(row.value, '`').into_iter().filter(|word| word.starts_with('"')).collect();
        match told {
            Some((_, words)) => {
                let known: BTreeSet<String> = quoted(words, '`').iter().map(|word| format!("{word:?}")).collect();
                assert_eq!(listed, known, "{}: {words}", row.name());
                enums += 1;
            }
            None => assert!(listed.iter().all(|word| row.set(&format!("[{word}]")).is_ok()), "{}", row.name()),
        }
    }
    assert_eq!(enums, 18, "keys with words of their own");
}

#[test]
fn the_ranges_that_it_gives_are_the_ranges() {
    let mut ranges = 0;
    for row in rows() {
        let told =
            row.refused("-1").and_then(|told| told.split_once("is not between ").map(|(_, range)| range.to_owned()));
        let told = told.map(|range| range.replace(" and ", " to "));
        let stated = row.value.rsplit(", ").next().filter(|value| value.contains(" to "));
        assert_eq!(stated.map(str::to_owned), told, "{}", row.name());
        ranges += usize::from(told.is_some());
    }
    assert_eq!(ranges, 14, "keys with a range");
}

#[test]
fn its_examples_are_understood() {
    let examples: Vec<&str> = PAGE.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() > 9);
    for text in &examples {
        Document::new("docs/configuration.md", text).parse().unwrap_or_else(|e| panic!("{e}\n{text}"));
    }
    load(examples[0]).unwrap();
}

#[test]
fn it_names_every_variable_and_no_other() {
    let name = SourceName::parse("name").unwrap();
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.filter(|word| word.starts_with("ERPSYNC_")).map(str::to_owned).collect()
    };
    let mut known: BTreeSet<String> = SourceVariable::ALL.map(|variable| variable.name(&name)).into();
    known.extend(super::OTHER_VARIABLES.map(str::to_owned));
    // The administrator's, which no configuration names.
    known.extend(words(include_str!("../../commands/setup.rs")));
    assert_eq!(words(PAGE), known);
}
