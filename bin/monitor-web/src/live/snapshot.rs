//! What is shown, as it was at one moment, and who waits for which.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use monitor_domain::SharedClock;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::api::{IncidentView, MetricStatus, RecordView, SilenceView, WorkerStatus};
use crate::live::feed::Feed;
use crate::problem::{Code, Problem};

/// How long a reader waits at most for the snapshot to catch up with a write that came before it.
pub(super) const CATCH_UP: Duration = Duration::from_millis(500);

/// How old a snapshot may become before it is read again without any change.
pub(super) const REFRESH: Duration = Duration::from_secs(3);
/// How old it may become before it is no longer taken for the present: three refreshes.
pub(super) const STALE: Duration = Duration::from_secs(9);

/// All that is shown, as it was at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// One more at each change.
    pub(crate) seq: u64,
    /// The metrics, in the config's order.
    pub(crate) metrics: Vec<MetricStatus>,
    /// The latest alert records, newest first.
    pub(crate) records: Vec<RecordView>,
    /// Whether there are older records than these.
    pub(crate) more_records: bool,
    /// The monitor's own incidents that are not over, oldest first.
    pub(crate) incidents: Vec<IncidentView>,
    /// The silences in force, oldest first. One begins and ends without a change of the database: that it is read again
    /// for the heartbeats is soon enough.
    pub(crate) silences: Vec<SilenceView>,
    /// The latest heartbeat of any worker.
    pub(crate) heartbeat_at: Option<DateTime<Utc>>,
    /// When a worker last stopped cleanly.
    pub(crate) stopped_at: Option<DateTime<Utc>>,
    /// When it was read: monotonic, to judge its age by, and for words.
    pub(crate) read_at: (Duration, DateTime<Utc>),
    /// Since when the database could not be read; all the rest is from then.
    pub(crate) database_error_since: Option<DateTime<Utc>>,
    /// That it cannot be read because its file was deleted or replaced: it stays so until this process ends.
    pub(crate) is_file_replaced: bool,
}

impl Snapshot {
    /// Refuses a snapshot that nobody may take for the present.
    ///
    /// # Errors
    /// [`Code::DatabaseUnavailable`], with the time that the values are of.
    pub(crate) fn present(&self) -> Result<&Snapshot, Problem> {
        match self.database_error_since {
            None => Ok(self),
            Some(_) if self.is_file_replaced => Err(Problem::file_replaced()),
            Some(since) => Err(Problem::new(
                Code::DatabaseUnavailable,
                format!(
                    "The database cannot be read; what is known is from {}.",
                    since.to_rfc3339_opts(SecondsFormat::Secs, true)
                ),
            )),
        }
    }

    /// How old it is.
    pub(super) fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.read_at.0)
    }

    /// The same as one that is out of date.
    pub(super) fn out_of_date(&self) -> Snapshot {
        Snapshot {
            database_error_since: self.database_error_since.or(Some(self.read_at.1)),
            ..self.clone()
        }
    }

    /// Whether anybody reads the metrics at `now`, with a heartbeat good for `timeout`.
    pub(crate) fn worker(&self, now: DateTime<Utc>, timeout: Duration) -> WorkerStatus {
        WorkerStatus::at(now, self.heartbeat_at, timeout).or_stopped(self.stopped_at)
    }
}

/// A snapshot, and what it is sure to contain.
#[derive(Clone, Default)]
pub(super) struct Published {
    pub(super) snapshot: Arc<Snapshot>,
    /// All changes up to this number of `Db::changes`.
    pub(super) covers: u64,
    /// All refreshes demanded up to this one.
    pub(super) ticket: u64,
}

/// What the refresher and the readers share.
pub(super) struct Shared {
    pub(super) published: watch::Sender<Published>,
    pub(super) changes: watch::Receiver<u64>,
    /// Wakes the refresher.
    pub(super) wanted: Notify,
    /// The latest refresh demanded.
    pub(super) tickets: AtomicU64,
    pub(super) feed: Feed,
    pub(super) clock: SharedClock,
    pub(super) stop: CancellationToken,
}

impl Shared {
    /// The snapshot as it is, without waiting. An old one says that it is, also where the refresher hangs.
    pub(super) fn peek(&self) -> Arc<Snapshot> {
        let snapshot = Arc::clone(&self.published.borrow().snapshot);
        if snapshot.database_error_since.is_none() && snapshot.age(self.clock.monotonic()) >= STALE {
            return Arc::new(snapshot.out_of_date());
        }
        snapshot
    }

    /// Waits in bounds: while the database cannot be read there is nothing to wait for.
    pub(super) async fn wait_until(&self, enough: impl Fn(&Published) -> bool) -> Arc<Snapshot> {
        let mut published = self.published.subscribe();
        let is_young = |p: &Published| p.snapshot.age(self.clock.monotonic()) < STALE;
        let is_good = |p: &Published| enough(p) && is_young(p);
        let is_done = is_good(&published.borrow());
        if !is_done {
            self.wanted.notify_one();
            let caught_up = published.wait_for(|p| is_good(p) || p.snapshot.database_error_since.is_some());
            if tokio::time::timeout(CATCH_UP, caught_up).await.is_err() {
                log::warn!("the snapshot did not catch up within {CATCH_UP:?}; answering with an older one");
            }
        }
        self.peek()
    }
}
