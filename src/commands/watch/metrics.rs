//! The file of figures that a monitor reads. One file may serve several commands that end at the same time.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::super::whole_file;
use crate::render::{Metrics, RunFigures};

/// A file of figures is small; what is larger is another one.
const LARGEST: u64 = 4 << 20;

/// How often, and how long each time, another command is waited for that writes the same file.
const TURNS: u32 = 40;
const TURN: Duration = Duration::from_millis(25);

pub(super) fn write(path: &Path, command: &str, status: u8, ended: &[RunFigures]) {
    if let Err(why) = try_write(path, command, status, ended) {
        log::warn!("metrics {}: {why}; they were not written", path.display());
    }
}

fn try_write(path: &Path, command: &str, status: u8, ended: &[RunFigures]) -> Result<(), String> {
    let target = whole_file::destination("--metrics-file", path).map_err(|e| e.to_string())?;
    let _turn = turn(whole_file::directory(&target));
    let mut metrics = match old(&target).map_err(|e| e.to_string())? {
        None => Metrics::default(),
        Some(text) => Metrics::parse(&text).map_err(|line| {
            format!("{line:?} in it is no figure of erpsync; give the file another name, or remove it")
        })?,
    };
    for figures in ended {
        metrics.ran(figures);
    }
    metrics.ended(command, chrono::Utc::now().timestamp(), status);
    whole_file::replace(&target, metrics.text().as_bytes(), whole_file::PUBLIC).map_err(|e| e.to_string())
}

fn old(path: &Path) -> io::Result<Option<String>> {
    match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
        Ok(about) if about.len() > LARGEST => Err(io::Error::other("it is too large for a file of figures")),
        Ok(_) => fs::read_to_string(path).map(Some),
    }
}

/// The directory's lock, which leaves nothing behind; whoever does not get it in time does without.
fn turn(directory: &Path) -> Option<File> {
    let directory = File::open(directory).ok()?;
    for _ in 0..TURNS {
        if directory.try_lock().is_ok() {
            return Some(directory);
        }
        thread::sleep(TURN);
    }
    None
}
