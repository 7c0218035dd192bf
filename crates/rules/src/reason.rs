//! Numbers, times and spans in reasons, as far as they are the same in every language.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::words::When;

/// A number as people write it: whole ones without a point, huge ones with an exponent.
pub(crate) fn number(value: f64) -> String {
    if value != 0.0 && (value.abs() >= 1e16 || value.abs() < 1e-6) {
        format!("{value:e}")
    } else {
        format!("{value}")
    }
}

/// The difference of two readings, without the dust of binary fractions.
pub(crate) fn difference(a: f64, b: f64) -> String {
    let raw = (a - b).abs();
    let rounded = (raw * 1e9).round() / 1e9;
    number(if rounded.is_finite() && rounded != 0.0 {
        rounded
    } else {
        raw
    })
}

/// A time of day, with its date where that is not the day it is told on; `None` where it is unknown.
pub(crate) fn clock(when: When) -> Option<String> {
    Some(time_of_day(when.at?, when.now))
}

/// A time of day, with its date where that is not the day of `now`. The same in every language.
pub fn time_of_day(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let format = if at.date_naive() == now.date_naive() {
        "%H:%M:%S UTC"
    } else {
        "%Y-%m-%d %H:%M:%S UTC"
    };
    at.format(format).to_string()
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
        assert_eq!(number(131.0), "131");
        assert_eq!(number(-0.5), "-0.5");
        assert_eq!(number(0.0), "0");
        assert_eq!(number(1e300), "1e300");
        assert_eq!(difference(0.3, 0.1), "0.2");
        assert_eq!(difference(f64::MAX, f64::MIN), "inf");
    }

    #[test]
    fn times_carry_a_date_only_when_it_helps() {
        let now: DateTime<Utc> = "2026-11-23T09:12:40.5Z".parse().unwrap();
        let told = |at| clock(When { at, now });
        assert_eq!(told(Some(now)).unwrap(), "09:12:40 UTC");
        let yesterday = now - chrono::TimeDelta::days(1);
        assert_eq!(told(Some(yesterday)).unwrap(), "2026-11-22 09:12:40 UTC");
        assert_eq!(told(None), None);
    }

    #[test]
    fn spans_are_as_fine_as_people_read_them() {
        assert_eq!(rounded(Duration::from_millis(65_900)), Duration::from_secs(65));
        assert_eq!(rounded(Duration::from_micros(1500)), Duration::from_millis(1));
    }
}
