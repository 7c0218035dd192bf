//! Changes: a value has moved. Each move is an alert of its own and nothing recovers. `rise`, `fall` and `change` differ in
//! the way it moves only.

mod settings;
mod text;

use monitor_domain::Language;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Condition, Context, Lifetime, Past, Reference, Signal, Timing};
use crate::situation::Situation;

pub(super) use settings::{CHANGE, FALL, RISE};
pub use settings::{ChangeSettings, FallSettings, RiseSettings};

/// A move of the value by at least `by` against a baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Which way.
    pub direction: Direction,
    /// The least move that counts, in the metric's unit; more than zero.
    pub by: f64,
    /// What the value is compared with.
    pub baseline: Baseline,
    /// What the very first reading is compared with.
    pub initial: Initial,
}

/// Which way a value moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Up.
    Rise,
    /// Down.
    Fall,
    /// Up or down.
    Either,
}

/// What a value is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The last good reading.
    #[default]
    Last,
    /// The value last alerted on, so that a slow drift adds up. It follows a move the other way: a rise counts from the
    /// lowest reading since the last alert, a fall from the highest.
    LastAlert,
}

/// What the very first reading is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Initial {
    /// Zero: a first total of 5 is a rise by 5.
    #[default]
    CountFromZero,
    /// Nothing: the first reading is learnt silently.
    Learn,
}

impl Change {
    /// Alerts each time the value is at least `by` over the last one.
    pub fn rise(by: f64) -> Change {
        Change::of(Direction::Rise, by)
    }

    /// Alerts each time the value is at least `by` under the last one.
    pub fn fall(by: f64) -> Change {
        Change::of(Direction::Fall, by)
    }

    /// Alerts each time the value is at least `by` away from the last one.
    pub fn either(by: f64) -> Change {
        Change::of(Direction::Either, by)
    }

    /// Whether `value` has moved far enough from `baseline`.
    pub fn is_met(&self, value: f64, baseline: f64) -> bool {
        let moved = match self.direction {
            Direction::Rise => value - baseline,
            Direction::Fall => baseline - value,
            Direction::Either => (value - baseline).abs(),
        };
        // 0.3 - 0.1 is a hair under 0.2: forgive what the rounding of the numbers themselves makes, but
        // never more than a billionth of the step.
        let rounding = (4.0 * f64::EPSILON * value.abs().max(baseline.abs())).min(self.by * 1e-9);
        moved >= self.by - rounding
    }

    fn of(direction: Direction, by: f64) -> Change {
        Change {
            direction,
            by,
            baseline: Baseline::default(),
            initial: Initial::default(),
        }
    }
}

impl Condition for Change {
    fn name(&self) -> &'static str {
        match self.direction {
            Direction::Rise => RISE.name,
            Direction::Fall => FALL.name,
            Direction::Either => CHANGE.name,
        }
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Event
    }

    fn judge(&self, context: &mut Context) -> Signal {
        match self.reference(&context.past).value() {
            Some(from) if self.is_met(context.value, from) => Signal::Breach { from },
            _ => Signal::Clear,
        }
    }

    fn reason(&self, context: &Context, situation: Situation, language: Language) -> String {
        text::reason(self, context, situation, language)
    }

    fn describe(&self, timing: Timing, language: Language) -> String {
        text::describe(self, timing, language)
    }

    /// While a move is pending, what it began from.
    fn reference(&self, past: &Past) -> Reference {
        let known = match self.baseline {
            Baseline::Last => past.last.map(Reference::LastReading),
            Baseline::LastAlert => self.since_last_alert(past),
        };
        match (past.pending, known) {
            (Some(from), Some(known)) if known.value() == Some(from) => known,
            (Some(from), _) => Reference::Pending(from),
            (None, Some(known)) => known,
            (None, None) => self.first(past),
        }
    }
}

impl Change {
    /// What the very first reading is compared with.
    fn first(&self, past: &Past) -> Reference {
        match self.initial {
            Initial::CountFromZero => Reference::Zero,
            Initial::Learn => past.first.map_or(Reference::Unlearnt, Reference::FirstReading),
        }
    }

    /// The value last alerted on, or the first one; or else what the value has come back from since, the other way.
    fn since_last_alert(&self, past: &Past) -> Option<Reference> {
        let fixed = match past.alerted {
            Some(alerted) => Reference::LastAlert(alerted),
            None => self.first(past),
        };
        let (from, range) = (fixed.value()?, past.since_alert);
        Some(match (self.direction, range) {
            (Direction::Rise, Some(range)) if range.low < from => Reference::Lowest(range.low),
            (Direction::Fall, Some(range)) if range.high > from => Reference::Highest(range.high),
            _ => fixed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_of_fractions_does_not_hide_a_rise() {
        let rise = Change::rise(0.2);
        assert!(rise.is_met(0.3, 0.1));
        assert!(!rise.is_met(0.29, 0.1));
        // and huge totals, where neighbours are further apart than 1, do not rise by staying still
        let rise = Change::rise(1.0);
        assert!(!rise.is_met(9.3e18, 9.3e18));
        assert!(rise.is_met(9_007_199_254_740_991.0, 9_007_199_254_740_990.0));
    }

    #[test]
    fn a_pending_move_keeps_what_it_began_from() {
        let rise = Change::rise(1.0);
        let past = Past {
            last: Some(9.0),
            pending: Some(4.0),
            ..Past::default()
        };
        assert_eq!(rise.reference(&past), Reference::Pending(4.0));
        let over = Past {
            pending: None,
            ..past
        };
        assert_eq!(rise.reference(&over), Reference::LastReading(9.0));
        assert_eq!(rise.reference(&Past::default()), Reference::Zero);
        let learning = Change {
            baseline: Baseline::LastAlert,
            initial: Initial::Learn,
            ..rise
        };
        assert_eq!(learning.reference(&Past::default()), Reference::Unlearnt);
        let learnt = Past {
            first: Some(2.0),
            ..over
        };
        assert_eq!(learning.reference(&learnt), Reference::FirstReading(2.0));
    }
}
