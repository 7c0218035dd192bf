//! Reads every metric on time, evaluates the reading, and hands it to `alerts` to be stored.
//!
//! A failure is a reading too. This room decides nothing about alerts and notifies nobody.

mod cycle;
mod first_start;
mod groups;
mod history;
mod metric_state;
mod permits;
mod scheduler;
mod unreadable;

use std::sync::Arc;

use monitor_rules::Rule;

pub use history::{HistoryQuery, history};
pub(crate) use metric_state::MetricState;
pub(crate) use unreadable::Unreadable;

use crate::context::Context;
use crate::incidents::Outages;

/// What every cycle uses.
pub(crate) struct Polling {
    pub(crate) context: Arc<Context>,
    /// Which systems can be read.
    pub(crate) outages: Arc<Outages>,
    /// What is logged of those that cannot.
    pub(crate) unreadable: Unreadable,
    /// In the order of the config.
    pub(crate) metrics: Vec<Arc<MetricState>>,
}

impl Polling {
    /// When another metric alerts, if this worker knows it.
    fn rule_of(&self, key: &str) -> Option<&Rule> {
        let metric = self.metrics.iter().find(|metric| metric.key() == key)?;
        Some(&metric.monitored.metric.config().rule)
    }
}
