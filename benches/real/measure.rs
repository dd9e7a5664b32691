//! What a process costs: its time, CPU seconds and peak memory, as the system counts them.
//!
//! A small process of its own starts the measured one, since the system adds up the costs of all children that have
//! ended, and a child's peak memory counts from its parent's.

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

/// The costs of a process.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Usage {
    /// From start to end.
    pub seconds: f64,
    /// User and system.
    pub cpu: f64,
    /// Peak resident memory in MiB.
    pub peak: f64,
    /// The exit status.
    pub status: i32,
}

/// The hidden subcommand `measured REPORT PROGRAM ARGUMENT…`.
pub fn launcher(arguments: &[String]) -> Result<()> {
    let [report, program, arguments @ ..] = arguments else { anyhow::bail!("measured REPORT PROGRAM ARGUMENT…") };
    let started = Instant::now();
    let status = Command::new(program).args(arguments).status().with_context(|| format!("starting {program}"))?;
    let seconds = started.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64;
    let usage = Usage {
        seconds,
        cpu: micros / 1e6,
        // Linux counts in KiB.
        peak: usage.max_rss() as f64 / 1024.0,
        status: status.code().unwrap_or(-1),
    };
    serde_json::to_writer(File::create(report)?, &usage)?;
    Ok(())
}

/// Runs a program and says what it cost. Its output goes to `log`; nothing else of the environment reaches it than what
/// the command says.
///
/// # Errors
/// When it ends with another status than one of those expected.
pub fn run(
    program: &Path,
    arguments: &[&str],
    log: &Path,
    expected: &[i32],
    prepare: impl FnOnce(&mut Command),
) -> Result<Usage> {
    let report = tempfile::NamedTempFile::new()?;
    let out = File::create(log)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("measured").arg(report.path()).arg(program).args(arguments);
    command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
    prepare(&mut command);
    succeeded(command.status()?, log)?;
    let usage: Usage = serde_json::from_reader(File::open(report.path())?)?;
    ensure!(
        expected.contains(&usage.status),
        "{} {} ended with status {}, expected {expected:?}:\n{}",
        program.display(),
        arguments.join(" "),
        usage.status,
        tail(log)
    );
    Ok(usage)
}

fn succeeded(status: ExitStatus, log: &Path) -> Result<()> {
    ensure!(status.success(), "the measuring process ended with {status}:\n{}", tail(log));
    Ok(())
}

/// The last lines of a log.
pub fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
