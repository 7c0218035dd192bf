//! What the web tells of itself and of the shared database at `/metrics`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_model::{DbError, deliveries, workers};
use monitor_telemetry::{Database, Page, expose};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::context::WebContext;

/// The database is asked no more often than this, however many scrape.
const FRESH: Duration = Duration::from_secs(1);
/// How long the database may take to answer; a scraper gives up after 10 s.
const READ: Duration = Duration::from_secs(2);
/// Seconds: pages come from memory, a reset waits for the alarm.
const REQUEST: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// A request as it is counted. Routes are patterns, methods and statuses those of HTTP: nobody can make series up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Request {
    pub(crate) route: String,
    pub(crate) method: &'static str,
    pub(crate) status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// All series of a web.
pub(crate) struct Telemetry {
    registry: Registry,
    requests: Family<Request, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
    live_readers: Gauge,
    seen: Arc<Mutex<Seen>>,
    /// When the database was looked at last; whoever holds it is looking.
    looked: tokio::sync::Mutex<Option<Duration>>,
}

/// What was seen in the database.
#[derive(Debug, Default)]
struct Seen {
    /// Whether it could be read; nothing before the first look.
    up: Option<bool>,
    /// By lane: how many are unfinished, and how many seconds ago the oldest of them was made. A lane that was seen once
    /// stays, at 0.
    lanes: BTreeMap<String, (i64, f64)>,
    alive: i64,
    heartbeat: Option<DateTime<Utc>>,
}

impl Telemetry {
    pub(crate) fn new(ctx: &WebContext) -> Telemetry {
        let requests = Family::<Request, Counter>::default();
        let durations: Family<Route, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(REQUEST));
        let live_readers = Gauge::default();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut registry = monitor_telemetry::registry(env!("CARGO_PKG_VERSION"));
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time until an answer began",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("live_readers", "Live connections now", live_readers.clone());
        registry.register_collector(Box::new(InDatabase(Arc::clone(&seen))));
        registry.register_collector(Box::new(Database::new(ctx.db.clone())));
        Telemetry {
            registry,
            requests,
            durations,
            live_readers,
            seen,
            looked: tokio::sync::Mutex::new(None),
        }
    }

    /// Counts an answered request.
    pub(crate) fn answered(&self, request: &Request, took: Duration) {
        self.requests.get_or_create(request).inc();
        let route = Route {
            route: request.route.clone(),
        };
        self.durations.get_or_create(&route).observe(took.as_secs_f64());
    }

    /// Everything as it is now, and as the database was up to a second ago.
    pub(crate) async fn page(
        &self,
        ctx: &WebContext,
        readers: usize,
        accept: Option<&str>,
    ) -> Result<Page, fmt::Error> {
        self.live_readers.set(i64::try_from(readers).unwrap_or(i64::MAX));
        self.look(ctx).await;
        expose(&self.registry, accept)
    }

    async fn look(&self, ctx: &WebContext) {
        let mut looked = self.looked.lock().await;
        let now = ctx.clock.monotonic();
        if looked.is_some_and(|before| now.saturating_sub(before) < FRESH) {
            return;
        }
        *looked = Some(now);
        let read = ctx
            .db
            .read(|c| Ok((deliveries::unfinished_by_lane(c)?, workers::all(c)?)));
        let read: Result<_, DbError> = match tokio::time::timeout(READ, read).await {
            Ok(read) => read,
            Err(_) => {
                log::warn!("/metrics: the database did not answer within {READ:?}");
                return lock(&self.seen).up = Some(false);
            }
        };
        let mut seen = lock(&self.seen);
        match read {
            Err(error) => {
                log::warn!("/metrics: the database cannot be read: {error}");
                seen.up = Some(false);
            }
            Ok((lanes, workers)) => {
                let now = ctx.clock.wall();
                let age = |at: NaiveDateTime| (now - at.and_utc()).to_std().unwrap_or_default();
                seen.up = Some(true);
                seen.lanes.values_mut().for_each(|lane| *lane = (0, 0.0));
                for lane in lanes {
                    let oldest = age(lane.oldest).as_secs_f64();
                    seen.lanes.insert(lane.lane, (lane.count, oldest));
                }
                let alive = workers
                    .iter()
                    .filter(|w| age(w.heartbeat_at) <= ctx.worker_timeout);
                seen.alive = i64::try_from(alive.count()).unwrap_or(i64::MAX);
                let heartbeats = workers.iter().map(|w| w.heartbeat_at);
                seen.heartbeat = heartbeats.max().map(monitor_model::utc);
            }
        }
    }
}

/// What was seen in the database, as series. While it cannot be read there are none but the one that says so: what was
/// seen before must not pass for what is.
#[derive(Debug)]
struct InDatabase(Arc<Mutex<Seen>>);

impl Collector for InDatabase {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let seen = lock(&self.0);
        let Some(up) = seen.up else { return Ok(()) };
        let mut gauge = |name: &str, help: &str, value: f64| {
            let encoder = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(encoder)
        };
        gauge(
            "database_up",
            "Whether the web can read the database.",
            f64::from(u8::from(up)),
        )?;
        if !up {
            return Ok(());
        }
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        gauge("workers_alive", "Workers heard from lately.", seen.alive as f64)?;
        if let Some(at) = seen.heartbeat {
            #[expect(
                clippy::cast_precision_loss,
                reason = "exact to the microsecond until the year 2255"
            )]
            gauge(
                "worker_last_heartbeat_timestamp_seconds",
                "When any worker was last heard from, in seconds since 1970.",
                at.timestamp_micros() as f64 / 1e6,
            )?;
        }
        if seen.lanes.is_empty() {
            return Ok(());
        }
        let help = "Deliveries that are neither done nor given up.";
        let mut family = encoder.encode_descriptor("outbox_unfinished", help, None, MetricType::Gauge)?;
        for (lane, (count, _)) in &seen.lanes {
            let labels = [("lane", lane.as_str())];
            ConstGauge::new(*count).encode(family.encode_family(&labels)?)?;
        }
        let help = "Age of the oldest delivery that is neither done nor given up; 0 where there is none.";
        let mut family =
            encoder.encode_descriptor("outbox_oldest_age_seconds", help, None, MetricType::Gauge)?;
        for (lane, (_, oldest)) in &seen.lanes {
            let labels = [("lane", lane.as_str())];
            ConstGauge::new(*oldest).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
