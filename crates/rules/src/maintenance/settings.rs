//! The `[maintenance.NAME]` section, and its way to a checked [`Maintenance`].

use chrono::{NaiveTime, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use monitor_domain::{Finding, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Maintenance;

/// The longest reason, in characters: it has to fit on a line of a page.
const MAX_REASON: usize = 200;

/// A window as it is written in the config: every day, or on some days, from a time of day to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MaintenanceSettings {
    /// The days on which it begins; every day by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<Day>>,
    /// When it begins, HH:MM; needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// When it ends, HH:MM; needed. Earlier than `from` is on the day after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whose clocks these are, an IANA name such as `Europe/Berlin`; UTC by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The keys of the metrics it is for; all by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Vec<String>>,
    /// What is done in it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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

impl MaintenanceSettings {
    /// The checked window.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn compile(&self) -> Result<Maintenance, Vec<Finding>> {
        let mut errors = Vec::new();
        let from = time("from", self.from.as_deref(), "22:30", &mut errors);
        let to = time("to", self.to.as_deref(), "06:00", &mut errors);
        if from.is_some() && from == to {
            let message = "must not be the same as from; for a whole day make two windows, 00:00 to 12:00 and 12:00 \
                           to 00:00";
            errors.push(Finding::new("to", message));
        }
        let zone = zone(self.zone.as_deref(), &mut errors);
        for (field, is_empty, message) in [
            (
                "days",
                self.days.as_ref().is_some_and(Vec::is_empty),
                "names no day; leave it out for every day",
            ),
            (
                "metrics",
                self.metrics.as_ref().is_some_and(Vec::is_empty),
                "names no metric; leave it out for every metric",
            ),
        ] {
            if is_empty {
                errors.push(Finding::new(field, message));
            }
        }
        check_reason(self.reason.as_deref(), &mut errors);
        match (from, to, zone) {
            (Some(from), Some(to), Some(zone)) if errors.is_empty() => Ok(Maintenance {
                days: self.days.iter().flatten().copied().map(Weekday::from).collect(),
                from,
                to,
                zone,
                metrics: self.metrics.clone(),
                reason: self.reason.as_ref().map(|reason| reason.trim().to_owned()),
            }),
            _ => Err(errors),
        }
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

fn zone(given: Option<&str>, errors: &mut Vec<Finding>) -> Option<Tz> {
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

fn check_reason(reason: Option<&str>, errors: &mut Vec<Finding>) {
    let Some(reason) = reason else { return };
    let length = reason.trim().chars().count();
    let message = if length == 0 {
        "must not be empty; leave it out for none".to_owned()
    } else if length > MAX_REASON {
        format!(
            "must be at most {}, not {length}",
            counted(MAX_REASON, "character")
        )
    } else if reason.chars().any(char::is_control) {
        "must be one line, without control characters".to_owned()
    } else {
        return;
    };
    errors.push(Finding::new("reason", message));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(json: serde_json::Value) -> Vec<String> {
        let settings: MaintenanceSettings = serde_json::from_value(json).unwrap();
        let wrong = settings.compile().unwrap_err();
        wrong.iter().map(ToString::to_string).collect()
    }

    fn with(key: &str, value: serde_json::Value) -> Vec<String> {
        let mut json = serde_json::json!({ "from": "22:30", "to": "06:00" });
        json[key] = value;
        errors(json)
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let found = errors(serde_json::json!({ "days": [], "zone": "Mars", "metrics": [], "reason": " " }));
        assert_eq!(
            found,
            [
                "from: missing; such as \"22:30\"",
                "to: missing; such as \"06:00\"",
                "zone: no time zone \"Mars\"; give an IANA name, such as \"Asia/Shanghai\", \"Europe/Berlin\" or \"UTC\"",
                "days: names no day; leave it out for every day",
                "metrics: names no metric; leave it out for every metric",
                "reason: must not be empty; leave it out for none",
            ]
        );
    }

    #[test]
    fn times_of_day_are_written_in_one_way() {
        for bad in [
            "", "6", "6:00", "6:000", "06:60", "25:00", "-1:00", " 6:00", "+6:00", "06.00", "06:00:00",
            "六点",
        ] {
            let found = with("to", bad.into());
            assert!(
                found[0].starts_with("to: ") && found[0].contains("write HH:MM"),
                "{bad}: {found:?}"
            );
        }
        assert!(with("to", "24:00".into())[0].ends_with("midnight is 00:00"));
        assert!(with("to", "22:30".into())[0].starts_with("to: must not be the same as from"));
    }

    #[test]
    fn a_zone_that_is_nearly_right_is_suggested() {
        for (given, meant) in [
            ("asia/shanghai", "Asia/Shanghai"),
            ("Shanghai", "Asia/Shanghai"),
            ("China/Shanghai", "Asia/Shanghai"),
            ("america/new york", "America/New_York"),
            ("utc", "UTC"),
        ] {
            let found = with("zone", given.into());
            assert_eq!(
                found,
                [format!(
                    "zone: no time zone \"{given}\"; did you mean \"{meant}\"?"
                )]
            );
        }
        for unknown in ["", "UTC+8", "Asia/Nowhere"] {
            assert!(with("zone", unknown.into())[0].contains("such as \"Asia/Shanghai\""));
        }
    }

    #[test]
    fn a_reason_is_one_line() {
        assert!(with("reason", "x".repeat(201).into())[0].contains("at most 200 characters, not 201"));
        assert!(with("reason", "two\nlines".into())[0].contains("one line"));
    }

    #[test]
    fn unknown_keys_and_days_are_refused() {
        for json in [
            serde_json::json!({ "form": "22:30" }),
            serde_json::json!({ "days": ["monday"] }),
            serde_json::json!({ "days": ["Mon"] }),
        ] {
            assert!(serde_json::from_value::<MaintenanceSettings>(json).is_err());
        }
    }
}
