//! A progress bar on a terminal, and nothing elsewhere: what a run is at, how far it is, how long it will still take.

use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::commands::watch::{Phase, Stage};
use crate::render::plain;

/// The bar that is drawn now.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// How often a bar moves that nothing is heard of.
const TICK: Duration = Duration::from_millis(120);

/// Shows stages when somebody looks: stderr is a terminal, and nothing says to be quiet or to write for programs.
pub(super) fn shower(wanted: bool) -> Box<dyn Fn(Stage) + Send + Sync> {
    if wanted && io::stderr().is_terminal() { Box::new(show) } else { Box::new(|_| ()) }
}

/// Writes to stderr while no bar stands there.
pub(super) fn past_the_bar<T>(write: impl FnOnce() -> T) -> T {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

fn show(stage: Stage) {
    let mut at = BAR.lock().unwrap_or_else(PoisonError::into_inner);
    match stage {
        Stage::Idle => {
            if let Some(bar) = at.take() {
                bar.finish_and_clear();
            }
        }
        Stage::Began(phase, source) => {
            if let Some(bar) = at.take() {
                bar.finish_and_clear();
            }
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let (what, template) = match phase {
                Phase::Read => ("reading", WAITING),
                Phase::Plan => ("planning", WAITING),
                Phase::Apply => ("writing into Odoo", WAITING),
            };
            bar.set_style(style(template));
            bar.set_message(format!("{}: {what}", plain(&source)));
            bar.enable_steady_tick(TICK);
            *at = Some(bar);
        }
        Stage::Done(done, total) => {
            let Some(bar) = at.as_ref() else { return };
            if bar.length().is_none() {
                bar.set_style(style(COUNTING));
                bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
            }
            bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
        }
    }
}

const WAITING: &str = "{spinner} {msg} {elapsed}";
const COUNTING: &str = "{spinner} {msg} [{bar:24}] {human_pos}/{human_len} {rate}, {eta} left";

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("rate", rate)
        .progress_chars("=> ")
        .tick_chars("|/-\\ ")
}

/// Whole products: fractions would only flicker.
fn rate(state: &ProgressState, out: &mut dyn fmt::Write) {
    // Nothing can be done about a terminal that cannot be written.
    let _ = write!(out, "{:.0}/s", state.per_sec());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_understood() {
        for template in [WAITING, COUNTING] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
