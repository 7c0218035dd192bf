//! What happens in System A while the worker is killed: x and y climb, z goes over its threshold and back, and w stays over its
//! own until nobody is left to escalate it to.
//!
//! Some values are held until it is certain that a reading of them was stored, which shows from outside: cycles of a
//! metric never overlap, so when a worker reads again, what it read before is stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_simulator::SystemA;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::channels::Sinks;

/// Reads by one worker after which a value is certainly stored: one may have been answered just before the value was
/// set, one may be the last of a dead worker, one reads it, and one is made when that is stored.
const READS: usize = 4;
/// How often a total is raised during one hold. Alerts stay short of the number of messages that are sent singly.
const NUDGES: u32 = 8;
/// z when nothing is wrong.
const CALM: f64 = 50.0;
/// z in between: over it is not yet.
const BETWEEN: f64 = 95.0;
/// Where z is above its threshold, the n-th excursion is by n.
const THRESHOLD: f64 = 100.0;

/// Where w is above its threshold, the n-th excursion is by n. z never gets there.
pub(super) const LIMIT: f64 = 1000.0;

/// A value that was there for long enough to be stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) value: f64,
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

/// All that happened.
pub(super) struct Happened {
    /// The values of x that were held; the last is the last of all.
    pub(super) x: Vec<Held>,
    /// The same of y.
    pub(super) y: Vec<Held>,
    /// The excursions of z, each of them over.
    pub(super) z: Vec<Held>,
    /// Those of w, each of which was escalated to the end.
    pub(super) w: Vec<Held>,
}

/// The driver at work.
pub(super) struct Driver {
    tasks: [JoinHandle<Vec<Held>>; 4],
    stop: CancellationToken,
}

/// One total of System A.
struct Total {
    a: SystemA,
    key: &'static str,
    /// How many workers have died.
    lives: Arc<AtomicUsize>,
    rng: fastrand::Rng,
    stop: CancellationToken,
}

/// Begins; `lives` counts the dead workers, before the next is started, and `sinks` show who knows of w.
pub(super) fn start(a: &SystemA, lives: &Arc<AtomicUsize>, rng: &mut fastrand::Rng, sinks: &Sinks) -> Driver {
    let stop = CancellationToken::new();
    let mut total = |key| Total {
        a: a.clone(),
        key,
        lives: Arc::clone(lives),
        rng: rng.fork(),
        stop: stop.clone(),
    };
    Driver {
        tasks: [
            tokio::spawn(total("x").climb()),
            tokio::spawn(total("y").climb()),
            tokio::spawn(total("z").swing()),
            tokio::spawn(total("w").last(sinks.clone())),
        ],
        stop,
    }
}

impl Driver {
    /// Ends it with values that were held, while a worker runs that nobody kills.
    pub(super) async fn stop(self) -> Happened {
        self.stop.cancel();
        let [x, y, z, w] = self.tasks;
        Happened {
            x: x.await.unwrap(),
            y: y.await.unwrap(),
            z: z.await.unwrap(),
            w: w.await.unwrap(),
        }
    }
}

impl Total {
    /// Rises by steps, some of which may never be read.
    async fn climb(mut self) -> Vec<Held> {
        let (mut total, mut held) = (0.0, Vec::new());
        while held.is_empty() || !self.stop.is_cancelled() {
            for _ in 0..self.rng.u32(..5) {
                total += 1.0;
                self.a.set_total(self.key, total);
                self.pause().await;
            }
            total += f64::from(self.rng.u32(1..=2));
            let end = self.hold(total, NUDGES).await;
            total = end.value;
            held.push(end);
        }
        held
    }

    /// Goes over the threshold and back.
    async fn swing(mut self) -> Vec<Held> {
        let mut held = Vec::new();
        self.hold(CALM, 0).await;
        while held.is_empty() || !self.stop.is_cancelled() {
            let over = THRESHOLD + 1.0 + held.len() as f64;
            held.push(self.hold(over, 0).await);
            if self.rng.bool() {
                self.a.set_total(self.key, BETWEEN);
                self.pause().await;
            }
            self.hold(CALM, 0).await;
        }
        held
    }

    /// Goes over the threshold, stays there until those of the last step know of it, and comes back.
    async fn last(mut self, sinks: Sinks) -> Vec<Held> {
        let mut held = Vec::new();
        self.hold(CALM, 0).await;
        while held.is_empty() || !self.stop.is_cancelled() {
            let mut over = self.hold(LIMIT + 1.0 + held.len() as f64, 0).await;
            while !sinks.are_escalated(over.value) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            over.until = Utc::now();
            held.push(over);
            self.hold(CALM, 0).await;
        }
        held
    }

    /// Sets a value and leaves it until it is certainly stored. Where a worker dies meanwhile it rises by one more, at
    /// most `nudges` times, so that what the next worker reads first is a breach.
    async fn hold(&mut self, mut value: f64, mut nudges: u32) -> Held {
        let mut from = Utc::now();
        self.a.set_total(self.key, value);
        let mut noted: Option<(usize, usize)> = None;
        loop {
            // The reads before the lives: a worker that is counted as living then made them all.
            let reads = self.a.reads(self.key);
            let lives = self.lives.load(Ordering::SeqCst);
            match noted {
                Some((life, before)) if life == lives => {
                    if reads >= before + READS {
                        let until = Utc::now();
                        return Held { value, from, until };
                    }
                }
                _ => {
                    if noted.is_some() && nudges > 0 {
                        nudges -= 1;
                        value += 1.0;
                        from = Utc::now();
                        self.a.set_total(self.key, value);
                    }
                    noted = Some((lives, self.a.reads(self.key)));
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn pause(&mut self) {
        tokio::time::sleep(Duration::from_millis(self.rng.u64(10..150))).await;
    }
}
