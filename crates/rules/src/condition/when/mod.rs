//! `when = "value > avg(\"1h\") * 2"`: a condition that the config writes out, in the Common Expression Language (CEL).
//!
//! A text is parsed by the CEL crate and checked as a whole when the config is read; what is judged then is a tree of numbers
//! and truths that cannot fail but for what is not known. Of CEL it takes what such a condition is made of: numbers, all of
//! them doubles, comparisons, `&&`, `||`, `!`, `?:` and the names and functions below. No loops, so that its cost is that of
//! its length.

mod compile;
mod expression;
mod parse;
mod text;

use std::sync::Arc;

use monitor_domain::{Finding, Kind, Language};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Condition, ConditionSettings, Context, Lifetime, Signal, Timing};
use crate::common::RuleCommon;
use crate::flapping::Flapping;
use crate::history::{Lack, Need};
use crate::situation::Situation;

use expression::{Fact, Test};

/// The kind that the key `when` names.
pub(super) const KIND: Kind<dyn ConditionSettings> = Kind {
    name: "when",
    doc: "`when = 'value > avg(\"1h\") * 2'` alerts once while an expression is true, and recovers as soon as it is not. Where \
          something in it is not known, it neither alerts nor recovers.",
    schema: WhenSettings::json_schema,
    read: |table| Ok(Arc::new(WhenSettings::deserialize(table)?)),
};

/// Its own keys.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhenSettings {
    /// Alerts once while this is true: an expression (CEL) over `value`, `previous`, `delta`, `rate`, `age`, `ago("7d")`,
    /// `avg("1h")`, `min("1h")`, `max("1h")`, `abs(delta)` and `metric("y")`, the latest value of another metric.
    pub when: String,
    /// How many alerts within how long are flapping; none are by default.
    #[serde(default)]
    pub flapping: Option<Flapping>,
}

/// An expression that is true where it should not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// As it was written, on one line.
    text: String,
    test: Test,
    /// What it is about, each once, in the order of the text.
    facts: Vec<Fact>,
}

impl Expression {
    /// Reads and checks an expression.
    ///
    /// # Errors
    /// All that is wrong with it, each with its place in the text.
    pub fn parse(text: &str) -> Result<Expression, Vec<String>> {
        let (test, facts) = compile::compile(&parse::parse(text)?)?;
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(Expression {
            text: words.join(" "),
            test,
            facts,
        })
    }
}

impl ConditionSettings for WhenSettings {
    fn condition(&self, _: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        let flapping = self.flapping.iter().flat_map(Flapping::check);
        let mut wrong: Vec<Finding> = flapping.collect();
        match Expression::parse(&self.when) {
            Ok(when) if wrong.is_empty() => return Ok(Arc::new(when)),
            Ok(_) => {}
            Err(messages) => wrong.extend(messages.into_iter().map(|one| Finding::new(KIND.name, one))),
        }
        Err(wrong)
    }

    fn flapping(&self) -> Option<Flapping> {
        self.flapping
    }
}

impl Condition for Expression {
    fn name(&self) -> &'static str {
        KIND.name
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Level
    }

    fn judge(&self, context: &mut Context) -> Signal {
        match self.test.is_met(context) {
            Ok(true) => Signal::Breach {
                from: context.past.last.unwrap_or(0.0),
            },
            Ok(false) => Signal::Clear,
            Err(lack) => Signal::Unjudged(lack),
        }
    }

    fn reason(&self, context: &Context, situation: Situation, language: Language) -> String {
        text::reason(self, context, situation, language)
    }

    fn describe(&self, timing: Timing, language: Language) -> String {
        text::describe(&self.text, timing, language)
    }

    fn needs(&self) -> Vec<Need> {
        let mut needs: Vec<Need> = Vec::new();
        for need in self.facts.iter().filter_map(Fact::need) {
            if !needs.contains(&need) {
                needs.push(need);
            }
        }
        needs
    }
}

#[cfg(test)]
mod tests;
