//! What is shown, kept in memory: read once for all readers, and again whenever the database changes.

mod feed;
mod load;
mod refresher;
mod sparkline;
mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::SharedClock;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::api::{IncidentView, MetricStatus, RecordView, SilenceView};
use crate::context::WebContext;
use feed::Feed;
pub(crate) use load::{MAX_RECORDS, records_page, views};
pub(crate) use stream::stream;

/// How long a reader waits at most for the snapshot to catch up with a write that came before it.
const CATCH_UP: Duration = Duration::from_millis(500);

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
    /// Since when the database could not be read; all the rest is from before.
    pub(crate) database_error_since: Option<DateTime<Utc>>,
}

/// A snapshot, and what it is sure to contain.
#[derive(Clone, Default)]
struct Published {
    snapshot: Arc<Snapshot>,
    /// All changes up to this number of `Db::changes`.
    covers: u64,
    /// All refreshes asked for up to this one.
    ticket: u64,
}

/// The handle that readers share.
#[derive(Clone)]
pub(crate) struct Live {
    inner: Arc<Inner>,
}

struct Inner {
    published: watch::Sender<Published>,
    changes: watch::Receiver<u64>,
    /// Wakes the refresher.
    wanted: Notify,
    /// The latest refresh asked for.
    tickets: AtomicU64,
    feed: Feed,
    clock: SharedClock,
    stop: CancellationToken,
}

impl Live {
    /// Reads all for the first time, then goes on in a task of its own until `stop`.
    pub(crate) async fn start(ctx: &WebContext, stop: CancellationToken) -> Live {
        let inner = Arc::new(Inner {
            published: watch::Sender::new(Published::default()),
            changes: ctx.db.changes(),
            wanted: Notify::new(),
            tickets: AtomicU64::new(0),
            feed: Feed::new(ctx.max_streams),
            clock: ctx.clock.clone(),
            stop,
        });
        let mut refresher = refresher::Refresher::new(ctx, Arc::clone(&inner));
        refresher.refresh().await;
        tokio::spawn(refresher.run());
        Live { inner }
    }

    /// How many live connections there are.
    pub(crate) fn readers(&self) -> usize {
        self.inner.feed.taken()
    }

    /// What is shown now, without waiting.
    pub(crate) fn peek(&self) -> Arc<Snapshot> {
        Arc::clone(&self.inner.published.borrow().snapshot)
    }

    /// What is shown now, with every change that this process knew of when it was asked: it reads its own writes,
    /// its worker's among them. However many ask at once, there is one query.
    pub(crate) async fn current(&self) -> Arc<Snapshot> {
        let known = *self.inner.changes.borrow();
        self.wait_until(|p| p.covers >= known).await
    }

    /// What is shown after the caller's own write.
    pub(crate) async fn refreshed(&self) -> Arc<Snapshot> {
        let ticket = self.inner.tickets.fetch_add(1, Ordering::SeqCst) + 1;
        self.wait_until(|p| p.ticket >= ticket).await
    }

    /// Waits in bounds: while the database cannot be read there is nothing to wait for.
    async fn wait_until(&self, enough: impl Fn(&Published) -> bool) -> Arc<Snapshot> {
        let mut published = self.inner.published.subscribe();
        if !enough(&published.borrow()) {
            self.inner.wanted.notify_one();
            let caught_up = published.wait_for(|p| enough(p) || p.snapshot.database_error_since.is_some());
            if tokio::time::timeout(CATCH_UP, caught_up).await.is_err() {
                log::warn!("the snapshot did not catch up within {CATCH_UP:?}; answering with an older one");
            }
        }
        self.peek()
    }
}
