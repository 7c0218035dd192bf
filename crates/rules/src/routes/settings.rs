//! The `[[routes]]` section, and its way to a checked [`Route`].

use std::collections::BTreeMap;

use chrono_tz::Tz;
use monitor_domain::{Finding, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Route;
use crate::hours::{Day, Hours, Written, zone};

/// A route as it is written in the config. What it does not say fits everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RouteSettings {
    /// What `monitor routes test` calls it.
    pub name: Option<String>,
    /// The keys of the metrics it is for; all by default.
    pub metrics: Option<Vec<String>>,
    /// The groups of metrics it is for (`group` of a metric); all by default.
    pub groups: Option<Vec<String>>,
    /// Labels that a metric must have, such as `{ team = "shop" }`; none by default.
    pub labels: BTreeMap<String, String>,
    /// How bad it must be, such as `["critical"]`; any by default.
    pub severities: Option<Vec<Severity>>,
    /// The days on which its hours begin, such as `["sat", "sun"]`; every day by default.
    pub days: Option<Vec<Day>>,
    /// When its hours begin, HH:MM; with `to`. The whole day by default.
    pub from: Option<String>,
    /// When its hours end, HH:MM. Earlier than `from` is on the day after.
    pub to: Option<String>,
    /// Whose clocks these are, an IANA name such as `Asia/Shanghai`; UTC by default.
    pub zone: Option<String>,
    /// The channels that are notified; `[]` for none.
    pub notify: Option<Vec<String>>,
    /// Whether routes after it are considered too where it fits; `false` by default.
    #[serde(rename = "continue")]
    pub goes_on: bool,
    /// Whether its channels get reminders; `true` by default.
    pub reminders: Option<bool>,
    /// Whether its channels are notified when it is over; `true` by default.
    pub recoveries: Option<bool>,
}

impl RouteSettings {
    /// The checked route.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn compile(&self) -> Result<Route, Vec<Finding>> {
        let mut errors = Vec::new();
        for (field, is_empty) in [
            ("metrics", self.metrics.as_ref().is_some_and(Vec::is_empty)),
            ("groups", self.groups.as_ref().is_some_and(Vec::is_empty)),
            ("severities", self.severities.as_ref().is_some_and(Vec::is_empty)),
        ] {
            if is_empty {
                errors.push(Finding::new(
                    field,
                    "names none, so it would never fit; leave it out for any",
                ));
            }
        }
        if self.notify.is_none() {
            let message = "missing; the names of channels, such as [\"oncall\"], or [] for nobody";
            errors.push(Finding::new("notify", message));
        }
        let hours = self.hours(&mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Route {
            name: self.name.clone(),
            metrics: self.metrics.clone(),
            groups: self.groups.clone(),
            labels: self.labels.clone(),
            severities: self.severities.clone(),
            hours,
            notify: self.notify.clone().unwrap_or_default(),
            goes_on: self.goes_on,
            reminders: self.reminders.unwrap_or(true),
            recoveries: self.recoveries.unwrap_or(true),
        })
    }

    fn hours(&self, errors: &mut Vec<Finding>) -> Option<Hours> {
        let is_whole_day = self.from.is_none() && self.to.is_none();
        if !is_whole_day {
            let written = Written {
                days: self.days.as_deref(),
                from: self.from.as_deref(),
                to: self.to.as_deref(),
                zone: self.zone.as_deref(),
                same: "leave both out for the whole day",
            };
            return Hours::read(written, errors);
        }
        let zone: Option<Tz> = zone(self.zone.as_deref(), errors);
        match &self.days {
            None if self.zone.is_some() => {
                errors.push(Finding::new("zone", "has no effect without from and to, or days"));
                None
            }
            None => None,
            Some(days) if days.is_empty() => {
                errors.push(Finding::new("days", "names no day; leave it out for every day"));
                None
            }
            Some(days) => Some(Hours::whole(days, zone?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(json: serde_json::Value) -> Vec<String> {
        let settings: RouteSettings = serde_json::from_value(json).unwrap();
        let wrong = settings.compile().unwrap_err();
        wrong.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let found =
            errors(serde_json::json!({ "metrics": [], "severities": [], "from": "8", "zone": "Mars" }));
        assert_eq!(found.len(), 6, "{found:#?}");
        for (one, words) in found.iter().zip([
            "metrics: names none",
            "severities: names none",
            "notify: missing",
            "from: \"8\" is no time of day",
            "to: missing",
            "zone: no time zone \"Mars\"",
        ]) {
            assert!(one.starts_with(words), "{one}");
        }
        let found = errors(serde_json::json!({ "zone": "Asia/Shanghai", "notify": [] }));
        assert_eq!(found, ["zone: has no effect without from and to, or days"]);
        let found = errors(serde_json::json!({ "days": [], "notify": ["a"] }));
        assert_eq!(found, ["days: names no day; leave it out for every day"]);
    }

    #[test]
    fn keys_and_severities_that_are_none_are_refused() {
        for json in [
            serde_json::json!({ "metric": ["x"] }),
            serde_json::json!({ "severities": ["loud"] }),
            serde_json::json!({ "labels": { "team": 1 } }),
        ] {
            assert!(serde_json::from_value::<RouteSettings>(json).is_err());
        }
    }
}
