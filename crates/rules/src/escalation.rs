//! `escalate` of a rule: one table, or a list of them, one for each step.

use std::borrow::Cow;
use std::time::Duration;

use monitor_domain::Finding;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The most steps that a rule may have.
const MAX_STEPS: usize = 10;

/// Who is notified of an alert that nobody acknowledged, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Escalation {
    /// The steps, in their order.
    pub steps: Vec<Escalate>,
    /// Whether it is written as a list: what is wrong is then said of one of it.
    is_list: bool,
}

/// Which channels to notify of an alert that nobody acknowledged. Both keys must be set; one that is missing reads as
/// zero or none, which is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Escalate {
    /// How long after the alert, and longer than at the step before; needed.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub after: Duration,
    /// The channels to notify; needed.
    pub notify: Vec<String>,
}

impl Escalation {
    /// The path of a key of a step, below that of the rule.
    pub fn path(&self, step: usize, key: &str) -> String {
        if self.is_list {
            format!("escalate[{step}].{key}")
        } else {
            format!("escalate.{key}")
        }
    }

    /// What makes no sense: neither key has a default that is right for everybody, and steps go on in time.
    pub(crate) fn check(&self) -> Vec<Finding> {
        let mut wrong = Vec::new();
        if self.steps.is_empty() {
            let message =
                "has no step; write one such as { after = \"10m\", notify = [\"oncall\"] }, or leave it out";
            wrong.push(Finding::new("escalate", message));
        }
        if self.steps.len() > MAX_STEPS {
            let message = format!("has {} steps; keep at most {MAX_STEPS}", self.steps.len());
            wrong.push(Finding::new("escalate", message));
        }
        let mut longest = Duration::ZERO;
        for (i, step) in self.steps.iter().enumerate() {
            let after = step.after;
            if after.is_zero() {
                let message = "say how long after the alert, more than 0s, such as \"10m\"";
                wrong.push(Finding::new(self.path(i, "after"), message));
            } else if after <= longest {
                let [after, before] = [after, longest].map(humantime::format_duration);
                let message = format!(
                    "each step comes later than those before it, counted from the alert: {after} is not after {before}"
                );
                wrong.push(Finding::new(self.path(i, "after"), message));
            }
            longest = longest.max(after);
            if step.notify.is_empty() {
                let message = "say which channels to notify, such as [\"oncall\"]";
                wrong.push(Finding::new(self.path(i, "notify"), message));
            }
        }
        wrong
    }
}

impl<'de> Deserialize<'de> for Escalation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Escalation, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Escalation;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table with after and notify, or a list of such tables")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Escalation, A::Error> {
                let step = Escalate::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Escalation {
                    steps: vec![step],
                    is_list: false,
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Escalation, A::Error> {
                let steps = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(Escalation { steps, is_list: true })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Escalation {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Escalation".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let step = generator.subschema_for::<Escalate>();
        json_schema!({
            "oneOf": [step, { "type": "array", "items": step, "minItems": 1, "maxItems": MAX_STEPS }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(after: &str, notify: &[&str]) -> serde_json::Value {
        serde_json::json!({ "after": after, "notify": notify })
    }

    fn wrong(steps: serde_json::Value) -> Vec<String> {
        let escalation: Escalation = serde_json::from_value(steps).unwrap();
        escalation.check().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn steps_come_one_after_another() {
        let steps = serde_json::json!([step("10m", &["oncall"]), step("30m", &["phone"])]);
        let escalation: Escalation = serde_json::from_value(steps.clone()).unwrap();
        let after: Vec<u64> = escalation.steps.iter().map(|step| step.after.as_secs()).collect();
        assert_eq!((after, wrong(steps)), (vec![600, 1800], vec![]));
        let later = "each step comes later than those before it, counted from the alert";
        assert_eq!(
            wrong(serde_json::json!([
                step("10m", &["a"]),
                step("10m", &["b"]),
                step("5m", &[])
            ])),
            [
                format!("escalate[1].after: {later}: 10m is not after 10m"),
                format!("escalate[2].after: {later}: 5m is not after 10m"),
                "escalate[2].notify: say which channels to notify, such as [\"oncall\"]".to_owned(),
            ]
        );
        assert!(wrong(serde_json::json!([]))[0].starts_with("escalate: has no step"));
        let many: Vec<_> = (1..=11).map(|n| step(&format!("{n}m"), &["a"])).collect();
        assert_eq!(
            wrong(serde_json::json!(many)),
            ["escalate: has 11 steps; keep at most 10"]
        );
    }
}
