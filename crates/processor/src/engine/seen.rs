//! How the monitor itself stands, as series: systems, sign-ins, channels, incidents, the queue. What is not known is left
//! out.

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

use super::health::Health;
use super::systems::Systems;

/// What was in the database at one look.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    pub(crate) outbox: Vec<Unfinished>,
    pub(crate) incidents: Vec<IncidentKind>,
    pub(crate) at: DateTime<Utc>,
}

/// What was seen last; a clone shows the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Option<Queues>>>);

impl Seen {
    pub(crate) fn saw(&self, queues: Queues) {
        *self.lock() = Some(queues);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Queues>> {
        self.0.lock().expect("no code panics while holding this lock")
    }
}

/// The series.
pub(crate) struct OwnState {
    pub(super) upstreams: Arc<Upstreams>,
    pub(super) systems: Arc<Systems>,
    pub(super) healths: Arc<Mutex<BTreeMap<String, Health>>>,
    pub(super) database: Health,
    pub(super) seen: Seen,
}

impl fmt::Debug for OwnState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnState").finish_non_exhaustive()
    }
}

impl Collector for OwnState {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let states = self.systems.states().into_iter();
        let up = states.map(|(system, is_up)| (system, i64::from(is_up)));
        let help = "Whether the system gives numbers, as the last readings from it told.";
        gauges(&mut encoder, "system_up", help, "system", up)?;
        self.sign_ins(&mut encoder)?;
        let healths = self
            .healths
            .lock()
            .expect("no code panics while holding this lock");
        let failing: Vec<(String, i64)> = healths
            .iter()
            .map(|(lane, health)| (lane.clone(), i64::from(health.is_failing())))
            .collect();
        drop(healths);
        let help = "Whether the last attempt of the lane failed for a reason that may pass.";
        gauges(&mut encoder, "lane_failing", help, "lane", failing)?;
        let help = "Whether the last reading could not be stored.";
        let failing = i64::from(self.database.is_failing());
        gauge(&mut encoder, "database_failing", help, failing)?;
        self.queues(&mut encoder)
    }
}

impl OwnState {
    fn sign_ins(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        if self.upstreams.systems().is_empty() {
            return Ok(());
        }
        let help = "Sign-ins to systems by what became of them.";
        let mut family = encoder.encode_descriptor("sign_ins", help, None, MetricType::Counter)?;
        for (name, system) in self.upstreams.systems() {
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

    fn queues(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(queues) = self.seen.lock().clone() else {
            return Ok(());
        };
        let count = |kind: &IncidentKind| queues.incidents.iter().filter(|open| *open == kind).count();
        let incidents = IncidentKind::ALL
            .iter()
            .map(|kind| (kind.as_str(), i64::try_from(count(kind)).unwrap_or(i64::MAX)));
        let help = "Incidents of the monitor itself that are not over.";
        gauges(encoder, "incidents", help, "kind", incidents)?;
        let waiting = queues.outbox.iter().map(|lane| (&lane.lane, lane.count));
        let help = "Deliveries that are neither done nor given up.";
        gauges(encoder, "outbox_unfinished", help, "lane", waiting)?;
        let age = |lane: &Unfinished| (queues.at.naive_utc() - lane.oldest).to_std().unwrap_or_default();
        let ages = queues
            .outbox
            .iter()
            .map(|lane| (&lane.lane, age(lane).as_secs_f64()));
        let help = "Age of the oldest delivery that is neither done nor given up.";
        gauges(encoder, "outbox_oldest_age_seconds", help, "lane", ages)
    }
}
