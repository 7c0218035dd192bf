//! `above = 100`: more than a threshold.

use std::sync::Arc;

use monitor_domain::{Finding, Kind};
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::{Condition, ConditionSettings};
use super::{Level, checked};
use crate::common::RuleCommon;
use crate::flapping::Flapping;

/// The kind that the key `above` names.
pub(crate) const KIND: Kind<dyn ConditionSettings> = Kind {
    name: "above",
    doc: "`above = 100` alerts once while the value is more than that; 100 itself is still fine. It recovers as soon as the \
          value is not above 100, or with `clear_below = 90` only once it is below 90.",
    schema: AboveSettings::json_schema,
    read: |table| Ok(Arc::new(AboveSettings::deserialize(table)?)),
};

/// Its own keys.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AboveSettings {
    /// Alerts once while the value is more than this.
    pub above: f64,
    /// Recovers only below this; the threshold by default.
    #[serde(default)]
    pub clear_below: Option<f64>,
    /// How many alerts within how long are flapping; none are by default.
    #[serde(default)]
    pub flapping: Option<Flapping>,
}

impl AboveSettings {
    /// Above this, and no other key.
    pub fn new(threshold: f64) -> AboveSettings {
        AboveSettings {
            above: threshold,
            clear_below: None,
            flapping: None,
        }
    }
}

impl ConditionSettings for AboveSettings {
    fn condition(&self, _: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        checked(
            Level::above(self.above).clear_below(self.clear_below),
            self.flapping,
        )
    }

    fn flapping(&self) -> Option<Flapping> {
        self.flapping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_clears_under_its_threshold() {
        let condition = |clear_below| {
            let settings = AboveSettings {
                clear_below: Some(clear_below),
                ..AboveSettings::new(100.0)
            };
            settings.condition(&RuleCommon::default())
        };
        assert_eq!(
            condition(100.0).unwrap_err()[0].to_string(),
            "clear_below: must be under the threshold: 100 is not under 100; or leave it out"
        );
        assert_eq!(*condition(90.0).unwrap(), Level::above(100.0).clear_below(90.0));
        let infinite = AboveSettings::new(f64::INFINITY).condition(&RuleCommon::default());
        assert_eq!(
            infinite.unwrap_err()[0].to_string(),
            "above: inf is not a number to compare with"
        );
    }
}
