//! One queue of the outbox: the alarm, the explanations, or a channel. Each has places and a rate of its own, so that one which
//! hangs or is dead delays no other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::NaiveDateTime;
use monitor_model::deliveries::Turns;

use super::attempt::Attempted;
use super::breaker::Breaker;
use super::rate_limit::RateLimit;
use super::recipients::Recipients;
use super::settle::AttemptOutcome;
use crate::context::{Context, Health, ago};
use crate::outbox::{Job, RetryPolicy, TimeLimit};
use crate::telemetry::LaneMeter;

/// How often a lane with a time limit is searched for what has waited too long.
const OVERDUE: Duration = Duration::from_secs(1);

/// A queue and how it is worked off.
pub(super) struct Lane {
    pub(super) name: String,
    /// Of all lanes that there ever were, which: another one of its name may have been there before.
    pub(super) number: usize,
    /// After a message, those that come within this time go together.
    pub(super) digest: Option<Duration>,
    parts: LaneParts,
    places: usize,
    rate: RateLimit,
    breaker: Option<Breaker>,
    recipients: Recipients,
    /// The recipient that was served last.
    after: Option<String>,
    /// What has waited for so long waits for no place any more.
    limit: Option<TimeLimit>,
}

/// What a lane shares with its attempts.
#[derive(Clone)]
pub(super) struct LaneParts {
    pub(super) job: Arc<dyn Job>,
    pub(super) retry: RetryPolicy,
    pub(super) meter: Arc<LaneMeter>,
    pub(super) health: Health,
    /// Whether the lane fails for all its recipients, as far as that is known.
    pub(super) is_down: Arc<AtomicBool>,
}

impl Lane {
    pub(super) fn new(context: &Context, job: Arc<dyn Job>, number: usize) -> Lane {
        let settings = job.lane();
        Lane {
            parts: LaneParts {
                job,
                retry: settings.retry,
                meter: context.counters.lane(&settings.name),
                health: context.lanes.get(&settings.name),
                is_down: Arc::default(),
            },
            name: settings.name,
            number,
            digest: settings.digest,
            places: settings.places.max(1),
            rate: RateLimit::new(settings.rate),
            breaker: settings.breaks.then(|| Breaker::new(settings.recipients)),
            // Of one recipient the lane's own breaker knows.
            recipients: Recipients::new(
                settings.recipients > 1,
                settings.breaks && settings.recipients > 1,
            ),
            after: None,
            limit: settings.limit,
        }
    }

    /// Goes on by a changed config with another job; what is under way stays counted, by its old one. Where what it sends through
    /// `is_new`, how the old one failed says nothing of it. What was sent counts towards the same limit all the same: it is
    /// the other side that counts.
    pub(super) fn changed(&mut self, context: &Context, job: Arc<dyn Job>, is_new: bool) {
        let settings = job.lane();
        if is_new {
            context.lanes.forget(&self.name);
            self.parts.health = context.lanes.get(&self.name);
            self.parts.is_down = Arc::default();
            self.breaker = settings.breaks.then(|| Breaker::new(settings.recipients));
        }
        let several = settings.recipients > 1;
        self.recipients
            .changed(several, settings.breaks && several, is_new);
        if self.rate.rate() != settings.rate {
            self.rate.limit(settings.rate);
        }
        (self.parts.job, self.parts.retry) = (job, settings.retry);
        (self.digest, self.limit) = (settings.digest, settings.limit);
        self.places = settings.places.max(1);
    }

    /// How many batches it can take on at `now`.
    pub(super) fn free(&mut self, now: Duration) -> usize {
        let places = self.breaker.as_ref();
        let places = places.map_or(self.places, |breaker| breaker.places(self.places, now));
        let free = if places < self.places {
            // One that tries out a dead channel is the only one, however long it takes.
            places.saturating_sub(self.recipients.in_flight())
        } else {
            self.recipients.free(places, now)
        };
        free.min(self.rate.free(now))
    }

    /// How long until it can take on more only because time has passed; nothing where it waits for something else.
    pub(super) fn wait(&mut self, now: Duration) -> Option<Duration> {
        let open = self.breaker.as_ref().map(|breaker| breaker.wait(now));
        let own = self.rate.wait(now).max(open.unwrap_or_default());
        let own = (!own.is_zero()).then_some(own);
        let recipients = self.recipients.wait(now);
        // What has waited too long is found soon enough.
        let overdue = self.limit.map(|_| OVERDUE);
        own.into_iter().chain(recipients).chain(overdue).min()
    }

    /// Whose turn it is at `now`.
    pub(super) fn turns(&self, wall: NaiveDateTime, now: Duration) -> Turns {
        Turns {
            each: Some(self.recipients.share(self.places)),
            to: self.recipients.left(self.places, now),
            after: self.after.clone(),
            overdue: self.limit.map(|limit| limit.since..=ago(wall, limit.wait)),
        }
    }

    /// Whether it has something to do without a free place.
    pub(super) fn has_limit(&self) -> bool {
        self.limit.is_some()
    }

    /// Takes on one batch to `recipient` at `now`.
    pub(super) fn take(&mut self, recipient: &str, now: Duration) -> LaneParts {
        self.recipients.begin(recipient, now);
        self.after = Some(recipient.to_owned());
        self.rate.begin();
        self.parts.clone()
    }

    /// One batch that began at `begun` has been settled at `now`.
    pub(super) fn settled(&mut self, recipient: &str, begun: Duration, attempted: Attempted, now: Duration) {
        let Attempted { outcome, answered } = attempted;
        self.rate.end(answered);
        self.recipients.end(recipient, begun, outcome, now);
        let Some(breaker) = &mut self.breaker else { return };
        match outcome {
            AttemptOutcome::Through => breaker.success(),
            AttemptOutcome::Later(requested) => {
                let most = self.parts.retry.longest_requested;
                breaker.failure(recipient, now, requested.map(|pause| pause.min(most)));
            }
            AttemptOutcome::GivenUp => breaker.gave_up(now),
            AttemptOutcome::Orphaned => {}
        }
        self.parts.is_down.store(breaker.is_down(), Ordering::Relaxed);
    }
}
