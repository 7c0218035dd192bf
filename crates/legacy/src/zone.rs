//! The time zone of the old program's times, which say nothing of it.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, LocalResult, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// A time zone by its name, such as `Asia/Shanghai`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// The one of this machine.
    ///
    /// # Errors
    /// Where the machine does not say, or says something that is no zone.
    pub fn of_this_machine() -> Result<Zone, String> {
        let name = iana_time_zone::get_timezone()
            .map_err(|error| format!("this machine does not say which time zone it is in ({error})"))?;
        name.parse()
    }

    /// A clock's time in this zone as UTC. Of an hour that the clock read twice the first is taken, and one that it left out is
    /// taken as if it had not.
    pub fn to_utc(self, at: NaiveDateTime) -> Option<NaiveDateTime> {
        let utc = match self.0.from_local_datetime(&at) {
            LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.naive_utc(),
            LocalResult::None => {
                let hour = TimeDelta::hours(1);
                let before = at.checked_sub_signed(hour)?;
                let time = self.0.from_local_datetime(&before).earliest()?;
                time.naive_utc().checked_add_signed(hour)?
            }
        };
        (1..=9999).contains(&utc.year()).then_some(utc)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(name: &str) -> Result<Zone, String> {
        name.parse().map(Zone).map_err(|_| {
            format!("\"{name}\" is no time zone; write its IANA name, such as Asia/Shanghai or UTC")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(zone: &str, at: &str) -> Option<String> {
        let zone: Zone = zone.parse().unwrap();
        let at = NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M").unwrap();
        zone.to_utc(at).map(|at| at.format("%Y-%m-%d %H:%M").to_string())
    }

    #[test]
    fn clocks_of_a_zone_are_read_as_utc() {
        for (zone, at, expected) in [
            ("UTC", "2025-03-01 08:00", Some("2025-03-01 08:00")),
            ("Asia/Shanghai", "2025-03-01 08:00", Some("2025-03-01 00:00")),
            ("Asia/Shanghai", "2025-03-01 07:59", Some("2025-02-28 23:59")),
            // Read twice: the first.
            ("Europe/Berlin", "2024-10-27 02:30", Some("2024-10-27 00:30")),
            // Left out.
            ("Europe/Berlin", "2024-03-31 02:30", Some("2024-03-31 01:30")),
            ("Asia/Shanghai", "0001-01-01 00:00", None),
        ] {
            assert_eq!(utc(zone, at).as_deref(), expected, "{zone} {at}");
        }
    }

    #[test]
    fn zones_have_names() {
        assert_eq!(
            "Asia/Shanghai".parse::<Zone>().unwrap().to_string(),
            "Asia/Shanghai"
        );
        for name in ["Shanghai", "+08:00", "", "CST6"] {
            assert!(
                name.parse::<Zone>().unwrap_err().contains("Asia/Shanghai"),
                "{name}"
            );
        }
    }
}
