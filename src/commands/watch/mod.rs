//! Who watches a run: the person at the terminal, a monitor that reads figures or is called, a page for people.
//!
//! A [`Watch`] is told what happens and passes it on. It decides nothing, and nothing that it does fails a run: what cannot
//! be passed on is warned about.

mod metrics;
mod ping;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;

use crate::apply::report::Report;
use crate::config::{Environment, ReportSettings, SecretRef};
use crate::plan::Plan;
use crate::render::{self, Figures, Page, RunFigures};

use super::{Failure, Outcome, whole_file};
use ping::Ping;

/// A part of a run that takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Of the source, and of what Odoo has.
    Read,
    /// Comparing and deciding.
    Plan,
    /// Writing into Odoo.
    Apply,
}

impl Phase {
    /// A stable word.
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Plan => "plan",
            Self::Apply => "apply",
        }
    }
}

/// What a person at the terminal may see of a run at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// A phase began, for this source.
    Began(Phase, String),
    /// So many products are done of so many.
    Done(usize, usize),
    /// Nothing is under way: something else is printed.
    Idle,
}

/// The flag that names the page.
const PAGE: &str = "--report";

/// How a run ended, for those who watch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The exit status.
    pub status: u8,
    /// What it means.
    pub ending: Ending,
}

/// What an exit status means for those who watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The run did what it should, whether anything waits for people or not.
    Good,
    /// Somebody should look.
    Bad,
    /// There was no run: another one was at work, or synchronisation is paused.
    NotRun,
}

/// What an outcome means.
pub type Judge = fn(&Result<Outcome, Failure>) -> Verdict;

/// What the command line says about watching.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// The command's name when it writes; others, and dry runs, are nothing to monitors.
    pub command: Option<&'static str>,
    /// `--metrics-file`
    pub metrics_file: Option<PathBuf>,
    /// `--report`
    pub page: Option<PathBuf>,
    /// What the page is about.
    pub title: String,
}

/// Passes on what happens; clones watch the same run.
#[derive(Clone)]
pub struct Watch(Arc<Inner>);

struct Inner {
    orders: Orders,
    judge: Judge,
    show: Box<dyn Fn(Stage) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    metrics_file: Option<PathBuf>,
    ping_url: Option<SecretString>,
    configured: bool,
    ping: Option<Ping>,
    at_work: Option<AtWork>,
    ended: Vec<RunFigures>,
    sections: Vec<String>,
}

struct AtWork {
    source: String,
    began: Instant,
    phase: Option<(Phase, Instant)>,
    phases: Vec<(&'static str, Duration)>,
    figures: Option<Figures>,
}

impl Watch {
    /// Watches one command. `show` is told of every stage.
    ///
    /// # Errors
    /// When the page cannot be where it shall.
    pub fn new(mut orders: Orders, judge: Judge, show: Box<dyn Fn(Stage) + Send + Sync>) -> Result<Self, Failure> {
        if let Some(path) = &orders.page {
            orders.page = Some(whole_file::destination(PAGE, path)?);
        }
        let state = State { metrics_file: orders.metrics_file.clone(), ..State::default() };
        Ok(Self(Arc::new(Inner { orders, judge, show, state: Mutex::new(state) })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the configuration says about watching; flags win.
    pub(super) fn configured(&self, settings: &ReportSettings, env: &dyn Environment) {
        if self.0.orders.command.is_none() {
            return;
        }
        let mut state = self.state();
        state.configured = true;
        state.metrics_file.clone_from(&settings.metrics_file);
        state.ping_url = address(&settings.ping_url, env);
    }

    /// The turn of a source began.
    pub(super) fn turn(&self, source: &str) {
        let mut state = self.state();
        if state.at_work.as_ref().is_none_or(|now| now.source != source) {
            state.at_work = Some(AtWork {
                source: source.to_owned(),
                began: Instant::now(),
                phase: None,
                phases: Vec::new(),
                figures: None,
            });
        }
    }

    /// A phase began.
    pub(super) fn phase(&self, phase: Phase) {
        let mut state = self.state();
        let Some(now) = &mut state.at_work else { return };
        if now.phase.is_some_and(|(at, _)| at == phase) {
            return;
        }
        now.end_phase();
        now.phase = Some((phase, Instant::now()));
        let source = now.source.clone();
        drop(state);
        (self.0.show)(Stage::Began(phase, source));
    }

    /// So many products are done of so many.
    pub(super) fn progress(&self, done: usize, total: usize) {
        (self.0.show)(Stage::Done(done, total));
    }

    /// The phase ended; what follows is printed.
    pub(super) fn idle(&self) {
        if let Some(now) = &mut self.state().at_work {
            now.end_phase();
        }
        (self.0.show)(Stage::Idle);
    }

    /// The run has the lease and works.
    pub(super) fn working(&self) {
        let mut state = self.state();
        if self.0.orders.command.is_some() && state.ping.is_none() {
            state.ping = state.ping_url.as_ref().and_then(Ping::new);
            if let Some(ping) = &mut state.ping {
                ping.begin();
            }
        }
    }

    /// What a run did; `ended` tells that it came to its end, so that what is open is known.
    pub(super) fn applied(&self, report: &Report, ended: bool) {
        if let Some(now) = &mut self.state().at_work {
            now.figures = Some(Figures::of(report, ended));
        }
    }

    /// Is there a page to be made, so that the plan is needed beyond its use?
    pub(super) fn wants_page(&self) -> bool {
        self.0.orders.page.is_some()
    }

    /// A plan, and what came of it, for the page.
    pub(super) fn page(&self, plan: &Plan, report: Option<&Report>) {
        if self.wants_page() {
            let section = render::html_section(plan, report);
            self.state().sections.push(section);
        }
    }

    /// A source's turn is over, and others have theirs.
    pub(super) fn turn_over(&self, source: &str, result: &Result<Outcome, Failure>) {
        if let Err(failure) = result
            && self.wants_page()
        {
            self.state().sections.push(render::html_failure(source, &failure.to_string()));
        }
        self.end_turn((self.0.judge)(result));
    }

    fn end_turn(&self, verdict: Verdict) {
        let mut state = self.state();
        let (Some(mut now), Some(command)) = (state.at_work.take(), self.0.orders.command) else { return };
        now.end_phase();
        state.ended.push(RunFigures {
            command,
            source: now.source,
            ended: chrono::Utc::now().timestamp(),
            seconds: now.began.elapsed(),
            status: verdict.status,
            good: verdict.ending == Ending::Good,
            phases: now.phases,
            figures: now.figures,
        });
    }

    /// The command is over: makes the page.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn make_page(&self, failure: Option<&Failure>) -> Result<(), Failure> {
        let Orders { page: Some(path), title, .. } = &self.0.orders else { return Ok(()) };
        let sections = std::mem::take(&mut self.state().sections);
        let made = chrono::Local::now().format("%Y-%m-%d %H:%M:%S %:z").to_string();
        let failure = failure.map(ToString::to_string);
        let text = render::html_page(&Page { title, made: &made, sections: &sections, failure: failure.as_deref() });
        whole_file::replace(path, text.as_bytes(), whole_file::PRIVATE).map_err(|e| {
            Failure::Io(io::Error::new(e.kind(), format!("{PAGE} {} was not written: {e}", path.display())))
        })
    }

    /// The command is over: tells those who are not here.
    pub async fn conclude(&self, verdict: Verdict, env: &dyn Environment) {
        (self.0.show)(Stage::Idle);
        self.end_turn(verdict);
        let Some(command) = self.0.orders.command else { return };
        let (metrics_file, ping, ended) = {
            let mut state = self.state();
            // A configuration that cannot be read names no address, the usual variable may.
            let usual = || (!state.configured).then(|| address(&ReportSettings::default().ping_url, env)).flatten();
            let url = state.ping_url.clone().or_else(usual);
            let ping = state.ping.take().or_else(|| url.as_ref().and_then(Ping::new));
            (state.metrics_file.take(), ping, std::mem::take(&mut state.ended))
        };
        if let Some(path) = metrics_file {
            metrics::write(&path, command, verdict.status, &ended);
        }
        if let Some(ping) = ping {
            ping.end(verdict).await;
        }
    }
}

/// Reads the address to ping, where there is one.
fn address(place: &SecretRef, env: &dyn Environment) -> Option<SecretString> {
    place.read(env).unwrap_or_else(|e| {
        log::warn!("{e}; nobody is pinged");
        None
    })
}

impl AtWork {
    fn end_phase(&mut self) {
        let Some((phase, since)) = self.phase.take() else { return };
        let (name, took) = (phase.as_str(), since.elapsed());
        match self.phases.iter_mut().find(|(known, _)| *known == name) {
            Some((_, all)) => *all += took,
            None => self.phases.push((name, took)),
        }
    }
}
