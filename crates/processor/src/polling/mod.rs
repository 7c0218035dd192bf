//! Reads every metric on time, evaluates the reading, and hands it to `alerts` to be stored.
//!
//! A failure is a reading too. This room decides nothing about alerts and notifies nobody.

mod cycle;
mod first_start;
mod groups;
mod history;
mod lists;
mod metric_state;
mod permits;
mod pushed;
mod renaming;
mod scheduler;
mod unreadable;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use monitor_rules::Rule;

pub use history::{HistoryQuery, history};
pub(crate) use metric_state::MetricState;
pub(crate) use renaming::rename_metrics;
pub(crate) use unreadable::Unreadable;

use crate::context::{Context, Monitored};
use crate::incidents::Outages;

/// What every cycle uses.
pub(crate) struct Polling {
    context: Arc<Context>,
    /// Which systems can be read.
    outages: Arc<Outages>,
    /// What is logged of those that cannot.
    unreadable: Arc<Unreadable>,
    /// In the order of the config.
    metrics: Vec<Arc<MetricState>>,
}

impl Polling {
    pub(crate) fn new(context: Arc<Context>, outages: Arc<Outages>) -> Polling {
        let metrics = context.metrics.iter().cloned();
        Polling {
            metrics: metrics
                .map(|metric| Arc::new(MetricState::new(metric, None)))
                .collect(),
            unreadable: Arc::default(),
            outages,
            context,
        }
    }

    /// The same by a changed config.
    pub(crate) fn succeeding(&self, context: &Arc<Context>) -> Polling {
        let known: HashMap<&str, &Arc<MetricState>> =
            self.metrics.iter().map(|before| (before.key(), before)).collect();
        let state = |metric: &Arc<Monitored>| {
            let was = context.was(metric.key());
            let before = known.get(metric.key()).or_else(|| known.get(was?.as_str()));
            Arc::new(match before {
                Some(before) => MetricState::succeeding(before, Arc::clone(metric)),
                None => MetricState::new(Arc::clone(metric), was.cloned()),
            })
        };
        let there: HashSet<&str> = context.metrics.iter().map(|metric| metric.key()).collect();
        for gone in self.metrics.iter().filter(|before| !there.contains(before.key())) {
            self.unreadable.forget(gone.key(), context.clock.monotonic());
        }
        Polling {
            metrics: context.metrics.iter().map(state).collect(),
            unreadable: Arc::clone(&self.unreadable),
            outages: Arc::clone(&self.outages),
            context: Arc::clone(context),
        }
    }
}

impl Polling {
    /// When another metric alerts, if this worker knows it.
    fn rule_of(&self, key: &str) -> Option<&Rule> {
        let metric = self.metrics.iter().find(|metric| metric.key() == key)?;
        Some(&metric.monitored.metric.config().rule)
    }
}
