//! An alert, from its opening to its end.

use chrono::{DateTime, Utc};
use monitor_domain::{MetricKey, Severity};
use monitor_model::{Alert, utc};
use serde::Serialize;

use crate::api::{DeliveryRow, Number, RecordView};

/// An alert: `GET /api/v1/alerts`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertView {
    /// Its id, newer ones higher.
    pub id: i64,
    /// The metric's key.
    pub key: MetricKey,
    /// The metric's name for people; the key for a metric that is turned off.
    pub title: String,
    /// `event`, `level` or `no_data`.
    pub kind: &'static str,
    /// `info`, `warning` or `critical`.
    pub severity: Severity,
    /// Why it was opened, for people.
    pub reason: String,
    /// The value that opened it.
    pub value: Option<Number>,
    /// What that was compared with.
    pub previous: Option<Number>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When somebody acknowledged it.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who.
    pub acknowledged_by: Option<String>,
    /// The note of that person.
    pub note: Option<String>,
    /// When it was over; `null` while it is not.
    pub resolved_at: Option<DateTime<Utc>>,
    /// The value that ended it.
    pub resolved_value: Option<Number>,
    /// How many further messages it has that were not sent one by one.
    pub further_messages: i32,
    /// Why nobody was notified of it (yet), such as `silence:3`; `null` where people were.
    pub muted: Option<String>,
    /// When it was escalated for the first time, because nobody acknowledged it.
    pub escalated_at: Option<DateTime<Utc>>,
    /// How many steps of its escalation are done.
    pub escalation_step: i32,
}

/// An alert with its messages and deliveries: `GET /api/v1/alerts/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertDetail {
    /// The alert.
    #[serde(flatten)]
    pub alert: AlertView,
    /// Its messages, oldest first; not those that somebody deleted.
    pub records: Vec<RecordView>,
    /// Its deliveries, newest first.
    pub deliveries: Vec<DeliveryRow>,
}

impl AlertView {
    /// The alert of a metric that people know as `title`.
    pub(crate) fn new(alert: Alert, title: String) -> AlertView {
        AlertView {
            title,
            id: alert.id,
            key: alert.key,
            kind: alert.kind.as_str(),
            severity: alert.severity,
            reason: alert.reason,
            value: alert.value.map(Number),
            previous: alert.previous.map(Number),
            opened_at: utc(alert.opened_at),
            acknowledged_at: alert.acknowledged_at.map(utc),
            acknowledged_by: alert.acknowledged_by,
            note: alert.note,
            resolved_at: alert.resolved_at.map(utc),
            resolved_value: alert.resolved_value.map(Number),
            further_messages: alert.further_messages,
            muted: alert.muted,
            escalated_at: alert.escalated_at.map(utc),
            escalation_step: alert.escalation_step,
        }
    }
}
