//! The documentation's commands: found in its code blocks as they stand there, and typed by somebody who has nothing but
//! an empty home and the built binary.

#![allow(dead_code, missing_docs)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Run;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|e| panic!("{page}: {e}"))
}

/// A code block of a page.
#[derive(Debug, Clone)]
pub struct Block {
    /// Page and line, for messages.
    pub place: String,
    /// The heading of the second level that it stands below.
    pub chapter: String,
    pub language: String,
    pub text: String,
}

pub fn blocks(page: &str) -> Vec<Block> {
    let text = read(page);
    let (mut out, mut chapter) = (Vec::new(), String::new());
    let mut open: Option<(Block, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(language)) => {
                let place = format!("{page}:{}", number + 1);
                let indent = line.len() - line.trim_start().len();
                let block =
                    Block { place, chapter: chapter.clone(), language: language.to_owned(), text: String::new() };
                open = Some((block, indent));
            }
            (Some(_), Some("")) => out.extend(open.take().map(|(block, _)| block)),
            (Some((block, indent)), _) => {
                block.text += line.get(*indent..).unwrap_or_default();
                block.text.push('\n');
            }
            (None, None) => {
                if let Some(heading) = line.strip_prefix("## ") {
                    chapter = heading.to_owned();
                }
            }
        }
    }
    assert!(open.is_none(), "{page} has a block without an end");
    out
}

impl Block {
    /// What a shell is given: a block of commands as it stands, what follows the prompt of a session, the command of a line
    /// of a crontab.
    pub fn script(&self) -> Option<String> {
        match self.language.as_str() {
            "sh" => Some(self.text.clone()),
            "console" => {
                Some(self.text.lines().filter_map(|line| line.strip_prefix("$ ")).collect::<Vec<_>>().join("\n"))
            }
            "crontab" => Some(self.text.lines().map(|line| after_fields(line, 5)).collect::<Vec<_>>().join("\n")),
            "" | "text" | "toml" | "sql" | "ini" => None,
            other => panic!("{}: what is {other:?}?", self.place),
        }
    }
}

/// A line without its first fields.
pub fn after_fields(line: &str, fields: usize) -> &str {
    (0..fields).fold(line.trim_start(), |rest, _| {
        rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start())
    })
}

/// The lines of a script that a shell takes for one, without comments.
pub fn commands(script: &str) -> Vec<String> {
    let joined = script.replace("\\\n", " ");
    let lines = joined.lines().map(|line| {
        let line = line.split_once(" #").map_or(line, |(before, _)| before).trim();
        if line.starts_with('#') { String::new() } else { line.split_whitespace().collect::<Vec<_>>().join(" ") }
    });
    lines.filter(|line| !line.is_empty()).collect()
}

/// The programs that a command line starts, in order, each with its arguments up to the next program.
pub fn programs(line: &str) -> Vec<Vec<String>> {
    let mut out: Vec<Vec<String>> = Vec::new();
    let mut begins = true;
    for word in line.split_whitespace() {
        if ["&&", "||", "|", ";"].contains(&word) {
            begins = true;
            continue;
        }
        let is_assignment = word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        });
        if begins && is_assignment {
            continue;
        }
        let (word, ends) = word.strip_suffix(';').map_or((word, false), |word| (word, true));
        match out.last_mut() {
            Some(program) if !begins => program.push(word.to_owned()),
            _ => out.push(vec![word.to_owned()]),
        }
        begins = ends;
    }
    out
}

/// The commands of the first day of the README, in order.
pub fn first_day(page: &str, chapter: &str) -> Vec<String> {
    let blocks = blocks(page).into_iter().filter(|block| block.chapter == chapter);
    blocks.filter_map(|block| block.script()).flat_map(|script| commands(&script)).collect()
}

/// Somebody with an empty home: erpsync is where `cargo install` puts it, and writes down how it was called.
pub struct Desk {
    dir: tempfile::TempDir,
}

/// A call of erpsync, or of something that stands in for a program that is not run here.
#[derive(Debug, PartialEq, Eq)]
pub struct Called {
    pub status: i32,
    pub program: String,
    pub args: String,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(desk.path(".cargo/bin")).unwrap();
        let binary = env!("CARGO_BIN_EXE_erpsync");
        desk.program(".cargo/bin/erpsync", &format!("'{binary}' \"$@\""));
        // Nothing of the machine can be started but this: a page that says otherwise must not do it here.
        std::os::unix::fs::symlink("/bin/mkdir", desk.path(".cargo/bin/mkdir")).unwrap();
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A program that is written down when it is called.
    pub fn program(&self, name: &str, does: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let (log, program) = (self.path("called").display().to_string(), name.trim_start_matches(".cargo/bin/"));
        let text = format!(
            "#!/bin/sh\n{does}\nstatus=$?\nprintf '%s\\t%s\\t%s\\n' $status '{program}' \"$*\" >>'{log}'\nexit $status\n"
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Types it into a shell; nobody answers questions.
    pub fn types(&self, script: &str, env: &[(String, String)]) -> (Run, Vec<Called>) {
        let before = self.called().len();
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(script).env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        let home = self.dir.path().display();
        shell.env("HOME", self.dir.path()).env("PATH", format!("{home}/.cargo/bin"));
        let output = shell.envs(env.iter().map(|(name, value)| (name, value))).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let run =
            Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) };
        (run, self.called().split_off(before))
    }

    fn called(&self) -> Vec<Called> {
        let text = fs::read_to_string(self.path("called")).unwrap_or_default();
        let called = text.lines().map(|line| {
            let mut parts = line.splitn(3, '\t');
            let mut next = || parts.next().unwrap_or_default().to_owned();
            Called { status: next().parse().unwrap(), program: next(), args: next() }
        });
        called.collect()
    }
}
