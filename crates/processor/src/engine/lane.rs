//! One queue of the outbox: the alarm, the asking for details, or a channel. Each has places and a rate of its own,
//! so that one which hangs or is dead delays no other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use monitor_model::Delivery;
use monitor_notify::{Failure, Notification, Notifier};
use monitor_upstream::Alarm;
use serde::{Deserialize, Serialize};

use super::cycle::Watched;
use super::told::{ALARM_LANE, DETAILS_LANE};
use super::{Channel, Shared, details};
use crate::window::Window;

/// Alarms sounded at one time.
const ALARM_PLACES: usize = 4;
/// Alerts explained at one time.
const DETAILS_PLACES: usize = 8;

/// What the alarm and the details are about.
#[derive(Serialize, Deserialize)]
pub(crate) struct Job {
    /// The metric's key.
    pub(crate) key: String,
}

impl Job {
    fn of(delivery: &Delivery) -> Result<Job, Verdict> {
        serde_json::from_str(&delivery.payload)
            .map_err(|error| Verdict::permanent(format!("its stored payload cannot be read: {error}")))
    }
}

/// What became of one attempt.
pub(crate) enum Verdict {
    /// It is delivered.
    Done(Done),
    /// Try again.
    Transient {
        reason: String,
        retry_after: Option<Duration>,
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
        }
    }

    pub(crate) fn permanent(reason: impl Into<String>) -> Verdict {
        Verdict::Permanent {
            reason: reason.into(),
        }
    }
}

/// A queue and how it is worked off.
pub(crate) struct Lane {
    pub(crate) name: String,
    pub(crate) max_age: Duration,
    /// The first pause between two attempts.
    pub(crate) patience: Duration,
    pub(crate) in_flight: usize,
    places: usize,
    window: Window,
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
        Lane {
            name: ALARM_LANE.to_owned(),
            max_age: shared.options.max_age,
            patience: Duration::from_millis(500),
            in_flight: 0,
            places: ALARM_PLACES,
            window: Window::new(None),
            work: Work::Alarm(shared.alarm.clone()),
        }
    }

    pub(crate) fn details(shared: &Shared, metrics: &[Arc<Watched>]) -> Lane {
        let by_key = metrics
            .iter()
            .map(|watched| (watched.key().to_owned(), Arc::clone(watched)))
            .collect();
        Lane {
            name: DETAILS_LANE.to_owned(),
            max_age: shared.options.max_age,
            patience: Duration::from_millis(500),
            in_flight: 0,
            places: DETAILS_PLACES,
            window: Window::new(None),
            work: Work::Details(Arc::new(by_key)),
        }
    }

    pub(crate) fn channel(channel: &Channel) -> Lane {
        let limits = channel.notifier.limits();
        Lane {
            name: channel.notifier.name().to_owned(),
            max_age: channel.max_age,
            patience: Duration::from_secs(1),
            in_flight: 0,
            places: limits.concurrency.max(1),
            window: Window::new(limits.per_minute),
            work: Work::Channel(Arc::clone(&channel.notifier)),
        }
    }

    /// How many deliveries it can take on at `now`.
    pub(crate) fn free(&mut self, now: Duration) -> usize {
        self.places
            .saturating_sub(self.in_flight)
            .min(self.window.free(now))
    }

    /// How long its rate limit keeps it waiting; nothing where it waits for a place instead.
    pub(crate) fn wait(&mut self, now: Duration) -> Duration {
        self.window.wait(now)
    }

    /// Takes on one delivery at `now`.
    pub(crate) fn take(&mut self, now: Duration) -> Work {
        self.in_flight += 1;
        self.window.take(now);
        self.work.clone()
    }
}

impl Work {
    /// One attempt.
    pub(crate) async fn attempt(&self, shared: &Arc<Shared>, delivery: &Delivery) -> Verdict {
        match self {
            Work::Alarm(alarm) => sound(alarm.as_ref(), delivery).await,
            Work::Details(metrics) => match Job::of(delivery) {
                Ok(job) => details::run(shared, metrics.get(&job.key), delivery).await,
                Err(verdict) => verdict,
            },
            Work::Channel(notifier) => send(&**notifier, delivery).await,
        }
    }
}

async fn sound(alarm: Option<&Alarm>, delivery: &Delivery) -> Verdict {
    let Some(alarm) = alarm else {
        return Verdict::permanent("no [alarm] is in the config any more");
    };
    let job = match Job::of(delivery) {
        Ok(job) => job,
        Err(verdict) => return verdict,
    };
    match alarm.sound(&job.key).await {
        Ok(()) => Verdict::Done(Done::Unmarked),
        // Even a 404 is tried again: a wrong path is mended in the config, and the alarm must sound then.
        Err(error) => Verdict::Transient {
            reason: error.to_string(),
            retry_after: error.retry_after(),
        },
    }
}

async fn send(notifier: &dyn Notifier, delivery: &Delivery) -> Verdict {
    let notification: Notification = match serde_json::from_str(&delivery.payload) {
        Ok(notification) => notification,
        Err(error) => return Verdict::permanent(format!("its stored payload cannot be read: {error}")),
    };
    match notifier.send(&notification, &delivery.recipient).await {
        Ok(()) => Verdict::Done(Done::Unmarked),
        Err(Failure::Transient { reason, retry_after }) => Verdict::Transient { reason, retry_after },
        Err(Failure::Permanent { reason }) => Verdict::Permanent { reason },
    }
}
