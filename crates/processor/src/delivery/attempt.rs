//! One attempt at a batch: bounded in time, safe from panics, and settled.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::lane::LaneParts;
use super::settle::{AttemptOutcome, settle};
use crate::context::Context;
use crate::outbox::{AttemptResult, Batch};

/// The longest that one attempt may take; its lease is renewed meanwhile.
const LIMIT: Duration = Duration::from_secs(60);

/// An attempt that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempted {
    pub(super) outcome: AttemptOutcome,
    /// When the other side had answered, or had been waited for long enough.
    pub(super) answered: Duration,
}

/// Makes it and writes down what it came to.
pub(super) async fn run(context: Arc<Context>, batch: Batch, lane: LaneParts) -> Attempted {
    let clock = Arc::clone(&context.clock);
    let begun = clock.monotonic();
    let attempt = AssertUnwindSafe(lane.job.attempt(&context, &batch)).catch_unwind();
    let result = match monitor_domain::timeout(&*clock, LIMIT, attempt).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => AttemptResult::transient("sending it panicked; see the log"),
        Err(late) => AttemptResult::transient(format!("no answer: {late}")),
    };
    let answered = clock.monotonic();
    lane.meter.attempted(answered.saturating_sub(begun));
    Attempted {
        outcome: settle(&context, &batch, result, &lane).await,
        answered,
    }
}
