//! Whether a read that failed is begun anew, and after how long.
//!
//! Pure: no clock and no randomness; the waiting and the dice are the caller's, see [`Pacing`].

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Before the second attempt, at most.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Before any attempt, at most.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The failure stands.
    Stop,
    /// Begin anew after this time.
    Wait(Duration),
}

/// Decides after attempt number `attempt` (from 1) of `attempts` failed.
///
/// The pause doubles each time up to [`LONGEST_PAUSE`]; `jitter` from 0 to 1 picks a point in its upper half, so that
/// several machines that failed together do not come back together.
pub(super) fn next(transient: bool, attempt: u32, attempts: u32, jitter: f64) -> Next {
    if !transient || attempt >= attempts.max(1) {
        return Next::Stop;
    }
    let doublings = attempt.saturating_sub(1).min(16);
    let whole = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    Next::Wait(whole.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0))
}

/// Dice and clock of the retries.
pub trait Pacing {
    /// A number from 0 to 1, a new one each time.
    fn jitter(&mut self) -> f64;

    /// Lets the time pass.
    fn pause(&mut self, time: Duration) -> impl Future<Output = ()>;
}

/// The real ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealPacing;

impl Pacing for RealPacing {
    fn jitter(&mut self) -> f64 {
        // The keys of a hasher are the only randomness in the standard library, and good enough for this.
        f64::from((RandomState::new().hash_one(0_u8) >> 32) as u32) / f64::from(u32::MAX)
    }

    async fn pause(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(ms: u64) -> Next {
        Next::Wait(Duration::from_millis(ms))
    }

    #[test]
    fn decisions() {
        let table = [
            ("permanent, first", false, 1, 5, 1.0, Next::Stop),
            ("transient, first", true, 1, 5, 1.0, wait(500)),
            ("the lower end of the jitter", true, 1, 5, 0.0, wait(250)),
            ("doubles", true, 2, 5, 1.0, wait(1_000)),
            ("doubles again", true, 3, 5, 0.5, wait(1_500)),
            ("is capped", true, 30, 50, 1.0, wait(20_000)),
            ("the budget is spent", true, 5, 5, 1.0, Next::Stop),
            ("a single attempt", true, 1, 1, 1.0, Next::Stop),
            ("zero attempts are one", true, 1, 0, 1.0, Next::Stop),
            ("dice out of range", true, 1, 2, 7.0, wait(500)),
        ];
        for (case, transient, attempt, attempts, jitter, expected) in table {
            assert_eq!(next(transient, attempt, attempts, jitter), expected, "{case}");
        }
    }

    #[test]
    fn real_dice_stay_in_range_and_differ() {
        let rolls: Vec<f64> = (0..50).map(|_| RealPacing.jitter()).collect();
        assert!(rolls.iter().all(|roll| (0.0..=1.0).contains(roll)));
        assert!(rolls.iter().any(|roll| roll != &rolls[0]));
    }
}
