//! A clock that tests move.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use monitor_domain::Clock;
use tokio::sync::oneshot;

/// Sleeps up to `skip` are over at once and move the clock; longer ones wait for [`TestClock::advance`].
#[derive(Debug)]
pub(crate) struct TestClock {
    skip: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    now: Duration,
    slept: Vec<Duration>,
    sleepers: Vec<(Duration, oneshot::Sender<()>)>,
}

impl TestClock {
    pub(crate) fn new(skip: Duration) -> Arc<TestClock> {
        Arc::new(TestClock {
            skip,
            state: Mutex::default(),
        })
    }

    /// The sleeps that were skipped, in order.
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.state.lock().unwrap().slept.clone()
    }

    pub(crate) fn sleepers(&self) -> usize {
        self.state
            .lock()
            .unwrap()
            .sleepers
            .iter()
            .filter(|(_, wake)| !wake.is_closed())
            .count()
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap();
        state.now += by;
        let now = state.now;
        let (due, later): (Vec<_>, Vec<_>) = state.sleepers.drain(..).partition(|(at, _)| *at <= now);
        state.sleepers = later;
        for (_, wake) in due {
            let _ = wake.send(());
        }
    }
}

impl Clock for TestClock {
    fn wall(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(784_111_777, 0).unwrap() + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.state.lock().unwrap().now
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.state.lock().unwrap();
        let wait = at.saturating_sub(state.now);
        if wait <= self.skip {
            state.now = state.now.max(at);
            state.slept.push(wait);
            return std::future::ready(()).boxed();
        }
        let (wake, woken) = oneshot::channel();
        state.sleepers.push((at, wake));
        woken.map(drop).boxed()
    }
}
