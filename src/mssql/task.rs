//! The task that the driver works in: its panic is one more error, and when nobody waits for it any more, it tells the server
//! to stop before it ends.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinError;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long a server has to answer that it stopped.
pub(super) const GOODBYE: Duration = Duration::from_secs(5);

tokio::task_local! {
    /// Set while the driver works; cancelled when nobody waits for it any more.
    static AT_WORK: CancellationToken;
}

/// How many tasks there are, and that there is one less.
static TASKS: AtomicUsize = AtomicUsize::new(0);
static ENDED: Notify = Notify::const_new();

/// One of [`TASKS`].
struct Counted;

impl Counted {
    fn new() -> Self {
        TASKS.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        TASKS.fetch_sub(1, Ordering::SeqCst);
        ENDED.notify_waiters();
    }
}

/// See [`super::is_at_work`].
pub(super) fn is_at_work() -> bool {
    AT_WORK.try_with(|_| ()).is_ok()
}

/// Does the work in a task of its own. Dropping the future gives the work up: it has [`GOODBYE`] to take leave of the server.
///
/// # Errors
/// When the work panics.
pub(super) async fn in_a_task<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<Option<T>, JoinError> {
    let waited_for = CancellationToken::new();
    let _gives_up = waited_for.clone().drop_guard();
    let counted = Counted::new();
    let limit = waited_for.clone();
    let bounded = async move {
        let _counted = counted;
        tokio::select! {
            biased;
            done = work => Some(done),
            () = async { limit.cancelled().await; sleep(GOODBYE).await } => None,
        }
    };
    tokio::spawn(AT_WORK.scope(waited_for, bounded)).await
}

/// Comes when nobody waits any more for what this task does.
pub(super) async fn given_up() {
    match AT_WORK.try_with(CancellationToken::clone) {
        Ok(token) => token.cancelled().await,
        Err(_) => std::future::pending().await,
    }
}

/// See [`super::say_goodbye`].
pub(super) async fn say_goodbye(limit: Duration) {
    let ended = async {
        loop {
            let next = ENDED.notified();
            tokio::pin!(next);
            next.as_mut().enable();
            if TASKS.load(Ordering::SeqCst) == 0 {
                return;
            }
            next.await;
        }
    };
    if timeout(limit, ended).await.is_err() {
        log::debug!("SQL Server was not told in time that its answer is not waited for");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_told_so() {
        let (said, heard) = tokio::sync::oneshot::channel();
        let work = in_a_task(async move {
            assert!(is_at_work());
            given_up().await;
            said.send("goodbye").unwrap();
        });
        assert!(timeout(Duration::from_millis(1), work).await.is_err());
        assert_eq!(heard.await, Ok("goodbye"));
        assert!(!is_at_work());
        assert!(timeout(Duration::from_millis(1), given_up()).await.is_err(), "nobody gives up what is no task");
    }
}
