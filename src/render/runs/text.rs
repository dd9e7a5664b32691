//! Runs for a person: a heading each, its key, what it did. Nothing is said by colour alone.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};

use crate::catalog::RunRecord;

use super::super::escape::plain;
use super::super::history::{Asked, Zone, clock, period};
use super::super::{Style, grouped, plural};
use super::seconds;

/// Columns before a line that belongs to a run.
const INDENT: usize = 6;

pub(super) fn write(
    style: Style,
    zone: Zone<'_>,
    asked: &Asked,
    runs: &[RunRecord],
    out: &mut dyn Write,
) -> io::Result<()> {
    let painted = |ansi: Ansi, text: &str| if style.color { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() };
    for run in runs {
        let when = run.started.map_or_else(|| "not recorded".to_owned(), |m| clock(zone, m));
        let what: Vec<&str> =
            [run.command.as_str(), run.source.as_str()].into_iter().filter(|t| !t.is_empty()).collect();
        let good = ["done", "running"].contains(&run.status.as_str());
        let status = if run.status.is_empty() { "no status" } else { &run.status };
        let status =
            if good { plain(status).into_owned() } else { painted(AnsiColor::Red.on_default(), &plain(status)) };
        let took = seconds(run).map_or_else(String::new, |s| format!(", {}", span(s)));
        let when = painted(AnsiColor::Cyan.on_default(), &when);
        writeln!(out, "{when}  {}  {status}{took}", painted(Ansi::new().bold(), &plain(&what.join(" "))))?;
        let host = if run.host.is_empty() { String::new() } else { format!("  ({})", run.host) };
        writeln!(out, "{:INDENT$}run {}", "", painted(Ansi::new().dimmed(), &plain(&format!("{}{host}", run.key))))?;
        let open = (run.deferred > 0).then(|| format!("{} deferred open", grouped(run.deferred)));
        let parts: Vec<&str> =
            [Some(run.summary.as_str()).filter(|s| !s.is_empty()), open.as_deref()].into_iter().flatten().collect();
        if !parts.is_empty() {
            writeln!(out, "{:INDENT$}{}", "", plain(&parts.join("; ")))?;
        }
    }
    let newest = asked.limit.filter(|limit| runs.len() >= *limit).map_or("", |_| ", the newest");
    if runs.is_empty() {
        writeln!(out, "No runs{}.", period(zone, asked))
    } else {
        writeln!(out, "\n{}{newest}{}.", plural(runs.len(), "run"), period(zone, asked))
    }
}

/// `12 s`, `3 min 5 s`, `2 h 10 min`.
fn span(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}
