//! The body of one live connection: everything at first, then what changes, and a sign of life in between.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use tokio::select;

use crate::live::event::whole;
use crate::live::feed::Subscription;
use crate::live::snapshot::Shared;
use crate::problem::{Code, Problem};

/// Shorter than the idle timeouts of usual proxies (30 to 60 s).
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The events, endless until the server stops or the reader falls behind.
pub(super) fn stream(shared: Arc<Shared>) -> Result<impl Stream<Item = Result<Bytes, Infallible>>, Problem> {
    let clock = shared.clock.clone();
    // The slot first and the snapshot after: what comes in between is in both, and skipped by its number.
    let subscription = shared.feed.subscribe(clock.monotonic()).ok_or_else(|| {
        Problem::new(
            Code::TooManyStreams,
            "All live connections are taken. Close other pages, or try again later.",
        )
    })?;
    let snapshot = shared.peek();
    let first = format!(
        "retry: 2000\n\n{}",
        String::from_utf8_lossy(&whole(&snapshot, clock.wall()))
    );
    let start = (shared, subscription, snapshot.seq);
    let rest = stream::unfold(start, |(shared, mut subscription, sent)| async move {
        let (bytes, sent) = next(&shared, &mut subscription, sent).await?;
        Some((bytes, (shared, subscription, sent)))
    });
    Ok(stream::once(std::future::ready(Bytes::from(first)))
        .chain(rest)
        .map(Ok))
}

/// The next event, and the number of the snapshot that the reader has then; it has the one numbered `sent`.
async fn next(shared: &Shared, subscription: &mut Subscription, sent: u64) -> Option<(Bytes, u64)> {
    let clock = &shared.clock;
    if !subscription.took(clock.monotonic()) {
        return None;
    }
    let quiet = clock.sleep(KEEP_ALIVE);
    tokio::pin!(quiet);
    loop {
        select! {
            () = shared.stop.cancelled() => return None,
            event = subscription.events.recv() => match event {
                Ok((seq, _)) if seq <= sent => {}
                Ok((seq, bytes)) => return Some((bytes, seq)),
                // Behind by more than is kept (or the server is gone): the reader connects anew and gets all at once.
                Err(_) => return None,
            },
            // A comment keeps proxies from closing the connection; the event after it is one that scripts can see.
            () = &mut quiet => {
                let now = clock.wall().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
                let ping = format!(": keep-alive\n\nevent: ping\ndata: {{\"now\":\"{now}\"}}\n\n");
                return Some((Bytes::from(ping), sent));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use monitor_domain::{Clock, MetricKey, Severity, SystemClock};
    use monitor_model::{Db, DbOptions, realtime, stored};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::context::{MetricView, Shown, WebContext};
    use crate::live::Live;

    #[tokio::test]
    async fn a_reader_that_falls_behind_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("m.db").display());
        let db = Db::open(&DbOptions::new(url)).await.unwrap();
        db.migrate().await.unwrap();
        let view = MetricView {
            key: MetricKey::stored("x"),
            title: "X".into(),
            unit: String::new(),
            severity: Severity::Info,
            rule_text: String::new().into(),
            depends_on: Vec::new(),
            interval: Duration::from_secs(10),
            item: None,
        };
        let ctx = WebContext::new(db.clone(), vec![view], SystemClock::shared());
        ctx.reloader.begin(Shown::from(&ctx));
        let live = Live::start(&ctx, CancellationToken::new()).await;
        let mut slow = Box::pin(live.stream().unwrap());
        let mut quick = Box::pin(live.stream().unwrap());
        assert!(
            slow.next()
                .await
                .unwrap()
                .unwrap()
                .starts_with(b"retry: 2000\n\nevent: snapshot\n")
        );
        quick.next().await;
        for value in 0..20 {
            let at = stored(SystemClock.wall());
            db.write(move |c| realtime::record_value(c, "x", f64::from(value), at))
                .await
                .unwrap();
            live.refreshed().await;
            let event = String::from_utf8(quick.next().await.unwrap().unwrap().to_vec()).unwrap();
            assert!(event.contains(&format!("\"value\":{value},")), "{event}");
        }
        assert!(
            slow.next().await.is_none(),
            "it is to connect anew and get everything at once"
        );
        db.close().await;
    }
}
