//! One queue of the outbox: the alarm, the explanations, or a channel. Each has places and a rate of its own, so that one which
//! hangs or is dead delays no other.

use std::sync::Arc;
use std::time::Duration;

use super::breaker::Breaker;
use super::rate_limit::RateLimit;
use super::settle::AttemptOutcome;
use crate::context::{Context, Health};
use crate::outbox::{Job, RetryPolicy};
use crate::telemetry::LaneMeter;

/// A queue and how it is worked off.
pub(super) struct Lane {
    pub(super) name: String,
    /// After a message, those that come within this time go together.
    pub(super) digest: Option<Duration>,
    parts: LaneParts,
    in_flight: usize,
    places: usize,
    rate: RateLimit,
    breaker: Option<Breaker>,
}

/// What a lane shares with its attempts.
#[derive(Clone)]
pub(super) struct LaneParts {
    pub(super) job: Arc<dyn Job>,
    pub(super) retry: RetryPolicy,
    pub(super) meter: Arc<LaneMeter>,
    pub(super) health: Health,
}

impl Lane {
    pub(super) fn new(context: &Context, job: Arc<dyn Job>) -> Lane {
        let settings = job.lane();
        Lane {
            parts: LaneParts {
                job,
                retry: settings.retry,
                meter: context.counters.lane(&settings.name),
                health: context.lanes.get(&settings.name),
            },
            name: settings.name,
            digest: settings.digest,
            in_flight: 0,
            places: settings.places.max(1),
            rate: RateLimit::new(settings.per_minute),
            breaker: settings.breaker.map(Breaker::new),
        }
    }

    /// How many batches it can take on at `now`.
    pub(super) fn free(&mut self, now: Duration) -> usize {
        let places = self
            .breaker
            .as_ref()
            .map_or(self.places, |breaker| breaker.places(self.places, now));
        places.saturating_sub(self.in_flight).min(self.rate.free(now))
    }

    /// How long its rate limit or its breaker keeps it waiting; nothing where it waits for a place instead.
    pub(super) fn wait(&mut self, now: Duration) -> Duration {
        let open = self.breaker.as_ref().map(|breaker| breaker.wait(now));
        self.rate.wait(now).max(open.unwrap_or_default())
    }

    /// Takes on one batch at `now`.
    pub(super) fn take(&mut self, now: Duration) -> LaneParts {
        self.in_flight += 1;
        self.rate.take(now);
        self.parts.clone()
    }

    /// One batch has been settled at `now`.
    pub(super) fn settled(&mut self, recipient: &str, outcome: AttemptOutcome, now: Duration) {
        self.in_flight -= 1;
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
    }
}
