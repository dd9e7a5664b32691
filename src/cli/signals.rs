//! SIGINT and SIGTERM: the first asks the run to end after the batch in flight, the second ends the process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::apply::report::Interrupt;
use crate::commands::Signals;

/// Starts to listen.
///
/// # Errors
/// When the system refuses a handler.
pub(super) fn listen() -> io::Result<Signals> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let signals = Signals { seen: Arc::new(AtomicU8::new(0)), woken: Arc::new(Notify::new()) };
    let ours = signals.clone();
    tokio::spawn(async move {
        loop {
            let which = tokio::select! {
                _ = interrupt.recv() => Interrupt::Interrupted,
                _ = terminate.recv() => Interrupt::Terminated,
            };
            let number = match which {
                Interrupt::Interrupted => 1,
                Interrupt::Terminated => 2,
            };
            if ours.seen.swap(number, Ordering::SeqCst) != 0 {
                std::process::exit(if number == 1 { 130 } else { 143 });
            }
            log::warn!("ending after the batch in flight; a second signal ends at once");
            ours.woken.notify_waiters();
        }
    });
    Ok(signals)
}
