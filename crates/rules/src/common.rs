//! The keys of an `alert = { … }` table that go with every condition.

use std::time::Duration;

use monitor_domain::Finding;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::escalation::Escalation;

/// What every rule may have beside its condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleCommon {
    /// How long the condition must hold before it alerts; at once by default. A failed reading in between does not count
    /// and does not begin anew.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "Option<String>")]
    pub r#for: Option<Duration>,
    /// How long the value must be clear before it recovers; at once by default. Where nothing recovers: how long an alert
    /// goes on showing as firing without another one.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "Option<String>")]
    pub keep_for: Option<Duration>,
    /// How long without a good reading until the metric turns to *no data*; six intervals by default.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "Option<String>")]
    pub no_data: Option<Duration>,
    /// How often to remind while an alert is open and nobody acknowledged it; never by default.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "Option<String>")]
    pub repeat: Option<Duration>,
    /// Which further channels to notify, and after how long, while nobody acknowledged: a table, or a list of them, one for
    /// each step; none by default.
    pub escalate: Option<Escalation>,
}

impl RuleCommon {
    /// What makes no sense in these values: the key and what to write instead.
    pub fn check(&self) -> Vec<Finding> {
        let mut wrong = Vec::new();
        let durations = [
            ("for", self.r#for),
            ("keep_for", self.keep_for),
            ("no_data", self.no_data),
            ("repeat", self.repeat),
        ];
        for (field, duration) in durations {
            if duration == Some(Duration::ZERO) {
                let message = "must be longer than 0s; leave it out for the default";
                wrong.push(Finding::new(field, message));
            }
        }
        wrong.extend(self.escalate.iter().flat_map(Escalation::check));
        wrong
    }
}
