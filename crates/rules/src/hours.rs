//! Hours of the week: whether they are now follows from a time alone. Maintenance windows have them, and routes of messages.
//!
//! They keep to the time of day when clocks change: an hour that is skipped is missing from them, and an hour that comes twice is
//! in them twice.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use monitor_domain::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hours from a time of day to another, every day or on some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    /// Empty for every day.
    days: Vec<Weekday>,
    from: NaiveTime,
    /// Earlier than `from` is on the day after; the same is a whole day.
    to: NaiveTime,
    zone: Tz,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// Hours as they are written in a config.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    pub(crate) days: Option<&'a [Day]>,
    pub(crate) from: Option<&'a str>,
    pub(crate) to: Option<&'a str>,
    pub(crate) zone: Option<&'a str>,
    /// What to say where they end when they begin.
    pub(crate) same: &'static str,
}

impl Hours {
    /// The checked hours; adds what is wrong with them.
    pub(crate) fn read(written: Written<'_>, errors: &mut Vec<Finding>) -> Option<Hours> {
        let from = time("from", written.from, "22:30", errors);
        let to = time("to", written.to, "06:00", errors);
        if from.is_some() && from == to {
            errors.push(Finding::new(
                "to",
                format!("must not be the same as from; {}", written.same),
            ));
        }
        let zone = zone(written.zone, errors);
        if written.days.is_some_and(<[Day]>::is_empty) {
            errors.push(Finding::new("days", "names no day; leave it out for every day"));
        }
        Some(Hours {
            days: written
                .days
                .into_iter()
                .flatten()
                .copied()
                .map(Weekday::from)
                .collect(),
            from: from?,
            to: to?,
            zone: zone?,
        })
    }

    /// Whole days.
    pub(crate) fn whole(days: &[Day], zone: Tz) -> Hours {
        Hours {
            days: days.iter().copied().map(Weekday::from).collect(),
            from: NaiveTime::MIN,
            to: NaiveTime::MIN,
            zone,
        }
    }

    /// Whether `at` is in them.
    pub(crate) fn include(&self, at: DateTime<Utc>) -> bool {
        let Some(local) = self.local(at) else { return false };
        let (today, now) = (local.date(), local.time());
        if self.from < self.to {
            return (self.from..self.to).contains(&now) && self.begin_on(today);
        }
        let began_today = now >= self.from && self.begin_on(today);
        let began_yesterday = now < self.to && today.pred_opt().is_some_and(|day| self.begin_on(day));
        began_today || began_yesterday
    }

    /// The IANA name of the zone whose clocks they go by.
    pub(crate) fn zone(&self) -> &'static str {
        self.zone.name()
    }

    fn begin_on(&self, day: NaiveDate) -> bool {
        self.days.is_empty() || self.days.contains(&day.weekday())
    }

    /// What the clocks of the zone show; `None` only at the ends of all time.
    fn local(&self, at: DateTime<Utc>) -> Option<NaiveDateTime> {
        let utc = at.naive_utc();
        utc.checked_add_offset(self.zone.offset_from_utc_datetime(&utc).fix())
    }
}

impl From<Day> for Weekday {
    fn from(day: Day) -> Weekday {
        match day {
            Day::Mon => Weekday::Mon,
            Day::Tue => Weekday::Tue,
            Day::Wed => Weekday::Wed,
            Day::Thu => Weekday::Thu,
            Day::Fri => Weekday::Fri,
            Day::Sat => Weekday::Sat,
            Day::Sun => Weekday::Sun,
        }
    }
}

/// A time of day, written in one way only.
fn time(
    field: &'static str,
    given: Option<&str>,
    example: &str,
    errors: &mut Vec<Finding>,
) -> Option<NaiveTime> {
    let Some(text) = given else {
        errors.push(Finding::new(field, format!("missing; such as \"{example}\"")));
        return None;
    };
    let number = |digits: &str| {
        let is_one = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse().ok().filter(|_| is_one)
    };
    let read = text
        .split_once(':')
        .and_then(|(hour, minute)| NaiveTime::from_hms_opt(number(hour)?, number(minute)?, 0));
    if read.is_none() {
        let hint = if text == "24:00" {
            "; midnight is 00:00"
        } else {
            ""
        };
        let message = format!("\"{text}\" is no time of day; write HH:MM, such as \"{example}\"{hint}");
        errors.push(Finding::new(field, message));
    }
    read
}

pub(crate) fn zone(given: Option<&str>, errors: &mut Vec<Finding>) -> Option<Tz> {
    let Some(name) = given else { return Some(Tz::UTC) };
    if let Ok(zone) = name.parse() {
        return Some(zone);
    }
    let hint = match nearest(name) {
        Some(zone) => format!("did you mean \"{}\"?", zone.name()),
        None => "give an IANA name, such as \"Asia/Shanghai\", \"Europe/Berlin\" or \"UTC\"".to_owned(),
    };
    errors.push(Finding::new("zone", format!("no time zone \"{name}\"; {hint}")));
    None
}

/// What the clocks of a zone show; `None` for what is no zone.
pub fn shown_in(zone: &str, at: DateTime<Utc>) -> Option<NaiveDateTime> {
    let zone: Tz = zone.parse().ok()?;
    Some(at.with_timezone(&zone).naive_local())
}

/// When the clocks of a zone show this, the first time where they do so twice; `None` where they never do, or for what is no zone.
pub fn when_shown(zone: &str, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    let zone: Tz = zone.parse().ok()?;
    let at = zone.from_local_datetime(&local).earliest()?;
    Some(at.to_utc())
}

/// The zone of the same name but for capitals and blanks, or the one of the same city.
fn nearest(name: &str) -> Option<Tz> {
    let plain = name.trim().replace(' ', "_");
    let city = plain.rsplit('/').next().unwrap_or(&plain);
    let of_the_city = |zone: &Tz| {
        let known = zone.name().rsplit('/').next().unwrap_or_default();
        known.eq_ignore_ascii_case(city)
    };
    let mut all = TZ_VARIANTS.iter().copied();
    all.clone()
        .find(|zone| zone.name().eq_ignore_ascii_case(&plain))
        .or_else(|| all.find(of_the_city))
}
