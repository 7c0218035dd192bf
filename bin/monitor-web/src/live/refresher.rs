//! The one task that reads the database for all readers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_model::{Db, Mute, Silence, stored, utc};
use monitor_rules::Maintenance;
use tokio::select;

use crate::api::{IncidentView, MetricStatus, SilenceView};
use crate::context::{MetricView, WebContext};
use crate::live::feed::delta;
use crate::live::load::{Loaded, load, views};
use crate::live::sparkline::{POINTS, Sparkline};
use crate::live::{Inner, Published, Snapshot};

/// Changes that come faster than this are read together, unless somebody waits for them.
const GAP: Duration = Duration::from_millis(20);
/// How soon a failed read is tried again.
const RETRY: Duration = Duration::from_secs(1);

pub(super) struct Refresher {
    db: Db,
    metrics: Arc<Vec<MetricView>>,
    maintenance: Vec<(String, Maintenance)>,
    sparklines: HashMap<String, Sparkline>,
    inner: Arc<Inner>,
}

impl Refresher {
    pub(super) fn new(ctx: &WebContext, inner: Arc<Inner>) -> Refresher {
        Refresher {
            db: ctx.db.clone(),
            metrics: Arc::new(ctx.metrics.clone()),
            maintenance: ctx.maintenance.clone(),
            sparklines: HashMap::new(),
            inner,
        }
    }

    /// Reads whenever something changed or somebody asks, until told to stop.
    pub(super) async fn run(mut self) {
        let inner = Arc::clone(&self.inner);
        let mut changes = inner.changes.clone();
        let mut failing = inner.published.borrow().snapshot.database_error_since.is_some();
        loop {
            select! {
                () = inner.stop.cancelled() => return,
                changed = changes.changed(), if !failing => {
                    if changed.is_err() {
                        return log::debug!("the database handle is closed: no more snapshots");
                    }
                }
                () = inner.wanted.notified() => {}
                () = tokio::time::sleep(RETRY), if failing => {}
            }
            changes.mark_unchanged();
            failing = !self.refresh().await;
            select! {
                () = inner.stop.cancelled() => return,
                () = inner.wanted.notified() => inner.wanted.notify_one(),
                () = tokio::time::sleep(GAP) => {}
            }
        }
    }

    /// Reads and publishes; `false` where the database could not be read.
    pub(super) async fn refresh(&mut self) -> bool {
        // Both are taken before the read: whatever was committed before them is in it.
        let covers = *self.inner.changes.borrow();
        let ticket = self.inner.tickets.load(Ordering::SeqCst);
        let missing: Vec<String> = self
            .metrics
            .iter()
            .filter(|m| !self.sparklines.contains_key(m.key.as_str()))
            .map(|m| m.key.to_string())
            .collect();
        let points = i64::try_from(POINTS).expect("a small number");
        let now = stored(self.inner.clock.wall());
        let loaded = self.db.read(move |c| load(c, now, &missing, points)).await;
        let old = Arc::clone(&self.inner.published.borrow().snapshot);
        let (snapshot, good) = match loaded {
            Ok(loaded) => (self.assemble(loaded, &old), true),
            Err(error) => {
                if old.database_error_since.is_none() {
                    log::error!("cannot read the database, so pages show what was read before: {error}");
                }
                let since = old
                    .database_error_since
                    .unwrap_or_else(|| self.inner.clock.wall());
                (
                    Snapshot {
                        database_error_since: Some(since),
                        ..Snapshot::clone(&old)
                    },
                    false,
                )
            }
        };
        self.publish(&old, snapshot, covers, ticket);
        good
    }

    /// Makes the new snapshot the current one, and tells the live connections what is different.
    fn publish(&self, old: &Snapshot, mut new: Snapshot, covers: u64, ticket: u64) {
        new.seq = old.seq + 1;
        let event = delta(old, &new, self.inner.clock.wall());
        if event.is_none() {
            new.seq = old.seq;
        }
        let seq = new.seq;
        self.inner.published.send_replace(Published {
            snapshot: Arc::new(new),
            covers,
            ticket,
        });
        if let Some(event) = event {
            self.inner.feed.send(seq, event);
        }
    }

    fn assemble(&mut self, loaded: Loaded, old: &Snapshot) -> Snapshot {
        if old.database_error_since.is_some() {
            log::info!("the database can be read again");
        }
        for (key, samples) in &loaded.history {
            self.sparklines
                .insert(key.clone(), Sparkline::from_samples(samples));
        }
        let wall = self.inner.clock.wall();
        let mut metrics = Vec::with_capacity(self.metrics.len());
        for view in self.metrics.iter() {
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
            if let Some(quiet) = quiet(view, &loaded.silences, &self.maintenance, wall) {
                metric.muted = Some(quiet.mute.to_string());
                (metric.muted_until, metric.muted_reason) = (quiet.until, Some(quiet.reason));
            }
            metrics.push(metric);
        }
        let silences = loaded.silences.into_iter();
        Snapshot {
            seq: 0,
            metrics,
            records: views(loaded.records, &loaded.alerts, &loaded.deliveries, &self.metrics),
            more_records: loaded.more_records,
            incidents: loaded.incidents.into_iter().map(IncidentView::from).collect(),
            silences: silences.map(|s| SilenceView::at(wall, s)).collect(),
            heartbeat_at: loaded.heartbeat_at,
            database_error_since: None,
        }
    }
}

/// What keeps people from being told of a metric's alerts now.
struct Quiet {
    mute: Mute,
    until: Option<DateTime<Utc>>,
    reason: String,
}

/// The silence in force that lasts longest, or else the open window.
fn quiet(
    metric: &MetricView,
    silences: &[Silence],
    windows: &[(String, Maintenance)],
    now: DateTime<Utc>,
) -> Option<Quiet> {
    let about = silences
        .iter()
        .filter(|silence| silence.is_about(&metric.key, metric.severity));
    if let Some(silence) = about.max_by_key(|silence| silence.ends_at) {
        return Some(Quiet {
            mute: Mute::Silence(silence.id),
            until: Some(utc(silence.ends_at)),
            reason: silence.reason.clone(),
        });
    }
    let (name, window) = windows
        .iter()
        .find(|(_, window)| window.is_active(&metric.key, now))?;
    Some(Quiet {
        mute: Mute::Maintenance(name.clone()),
        until: window.until(now),
        reason: window.reason().unwrap_or(name).to_owned(),
    })
}
