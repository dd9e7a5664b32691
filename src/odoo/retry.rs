//! When to repeat a call, and after which pause: a decision, made without a clock. The sleeping is the caller's, up to the
//! moment when somebody is in a [`Hurry`].

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::error::ErrorClass;

/// How long to repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How long after the first failure an attempt may still begin; zero for a single attempt.
    pub patience: Duration,
    /// The pause before the second attempt; each further one is twice as long.
    pub pause: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// Spreads the pauses of machines that failed together: a number that differs from run to run.
    pub seed: u64,
}

impl Default for Retry {
    /// A restart of Odoo is waited for.
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(120),
            pause: Duration::from_millis(500),
            longest: Duration::from_secs(20),
            seed: 0,
        }
    }
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Give up.
    Stop,
    /// Try again after a pause.
    Wait(Duration),
}

impl Retry {
    /// A single attempt.
    #[must_use]
    pub fn never() -> Self {
        Self { patience: Duration::ZERO, ..Self::default() }
    }

    /// Decides after attempt number `attempt` (from 1) failed, `since` the first failure.
    #[must_use]
    pub fn decide(&self, class: ErrorClass, attempt: u32, since: Duration) -> Decision {
        let factor = match class {
            ErrorClass::Permanent => return Decision::Stop,
            _ if self.patience.is_zero() => return Decision::Stop,
            ErrorClass::SessionExpired if attempt == 1 => return Decision::Wait(Duration::ZERO),
            // A server that restarted may have lost its sessions, so this may well be the second thing that goes wrong.
            ErrorClass::SessionExpired | ErrorClass::Transient => 1,
            ErrorClass::Contention => 4,
        };
        let doubled = self.pause.saturating_mul(factor).saturating_mul(1 << (attempt.max(1) - 1).min(16));
        let pause = doubled.min(self.longest);
        // Between a half and the whole pause, by a few rounds of a multiplicative hash of seed and attempt.
        let mixed = (self.seed ^ u64::from(attempt)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let part = u32::try_from(mixed >> 48).unwrap_or(0);
        let pause = pause / 2 + (pause / 2).saturating_mul(part) / 65_536;
        if since.saturating_add(pause) > self.patience { Decision::Stop } else { Decision::Wait(pause) }
    }
}

/// Cuts patience short for all calls of a process at once, those that wait already included: a signal came, or the
/// server is known to be away. Clones speak of the same hurry.
#[derive(Debug, Clone)]
pub struct Hurry(watch::Sender<Option<Instant>>);

impl Default for Hurry {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Hurry {
    /// No attempt begins later than this from now, nor than what was said before.
    pub fn within(&self, time: Duration) {
        let at = Instant::now() + time;
        self.0.send_if_modified(|limit| {
            let sooner = limit.is_none_or(|before| at < before);
            if sooner {
                *limit = Some(at);
            }
            sooner
        });
    }

    /// Waits, unless patience ends before; then it returns at once, and `false`.
    pub async fn sleep(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut limit = self.0.subscribe();
        loop {
            let at = *limit.borrow_and_update();
            if at.is_some_and(|at| at < until) {
                return false;
            }
            tokio::select! {
                () = tokio::time::sleep_until(until) => return true,
                _ = limit.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: Duration = Duration::ZERO;

    #[test]
    fn pauses_grow_and_end_with_patience() {
        let retry = Retry {
            patience: Duration::from_secs(10),
            pause: Duration::from_secs(1),
            longest: Duration::from_secs(3),
            seed: 7,
        };
        let mut since = ZERO;
        for (attempt, most) in [(1, 1000), (2, 2000), (3, 3000), (4, 3000)] {
            let Decision::Wait(pause) = retry.decide(ErrorClass::Transient, attempt, since) else {
                panic!("attempt {attempt}")
            };
            assert!((most / 2..=most).contains(&pause.as_millis()), "attempt {attempt}: {pause:?}");
            since += pause;
        }
        assert_eq!(retry.decide(ErrorClass::Transient, 5, Duration::from_millis(9_000)), Decision::Stop);
        assert_eq!(retry.decide(ErrorClass::Transient, u32::MAX, Duration::MAX), Decision::Stop);
    }

    #[test]
    fn what_is_wrong_stays_wrong() {
        assert_eq!(Retry::default().decide(ErrorClass::Permanent, 1, ZERO), Decision::Stop);
        for class in [ErrorClass::Transient, ErrorClass::Contention, ErrorClass::SessionExpired] {
            assert_eq!(Retry::never().decide(class, 1, ZERO), Decision::Stop);
        }
    }

    #[test]
    fn an_expired_session_is_renewed_at_once_and_then_with_pauses() {
        let retry = Retry::default();
        assert_eq!(retry.decide(ErrorClass::SessionExpired, 1, ZERO), Decision::Wait(ZERO));
        assert!(matches!(retry.decide(ErrorClass::SessionExpired, 2, ZERO), Decision::Wait(pause) if !pause.is_zero()));
    }

    #[test]
    fn machines_that_failed_together_come_back_apart() {
        let pause = |seed| Retry { seed, ..Retry::default() }.decide(ErrorClass::Transient, 3, ZERO);
        assert_ne!(pause(1), pause(2));
    }

    #[tokio::test]
    async fn a_hurry_ends_waiting_and_forbids_more() {
        const HOUR: Duration = Duration::from_secs(3600);
        let hurry = Hurry::default();
        assert!(hurry.sleep(Duration::from_millis(1)).await);
        let (other, (waits, started)) = (hurry.clone(), tokio::sync::oneshot::channel());
        let waiting = tokio::spawn(async move {
            let sleeping = other.sleep(HOUR);
            waits.send(()).unwrap();
            sleeping.await
        });
        started.await.unwrap();
        hurry.within(HOUR / 2);
        assert!(!waiting.await.unwrap());
        // What still fits is waited for; a later limit changes nothing.
        assert!(hurry.sleep(Duration::from_millis(1)).await);
        hurry.within(2 * HOUR);
        assert!(!hurry.sleep(HOUR).await);
        hurry.within(ZERO);
        assert!(!hurry.sleep(Duration::from_millis(1)).await);
    }
}
