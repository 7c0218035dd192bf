//! What a message is about.

use std::fmt;

use monitor_domain::UnknownWord;
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
    /// An alert is over because its metric is not monitored any more; nobody knows whether it is well.
    Closed,
    /// An alert is still open and unacknowledged.
    Reminder,
    /// The same, sent to others than before.
    Escalation,
    /// Several messages in one.
    Digest,
    /// Something about the monitor itself: a dead channel, a system that cannot be reached.
    Notice,
    /// Somebody tries the channel out.
    Test,
}

impl Event {
    /// Every event.
    pub const ALL: [Event; 10] = [
        Event::Alert,
        Event::Recovered,
        Event::NoData,
        Event::DataBack,
        Event::Closed,
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
            Event::Closed => "closed",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_serde_and_come_back() {
        for event in Event::ALL {
            assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
            assert_eq!(event.as_str().parse::<Event>().unwrap(), event);
        }
        let error = "alarm".parse::<Event>().unwrap_err().to_string();
        assert!(
            error.starts_with("no event \"alarm\"; there are alert, recovered"),
            "{error}"
        );
    }
}
