//! Numbers, times and spans, as far as they are the same in every language.

use std::fmt::{self, Display};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// A number as people write it: whole ones without a point, huge and tiny ones with an exponent.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub f64);

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Number(value) = *self;
        if value != 0.0 && (value.abs() >= 1e16 || value.abs() < 1e-6) {
            write!(f, "{value:e}")
        } else {
            write!(f, "{value}")
        }
    }
}

/// The difference of two readings, without the dust of binary fractions.
pub(crate) fn difference(a: f64, b: f64) -> Number {
    let raw = (a - b).abs();
    let rounded = (raw * 1e9).round() / 1e9;
    Number(if rounded.is_finite() && rounded != 0.0 {
        rounded
    } else {
        raw
    })
}

/// A time of day, with its date where that is not the day of `now`. The same in every language.
pub fn time_of_day(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    clock(at, now).to_string()
}

/// [`time_of_day`], not yet written.
pub(crate) fn clock(at: DateTime<Utc>, now: DateTime<Utc>) -> impl Display {
    at.format(if at.date_naive() == now.date_naive() {
        "%H:%M:%S UTC"
    } else {
        "%Y-%m-%d %H:%M:%S UTC"
    })
}

/// Whole seconds, or whole milliseconds where it is shorter than one.
pub(crate) fn rounded(duration: Duration) -> Duration {
    if duration >= Duration::from_secs(1) {
        Duration::from_secs(duration.as_secs())
    } else {
        Duration::from_millis(u64::from(duration.subsec_millis()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let number = |value| Number(value).to_string();
        assert_eq!(number(131.0), "131");
        assert_eq!(number(-0.5), "-0.5");
        assert_eq!(number(0.0), "0");
        assert_eq!(number(1e300), "1e300");
        assert_eq!(difference(0.3, 0.1).to_string(), "0.2");
        assert_eq!(difference(f64::MAX, f64::MIN).to_string(), "inf");
    }

    #[test]
    fn times_carry_a_date_only_when_it_helps() {
        let now: DateTime<Utc> = "2026-11-23T09:12:40.5Z".parse().unwrap();
        assert_eq!(time_of_day(now, now), "09:12:40 UTC");
        let yesterday = now - chrono::TimeDelta::days(1);
        assert_eq!(time_of_day(yesterday, now), "2026-11-22 09:12:40 UTC");
    }

    #[test]
    fn spans_are_as_fine_as_people_read_them() {
        assert_eq!(rounded(Duration::from_millis(65_900)), Duration::from_secs(65));
        assert_eq!(rounded(Duration::from_micros(1500)), Duration::from_millis(1));
    }
}
