//! A kind of condition in one file: `stuck = 3` is met once the same value was read so many times in a row.

use std::sync::Arc;

use monitor_domain::{Finding, Kind, Language};
use monitor_rules::{
    Condition, ConditionSettings, Context, Lifetime, Number, RuleCommon, Signal, Situation, Timing,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// Its entry in a list of kinds.
pub(crate) const KIND: Kind<dyn ConditionSettings> = Kind {
    name: "stuck",
    doc: "`stuck = 3` alerts once the same value was read so many times in a row, until another is.",
    schema: StuckSettings::json_schema,
    read: |table| Ok(Arc::new(StuckSettings::deserialize(table)?)),
};

/// Its own keys. The one that is named as the kind chooses it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StuckSettings {
    /// How many times.
    stuck: u64,
    /// A value at which it may stay.
    #[serde(default)]
    idle: Option<f64>,
}

#[derive(Debug)]
struct Stuck {
    times: u64,
    idle: Option<f64>,
}

impl ConditionSettings for StuckSettings {
    fn condition(&self, common: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        if self.stuck < 2 {
            return Err(vec![Finding::new("stuck", "must be at least 2")]);
        }
        if common.r#for.is_some() {
            let message = "stuck says how often itself; remove it";
            return Err(vec![Finding::new("for", message)]);
        }
        Ok(Arc::new(Stuck {
            times: self.stuck,
            idle: self.idle,
        }))
    }
}

impl Stuck {
    /// How often the value before was read, in a row.
    fn times(context: &Context) -> u64 {
        let kept = context.memory.recall();
        kept.and_then(serde_json::Value::as_u64).unwrap_or(0)
    }
}

impl Condition for Stuck {
    fn name(&self) -> &'static str {
        KIND.name
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Level
    }

    fn judge(&self, context: &mut Context) -> Signal {
        let is_same = context.past.last == Some(context.value);
        let times = if is_same { Stuck::times(context) + 1 } else { 1 };
        context.memory.keep(times);
        if times >= self.times && self.idle != Some(context.value) {
            Signal::Breach { from: context.value }
        } else {
            Signal::Clear
        }
    }

    fn reason(&self, context: &Context, situation: Situation, language: Language) -> String {
        let (value, times) = (Number(context.value), Stuck::times(context));
        let tail = situation.tail(language);
        match language {
            Language::English => format!("{value} was read {times} times in a row{tail}"),
            Language::Chinese => format!("连续 {times} 次读到 {value}{tail}"),
        }
    }

    fn describe(&self, _: Timing, language: Language) -> String {
        match language {
            Language::English => format!("stuck for {} readings", self.times),
            Language::Chinese => format!("连续 {} 次读数相同时告警", self.times),
        }
    }
}
