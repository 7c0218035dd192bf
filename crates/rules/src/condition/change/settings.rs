//! The three kinds of change: the same keys, but for the one that names each.

use std::sync::Arc;
use std::time::Duration;

use monitor_domain::{Finding, Kind};
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::{Condition, ConditionSettings, not_finite};
use super::{Baseline, Change, Initial, Step};
use crate::common::RuleCommon;

/// The kind that the key `rise` names.
pub(crate) const RISE: Kind<dyn ConditionSettings> = Kind {
    name: "rise",
    doc: "`rise = 1` alerts at each reading that is at least so much over the last, and `rise = \"20%\"` at each that is so \
          many percent over it. With `within = \"1h\"` it is the lowest reading of the last hour that counts. Each is an alert of \
          its own; nothing recovers.",
    schema: RiseSettings::json_schema,
    read: |table| Ok(Arc::new(RiseSettings::deserialize(table)?)),
};

/// The kind that the key `fall` names.
pub(crate) const FALL: Kind<dyn ConditionSettings> = Kind {
    name: "fall",
    doc: "`fall = 1` alerts at each reading that is at least so much under the last, and `fall = \"20%\"` at each that is so \
          many percent under it. With `within = \"1h\"` it is the highest reading of the last hour that counts. Each is an alert of \
          its own; nothing recovers.",
    schema: FallSettings::json_schema,
    read: |table| Ok(Arc::new(FallSettings::deserialize(table)?)),
};

/// The kind that the key `change` names.
pub(crate) const CHANGE: Kind<dyn ConditionSettings> = Kind {
    name: "change",
    doc: "`change = 1` alerts at each reading that is at least so much over or under the last, and `change = \"20%\"` at each \
          that is so many percent over or under it. With `within = \"1h\"` it is the lowest and the highest reading of the \
          last hour that count. Each is an alert of its own; nothing recovers.",
    schema: ChangeSettings::json_schema,
    read: |table| Ok(Arc::new(ChangeSettings::deserialize(table)?)),
};

/// The keys of `rise`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiseSettings {
    /// Alerts when the value is at least this much over the baseline: a number, or a percentage of its size such as `"20%"`. From 0 every
    /// rise counts, since it has no percentage.
    pub rise: Step,
    /// What the value is compared with: `last`, the last reading, by default, or `last_alert`, the value last alerted on.
    #[serde(default)]
    pub baseline: Baseline,
    /// Whether the first reading counts from zero, `count_from_zero`, the default, or is learnt silently.
    #[serde(default)]
    pub initial: Initial,
    /// Compares with the lowest reading (a fall with the highest) of so long before this one, and since the last alert,
    /// instead of with the last; where nothing was read in that time, with the last. Not with `baseline = "last_alert"`.
    #[serde(default, with = "humantime_serde")]
    #[schemars(with = "Option<String>")]
    pub within: Option<Duration>,
}

/// The keys of `fall`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FallSettings {
    /// Alerts when the value is at least this much under the baseline: a number, or a percentage of its size such as `"20%"`. From 0
    /// every fall counts, since it has no percentage.
    pub fall: Step,
    /// What the value is compared with: `last`, the last reading, by default, or `last_alert`, the value last alerted on.
    #[serde(default)]
    pub baseline: Baseline,
    /// Whether the first reading counts from zero, `count_from_zero`, the default, or is learnt silently.
    #[serde(default)]
    pub initial: Initial,
    /// Compares with the lowest reading (a fall with the highest) of so long before this one, and since the last alert,
    /// instead of with the last; where nothing was read in that time, with the last. Not with `baseline = "last_alert"`.
    #[serde(default, with = "humantime_serde")]
    #[schemars(with = "Option<String>")]
    pub within: Option<Duration>,
}

/// The keys of `change`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSettings {
    /// Alerts when the value is at least this much away from the baseline: a number, or a percentage of its size such as `"20%"`. From 0
    /// every change counts, since it has no percentage.
    pub change: Step,
    /// What the value is compared with: `last`, the last reading, by default, or `last_alert`, the value last alerted on.
    #[serde(default)]
    pub baseline: Baseline,
    /// Whether the first reading counts from zero, `count_from_zero`, the default, or is learnt silently.
    #[serde(default)]
    pub initial: Initial,
    /// Compares with the lowest reading (a fall with the highest) of so long before this one, and since the last alert,
    /// instead of with the last; where nothing was read in that time, with the last. Not with `baseline = "last_alert"`.
    #[serde(default, with = "humantime_serde")]
    #[schemars(with = "Option<String>")]
    pub within: Option<Duration>,
}

impl RiseSettings {
    /// By at least this, and no other key.
    pub fn new(by: impl Into<Step>) -> RiseSettings {
        RiseSettings {
            rise: by.into(),
            baseline: Baseline::default(),
            initial: Initial::default(),
            within: None,
        }
    }
}

impl ConditionSettings for RiseSettings {
    fn condition(&self, _: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        checked(Change {
            baseline: self.baseline,
            initial: self.initial,
            within: self.within,
            ..Change::rise(self.rise)
        })
    }
}

impl ConditionSettings for FallSettings {
    fn condition(&self, _: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        checked(Change {
            baseline: self.baseline,
            initial: self.initial,
            within: self.within,
            ..Change::fall(self.fall)
        })
    }
}

impl ConditionSettings for ChangeSettings {
    fn condition(&self, _: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        checked(Change {
            baseline: self.baseline,
            initial: self.initial,
            within: self.within,
            ..Change::either(self.change)
        })
    }
}

/// The change, if its step and span can work.
fn checked(change: Change) -> Result<Arc<dyn Condition>, Vec<Finding>> {
    let (field, by) = (change.name(), change.by.number());
    let mut wrong: Vec<Finding> = not_finite(field, by).into_iter().collect();
    if by <= 0.0 {
        let message = format!("must be more than 0 (the least {field} that alerts), not {by}");
        wrong.push(Finding::new(field, message));
    }
    if change.within == Some(Duration::ZERO) {
        let message = "must be longer than 0s; leave it out to compare with the last reading";
        wrong.push(Finding::new("within", message));
    }
    if change.within.is_some() && change.baseline == Baseline::LastAlert {
        let message = "already counts from the last alert where that was within the span; leave out baseline";
        wrong.push(Finding::new("within", message));
    }
    if wrong.is_empty() {
        Ok(Arc::new(change))
    } else {
        Err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_more_than_nothing() {
        let wrong = |by: Step| {
            let wrong = RiseSettings::new(by)
                .condition(&RuleCommon::default())
                .unwrap_err();
            wrong[0].to_string()
        };
        assert_eq!(
            wrong(Step::Amount(0.0)),
            "rise: must be more than 0 (the least rise that alerts), not 0"
        );
        assert_eq!(
            wrong(Step::Amount(f64::NAN)),
            "rise: NaN is not a number to compare with"
        );
        assert_eq!(
            wrong(Step::Percent(-20.0)),
            "rise: must be more than 0 (the least rise that alerts), not -20"
        );
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

    #[test]
    fn a_span_is_longer_than_nothing_and_no_further_baseline() {
        let wrong = |within, baseline| {
            let settings = RiseSettings {
                within: Some(Duration::from_secs(within)),
                baseline,
                ..RiseSettings::new(Step::Percent(20.0))
            };
            let wrong = settings.condition(&RuleCommon::default()).err();
            wrong.map(|wrong| wrong[0].to_string())
        };
        assert_eq!(wrong(60, Baseline::Last), None);
        let zero = "within: must be longer than 0s; leave it out to compare with the last reading";
        assert_eq!(wrong(0, Baseline::Last).as_deref(), Some(zero));
        let both = wrong(60, Baseline::LastAlert).unwrap();
        assert!(both.ends_with("leave out baseline"), "{both}");
    }
}
