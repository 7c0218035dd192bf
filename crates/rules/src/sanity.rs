//! What a rule's numbers, spans and further keys must be like to make sense.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::rule::{Condition, Level};
use crate::settings::{RuleError, RuleSettings};

/// Fewer are no going back and forth; more would only make the state large, which is stored at every reading.
const FLAPPING_ALERTS: RangeInclusive<u32> = 2..=100;

impl RuleSettings {
    pub(crate) fn check_numbers(&self, errors: &mut Vec<RuleError>) {
        let (low, high) = self
            .outside
            .map_or((None, None), |[low, high]| (Some(low), Some(high)));
        let numbers = [
            ("rise", self.rise),
            ("fall", self.fall),
            ("change", self.change),
            ("above", self.above),
            ("below", self.below),
            ("outside", low),
            ("outside", high),
            ("clear_below", self.clear_below),
            ("clear_above", self.clear_above),
        ];
        for (field, number) in numbers {
            match number {
                Some(number) if !number.is_finite() => {
                    errors.push(RuleError::new(
                        field,
                        format!("{number} is not a number to compare with"),
                    ));
                }
                Some(number) if matches!(field, "rise" | "fall" | "change") && number <= 0.0 => {
                    let message =
                        format!("must be more than 0 (the least {field} that alerts), not {number}");
                    errors.push(RuleError::new(field, message));
                }
                _ => {}
            }
        }
    }

    pub(crate) fn check_durations(&self, errors: &mut Vec<RuleError>) {
        let durations = [
            ("for", self.r#for),
            ("keep_for", self.keep_for),
            ("no_data", self.no_data),
            ("repeat", self.repeat),
        ];
        for (field, duration) in durations {
            if duration == Some(Duration::ZERO) {
                let message = "must be longer than 0s; leave it out for the default".to_owned();
                errors.push(RuleError::new(field, message));
            }
        }
    }

    /// Both keys of `escalate`, since neither has a default that is right for everybody.
    pub(crate) fn check_escalate(&self, errors: &mut Vec<RuleError>) {
        let Some(escalate) = &self.escalate else { return };
        if escalate.after.is_zero() {
            let message = "say how long after the alert, more than 0s, such as \"10m\"";
            errors.push(RuleError::new("escalate.after", message));
        }
        if escalate.notify.is_empty() {
            let message = "say which channels to tell, such as [\"oncall\"]";
            errors.push(RuleError::new("escalate.notify", message));
        }
    }

    /// Both keys of `flapping`. One alert alone is no going back and forth.
    pub(crate) fn check_flapping(&self, errors: &mut Vec<RuleError>) {
        let Some(flapping) = &self.flapping else { return };
        if !FLAPPING_ALERTS.contains(&flapping.alerts) {
            let (least, most) = (FLAPPING_ALERTS.start(), FLAPPING_ALERTS.end());
            let message = format!("say how many alerts are flapping, from {least} to {most}, such as 5");
            errors.push(RuleError::new("flapping.alerts", message));
        }
        if flapping.within.is_zero() {
            let message = "say within how long, more than 0s, such as \"10m\"";
            errors.push(RuleError::new("flapping.within", message));
        }
    }

    /// Keys that only make sense with some conditions, and thresholds in the right order.
    pub(crate) fn check_companions(&self, condition: &Condition, errors: &mut Vec<RuleError>) {
        let is_event = matches!(condition, Condition::Event(_));
        for (field, set) in [
            ("baseline", self.baseline.is_some()),
            ("initial", self.initial.is_some()),
        ] {
            if set && !is_event {
                errors.push(RuleError::new(
                    field,
                    "goes with rise, fall or change only; remove it",
                ));
            }
        }
        if matches!(condition, Condition::NoData) {
            for (field, set) in [
                ("for", self.r#for.is_some()),
                ("keep_for", self.keep_for.is_some()),
            ] {
                if set {
                    errors.push(RuleError::new(field, "no_data says how long itself; remove it"));
                }
            }
        }
        if self.flapping.is_some() && !matches!(condition, Condition::Level(_)) {
            errors.push(RuleError::new(
                "flapping",
                "goes with above, below or outside only; remove it",
            ));
        }
        let (may_below, may_above) = match condition {
            Condition::Level(Level::Above { .. }) => (true, false),
            Condition::Level(Level::Below { .. }) => (false, true),
            Condition::Level(Level::Outside { .. }) => (true, true),
            _ => (false, false),
        };
        if self.clear_below.is_some() && !may_below {
            errors.push(RuleError::new(
                "clear_below",
                "goes with above or outside only; remove it",
            ));
        }
        if self.clear_above.is_some() && !may_above {
            errors.push(RuleError::new(
                "clear_above",
                "goes with below or outside only; remove it",
            ));
        }
        if let Condition::Level(level) = condition {
            check_order(level, errors);
        }
    }
}

fn check_order(level: &Level, errors: &mut Vec<RuleError>) {
    let (low, high, clear_above, clear_below) = match *level {
        Level::Above {
            threshold,
            clear_below,
        } => (None, Some(threshold), None, clear_below),
        Level::Below {
            threshold,
            clear_above,
        } => (Some(threshold), None, clear_above, None),
        Level::Outside {
            low,
            high,
            clear_above,
            clear_below,
        } => (Some(low), Some(high), clear_above, clear_below),
    };
    if let (Some(low), Some(high)) = (low, high)
        && low >= high
    {
        errors.push(RuleError::new(
            "outside",
            format!("the first must be under the second: {low} is not under {high}"),
        ));
        return;
    }
    if let (Some(clear), Some(high)) = (clear_below, high)
        && clear >= high
    {
        let message = format!("must be under the threshold: {clear} is not under {high}; or leave it out");
        errors.push(RuleError::new("clear_below", message));
    }
    if let (Some(clear), Some(low)) = (clear_above, low)
        && clear <= low
    {
        let message = format!("must be over the threshold: {clear} is not over {low}; or leave it out");
        errors.push(RuleError::new("clear_above", message));
    }
    // What clears must exist at all: over the lower bound and under the upper one.
    if let (Some(over), Some(under)) = (clear_above.or(low), clear_below.or(high))
        && over >= under
        && (clear_above.is_some() || clear_below.is_some())
    {
        let field = if clear_below.is_some() {
            "clear_below"
        } else {
            "clear_above"
        };
        let message = format!("nothing is both over {over} and under {under}: it would never recover");
        errors.push(RuleError::new(field, message));
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
        let wrong = parse(json).rule(INTERVAL).unwrap_err();
        wrong.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_escalation_says_after_how_long_and_to_whom() {
        let escalate = serde_json::json!({ "after": "10m", "notify": ["oncall"] });
        let rule = parse(serde_json::json!({ "rise": 1, "escalate": escalate })).rule(INTERVAL);
        let escalate = rule.unwrap().escalate.unwrap();
        assert_eq!(escalate.after, Duration::from_secs(600));
        assert_eq!(escalate.notify, ["oncall"]);
        let (after, notify) = (
            "escalate.after: say how long after the alert, more than 0s, such as \"10m\"",
            "escalate.notify: say which channels to tell, such as [\"oncall\"]",
        );
        let found = |escalate| errors(serde_json::json!({ "rise": 1, "escalate": escalate }));
        assert_eq!(found(serde_json::json!({})), [after, notify]);
        assert_eq!(found(serde_json::json!({ "after": "10m" })), [notify]);
        assert_eq!(found(serde_json::json!({ "notify": ["oncall"] })), [after]);
        assert_eq!(
            found(serde_json::json!({ "after": "0s", "notify": [] })),
            [after, notify]
        );
        let unknown = serde_json::json!({ "escalate": { "afer": "10m" } });
        assert!(serde_json::from_value::<RuleSettings>(unknown).is_err());
    }

    #[test]
    fn flapping_goes_with_levels_and_needs_both_keys() {
        let flapping = serde_json::json!({ "alerts": 5, "within": "10m" });
        for level in [
            serde_json::json!({ "above": 1, "flapping": flapping }),
            serde_json::json!({ "below": 1, "flapping": flapping }),
            serde_json::json!({ "outside": [0, 1], "flapping": flapping }),
        ] {
            let flapping = parse(level).rule(INTERVAL).unwrap().flapping.unwrap();
            assert_eq!((flapping.alerts, flapping.within), (5, Duration::from_secs(600)));
        }
        for other in [
            serde_json::json!({ "rise": 1, "flapping": flapping }),
            serde_json::json!({ "no_data": "1m", "flapping": flapping }),
        ] {
            assert_eq!(
                errors(other),
                ["flapping: goes with above, below or outside only; remove it"]
            );
        }
        let (alerts, within) = (
            "flapping.alerts: say how many alerts are flapping, from 2 to 100, such as 5",
            "flapping.within: say within how long, more than 0s, such as \"10m\"",
        );
        let found = |flapping| errors(serde_json::json!({ "above": 1, "flapping": flapping }));
        assert_eq!(found(serde_json::json!({})), [alerts, within]);
        assert_eq!(found(serde_json::json!({ "alerts": 5 })), [within]);
        assert_eq!(
            found(serde_json::json!({ "alerts": 5, "within": "0s" })),
            [within]
        );
        assert_eq!(found(serde_json::json!({ "within": "10m" })), [alerts]);
        for many in [0, 1, 101] {
            let flapping = serde_json::json!({ "alerts": many, "within": "10m" });
            assert_eq!(found(flapping), [alerts], "{many}");
        }
    }
}
