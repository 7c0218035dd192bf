//! Channels that forget: what fires is sent to them again before they take it to be over, and what ended, for a while, too.
//!
//! Each round goes by the rows of the database as they are at that moment, so it goes on after a restart, and it does no harm that every
//! worker has its rounds. A message that was late, or a round that overlapped with an end, is put right by the next round.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use monitor_model::alerts::Restated;
use monitor_model::{Alert, AlertKind, Conn, DbError, alerts};
use monitor_notify::{Event, Notification, Notifier};
use tokio_util::sync::CancellationToken;

use crate::context::{Context, Generations};
use crate::outbox::{NOTIFYING_EVENTS, read_notification};

/// Alerts in one call.
const BATCH: i64 = 100;
/// How long an end is sent again, as Prometheus does: longer than a message that says the opposite can be under way.
const ENDED: TimeDelta = TimeDelta::minutes(15);

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
enum RestateError {
    #[error("database: {0}")]
    Db(#[from] DbError),
    #[error("{0}")]
    Channel(#[from] monitor_notify::Failure),
}

/// Has its rounds until `halt`, by the newest config. A round that fails is logged, once until one succeeds, and the next one is on time.
pub(crate) async fn run(mut generations: Generations, halt: CancellationToken) {
    let mut due: BTreeMap<String, Duration> = BTreeMap::new();
    let mut failing = BTreeSet::new();
    loop {
        let context = generations.borrow_and_update().clone();
        let now = context.clock.monotonic();
        let forgetful = forgetful(&context);
        due.retain(|name, _| forgetful.iter().any(|(notifier, _)| notifier.name() == name));
        for (notifier, _) in &forgetful {
            due.entry(notifier.name().to_owned()).or_insert(now);
        }
        let next = due.values().min().copied();
        let pause = async {
            match next {
                Some(next) => context.clock.sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = halt.cancelled() => return,
            Ok(()) = generations.changed() => {
                generations.mark_changed();
                continue;
            }
            () = pause => {}
        }
        let now = context.clock.monotonic();
        let is_due = |notifier: &dyn Notifier| due.get(notifier.name()).is_some_and(|at| *at <= now);
        let rounds = forgetful.iter().filter(|(notifier, _)| is_due(*notifier));
        let rounds: Vec<_> = rounds.copied().collect();
        for (notifier, every) in &rounds {
            due.insert(notifier.name().to_owned(), now + *every);
        }
        let rounds = rounds.iter().map(|(notifier, _)| round(&context, *notifier));
        let ends = tokio::select! {
            () = halt.cancelled() => return,
            ends = join_all(rounds) => ends,
        };
        for (name, end) in ends {
            report(&mut failing, name, end);
        }
    }
}

/// One round for every channel that has any.
pub(crate) async fn run_once(context: &Context) {
    let forgetful = forgetful(context);
    let rounds = forgetful.iter().map(|(notifier, _)| round(context, *notifier));
    for (name, end) in join_all(rounds).await {
        report(&mut BTreeSet::new(), name, end);
    }
}

/// The channels that forget, and how often they have to hear of it.
fn forgetful(context: &Context) -> Vec<(&dyn Notifier, Duration)> {
    let all = context.channels.iter().map(|channel| &*channel.notifier);
    all.filter_map(|notifier| Some((notifier, notifier.restate_every()?)))
        .collect()
}

fn report(failing: &mut BTreeSet<String>, name: &str, end: Result<(), RestateError>) {
    match end {
        Ok(()) => {
            failing.remove(name);
        }
        Err(error) => {
            if failing.insert(name.to_owned()) {
                log::warn!(
                    "what fires could not be sent again through channel {name}; that is tried in each round: {error}"
                );
            }
        }
    }
}

async fn round<'a>(context: &Context, notifier: &'a dyn Notifier) -> (&'a str, Result<(), RestateError>) {
    (notifier.name(), tell(context, notifier).await)
}

/// Tells all of it, in calls of a limited size. What is in each is read right before it. A call that is refused keeps no other from
/// being made; where the channel cannot be reached, the round is over.
async fn tell(context: &Context, notifier: &dyn Notifier) -> Result<(), RestateError> {
    let mut after = 0;
    let mut refused = Ok(());
    loop {
        let lane = notifier.name().to_owned();
        let ended_since = (context.clock.wall() - ENDED).naive_utc();
        let read = move |conn: &mut Conn| {
            let which = Restated {
                lane: &lane,
                events: &NOTIFYING_EVENTS,
                ended_since,
                after,
            };
            alerts::restated(conn, &which, BATCH)
        };
        let found = context.db.read(read).await?;
        let Some((last, _)) = found.last() else {
            return refused;
        };
        after = last.id;
        let messages: Vec<Notification> = found
            .iter()
            .filter_map(|(alert, payload)| Some(as_it_is(alert, read_notification(payload).ok()?)))
            .collect();
        if messages.is_empty() {
            continue;
        }
        let sent = notifier.restate(&messages).await;
        context.counters.restated(notifier.name(), sent.is_ok());
        match sent {
            Err(failure) if failure.is_transient() => return Err(failure.into()),
            sent => refused = refused.and(sent.map_err(RestateError::from)),
        }
    }
}

/// The last message of an alert, as the row has the alert now: what it is known by is what it was when it opened, and whether it is over
/// is not for the message to say.
fn as_it_is(alert: &Alert, message: Notification) -> Notification {
    let opened = utc(alert.opened_at);
    let (event, at) = match (alert.resolved_at, alert.kind) {
        (None, AlertKind::NoData) => (Event::NoData, message.at),
        (None, _) => (Event::Alert, message.at),
        (Some(ended), AlertKind::NoData) => (Event::DataBack, utc(ended)),
        (Some(ended), _) => (Event::Recovered, utc(ended)),
    };
    let mut message = message
        .with_alert(Some(alert.id))
        .with_opening(alert.kind.as_str(), opened);
    (message.event, message.at, message.severity) = (event, at, alert.severity);
    message
}

fn utc(at: chrono::NaiveDateTime) -> DateTime<Utc> {
    at.and_utc()
}

#[cfg(test)]
mod tests {
    use monitor_domain::{MetricKey, Severity};
    use monitor_notify::{AlertFacts, MessageIds, MetricInfo};

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_425_160 + second, 0).unwrap()
    }

    fn alert(kind: AlertKind, ended: Option<i64>) -> Alert {
        Alert {
            id: 7,
            key: MetricKey::stored("z"),
            kind,
            severity: Severity::Critical,
            reason: String::new(),
            value: None,
            previous: None,
            opened_at: at(0).naive_utc(),
            acknowledged_at: Some(at(5).naive_utc()),
            acknowledged_by: None,
            note: None,
            resolved_at: ended.map(|second| at(second).naive_utc()),
            resolved_value: None,
            further_messages: 0,
            muted: None,
            end_muted: None,
            escalated_at: None,
            escalation_step: 0,
        }
    }

    /// A reminder that was written when the metric had another severity.
    fn reminder() -> Notification {
        let facts = AlertFacts {
            alert_id: 7,
            severity: Severity::Info,
            ..AlertFacts::default()
        };
        let ids = MessageIds::new("r", "r@m");
        Notification::about_alert(
            ids,
            Event::Reminder,
            MetricInfo::new("z", "Z"),
            facts,
            "t",
            at(60),
        )
    }

    #[test]
    fn what_is_not_over_fires_although_it_is_acknowledged() {
        let said = as_it_is(&alert(AlertKind::Level, None), reminder());
        assert_eq!(said.state(), Some("firing"));
        assert_eq!((said.since, said.alert_id), (Some(at(0)), Some(7)));
        let said = as_it_is(&alert(AlertKind::NoData, None), reminder());
        assert_eq!(said.state(), Some("no_data"));
    }

    #[test]
    fn what_is_over_ended_when_the_row_says_so() {
        for kind in [AlertKind::Level, AlertKind::NoData] {
            let said = as_it_is(&alert(kind, Some(90)), reminder());
            assert_eq!((said.state(), said.at), (Some("recovered"), at(90)));
        }
    }

    #[test]
    fn it_is_known_by_what_it_was_when_it_opened() {
        let said = as_it_is(&alert(AlertKind::Level, None), reminder());
        assert_eq!(
            (said.severity, said.kind.as_deref()),
            (Severity::Critical, Some("level"))
        );
    }
}
