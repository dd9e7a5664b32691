//! What goes to stderr: warnings and logs, as text for people or as JSON for programs, past a progress bar.
//!
//! Data may hold anything; nothing of it reaches a terminal as a control character, in neither form.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{Local, SecondsFormat};
use log::Level;

use super::args::{Args, LogFormat};
use super::progress;
use crate::render::{log_line, plain, plain_lines};

/// Set once, at the start.
static JSON: AtomicBool = AtomicBool::new(false);

/// What our own messages are about when they come from no module.
const TARGET: &str = "erpsync";

/// Warnings and errors always, one more level a `-v`; only our own messages: libraries may log what they send.
pub(super) fn to_stderr(args: &Args) {
    JSON.store(args.log_format == LogFormat::Json, Ordering::Relaxed);
    let level = match (args.quiet, args.verbose) {
        (true, _) => log::LevelFilter::Error,
        (false, 0) => log::LevelFilter::Warn,
        (false, 1) => log::LevelFilter::Info,
        (false, _) => log::LevelFilter::Debug,
    };
    env_logger::Builder::new()
        .filter_level(log::LevelFilter::Off)
        .filter_module("erpsync", level)
        .format(|out, record| line(out, record.level(), record.target(), &record.args().to_string()))
        .target(env_logger::Target::Pipe(Box::new(Stderr)))
        .init();
}

fn line(out: &mut dyn Write, level: Level, target: &str, message: &str) -> io::Result<()> {
    let now = Local::now();
    if JSON.load(Ordering::Relaxed) {
        let time = now.to_rfc3339_opts(SecondsFormat::Millis, false);
        writeln!(out, "{}", log_line(&time, level.as_str(), target, message))
    } else {
        writeln!(out, "{} {level:<5} {}", now.format("%Y-%m-%dT%H:%M:%S%:z"), plain(message))
    }
}

/// Says on stderr why the process ends.
pub(super) fn complain(text: &str) {
    say(Level::Error, &format!("erpsync: {}", plain_lines(text)), text);
}

/// Shows what only `-vv` asks for, several lines of it.
pub(super) fn show(text: &str) {
    say(Level::Debug, &plain_lines(text), text);
}

fn say(level: Level, for_people: &str, for_programs: &str) {
    // Nobody is left to tell when that fails.
    let _ = if JSON.load(Ordering::Relaxed) {
        line(&mut Stderr, level, TARGET, for_programs)
    } else {
        writeln!(Stderr, "{for_people}")
    };
}

/// Standard error, where a progress bar makes room.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        progress::past_the_bar(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
