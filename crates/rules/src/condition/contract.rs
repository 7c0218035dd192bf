//! What a kind of condition has to be able to do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use monitor_domain::{Finding, Language};
use serde::{Deserialize, Serialize};

use super::Memory;
use crate::common::RuleCommon;
use crate::flapping::Flapping;
use crate::history::{History, Lack, Need};
use crate::situation::Situation;

/// The settings of a kind: the keys that are its own, as they are read from the config.
pub trait ConditionSettings: fmt::Debug + Send + Sync {
    /// The condition they amount to, beside these common keys.
    ///
    /// # Errors
    /// Everything that is wrong with its own keys, and with common ones that make no sense beside them.
    fn condition(&self, common: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>>;

    /// What counts as flapping, for a kind that has this key.
    fn flapping(&self) -> Option<Flapping> {
        None
    }
}

/// A condition: what it makes of one value. Pure: the same context gives the same signal and reason.
pub trait Condition: fmt::Debug + Send + Sync {
    /// The key that names it in the config, such as `above`.
    fn name(&self) -> &'static str;

    /// How its alerts end.
    fn lifetime(&self) -> Lifetime;

    /// Whether the value meets it. Called once a good reading, in their order; failed ones never get here.
    fn judge(&self, context: &mut Context) -> Signal;

    /// Why the metric is in this situation, for people, without its name: "131 is above 100 since 09:12:40 UTC".
    /// [`Situation::tail`] has the words for the times in it. `context` is the one that was judged.
    fn reason(&self, context: &Context, situation: Situation, language: Language) -> String;

    /// The condition in words, with its spans: "above 100, clear below 90, for 30s", "高于 100 告警，低于 90 恢复".
    fn describe(&self, timing: Timing, language: Language) -> String;

    /// What has to be known before a reading can be judged, beyond what is kept for every condition. It is in
    /// [`Context::history`] then, or why it is not.
    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    /// What the next value is compared with.
    fn reference(&self, _past: &Past, _history: &History) -> Reference {
        Reference::Limits
    }

    /// The thresholds it has, whatever the value: for lines in a chart, and to name the one that a value passed.
    fn limits(&self) -> Limits {
        Limits::default()
    }
}

/// Between which values all is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// The lowest that is fine; nothing where none is too low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The highest that is fine; nothing where none is too high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl Limits {
    /// The threshold that belongs to this value: the only one or, of two, the one that it is beyond.
    pub fn threshold(self, value: Option<f64>) -> Option<f64> {
        match (self.low, self.high) {
            (Some(low), Some(high)) => value.and_then(|value| match value {
                value if value < low => Some(low),
                value if value > high => Some(high),
                _ => None,
            }),
            (low, high) => low.or(high),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Limits::default()
    }
}

/// How the alerts of a condition end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// Each is one of its own and nothing recovers: it ends when somebody acknowledges it.
    Event,
    /// One an excursion, which is over when the value is back.
    Level,
    /// It never alerts on a value.
    Never,
}

/// What a condition says of one value.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// It is met.
    Breach {
        /// What the value was before, or is compared with. The alert names the one of the reading at which it began.
        from: f64,
    },
    /// It is not met, but what was open is not over yet. The same as `Clear` where nothing is.
    NotClear,
    /// It is not met, and what was open is over.
    Clear,
    /// It cannot be said: something that has to be known is not. Nothing alerts and nothing recovers by it.
    Unjudged(Lack),
}

/// One good reading, and what is known from before it.
#[derive(Debug)]
pub struct Context {
    /// The value that was read, a finite number.
    pub value: f64,
    /// Monotonic time since the evaluation before.
    pub elapsed: Duration,
    /// What the readings before it left.
    pub past: Past,
    /// The answers to what the condition [needs](Condition::needs).
    pub history: History,
    /// What the condition itself has kept.
    pub memory: Memory,
}

/// What earlier readings left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Past {
    /// The last good reading.
    pub last: Option<f64>,
    /// The first good reading ever.
    pub first: Option<f64>,
    /// The value last alerted on.
    pub alerted: Option<f64>,
    /// The lowest and the highest good reading since the last alert, which counts itself; since the first one before there
    /// is an alert.
    pub since_alert: Option<Range>,
    /// While the condition is met but not for long enough: what it said it came from when that began.
    pub pending: Option<f64>,
    /// How long before this reading the last good one was.
    pub age: Option<Duration>,
}

/// The lowest and the highest of some readings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

impl Range {
    /// Of one reading.
    pub fn of(value: f64) -> Range {
        Range {
            low: value,
            high: value,
        }
    }

    /// With one more.
    #[must_use]
    pub fn with(self, value: f64) -> Range {
        Range {
            low: self.low.min(value),
            high: self.high.max(value),
        }
    }
}

/// The spans of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// `for` in the config; zero for at once.
    pub hold: Duration,
    /// `keep_for` in the config; zero for at once.
    pub keep_for: Duration,
    /// How long without a good reading is no data.
    pub no_data: Duration,
}

/// What a condition compares the next value with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reference {
    /// Nothing.
    Nothing,
    /// What the config says, whatever was read before.
    Limits,
    /// The last reading.
    LastReading(f64),
    /// The value last alerted on.
    LastAlert(f64),
    /// The lowest reading since the last alert, or ever before there is one.
    Lowest(f64),
    /// The highest reading since the last alert, or ever before there is one.
    Highest(f64),
    /// The lowest reading within so long, or since the last alert where that was later.
    LowestWithin(f64, Duration),
    /// The highest reading within so long, or since the last alert where that was later.
    HighestWithin(f64, Duration),
    /// The lowest or the highest reading within so long, or since the last alert where that was later: whichever is
    /// further from the value.
    Within(Range, Duration),
    /// The first reading ever.
    FirstReading(f64),
    /// Zero, since nothing was read before.
    Zero,
    /// Nothing yet: the first reading will be learnt.
    Unlearnt,
    /// What it was before the move that is pending.
    Pending(f64),
}

impl Reference {
    /// The number, where it is one.
    pub fn value(self) -> Option<f64> {
        match self {
            Reference::Nothing | Reference::Limits | Reference::Unlearnt | Reference::Within(..) => None,
            Reference::Zero => Some(0.0),
            Reference::LastReading(value)
            | Reference::LastAlert(value)
            | Reference::Lowest(value)
            | Reference::Highest(value)
            | Reference::LowestWithin(value, _)
            | Reference::HighestWithin(value, _)
            | Reference::FirstReading(value)
            | Reference::Pending(value) => Some(value),
        }
    }
}

/// Two are the same if their settings are.
impl PartialEq for dyn Condition {
    fn eq(&self, other: &dyn Condition) -> bool {
        self.name() == other.name() && format!("{self:?}") == format!("{other:?}")
    }
}

impl<C: Condition + 'static> PartialEq<C> for dyn Condition {
    fn eq(&self, other: &C) -> bool {
        let other: &dyn Condition = other;
        self == other
    }
}
