//! `below = 5`: less than a threshold.

use std::sync::Arc;

use monitor_domain::{Finding, Kind};
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::{Condition, ConditionSettings};
use super::{Level, checked};
use crate::common::RuleCommon;
use crate::flapping::Flapping;

/// The kind that the key `below` names.
pub(crate) const KIND: Kind<dyn ConditionSettings> = Kind {
    name: "below",
    doc: "`below = 5` alerts once while the value is less than that; 5 itself is still fine. It recovers as soon as the value \
          is not below 5, or with `clear_above = 10` only once it is above 10.",
    schema: BelowSettings::json_schema,
    read: |table| Ok(Arc::new(BelowSettings::deserialize(table)?)),
};

/// Its own keys.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BelowSettings {
    /// Alerts once while the value is less than this.
    pub below: f64,
    /// Recovers only above this; the threshold by default.
    #[serde(default)]
    pub clear_above: Option<f64>,
    /// How many alerts within how long are flapping; none are by default.
    #[serde(default)]
    pub flapping: Option<Flapping>,
}

impl BelowSettings {
    /// Below this, and no other key.
    pub fn new(threshold: f64) -> BelowSettings {
        BelowSettings {
            below: threshold,
            clear_above: None,
            flapping: None,
        }
    }
}

impl ConditionSettings for BelowSettings {
    fn condition(&self, _: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        checked(
            Level::below(self.below).clear_above(self.clear_above),
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
    fn it_clears_over_its_threshold() {
        let condition = |clear_above| {
            let settings = BelowSettings {
                clear_above: Some(clear_above),
                ..BelowSettings::new(5.0)
            };
            settings.condition(&RuleCommon::default())
        };
        assert_eq!(
            condition(4.0).unwrap_err()[0].to_string(),
            "clear_above: must be over the threshold: 4 is not over 5; or leave it out"
        );
        assert_eq!(*condition(6.0).unwrap(), Level::below(5.0).clear_above(6.0));
    }
}
