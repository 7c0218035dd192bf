//! A condition that is met by one value.

use std::sync::Arc;

use monitor_domain::{Finding, Kind, Language};
use monitor_rules::{
    Condition, ConditionSettings, Context, Lifetime, Number, RuleCommon, Signal, Situation, Timing,
};
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) const KIND: Kind<dyn ConditionSettings> = Kind {
    name: "exactly",
    doc: "`exactly = 42` alerts once while the value is that.",
    schema: ExactlySettings::json_schema,
    read: |table| Ok(Arc::new(ExactlySettings::deserialize(table)?)),
};

/// Its own keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExactlySettings {
    /// The value.
    exactly: f64,
    /// How far off it still counts.
    #[serde(default)]
    tolerance: f64,
}

#[derive(Debug)]
struct Exactly {
    value: f64,
    tolerance: f64,
}

impl ConditionSettings for ExactlySettings {
    fn condition(&self, _: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        if self.tolerance < 0.0 {
            let message = format!("must not be negative, not {}", self.tolerance);
            return Err(vec![Finding::new("tolerance", message)]);
        }
        Ok(Arc::new(Exactly {
            value: self.exactly,
            tolerance: self.tolerance,
        }))
    }
}

impl Condition for Exactly {
    fn name(&self) -> &'static str {
        KIND.name
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Level
    }

    fn judge(&self, context: &mut Context) -> Signal {
        if (context.value - self.value).abs() <= self.tolerance {
            Signal::Breach { from: context.value }
        } else {
            Signal::Clear
        }
    }

    fn reason(&self, context: &Context, situation: Situation, language: Language) -> String {
        format!("{}{}", Number(context.value), situation.tail(language))
    }

    fn describe(&self, _: Timing, _: Language) -> String {
        format!("exactly {}", Number(self.value))
    }
}
