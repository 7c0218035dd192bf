//! What is counted for one lane of the outbox.

use std::time::Duration;

use monitor_model::DeliveryStatus;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

/// What counts for one lane of the outbox.
#[derive(Debug)]
pub(crate) struct LaneMeter {
    pub(super) sent: Counter,
    pub(super) retried: Counter,
    pub(super) failed: Counter,
    pub(super) given_up: Counter,
    pub(super) seconds: Histogram,
}

impl LaneMeter {
    /// An attempt was made and took so long.
    pub(crate) fn attempted(&self, took: Duration) {
        self.seconds.observe(took.as_secs_f64());
    }

    /// A delivery is done.
    pub(crate) fn sent(&self) {
        self.sent.inc();
    }

    /// An attempt failed, and another one will be made.
    pub(crate) fn retried(&self) {
        self.retried.inc();
    }

    /// A delivery ended undone.
    pub(crate) fn ended(&self, status: DeliveryStatus) {
        match status {
            DeliveryStatus::Failed => self.failed.inc(),
            _ => self.given_up.inc(),
        };
    }
}
