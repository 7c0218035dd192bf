//! What a metric is held against: one condition, and how long it must hold.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::flapping::Flapping;
use crate::settings::Escalate;
use crate::words::Place;
use monitor_domain::Language;

/// How many ordinary intervals of ten seconds make "no data" for a rule built without settings.
const DEFAULT_NO_DATA: Duration = Duration::from_secs(60);

/// A checked rule: what [`judge`](crate::judge) holds a reading against.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// When to alert.
    pub condition: Condition,
    /// How long the condition must hold before it alerts (`for` in the config); zero for at once.
    pub hold: Duration,
    /// How long a level must stay clear before it recovers; for an event, how long it goes on showing as
    /// firing without another one. Zero for at once.
    pub keep_for: Duration,
    /// How long without a good reading until the metric turns to no data.
    pub no_data: Duration,
    /// How often to remind while an alert is open and unacknowledged; the judging itself does not use it.
    pub repeat: Option<Duration>,
    /// Whom else to tell while an alert is open and unacknowledged; the judging itself does not use it.
    pub escalate: Option<Escalate>,
    /// For a level, what counts as flapping; it damps who is told and changes no judgement.
    pub flapping: Option<Flapping>,
    /// The language of its description and of the reasons of its judgements; nothing else depends on it.
    pub language: Language,
}

/// When to alert.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// The value moved: each move is an alert of its own and nothing recovers.
    Event(Event),
    /// The value is somewhere it should not be: one alert an excursion, recovered when it is back.
    Level(Level),
    /// Only that the metric cannot be read.
    NoData,
}

/// A move of the value by at least `by` against a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Which way.
    pub kind: EventKind,
    /// The least move that counts, in the metric's unit; more than zero.
    pub by: f64,
    /// What the value is compared with.
    pub baseline: Baseline,
    /// What the very first reading is compared with.
    pub initial: Initial,
}

/// Which way a value moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Up.
    Rise,
    /// Down.
    Fall,
    /// Either way.
    Change,
}

/// What an event compares a value with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The last good reading.
    #[default]
    Last,
    /// The value last alerted on, so that a slow drift adds up.
    LastAlert,
}

/// What an event compares the very first reading with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initial {
    /// Zero: a first total of 5 is a rise by 5.
    #[default]
    CountFromZero,
    /// Nothing: the first reading is learnt silently.
    Learn,
}

/// Where a value should not be. Thresholds themselves are still fine: `above = 100` alerts on more than 100.
#[derive(Clone, Debug, PartialEq)]
pub enum Level {
    /// More than `threshold`.
    Above {
        /// The highest value that is fine.
        threshold: f64,
        /// Clears only under this one, where set; otherwise as soon as it is not above.
        clear_below: Option<f64>,
    },
    /// Less than `threshold`.
    Below {
        /// The lowest value that is fine.
        threshold: f64,
        /// Clears only over this one, where set; otherwise as soon as it is not below.
        clear_above: Option<f64>,
    },
    /// Less than `low` or more than `high`.
    Outside {
        /// The lowest value that is fine.
        low: f64,
        /// The highest value that is fine.
        high: f64,
        /// Clears only over this one, where set.
        clear_above: Option<f64>,
        /// Clears only under this one, where set.
        clear_below: Option<f64>,
    },
}

impl Rule {
    /// A rule of this condition: at once, no data after a minute, no reminders, no escalation, no flapping.
    pub fn new(condition: Condition) -> Rule {
        Rule {
            condition,
            hold: Duration::ZERO,
            keep_for: Duration::ZERO,
            no_data: DEFAULT_NO_DATA,
            repeat: None,
            escalate: None,
            flapping: None,
            language: Language::default(),
        }
    }

    /// Alerts each time the value is at least `by` over the last one.
    pub fn rise(by: f64) -> Rule {
        Rule::event(EventKind::Rise, by)
    }

    /// Alerts each time the value is at least `by` under the last one.
    pub fn fall(by: f64) -> Rule {
        Rule::event(EventKind::Fall, by)
    }

    /// Alerts each time the value is at least `by` away from the last one.
    pub fn change(by: f64) -> Rule {
        Rule::event(EventKind::Change, by)
    }

    /// Alerts once when the value goes above `threshold`, until it is back.
    pub fn above(threshold: f64) -> Rule {
        Rule::new(Condition::Level(Level::Above {
            threshold,
            clear_below: None,
        }))
    }

    /// Alerts once when the value goes below `threshold`, until it is back.
    pub fn below(threshold: f64) -> Rule {
        Rule::new(Condition::Level(Level::Below {
            threshold,
            clear_above: None,
        }))
    }

    /// Alerts once when the value leaves `low..=high`, until it is back.
    pub fn outside(low: f64, high: f64) -> Rule {
        Rule::new(Condition::Level(Level::Outside {
            low,
            high,
            clear_above: None,
            clear_below: None,
        }))
    }

    /// Alerts on nothing but missing data.
    pub fn no_data(after: Duration) -> Rule {
        Rule {
            no_data: after,
            ..Rule::new(Condition::NoData)
        }
    }

    /// The one threshold of the rule, where it has one: for a line in a chart.
    pub fn threshold(&self) -> Option<f64> {
        match self.condition {
            Condition::Level(Level::Above { threshold, .. } | Level::Below { threshold, .. }) => {
                Some(threshold)
            }
            _ => None,
        }
    }

    /// The rule in words: "rise by 1", "above 100, clear below 90, for 30s", or "高于 100 告警，低于 90 恢复".
    pub fn describe(&self) -> String {
        crate::words::rule(self.language, self)
    }

    /// What counts as flapping. Events have no excursions that could come and go.
    pub(crate) fn flapping(&self) -> Option<Flapping> {
        self.flapping
            .filter(|_| matches!(self.condition, Condition::Level(_)))
    }

    fn event(kind: EventKind, by: f64) -> Rule {
        Rule::new(Condition::Event(Event {
            kind,
            by,
            baseline: Baseline::default(),
            initial: Initial::default(),
        }))
    }
}

impl Event {
    /// Whether `value` has moved far enough from `baseline`.
    pub fn is_met(&self, value: f64, baseline: f64) -> bool {
        let moved = match self.kind {
            EventKind::Rise => value - baseline,
            EventKind::Fall => baseline - value,
            EventKind::Change => (value - baseline).abs(),
        };
        // 0.3 - 0.1 is a hair under 0.2: forgive what the rounding of the numbers themselves makes, but
        // never more than a billionth of the step.
        let rounding = (4.0 * f64::EPSILON * value.abs().max(baseline.abs())).min(self.by * 1e-9);
        moved >= self.by - rounding
    }
}

impl EventKind {
    /// The key in the config: "rise", "fall", "change".
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::Rise => "rise",
            EventKind::Fall => "fall",
            EventKind::Change => "change",
        }
    }
}

impl Level {
    /// Whether `value` is where it should not be.
    pub fn is_breached(&self, value: f64) -> bool {
        match *self {
            Level::Above { threshold, .. } => value > threshold,
            Level::Below { threshold, .. } => value < threshold,
            Level::Outside { low, high, .. } => value < low || value > high,
        }
    }

    /// Whether `value` ends an excursion; never at the same time as [`is_breached`](Level::is_breached).
    pub fn is_clear(&self, value: f64) -> bool {
        let (clear_above, clear_below) = match *self {
            Level::Above { clear_below, .. } => (None, clear_below),
            Level::Below { clear_above, .. } => (clear_above, None),
            Level::Outside {
                clear_above,
                clear_below,
                ..
            } => (clear_above, clear_below),
        };
        !self.is_breached(value)
            && clear_above.is_none_or(|limit| value > limit)
            && clear_below.is_none_or(|limit| value < limit)
    }

    /// Where a value that breaches is: of two limits, the one it is beyond.
    pub(crate) fn breach(&self, value: f64) -> Place {
        match *self {
            Level::Above { threshold, .. } => Place::Above(threshold),
            Level::Below { threshold, .. } => Place::Below(threshold),
            Level::Outside { low, .. } if value < low => Place::Below(low),
            Level::Outside { high, .. } => Place::Above(high),
        }
    }

    /// Where a value should not be, whatever the value.
    pub(crate) fn place(&self) -> Place {
        match *self {
            Level::Above { threshold, .. } => Place::Above(threshold),
            Level::Below { threshold, .. } => Place::Below(threshold),
            Level::Outside { low, high, .. } => Place::Outside(low, high),
        }
    }

    /// Where it clears, if that is not where it alerts.
    pub(crate) fn clear_place(&self) -> Option<Place> {
        match *self {
            Level::Above { clear_below, .. } => clear_below.map(Place::Below),
            Level::Below { clear_above, .. } => clear_above.map(Place::Above),
            Level::Outside {
                clear_above,
                clear_below,
                ..
            } => match (clear_above, clear_below) {
                (Some(low), Some(high)) => Some(Place::Between(low, high)),
                (low, high) => low.map(Place::Above).or(high.map(Place::Below)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_describe_themselves() {
        assert_eq!(Rule::rise(1.0).describe(), "rise by 1");
        let rule = Rule {
            condition: Condition::Level(Level::Above {
                threshold: 100.0,
                clear_below: Some(90.0),
            }),
            hold: Duration::from_secs(30),
            ..Rule::above(0.0)
        };
        assert_eq!(rule.describe(), "above 100, clear below 90, for 30s");
        assert_eq!(Rule::outside(1.0, 10.5).describe(), "outside 1 to 10.5");
        assert_eq!(
            Rule::no_data(Duration::from_secs(90)).describe(),
            "no data for 1m 30s"
        );
        assert_eq!(rule.threshold(), Some(100.0));
        assert_eq!(Rule::change(1.0).threshold(), None);
    }

    #[test]
    fn rounding_of_fractions_does_not_hide_a_rise() {
        let Condition::Event(event) = Rule::rise(0.2).condition else {
            unreachable!()
        };
        assert!(event.is_met(0.3, 0.1));
        assert!(!event.is_met(0.29, 0.1));
        // and huge totals, where neighbours are further apart than 1, do not rise by standing still
        let Condition::Event(event) = Rule::rise(1.0).condition else {
            unreachable!()
        };
        assert!(!event.is_met(9.3e18, 9.3e18));
        assert!(event.is_met(9_007_199_254_740_991.0, 9_007_199_254_740_990.0));
    }

    #[test]
    fn thresholds_themselves_are_fine() {
        let level = Level::Outside {
            low: 1.0,
            high: 10.0,
            clear_above: Some(2.0),
            clear_below: Some(9.0),
        };
        assert!(!level.is_breached(1.0) && !level.is_breached(10.0));
        assert!(level.is_breached(0.9) && level.is_breached(10.1));
        assert!(!level.is_clear(2.0) && !level.is_clear(9.0) && level.is_clear(5.0));
    }
}
