//! Times in templates: `{{ now | date(format = "%Y-%m-%d", days_back = 1, timezone = "Asia/Shanghai") }}`.

use std::fmt::Display;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Days, FixedOffset, NaiveDateTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use tera::{Kwargs, State, Tera, TeraResult, Value};

/// A whole number from here on counts milliseconds: as seconds it would be in the year 5138.
const MILLISECONDS: i64 = 100_000_000_000;

/// What `date` takes.
const ARGUMENTS: [&str; 4] = ["format", "timezone", "offset", "days_back"];

pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("date", |time: &Value, with: Kwargs, _: &State| date(time, &with));
    tera.register_filter("unix", |time: &Value, _: Kwargs, _: &State| {
        at(time).map(|time| time.timestamp())
    });
}

/// A time as text: RFC 3339 where no `format` is given; in UTC, in the zone of a name (`timezone`), or so many hours ahead of UTC
/// (`offset`); so many calendar days earlier with `days_back`.
fn date(time: &Value, with: &Kwargs) -> TeraResult<String> {
    if with
        .iter()
        .any(|(name, _)| !ARGUMENTS.contains(&name.as_str().unwrap_or_default()))
    {
        return Err(wrong("date takes format, timezone or offset, and days_back"));
    }
    let time = at(time)?;
    let named = with.get::<&str>("timezone")?;
    match (named, with.get::<i32>("offset")?) {
        (None, None) => write(time, with, true),
        (Some(name), None) => {
            let zone: Result<Tz, _> = name.parse();
            let zone = zone.map_err(|_| wrong("timezone must be a name such as \"Asia/Shanghai\""))?;
            write(time.with_timezone(&zone), with, false)
        }
        (None, Some(hours)) => {
            let zone = hours.checked_mul(3_600).and_then(FixedOffset::east_opt);
            let zone = zone.ok_or_else(|| wrong("offset must be hours ahead of UTC, such as 8"))?;
            write(time.with_timezone(&zone), with, false)
        }
        (Some(_), Some(_)) => Err(wrong("date takes timezone or offset, not both")),
    }
}

fn write<Z: TimeZone>(time: DateTime<Z>, with: &Kwargs, is_utc: bool) -> TeraResult<String>
where
    Z::Offset: Display,
{
    let time = match with.get::<i64>("days_back")? {
        None => time,
        Some(days) => days_back(&time, days).ok_or_else(|| wrong("days_back is too much"))?,
    };
    let Some(format) = with.get::<&str>("format")? else {
        return Ok(time.to_rfc3339_opts(SecondsFormat::Secs, is_utc));
    };
    let items: Vec<Item<'_>> = StrftimeItems::new(format).collect();
    if items.contains(&Item::Error) {
        return Err(wrong(
            "format must be one of strftime, such as \"%Y-%m-%d %H:%M:%S\"",
        ));
    }
    Ok(time.format_with_items(items.into_iter()).to_string())
}

/// The same time of day so many days earlier, also where a day has 23 or 25 hours.
fn days_back<Z: TimeZone>(time: &DateTime<Z>, days: i64) -> Option<DateTime<Z>> {
    let count = Days::new(days.unsigned_abs());
    let local: NaiveDateTime = match days {
        0.. => time.naive_local().checked_sub_days(count)?,
        _ => time.naive_local().checked_add_days(count)?,
    };
    let zone = time.timezone();
    // An hour that a clock skips is the one after it.
    let skipped = || Some(zone.from_utc_datetime(&local.checked_sub_signed(offset_before(&zone, local)?)?));
    zone.from_local_datetime(&local).earliest().or_else(skipped)
}

/// How far the zone is from UTC shortly before a local time that it does not have.
fn offset_before(zone: &impl TimeZone, local: NaiveDateTime) -> Option<TimeDelta> {
    let earlier = local.checked_sub_days(Days::new(1))?;
    let known = zone.from_local_datetime(&earlier).earliest()?;
    Some(known.naive_local() - known.naive_utc())
}

/// Seconds or milliseconds since 1970, or an RFC 3339 text.
fn at(time: &Value) -> TeraResult<DateTime<Utc>> {
    let number = time
        .as_i64()
        .or_else(|| time.as_str().and_then(|text| text.trim().parse().ok()));
    let found = match (number, time.as_str()) {
        (Some(n), _) if n.unsigned_abs() >= MILLISECONDS.unsigned_abs() => DateTime::from_timestamp_millis(n),
        (Some(n), _) => DateTime::from_timestamp(n, 0),
        (None, Some(text)) => DateTime::parse_from_rfc3339(text.trim())
            .ok()
            .map(|time| time.with_timezone(&Utc)),
        (None, None) => None,
    };
    found.ok_or_else(|| wrong("a time must be seconds since 1970, or a text such as 2026-11-23T09:12:40Z"))
}

fn wrong(why: &str) -> tera::Error {
    tera::Error::message(why)
}

#[cfg(test)]
mod tests {
    use super::super::{Template, Vars};
    use super::*;

    /// 2026-11-23, 17:30:05 in London, half past one of the next day in Shanghai.
    fn fill(text: &str) -> Result<String, String> {
        let now = DateTime::from_timestamp(1_795_455_005, 0).unwrap();
        Template::parse(text, &[])?.fill(&Vars::at(now))
    }

    #[test]
    fn a_time_is_written_as_an_upstream_wants_it() {
        for (text, filled) in [
            ("{{ now }}", "1795455005"),
            ("{{ now_iso }}", "2026-11-23T17:30:05Z"),
            ("{{ now | date }}", "2026-11-23T17:30:05Z"),
            ("{{ now_ms | date }}", "2026-11-23T17:30:05Z"),
            ("{{ now_iso | date(format='%Y%m%d') }}", "20261123"),
            ("{{ now | date(format='%Y-%m-%d', days_back=1) }}", "2026-11-22"),
            ("{{ now | date(format='%Y-%m-%d', days_back=-1) }}", "2026-11-24"),
            (
                "{{ now | date(format='%Y-%m-%d', days_back=1, timezone='Asia/Shanghai') }}",
                "2026-11-23",
            ),
            (
                "{{ now | date(timezone='Asia/Shanghai') }}",
                "2026-11-24T01:30:05+08:00",
            ),
            (
                "{{ now | date(format='%Y-%m-%dT00:00:00%:z', timezone='Asia/Shanghai') | unix }}",
                "1795449600",
            ),
            (
                "{{ now | date(offset=8, days_back=1) }}",
                "2026-11-23T01:30:05+08:00",
            ),
            ("{{ now_iso | unix }}", "1795455005"),
            ("{{ now - 86400 }}", "1795368605"),
            (
                "{{ '2026-03-29T12:00:00Z' | date(days_back=0) }}",
                "2026-03-29T12:00:00Z",
            ),
            // 02:30 of that day does not exist in Berlin.
            (
                "{{ '2026-03-30T00:30:00Z' | date(days_back=1, timezone='Europe/Berlin') }}",
                "2026-03-29T03:30:00+02:00",
            ),
        ] {
            assert_eq!(fill(text).as_deref(), Ok(filled), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_or_no_format_is_an_error() {
        for text in [
            "{{ nonce | date }}",
            "{{ now | date(format='%Q') }}",
            "{{ now | date(fmt='%Y') }}",
            "{{ now | date(timezone='Peking') }}",
            "{{ now | date(timezone='Asia/Shanghai', offset=8) }}",
            "{{ now | date(days_back=999999999999) }}",
            "{{ '23.11.2026' | unix }}",
        ] {
            assert!(fill(text).is_err(), "{text}");
        }
    }
}
