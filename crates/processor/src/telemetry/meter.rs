//! What is counted for one metric.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_model::AlertKind;
use monitor_rules::Phase;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use super::metric_gauges::MetricGauge;

/// What counts for one metric.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(super) value: Counter,
    pub(super) unreadable: Counter,
    pub(super) conflict: Counter,
    pub(super) unsaved: Counter,
    pub(super) late: Counter,
    /// Of the kinds that its rules have opened, or may open.
    pub(super) alerts: Mutex<Vec<(AlertKind, Counter)>>,
    pub(super) sample_seconds: Histogram,
    pub(super) gauge: Arc<MetricGauge>,
}

impl Meter {
    /// The same for one item of the list that this is of.
    pub(super) fn of_item(&self, gauge: Arc<MetricGauge>) -> Meter {
        Meter {
            value: self.value.clone(),
            unreadable: self.unreadable.clone(),
            conflict: self.conflict.clone(),
            unsaved: self.unsaved.clone(),
            late: self.late.clone(),
            alerts: Mutex::new(self.alerts().clone()),
            sample_seconds: self.sample_seconds.clone(),
            gauge,
        }
    }

    /// So many ticks were skipped.
    pub(crate) fn late(&self, ticks: u64) {
        if ticks > 0 {
            self.late.inc_by(ticks);
        }
    }

    /// A reading was taken, whatever it holds, and took so long.
    pub(crate) fn sampled(&self, took: Duration) {
        self.sample_seconds.observe(took.as_secs_f64());
    }

    /// A reading was evaluated and stored: its number if it held one, the metric's phase now, and the alerts that
    /// were opened.
    pub(crate) fn committed(
        &self,
        value: Option<f64>,
        at: DateTime<Utc>,
        phase: Phase,
        opened: impl Iterator<Item = AlertKind>,
    ) {
        match value {
            Some(_) => self.value.inc(),
            None => self.unreadable.inc(),
        };
        self.gauge.evaluated(value, at, phase);
        for kind in opened {
            let alerts = self.alerts();
            if let Some((_, counter)) = alerts.iter().find(|(known, _)| *known == kind) {
                counter.inc();
            }
        }
    }

    /// How many alerts were opened, by kind.
    pub(super) fn alerts(&self) -> MutexGuard<'_, Vec<(AlertKind, Counter)>> {
        self.alerts
            .lock()
            .expect("no code panics while holding this lock")
    }

    /// A reading was dropped because another worker had evaluated the metric meanwhile.
    pub(crate) fn conflicted(&self) {
        self.conflict.inc();
    }

    /// A reading could not be stored.
    pub(crate) fn lost(&self) {
        self.unsaved.inc();
    }
}
