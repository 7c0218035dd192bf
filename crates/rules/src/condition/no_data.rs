//! `no_data` alone: nothing but that the metric cannot be read.

use std::sync::Arc;

use monitor_domain::{Finding, Kind, Language};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Condition, ConditionSettings, Context, Lifetime, Past, Reference, Signal, Timing};
use crate::common::RuleCommon;
use crate::history::History;
use crate::situation::Situation;
use crate::text::{Number, zh_cn};

/// The kind that the key `no_data` names where no other does.
pub(super) const KIND: Kind<dyn ConditionSettings> = Kind {
    name: "no_data",
    doc: "`no_data = \"1m\"` alone alerts only when the metric cannot be read for so long. What is read does not matter.",
    schema: NoDataSettings::json_schema,
    read: |table| Ok(Arc::new(NoDataSettings::deserialize(table)?)),
};

/// It has no keys of its own: how long is said by the common key that names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoDataSettings {}

/// Alerts on no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoData;

impl ConditionSettings for NoDataSettings {
    fn condition(&self, common: &RuleCommon) -> Result<Arc<dyn Condition>, Vec<Finding>> {
        let set = [
            ("for", common.r#for.is_some()),
            ("keep_for", common.keep_for.is_some()),
        ];
        let wrong: Vec<Finding> = set
            .into_iter()
            .filter(|(_, is_set)| *is_set)
            .map(|(field, _)| Finding::new(field, "no_data says how long itself; remove it"))
            .collect();
        if wrong.is_empty() {
            Ok(Arc::new(NoData))
        } else {
            Err(wrong)
        }
    }
}

impl Condition for NoData {
    fn name(&self) -> &'static str {
        KIND.name
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Never
    }

    fn judge(&self, _: &mut Context) -> Signal {
        Signal::Clear
    }

    fn reason(&self, context: &Context, _: Situation, language: Language) -> String {
        let value = Number(context.value);
        match language {
            Language::English => format!("{value} was read"),
            Language::Chinese => format!("已读到 {value}"),
        }
    }

    fn describe(&self, timing: Timing, language: Language) -> String {
        match language {
            Language::English => format!("no data for {}", humantime::format_duration(timing.no_data)),
            Language::Chinese => format!("连续 {}没有数据时告警", zh_cn::span(timing.no_data)),
        }
    }

    fn reference(&self, _: &Past, _: &History) -> Reference {
        Reference::Nothing
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::condition::Memory;

    #[test]
    fn it_says_what_was_read() {
        let context = Context {
            value: 5.0,
            elapsed: Duration::ZERO,
            past: Past::default(),
            history: History::default(),
            memory: Memory::default(),
        };
        let reason = |language| NoData.reason(&context, Situation::Quiet, language);
        assert_eq!(reason(Language::English), "5 was read");
        assert_eq!(reason(Language::Chinese), "已读到 5");
    }

    #[test]
    fn spans_are_said_in_their_largest_parts() {
        let described = |millis| {
            let timing = Timing {
                no_data: Duration::from_millis(millis),
                ..Timing::default()
            };
            NoData.describe(timing, Language::Chinese)
        };
        assert_eq!(described(90_000), "连续 1 分 30 秒没有数据时告警");
        assert_eq!(described(120_000), "连续 2 分钟没有数据时告警");
        assert_eq!(described(90_061_000), "连续 1 天 1 小时 1 分 1 秒没有数据时告警");
        assert_eq!(described(1_500), "连续 1 秒 500 毫秒没有数据时告警");
        assert_eq!(described(0), "连续 0 秒没有数据时告警");
    }

    #[test]
    fn it_has_a_span_of_its_own_and_no_other() {
        let common = RuleCommon {
            r#for: Some(Duration::from_secs(1)),
            keep_for: Some(Duration::from_secs(1)),
            ..RuleCommon::default()
        };
        let wrong = NoDataSettings {}.condition(&common).unwrap_err();
        let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(
            wrong,
            [
                "for: no_data says how long itself; remove it",
                "keep_for: no_data says how long itself; remove it",
            ]
        );
    }
}
