//! Whoever is told what to do does it word for word. Every remedy in a message is found in the sources and tried: settings as
//! configuration, commands by the command line's parser, modes of files by the shell. T-SQL stands in one place
//! (`src/mssql/remedies.rs`), whose own tests run it; no message elsewhere may have any.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use erpsync::config::{self, Overrides};

/// A text in quotes in the sources.
struct Text {
    path: String,
    text: String,
}

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_test = name == "tests" || name.ends_with("_tests") || name.ends_with("tests.rs");
        if path.is_dir() && !is_test {
            sources(&path, out);
        } else if name.ends_with(".rs") && !is_test {
            out.push(path);
        }
    }
}

/// All texts of the library that are no tests'.
fn texts() -> Vec<Text> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    let mut out = Vec::new();
    for path in paths {
        let code = fs::read_to_string(&path).unwrap();
        let code = code.split("#[cfg(test)]\nmod tests").next().unwrap();
        let path = path.strip_prefix(&root).unwrap().display().to_string();
        out.extend(literals(code).into_iter().map(|text| Text { path: path.clone(), text }));
    }
    assert!(out.len() > 3_000, "{}", out.len());
    out
}

/// The texts in a piece of Rust, as they are when it runs.
fn literals(code: &str) -> Vec<String> {
    let bytes = code.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let rest = &code[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("r#\"") || rest.starts_with("r\"") {
            let hashes = rest[1..].bytes().take_while(|b| *b == b'#').count();
            let end = format!("\"{}", "#".repeat(hashes));
            let begin = hashes + 2;
            let length = rest[begin..].find(&end).unwrap();
            out.push(rest[begin..begin + length].to_owned());
            at += begin + length + end.len();
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let (text, length) = unescaped(quoted);
            out.push(text);
            at += length + 2;
        } else if let Some(escaped) = rest.strip_prefix("'\\") {
            // A character that is escaped; any other one in quotes has no double quote in it but '"'.
            at += 2 + escaped.find('\'').unwrap().max(1) + 1;
        } else if rest.starts_with("'\"'") {
            at += 3;
        } else {
            at += rest.chars().next().unwrap().len_utf8();
        }
    }
    out
}

/// A text up to its closing quote, and how long it is in the sources.
fn unescaped(code: &str) -> (String, usize) {
    let mut out = String::new();
    let mut chars = code.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, at),
            '\\' => match chars.next().unwrap().1 {
                '\n' => while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'u' => {
                    let code: String = chars.by_ref().map(|(_, c)| c).take_while(|c| *c != '}').collect();
                    let code = u32::from_str_radix(code.trim_start_matches('{'), 16).unwrap();
                    out.extend(char::from_u32(code));
                }
                other => out.push(other),
            },
            c => out.push(c),
        }
    }
    panic!("a text without an end");
}

#[test]
fn texts_are_found_in_the_sources() {
    let code = "let a = \"one \\\"two\\\"\"; // \"none\"\nlet b = r#\"three \"four\"\"#; let c = '\"'; let d = '\\''; \"five \\\n   six\"";
    assert_eq!(literals(code), ["one \"two\"", "three \"four\"", "five six"]);
}

/// Where T-SQL is at home.
const OWN: [&str; 4] = ["mssql/remedies.rs", "mssql/sql.rs", "commands/init/guess.rs", "config/resolve/source.rs"];

/// T-SQL that a person would have to write or run: nowhere but among the remedies. What is sent, and what is proposed to be
/// read, is no remedy.
#[test]
fn sql_stands_among_the_remedies() {
    const WORDS: [&str; 14] = [
        "CAST(",
        "CONVERT(",
        "REPLACE(",
        "NULLIF(",
        "COALESCE(",
        "ISNULL(",
        "ALTER DATABASE",
        "ALTER LOGIN",
        "CREATE LOGIN",
        "CREATE USER",
        "GRANT ",
        "EXEC ",
        "SELECT name",
        "AS [",
    ];
    let mut seen = 0;
    for Text { path, text } in texts() {
        let found = WORDS.iter().find(|word| text.contains(*word));
        if OWN.contains(&path.as_str()) {
            seen += usize::from(found.is_some());
        } else if !path.starts_with("odoo/") {
            // What goes to PostgreSQL is none of a person's business.
            assert!(found.is_none(), "{path}: {text:?} has T-SQL of its own; put it into src/mssql/remedies.rs");
        }
    }
    assert!(seen > 20, "{seen}");
}

/// What stands in a message for what is known when it is told.
fn sample(key: &str) -> Option<&'static str> {
    Some(match key {
        "host" | "database" | "user" | "login" | "id" | "name" | "price" | "barcode" => "\"sample\"",
        "instance" => "\"SQLEXPRESS\"",
        "port" => "1433",
        "url" => "\"https://odoo.example.com\"",
        _ => return None,
    })
}

/// The settings in a text, as `key = value`: what comes before ` = ` as a key, and behind it a word of TOML.
fn settings(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices(" = ") {
        let before = &text[..at];
        let key = before.rsplit(|c: char| !(c.is_ascii_lowercase() || c == '_')).next().unwrap_or_default();
        let after = &text[at + 3..];
        let end = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => after[1..].find(quote).map(|end| end + 2),
            Some('{') => after.find('}').map(|end| end + 1),
            Some('[') => after.find(']').map(|end| end + 1),
            _ => after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).or(Some(after.len())),
        };
        let (false, Some(end @ 1..)) = (key.is_empty(), end) else { continue };
        out.push((key.to_owned(), after[..end].to_owned()));
    }
    out
}

const SECTIONS: [&str; 8] = [
    "[sources.shop]",
    "[odoo]",
    "[sync]",
    "[report]",
    "[sources.shop.columns]",
    "[sources.shop.create]",
    "[sync.guards]",
    "[sync.max_price_change]",
];

#[test]
fn settings_are_understood() {
    // The words of other languages that look the same: Rust's own, PostgreSQL's, the shell's and HTML's.
    const ELSEWHERE: [&str; 3] = ["odoo/", "render/html", "render/metrics.rs"];
    let small = "[sources.shop]\nhost = \"sql\"\ndatabase = \"Trade\"\nuser = \"reader\"\n[odoo]\nurl = \"https://odoo.example.com\"\ndatabase = \"shop\"\n";
    let nothing = |_: &str| None;
    let load = |text: &str| config::load_text(Path::new("sync.toml"), text, &Overrides::default(), &nothing);
    load(small).unwrap();
    let mut tried = BTreeSet::new();
    for Text { path, text } in texts() {
        if ELSEWHERE.iter().chain(&OWN).any(|other| path.starts_with(other)) {
            continue;
        }
        for (key, value) in settings(&text) {
            let value = if value.contains(['{', '…']) && !value.contains(" = ") {
                sample(&key)
                    .unwrap_or_else(|| panic!("{path}: {text:?}: what would stand at {key} = {value}?"))
                    .to_owned()
            } else {
                value
            };
            // The file of a certificate that is believed has to be there, which is not what is tried here.
            let certificate = format!("ca_file = {:?}\n", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
            let beside = if value == "\"ca-file\"" { certificate.as_str() } else { "" };
            let understood = SECTIONS.iter().any(|section| {
                let line = format!("{key} = {value}\n{beside}");
                let without: String = small
                    .split_inclusive('\n')
                    .scan("", |at, line| {
                        *at = if line.starts_with('[') { line.trim() } else { *at };
                        Some((*at, line))
                    })
                    .filter(|(at, line)| !(at == section && line.starts_with(&format!("{key} = "))))
                    .map(|(_, line)| line)
                    .collect();
                let text = match without.contains(section) {
                    true => without.replacen(&format!("{section}\n"), &format!("{section}\n{line}"), 1),
                    false => format!("{without}{section}\n{line}"),
                };
                load(&text).is_ok()
            });
            assert!(understood, "{path}: {text:?} tells to write {key} = {value}, which is not understood");
            tried.insert(format!("{key} = {value}"));
        }
    }
    for expected in
        ["isolation = \"read-committed\"", "read_intent = false", "tls = \"trust-any\"", "damaged_names = \"keep\""]
    {
        assert!(tried.contains(expected), "{expected} is not among {tried:?}");
    }
}

/// Every command that a message names, between backticks or in a line of its own.
#[test]
fn commands_are_understood() {
    let mut tried = BTreeSet::new();
    for Text { path, text } in texts() {
        // How the configuration is named, and secrets before the command, are the shell's business.
        let text = text.replace("erpsync{config}", "erpsync").replace("ERPSYNC_ODOO_ADMIN_PASSWORD=… ", "");
        let quoted = text.split('`').skip(1).step_by(2).filter(|part| part.starts_with("erpsync "));
        let lines = text.lines().map(str::trim).filter(|line| line.starts_with("erpsync ") && !text.contains('`'));
        for command in quoted.chain(lines) {
            // A sentence about the program is no command.
            let word = command.split(' ').nth(1).unwrap_or_default();
            if erpsync::cli::command().find_subcommand(word).is_none() {
                assert!(!text.contains(&format!("`{command}`")), "{path}: there is no command {word}: {text:?}");
                continue;
            }
            let words: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).collect();
            let filled = words.iter().copied().enumerate().map(|(at, word)| match word {
                // A choice is a word of its own; a number does for whatever else stands there.
                _ if at > 0 && words[at - 1] == "--choose" => "keep",
                word if word.contains('{') => "7",
                "N" => "7",
                "KEY" | "LOGIN" | "FILE" | "NAME" | "CODE" | "PRODUCT" => "sample",
                word => word,
            });
            let words: Vec<&str> = filled.collect();
            if let Err(error) = erpsync::cli::command().try_get_matches_from(&words) {
                panic!("{path}: {command:?} is not understood: {error}");
            }
            tried.insert(command.to_owned());
        }
    }
    assert!(tried.iter().any(|command| command.starts_with("erpsync setup")), "{tried:?}");
    assert!(tried.len() > 15, "{tried:?}");
}

/// Flags that a message names exist.
#[test]
fn flags_exist() {
    fn flags(command: &clap::Command, out: &mut BTreeSet<String>) {
        out.extend(command.get_arguments().filter_map(|arg| arg.get_long()).map(|long| format!("--{long}")));
        command.get_subcommands().for_each(|sub| flags(sub, out));
    }
    let mut known = BTreeSet::from(["--help".to_owned(), "--version".to_owned()]);
    let command = erpsync::cli::command();
    flags(&command, &mut known);
    let mut tried = BTreeSet::new();
    for Text { path, text } in texts() {
        for (at, _) in text.match_indices("--") {
            let before = text[..at].chars().next_back();
            let flag: String = text[at..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            let begins = text[at + 2..].starts_with(|c: char| c.is_ascii_lowercase());
            if before.is_some_and(|c| !" (`,/\n[".contains(c)) || !begins || path.starts_with("render/html") {
                continue;
            }
            assert!(known.contains(&flag), "{path}: there is no flag {flag}: {text:?}");
            tried.insert(flag);
        }
    }
    assert!(tried.contains("--first-run") && tried.contains("--replace"), "{tried:?}");
}

/// A mode that a message tells to set is one that the warning is content with.
#[cfg(unix)]
#[test]
fn modes_settle_what_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let password = dir.path().join("password");
    fs::write(&password, "s3cret\n").unwrap();
    let path = dir.path().join("sync.toml");
    let text = format!(
        "[sources.shop]\nhost = \"sql\"\ndatabase = \"Trade\"\nuser = \"reader\"\npassword_file = {:?}\n[odoo]\nurl = \"https://odoo.example.com\"\ndatabase = \"shop\"\n",
        password.display().to_string()
    );
    let warnings = || {
        let nothing = |_: &str| None;
        config::load_text(&path, &text, &Overrides::default(), &nothing).unwrap().warnings
    };
    for mode in [0o644, 0o604, 0o666, 0o646] {
        fs::set_permissions(&password, fs::Permissions::from_mode(mode)).unwrap();
        // Each tells of one thing; after all that is told there is nothing left.
        for _ in 0..3 {
            let told = warnings();
            let Some(warning) = told.first() else { break };
            let command = warning.split("; ").find(|part| part.starts_with("chmod ")).expect(warning);
            let command = command.split(", or ").next().unwrap();
            let status = std::process::Command::new("/bin/sh").args(["-c", command]).status().unwrap();
            assert!(status.success(), "{command}");
        }
        assert_eq!(warnings(), [""; 0], "{mode:o}");
    }
}
