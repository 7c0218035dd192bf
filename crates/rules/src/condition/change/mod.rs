//! Changes: a value has moved. Each move is an alert of its own and nothing recovers. `rise`, `fall` and `change` differ in
//! the way it moves only.

mod settings;
mod step;
mod text;

use std::time::Duration;

use monitor_domain::Language;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Condition, Context, Lifetime, Past, Range, Reference, Signal, Timing};
use crate::history::{History, Need};
use crate::situation::Situation;

pub(super) use settings::{CHANGE, FALL, RISE};
pub use settings::{ChangeSettings, FallSettings, RiseSettings};
pub use step::Step;

/// A move of the value by at least `by` against a baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Which way.
    pub direction: Direction,
    /// The least move that counts; more than zero.
    pub by: Step,
    /// What the value is compared with.
    pub baseline: Baseline,
    /// What the very first reading is compared with.
    pub initial: Initial,
    /// Compares with the lowest reading within so long (a fall with the highest) instead of with the last one.
    pub within: Option<Duration>,
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
    pub fn rise(by: impl Into<Step>) -> Change {
        Change::of(Direction::Rise, by.into())
    }

    /// Alerts each time the value is at least `by` under the last one.
    pub fn fall(by: impl Into<Step>) -> Change {
        Change::of(Direction::Fall, by.into())
    }

    /// Alerts each time the value is at least `by` away from the last one.
    pub fn either(by: impl Into<Step>) -> Change {
        Change::of(Direction::Either, by.into())
    }

    /// Whether `value` has moved far enough from `baseline`.
    pub fn is_met(&self, value: f64, baseline: f64) -> bool {
        let moved = match self.direction {
            Direction::Rise => value - baseline,
            Direction::Fall => baseline - value,
            Direction::Either => (value - baseline).abs(),
        };
        self.by.is_met(moved, value, baseline)
    }

    /// Compares with the lowest, or highest, reading within so long.
    #[must_use]
    pub fn within(self, span: impl Into<Option<Duration>>) -> Change {
        Change {
            within: span.into(),
            ..self
        }
    }

    fn of(direction: Direction, by: Step) -> Change {
        Change {
            direction,
            by,
            baseline: Baseline::default(),
            initial: Initial::default(),
            within: None,
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
        match self.compared(context).value() {
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

    fn needs(&self) -> Vec<Need> {
        self.within.map(Need::Window).into_iter().collect()
    }

    /// While a move is pending, what it began from.
    fn reference(&self, past: &Past, history: &History) -> Reference {
        let within = self.within.and_then(|span| self.lately(span, past, history));
        let known = match self.baseline {
            Baseline::Last => within.or(past.last.map(Reference::LastReading)),
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
    /// What the value of this context is compared with.
    fn compared(&self, context: &Context) -> Reference {
        match self.reference(&context.past, &context.history) {
            Reference::Within(range, span) if context.value - range.low >= range.high - context.value => {
                Reference::LowestWithin(range.low, span)
            }
            Reference::Within(range, span) => Reference::HighestWithin(range.high, span),
            fixed => fixed,
        }
    }

    /// What was read within `span`, and since the last alert: a move that was alerted on is not alerted on again, and the next
    /// one counts from there. `None` where nothing was read in that time: then the last reading counts, however old.
    fn lately(&self, span: Duration, past: &Past, history: &History) -> Option<Reference> {
        let window = history.window(span).ok()?;
        let (mut low, mut high) = (window.low, window.high);
        // Of two spans that both end now, the shorter one has the higher low and the lower high.
        if let Some(since) = past.since_alert {
            (low, high) = (low.max(since.low), high.min(since.high));
        }
        Some(match self.direction {
            Direction::Rise => Reference::LowestWithin(low, span),
            Direction::Fall => Reference::HighestWithin(high, span),
            Direction::Either => Reference::Within(Range { low, high }, span),
        })
    }

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
        let none = History::default();
        assert_eq!(rise.reference(&past, &none), Reference::Pending(4.0));
        let over = Past {
            pending: None,
            ..past
        };
        assert_eq!(rise.reference(&over, &none), Reference::LastReading(9.0));
        assert_eq!(rise.reference(&Past::default(), &none), Reference::Zero);
        let learning = Change {
            baseline: Baseline::LastAlert,
            initial: Initial::Learn,
            ..rise
        };
        assert_eq!(learning.reference(&Past::default(), &none), Reference::Unlearnt);
        let learnt = Past {
            first: Some(2.0),
            ..over
        };
        assert_eq!(learning.reference(&learnt, &none), Reference::FirstReading(2.0));
    }
}
