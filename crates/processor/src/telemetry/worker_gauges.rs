//! How the worker itself is, as series: systems, sign-ins, channels, incidents, the outbox.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use monitor_model::IncidentKind;
use monitor_model::deliveries::Unfinished;
use monitor_telemetry::{gauge, gauges};
use monitor_upstream::Upstreams;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;

/// What was in the database at one time.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    pub(crate) unfinished: Vec<Unfinished>,
    pub(crate) incidents: Vec<IncidentKind>,
    pub(crate) at: DateTime<Utc>,
}

/// What was read last; a clone has the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutboxSnapshot(Arc<Mutex<Option<Outbox>>>);

impl OutboxSnapshot {
    pub(crate) fn set(&self, outbox: Outbox) {
        *self.lock() = Some(outbox);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Outbox>> {
        self.0.lock().expect("no code panics while holding this lock")
    }
}

/// Whether each of several things works, by name.
type States = Box<dyn Fn() -> Vec<(String, bool)> + Send + Sync>;

/// Where the series are read from when they are scraped.
pub(crate) struct Sources {
    /// Those of the newest config.
    pub(crate) upstreams: Box<dyn Fn() -> Arc<Upstreams> + Send + Sync>,
    /// Each system that was tried, and whether it can be read.
    pub(crate) systems_up: States,
    /// Each lane that was used, and whether it fails.
    pub(crate) lanes_failing: States,
    /// The lanes of the newest config, which are counted at 0 too.
    pub(crate) lanes: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    pub(crate) is_database_failing: Box<dyn Fn() -> bool + Send + Sync>,
    pub(crate) outbox: OutboxSnapshot,
}

/// The series.
pub(crate) struct WorkerGauges(pub(crate) Sources);

impl fmt::Debug for WorkerGauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerGauges").finish_non_exhaustive()
    }
}

impl Collector for WorkerGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let states = (self.0.systems_up)().into_iter();
        let up = states.map(|(system, is_up)| (system, i64::from(is_up)));
        let help = "Whether the system gives numbers, as the last readings from it showed.";
        gauges(&mut encoder, "system_up", help, "system", up)?;
        self.sign_ins(&mut encoder)?;
        let failing = (self.0.lanes_failing)().into_iter();
        let failing = failing.map(|(lane, is_failing)| (lane, i64::from(is_failing)));
        let help = "Whether the last attempt of the lane failed for a reason that may pass.";
        gauges(&mut encoder, "lane_failing", help, "lane", failing)?;
        let help = "Whether the last reading could not be stored.";
        let failing = i64::from((self.0.is_database_failing)());
        gauge(&mut encoder, "database_failing", help, failing)?;
        self.outbox(&mut encoder)
    }
}

impl WorkerGauges {
    fn sign_ins(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let upstreams = (self.0.upstreams)();
        if upstreams.systems().is_empty() {
            return Ok(());
        }
        let help = "Sign-ins to systems by what became of them.";
        let mut family = encoder.encode_descriptor("sign_ins", help, None, MetricType::Counter)?;
        for (name, system) in upstreams.systems() {
            let counts = system.sign_ins();
            for (result, count) in [
                ("good", counts.good),
                ("refused", counts.refused),
                ("failed", counts.failed),
            ] {
                let labels = [("system", name.as_str()), ("result", result)];
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn outbox(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(outbox) = self.0.outbox.lock().clone() else {
            return Ok(());
        };
        let count = |kind: &IncidentKind| outbox.incidents.iter().filter(|open| *open == kind).count();
        let incidents = IncidentKind::ALL
            .iter()
            .map(|kind| (kind.as_str(), i64::try_from(count(kind)).unwrap_or(i64::MAX)));
        let help = "Incidents of the monitor itself that are open.";
        gauges(encoder, "incidents", help, "kind", incidents)?;
        let known = (self.0.lanes)();
        let mut lanes: BTreeMap<&str, (i64, f64)> =
            known.iter().map(|lane| (lane.as_str(), (0, 0.0))).collect();
        let age = |lane: &Unfinished| (outbox.at.naive_utc() - lane.oldest).to_std().unwrap_or_default();
        let unfinished = outbox.unfinished.iter();
        lanes.extend(unfinished.map(|lane| (lane.lane.as_str(), (lane.count, age(lane).as_secs_f64()))));
        let waiting = lanes.iter().map(|(lane, (count, _))| (*lane, *count));
        let help = "Deliveries that are neither done nor given up.";
        gauges(encoder, "outbox_unfinished", help, "lane", waiting)?;
        let ages = lanes.iter().map(|(lane, (_, age))| (*lane, *age));
        let help = "Age of the oldest delivery that is neither done nor given up; 0 where there is none.";
        gauges(encoder, "outbox_oldest_age_seconds", help, "lane", ages)
    }
}
