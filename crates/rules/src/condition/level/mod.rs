//! Levels: a value is somewhere it should not be. What `above`, `below` and `outside` have in common; a file each has the
//! rest.

mod above;
mod below;
mod outside;
mod text;

use std::sync::Arc;

use monitor_domain::{Finding, Language};

use super::{Condition, Context, Lifetime, Limits, Signal, Timing};
use crate::flapping::Flapping;
use crate::situation::Situation;

pub use above::AboveSettings;
pub(super) use above::KIND as ABOVE;
pub use below::BelowSettings;
pub(super) use below::KIND as BELOW;
pub(super) use outside::KIND as OUTSIDE;
pub use outside::OutsideSettings;

/// Where a value should not be: one alert an excursion, recovered when it is back. Thresholds themselves are still fine:
/// above 100 is more than 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The lowest value that is fine; `None` where none is too low.
    low: Option<f64>,
    /// The highest value that is fine; `None` where none is too high.
    high: Option<f64>,
    /// Clears only over this one, where set; otherwise as soon as it is not too low.
    clear_above: Option<f64>,
    /// Clears only under this one, where set; otherwise as soon as it is not too high.
    clear_below: Option<f64>,
}

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Above(f64),
    Below(f64),
    /// Above the first and below the second.
    Between(f64, f64),
    /// Below the first or above the second.
    Outside(f64, f64),
}

impl Level {
    /// Alerts when the value goes above `threshold`, until it is back.
    pub fn above(threshold: f64) -> Level {
        Level::of(None, Some(threshold))
    }

    /// Alerts when the value goes below `threshold`, until it is back.
    pub fn below(threshold: f64) -> Level {
        Level::of(Some(threshold), None)
    }

    /// Alerts when the value leaves `low..=high`, until it is back.
    pub fn outside(low: f64, high: f64) -> Level {
        Level::of(Some(low), Some(high))
    }

    /// Recovers only above this, where set.
    #[must_use]
    pub fn clear_above(self, clear_above: impl Into<Option<f64>>) -> Level {
        Level {
            clear_above: clear_above.into(),
            ..self
        }
    }

    /// Recovers only below this, where set.
    #[must_use]
    pub fn clear_below(self, clear_below: impl Into<Option<f64>>) -> Level {
        Level {
            clear_below: clear_below.into(),
            ..self
        }
    }

    /// Whether `value` is where it should not be.
    pub fn is_breached(&self, value: f64) -> bool {
        self.low.is_some_and(|low| value < low) || self.high.is_some_and(|high| value > high)
    }

    /// Whether `value` ends an excursion; never at the same time as [`is_breached`](Level::is_breached).
    pub fn is_clear(&self, value: f64) -> bool {
        !self.is_breached(value)
            && self.clear_above.is_none_or(|limit| value > limit)
            && self.clear_below.is_none_or(|limit| value < limit)
    }

    fn of(low: Option<f64>, high: Option<f64>) -> Level {
        Level {
            low,
            high,
            clear_above: None,
            clear_below: None,
        }
    }

    /// Where a value that breaches is: of two limits, the one it is beyond.
    fn breach(&self, value: f64) -> Place {
        match (self.low, self.high) {
            (Some(low), Some(_)) if value < low => Place::Below(low),
            (Some(_), Some(high)) => Place::Above(high),
            _ => self.place(),
        }
    }

    /// Where a value should not be, whatever the value.
    fn place(&self) -> Place {
        match (self.low, self.high) {
            (Some(low), Some(high)) => Place::Outside(low, high),
            (Some(low), None) => Place::Below(low),
            (None, high) => Place::Above(high.unwrap_or(f64::INFINITY)),
        }
    }

    /// Where it clears, if that is not where it alerts.
    fn clear_place(&self) -> Option<Place> {
        match (self.clear_above, self.clear_below) {
            (Some(low), Some(high)) => Some(Place::Between(low, high)),
            (low, high) => low.map(Place::Above).or(high.map(Place::Below)),
        }
    }
}

impl Condition for Level {
    fn name(&self) -> &'static str {
        match self.place() {
            Place::Below(_) => BELOW.name,
            Place::Outside(..) => OUTSIDE.name,
            Place::Above(_) | Place::Between(..) => ABOVE.name,
        }
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Level
    }

    fn judge(&self, context: &mut Context) -> Signal {
        if self.is_breached(context.value) {
            Signal::Breach {
                from: context.past.last.unwrap_or(0.0),
            }
        } else if self.is_clear(context.value) {
            Signal::Clear
        } else {
            Signal::NotClear
        }
    }

    fn reason(&self, context: &Context, situation: Situation, language: Language) -> String {
        text::reason(self, context.value, situation, language)
    }

    fn describe(&self, timing: Timing, language: Language) -> String {
        text::describe(self, timing, language)
    }

    fn limits(&self) -> Limits {
        Limits {
            low: self.low,
            high: self.high,
        }
    }
}

/// The level, if its numbers can work and so can its flapping.
fn checked(level: Level, flapping: Option<Flapping>) -> Result<Arc<dyn Condition>, Vec<Finding>> {
    let mut wrong = Vec::new();
    let numbers = [
        (level.name(), level.low),
        (level.name(), level.high),
        ("clear_below", level.clear_below),
        ("clear_above", level.clear_above),
    ];
    for (field, number) in numbers {
        wrong.extend(number.and_then(|number| super::not_finite(field, number)));
    }
    wrong.extend(flapping.iter().flat_map(Flapping::check));
    check_order(&level, &mut wrong);
    if wrong.is_empty() {
        Ok(Arc::new(level))
    } else {
        Err(wrong)
    }
}

/// Thresholds must be in the right order.
fn check_order(level: &Level, wrong: &mut Vec<Finding>) {
    let Level {
        low,
        high,
        clear_above,
        clear_below,
    } = *level;
    if let (Some(low), Some(high)) = (low, high)
        && low >= high
    {
        let message = format!("the first must be under the second: {low} is not under {high}");
        wrong.push(Finding::new(level.name(), message));
        return;
    }
    if let (Some(clear), Some(high)) = (clear_below, high)
        && clear >= high
    {
        let message = format!("must be under the threshold: {clear} is not under {high}; or leave it out");
        wrong.push(Finding::new("clear_below", message));
    }
    if let (Some(clear), Some(low)) = (clear_above, low)
        && clear <= low
    {
        let message = format!("must be over the threshold: {clear} is not over {low}; or leave it out");
        wrong.push(Finding::new("clear_above", message));
    }
    // What clears must exist at all: over the lower bound and under the upper one.
    if let (Some(over), Some(under)) = (clear_above.or(low), clear_below.or(high))
        && over >= under
        && (clear_above.is_some() || clear_below.is_some())
    {
        let field = if clear_below.is_some() {
            "clear_below"
        } else {
            "clear_above"
        };
        let message = format!("nothing is both over {over} and under {under}: it would never recover");
        wrong.push(Finding::new(field, message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_themselves_are_fine() {
        let level = Level::outside(1.0, 10.0).clear_above(2.0).clear_below(9.0);
        assert!(!level.is_breached(1.0) && !level.is_breached(10.0));
        assert!(level.is_breached(0.9) && level.is_breached(10.1));
        assert!(!level.is_clear(2.0) && !level.is_clear(9.0) && level.is_clear(5.0));
    }

    #[test]
    fn the_threshold_is_the_one_that_was_passed() {
        let threshold = |level: Level, value| level.limits().threshold(value);
        assert_eq!(
            threshold(Level::above(100.0).clear_below(90.0), Some(50.0)),
            Some(100.0)
        );
        assert_eq!(threshold(Level::below(3.0), None), Some(3.0));
        let outside = Level::outside(3.0, 5.0);
        for (value, passed) in [(2.0, Some(3.0)), (6.0, Some(5.0)), (4.0, None)] {
            assert_eq!(threshold(outside, Some(value)), passed, "{value}");
        }
        assert_eq!(threshold(outside, None), None);
    }

    #[test]
    fn flapping_needs_both_keys() {
        let wrong = |alerts, within| {
            let flapping = Flapping {
                alerts,
                within: std::time::Duration::from_secs(within),
            };
            match checked(Level::above(1.0), Some(flapping)) {
                Ok(_) => Vec::new(),
                Err(wrong) => wrong.iter().map(ToString::to_string).collect(),
            }
        };
        let (alerts, within) = (
            "flapping.alerts: say how many alerts are flapping, from 2 to 100, such as 5".to_owned(),
            "flapping.within: say within how long, more than 0s, such as \"10m\"".to_owned(),
        );
        assert_eq!(wrong(5, 600), [""; 0]);
        assert_eq!(wrong(0, 0), [alerts.clone(), within.clone()]);
        assert_eq!(wrong(5, 0), [within]);
        for many in [0, 1, 101] {
            assert_eq!(wrong(many, 600), [alerts.as_str()], "{many}");
        }
    }
}
