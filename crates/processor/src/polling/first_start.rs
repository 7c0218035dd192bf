//! What a first start brings that nobody may expect.

use std::collections::BTreeSet;

use monitor_model::{DbError, states};
use monitor_rules::{Rule, State};

use super::Polling;

impl Polling {
    /// Logs which metrics were never read before and will alert on all that is there already.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn log_first_readings(&self) -> Result<(), DbError> {
        let rules = || {
            let metrics = self.metrics.iter();
            metrics.map(|metric| (metric.key(), &metric.monitored.metric.config().rule))
        };
        if rules().all(|(_, rule)| !rule.counts_from_zero()) {
            return Ok(());
        }
        let stored = self.context.db.read(states::all).await?;
        let read_before = stored.iter().filter(|row| has_value(&row.state));
        let known = read_before.map(|row| row.key.as_str()).collect();
        for line in first_readings(rules(), &known) {
            log::info!("{line}");
        }
        Ok(())
    }
}

/// Whether a value was ever read into a stored state. One that cannot be read begins afresh.
fn has_value(state: &str) -> bool {
    serde_json::from_str::<State>(state).is_ok_and(|state| state.last_value().is_some())
}

/// A line for each metric that is concerned: not among those that were read before, and its rule counts from 0.
fn first_readings<'m>(
    metrics: impl Iterator<Item = (&'m str, &'m Rule)>,
    known: &BTreeSet<&str>,
) -> Vec<String> {
    metrics
        .filter(|(key, rule)| !known.contains(key) && rule.counts_from_zero())
        .map(|(key, _)| {
            format!(
                "metric {key}: never read before, and its first reading counts from 0: all that is there already is an \
                 alert. To learn it silently instead: metrics.{key}.alert.initial = \"learn\""
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use monitor_rules::{Change, Initial, Level, Observed, Reading, judge};

    use super::*;

    #[test]
    fn a_state_without_a_value_is_as_good_as_none() {
        let rule = Rule::new(Change::rise(1.0));
        let after = |observed: Observed| {
            let reading = Reading {
                at: DateTime::from_timestamp(1_795_425_160, 0).unwrap(),
                elapsed: std::time::Duration::ZERO,
                observed,
            };
            let state = judge(&rule, &State::default(), &reading).state;
            serde_json::to_string(&state).unwrap()
        };
        assert!(has_value(&after(Observed::Value(0.0))));
        assert!(!has_value(&after(Observed::Unreadable("503".to_owned()))));
        assert!(!has_value("{}") && !has_value("no state"));
    }

    #[test]
    fn only_metrics_that_are_new_and_count_from_zero_are_concerned() {
        let rise = Rule::new(Change::rise(1.0));
        let level = Rule::new(Level::above(100.0));
        let learning = Rule::new(Change {
            initial: Initial::Learn,
            ..Change::rise(1.0)
        });
        let metrics = [("x", &rise), ("y", &rise), ("z", &level), ("w", &learning)];
        let lines = |known: &[&str]| first_readings(metrics.into_iter(), &known.iter().copied().collect());
        let keys = |known: &[&str]| -> Vec<String> {
            let key = |line: &String| {
                line["metric ".len()..]
                    .split(':')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            };
            lines(known).iter().map(key).collect()
        };
        assert_eq!(keys(&[]), ["x", "y"]);
        assert_eq!(keys(&["x", "z"]), ["y"]);
        assert!(keys(&["x", "y"]).is_empty());
        assert!(lines(&[])[0].ends_with("metrics.x.alert.initial = \"learn\""));
    }
}
