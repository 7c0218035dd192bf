//! The small chart of a metric's latest readings, kept in memory so that a refresh need not read them again.

use std::collections::VecDeque;
use std::fmt::Write;

use chrono::NaiveDateTime;
use monitor_model::{Realtime, Sample};

/// How many readings it shows.
pub(super) const POINTS: usize = 48;
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 36.0;
/// Room for the stroke above and below.
const MARGIN: f64 = 2.0;

/// The latest readings of one metric, oldest first; `None` is a failed one.
#[derive(Debug, Default)]
pub(super) struct Sparkline {
    readings: VecDeque<Option<f64>>,
    last: Option<NaiveDateTime>,
}

impl Sparkline {
    /// From stored samples, newest first.
    pub(super) fn from_samples(samples: &[Sample]) -> Sparkline {
        Sparkline {
            readings: samples.iter().rev().map(|s| s.value).collect(),
            last: samples.first().map(|s| s.at),
        }
    }

    /// Adds what was read last, if that is new.
    pub(super) fn add(&mut self, now: &Realtime) {
        if self.last.is_some_and(|last| now.checked_at <= last) {
            return;
        }
        self.last = Some(now.checked_at);
        self.readings.push_back(now.value.filter(|_| now.error.is_none()));
        while self.readings.len() > POINTS {
            self.readings.pop_front();
        }
    }

    /// The path in a box of 120 × 36, from the lowest to the highest reading, broken where one failed. Level in the
    /// middle where all are the same; empty where there is none.
    pub(super) fn path(&self) -> String {
        let values = || self.readings.iter().flatten().copied().filter(|v| v.is_finite());
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        let y = |value: f64| {
            let share = if high > low {
                (value - low) / (high - low)
            } else {
                0.5
            };
            HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN)
        };
        // Spaced as if it were full once there are some, so that the line grows from the right and then moves.
        #[expect(clippy::cast_precision_loss, reason = "at most 48")]
        let x = |i: usize| WIDTH - (self.readings.len() - 1 - i) as f64 * WIDTH / (POINTS - 1) as f64;
        let mut path = String::new();
        let mut pen_down = false;
        for (i, reading) in self.readings.iter().enumerate() {
            match reading.filter(|v| v.is_finite()) {
                // A lone reading is a dot: a line of no length with round ends.
                Some(v) if !pen_down => push(&mut path, format_args!("M{:.1} {:.1}h0", x(i), y(v))),
                Some(v) => push(&mut path, format_args!("L{:.1} {:.1}", x(i), y(v))),
                None => {}
            }
            pen_down = reading.is_some_and(f64::is_finite);
        }
        path
    }
}

fn push(path: &mut String, step: std::fmt::Arguments<'_>) {
    path.write_fmt(step).expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use monitor_domain::MetricKey;

    use super::*;

    fn row(second: u32, value: Option<f64>, error: Option<&str>) -> Realtime {
        let at = chrono::NaiveDate::from_ymd_opt(2026, 11, 1)
            .unwrap()
            .and_hms_opt(0, 0, second)
            .unwrap();
        Realtime {
            key: MetricKey::stored("x"),
            value,
            value_at: None,
            checked_at: at,
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn a_failed_reading_breaks_the_line() {
        let mut line = Sparkline::default();
        assert_eq!(line.path(), "");
        line.add(&row(1, Some(1.0), None));
        assert_eq!(line.path(), "M120.0 18.0h0");
        line.add(&row(1, Some(9.0), None)); // the same check again
        line.add(&row(2, Some(3.0), None));
        line.add(&row(3, Some(3.0), Some("timed out")));
        line.add(&row(4, Some(2.0), None));
        assert_eq!(line.path(), "M112.3 34.0h0L114.9 2.0M120.0 18.0h0");
    }

    #[test]
    fn it_keeps_the_latest_only() {
        let mut line = Sparkline::default();
        for second in 0..59 {
            line.add(&row(second, Some(f64::from(second)), None));
        }
        assert_eq!(line.readings.len(), POINTS);
        assert!(line.path().starts_with("M0.0 34.0h0L2.6"));
        assert!(line.path().ends_with("L120.0 2.0"));
        assert!(!line.path().contains("NaN"));
    }
}
