//! Numbers, times and spans, as far as they are the same in every language.

use std::fmt::Display;
use std::time::Duration;

use chrono::{DateTime, Utc};
use monitor_domain::Number;

/// How far apart two readings are.
pub(crate) fn difference(a: f64, b: f64) -> Number {
    Number(Number::difference(a, b).0.abs())
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
    fn a_difference_has_no_sign() {
        assert_eq!(difference(0.3, 0.2).to_string(), "0.1");
        assert_eq!(difference(0.2, 0.3).to_string(), "0.1");
        assert_eq!(difference(-1e-300, 1e-300).to_string(), "2e-300");
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
