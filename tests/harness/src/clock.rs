//! Real time that can be jumped forward: sockets go on working, and an hour passes at once.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use monitor_domain::{Clock, SystemClock};
use monitor_testkit::ScriptedClock;
use tokio::sync::watch;

/// The system's clock plus what the test jumped; or the jumps alone, once it is [held](JumpClock::hold).
#[derive(Debug)]
pub struct JumpClock {
    ahead: watch::Sender<Duration>,
    stepped: std::sync::Mutex<chrono::Duration>,
    held: OnceLock<Arc<ScriptedClock>>,
}

impl JumpClock {
    pub fn shared() -> Arc<JumpClock> {
        Arc::new(JumpClock {
            ahead: watch::channel(Duration::ZERO).0,
            stepped: std::sync::Mutex::default(),
            held: OnceLock::new(),
        })
    }

    /// From now on no time passes but by jumps, so that what happens when is the same on a machine of any speed. To be called
    /// before anything sleeps.
    pub fn hold(&self) {
        let (wall, monotonic) = (self.wall(), self.monotonic());
        let held = ScriptedClock::new(wall - monotonic);
        held.advance(monotonic);
        assert!(self.held.set(held).is_ok(), "it is held already");
    }

    /// Lets `d` pass at once: everything that sleeps until then wakes.
    pub fn jump(&self, d: Duration) {
        match self.held.get() {
            Some(held) => held.advance(d),
            None => self.ahead.send_modify(|ahead| *ahead += d),
        }
    }

    /// Sets the wall clock forward or back; no time passes.
    pub fn step_wall(&self, by: chrono::Duration) {
        match self.held.get() {
            Some(held) => held.step_wall(by),
            None => *self.stepped.lock().unwrap() += by,
        }
    }
}

impl Clock for JumpClock {
    fn wall(&self) -> DateTime<Utc> {
        match self.held.get() {
            Some(held) => held.wall(),
            None => SystemClock.wall() + *self.ahead.borrow() + *self.stepped.lock().unwrap(),
        }
    }

    fn monotonic(&self) -> Duration {
        match self.held.get() {
            Some(held) => held.monotonic(),
            None => SystemClock.monotonic() + *self.ahead.borrow(),
        }
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        if let Some(held) = self.held.get() {
            return held.sleep_until(at);
        }
        let mut ahead = self.ahead.subscribe();
        async move {
            loop {
                let real = at.saturating_sub(*ahead.borrow_and_update());
                tokio::select! {
                    () = SystemClock.sleep_until(real) => return,
                    changed = ahead.changed() => if changed.is_err() {
                        SystemClock.sleep_until(real).await;
                        return;
                    },
                }
            }
        }
        .boxed()
    }
}
