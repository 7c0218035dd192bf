//! The `[maintenance.NAME]` section, and its way to a checked [`Maintenance`].

use monitor_domain::{Finding, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Maintenance;
use crate::hours::{Day, Hours, Written};

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

impl MaintenanceSettings {
    /// The checked window.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn compile(&self) -> Result<Maintenance, Vec<Finding>> {
        let mut errors = Vec::new();
        let written = Written {
            days: self.days.as_deref(),
            from: self.from.as_deref(),
            to: self.to.as_deref(),
            zone: self.zone.as_deref(),
            same: "for a whole day make two windows, 00:00 to 12:00 and 12:00 to 00:00",
        };
        let hours = Hours::read(written, &mut errors);
        if self.metrics.as_ref().is_some_and(Vec::is_empty) {
            let message = "names no metric; leave it out for every metric";
            errors.push(Finding::new("metrics", message));
        }
        check_reason(self.reason.as_deref(), &mut errors);
        match hours {
            Some(hours) if errors.is_empty() => Ok(Maintenance {
                hours,
                metrics: self.metrics.clone(),
                reason: self.reason.as_ref().map(|reason| reason.trim().to_owned()),
            }),
            _ => Err(errors),
        }
    }
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
