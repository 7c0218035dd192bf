//! Which value is how high.

use crate::Chart;

/// How far a threshold may be from the readings to be drawn, in times the distance of the lowest from the highest.
const REACH: f64 = 2.0;

/// The values at the bottom and at the top of a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// From the lowest to the highest of the readings, and of the threshold if that is near.
    pub(crate) fn of(chart: &Chart) -> Option<Scale> {
        let range = chart.range()?;
        let readings = Scale {
            low: range.low,
            high: range.high,
        };
        let near = chart.threshold.filter(|value| readings.is_near(*value));
        Some(near.map_or(readings, |value| Scale {
            low: readings.low.min(value),
            high: readings.high.max(value),
        }))
    }

    /// Where a value is between the bottom (0) and the top (1); in the middle where all are the same.
    pub(crate) fn share(self, value: f64) -> f64 {
        if self.high > self.low {
            self.distance(value, self.low) / self.distance(self.high, self.low)
        } else {
            0.5
        }
    }

    /// Whether it has a place in the chart.
    pub(crate) fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Whether it is near enough to be drawn; of readings that are all the same, everything is.
    fn is_near(self, value: f64) -> bool {
        let beyond = (value / 2.0 - self.high / 2.0).max(self.low / 2.0 - value / 2.0);
        self.high <= self.low || beyond <= REACH * (self.high / 2.0 - self.low / 2.0)
    }

    /// Half of a difference where the whole would be more than a number holds.
    fn distance(self, value: f64, from: f64) -> f64 {
        if (self.high - self.low).is_finite() {
            value - from
        } else {
            value / 2.0 - from / 2.0
        }
    }
}
