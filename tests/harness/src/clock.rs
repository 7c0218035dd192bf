//! Real time that can be jumped forward: sockets go on working, and an hour passes at once.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use monitor_domain::{Clock, SystemClock};
use tokio::sync::watch;

/// The system's clock plus what the test jumped.
#[derive(Debug)]
pub struct JumpClock {
    ahead: watch::Sender<Duration>,
    stepped: std::sync::Mutex<chrono::Duration>,
}

impl JumpClock {
    pub fn shared() -> Arc<JumpClock> {
        Arc::new(JumpClock {
            ahead: watch::channel(Duration::ZERO).0,
            stepped: std::sync::Mutex::default(),
        })
    }

    /// Lets `d` pass at once: everything that sleeps until then wakes.
    pub fn jump(&self, d: Duration) {
        self.ahead.send_modify(|ahead| *ahead += d);
    }

    /// Sets the wall clock forward or back; no time passes.
    pub fn step_wall(&self, by: chrono::Duration) {
        *self.stepped.lock().unwrap() += by;
    }
}

impl Clock for JumpClock {
    fn wall(&self) -> DateTime<Utc> {
        SystemClock.wall() + *self.ahead.borrow() + *self.stepped.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() + *self.ahead.borrow()
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
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
