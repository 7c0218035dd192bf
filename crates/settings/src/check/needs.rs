//! What rules need to know: readings that are kept for long enough, and other metrics that are there.

use std::time::Duration;

use humantime::format_duration;
use monitor_rules::Need;

use super::{Checker, join, path};
use crate::settings::MetricSettings;
use crate::words::no_such;

impl Checker<'_, '_> {
    pub(super) fn needs(&mut self, metrics: &[MetricSettings], keep_samples: Option<Duration>) {
        let all = self.reader.document.names(&path(&["metrics"]));
        for metric in metrics {
            let alert = path(&["metrics", metric.key.as_str(), "alert"]);
            // A span has a key of its own, or stands in the text of the condition.
            let within = join(&alert, "within");
            let at = match self.reader.document.get(&within) {
                Some(_) => within,
                None => join(&alert, metric.rule.condition.name()),
            };
            for need in metric.rule.condition.needs() {
                let message = match &need {
                    Need::Metric(key) if *key == metric.key.as_str() => Some(
                        "metric(…) is for other metrics; its own values are value and previous".to_owned(),
                    ),
                    Need::Metric(key) if self.is_list(key) => Some(format!(
                        "{key} is a list (for_each), which has no value itself; metric(…) is for metrics that are one number"
                    )),
                    Need::Metric(key) if !all.contains(key) => Some(no_such("metric", key, &all)),
                    _ => too_long(&need, keep_samples),
                };
                if let Some(message) = message {
                    self.reader.error(&at, message);
                }
            }
        }
    }
}

fn too_long(need: &Need, keep_samples: Option<Duration>) -> Option<String> {
    let (span, kept) = (need.span()?, keep_samples?);
    (span >= kept).then(|| {
        format!(
            "needs readings from {} ago, and worker.keep_samples is {}: keep them for longer, or go back less far",
            format_duration(span),
            format_duration(kept)
        )
    })
}
