//! What messages are made from.

use monitor_domain::Severity;
use serde::{Deserialize, Serialize};

/// Which metric a message is about, or what a notice of the monitor's own is about.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricInfo {
    /// The key in the config, such as `z`.
    pub key: String,
    /// The name people know it by; the key where the config gives none.
    pub title: String,
    /// What is counted, such as `orders`; empty for none.
    #[serde(default)]
    pub unit: String,
    /// The page that says what to do about it, `http://` or `https://`; anything else is not linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
}

impl MetricInfo {
    /// A metric that counts nothing in particular.
    pub fn new(key: impl Into<String>, title: impl Into<String>) -> MetricInfo {
        MetricInfo {
            key: key.into(),
            title: title.into(),
            unit: String::new(),
            runbook: None,
        }
    }

    /// The same, counted in `unit`.
    #[must_use]
    pub fn with_unit(mut self, unit: impl Into<String>) -> MetricInfo {
        self.unit = unit.into();
        self
    }

    /// The same with a page that says what to do, where there is one.
    #[must_use]
    pub fn with_runbook(mut self, runbook: Option<String>) -> MetricInfo {
        self.runbook = runbook;
        self
    }
}

/// What a message is recognised by. All of it stays the same at every attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageIds {
    /// As [`Notification::id`](crate::Notification::id).
    pub id: String,
    /// As [`Notification::message_id`](crate::Notification::message_id).
    pub message_id: String,
    /// As [`Notification::thread_id`](crate::Notification::thread_id).
    pub thread_id: Option<String>,
}

impl MessageIds {
    /// The ids of a message that belongs to no conversation.
    pub fn new(id: impl Into<String>, message_id: impl Into<String>) -> MessageIds {
        MessageIds {
            id: id.into(),
            message_id: message_id.into(),
            thread_id: None,
        }
    }

    /// The same, in the conversation of `thread_id`.
    #[must_use]
    pub fn in_thread(mut self, thread_id: impl Into<String>) -> MessageIds {
        self.thread_id = Some(thread_id.into());
        self
    }
}

/// What is known of the alert that a message is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertFacts {
    /// The alert's id in the database.
    pub alert_id: i64,
    /// How much it matters.
    pub severity: Severity,
    /// The reading, where there was one.
    pub value: Option<f64>,
    /// What the reading was compared with, where there was such a thing.
    pub previous: Option<f64>,
    /// The threshold that it passed, or passed on its way back, where the rule has one.
    pub threshold: Option<f64>,
    /// Why the rule decided so; may be empty.
    pub reason: String,
}
