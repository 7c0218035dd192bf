//! From a draft to rows of the outbox: one a recipient, all with one Message-ID, because it is one message.

use chrono::NaiveDateTime;
use monitor_domain::Severity;
use monitor_model::{Alert, Conn, DbError, NewDelivery, deliveries};
use monitor_notify::{AlertFacts, Event, MessageIds, Notification};

use super::draft::Draft;
use super::payload;
use super::routing::{Audience, Routing, alert_page, by_channel};

/// The events by which people are notified of an alert. Who got one of them is notified of its end.
pub(crate) const NOTIFYING_EVENTS: [&str; 4] = [
    Event::Alert.as_str(),
    Event::NoData.as_str(),
    Event::Reminder.as_str(),
    Event::Escalation.as_str(),
];

/// What rows of the outbox refer to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Refers {
    pub(crate) alert_id: Option<i64>,
    pub(crate) record_id: Option<i64>,
    pub(crate) incident_id: Option<i64>,
}

/// Notifies everybody of the metric. The same draft of the same record adds nothing a second time.
pub(crate) fn notify(
    conn: &mut Conn,
    routing: &Routing,
    alert: &Alert,
    draft: &Draft,
    now: NaiveDateTime,
) -> Result<usize, DbError> {
    notify_others(conn, routing, &routing.audience, alert, draft, now)
}

/// Notifies those of the end of `alert` who were notified of it, but for channels that want no ends.
pub(crate) fn notify_end(
    conn: &mut Conn,
    routing: &Routing,
    alert: &Alert,
    draft: &Draft,
    now: NaiveDateTime,
) -> Result<usize, DbError> {
    let mut to = notified(conn, alert)?;
    to.retain(|audience| !routing.without_recovery.contains(&audience.channel));
    notify_others(conn, routing, &to, alert, draft, now)
}

/// Those who were notified of an alert, or will be.
pub(crate) fn notified(conn: &mut Conn, alert: &Alert) -> Result<Vec<Audience>, DbError> {
    let addresses = deliveries::notified_of_alert(conn, alert.id, &NOTIFYING_EVENTS)?;
    Ok(by_channel(addresses))
}

/// Notifies others than usual.
pub(crate) fn notify_others(
    conn: &mut Conn,
    routing: &Routing,
    audience: &[Audience],
    alert: &Alert,
    draft: &Draft,
    now: NaiveDateTime,
) -> Result<usize, DbError> {
    let subject = draft.subject;
    let ids = MessageIds::new(
        format!("{}/{}/{subject}", draft.event, alert.id),
        message_id(&format!("{}-{}-{subject}", draft.event, alert.id)),
    );
    let ids = ids.in_thread(thread_id("alert", alert.id, alert.opened_at));
    let facts = AlertFacts {
        alert_id: alert.id,
        severity: routing.severity,
        value: draft.value,
        previous: draft.previous,
        threshold: routing.limits.threshold(draft.value),
        reason: draft.reason.clone(),
    };
    let metric = routing.metric.clone();
    let message = Notification::about_alert(ids, draft.event, metric, facts, &draft.text, draft.at)
        .with_url(
            routing
                .page
                .as_deref()
                .map(|overview| alert_page(overview, alert.id)),
        )
        .with_messages(draft.messages.0.clone(), draft.messages.1)
        .with_opening(alert.kind.as_str(), alert.opened_at.and_utc());
    let refers = Refers {
        alert_id: Some(alert.id),
        record_id: subject.record_id(),
        incident_id: None,
    };
    enqueue(conn, audience, refers, &message, now)
}

/// One row a recipient; `message.id` is made the recipient's own.
pub(crate) fn enqueue(
    conn: &mut Conn,
    audience: &[Audience],
    refers: Refers,
    message: &Notification,
    now: NaiveDateTime,
) -> Result<usize, DbError> {
    let mut rows = Vec::new();
    for Audience { channel, recipients } in audience {
        for recipient in recipients {
            let dedupe_key = format!("{}/{channel}/{recipient}", message.id);
            let notification = message.clone().with_id(&dedupe_key);
            rows.push(NewDelivery {
                alert_id: refers.alert_id,
                record_id: refers.record_id,
                incident_id: refers.incident_id,
                lane: channel.clone(),
                event: message.event.as_str().to_owned(),
                recipient: recipient.clone(),
                dedupe_key,
                message_id: message.message_id.clone(),
                payload: payload::write_notification(&notification),
                next_at: now,
                created_at: now,
                urgency: urgency(message),
            });
        }
    }
    deliveries::enqueue(conn, &rows)
}

/// The first word of an alert goes before its end, and that before a reminder; within these what is worse goes first.
fn urgency(message: &Notification) -> i32 {
    let word = match message.event {
        Event::Alert | Event::NoData | Event::Escalation | Event::Notice => 0,
        Event::Recovered | Event::DataBack | Event::Closed => 1,
        Event::Reminder | Event::Digest | Event::Test => 2,
    };
    let severity = match message.severity {
        Severity::Critical => 0,
        Severity::Warning => 1,
        Severity::Info => 2,
    };
    word * 3 + severity
}

/// A Message-ID that no other message has.
pub(crate) fn message_id(what: &str) -> String {
    format!("{what}.{}@monitor", uuid::Uuid::now_v7().simple())
}

/// Messages about one thing answer this id, so that mail programs show them as one conversation. Two monitors that write to
/// one mailbox have things of the same number, but not begun in the same microsecond.
pub(crate) fn thread_id(what: &str, id: i64, began: NaiveDateTime) -> String {
    format!("{what}-{id}.{}@monitor", began.and_utc().timestamp_micros())
}
