//! The `alert = { … }` table of a metric, and its way to a checked [`Rule`].

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::flapping::Flapping;
use crate::rule::{Baseline, Condition, Event, EventKind, Initial, Level, Rule};
use monitor_domain::Language;

/// How many intervals without a good reading make "no data" where the rule sets no `no_data`.
const NO_DATA_INTERVALS: u32 = 6;

/// The keys that are a condition, of which a rule has exactly one.
const CONDITIONS: &str = "rise, fall, change, above, below, outside, no_data";

/// A rule as it is written in the config. Exactly one of `rise`, `fall`, `change`, `above`, `below`, `outside` is set,
/// or none of them and `no_data`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSettings {
    /// Alert when the value is at least this much over the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rise: Option<f64>,
    /// Alert when the value is at least this much under the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fall: Option<f64>,
    /// Alert when the value is at least this much away from the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
    /// Alert once while the value is more than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Alert once while the value is less than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// Alert once while the value is less than the first or more than the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<[f64; 2]>,
    /// A CEL expression. Not in this build: refused with a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// With `above` and `outside`: recovers only below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clear_below: Option<f64>,
    /// With `below` and `outside`: recovers only above this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clear_above: Option<f64>,
    /// With `rise`, `fall`, `change`: what the value is compared with; the last reading by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// With `rise`, `fall`, `change`: whether the first reading counts from zero (the default) or is learnt silently.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial: Option<Initial>,
    /// How long the condition must hold before it alerts.
    #[serde(with = "humantime_serde", skip_serializing_if = "Option::is_none")]
    pub r#for: Option<Duration>,
    /// How long a level must be clear before it recovers.
    #[serde(with = "humantime_serde", skip_serializing_if = "Option::is_none")]
    pub keep_for: Option<Duration>,
    /// How long without a good reading until the metric turns to no data; six intervals by default.
    #[serde(with = "humantime_serde", skip_serializing_if = "Option::is_none")]
    pub no_data: Option<Duration>,
    /// How often to remind while it fires and nobody acknowledged.
    #[serde(with = "humantime_serde", skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Duration>,
    /// Whom else to tell, after how long, while nobody acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalate: Option<Escalate>,
    /// With `above`, `below`, `outside`: how many alerts within how long are flapping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Flapping>,
}

/// Whom else to tell of an alert that nobody acknowledged. Both keys must be set; one that is missing reads as zero or
/// none, which is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Escalate {
    /// How long after the alert.
    #[serde(with = "humantime_serde")]
    pub after: Duration,
    /// The channels to tell.
    pub notify: Vec<String>,
}

/// What is wrong with one key of a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct RuleError {
    /// The key; empty where it is about the whole rule.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl RuleError {
    pub(crate) fn new(field: &'static str, message: impl Into<String>) -> RuleError {
        RuleError {
            field,
            message: message.into(),
        }
    }
}

impl RuleSettings {
    /// The checked rule for a metric read every `interval`.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn rule(&self, interval: Duration) -> Result<Rule, Vec<RuleError>> {
        let mut errors = Vec::new();
        self.check_numbers(&mut errors);
        self.check_durations(&mut errors);
        self.check_escalate(&mut errors);
        self.check_flapping(&mut errors);
        let condition = self.condition(&mut errors);
        if let Some(condition) = &condition {
            self.check_companions(condition, &mut errors);
        }
        match condition {
            Some(condition) if errors.is_empty() => Ok(Rule {
                condition,
                hold: self.r#for.unwrap_or_default(),
                keep_for: self.keep_for.unwrap_or_default(),
                no_data: self
                    .no_data
                    .unwrap_or_else(|| interval.saturating_mul(NO_DATA_INTERVALS)),
                repeat: self.repeat,
                escalate: self.escalate.clone(),
                flapping: self.flapping,
                language: Language::default(),
            }),
            _ => Err(errors),
        }
    }

    fn condition(&self, errors: &mut Vec<RuleError>) -> Option<Condition> {
        if self.when.is_some() {
            errors.push(RuleError::new(
                "when",
                "expressions are not in this build; use one of rise, fall, change, above, below, outside",
            ));
            return None;
        }
        let mut found: Vec<(&'static str, Condition)> = Vec::new();
        for (kind, by) in [
            (EventKind::Rise, self.rise),
            (EventKind::Fall, self.fall),
            (EventKind::Change, self.change),
        ] {
            if let Some(by) = by {
                let (baseline, initial) = (
                    self.baseline.unwrap_or_default(),
                    self.initial.unwrap_or_default(),
                );
                found.push((
                    kind.as_str(),
                    Condition::Event(Event {
                        kind,
                        by,
                        baseline,
                        initial,
                    }),
                ));
            }
        }
        let (clear_above, clear_below) = (self.clear_above, self.clear_below);
        if let Some(threshold) = self.above {
            found.push((
                "above",
                Condition::Level(Level::Above {
                    threshold,
                    clear_below,
                }),
            ));
        }
        if let Some(threshold) = self.below {
            found.push((
                "below",
                Condition::Level(Level::Below {
                    threshold,
                    clear_above,
                }),
            ));
        }
        if let Some([low, high]) = self.outside {
            found.push((
                "outside",
                Condition::Level(Level::Outside {
                    low,
                    high,
                    clear_above,
                    clear_below,
                }),
            ));
        }
        if found.len() > 1 {
            let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
            for name in &names[1..] {
                let message = format!(
                    "a rule has one condition, and this one has {}; keep one, or make a metric for each",
                    names.join(" and ")
                );
                errors.push(RuleError::new(name, message));
            }
            return None;
        }
        match found.pop() {
            Some((_, condition)) => Some(condition),
            None if self.no_data.is_some() => Some(Condition::NoData),
            None => {
                errors.push(RuleError::new(
                    "",
                    format!("no condition; set one of {CONDITIONS}"),
                ));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(10);

    fn parse(json: serde_json::Value) -> RuleSettings {
        serde_json::from_value(json).unwrap()
    }

    fn errors(json: serde_json::Value) -> Vec<String> {
        parse(json)
            .rule(INTERVAL)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_full_rule_is_read() {
        let json = serde_json::json!({ "above": 100, "clear_below": 90, "for": "30s", "keep_for": "1m", "repeat": "1h" });
        let rule = parse(json).rule(INTERVAL).unwrap();
        assert_eq!(
            rule.condition,
            Condition::Level(Level::Above {
                threshold: 100.0,
                clear_below: Some(90.0)
            })
        );
        assert_eq!(rule.hold, Duration::from_secs(30));
        assert_eq!(rule.keep_for, Duration::from_secs(60));
        assert_eq!(rule.no_data, Duration::from_secs(60), "six intervals");
        assert_eq!(rule.repeat, Some(Duration::from_secs(3600)));
    }

    #[test]
    fn no_data_alone_is_a_condition() {
        let rule = parse(serde_json::json!({ "no_data": "2m" }))
            .rule(INTERVAL)
            .unwrap();
        assert_eq!(rule, Rule::no_data(Duration::from_secs(120)));
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let found = errors(
            serde_json::json!({ "above": 100, "clear_below": 100, "for": "0s", "baseline": "last_alert" }),
        );
        assert_eq!(
            found,
            [
                "for: must be longer than 0s; leave it out for the default",
                "baseline: goes with rise, fall or change only; remove it",
                "clear_below: must be under the threshold: 100 is not under 100; or leave it out",
            ]
        );
    }

    #[test]
    fn exactly_one_condition() {
        assert!(errors(serde_json::json!({}))[0].contains("no condition; set one of rise"));
        let found = errors(serde_json::json!({ "rise": 1, "above": 3 }));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("above: a rule has one condition, and this one has rise and above"),
            "{found:?}"
        );
        assert!(errors(serde_json::json!({ "when": "value > 3" }))[0].contains("not in this build"));
    }

    #[test]
    fn numbers_that_can_never_work_are_refused() {
        assert!(errors(serde_json::json!({ "rise": 0 }))[0].contains("more than 0"));
        assert!(errors(serde_json::json!({ "outside": [5, 5] }))[0].contains("under the second"));
        let found = errors(serde_json::json!({ "outside": [0, 10], "clear_above": 8, "clear_below": 5 }));
        assert!(found[0].contains("never recover"), "{found:?}");
        let infinite = RuleSettings {
            above: Some(f64::INFINITY),
            ..RuleSettings::default()
        };
        assert_eq!(infinite.rule(INTERVAL).unwrap_err()[0].field, "above");
        assert!(errors(serde_json::json!({ "rise": 1, "clear_below": 1 }))[0].contains("goes with above"));
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(serde_json::from_value::<RuleSettings>(serde_json::json!({ "raise": 1 })).is_err());
    }
}
