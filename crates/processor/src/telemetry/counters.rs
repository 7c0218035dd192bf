//! What the engine has done since it started, counted once: for `/metrics`, and for readers inside the program.
//!
//! A metric and a lane hold what counts for them, so that counting is an atomic addition or two: labels are resolved
//! at the start and by a changed config only. How many series there are depends on the config alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use monitor_domain::MetricKey;
use monitor_model::{AlertKind, Db};
use monitor_telemetry::{ConfigRefusal, Database};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::lane_meter::LaneMeter;
use super::meter::Meter;
use super::metric_gauges::MetricGauges;
use super::worker_gauges::WorkerGauges;

/// Seconds: from a system next door to one that is given up on.
const CALL: [f64; 10] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Seconds: from one fsync of a good disk to a database that is locked.
const COMMIT: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

type One = [(&'static str, String); 1];
type Two = [(&'static str, String); 2];
type Histograms = Family<One, Histogram, fn() -> Histogram>;
type ByName<T> = Arc<Mutex<BTreeMap<String, Arc<T>>>>;

/// Shared counters; a clone counts the same things.
#[derive(Clone, Debug)]
pub struct Counters {
    registry: Arc<Registry>,
    families: Families,
    commit_seconds: Histogram,
    gauges: MetricGauges,
    meters: ByName<Meter>,
    lanes: ByName<LaneMeter>,
    refusal: ConfigRefusal,
}

/// Those with labels.
#[derive(Clone, Debug)]
struct Families {
    cycles: Family<Two, Counter>,
    late: Family<One, Counter>,
    sample_seconds: Histograms,
    alerts: Family<Two, Counter>,
    deliveries: Family<Two, Counter>,
    delivery_seconds: Histograms,
    heartbeat_calls: Family<One, Counter>,
    restatements: Family<Two, Counter>,
}

impl Families {
    fn register(&self, registry: &mut Registry) {
        let (cycles, late) = (self.cycles.clone(), self.late.clone());
        registry.register("cycles", "Readings by what became of them", cycles);
        registry.register(
            "cycles_late",
            "Readings left out because the one before still ran or the machine was busy",
            late,
        );
        registry.register_with_unit(
            "sample_duration",
            "Time that taking a reading took",
            Unit::Seconds,
            self.sample_seconds.clone(),
        );
        registry.register("alerts", "Alerts opened", self.alerts.clone());
        registry.register(
            "deliveries",
            "Attempts to deliver by what became of them",
            self.deliveries.clone(),
        );
        registry.register_with_unit(
            "delivery_duration",
            "Time that an attempt to deliver took",
            Unit::Seconds,
            self.delivery_seconds.clone(),
        );
        registry.register(
            "heartbeat_calls",
            "Calls of worker.heartbeat_url by what became of them",
            self.heartbeat_calls.clone(),
        );
        registry.register(
            "restatements",
            "Calls that sent what fires to a channel again, by what became of them",
            self.restatements.clone(),
        );
    }
}

impl Counters {
    pub(crate) fn new(db: Db, worker: WorkerGauges, version: &str) -> Counters {
        let families = Families {
            cycles: Family::default(),
            late: Family::default(),
            sample_seconds: Family::new_with_constructor(|| Histogram::new(CALL)),
            alerts: Family::default(),
            deliveries: Family::default(),
            delivery_seconds: Family::new_with_constructor(|| Histogram::new(CALL)),
            heartbeat_calls: Family::default(),
            restatements: Family::default(),
        };
        let commit_seconds = Histogram::new(COMMIT);
        let gauges = MetricGauges::default();
        let mut registry = monitor_telemetry::registry(version);
        families.register(&mut registry);
        registry.register_with_unit(
            "commit_duration",
            "Time until a reading and all that follows from it was stored",
            Unit::Seconds,
            commit_seconds.clone(),
        );
        let refusal = ConfigRefusal::default();
        registry.register_collector(Box::new(refusal.clone()));
        registry.register_collector(Box::new(worker));
        registry.register_collector(Box::new(gauges.clone()));
        registry.register_collector(Box::new(Database::new(db)));
        Counters {
            registry: Arc::new(registry),
            families,
            commit_seconds,
            gauges,
            meters: ByName::default(),
            lanes: ByName::default(),
            refusal,
        }
    }

    /// All series of the worker, for `/metrics`.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    /// What counts for the metric `key`, whose breaches open alerts of this kind. Items come and go, and series do not: those of a
    /// list are counted together, and each has its own number.
    pub(crate) fn meter(&self, key: &MetricKey, breach: AlertKind) -> Arc<Meter> {
        match key.list() {
            None => self.counted(key, breach),
            Some(list) => Arc::new(self.counted(list, breach).of_item(self.gauges.get(key))),
        }
    }

    fn counted(&self, key: &str, breach: AlertKind) -> Arc<Meter> {
        let families = &self.families;
        let metric = || ("metric", key.to_owned());
        let cycles = |result: &str| {
            families
                .cycles
                .get_or_create_owned(&[metric(), ("result", result.to_owned())])
        };
        let meter = || Meter {
            value: cycles("value"),
            unreadable: cycles("unreadable"),
            conflict: cycles("conflict"),
            unsaved: cycles("unsaved"),
            late: families.late.get_or_create_owned(&[metric()]),
            alerts: Mutex::default(),
            sample_seconds: families.sample_seconds.get_or_create_owned(&[metric()]),
            gauge: self.gauges.get(key),
        };
        let meter = get_or_create(&self.meters, key, meter);
        for kind in [breach, AlertKind::NoData] {
            let mut alerts = meter.alerts();
            if alerts.iter().all(|(known, _)| *known != kind) {
                let labels = [metric(), ("kind", kind.as_str().to_owned())];
                alerts.push((kind, families.alerts.get_or_create_owned(&labels)));
            }
        }
        meter
    }

    /// The config has these metrics now: how others are is not shown any more. What was counted stays, since counters only grow.
    pub(crate) fn show(&self, keys: &BTreeSet<&str>) {
        self.gauges.show(keys);
    }

    /// What counts for the lane `name`.
    pub(crate) fn lane(&self, name: &str) -> Arc<LaneMeter> {
        let families = &self.families;
        let lane = || ("lane", name.to_owned());
        let deliveries = |result: &str| {
            let labels = [lane(), ("result", result.to_owned())];
            families.deliveries.get_or_create_owned(&labels)
        };
        let meter = || LaneMeter {
            sent: deliveries("sent"),
            retried: deliveries("retried"),
            failed: deliveries("failed"),
            given_up: deliveries("given_up"),
            seconds: families.delivery_seconds.get_or_create_owned(&[lane()]),
        };
        get_or_create(&self.lanes, name, meter)
    }

    /// A reading was stored, or was not, and that took so long.
    pub(crate) fn commit_took(&self, took: Duration) {
        self.commit_seconds.observe(took.as_secs_f64());
    }

    /// The dead man's switch was called.
    pub(crate) fn heartbeat_called(&self, is_good: bool) {
        let result = if is_good { "good" } else { "failed" };
        let calls = &self.families.heartbeat_calls;
        calls.get_or_create_owned(&[("result", result.to_owned())]).inc();
    }

    /// What fires was sent to a channel again.
    pub(crate) fn restated(&self, lane: &str, is_good: bool) {
        let result = if is_good { "good" } else { "failed" };
        let labels = [("lane", lane.to_owned()), ("result", result.to_owned())];
        self.families.restatements.get_or_create_owned(&labels).inc();
    }

    /// Why the last changed config was refused, if it was.
    pub(crate) fn show_refusal(&self, why: Option<&str>) {
        self.refusal.set(why);
    }

    /// Why the last changed config was refused; `None` where it was taken, or none came.
    pub fn config_refusal(&self) -> Option<String> {
        self.refusal.get()
    }

    /// Readings committed that held a number.
    pub fn good(&self) -> u64 {
        self.sum(|meter| meter.value.get())
    }

    /// Readings committed, good and bad.
    pub fn cycles(&self) -> u64 {
        self.sum(|meter| meter.value.get() + meter.unreadable.get())
    }

    /// Readings committed that held no number.
    pub fn unreadable(&self) -> u64 {
        self.sum(|meter| meter.unreadable.get())
    }

    /// Ticks skipped because the cycle before was still running or the machine was busy.
    pub fn late(&self) -> u64 {
        self.sum(|meter| meter.late.get())
    }

    /// Readings dropped because another worker had evaluated the metric meanwhile.
    pub fn conflicts(&self) -> u64 {
        self.sum(|meter| meter.conflict.get())
    }

    /// Readings that could not be stored.
    pub fn unsaved(&self) -> u64 {
        self.sum(|meter| meter.unsaved.get())
    }

    /// Alerts opened, *no data* among them.
    pub fn alerts(&self) -> u64 {
        self.sum(|meter| meter.alerts().iter().map(|(_, counter)| counter.get()).sum())
    }

    /// Deliveries done: channels, alarm and details.
    pub fn sent(&self) -> u64 {
        self.sum_lanes(|lane| lane.sent.get())
    }

    /// Attempts that failed and will be made again.
    pub fn retried(&self) -> u64 {
        self.sum_lanes(|lane| lane.retried.get())
    }

    /// Deliveries that ended undone: refused for good, or tried for too long.
    pub fn given_up(&self) -> u64 {
        self.sum_lanes(|lane| lane.failed.get() + lane.given_up.get())
    }

    fn sum(&self, of: impl Fn(&Meter) -> u64) -> u64 {
        lock(&self.meters).values().map(|meter| of(meter)).sum()
    }

    fn sum_lanes(&self, of: impl Fn(&LaneMeter) -> u64) -> u64 {
        lock(&self.lanes).values().map(|lane| of(lane)).sum()
    }
}

fn get_or_create<T>(all: &ByName<T>, name: &str, make: impl FnOnce() -> T) -> Arc<T> {
    Arc::clone(
        lock(all)
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(make())),
    )
}

fn lock<T>(all: &ByName<T>) -> MutexGuard<'_, BTreeMap<String, Arc<T>>> {
    all.lock().expect("no code panics while holding this lock")
}
