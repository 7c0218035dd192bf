//! `outside = [5, 100]`: less than one threshold or more than another.

use std::sync::Arc;

use monitor_domain::{Finding, Kind};
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::{Condition, ConditionSettings};
use super::{Level, checked};
use crate::common::RuleCommon;
use crate::flapping::Flapping;

/// The kind that the key `outside` names.
pub(crate) const KIND: Kind<dyn ConditionSettings> = Kind {
    name: "outside",
    doc: "`outside = [5, 100]` alerts once while the value is less than the first or more than the second; both themselves \
          are still fine. On whichever side it left, it is one excursion until it is back. With `clear_above` and \
          `clear_below` it recovers only above the one and below the other.",
    schema: OutsideSettings::json_schema,
    read: |table| Ok(Arc::new(OutsideSettings::deserialize(table)?)),
};

/// Its own keys.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutsideSettings {
    /// Alerts once while the value is less than the first or more than the second.
    pub outside: [f64; 2],
    /// Recovers only above this; the lower threshold by default.
    #[serde(default)]
    pub clear_above: Option<f64>,
    /// Recovers only below this; the upper threshold by default.
    #[serde(default)]
    pub clear_below: Option<f64>,
    /// How many alerts within how long are flapping; none are by default.
    #[serde(default)]
    pub flapping: Option<Flapping>,
}

impl OutsideSettings {
    /// Outside of `low` to `high`, and no other key.
    pub fn new(low: f64, high: f64) -> OutsideSettings {
        OutsideSettings {
            outside: [low, high],
            clear_above: None,
            clear_below: None,
            flapping: None,
        }
    }
}

impl ConditionSettings for OutsideSettings {
    fn condition(&self, _: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        let [low, high] = self.outside;
        let level = Level::outside(low, high)
            .clear_above(self.clear_above)
            .clear_below(self.clear_below);
        checked(level, self.flapping)
    }

    fn flapping(&self) -> Option<Flapping> {
        self.flapping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(settings: &OutsideSettings) -> Vec<String> {
        let wrong = settings.condition(&RuleCommon::default()).unwrap_err();
        wrong.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_clears_must_exist() {
        assert_eq!(
            wrong(&OutsideSettings::new(5.0, 5.0)),
            ["outside: the first must be under the second: 5 is not under 5"]
        );
        let never = OutsideSettings {
            clear_above: Some(8.0),
            clear_below: Some(5.0),
            ..OutsideSettings::new(0.0, 10.0)
        };
        assert_eq!(
            wrong(&never),
            ["clear_below: nothing is both over 8 and under 5: it would never recover"]
        );
    }
}
