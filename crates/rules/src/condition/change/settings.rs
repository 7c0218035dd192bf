//! The three kinds of change: the same keys, but for the one that names each.

use std::sync::Arc;

use monitor_domain::{Finding, Kind};
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::{Condition, ConditionSettings, not_finite};
use super::{Baseline, Change, Initial};
use crate::common::RuleCommon;

/// The kind that the key `rise` names.
pub(crate) const RISE: Kind<dyn ConditionSettings> = Kind {
    name: "rise",
    doc: "`rise = 1` alerts at each reading that is at least so much over the last. Each is an alert of its own; nothing \
          recovers.",
    schema: RiseSettings::json_schema,
    read: |table| Ok(Arc::new(RiseSettings::deserialize(table)?)),
};

/// The kind that the key `fall` names.
pub(crate) const FALL: Kind<dyn ConditionSettings> = Kind {
    name: "fall",
    doc: "`fall = 1` alerts at each reading that is at least so much under the last. Each is an alert of its own; nothing \
          recovers.",
    schema: FallSettings::json_schema,
    read: |table| Ok(Arc::new(FallSettings::deserialize(table)?)),
};

/// The kind that the key `change` names.
pub(crate) const CHANGE: Kind<dyn ConditionSettings> = Kind {
    name: "change",
    doc: "`change = 1` alerts at each reading that is at least so much over or under the last. Each is an alert of its \
          own; nothing recovers.",
    schema: ChangeSettings::json_schema,
    read: |table| Ok(Arc::new(ChangeSettings::deserialize(table)?)),
};

/// The keys of `rise`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiseSettings {
    /// Alerts when the value is at least this much over the baseline.
    pub rise: f64,
    /// What the value is compared with: `last`, the last reading, by default, or `last_alert`, the value last alerted on.
    #[serde(default)]
    pub baseline: Baseline,
    /// Whether the first reading counts from zero, `count_from_zero`, the default, or is learnt silently.
    #[serde(default)]
    pub initial: Initial,
}

/// The keys of `fall`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FallSettings {
    /// Alerts when the value is at least this much under the baseline.
    pub fall: f64,
    /// What the value is compared with: `last`, the last reading, by default, or `last_alert`, the value last alerted on.
    #[serde(default)]
    pub baseline: Baseline,
    /// Whether the first reading counts from zero, `count_from_zero`, the default, or is learnt silently.
    #[serde(default)]
    pub initial: Initial,
}

/// The keys of `change`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSettings {
    /// Alerts when the value is at least this much away from the baseline.
    pub change: f64,
    /// What the value is compared with: `last`, the last reading, by default, or `last_alert`, the value last alerted on.
    #[serde(default)]
    pub baseline: Baseline,
    /// Whether the first reading counts from zero, `count_from_zero`, the default, or is learnt silently.
    #[serde(default)]
    pub initial: Initial,
}

impl RiseSettings {
    /// By at least this, and no other key.
    pub fn new(by: f64) -> RiseSettings {
        RiseSettings {
            rise: by,
            baseline: Baseline::default(),
            initial: Initial::default(),
        }
    }
}

impl ConditionSettings for RiseSettings {
    fn condition(&self, _: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        checked(Change::rise(self.rise), self.baseline, self.initial)
    }
}

impl ConditionSettings for FallSettings {
    fn condition(&self, _: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        checked(Change::fall(self.fall), self.baseline, self.initial)
    }
}

impl ConditionSettings for ChangeSettings {
    fn condition(&self, _: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        checked(Change::either(self.change), self.baseline, self.initial)
    }
}

/// The change, if its step can work.
fn checked(change: Change, baseline: Baseline, initial: Initial) -> Result<Arc<dyn Condition>, Vec<Finding>> {
    let (field, by) = (change.name(), change.by);
    if let Some(wrong) = not_finite(field, by) {
        return Err(vec![wrong]);
    }
    if by <= 0.0 {
        let message = format!("must be more than 0 (the least {field} that alerts), not {by}");
        return Err(vec![Finding::new(field, message)]);
    }
    Ok(Arc::new(Change {
        baseline,
        initial,
        ..change
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_more_than_nothing() {
        let wrong = |by| {
            let wrong = RiseSettings::new(by)
                .condition(&RuleCommon::default())
                .unwrap_err();
            wrong[0].to_string()
        };
        assert_eq!(
            wrong(0.0),
            "rise: must be more than 0 (the least rise that alerts), not 0"
        );
        assert_eq!(wrong(f64::NAN), "rise: NaN is not a number to compare with");
    }

    #[test]
    fn each_kind_reads_its_own_key() {
        for (kind, expected) in [
            (RISE, Change::rise(2.0)),
            (FALL, Change::fall(2.0)),
            (CHANGE, Change::either(2.0)),
        ] {
            let text = format!(
                "{{ {} = 2, baseline = \"last_alert\", initial = \"learn\" }}",
                kind.name
            );
            let settings = (kind.read)(monitor_domain::TableDeserializer::parse(&text).unwrap()).unwrap();
            let condition = settings.condition(&RuleCommon::default()).unwrap();
            let expected = Change {
                baseline: Baseline::LastAlert,
                initial: Initial::Learn,
                ..expected
            };
            assert_eq!(*condition, expected);
        }
    }
}
