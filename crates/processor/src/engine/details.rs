//! The job of explaining an alert: ask what it was, store each message as a record, tell it.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use monitor_domain::Language;
use monitor_model::{Alert, AlertKind, Conn, DbError, Delivery, NewRecord, alerts, deliveries, records};
use monitor_notify::Event;
use monitor_upstream::{AlertMessage, Question};

use super::Shared;
use super::cycle::Watched;
use super::lane::{Done, Verdict};
use super::told::{Story, Teller};
use super::words;
use crate::fault::{self, Point};
use crate::metric::explain;

/// Attempts after which nobody is asked any more.
const MOST_ATTEMPTS: i32 = 8;
/// The least time an attempt is given, also when an alert is old because nobody ran: it deserves one question.
const LEAST_WAIT: Duration = Duration::from_secs(5);

/// Explains the alert of `job`. The records, their deliveries and the end of the job are one transaction: a crash
/// at any point means that all of it is done again or none of it.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    watched: Option<&Arc<Watched>>,
    teller: Option<Teller>,
    job: &Delivery,
) -> Verdict {
    let alert = match load(shared, job).await {
        Ok(Some(alert)) => alert,
        Ok(None) => {
            return Verdict::Permanent {
                reason: "its alert is gone".to_owned(),
            };
        }
        Err(error) => return Verdict::transient(error.to_string()),
    };
    // A metric that this worker's config does not have: it cannot be explained here, but those who were to be told are.
    let Some(watched) = watched else {
        return finish(shared, job, teller, alert, Vec::new()).await;
    };
    let question = Question {
        key: alert.key.to_string(),
        total: alert.value.unwrap_or_default(),
        previous: alert.previous.unwrap_or_default(),
    };
    let left = patience(shared, job, &alert);
    let asked = AssertUnwindSafe(explain(&*watched.metric, &shared.upstreams, &question)).catch_unwind();
    let limited = monitor_domain::timeout(&*shared.clock, left.max(LEAST_WAIT), asked).await;
    let messages = match limited.map(|asked| {
        asked.unwrap_or_else(|_| {
            // It would do so each time: people are told the reading.
            log::error!("alert {}: explaining it panicked", alert.id);
            Ok(Vec::new())
        })
    }) {
        Ok(Ok(messages)) => messages,
        Ok(Err(error)) if error.is_transient() && !left.is_zero() => {
            // However long the system asks to be left alone: people wait no longer than that.
            return Verdict::Transient {
                reason: error.to_string(),
                retry_after: error.retry_after(),
                at_most: Some(left),
            };
        }
        Ok(Err(error)) => {
            log::warn!(
                "alert {}: nobody explains it, the reading is told instead: {error}",
                alert.id
            );
            Vec::new()
        }
        Err(late) => {
            log::warn!(
                "alert {}: nobody explained it in time, the reading is told instead: {late}",
                alert.id
            );
            Vec::new()
        }
    };
    finish(shared, job, teller, alert, messages).await
}

/// How much longer people may be kept waiting for an explanation. The wall clock tells, since the alert may be of another
/// process; the number of attempts bounds it where that was stepped.
fn patience(shared: &Shared, job: &Delivery, alert: &Alert) -> Duration {
    if job.attempt >= MOST_ATTEMPTS {
        return Duration::ZERO;
    }
    let waited = shared.clock.wall().naive_utc() - alert.opened_at;
    shared
        .options
        .details_wait
        .saturating_sub(waited.to_std().unwrap_or_default())
}

async fn load(shared: &Shared, job: &Delivery) -> Result<Option<Alert>, DbError> {
    let Some(id) = job.alert_id else { return Ok(None) };
    shared.db.read(move |conn| alerts::get(conn, id)).await
}

async fn finish(
    shared: &Shared,
    job: &Delivery,
    teller: Option<Teller>,
    alert: Alert,
    messages: Vec<AlertMessage>,
) -> Verdict {
    let (id, attempt, now) = (job.id, job.attempt, shared.clock.wall());
    let language = shared.options.language;
    fault::point(Point::InDetails);
    let stored = shared
        .db
        .write(move |conn| {
            // Fencing first: when the lease ran out and another worker took the job, this one tells nobody.
            // Then the alert as it is now: what ends it or its mute meanwhile comes before this or after it.
            if deliveries::mark_sent(conn, id, attempt, now.naive_utc())?
                && let Some(alert) = alerts::lock(conn, alert.id)?
            {
                store(conn, teller.as_ref(), &alert, &messages, language, now)?;
            }
            Ok(())
        })
        .await;
    match stored {
        Ok(()) => Verdict::Done(Done::Marked),
        Err(error) => Verdict::transient(error.to_string()),
    }
}

/// Messages told before (same metric, same id) are left out. Where none is left the reading itself is the message:
/// an alert is never silent.
fn store(
    conn: &mut Conn,
    teller: Option<&Teller>,
    alert: &Alert,
    messages: &[AlertMessage],
    language: Language,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let mut seen = HashSet::new();
    let mut fresh = Vec::new();
    for message in messages {
        if message.id.as_ref().is_some_and(|id| !seen.insert(id)) {
            continue;
        }
        let record = NewRecord {
            key: alert.key.clone(),
            value: alert.value,
            alert: true,
            alert_message: message.text.clone(),
            timestamp: alert.opened_at,
            alert_id: Some(alert.id),
            source_id: message.id.clone(),
        };
        if let Some(record) = records::insert(conn, &record)? {
            fresh.push((record, message.occurred_at));
        }
    }
    if fresh.is_empty() {
        let record = NewRecord {
            key: alert.key.clone(),
            value: alert.value,
            alert: true,
            alert_message: alert.reason.clone(),
            timestamp: alert.opened_at,
            alert_id: Some(alert.id),
            source_id: None,
        };
        if let Some(record) = records::insert(conn, &record)? {
            fresh.push((record, None));
        }
    }
    let Some(teller) = teller.filter(|_| alert.muted.is_none()) else {
        return Ok(());
    };
    let rest = |more: &[&str]| words::rest(language, more);
    let untold = teller.tell_records(conn, alert, &fresh, rest, now.naive_utc())?;
    if untold > 0 {
        alerts::add_extra(conn, alert.id, i32::try_from(untold).unwrap_or(i32::MAX))?;
    }
    if alert.resolved_value.is_some() && alert.end_muted.is_none() {
        tell_the_end(conn, teller, alert, now)?;
    }
    Ok(())
}

/// What ended while people did not know of it yet, or could not be told, is told after it.
pub(crate) fn tell_the_end(
    conn: &mut Conn,
    teller: &Teller,
    alert: &Alert,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let event = match alert.kind {
        AlertKind::NoData => Event::DataBack,
        AlertKind::Level | AlertKind::Event => Event::Recovered,
    };
    // A metric without data has two notices of its alert: that there is none, and the last, that there is again.
    let notices = records::of_alert(conn, alert.id)?;
    let Some(record) = notices.into_iter().rfind(|record| !record.alert) else {
        return Ok(());
    };
    let story = Story {
        event,
        value: record.value,
        previous: alert.value,
        reason: record.alert_message.clone(),
        text: record.alert_message,
        at: record.timestamp.and_utc(),
        round: None,
    };
    teller.tell_the_end(conn, alert, Some(record.id), &story, now.naive_utc())?;
    Ok(())
}
