//! The words for numbers, times and spans in reasons.

use std::time::Duration;

use chrono::{DateTime, Utc};

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

/// A time of day, with its date where that is not the day of `now`.
pub(crate) fn time(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    match at {
        Some(at) if at.date_naive() == now.date_naive() => at.format("%H:%M:%S UTC").to_string(),
        Some(at) => at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => "an unknown time".to_owned(),
    }
}

/// A span in whole seconds, or in milliseconds where it is shorter than one.
pub(crate) fn span(duration: Duration) -> String {
    let rounded = if duration >= Duration::from_secs(1) {
        Duration::from_secs(duration.as_secs())
    } else {
        Duration::from_millis(u64::from(duration.subsec_millis()))
    };
    humantime::format_duration(rounded).to_string()
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
        assert_eq!(time(Some(now), now), "09:12:40 UTC");
        assert_eq!(
            time(Some(now - chrono::TimeDelta::days(1)), now),
            "2026-11-22 09:12:40 UTC"
        );
        assert_eq!(span(Duration::from_millis(65_900)), "1m 5s");
        assert_eq!(span(Duration::from_micros(1500)), "1ms");
    }
}
