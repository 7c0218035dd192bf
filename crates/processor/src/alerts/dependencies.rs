//! Metrics that others depend on: while one of them fires or cannot be read, people know what is wrong, and are not notified
//! of those others too.

use std::collections::{BTreeSet, HashMap};

use monitor_domain::MetricKey;
use monitor_model::{Alert, Conn, DbError, MetricPhase, Mute, states};

/// How the metrics stand that others depend on, as far as that was read.
#[derive(Default)]
pub(super) struct Dependencies(HashMap<String, MetricPhase>);

impl Dependencies {
    /// Reads how these stand; nothing where there are none.
    pub(super) fn read<'k>(
        conn: &mut Conn,
        keys: impl IntoIterator<Item = &'k MetricKey>,
    ) -> Result<Dependencies, DbError> {
        let mut dependencies = Dependencies::default();
        dependencies.add(conn, keys)?;
        Ok(dependencies)
    }

    /// Reads how those stand whose alerts wait for one of these: they are notified of once they have been evaluated since.
    pub(super) fn add_waiting<'a>(
        &mut self,
        conn: &mut Conn,
        alerts: impl IntoIterator<Item = &'a Alert>,
    ) -> Result<(), DbError> {
        let waits = |alert: &&Alert| {
            let is_why = |muted: &Option<String>| {
                let mute = muted.as_deref().map(str::parse);
                matches!(mute, Some(Ok(Mute::Dependency(_))))
            };
            is_why(&alert.muted) || is_why(&alert.end_muted)
        };
        self.add(conn, alerts.into_iter().filter(waits).map(|alert| &alert.key))
    }

    /// The first of those that `metric` depends on which is why nobody is notified of it.
    ///
    /// One that has recovered still is, until `metric` has been evaluated since: what it caused is over by then, and if it is
    /// not, it has another cause.
    pub(super) fn cause(&self, metric: &str, depends_on: &[MetricKey]) -> Option<MetricKey> {
        let evaluated = self.0.get(metric).map(|own| own.updated_at);
        let holds = |key: &&MetricKey| {
            let stands = self.0.get(key.as_str());
            stands.is_some_and(|it| is_down(it) || evaluated.is_some_and(|evaluated| evaluated <= it.since))
        };
        depends_on.iter().find(holds).cloned()
    }

    fn add<'k>(
        &mut self,
        conn: &mut Conn,
        keys: impl IntoIterator<Item = &'k MetricKey>,
    ) -> Result<(), DbError> {
        let keys: BTreeSet<String> = keys.into_iter().map(MetricKey::to_string).collect();
        let missing: Vec<String> = keys.into_iter().filter(|key| !self.0.contains_key(key)).collect();
        let read = states::phases(conn, &missing)?;
        self.0.extend(read.into_iter().map(|one| (one.key.clone(), one)));
        Ok(())
    }
}

/// Whether it is wrong, or cannot be read.
fn is_down(stands: &MetricPhase) -> bool {
    stands.is_unreadable || matches!(stands.phase.as_str(), "firing" | "no_data")
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDateTime};

    use super::*;

    fn at(seconds: i64) -> NaiveDateTime {
        DateTime::from_timestamp(1_795_600_000 + seconds, 0)
            .unwrap()
            .naive_utc()
    }

    fn stands(key: &str, phase: &str, is_unreadable: bool, since: i64, updated_at: i64) -> MetricPhase {
        MetricPhase {
            key: key.to_owned(),
            phase: phase.to_owned(),
            since: at(since),
            updated_at: at(updated_at),
            is_unreadable,
        }
    }

    fn cause(standings: &[MetricPhase]) -> Option<String> {
        let all = standings.iter().map(|one| (one.key.clone(), one.clone()));
        let on = [MetricKey::stored("gateway"), MetricKey::stored("link")];
        let cause = Dependencies(all.collect()).cause("orders", &on);
        cause.map(|key| key.to_string())
    }

    #[test]
    fn what_fires_or_cannot_be_seen_is_a_cause() {
        for (phase, is_unreadable, expected) in [
            ("normal", false, None),
            ("pending", false, None),
            ("firing", false, Some("gateway")),
            ("no_data", true, Some("gateway")),
            ("normal", true, Some("gateway")),
        ] {
            let gateway = stands("gateway", phase, is_unreadable, 0, 5);
            assert_eq!(cause(&[gateway]).as_deref(), expected, "{phase} {is_unreadable}");
        }
        assert_eq!(cause(&[]), None, "nothing is known of it yet");
        let link = stands("link", "firing", false, 0, 5);
        assert_eq!(cause(&[link]).as_deref(), Some("link"), "each of them");
    }

    #[test]
    fn what_has_recovered_is_one_until_what_it_caused_was_evaluated() {
        let gateway = stands("gateway", "normal", false, 10, 15);
        let orders = |updated_at| stands("orders", "firing", false, 0, updated_at);
        assert_eq!(cause(&[gateway.clone(), orders(9)]).as_deref(), Some("gateway"));
        assert_eq!(cause(&[gateway, orders(11)]), None);
    }
}
