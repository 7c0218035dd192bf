//! What is told: one event of one metric, in a form every channel can render.

use std::fmt;

use chrono::{DateTime, Utc};
use monitor_domain::{Severity, UnknownWord};
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A reading breached its rule.
    Alert,
    /// A level that had alerted is back where it should be.
    Recovered,
    /// A metric could not be read for longer than its `no_data`.
    NoData,
    /// A metric that had no data was read again.
    DataBack,
    /// An alert is still open and nobody acknowledged it.
    Reminder,
    /// The same, told to others than before.
    Escalation,
    /// Several messages in one.
    Digest,
    /// The monitor tells something about itself: a dead channel, a system that cannot be reached.
    Notice,
    /// Somebody tries the channel out.
    Test,
}

impl Event {
    /// Every event.
    pub const ALL: [Event; 9] = [
        Event::Alert,
        Event::Recovered,
        Event::NoData,
        Event::DataBack,
        Event::Reminder,
        Event::Escalation,
        Event::Digest,
        Event::Notice,
        Event::Test,
    ];

    /// The word used in the database and the API, such as `alert` or `no_data`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Event::Alert => "alert",
            Event::Recovered => "recovered",
            Event::NoData => "no_data",
            Event::DataBack => "data_back",
            Event::Reminder => "reminder",
            Event::Escalation => "escalation",
            Event::Digest => "digest",
            Event::Notice => "notice",
            Event::Test => "test",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Event {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = Event::ALL.into_iter().find(|one| one.as_str() == word);
        known.ok_or_else(|| UnknownWord::new("event", word, &Event::ALL.map(Event::as_str)))
    }
}

/// Which metric it is about.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricInfo {
    /// The key in the config, such as `z`.
    pub key: String,
    /// The name people know it by; the key where the config gives none.
    pub title: String,
    /// What is counted, such as `orders`; empty for none.
    #[serde(default)]
    pub unit: String,
}

/// One thing to tell, complete: a channel needs nothing else to render it. It is stored as the payload of a
/// delivery, so that a restart, or another machine, sends exactly what was decided.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Notification {
    /// The idempotency key. The same for every attempt; receivers that know such keys are given it.
    pub id: String,
    /// The mail's whole Message-ID without its angle brackets, such as `alert-7@monitor.example.com`. The same for
    /// every attempt, so that a mail server or a reader can tell a repeat.
    pub message_id: String,
    /// The Message-ID (again without brackets) of the mail that this one answers: a recovery or a reminder names
    /// its alert's. Mail programs then show them as one conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<String>,
    /// What happened.
    pub event: Event,
    /// The metric it happened to. For a [`Event::Notice`] that is about no metric: the subject's name.
    pub metric: MetricInfo,
    /// How much it matters.
    #[serde(default)]
    pub severity: Severity,
    /// The reading, where there was one.
    #[serde(default)]
    pub value: Option<f64>,
    /// What the reading was compared with, where there was such a thing.
    #[serde(default)]
    pub previous: Option<f64>,
    /// The message: what the upstream system says about it, or what the monitor made of the reading.
    pub text: String,
    /// Why the rule decided so, such as `131 is above 100 since 09:12:40 UTC`. May be empty.
    #[serde(default)]
    pub reason: String,
    /// When it happened (not: when it is sent).
    pub at: DateTime<Utc>,
    /// The alert's id in the database.
    #[serde(default)]
    pub alert_id: Option<i64>,
    /// The page to look at, `http://` or `https://`; anything else is not linked.
    #[serde(default)]
    pub url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_serde_and_come_back() {
        for severity in Severity::ALL {
            assert_eq!(serde_json::to_value(severity).unwrap(), severity.as_str());
            assert_eq!(severity.as_str().parse::<Severity>().unwrap(), severity);
        }
        for event in Event::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
            assert_eq!(event.as_str().parse::<Event>().unwrap(), event);
        }
        assert!("fatal".parse::<Severity>().is_err());
        assert!(Severity::Info < Severity::Critical);
    }

    #[test]
    fn a_payload_of_an_older_version_is_still_read() {
        let old = r#"{"id":"a","message_id":"a@b","event":"alert","metric":{"key":"x","title":"X"},
            "text":"t","at":"2026-11-23T09:12:40Z"}"#;
        let notification: Notification = serde_json::from_str(old).unwrap();
        assert_eq!(notification.severity, Severity::Warning);
        assert_eq!(
            (notification.thread_id, notification.value, notification.url),
            (None, None, None)
        );
    }
}
