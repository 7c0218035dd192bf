//! How long housekeeping goes on at a time: the heartbeat waits for it, and a worker whose heart does not beat counts as dead.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::context::Context;

/// How long a round takes, but for the step that it ends with.
const LENGTH: Duration = Duration::from_secs(1);

/// A while in which steps may begin.
pub(super) struct Round {
    until: Duration,
    halt: CancellationToken,
}

impl Round {
    pub(super) fn begin(context: &Context, halt: &CancellationToken) -> Round {
        Round {
            until: context.clock.monotonic() + LENGTH,
            halt: halt.clone(),
        }
    }

    /// Whether no further step may begin: what is left waits for the next round.
    pub(super) fn is_over(&self, context: &Context) -> bool {
        self.halt.is_cancelled() || context.clock.monotonic() >= self.until
    }
}
