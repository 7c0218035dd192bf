//! What people are to be notified of, before it is known who and how.

use chrono::{DateTime, Utc};
use monitor_notify::Event;

/// One notification of an alert.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) event: Event,
    pub(crate) value: Option<f64>,
    pub(crate) previous: Option<f64>,
    pub(crate) text: String,
    /// Where it is about several messages: each of them, and how many more there are.
    pub(crate) messages: (Vec<String>, u32),
    pub(crate) reason: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) subject: Subject,
}

/// What tells one notification of an alert's event from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// There is one.
    Alert,
    /// There is one a record.
    Record(i64),
    /// There is one a round, as of reminders.
    Round(i64),
}

impl Subject {
    /// Of a record, where there is one.
    pub(crate) fn record(id: Option<i64>) -> Subject {
        id.map_or(Subject::Alert, Subject::Record)
    }

    /// The record's id.
    pub(crate) fn record_id(self) -> Option<i64> {
        match self {
            Subject::Record(id) => Some(id),
            Subject::Alert | Subject::Round(_) => None,
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Alert => f.write_str("-"),
            Subject::Record(id) | Subject::Round(id) => write!(f, "{id}"),
        }
    }
}
