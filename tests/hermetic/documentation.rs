//! Every command in the documentation is run, as it stands there, by the built binary against stand-ins; links lead
//! somewhere; messages are quoted as they are printed.
//!
//! What a page leaves to its reader – `N`, `KEY`, hosts, secrets – is filled in from the tables below. What cannot be run here
//! (compilers, real servers, hours of measurements) is a stand-in of its own, and what it names must exist.

#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::SOURCE_PASSWORD;
use crate::common::docs::{Called, Desk, after_fields, blocks, commands, first_day, programs, read, root};
use crate::common::shop::{Product, Shop};
use crate::common::standin::{API_KEY, Stage};
use crate::common::target::SYNC_PASSWORD;
use serde_json::Value;

/// Programs that are not run here, besides the scripts of this repository. What they are given is looked at instead, in
/// [`it_exists`].
const OTHERS: [&str; 6] = ["cargo", "apt", "apt-get", "dpkg", "systemctl", "journalctl"];

/// Blocks that have a test of their own.
const CHAPTERS_APART: [(&str, &str); 2] = [("README.md", "The first day"), ("docs/README.ru.md", "Первый день")];

/// All pages, by their paths.
fn pages() -> Vec<String> {
    let mut out: Vec<String> = ["README.md", "CHANGELOG.md", "fuzz/README.md"].map(str::to_owned).into();
    let mut found: Vec<String> = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| format!("docs/{}", entry.unwrap().file_name().into_string().unwrap()))
        .filter(|name| name.ends_with(".md"))
        .collect();
    found.sort();
    assert!(found.len() > 8);
    out.extend(found);
    out
}

/// The statuses that a command of the documentation may end with on a day like any other.
fn expected(args: &str) -> &'static [i32] {
    let words: Vec<&str> = args.split(' ').collect();
    match words[..] {
        _ if words.contains(&"--dry-run") => &[0, 2, 3],
        ["show", ..] => &[0, 2, 3],
        ["import-products" | "sync-prices" | "apply" | "revert" | "check-barcodes", ..] => &[0, 3],
        ["deferred", "list", ..] => &[0, 3],
        _ => &[0],
    }
}

#[track_caller]
fn as_documented(place: &str, script: &str, run: &crate::common::Run, called: &[Called]) {
    assert!(!run.stderr.contains("not found"), "{place}: a program that is not known here: {run:#?}");
    for call in called {
        if call.program == "erpsync" {
            let expected = expected(&call.args);
            assert!(
                expected.contains(&call.status),
                "{place}: erpsync {}: {} is none of {expected:?}\n{run:#?}",
                call.args,
                call.status
            );
        } else {
            it_exists(place, &call.program, &call.args);
        }
    }
    let written: Vec<String> =
        commands(script).iter().flat_map(|line| programs(line)).map(|program| program[0].clone()).collect();
    let count = |name: &str| {
        let of = |program: &&String| program.as_str() == name || program.ends_with(&format!("/{name}"));
        written.iter().filter(of).count()
    };
    let ran = called.iter().filter(|call| call.program == "erpsync").count();
    assert_eq!(ran, count("erpsync"), "{place}: not all was run: {called:#?}\n{run:#?}");
}

/// The tests, examples and scripts that a command names.
#[track_caller]
fn it_exists(place: &str, program: &str, args: &str) {
    let words: Vec<&str> = args.split_whitespace().collect();
    if program.contains('/') {
        assert!(root().join(program).is_file(), "{place}: there is no {program}");
        let text = read(program) + &all_text("benches");
        for flag in words.iter().filter(|word| word.starts_with("--")) {
            assert!(text.contains(flag.trim_start_matches("--")), "{place}: {program} has no {flag}");
        }
        return;
    }
    if program != "cargo" {
        let units = words.iter().filter(|word| word.ends_with(".service") || word.ends_with(".timer"));
        for unit in units {
            assert!(root().join("examples/systemd").join(unit).is_file(), "{place}: there is no unit {unit}");
        }
        return;
    }
    let known = ["test", "bench", "run", "install", "doc", "fmt", "clippy", "deny"];
    assert!(known.contains(words.first().unwrap_or(&"")), "{place}: cargo {args}");
    let mut rest = words[1..].iter();
    let mut target: Option<String> = None;
    let takes_value =
        ["--test", "--bench", "--example", "--path", "--profile", "--root", "--version", "--test-threads"];
    while let Some(word) = rest.next() {
        let value = if takes_value.contains(word) { rest.next().copied().unwrap_or_default() } else { "" };
        let value = value.trim_matches('\'');
        match *word {
            "--test" if value.ends_with('*') => {
                let stem = value.trim_end_matches('*');
                let names = fs::read_dir(root().join("tests")).unwrap().map(|e| e.unwrap().file_name());
                assert!(names.into_iter().any(|n| n.to_string_lossy().starts_with(stem)), "{place}: {value}");
            }
            "--test" | "--bench" | "--example" => {
                let directory = match *word {
                    "--test" => "tests",
                    "--bench" => "benches",
                    _ => "examples",
                };
                let path = |rest: &str| root().join(directory).join(format!("{value}{rest}"));
                assert!(
                    path(".rs").is_file() || path("/main.rs").is_file(),
                    "{place}: there is no {directory}/{value}"
                );
                target = Some(if path(".rs").is_file() {
                    fs::read_to_string(path(".rs")).unwrap()
                } else {
                    all_text(&format!("{directory}/{value}"))
                });
            }
            "--profile" => assert!(read("Cargo.toml").contains(&format!("[profile.{value}]")), "{place}: {value}"),
            "--path" => assert!(root().join(value).join("Cargo.toml").is_file(), "{place}: {value}"),
            flag if flag.starts_with("--") => {
                let known =
                    ["--", "--ignored", "--nocapture", "--locked", "--open", "--test-threads", "--root", "--version"];
                assert!(known.contains(&flag), "{place}: cargo {args}: {flag}?");
            }
            "cargo-fuzz" | "check" => {}
            filter => {
                let text = target.clone().unwrap_or_else(|| all_text("src"));
                // A macro makes names, so any word will do.
                let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
                let found = filter.split("::").all(|part| words.iter().any(|word| word.contains(part)));
                assert!(found, "{place}: no test is called {filter}");
            }
        }
    }
}

/// Everything in Rust below a directory.
fn all_text(directory: &str) -> String {
    let mut out = String::new();
    let mut waiting = vec![root().join(directory)];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            out += &fs::read_to_string(path).unwrap();
        }
    }
    out
}

/// A script of this repository.
fn is_ours(program: &str) -> bool {
    program.contains('/') && !program.starts_with(['/', '$', '~']) && root().join(program).is_file()
}

/// A block for a machine's administrator is not run: it is about the machine.
fn is_for_root(script: &str) -> bool {
    script.contains("/etc/")
}

/// A shop at work: imported, then the source lists a code twice and two prices jump, so that something waits.
struct World {
    stage: Stage,
    desk: Desk,
    words: BTreeMap<&'static str, String>,
}

impl World {
    fn new() -> Self {
        let stage = Stage::new(19);
        let desk = Desk::new();
        for program in OTHERS {
            desk.program(&format!(".cargo/bin/{program}"), "true");
        }
        let mut shop = Shop::new(20);
        shop.product(1001).barcodes = vec!["4006381333931".to_owned()];
        shop.write(&stage.bench);
        stage.bench.import(&["-q", "--first-run"]).expect(0);
        shop.product(1006).barcodes = vec!["4006381333948".to_owned()];
        for id in [1005, 1007] {
            shop.product(id).price = "5000".to_owned();
        }
        shop.products.insert(
            2001,
            Product { name: "Mate".to_owned(), price: "4".to_owned(), barcodes: vec!["4006381333948".to_owned()] },
        );
        shop.write(&stage.bench);
        stage.bench.import(&["-q"]).expect(3);
        let list = stage.bench.run(&["deferred", "list", "--format", "json"]).expect(3);
        let list: Value = serde_json::from_str(&list.stdout).unwrap();
        let numbers = |kind: &str| -> Vec<String> {
            let all = list["records"].as_array().unwrap().iter();
            all.filter(|one| one["kind"] == kind).map(|one| one["number"].to_string()).collect()
        };
        let (claims, jumps) = (numbers("duplicate-claim"), numbers("price-jump"));
        assert!(!claims.is_empty() && jumps.len() == 2, "{list:#}");
        let runs = stage.bench.run(&["runs", "--format", "json", "--limit", "1"]).expect(0);
        let runs: Value = serde_json::from_str(&runs.stdout).unwrap();
        let key = runs["runs"][0]["run"].as_str().unwrap().to_owned();
        let tail = key.rsplit('-').next().unwrap().to_owned();
        let words = BTreeMap::from([
            (" 12", format!(" {}", claims[0])),
            (" 13 14", format!(" {}", jumps.join(" "))),
            ("KEY", key),
            ("9f0c11", tail),
            ("ADMIN_PASSWORD=…", "ADMIN_PASSWORD=admin".to_owned()),
        ]);
        Self { stage, desk, words }
    }

    fn filled_in(&self, script: &str) -> String {
        self.words.iter().fold(script.to_owned(), |script, (word, value)| script.replace(word, value))
    }

    fn env(&self) -> Vec<(String, String)> {
        let config = self.stage.bench.config().display().to_string();
        let mut env = self.stage.bench.target.secrets.clone();
        env.push(("ERPSYNC_CONFIG".to_owned(), config));
        env.push(("ERPSYNC_SOURCE_POLONEZ_PASSWORD".to_owned(), SOURCE_PASSWORD.to_owned()));
        env
    }
}

#[test]
fn every_command_of_every_page_runs() {
    let mut ran = 0;
    for page in pages() {
        let scripts: Vec<(String, String)> = blocks(&page)
            .into_iter()
            .filter(|block| !CHAPTERS_APART.contains(&(page.as_str(), block.chapter.as_str())))
            .filter_map(|block| Some((block.place.clone(), block.script()?)))
            .filter(|(_, script)| !is_for_root(script))
            .collect();
        if scripts.is_empty() {
            continue;
        }
        let world = World::new();
        for (place, script) in scripts {
            let lines = commands(&script);
            for program in lines.iter().flat_map(|line| programs(line)).filter(|program| is_ours(&program[0])) {
                world.desk.program(&program[0], "true");
            }
            let (run, called) = world.desk.types(&world.filled_in(&script), &world.env());
            as_documented(&place, &script, &run, &called);
            ran += called.iter().filter(|call| call.program == "erpsync").count();
        }
        world.stage.bench.assert_source_untouched();
    }
    assert!(ran > 40, "only {ran} commands");
}

/// The first day, from nothing to a silent hour. On real servers: `tests/real/first_day.rs`.
#[test]
fn the_first_day_of_the_readme() {
    for version in [14, 19] {
        let stage = Stage::without_setup(version);
        let desk = Desk::new();
        Shop::new(20).write(&stage.bench);
        let trust = ("SSL_CERT_FILE".to_owned(), stage.bench.path("ca.pem").display().to_string());
        let secret =
            if version >= 19 { ("ERPSYNC_ODOO_API_KEY", API_KEY) } else { ("ERPSYNC_ODOO_PASSWORD", SYNC_PASSWORD) };
        let secrets = [("ERPSYNC_SOURCE_POLONEZ_PASSWORD", SOURCE_PASSWORD), secret];
        let mut seen = Vec::new();
        for command in first_day("README.md", "The first day") {
            let typed = command
                .replace("sql.example", &format!("localhost,{}", stage.bench.mssql.addr().port()))
                .replace("https://odoo.example", &stage.odoo.url())
                .replace("--odoo-login erpsync", "--odoo-login sync")
                .replace("ADMIN_PASSWORD=…", "ADMIN_PASSWORD=admin");
            let mut env = vec![trust.clone()];
            if command.contains("erpsync init") {
                env.extend(secrets.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            let (run, called) = desk.types(&typed, &env);
            assert!([0, 2].contains(&run.status), "{command}: {run:#?}");
            seen.extend(called.iter().map(|call| format!("{} {}", call.args.split(' ').next().unwrap(), call.status)));
            if command.contains(" -q") {
                assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{command}");
            }
        }
        let expected =
            ["init 0", "setup 2", "setup 0", "doctor 0", "import-products 2", "import-products 0", "import-products 0"];
        assert_eq!(seen, expected, "Odoo {version}");
        assert_eq!(stage.odoo.records("shop", "x_pz_product").len(), 20);
        stage.bench.assert_source_untouched();
    }
}

#[test]
fn both_languages_have_the_same_first_day() {
    let of = |page: &str, chapter: &str| -> Vec<(String, String)> {
        let blocks = blocks(page).into_iter().filter(|block| block.chapter == chapter);
        blocks.map(|block| (block.language, block.text)).collect()
    };
    let english = of("README.md", "The first day");
    assert_eq!(english, of("docs/README.ru.md", "Первый день"));
    assert!(english.len() > 5);
}

/// `examples/crontab` and `examples/systemd` run with the secrets where they say.
#[test]
fn the_examples_for_the_machine_run() {
    let world = World::new();
    let etc = world.desk.path("etc");
    fs::create_dir_all(etc.join("credentials")).unwrap();
    let config = fs::read_to_string(world.stage.bench.config()).unwrap();
    let here = |text: &str| text.replace("/usr/local/bin/", "").replace("/etc/erpsync", &etc.display().to_string());
    let ca = world.stage.bench.path("ca.pem").display().to_string();
    let config = config.replace("\"ca.pem\"", &format!("{ca:?}"));
    fs::write(etc.join("sync.toml"), &config).unwrap();
    fs::write(
        etc.join("secrets"),
        format!(
            "export ERPSYNC_SOURCE_POLONEZ_PASSWORD={:?}\nexport ERPSYNC_ODOO_API_KEY='{API_KEY}'\n",
            SOURCE_PASSWORD
        ),
    )
    .unwrap();
    let crontab = read("examples/crontab");
    let line = crontab.lines().find(|line| line.starts_with(|c: char| c.is_ascii_digit())).unwrap();
    let (run, called) = world.desk.types(&here(after_fields(line, 6)), &[]);
    assert_eq!((called.len(), called[0].status, run.stdout.as_str()), (1, 3, ""), "{run:#?}");

    let unit = read("examples/systemd/erpsync.service");
    let value = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("no {key}"));
    for (name, secret) in [("source", SOURCE_PASSWORD), ("odoo", API_KEY)] {
        assert!(unit.contains(&format!("LoadCredential={name}:/etc/erpsync/credentials/{name}")));
        fs::write(etc.join("credentials").join(name), secret).unwrap();
    }
    let config = config
        .replace("user = \"erpsync\"", "user = \"erpsync\"\npassword_credential = \"source\"")
        .replace("login = \"sync\"", "login = \"sync\"\napi_key_credential = \"odoo\"");
    fs::write(etc.join("sync.toml"), config).unwrap();
    let credentials = ("CREDENTIALS_DIRECTORY".to_owned(), etc.join("credentials").display().to_string());
    let (run, called) = world.desk.types(&here(value("ExecStart=")), &[credentials]);
    assert_eq!((called.len(), called[0].status, run.stdout.as_str()), (1, 3, ""), "{run:#?}");
    assert!(value("SuccessExitStatus=").split(' ').any(|status| status == "3"));
}

/// What stands between backticks in a page's prose and tables, with the page.
fn inline_code() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for page in pages() {
        let mut fenced = false;
        for (number, line) in read(&page).lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if !fenced {
                let spans = line.split('`').skip(1).step_by(2);
                out.extend(spans.map(|span| (format!("{page}:{}", number + 1), span.to_owned())));
            }
        }
    }
    out
}

/// A command that is mentioned is understood, whatever it would do: it is typed where there is no configuration.
#[test]
fn every_command_that_is_mentioned_is_understood() {
    let desk = Desk::new();
    let mut tried = BTreeSet::new();
    let of_root = pages().into_iter().flat_map(|page| blocks(&page)).filter_map(|block| {
        let script = block.script().filter(|script| is_for_root(script))?;
        let erpsync = |line: &String| programs(line).into_iter().find(|program| program[0] == "erpsync");
        let found: Vec<(String, String)> = commands(&script)
            .iter()
            .filter_map(erpsync)
            .map(|program| (block.place.clone(), program.join(" ")))
            .collect();
        Some(found)
    });
    let of_root: Vec<(String, String)> = of_root.flatten().collect();
    for (place, span) in inline_code().into_iter().chain(of_root) {
        if !span.starts_with("erpsync ") || !tried.insert(span.clone()) {
            continue;
        }
        let typed = [("COMMAND", "doctor"), ("KEY", "9f0c11"), (" N", " 7"), ("CODE", "4006381333931"), ("…", "x")]
            .iter()
            .fold(span.clone(), |text, (word, value)| text.replace(word, value));
        let (run, called) = desk.types(&typed, &[]);
        assert_eq!(called.len(), 1, "{place}: {span}: {run:#?}");
        let refused = run.stderr.contains("error:") || run.stderr.contains("see --help");
        // A command that is called by its name alone wants more than its name, and says so.
        let more = ["init needs --host", "needs its password", "required arguments were not provided"];
        let needs_more = more.iter().any(|words| run.stderr.contains(words));
        assert!(!refused || needs_more, "{place}: {span}: {run:#?}");
    }
    assert!(tried.len() > 15, "only {}", tried.len());
}

/// Commands for developers that stand in tables and prose name what there is.
#[test]
fn every_test_that_is_mentioned_exists() {
    let mut seen = 0;
    let sources = all_text("tests") + &all_text("benches");
    for (place, span) in inline_code() {
        let Some(program) = programs(&span).into_iter().next() else { continue };
        let name = program[0].as_str();
        if !is_ours(name) && (name != "cargo" || program.len() < 2) {
            continue;
        }
        it_exists(&place, name, &program[1..].join(" "));
        for variable in span.split([' ', '=']).filter(|word| word.starts_with("ERPSYNC_TEST_")) {
            assert!(sources.contains(variable), "{place}: nobody reads {variable}");
        }
        seen += 1;
    }
    assert!(seen > 10, "only {seen}");
    for (place, span) in inline_code() {
        let is_path =
            span.contains('/') && ["tests/", "src/", "docs/", "examples/", "fuzz/"].iter().any(|d| span.starts_with(d));
        // What a command makes is not there before.
        let made = ["fuzz/artifacts", "docs/images/growth.svg"].contains(&span.as_str());
        if is_path && !made && !span.contains([' ', '*']) {
            assert!(root().join(&span).exists(), "{place}: there is no {span}");
        }
    }
}

/// The flags of all commands, from their own help.
fn flags() -> BTreeSet<String> {
    fn help(words: &[String]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_erpsync"));
        let output = command.args(words).arg("--help").env_clear().output().unwrap();
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).unwrap()
    }
    let mut out = BTreeSet::new();
    let mut waiting = vec![Vec::new()];
    while let Some(words) = waiting.pop() {
        let text = help(&words);
        let flags = text.split(|c: char| !c.is_ascii_lowercase() && c != '-').filter(|word| word.starts_with("--"));
        out.extend(flags.map(str::to_owned));
        let listed = text.split_once("Commands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
        for line in listed.lines() {
            let name = line.trim_start().split(' ').next().unwrap().to_owned();
            let is_command = line.starts_with("  ") && !line.starts_with("   ") && name != "help";
            if is_command {
                waiting.push([words.clone(), vec![name]].concat());
            }
        }
    }
    assert!(out.len() > 40, "{out:?}");
    out
}

#[test]
fn every_flag_that_is_mentioned_exists() {
    let flags = flags();
    for (place, span) in inline_code() {
        let first = span.split(' ').find(|word| !word.contains('=')).unwrap_or_default();
        if OTHERS.contains(&first) || is_ours(first) {
            continue;
        }
        let words = span.split(|c: char| !c.is_ascii_lowercase() && c != '-').filter(|word| word.starts_with("--"));
        for flag in words {
            assert!(flags.contains(flag), "{place}: no command has {flag}");
        }
    }
}

/// An anchor as the forges make it of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(page: &Path) -> BTreeSet<String> {
    let mut fenced = false;
    let text = fs::read_to_string(page).unwrap();
    let headings = text.lines().filter_map(|line| {
        fenced ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        (!fenced && heading.len() < line.len()).then(|| anchor(heading.trim()))
    });
    headings.collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    let mut linked = BTreeSet::new();
    for page in pages() {
        let path = root().join(&page);
        let text = read(&page);
        for part in text.split("](").skip(1) {
            let target = part.split(')').next().unwrap();
            if target.contains("://") {
                continue;
            }
            let (file, fragment) = target.split_once('#').map_or((target, None), |(file, at)| (file, Some(at)));
            let to = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(to.exists(), "{page}: {target}: there is no such file");
            if let Some(fragment) = fragment {
                assert!(anchors(&to).contains(fragment), "{page}: {target}: there is no such heading");
            }
            if page == "README.md" {
                linked.insert(to.canonicalize().unwrap());
            }
            seen += 1;
        }
    }
    assert!(seen > 60, "only {seen} links");
    for page in pages().iter().filter(|page| !page.starts_with("fuzz/") && *page != "README.md") {
        let path: PathBuf = root().join(page).canonicalize().unwrap();
        assert!(linked.contains(&path), "the README does not lead to {page}");
    }
}

/// Texts of the golden files, a line each, and the strings of the sources as they are when they are put together.
fn printed() -> Vec<String> {
    let mut out = Vec::new();
    for entry in fs::read_dir(root().join("tests/hermetic/snapshots")).unwrap() {
        out.extend(fs::read_to_string(entry.unwrap().path()).unwrap().lines().map(str::to_owned));
    }
    for file in all_text("src").split("\n//! ") {
        let mut joined = String::new();
        for line in file.lines() {
            match line.strip_suffix('\\') {
                Some(begun) if joined.is_empty() => joined = begun.to_owned(),
                Some(begun) => joined += begun.trim_start(),
                None if joined.is_empty() => out.push(line.replace("\\\"", "\"")),
                None => out.push((std::mem::take(&mut joined) + line.trim_start()).replace("\\\"", "\"")),
            }
        }
    }
    out
}

#[test]
fn every_message_that_is_quoted_is_printed() {
    let printed = printed();
    let mut seen = 0;
    for block in blocks("docs/troubleshooting.md").into_iter().filter(|block| block.language == "text") {
        for line in block.text.lines() {
            let parts: Vec<&str> = line.split('…').filter(|part| part.trim().len() > 1).collect();
            assert!(parts.iter().any(|part| part.len() > 12), "{}: {line:?} could be anything", block.place);
            let found = printed.iter().any(|text| {
                parts.iter().try_fold(text.as_str(), |rest, part| rest.split_once(part).map(|(_, rest)| rest)).is_some()
            });
            assert!(found, "{}: nothing prints {line:?}", block.place);
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen}");
    let symptoms = read("docs/troubleshooting.md").lines().filter(|line| line.starts_with("### ")).count();
    assert!(symptoms >= 20, "only {symptoms}");
}
