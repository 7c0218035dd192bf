//! What is remembered of a metric between two readings.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::condition::{Kept, Past, Range};
use crate::flapping::Flaps;

/// What a metric's past amounts to, as far as judging needs it. Stored as JSON between readings: fields that are
/// missing take their default and unknown ones are skipped, so that a rolling update or a step back can read it. For the
/// same reason fields are stored under the names that they had at first.
///
/// Times in it are for people only; nothing that is judged depends on them. Spans are summed from monotonic time.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
#[serde(default)]
pub struct State {
    /// When the phase began.
    pub(crate) since: Option<DateTime<Utc>>,
    /// The last good reading.
    pub(crate) value: Option<f64>,
    /// When that was.
    pub(crate) value_at: Option<DateTime<Utc>>,
    /// The first good reading ever: the baseline of `initial = "learn"`.
    pub(crate) first: Option<f64>,
    /// The value last alerted on.
    pub(crate) alerted: Option<f64>,
    /// A condition that holds but not for long enough yet.
    pub(crate) pending: Option<Pending>,
    /// An open excursion of a level; kept through missing data.
    pub(crate) level: Option<Excursion>,
    /// An alert that nothing ends, and that still shows.
    #[serde(rename = "event")]
    pub(crate) flash: Option<Flash>,
    /// Readings that failed since the last good one.
    #[serde(rename = "blind")]
    pub(crate) unreadable: Option<Unreadable>,
    /// Alerts of late; only under a rule with `flapping`.
    pub(crate) flaps: Option<Flaps>,
    /// The lowest and the highest good reading since the last alert, under a rule whose alerts are events. Versions before
    /// did not keep it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since_alert: Option<Range>,
    /// What the condition keeps for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<Kept>,
}

/// A condition that holds but not for long enough yet.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
#[serde(default)]
pub(crate) struct Pending {
    /// What the value was before, or is compared with; frozen while pending.
    pub(crate) from: f64,
    /// How long it has held.
    pub(crate) held: Duration,
    /// When it began.
    pub(crate) since: Option<DateTime<Utc>>,
}

/// An open excursion of a level.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
#[serde(default)]
pub(crate) struct Excursion {
    /// When the value was first read beyond the threshold.
    pub(crate) since: Option<DateTime<Utc>>,
    /// How long the value has been clear, where it is.
    pub(crate) clear: Option<Duration>,
}

/// An alert of a lifetime of its own that still shows.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
#[serde(default)]
pub(crate) struct Flash {
    /// When it was alerted on.
    pub(crate) since: Option<DateTime<Utc>>,
    /// How long without another one.
    pub(crate) quiet: Duration,
}

/// Readings that failed, one after another.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
#[serde(default)]
pub(crate) struct Unreadable {
    /// When the first failed.
    pub(crate) since: Option<DateTime<Utc>>,
    /// How long since the last good reading (or the first failed one where there was none).
    pub(crate) lasted: Duration,
    /// Whether it has been reported as no data.
    #[serde(rename = "told")]
    pub(crate) reported: bool,
    /// How the last one failed.
    pub(crate) error: String,
}

/// Where a metric stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing is wrong.
    #[default]
    Normal,
    /// The condition holds, but not for as long as the rule demands.
    Pending,
    /// Alerted on.
    Firing,
    /// It cannot be read for too long; whether it is well is not known.
    NoData,
}

/// A word that is no phase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no phase; there are normal, pending, firing, no_data")]
pub struct UnknownPhase(pub String);

impl State {
    /// Where the metric stands.
    pub fn phase(&self) -> Phase {
        if self.is_no_data() {
            Phase::NoData
        } else if self.level.is_some() || self.flash.is_some() {
            Phase::Firing
        } else if self.pending.is_some() {
            Phase::Pending
        } else {
            Phase::Normal
        }
    }

    /// When the phase began; `None` before the first evaluation.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.since
    }

    /// The last good reading.
    pub fn last_value(&self) -> Option<f64> {
        self.value
    }

    /// When the last good reading was taken.
    pub fn last_value_at(&self) -> Option<DateTime<Utc>> {
        self.value_at
    }

    /// The value last alerted on.
    pub fn last_alerted(&self) -> Option<f64> {
        self.alerted
    }

    /// Whether a level's excursion is open, also while there is no data.
    pub fn is_level_open(&self) -> bool {
        self.level.is_some()
    }

    /// Whether it alerts so often that a notification each time would be noise. Says nothing of where the metric stands: no
    /// phase and no transition depends on it.
    pub fn is_flapping(&self) -> bool {
        self.flaps.as_ref().is_some_and(|flaps| flaps.flapping)
    }

    /// How the last reading failed, if it did.
    pub fn error(&self) -> Option<&str> {
        self.unreadable.as_ref().map(|failed| failed.error.as_str())
    }

    /// The same without an alert: what is open is closed at `at`, and the next reading that breaches the rule is one anew. What was
    /// read stays, so that a change counts from there.
    #[must_use]
    pub fn closed(self, at: DateTime<Utc>) -> State {
        State {
            since: Some(at),
            pending: None,
            level: None,
            flash: None,
            unreadable: None,
            flaps: None,
            ..self
        }
    }

    /// The same after another program has read the metric until `at`: the next reading is compared with what that read last, and no
    /// longer is the first of all. `alerted` is what it last alerted on.
    #[must_use]
    pub fn continuing(self, value: f64, at: DateTime<Utc>, alerted: Option<f64>) -> State {
        State {
            since: self.since.or(Some(at)),
            value: Some(value),
            value_at: Some(at),
            first: self.first.or(Some(value)),
            alerted: self.alerted.or(alerted),
            ..self
        }
    }

    /// What a condition may know of it.
    pub fn past(&self) -> Past {
        Past {
            last: self.value,
            first: self.first,
            alerted: self.alerted,
            since_alert: self.since_alert.or_else(|| self.known_range()),
            pending: self.pending.as_ref().map(|pending| pending.from),
            age: None,
        }
    }

    /// What is known of the range where it was not kept.
    fn known_range(&self) -> Option<Range> {
        let range = self.alerted.or(self.first).map(Range::of)?;
        Some(self.value.map_or(range, |last| range.with(last)))
    }

    pub(crate) fn is_no_data(&self) -> bool {
        self.unreadable.as_ref().is_some_and(|failed| failed.reported)
    }
}

impl Phase {
    /// The word that is stored: "normal", "pending", "firing", "no_data".
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Normal => "normal",
            Phase::Pending => "pending",
            Phase::Firing => "firing",
            Phase::NoData => "no_data",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Phase {
    type Err = UnknownPhase;

    fn from_str(text: &str) -> Result<Phase, UnknownPhase> {
        [Phase::Normal, Phase::Pending, Phase::Firing, Phase::NoData]
            .into_iter()
            .find(|phase| phase.as_str() == text)
            .ok_or_else(|| UnknownPhase(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_and_newer_states_are_read() {
        assert_eq!(serde_json::from_str::<State>("{}").unwrap(), State::default());
        let newer = r#"{"value":5,"level":{"since":"2026-11-23T09:12:40Z","escalated":true},"flaps":{"n":3},"trend":{"n":3}}"#;
        let state: State = serde_json::from_str(newer).unwrap();
        assert_eq!(state.last_value(), Some(5.0));
        assert_eq!(state.phase(), Phase::Firing);
        assert!(!state.is_flapping());
    }

    /// Every field, as programs stored it before fields had other names inside.
    const STORED: &str = r#"{"since":"2026-11-23T09:12:40Z","value":120.0,"value_at":"2026-11-23T09:12:30Z","first":5.0,"alerted":131.0,"pending":{"from":4.0,"held":{"secs":10,"nanos":0},"since":"2026-11-23T09:12:00Z"},"level":{"since":"2026-11-23T09:10:00Z","clear":{"secs":20,"nanos":0}},"event":{"since":"2026-11-23T09:11:00Z","quiet":{"secs":3,"nanos":0}},"blind":{"since":"2026-11-23T09:12:35Z","lasted":{"secs":70,"nanos":0},"told":true,"error":"System A answers 503"},"flaps":{"ages":[{"secs":20,"nanos":0}],"quiet":{"secs":5,"nanos":0},"flapping":true}}"#;

    #[test]
    fn stored_states_are_read_and_written_as_ever() {
        let state: State = serde_json::from_str(STORED).unwrap();
        assert_eq!(
            (state.phase(), state.error()),
            (Phase::NoData, Some("System A answers 503"))
        );
        assert_eq!(
            state.flash.as_ref().map(|flash| flash.quiet),
            Some(Duration::from_secs(3))
        );
        assert!(state.is_level_open() && state.is_flapping());
        let past = Past {
            last: Some(120.0),
            first: Some(5.0),
            alerted: Some(131.0),
            since_alert: Some(Range {
                low: 120.0,
                high: 131.0,
            }),
            pending: Some(4.0),
            age: None,
        };
        assert_eq!(state.past(), past);
        assert_eq!(serde_json::to_string(&state).unwrap(), STORED, "for a step back");
    }

    #[test]
    fn what_is_closed_alerts_anew_and_counts_from_what_was_read() {
        let state: State = serde_json::from_str(STORED).unwrap();
        let (past, at) = (state.past(), DateTime::UNIX_EPOCH);
        let closed = state.closed(at);
        assert_eq!((closed.phase(), closed.since()), (Phase::Normal, Some(at)));
        assert!(!closed.is_level_open() && !closed.is_flapping() && closed.error().is_none());
        let pending = None;
        assert_eq!(closed.past(), Past { pending, ..past });
    }

    #[test]
    fn what_another_program_read_is_what_the_next_reading_is_compared_with() {
        let at = DateTime::UNIX_EPOCH;
        let state = State::default().continuing(7.0, at, Some(5.0));
        let known = (
            state.phase(),
            state.last_value(),
            state.last_value_at(),
            state.since(),
        );
        assert_eq!(known, (Phase::Normal, Some(7.0), Some(at), Some(at)));
        let range = Range { low: 5.0, high: 7.0 };
        let past = Past {
            last: Some(7.0),
            first: Some(7.0),
            alerted: Some(5.0),
            since_alert: Some(range),
            pending: None,
            age: None,
        };
        assert_eq!(state.past(), past);
        let unreadable: State = serde_json::from_str(r#"{"blind":{"error":"503"}}"#).unwrap();
        let state = unreadable.continuing(0.0, at, None);
        assert_eq!((state.error(), state.last_value()), (Some("503"), Some(0.0)));
        let stored: State = serde_json::from_str(STORED).unwrap();
        assert_eq!(
            stored.clone().continuing(1.0, at, Some(2.0)).since(),
            stored.since()
        );
    }

    #[test]
    fn phases_have_words() {
        for phase in [Phase::Normal, Phase::Pending, Phase::Firing, Phase::NoData] {
            assert_eq!(phase.as_str().parse(), Ok(phase));
            assert_eq!(serde_json::to_value(phase).unwrap(), phase.as_str());
        }
        assert!(
            "well"
                .parse::<Phase>()
                .unwrap_err()
                .to_string()
                .contains("no_data")
        );
    }
}
