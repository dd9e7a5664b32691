//! The page in docs/: machine, versions and tables between two marks; what people wrote around them stays.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::table::{Row, markdown};

const BEGIN: &str = "<!-- figures: written by benches/run --write -->\n";
const END: &str = "<!-- end of figures -->\n";

/// What everything ran on.
pub fn machine(odoos: &BTreeMap<u32, String>, command: &str) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let gib = memory.split(' ').next().and_then(|k| k.parse::<f64>().ok()).unwrap_or_default() / 1024.0 / 1024.0;
    let rustc = Command::new("rustc").arg("--version").output().map(|o| o.stdout).unwrap_or_default();
    let mut out = format!(
        "Machine: {}, {cores} cores, {gib:.0} GiB, Linux {}. {}.",
        field(&read("/proc/cpuinfo"), "model name"),
        read("/proc/sys/kernel/osrelease").trim(),
        String::from_utf8_lossy(&rustc).trim()
    );
    for version in odoos.values() {
        let _ = write!(out, " Odoo {version}.");
    }
    let _ = write!(out, " erpsync {}.\n\nCommand: `{command}`\n", env!("CARGO_PKG_VERSION"));
    out
}

/// Machine and tables in Markdown.
pub fn figures(odoos: &BTreeMap<u32, String>, command: &str, rows: &[Row]) -> String {
    format!("{}{}", machine(odoos, command), markdown(rows))
}

/// Puts the figures into the page.
///
/// # Errors
/// When the page has no place for them.
pub fn write(page: &Path, figures: &str) -> Result<()> {
    let text = std::fs::read_to_string(page)?;
    let (before, rest) = text.split_once(BEGIN).context("the page has no place for figures")?;
    let (_, after) = rest.split_once(END).context("the page has no end of figures")?;
    std::fs::write(page, format!("{before}{BEGIN}\n{figures}\n{END}{after}"))?;
    Ok(())
}
