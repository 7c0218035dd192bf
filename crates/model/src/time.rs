//! Times between the API (`DateTime<Utc>`) and the database (`NaiveDateTime`, UTC, to the microsecond).

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

/// A time as it is stored: UTC without its zone, cut to the microsecond, which is what PostgreSQL keeps.
pub fn stored(at: DateTime<Utc>) -> NaiveDateTime {
    at.naive_utc().trunc_subsecs(6)
}

/// A stored time as the API has it.
pub fn utc(at: NaiveDateTime) -> DateTime<Utc> {
    at.and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_times_are_whole_microseconds() {
        let at = DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap();
        assert_eq!(stored(at).to_string(), "2023-11-14 22:13:20.123456");
        assert_eq!(
            utc(stored(at)),
            DateTime::from_timestamp(1_700_000_000, 123_456_000).unwrap()
        );
    }
}
