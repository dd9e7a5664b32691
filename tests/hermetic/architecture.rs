//! Which module may use which: the table in `src/lib.rs`, checked against the `use`s and paths in the sources.

use std::fs;
use std::path::Path;

/// Module → ours that it may use.
const RULES: [(&str, &[&str]); 10] = [
    ("catalog", &[]),
    ("plan", &["catalog"]),
    ("check", &["catalog"]),
    ("mssql", &["catalog"]),
    ("odoo", &["catalog"]),
    ("render", &["catalog", "plan", "apply::report", "check"]),
    ("config", &["catalog", "plan"]),
    ("apply", &["catalog", "plan", "odoo"]),
    ("commands", &["catalog", "plan", "check", "mssql", "odoo", "render", "config", "apply"]),
    ("cli", &["catalog", "plan", "check", "mssql", "odoo", "render", "config", "apply", "commands"]),
];

/// What makes code impure. `catalog`, `plan` and `check` must not name any of it.
const IMPURE: [&str; 12] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::io",
    "std::time",
    "std::process",
    "std::thread",
    "async ",
    ".await",
    "tokio",
    "chrono",
    "println!",
];

fn sources(dir: &Path, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let code: String = fs::read_to_string(&path)
                .unwrap()
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .flat_map(|line| [line, "\n"])
                .collect();
            out.push((path.display().to_string(), code));
        }
    }
}

fn module(name: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name), &mut out);
    assert!(!out.is_empty(), "src/{name} has no sources");
    out
}

#[test]
fn modules_use_only_what_they_may() {
    for (name, allowed) in RULES {
        for (path, code) in module(name) {
            for (at, _) in code.match_indices("crate::") {
                let rest = &code[at + "crate::".len()..];
                let used: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
                let first = used.split("::").next().unwrap_or_default();
                let may = first == name || allowed.iter().any(|a| used == *a || used.starts_with(&format!("{a}::")));
                assert!(may, "{path} uses crate::{used}; {name} may use {allowed:?}");
            }
        }
    }
}

#[test]
fn every_module_has_a_rule() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';'));
    for name in modules {
        assert!(RULES.iter().any(|(module, _)| *module == name), "src/lib.rs has module {name} without a rule");
        assert!(lib.contains(&format!("| [`{name}`] |")), "{name} is not on the map in src/lib.rs");
    }
}

#[test]
fn the_core_is_pure() {
    for name in ["catalog", "plan", "check"] {
        for (path, code) in module(name) {
            for word in IMPURE {
                assert!(!code.contains(word), "{path} has {word:?}; {name} is pure");
            }
        }
    }
}

#[test]
fn no_dry_run_below_the_commands() {
    for name in ["catalog", "plan", "check", "mssql", "odoo", "apply", "render", "config"] {
        for (path, code) in module(name) {
            assert!(!code.contains("dry_run"), "{path} knows of dry runs; only commands may");
        }
    }
}

#[test]
fn only_the_configuration_reads_the_environment() {
    for (name, _) in RULES.iter().filter(|(name, _)| *name != "config") {
        for (path, code) in module(name) {
            for word in ["env::var", "env::vars", "env::set_var"] {
                assert!(!code.contains(word), "{path} reads the environment by {word}; only config may");
            }
        }
    }
}
