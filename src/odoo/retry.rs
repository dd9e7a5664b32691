//! When to repeat a call, and after which pause: a decision, made without a clock. The sleeping is the caller's.

use std::time::Duration;

use super::error::ErrorClass;

/// How often and how long to repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The pause before the second attempt; each further one is twice as long.
    pub pause: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// Spreads the pauses of machines that failed together: a number that differs from run to run.
    pub seed: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 6, pause: Duration::from_millis(500), longest: Duration::from_secs(20), seed: 0 }
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
    /// Decides after attempt number `attempt` (from 1) failed.
    #[must_use]
    pub fn decide(&self, class: ErrorClass, attempt: u32) -> Decision {
        let factor = match class {
            ErrorClass::Permanent => return Decision::Stop,
            ErrorClass::SessionExpired if attempt == 1 => return Decision::Wait(Duration::ZERO),
            // A server that restarted may have lost its sessions, so this may well be the second thing that goes wrong.
            ErrorClass::SessionExpired | ErrorClass::Transient => 1,
            ErrorClass::Contention => 4,
        };
        if attempt >= self.attempts {
            return Decision::Stop;
        }
        let doubled = self.pause.saturating_mul(factor).saturating_mul(1 << (attempt - 1).min(16));
        let pause = doubled.min(self.longest);
        // Between a half and the whole pause, by a few rounds of a multiplicative hash of seed and attempt.
        let mixed = (self.seed ^ u64::from(attempt)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let part = u32::try_from(mixed >> 48).unwrap_or(0);
        Decision::Wait(pause / 2 + (pause / 2).saturating_mul(part) / 65_536)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let retry = Retry { attempts: 4, pause: Duration::from_secs(1), longest: Duration::from_secs(3), seed: 7 };
        for (attempt, most) in [(1, 1000), (2, 2000), (3, 3000)] {
            let Decision::Wait(pause) = retry.decide(ErrorClass::Transient, attempt) else {
                panic!("attempt {attempt}")
            };
            assert!((most / 2..=most).contains(&pause.as_millis()), "attempt {attempt}: {pause:?}");
        }
        assert_eq!(retry.decide(ErrorClass::Transient, 4), Decision::Stop);
    }

    #[test]
    fn what_is_wrong_stays_wrong() {
        assert_eq!(Retry::default().decide(ErrorClass::Permanent, 1), Decision::Stop);
    }

    #[test]
    fn an_expired_session_is_renewed_at_once_and_then_with_pauses() {
        let retry = Retry { attempts: 3, ..Retry::default() };
        assert_eq!(retry.decide(ErrorClass::SessionExpired, 1), Decision::Wait(Duration::ZERO));
        assert!(matches!(retry.decide(ErrorClass::SessionExpired, 2), Decision::Wait(pause) if !pause.is_zero()));
        assert_eq!(retry.decide(ErrorClass::SessionExpired, 3), Decision::Stop);
    }

    #[test]
    fn machines_that_failed_together_come_back_apart() {
        let pause = |seed| Retry { seed, ..Retry::default() }.decide(ErrorClass::Transient, 3);
        assert_ne!(pause(1), pause(2));
    }
}
