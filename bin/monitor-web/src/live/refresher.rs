//! The one task that reads the database for all readers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_model::{Db, DbError, Mute, stored, utc};
use monitor_rules::Maintenance;
use tokio::select;

use crate::api::{IncidentView, MetricStatus, SilenceView};
use crate::context::{MetricView, Shown, WebContext, WebReloader, title_of};
use crate::live::event::delta;
use crate::live::load::{Loaded, load, views};
use crate::live::snapshot::{CATCH_UP, Published, REFRESH, STALE, Shared, Snapshot};
use crate::live::sparkline::{POINTS, Sparkline};

/// Changes that come faster than this are read together, unless somebody waits for them.
const GAP: Duration = Duration::from_millis(20);
/// How soon a failed read is tried again.
const RETRY: Duration = Duration::from_secs(1);

pub(super) struct Refresher {
    db: Db,
    reloader: WebReloader,
    sparklines: HashMap<String, Sparkline>,
    shared: Arc<Shared>,
}

impl Refresher {
    pub(super) fn new(ctx: &WebContext, shared: Arc<Shared>) -> Refresher {
        Refresher {
            db: ctx.db.clone(),
            reloader: ctx.reloader.clone(),
            sparklines: HashMap::new(),
            shared,
        }
    }

    /// Reads whenever something changed or a reader waits for it, until it is to stop.
    pub(super) async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut changes = shared.changes.clone();
        let mut shown = self.reloader.changes();
        let mut failing = shared.published.borrow().snapshot.database_error_since.is_some();
        loop {
            select! {
                () = shared.stop.cancelled() => return,
                () = shown.next() => {}
                changed = changes.changed(), if !failing => {
                    if changed.is_err() {
                        return log::debug!("the database handle is closed: no more snapshots");
                    }
                }
                () = shared.wanted.notified() => {}
                () = tokio::time::sleep(RETRY), if failing => {}
                () = shared.clock.sleep(REFRESH), if !failing => {}
            }
            changes.mark_unchanged();
            failing = !self.refresh().await;
            select! {
                () = shared.stop.cancelled() => return,
                () = shared.wanted.notified() => shared.wanted.notify_one(),
                () = tokio::time::sleep(GAP) => {}
            }
        }
    }

    /// Reads and publishes; `false` where the database could not be read.
    pub(super) async fn refresh(&mut self) -> bool {
        // Both are taken before the read: whatever was committed before them is in it.
        let covers = *self.shared.changes.borrow();
        let ticket = self.shared.tickets.load(Ordering::SeqCst);
        let shown = self.reloader.now();
        let missing: Vec<String> = shown
            .metrics
            .iter()
            .filter(|m| !self.sparklines.contains_key(m.key.as_str()))
            .map(|m| m.key.to_string())
            .collect();
        let points = i64::try_from(POINTS).expect("a small number");
        let now = stored(self.shared.clock.wall());
        let read_at = (self.shared.clock.monotonic(), self.shared.clock.wall());
        let loaded = self.db.read(move |c| load(c, now, &missing, points));
        let loaded = self.watched(loaded).await;
        let old = Arc::clone(&self.shared.published.borrow().snapshot);
        let (snapshot, good) = match loaded {
            Ok(loaded) => (self.assemble(&shown, loaded, &old, read_at), true),
            Err(error) => {
                if old.database_error_since.is_none() {
                    log::error!("cannot read the database, so pages show what was read before: {error}");
                }
                let mut stale = old.out_of_date();
                stale.is_file_replaced = matches!(error, DbError::FileReplaced { .. });
                (stale, false)
            }
        };
        self.publish(&old, snapshot, covers, ticket);
        good
    }

    /// Waits for a read. Where that takes so long that the snapshot before is out of date, open pages hear of it.
    async fn watched<T>(&self, read: impl Future<Output = T>) -> T {
        let published = self.shared.published.borrow().clone();
        let old = &published.snapshot;
        let clock = &self.shared.clock;
        let rest = STALE.saturating_sub(old.age(clock.monotonic())).max(REFRESH);
        let patience = async {
            clock.sleep(rest).await;
            // A clock that jumped has waited for nobody.
            tokio::time::sleep(CATCH_UP).await;
        };
        tokio::pin!(read);
        tokio::select! {
            read = &mut read => return read,
            () = patience => {}
        }
        if old.database_error_since.is_none() {
            log::error!("the database does not answer, so pages show what was read before");
            self.publish(old, old.out_of_date(), published.covers, published.ticket);
        }
        read.await
    }

    /// Makes the new snapshot the current one, and sends what is different to the live connections.
    fn publish(&self, old: &Snapshot, mut new: Snapshot, covers: u64, ticket: u64) {
        new.seq = old.seq + 1;
        let event = delta(old, &new, self.shared.clock.wall());
        if event.is_none() {
            new.seq = old.seq;
        }
        let seq = new.seq;
        self.shared.published.send_replace(Published {
            snapshot: Arc::new(new),
            covers,
            ticket,
        });
        if let Some(event) = event {
            self.shared.feed.send(seq, event);
        }
    }

    fn assemble(
        &mut self,
        shown: &Shown,
        loaded: Loaded,
        old: &Snapshot,
        read_at: (Duration, DateTime<Utc>),
    ) -> Snapshot {
        if old.database_error_since.is_some() {
            log::info!("the database can be read again");
        }
        for (key, samples) in &loaded.history {
            self.sparklines
                .insert(key.clone(), Sparkline::from_samples(samples));
        }
        let wall = self.shared.clock.wall();
        let is_shown = |key: &String| shown.metrics.iter().any(|view| view.key == key.as_str());
        if self.sparklines.len() > shown.metrics.len() {
            self.sparklines.retain(|key, _| is_shown(key));
        }
        let mut metrics = Vec::with_capacity(shown.metrics.len());
        for view in shown.metrics.iter() {
            let now = loaded.realtime.get(view.key.as_str());
            let line = self.sparklines.entry(view.key.to_string()).or_default();
            if let Some(now) = now {
                line.add(now);
            }
            let mut metric = MetricStatus::new(
                view,
                now,
                loaded.states.get(view.key.as_str()),
                loaded.open.get(view.key.as_str()).copied().unwrap_or_default(),
                line.path(),
            );
            if let Some(muted) = muted(view, &loaded, (&shown.metrics, &shown.maintenance), wall) {
                metric.muted = Some(muted.mute.to_string());
                (metric.muted_until, metric.muted_reason) = (muted.until, Some(muted.reason));
            }
            metrics.push(metric);
        }
        let silences = loaded.silences.into_iter();
        Snapshot {
            seq: 0,
            metrics,
            records: views(loaded.records, &loaded.alerts, &loaded.deliveries, &shown.metrics),
            more_records: loaded.more_records,
            incidents: loaded.incidents.into_iter().map(IncidentView::from).collect(),
            silences: silences.map(|s| SilenceView::at(wall, s)).collect(),
            heartbeat_at: loaded.heartbeat_at,
            read_at,
            stopped_at: loaded.stopped_at,
            database_error_since: None,
            is_file_replaced: false,
        }
    }
}

/// Why nobody would be notified of a metric's alerts now.
struct Muted {
    mute: Mute,
    until: Option<DateTime<Utc>>,
    reason: String,
}

/// The silence in force that lasts longest, or else the open window, or else what it depends on.
fn muted(
    metric: &MetricView,
    loaded: &Loaded,
    (metrics, windows): (&[MetricView], &[(String, Maintenance)]),
    now: DateTime<Utc>,
) -> Option<Muted> {
    let about = loaded
        .silences
        .iter()
        .filter(|silence| silence.is_about(&metric.key, metric.severity));
    if let Some(silence) = about.max_by_key(|silence| silence.ends_at) {
        return Some(Muted {
            mute: Mute::Silence(silence.id),
            until: Some(utc(silence.ends_at)),
            reason: silence.reason.clone(),
        });
    }
    let open = windows
        .iter()
        .find(|(_, window)| window.is_active(&metric.key, now));
    if let Some((name, window)) = open {
        return Some(Muted {
            mute: Mute::Maintenance(name.clone()),
            until: window.until(now),
            reason: window.reason().unwrap_or(name).to_owned(),
        });
    }
    metric.depends_on.iter().find_map(|key| {
        let why = why_down(loaded, key)?;
        Some(Muted {
            mute: Mute::Dependency(key.clone()),
            until: None,
            reason: format!("{}: {why}", title_of(metrics, key)),
        })
    })
}

/// What is wrong with a metric that others depend on.
fn why_down<'l>(loaded: &'l Loaded, key: &str) -> Option<&'l str> {
    let error = loaded.realtime.get(key).and_then(|read| read.error.as_deref());
    let state = loaded.states.get(key);
    let down = state.filter(|state| matches!(state.phase.as_str(), "firing" | "no_data"));
    error.or(down.map(|state| state.reason.as_str()))
}
