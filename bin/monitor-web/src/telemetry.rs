//! What the web tells of itself and of the shared database at `/metrics`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use monitor_model::alerts::OpenAlerts;
use monitor_model::deliveries::Unfinished;
use monitor_model::{
    Conn, DbError, IncidentKind, ProcessRole, WorkerRow, alerts, deliveries, incidents, silences, stored,
    workers,
};
use monitor_telemetry::{Database, Page, expose, gauge, gauges};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
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
    /// By lane: how many ended unsent. A lane that was seen once stays, at 0.
    undelivered: BTreeMap<String, i64>,
    /// How many processes of each role were heard from lately.
    alive: BTreeMap<ProcessRole, usize>,
    heartbeat: Option<DateTime<Utc>>,
    /// How many incidents of each kind are not over.
    incidents: BTreeMap<IncidentKind, usize>,
    alerts: OpenAlerts,
    silences: usize,
}

/// What is read at a look.
struct Look {
    unfinished: Vec<Unfinished>,
    undelivered: Vec<(String, i64)>,
    processes: Vec<WorkerRow>,
    incidents: Vec<IncidentKind>,
    alerts: OpenAlerts,
    silences: usize,
}

impl Look {
    fn read(c: &mut Conn, now: NaiveDateTime) -> Result<Look, DbError> {
        let mut alerts = OpenAlerts::default();
        for open in alerts::open_counts(c)?.into_values() {
            alerts.all += open.all;
            alerts.unacknowledged += open.unacknowledged;
        }
        Ok(Look {
            unfinished: deliveries::unfinished_by_lane(c)?,
            undelivered: deliveries::undelivered_by_lane(c)?,
            processes: workers::all(c)?,
            incidents: incidents::all_open(c)?.iter().map(|t| t.kind).collect(),
            alerts,
            silences: silences::active(c, now)?.len(),
        })
    }
}

impl Seen {
    /// Notes what was read, as of `now`. A process is alive for `timeout` after its last heartbeat.
    fn note(&mut self, look: Look, now: DateTime<Utc>, timeout: Duration) {
        let age = |at: NaiveDateTime| (now - at.and_utc()).to_std().unwrap_or_default();
        self.up = Some(true);
        self.lanes.values_mut().for_each(|lane| *lane = (0, 0.0));
        for lane in look.unfinished {
            let oldest = age(lane.oldest).as_secs_f64();
            self.lanes.insert(lane.lane, (lane.count, oldest));
        }
        self.undelivered.values_mut().for_each(|n| *n = 0);
        self.undelivered.extend(look.undelivered);
        self.alive.clear();
        for process in look.processes.iter().filter(|p| age(p.heartbeat_at) <= timeout) {
            *self.alive.entry(process.role).or_default() += 1;
        }
        let workers = look.processes.iter().filter(|p| p.role == ProcessRole::Worker);
        self.heartbeat = workers.map(|w| w.heartbeat_at).max().map(monitor_model::utc);
        self.incidents.clear();
        for kind in look.incidents {
            *self.incidents.entry(kind).or_default() += 1;
        }
        self.alerts = look.alerts;
        self.silences = look.silences;
    }
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
        let at = stored(ctx.clock.wall());
        let read = ctx.db.read(move |c| Look::read(c, at));
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
            Ok(look) => seen.note(look, ctx.clock.wall(), ctx.worker_timeout),
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
        let database_up = i64::from(up);
        gauge(
            &mut encoder,
            "database_up",
            "Whether the web can read the database.",
            database_up,
        )?;
        if !up {
            return Ok(());
        }
        seen.processes(&mut encoder)?;
        seen.alerts(&mut encoder)?;
        seen.outbox(&mut encoder)
    }
}

impl Seen {
    fn processes(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let alive = |role| self.alive.get(&role).copied().unwrap_or_default();
        let workers = few(alive(ProcessRole::Worker));
        gauge(encoder, "workers_alive", "Workers heard from lately.", workers)?;
        let webs = few(alive(ProcessRole::Web));
        gauge(encoder, "web_processes_alive", "Webs heard from lately.", webs)?;
        if let Some(at) = self.heartbeat {
            #[expect(
                clippy::cast_precision_loss,
                reason = "exact to the microsecond until the year 2255"
            )]
            gauge(
                encoder,
                "worker_last_heartbeat_timestamp_seconds",
                "When any worker was last heard from, in seconds since 1970.",
                at.timestamp_micros() as f64 / 1e6,
            )?;
        }
        let help = "Incidents of the monitor itself that are not over.";
        let of = |kind: &IncidentKind| self.incidents.get(kind).copied().unwrap_or_default();
        let incidents = IncidentKind::ALL
            .iter()
            .map(|kind| (kind.as_str(), few(of(kind))));
        gauges(encoder, "incidents", help, "kind", incidents)
    }

    fn alerts(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let OpenAlerts { all, unacknowledged } = self.alerts;
        gauge(encoder, "alerts_open", "Alerts that are not over.", all)?;
        let help = "Alerts that are not over and that nobody acknowledged.";
        gauge(encoder, "alerts_unacknowledged", help, unacknowledged)?;
        let help = "Silences in force.";
        gauge(encoder, "silences_active", help, few(self.silences))
    }

    fn outbox(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Deliveries that are neither done nor given up.";
        let counts = self.lanes.iter().map(|(lane, (n, _))| (lane.as_str(), *n));
        gauges(encoder, "outbox_unfinished", help, "lane", counts)?;
        let help = "Age of the oldest delivery that is neither done nor given up; 0 where there is none.";
        let ages = self.lanes.iter().map(|(lane, (_, age))| (lane.as_str(), *age));
        gauges(encoder, "outbox_oldest_age_seconds", help, "lane", ages)?;
        let help = "Deliveries that ended unsent: refused for good, or given up.";
        let undelivered = self.undelivered.iter().map(|(lane, n)| (lane.as_str(), *n));
        gauges(encoder, "deliveries_undelivered", help, "lane", undelivered)
    }
}

fn few(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
