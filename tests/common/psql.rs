//! One `psql` for many looks at a database: a process for each look would cost more than what it asks.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use super::target::command;

/// Printed behind every answer.
const END: &str = "-- end of the answer --";

struct Psql {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    stderr: File,
}

impl Psql {
    fn new(version: u32, database: &str) -> Self {
        let stderr = tempfile::tempfile().unwrap();
        let mut child = command("psql")
            .args([&version.to_string(), database, "-XAtq"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().unwrap())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdin, stdout, stderr }
    }

    /// The lines of the answer, or what went wrong; that is the end of it.
    fn ask(&mut self, query: &str) -> Result<Vec<String>, String> {
        // What cannot be written is told by the answer that does not come.
        let _ = writeln!(self.stdin, "{query}\n;\n\\echo {END}");
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.stdout.read_line(&mut line).unwrap() == 0 {
                let mut said = String::new();
                self.stderr.rewind().unwrap();
                self.stderr.read_to_string(&mut said).unwrap();
                return Err(said);
            }
            let line = line.trim_end_matches('\n');
            if line == END {
                return Ok(lines);
            }
            lines.push(line.to_owned());
        }
    }
}

impl Drop for Psql {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Those that nobody asks just now, by version and database.
static IDLE: Mutex<BTreeMap<(u32, String), Vec<Psql>>> = Mutex::new(BTreeMap::new());

/// One row a line, columns separated by `|`.
#[track_caller]
pub fn ask(version: u32, database: &str, query: &str) -> Vec<String> {
    let key = (version, database.to_owned());
    let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut taken = idle().get_mut(&key).and_then(Vec::pop);
    // Somebody may have ended its connection: the database was copied, or its server was restarted.
    if taken.as_mut().is_some_and(|psql| psql.ask("select").is_err()) {
        taken = None;
    }
    let mut psql = taken.unwrap_or_else(|| Psql::new(version, database));
    let lines = psql.ask(query).unwrap_or_else(|said| panic!("{database}: {said}\n{query}"));
    idle().entry(key).or_default().push(psql);
    lines
}

/// Nobody will ask any more.
pub fn forget(version: u32, database: &str) {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner).remove(&(version, database.to_owned()));
}
