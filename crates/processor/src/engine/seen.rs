//! How the monitor itself stands, as series: systems, sign-ins, channels, troubles, the queue. What is not known is left
//! out.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use monitor_model::TroubleKind;
use monitor_model::deliveries::Unfinished;
use monitor_upstream::Upstreams;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::health::Health;
use super::systems::Systems;

/// What was in the database at one look.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    pub(crate) outbox: Vec<Unfinished>,
    pub(crate) troubles: Vec<TroubleKind>,
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
        let up: Vec<(String, f64)> = self
            .systems
            .states()
            .into_iter()
            .map(|(system, is_up)| (system, f64::from(u8::from(is_up))))
            .collect();
        let help = "Whether the system gives numbers, as the last readings from it told.";
        gauges(&mut encoder, "system_up", help, "system", &up)?;
        self.sign_ins(&mut encoder)?;
        let healths = self
            .healths
            .lock()
            .expect("no code panics while holding this lock");
        let failing: Vec<(String, f64)> = healths
            .iter()
            .map(|(lane, health)| (lane.clone(), f64::from(u8::from(health.is_failing()))))
            .collect();
        drop(healths);
        let help = "Whether the last attempt of the lane failed for a reason that may pass.";
        gauges(&mut encoder, "lane_failing", help, "lane", &failing)?;
        let help = "Whether the last reading could not be stored.";
        let descriptor = encoder.encode_descriptor("database_failing", help, None, MetricType::Gauge)?;
        ConstGauge::new(i64::from(self.database.is_failing())).encode(descriptor)?;
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
        let count = |kind: &TroubleKind| queues.troubles.iter().filter(|open| *open == kind).count();
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let troubles: Vec<(String, f64)> = TroubleKind::ALL
            .iter()
            .map(|kind| (kind.as_str().to_owned(), count(kind) as f64))
            .collect();
        let help = "Troubles of the monitor itself that are not over.";
        gauges(encoder, "troubles", help, "kind", &troubles)?;
        #[expect(clippy::cast_precision_loss, reason = "far from 2^53")]
        let waiting: Vec<(String, f64)> = queues
            .outbox
            .iter()
            .map(|lane| (lane.lane.clone(), lane.count as f64))
            .collect();
        let help = "Deliveries that are neither done nor given up.";
        gauges(encoder, "outbox_unfinished", help, "lane", &waiting)?;
        let ages: Vec<(String, f64)> = queues
            .outbox
            .iter()
            .map(|lane| {
                let age = (queues.at.naive_utc() - lane.oldest).to_std().unwrap_or_default();
                (lane.lane.clone(), age.as_secs_f64())
            })
            .collect();
        let help = "Age of the oldest delivery that is neither done nor given up.";
        gauges(encoder, "outbox_oldest_age_seconds", help, "lane", &ages)
    }
}

fn gauges(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    values: &[(String, f64)],
) -> Result<(), fmt::Error> {
    if values.is_empty() {
        return Ok(());
    }
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (of, value) in values {
        let labels = [(label, of.as_str())];
        ConstGauge::new(*value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
