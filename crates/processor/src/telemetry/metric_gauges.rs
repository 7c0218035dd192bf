//! How each metric is, as series: its number, when that was read, its phase.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use monitor_rules::Phase;
use monitor_telemetry::gauges;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

const PHASES: [Phase; 4] = [Phase::Normal, Phase::Pending, Phase::Firing, Phase::NoData];

/// How one metric is, as of this worker's last evaluation.
#[derive(Debug)]
pub(super) struct MetricGauge {
    /// The last value; NaN where there is none, or it is not known any more.
    reading: AtomicU64,
    /// When the last value was read; NaN where there was none yet.
    success: AtomicU64,
    /// Index into [`PHASES`], beyond it before the first evaluation.
    phase: AtomicU8,
    /// The config has it no more.
    is_gone: AtomicBool,
}

impl Default for MetricGauge {
    fn default() -> MetricGauge {
        MetricGauge {
            reading: AtomicU64::new(f64::NAN.to_bits()),
            success: AtomicU64::new(f64::NAN.to_bits()),
            phase: AtomicU8::new(u8::MAX),
            is_gone: AtomicBool::new(false),
        }
    }
}

impl MetricGauge {
    /// A reading was evaluated and stored.
    pub(super) fn evaluated(&self, value: Option<f64>, at: DateTime<Utc>, phase: Phase) {
        if value.is_some() {
            self.success.store(seconds(at).to_bits(), Ordering::Relaxed);
        }
        // A number that may not be true any more is not shown as if it were.
        self.reading
            .store(value.unwrap_or(f64::NAN).to_bits(), Ordering::Relaxed);
        let index = PHASES.iter().position(|known| *known == phase);
        let index = index.and_then(|index| u8::try_from(index).ok());
        self.phase.store(index.unwrap_or(u8::MAX), Ordering::Relaxed);
    }

    fn reading(&self) -> Option<f64> {
        known(&self.reading)
    }

    fn success(&self) -> Option<f64> {
        known(&self.success)
    }

    fn phase(&self) -> Option<Phase> {
        PHASES
            .get(usize::from(self.phase.load(Ordering::Relaxed)))
            .copied()
    }
}

/// Those of all metrics, by key; a clone has the same.
#[derive(Clone, Debug, Default)]
pub(super) struct MetricGauges(Arc<Mutex<BTreeMap<String, Arc<MetricGauge>>>>);

impl Collector for MetricGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "The number that was read last; none while it cannot be read.";
        let values = self.known(MetricGauge::reading);
        gauges(&mut encoder, "metric_value", help, "metric", values)?;
        let (name, help) = (
            "metric_last_success_timestamp_seconds",
            "When a number was last read, in seconds since 1970.",
        );
        gauges(
            &mut encoder,
            name,
            help,
            "metric",
            self.known(MetricGauge::success),
        )?;
        let evaluated = self.known(MetricGauge::phase);
        if evaluated.is_empty() {
            return Ok(());
        }
        let help = "1 for the phase in which the metric is, 0 for the others.";
        let mut family = encoder.encode_descriptor("metric_phase", help, None, MetricType::Gauge)?;
        for (key, now) in evaluated {
            for phase in PHASES {
                let labels = [("metric", key.as_str()), ("phase", phase.as_str())];
                ConstGauge::new(i64::from(phase == now)).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

impl MetricGauges {
    /// The one of the metric `key`.
    pub(super) fn get(&self, key: &str) -> Arc<MetricGauge> {
        Arc::clone(self.lock().entry(key.to_owned()).or_default())
    }

    /// Shows those of these metrics, and no others. Items of lists, of which there may always be others, are forgotten.
    pub(super) fn show(&self, keys: &BTreeSet<&str>) {
        let mut all = self.lock();
        all.retain(|key, _| !key.contains('.') || keys.contains(key.as_str()));
        for (key, gauge) in all.iter() {
            gauge
                .is_gone
                .store(!keys.contains(key.as_str()), Ordering::Relaxed);
        }
    }

    fn known<T>(&self, of: fn(&MetricGauge) -> Option<T>) -> Vec<(String, T)> {
        let all = self.lock();
        all.iter()
            .filter(|(_, gauge)| !gauge.is_gone.load(Ordering::Relaxed))
            .filter_map(|(key, gauge)| Some((key.clone(), of(gauge)?)))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<MetricGauge>>> {
        self.0.lock().expect("no code panics while holding this lock")
    }
}

fn known(bits: &AtomicU64) -> Option<f64> {
    let value = f64::from_bits(bits.load(Ordering::Relaxed));
    (!value.is_nan()).then_some(value)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact to the microsecond until the year 2255"
)]
fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}
