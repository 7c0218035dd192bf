//! What the config says of the metrics, as far as it matters to what is open.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use monitor_domain::{MetricKey, Severity};
use monitor_rules::Escalation;

use crate::context::Monitored;

/// A metric whose alerts are escalated, and after how long at each step.
pub(super) struct EscalationPolicy {
    pub(super) key: String,
    pub(super) severity: Severity,
    pub(super) after: Vec<Duration>,
}

/// The policies of all metrics of a config.
#[derive(Default)]
pub(super) struct Policies {
    /// How long the alerts of some of them may stay unacknowledged.
    pub(super) escalation: Vec<EscalationPolicy>,
    /// What those depend on that depend on others.
    pub(super) depends_on: HashMap<String, Vec<MetricKey>>,
}

impl Policies {
    /// Those of these metrics.
    pub(super) fn of(metrics: &[Arc<Monitored>]) -> Policies {
        let policy = |metric: &Arc<Monitored>| {
            Some(EscalationPolicy {
                key: metric.key().to_owned(),
                severity: metric.metric.config().severity,
                after: escalation(metric)?.steps.iter().map(|step| step.after).collect(),
            })
        };
        let depends_on = metrics.iter().filter_map(|metric| {
            let depends_on = metric.metric.config().depends_on.clone();
            (!depends_on.is_empty()).then(|| (metric.key().to_owned(), depends_on))
        });
        Policies {
            escalation: metrics.iter().filter_map(policy).collect(),
            depends_on: depends_on.collect(),
        }
    }

    /// What `key` depends on.
    pub(super) fn depends_on(&self, key: &str) -> &[MetricKey] {
        self.depends_on.get(key).map_or(&[], Vec::as_slice)
    }
}

/// How the rule of a metric escalates, if it does.
pub(super) fn escalation(metric: &Monitored) -> Option<&Escalation> {
    metric.metric.config().rule.escalate.as_ref()
}
