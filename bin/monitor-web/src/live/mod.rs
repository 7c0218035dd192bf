//! What is shown, kept in memory: read once for all readers, and again whenever the database changes. It only reads: no
//! change is made here, and no page is rendered.

mod alert;
mod event;
mod feed;
mod load;
mod refresher;
mod snapshot;
mod sparkline;
mod stream;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::web::Bytes;
use futures_util::stream::Stream;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::context::WebContext;
use crate::problem::Problem;
pub(crate) use alert::alert_detail;
use feed::Feed;
pub(crate) use load::{MAX_RECORDS, records_page};
pub(crate) use snapshot::Snapshot;
use snapshot::{Published, Shared};

/// The handle that readers share.
#[derive(Clone)]
pub(crate) struct Live {
    shared: Arc<Shared>,
}

impl Live {
    /// Reads all for the first time, then goes on in a task of its own until `stop`.
    pub(crate) async fn start(ctx: &WebContext, stop: CancellationToken) -> Live {
        // Nothing was read yet: should that fail, it is from now on that nothing is known.
        let nothing = Snapshot {
            read_at: (ctx.clock.monotonic(), ctx.clock.wall()),
            ..Snapshot::default()
        };
        let first = Published {
            snapshot: Arc::new(nothing),
            ..Published::default()
        };
        let shared = Arc::new(Shared {
            published: watch::Sender::new(first),
            changes: ctx.db.changes(),
            wanted: Notify::new(),
            tickets: AtomicU64::new(0),
            feed: Feed::new(ctx.max_streams),
            clock: ctx.clock.clone(),
            stop,
        });
        let mut refresher = refresher::Refresher::new(ctx, Arc::clone(&shared));
        refresher.refresh().await;
        tokio::spawn(refresher.run());
        Live { shared }
    }

    /// How many live connections there are.
    pub(crate) fn readers(&self) -> usize {
        self.shared.feed.taken()
    }

    /// What is shown now, without waiting.
    pub(crate) fn peek(&self) -> Arc<Snapshot> {
        self.shared.peek()
    }

    /// What is shown now, with every change that this process knew of at the call: it reads its own writes, its worker's
    /// among them. However many call at once, there is one query.
    pub(crate) async fn current(&self) -> Arc<Snapshot> {
        let known = *self.shared.changes.borrow();
        self.shared.wait_until(|p| p.covers >= known).await
    }

    /// What is shown after the caller's own write.
    pub(crate) async fn refreshed(&self) -> Arc<Snapshot> {
        let ticket = self.shared.tickets.fetch_add(1, Ordering::SeqCst) + 1;
        self.shared.wait_until(|p| p.ticket >= ticket).await
    }

    /// The events of `GET /api/v1/events`, endless until the server stops or the reader falls behind.
    ///
    /// # Errors
    /// [`Code::TooManyStreams`](crate::Code::TooManyStreams) where all slots are taken.
    pub(crate) fn stream(&self) -> Result<impl Stream<Item = Result<Bytes, Infallible>> + use<>, Problem> {
        stream::stream(Arc::clone(&self.shared))
    }
}
