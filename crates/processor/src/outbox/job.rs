//! What the queue works on: a lane says how patient and how wide it is, and a [`Job`] does the work of its lane. The queue
//! knows no more of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDateTime;
use monitor_notify::Notification;

use super::batch::Batch;
use super::enqueue::Refers;
use super::payload::PayloadError;
use crate::context::Context;

/// The work of one lane. Each impl lives with what it is about.
#[async_trait]
pub(crate) trait Job: Send + Sync {
    /// The lane whose deliveries it makes.
    fn lane(&self) -> LaneSettings;

    /// One attempt, outside of any transaction. It retries nothing by itself.
    async fn attempt(&self, context: &Arc<Context>, batch: &Batch) -> AttemptResult;

    /// What others are notified of instead, where `batch` is given up over `error`; `None` where nobody misses it.
    fn given_up(&self, context: &Context, batch: &Batch, error: &str, now: NaiveDateTime) -> Option<GivenUp>;
}

/// How a lane is worked off.
#[derive(Clone, Debug)]
pub(crate) struct LaneSettings {
    pub(crate) name: String,
    /// Attempts under way at one time.
    pub(crate) places: usize,
    /// How fast they may begin.
    pub(crate) rate: Rate,
    /// How many recipients share it: channels have people, jobs the systems that they call.
    pub(crate) recipients: usize,
    /// Whether it is left alone after it failed several times, and so is each recipient; otherwise each job knows by itself when
    /// to try again.
    pub(crate) breaks: bool,
    /// What has waited for too long is attempted at once, without a place: it only ends what it was.
    pub(crate) limit: Option<TimeLimit>,
    /// After a message, those that come within this time go together.
    pub(crate) digest: Option<Duration>,
    pub(crate) retry: RetryPolicy,
}

/// How many batches may begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rate {
    /// In any 60 s; any number for none.
    pub(crate) per_minute: Option<u32>,
    /// In any second; any number for none.
    pub(crate) per_second: Option<u32>,
}

/// How long what is enqueued may wait for its turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeLimit {
    pub(crate) wait: Duration,
    /// What is older waited because nobody ran, and waits for a place as everything does.
    pub(crate) since: NaiveDateTime,
}

/// How patient a lane is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    /// How long a delivery is tried before it is given up.
    pub(crate) max_age: Duration,
    /// The first pause; it doubles.
    pub(crate) first: Duration,
    /// The longest pause where the other side requests none.
    pub(crate) longest: Duration,
    /// The longest pause that the other side may request.
    pub(crate) longest_requested: Duration,
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttemptResult {
    /// It is delivered.
    Delivered(Done),
    /// Try again.
    Transient {
        reason: String,
        /// The pause that the other side requests.
        retry_after: Option<Duration>,
        /// The longest that it may wait all the same.
        at_most: Option<Duration>,
    },
    /// It cannot be delivered, however often it is tried.
    Permanent { reason: String },
    /// The same, unless the other side refuses everybody.
    UnknownRecipient { reason: String },
}

/// Whether the outbox knows already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// To be marked as sent.
    Unmarked,
    /// Marked in the transaction that did the work.
    Marked,
}

/// What others are notified of where a delivery is given up.
pub(crate) struct GivenUp {
    pub(crate) refers: Refers,
    pub(crate) message: Notification,
}

impl AttemptResult {
    pub(crate) fn transient(reason: impl Into<String>) -> AttemptResult {
        AttemptResult::Transient {
            reason: reason.into(),
            retry_after: None,
            at_most: None,
        }
    }
}

/// One that a newer worker wrote, which may be able to read it.
impl From<PayloadError> for AttemptResult {
    fn from(error: PayloadError) -> AttemptResult {
        AttemptResult::transient(error.to_string())
    }
}

impl RetryPolicy {
    /// The pause after `attempt`. It doubles; the upper half is left to chance, so that deliveries that failed together do not
    /// come back together. Longer where the other side requests it, within reason.
    pub(crate) fn pause(self, attempt: i32, requested: Option<Duration>) -> Duration {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(16);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        let pause = full / 2 + full.mul_f64(0.5 * fastrand::f64());
        pause
            .max(requested.unwrap_or_default())
            .min(self.longest_requested)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let s = Duration::from_secs;
        let policy = RetryPolicy {
            max_age: Duration::MAX,
            first: s(1),
            longest: s(300),
            longest_requested: s(3600),
        };
        for (attempt, full) in [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (i32::MAX, 300)] {
            let full = s(full);
            for _ in 0..100 {
                let pause = policy.pause(attempt, None);
                assert!(pause >= full / 2 && pause <= full, "attempt {attempt}: {pause:?}");
            }
        }
        assert_eq!(
            policy.pause(1, Some(s(600))),
            s(600),
            "the other side may request more"
        );
        assert_eq!(policy.pause(1, Some(s(86_400))), s(3600), "within reason");
    }
}
