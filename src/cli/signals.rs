//! What ends a run from outside: SIGINT and SIGTERM, and the deadline. The first asks the run to end after the batch in
//! flight; a second signal, or the deadline itself, ends the process.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::apply::report::Interrupt;
use crate::commands::Signals;

use super::Status;
use super::log::complain;

/// How long after a signal a failing call is still repeated. The call that is on its way is waited for all the same.
const GRACE: Duration = Duration::from_secs(10);

/// The longest time before the deadline at which the run is asked to end.
const RESERVE: Duration = Duration::from_secs(30);

/// Starts to listen. The run is asked to end a tenth before its deadline, so that the batch in flight, the report and the
/// lease's return find time.
///
/// # Errors
/// When the system refuses a handler.
pub(super) fn listen(signals: &Signals, deadline: Option<Duration>) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let ours = signals.clone();
    tokio::spawn(async move {
        let mut asked = false;
        loop {
            let which = tokio::select! {
                _ = interrupt.recv() => Interrupt::Interrupted,
                _ = terminate.recv() => Interrupt::Terminated,
            };
            if asked {
                std::process::exit(Status::of_interrupt(which).code().into());
            }
            asked = true;
            ours.raise(which, GRACE);
            // A message that nobody reads must not keep the second signal from being heard.
            tokio::task::spawn_blocking(|| {
                ::log::warn!("ending after the batch in flight; a second signal ends at once");
            });
        }
    });
    if let Some(deadline) = deadline {
        let reserve = RESERVE.min(deadline / 10);
        let ours = signals.clone();
        tokio::spawn(async move {
            tokio::time::sleep(deadline.saturating_sub(reserve)).await;
            if ours.raise(Interrupt::Deadline, reserve) {
                ::log::warn!("the deadline is near: ending after the batch in flight");
            }
        });
    }
    Ok(())
}

/// Ends the process at its deadline, whatever it is doing: a thread of its own does so also while another one hangs, as in
/// a write to a pipe that nobody reads.
pub(super) fn end_at(deadline: Duration, signals: &Signals) {
    let signals = signals.clone();
    thread::spawn(move || {
        thread::sleep(deadline);
        let (told, heard) = mpsc::channel();
        thread::spawn(move || {
            complain(
                "ended by --deadline while something was on its way; what was written is whole, and the next run does the rest",
            );
            let _ = told.send(());
        });
        // Nor may the message hang.
        let _ = heard.recv_timeout(Duration::from_secs(1));
        std::process::exit(Status::of_interrupt(signals.seen().unwrap_or(Interrupt::Deadline)).code().into());
    });
}
