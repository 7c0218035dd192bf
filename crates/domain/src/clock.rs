//! Time as something passed in: the wall clock for what people read, a monotonic one for every duration.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

/// Where the time comes from. Production uses [`SystemClock`]; tests script their own.
///
/// Intervals, timeouts and back-off are always measured with [`monotonic`](Clock::monotonic), so that a wall clock
/// which is stepped can neither hurry nor hold up anything.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The time of day, truncated to microseconds (what both databases can hold).
    fn wall(&self) -> DateTime<Utc>;

    /// Time since an arbitrary start; it never goes back.
    fn monotonic(&self) -> Duration;

    /// Ends when [`monotonic`](Clock::monotonic) has reached `at`; at once when it already has.
    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()>;

    /// Ends when `d` has passed from now.
    fn sleep(&self, d: Duration) -> BoxFuture<'static, ()> {
        self.sleep_until(self.monotonic().saturating_add(d))
    }
}

/// A clock shared by everything in a process.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clocks, with tokio's timer behind [`Clock::sleep_until`].
///
/// All values of this type have the same start, so their monotonic instants can be compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// This clock, ready to be shared.
    pub fn shared() -> SharedClock {
        Arc::new(SystemClock)
    }

    fn start() -> Instant {
        static START: OnceLock<Instant> = OnceLock::new();
        *START.get_or_init(Instant::now)
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    fn monotonic(&self) -> Duration {
        let start = Self::start();
        Instant::now().saturating_duration_since(start)
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        // An instant beyond what the timer can express is as good as never.
        match Self::start().checked_add(at) {
            Some(instant) => tokio::time::sleep_until(instant).boxed(),
            None => std::future::pending().boxed(),
        }
    }
}

/// The limit given to [`timeout`] passed before the work was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done within {}", humantime::format_duration(*.0))]
pub struct Elapsed(
    /// The limit that passed.
    pub Duration,
);

/// Runs `f` for at most `limit` of `clock`'s monotonic time, then drops it.
///
/// Work that is done in the same instant as the limit counts as done.
///
/// # Errors
/// [`Elapsed`] when the limit came first.
pub async fn timeout<F: Future>(clock: &dyn Clock, limit: Duration, f: F) -> Result<F::Output, Elapsed> {
    let mut f = pin!(f);
    tokio::select! {
        biased;
        output = &mut f => Ok(output),
        () = clock.sleep(limit) => Err(Elapsed(limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Timelike;

    #[test]
    fn wall_time_has_no_more_than_microseconds() {
        assert_eq!(SystemClock.wall().nanosecond() % 1_000, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn sleeping_lasts_as_long_as_asked_and_a_past_instant_is_over_at_once() {
        let clock = SystemClock::shared();
        let before = clock.monotonic();
        clock.sleep(Duration::from_secs(7)).await;
        let slept = clock.monotonic() - before;
        assert!(
            slept >= Duration::from_secs(7) && slept < Duration::from_secs(8),
            "{slept:?}"
        );
        clock.sleep_until(before).await;
        assert!(clock.monotonic() - before < Duration::from_secs(8));
    }

    #[tokio::test(start_paused = true)]
    async fn timeout_gives_the_output_or_says_which_limit_passed() {
        let clock = SystemClock::shared();
        assert_eq!(timeout(&*clock, Duration::ZERO, async { 3 }).await, Ok(3));
        let late = timeout(&*clock, Duration::from_secs(2), std::future::pending::<()>()).await;
        assert_eq!(late, Err(Elapsed(Duration::from_secs(2))));
        assert_eq!(late.unwrap_err().to_string(), "not done within 2s");
        // Far beyond what the timer can express: must not panic.
        let far = timeout(&*clock, Duration::MAX, async { 4 }).await;
        assert_eq!(far, Ok(4));
    }
}
