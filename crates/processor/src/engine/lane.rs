//! One queue of the outbox: the alarm, the asking for details, or a channel. Each has places and a rate of its own,
//! so that one which hangs or is dead delays no other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use monitor_model::Delivery;
use monitor_notify::{Failure, Notifier};
use monitor_upstream::Alarm;
use serde::{Deserialize, Serialize};

use super::breaker::Breaker;
use super::conclude::End;
use super::counts::LaneMeter;
use super::cycle::Watched;
use super::health::Health;
use super::parcel::Parcel;
use super::told::{ALARM_LANE, DETAILS_LANE, Teller};
use super::{Channel, Shared, details};
use crate::fault::{self, Point};
use crate::window::Window;

/// Alarms sounded at one time.
const ALARM_PLACES: usize = 4;
/// Alerts explained at one time.
const DETAILS_PLACES: usize = 8;
/// The first pause between two attempts of the alarm and the details: somebody is waiting.
const JOB_PATIENCE: Duration = Duration::from_millis(500);
/// The longest pause between two attempts of the alarm, whatever its system asks for.
const ALARM_PAUSE: Duration = Duration::from_secs(30);
/// The first pause between two attempts of a channel.
const CHANNEL_PATIENCE: Duration = Duration::from_secs(1);
/// The longest pause between two attempts of a channel that does not ask for a longer one.
const CHANNEL_PAUSE: Duration = Duration::from_secs(300);
/// The longest pause of a channel, whatever it asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What the alarm and the details are about.
#[derive(Serialize, Deserialize)]
pub(crate) struct Job {
    /// The metric's key.
    pub(crate) key: String,
    /// Who is told, decided when the alert was opened: whoever explains it may have another config.
    pub(crate) teller: Option<Teller>,
}

impl Job {
    /// A payload that cannot be read may be one that a newer worker can.
    pub(crate) fn of(delivery: &Delivery) -> Result<Job, Verdict> {
        serde_json::from_str(&delivery.payload)
            .map_err(|error| Verdict::transient(format!("its stored payload cannot be read: {error}")))
    }
}

/// How patient a lane is.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    /// How long a delivery is tried before it is given up.
    pub(crate) max_age: Duration,
    patience: Duration,
    most: Duration,
    longest: Duration,
}

impl Terms {
    /// Doubling from the lane's patience, of which the upper half is left to chance: deliveries that failed together do
    /// not come back together. Longer where the other side asks for it, within reason.
    pub(crate) fn pause(self, attempt: i32, asked: Option<Duration>) -> Duration {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(16);
        let full = self.patience.saturating_mul(1 << doublings).min(self.most);
        let pause = full / 2 + full.mul_f64(0.5 * fastrand::f64());
        pause.max(asked.unwrap_or_default()).min(self.longest)
    }
}

/// What became of one attempt.
pub(crate) enum Verdict {
    /// It is delivered.
    Done(Done),
    /// Try again.
    Transient {
        reason: String,
        /// How long the other side asked to be left alone.
        retry_after: Option<Duration>,
        /// The longest that it may wait all the same.
        at_most: Option<Duration>,
    },
    /// It cannot be delivered, however often it is tried.
    Permanent { reason: String },
}

/// Whether the outbox knows already.
pub(crate) enum Done {
    /// To be marked as sent.
    Unmarked,
    /// Marked in the transaction that did the work.
    Marked,
}

impl Verdict {
    pub(crate) fn transient(reason: impl Into<String>) -> Verdict {
        Verdict::Transient {
            reason: reason.into(),
            retry_after: None,
            at_most: None,
        }
    }
}

/// What a lane's attempts share with it.
#[derive(Clone)]
pub(crate) struct LaneParts {
    pub(crate) terms: Terms,
    pub(crate) meter: Arc<LaneMeter>,
    pub(crate) health: Health,
}

/// A queue and how it is worked off.
pub(crate) struct Lane {
    pub(crate) name: String,
    pub(crate) parts: LaneParts,
    in_flight: usize,
    places: usize,
    window: Window,
    /// None for jobs: each knows by itself when to try again.
    breaker: Option<Breaker>,
    /// After a message, those that come within this time go together.
    pub(crate) digest: Option<Duration>,
    work: Work,
}

/// Who does the work of a lane; cloned into each attempt.
#[derive(Clone)]
pub(crate) enum Work {
    Alarm(Option<Alarm>),
    Details(Arc<HashMap<String, Arc<Watched>>>),
    Channel(Arc<dyn Notifier>),
}

impl Lane {
    pub(crate) fn alarm(shared: &Shared) -> Lane {
        let terms = Terms {
            max_age: shared.options.max_age,
            patience: JOB_PATIENCE,
            most: ALARM_PAUSE,
            longest: ALARM_PAUSE,
        };
        let work = Work::Alarm(shared.alarm.clone());
        Lane::new(shared, ALARM_LANE, terms, ALARM_PLACES, work)
    }

    pub(crate) fn details(shared: &Shared, metrics: &[Arc<Watched>]) -> Lane {
        let by_key = metrics
            .iter()
            .map(|watched| (watched.key().to_owned(), Arc::clone(watched)))
            .collect();
        let terms = Terms {
            max_age: shared.options.max_age,
            patience: JOB_PATIENCE,
            most: shared.options.details_wait,
            longest: shared.options.details_wait,
        };
        let work = Work::Details(Arc::new(by_key));
        Lane::new(shared, DETAILS_LANE, terms, DETAILS_PLACES, work)
    }

    pub(crate) fn channel(shared: &Shared, channel: &Channel) -> Lane {
        let limits = channel.notifier.limits();
        let terms = Terms {
            max_age: channel.max_age,
            patience: CHANNEL_PATIENCE,
            most: CHANNEL_PAUSE,
            longest: LONGEST_PAUSE,
        };
        let work = Work::Channel(Arc::clone(&channel.notifier));
        Lane {
            window: Window::new(limits.per_minute),
            breaker: Some(Breaker::new(channel.notifier.recipients().len())),
            digest: channel.digest,
            ..Lane::new(
                shared,
                channel.notifier.name(),
                terms,
                limits.concurrency.max(1),
                work,
            )
        }
    }

    fn new(shared: &Shared, name: &str, terms: Terms, places: usize, work: Work) -> Lane {
        Lane {
            name: name.to_owned(),
            parts: LaneParts {
                terms,
                meter: shared.counts.lane(name),
                health: shared.health(name),
            },
            in_flight: 0,
            places,
            window: Window::new(None),
            breaker: None,
            digest: None,
            work,
        }
    }

    /// How many parcels it can take on at `now`.
    pub(crate) fn free(&mut self, now: Duration) -> usize {
        let places = self
            .breaker
            .as_ref()
            .map_or(self.places, |breaker| breaker.places(self.places, now));
        places.saturating_sub(self.in_flight).min(self.window.free(now))
    }

    /// How long its rate limit or its breaker keeps it waiting; nothing where it waits for a place instead.
    pub(crate) fn wait(&mut self, now: Duration) -> Duration {
        let open = self.breaker.as_ref().map(|breaker| breaker.wait(now));
        self.window.wait(now).max(open.unwrap_or_default())
    }

    /// Takes on one parcel at `now`.
    pub(crate) fn take(&mut self, now: Duration) -> Work {
        self.in_flight += 1;
        self.window.take(now);
        self.work.clone()
    }

    /// One parcel has ended at `now`.
    pub(crate) fn ended(&mut self, recipient: &str, end: End, now: Duration) {
        self.in_flight -= 1;
        if let Some(breaker) = &mut self.breaker {
            match end {
                End::Through => breaker.success(),
                End::Later(asked) => {
                    breaker.failure(recipient, now, asked.map(|asked| asked.min(LONGEST_PAUSE)));
                }
                End::GivenUp => breaker.gave_up(now),
                End::Stray => {}
            }
        }
    }
}

impl Work {
    /// One attempt.
    pub(crate) async fn attempt(&self, shared: &Arc<Shared>, parcel: &Parcel) -> Verdict {
        match self {
            Work::Alarm(alarm) => sound(alarm.as_ref(), parcel.first()).await,
            Work::Details(metrics) => match Job::of(parcel.first()) {
                Ok(job) => details::run(shared, metrics.get(&job.key), job.teller, parcel.first()).await,
                Err(verdict) => verdict,
            },
            Work::Channel(notifier) => send(shared, &**notifier, parcel).await,
        }
    }
}

async fn sound(alarm: Option<&Alarm>, delivery: &Delivery) -> Verdict {
    let Some(alarm) = alarm else {
        return Verdict::transient("this worker's config has no [alarm]");
    };
    let job = match Job::of(delivery) {
        Ok(job) => job,
        Err(verdict) => return verdict,
    };
    fault::point(Point::BeforeSend);
    let sounded = alarm.sound(&job.key, Some(&delivery.message_id)).await;
    fault::point(Point::AfterSend);
    match sounded {
        Ok(()) => Verdict::Done(Done::Unmarked),
        // Even a 404 is tried again: a wrong path is mended in the config, and the alarm must sound then.
        Err(error) => Verdict::Transient {
            reason: error.to_string(),
            retry_after: error.retry_after(),
            at_most: None,
        },
    }
}

async fn send(shared: &Shared, notifier: &dyn Notifier, parcel: &Parcel) -> Verdict {
    let message = match parcel.message(shared.options.language) {
        Ok(message) => message,
        // One that a newer worker wrote, which may be able to read it.
        Err(reason) => return Verdict::transient(reason),
    };
    fault::point(Point::BeforeSend);
    let sent = notifier.send(&message, &parcel.first().recipient).await;
    fault::point(Point::AfterSend);
    match sent {
        Ok(()) => Verdict::Done(Done::Unmarked),
        Err(Failure::Transient { reason, retry_after }) => Verdict::Transient {
            reason,
            retry_after,
            at_most: None,
        },
        Err(Failure::Permanent { reason }) => Verdict::Permanent { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let terms = Terms {
            max_age: Duration::MAX,
            patience: CHANNEL_PATIENCE,
            most: CHANNEL_PAUSE,
            longest: LONGEST_PAUSE,
        };
        for (attempt, full) in [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (i32::MAX, 300)] {
            let full = Duration::from_secs(full);
            for _ in 0..100 {
                let pause = terms.pause(attempt, None);
                assert!(pause >= full / 2 && pause <= full, "attempt {attempt}: {pause:?}");
            }
        }
        let asked = |seconds| terms.pause(1, Some(Duration::from_secs(seconds)));
        assert_eq!(
            asked(600),
            Duration::from_secs(600),
            "the other side may ask for longer"
        );
        assert_eq!(asked(86_400), LONGEST_PAUSE, "within reason");
    }
}
