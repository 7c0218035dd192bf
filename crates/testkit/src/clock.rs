//! A clock that only moves when a test says so.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use monitor_domain::Clock;

/// How often [`ScriptedClock::run_for`] lets the other tasks run at each stop.
const SETTLE: usize = 64;

/// Time by script. Nothing waits for real: sleepers wake when the test moves the clock past them.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use monitor_domain::Clock;
/// use monitor_testkit::ScriptedClock;
/// use std::time::Duration;
///
/// let clock = ScriptedClock::new("2026-03-01T09:00:00Z".parse().unwrap());
/// let nap = tokio::spawn(clock.sleep(Duration::from_secs(3600)));
/// clock.wait_for_sleepers(1).await;
/// clock.advance(Duration::from_secs(3600)); // an hour, at once
/// nap.await.unwrap();
/// assert_eq!(clock.wall().to_rfc3339(), "2026-03-01T10:00:00+00:00");
/// # });
/// ```
#[derive(Clone)]
pub struct ScriptedClock {
    shared: Arc<Mutex<Times>>,
}

struct Times {
    wall: DateTime<Utc>,
    monotonic: Duration,
    /// By instant, then by who came first.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    next_sleeper: u64,
    /// Those who wait for a number of sleepers.
    watchers: Vec<Waker>,
}

impl ScriptedClock {
    /// A clock that stands at `wall` (cut to microseconds) and, as for its monotonic side, at zero.
    pub fn new(wall: DateTime<Utc>) -> Arc<ScriptedClock> {
        let times = Times {
            wall: wall.trunc_subsecs(6),
            monotonic: Duration::ZERO,
            sleepers: BTreeMap::new(),
            next_sleeper: 0,
            watchers: Vec::new(),
        };
        Arc::new(ScriptedClock {
            shared: Arc::new(Mutex::new(times)),
        })
    }

    /// Moves both times forward by `d` and wakes every sleeper whose instant has come, earliest first, and those of one
    /// instant in the order in which they lay down.
    ///
    /// It returns before the woken have run, and one that sleeps again is not woken a second time however far the clock
    /// went: see [`run_for`](Self::run_for) for that.
    pub fn advance(&self, d: Duration) {
        let woken = {
            let mut times = self.lock();
            times.monotonic = times.monotonic.saturating_add(d);
            let step = chrono::Duration::from_std(d).unwrap_or(chrono::Duration::MAX);
            times.wall = times
                .wall
                .checked_add_signed(step)
                .unwrap_or(DateTime::<Utc>::MAX_UTC)
                .trunc_subsecs(6);
            let now = times.monotonic;
            let later = times.sleepers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut times.sleepers, later)
        };
        // Outside the lock: a waker may run anything, a drop of another sleeper included.
        woken.into_values().for_each(Waker::wake);
    }

    /// Moves forward by `d` from sleeper to sleeper, and lets the other tasks run at each stop, so that something which sleeps
    /// in a loop goes round as often as it would have.
    ///
    /// "Lets run" is a number of yields: on a runtime of one thread (the default of `#[tokio::test]`) that is enough for
    /// work that only passes between tasks; work that waits for a socket or a thread needs to be waited for itself.
    pub async fn run_for(&self, d: Duration) {
        let end = self.monotonic().saturating_add(d);
        loop {
            settle().await;
            let now = self.monotonic();
            let next = self.next_wake().filter(|next| *next <= end);
            let Some(next) = next else {
                self.advance(end.saturating_sub(now));
                settle().await;
                return;
            };
            self.advance(next.saturating_sub(now));
        }
    }

    /// Steps the wall clock alone, as an administrator or a time server does; no sleeper notices.
    pub fn step_wall(&self, by: chrono::Duration) {
        let mut times = self.lock();
        let limit = if by < chrono::Duration::zero() {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        };
        times.wall = times
            .wall
            .checked_add_signed(by)
            .unwrap_or(limit)
            .trunc_subsecs(6);
    }

    /// How many sleep right now. A sleep counts from when it is first polled until it is woken or dropped.
    pub fn sleepers(&self) -> usize {
        self.lock().sleepers.len()
    }

    /// The monotonic instant at which the next sleeper wakes.
    pub fn next_wake(&self) -> Option<Duration> {
        self.lock().sleepers.keys().next().map(|(at, _)| *at)
    }

    /// Ends when at least `n` sleep. It has no limit of its own: a test that gets here for ever shows which one in its name.
    pub async fn wait_for_sleepers(&self, n: usize) {
        std::future::poll_fn(|context| {
            let mut times = self.lock();
            if times.sleepers.len() >= n {
                return Poll::Ready(());
            }
            times.watchers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Times> {
        lock(&self.shared)
    }
}

impl Clock for ScriptedClock {
    fn wall(&self) -> DateTime<Utc> {
        self.lock().wall
    }

    fn monotonic(&self) -> Duration {
        self.lock().monotonic
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        Sleep {
            shared: self.shared.clone(),
            at,
            place: None,
        }
        .boxed()
    }
}

impl fmt::Debug for ScriptedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = self.lock();
        f.debug_struct("ScriptedClock")
            .field("wall", &times.wall)
            .field("monotonic", &times.monotonic)
            .field("sleepers", &times.sleepers.len())
            .finish()
    }
}

struct Sleep {
    shared: Arc<Mutex<Times>>,
    at: Duration,
    place: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let shared = self.shared.clone();
        let mut times = lock(&shared);
        if times.monotonic >= self.at {
            if let Some(place) = self.place.take() {
                times.sleepers.remove(&(self.at, place));
            }
            return Poll::Ready(());
        }
        let place = *self.place.get_or_insert_with(|| {
            times.next_sleeper += 1;
            times.next_sleeper
        });
        times.sleepers.insert((self.at, place), context.waker().clone());
        let watchers = std::mem::take(&mut times.watchers);
        drop(times);
        watchers.into_iter().for_each(Waker::wake);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            lock(&self.shared).sleepers.remove(&(self.at, place));
        }
    }
}

async fn settle() {
    for _ in 0..SETTLE {
        tokio::task::yield_now().await;
    }
}

fn lock(shared: &Mutex<Times>) -> MutexGuard<'_, Times> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn clock() -> Arc<ScriptedClock> {
        ScriptedClock::new("2026-03-01T09:00:00.123456789Z".parse().unwrap())
    }

    #[tokio::test]
    async fn sleepers_wake_in_order_and_only_when_their_time_has_come() {
        let clock = clock();
        let log = Arc::new(Mutex::new(Vec::new()));
        for (name, seconds) in [("third", 9), ("first", 2), ("second", 2), ("later", 10)] {
            let (sleep, log) = (clock.sleep(SECOND * seconds), log.clone());
            tokio::spawn(async move {
                sleep.await;
                log.lock().unwrap().push(name);
            });
        }
        clock.wait_for_sleepers(4).await;
        assert_eq!(clock.next_wake(), Some(SECOND * 2));
        clock.advance(SECOND * 9);
        settle().await;
        assert_eq!(*log.lock().unwrap(), ["first", "second", "third"]);
        assert_eq!(clock.sleepers(), 1);
    }

    #[tokio::test]
    async fn a_loop_goes_round_as_often_as_it_would_have() {
        let clock = clock();
        let ticks = Arc::new(Mutex::new(Vec::new()));
        let (their_clock, their_ticks) = (clock.clone(), ticks.clone());
        let task = tokio::spawn(async move {
            loop {
                their_clock.sleep(SECOND * 10).await;
                their_ticks
                    .lock()
                    .unwrap()
                    .push(their_clock.monotonic().as_secs());
            }
        });
        clock.run_for(SECOND * 35).await;
        assert_eq!(*ticks.lock().unwrap(), [10, 20, 30]);
        assert_eq!(clock.monotonic(), SECOND * 35);
        task.abort();
    }

    #[tokio::test]
    async fn a_dropped_sleep_is_no_sleeper_and_a_past_one_is_over() {
        let clock = clock();
        let mut sleep = clock.sleep(SECOND);
        assert_eq!(clock.sleepers(), 0);
        assert!((&mut sleep).now_or_never().is_none());
        assert_eq!(clock.sleepers(), 1);
        drop(sleep);
        assert_eq!(clock.sleepers(), 0);
        clock.sleep_until(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn the_wall_is_stepped_alone_and_never_panics() {
        let clock = clock();
        assert_eq!(clock.wall().to_rfc3339(), "2026-03-01T09:00:00.123456+00:00");
        clock.step_wall(chrono::Duration::hours(-1));
        assert_eq!(clock.wall().to_rfc3339(), "2026-03-01T08:00:00.123456+00:00");
        assert_eq!(clock.monotonic(), Duration::ZERO);
        clock.advance(SECOND);
        assert_eq!(clock.wall().to_rfc3339(), "2026-03-01T08:00:01.123456+00:00");
        clock.advance(Duration::MAX);
        clock.step_wall(chrono::Duration::MIN);
    }
}
