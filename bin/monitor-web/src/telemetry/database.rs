//! The series of the shared database, as of its last reading.

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
use monitor_telemetry::{gauge, gauges};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use crate::context::WebContext;

/// The database is read no more often than this, however many scrape.
const FRESH: Duration = Duration::from_secs(1);
/// How long the database may take to answer; a scraper gives up after 10 s.
const READ: Duration = Duration::from_secs(2);

/// The series of the database.
pub(super) struct DatabaseGauges {
    current: Arc<Mutex<Current>>,
    /// When the database was read last; held while it is being read.
    read_at: tokio::sync::Mutex<Option<Duration>>,
}

/// What is known of the database.
#[derive(Debug, Default)]
struct Current {
    /// Whether it could be read; nothing before the first reading.
    up: Option<bool>,
    /// By lane: how many are unfinished, and how many seconds ago the oldest of them was made. Each channel of the config, and what
    /// was there once, stays at 0.
    lanes: BTreeMap<String, (i64, f64)>,
    /// By lane: how many ended unsent; the same lanes.
    undelivered: BTreeMap<String, i64>,
    /// How many processes of each role were heard from lately.
    alive: BTreeMap<ProcessRole, usize>,
    heartbeat: Option<DateTime<Utc>>,
    /// How many incidents of each kind are not over.
    incidents: BTreeMap<IncidentKind, usize>,
    alerts: OpenAlerts,
    silences: usize,
}

/// One reading of the database.
struct Reading {
    unfinished: Vec<Unfinished>,
    undelivered: Vec<(String, i64)>,
    processes: Vec<WorkerRow>,
    incidents: Vec<IncidentKind>,
    alerts: OpenAlerts,
    silences: usize,
}

impl DatabaseGauges {
    pub(super) fn new() -> DatabaseGauges {
        DatabaseGauges {
            current: Arc::default(),
            read_at: tokio::sync::Mutex::new(None),
        }
    }

    /// What a registry takes its series from.
    pub(super) fn collector(&self) -> Box<dyn Collector> {
        Box::new(DatabaseCollector(Arc::clone(&self.current)))
    }

    /// Reads the database, unless that was done just now.
    pub(super) async fn refresh(&self, ctx: &WebContext) {
        let mut read_at = self.read_at.lock().await;
        let now = ctx.clock.monotonic();
        if read_at.is_some_and(|before| now.saturating_sub(before) < FRESH) {
            return;
        }
        *read_at = Some(now);
        let at = stored(ctx.clock.wall());
        let read = ctx.db.read(move |c| Reading::take(c, at));
        let read: Result<_, DbError> = match tokio::time::timeout(READ, read).await {
            Ok(read) => read,
            Err(_) => {
                log::warn!("/metrics: the database did not answer within {READ:?}");
                return lock(&self.current).up = Some(false);
            }
        };
        let mut current = lock(&self.current);
        match read {
            Err(error) => {
                log::warn!("/metrics: the database cannot be read: {error}");
                current.up = Some(false);
            }
            Ok(reading) => {
                // A series that is absent until something fails is none that an alert can be written on.
                for lane in ctx.reloader.now().lanes() {
                    current.lanes.entry(lane.clone()).or_default();
                    current.undelivered.entry(lane).or_default();
                }
                current.note(reading, ctx.clock.wall(), ctx.worker_timeout);
            }
        }
    }
}

impl Reading {
    fn take(c: &mut Conn, now: NaiveDateTime) -> Result<Reading, DbError> {
        let mut alerts = OpenAlerts::default();
        for open in alerts::open_counts(c)?.into_values() {
            alerts.all += open.all;
            alerts.unacknowledged += open.unacknowledged;
        }
        Ok(Reading {
            unfinished: deliveries::unfinished_by_lane(c)?,
            undelivered: deliveries::undelivered_by_lane(c)?,
            processes: workers::all(c)?,
            incidents: incidents::all_open(c)?
                .iter()
                .map(|incident| incident.kind)
                .collect(),
            alerts,
            silences: silences::active(c, now)?.len(),
        })
    }
}

impl Current {
    /// Notes what was read, as of `now`. A process is alive for `timeout` after its last heartbeat.
    fn note(&mut self, reading: Reading, now: DateTime<Utc>, timeout: Duration) {
        let age = |at: NaiveDateTime| (now - at.and_utc()).to_std().unwrap_or_default();
        self.up = Some(true);
        self.lanes.values_mut().for_each(|lane| *lane = (0, 0.0));
        for lane in reading.unfinished {
            let oldest = age(lane.oldest).as_secs_f64();
            self.lanes.insert(lane.lane, (lane.count, oldest));
        }
        self.undelivered.values_mut().for_each(|n| *n = 0);
        self.undelivered.extend(reading.undelivered);
        self.alive.clear();
        for process in reading
            .processes
            .iter()
            .filter(|p| age(p.heartbeat_at) <= timeout)
        {
            *self.alive.entry(process.role).or_default() += 1;
        }
        let workers = reading.processes.iter().filter(|p| p.role == ProcessRole::Worker);
        self.heartbeat = workers.map(|w| w.heartbeat_at).max().map(monitor_model::utc);
        self.incidents.clear();
        for kind in reading.incidents {
            *self.incidents.entry(kind).or_default() += 1;
        }
        self.alerts = reading.alerts;
        self.silences = reading.silences;
    }
}

/// The series as they are encoded. While the database cannot be read there are none but the one that says so: what was
/// read before must not pass for what is.
#[derive(Debug)]
struct DatabaseCollector(Arc<Mutex<Current>>);

impl Collector for DatabaseCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let current = lock(&self.0);
        let Some(up) = current.up else { return Ok(()) };
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
        current.processes(&mut encoder)?;
        current.alerts(&mut encoder)?;
        current.outbox(&mut encoder)
    }
}

impl Current {
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

fn lock(current: &Mutex<Current>) -> MutexGuard<'_, Current> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}
