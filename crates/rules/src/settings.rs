//! The `alert = { … }` table of a metric, and its way to a checked [`Rule`]: which condition its keys name, and which keys
//! are whose.

use std::sync::Arc;
use std::time::Duration;

use monitor_domain::{Finding, Kind, TableDeserializer, TableError, keys_of};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Table;
use toml::de::DeTable;

use crate::common::RuleCommon;
use crate::condition::{ConditionSettings, KINDS};
use crate::rule::Rule;

/// How many intervals without a good reading make "no data" where the rule sets no `no_data`.
const NO_DATA_INTERVALS: u32 = 6;

/// A kind of condition.
type ConditionKind = Kind<dyn ConditionSettings>;

/// A rule as it is written in the config: the keys of its condition, and those that go with every one.
#[derive(Clone, Debug)]
pub struct RuleSettings {
    /// The keys that go with every condition.
    pub common: RuleCommon,
    /// The keys of its own.
    pub condition: Arc<dyn ConditionSettings>,
}

impl RuleSettings {
    /// This condition and no common key.
    pub fn new(condition: impl ConditionSettings + 'static) -> RuleSettings {
        RuleSettings {
            common: RuleCommon::default(),
            condition: Arc::new(condition),
        }
    }

    /// Reads and checks a table on its own, with a condition of one of these kinds. The settings of the whole program are
    /// read with their places instead, from the same parts.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn read(table: &Table, kinds: &[ConditionKind]) -> Result<RuleSettings, Vec<Finding>> {
        let keys: Vec<&str> = table.keys().map(String::as_str).collect();
        let common_keys = keys_of::<RuleCommon>();
        let (common, own): (Table, Table) = table
            .clone()
            .into_iter()
            .partition(|(key, _)| common_keys.contains(key));
        let mut wrong = Vec::new();
        let common = part(&common, |table| RuleCommon::deserialize(table), &mut wrong);
        wrong.extend(common.iter().flat_map(RuleCommon::check));
        let kind = condition_of(&keys, kinds).map_err(|none| {
            let is_unknown = |key: &&String| !kinds.iter().any(|kind| kind.keys().contains(key));
            let unknown = own.keys().filter(is_unknown);
            wrong.extend(unknown.map(|key| Finding::new(key.clone(), "there is no such key")));
            wrong.extend(none);
        });
        let condition = kind.ok().and_then(|kind| {
            let foreign = foreign_keys(&keys, kind, kinds);
            let is_foreign = |key: &str| foreign.iter().any(|one| one.field == *key);
            let own = own.into_iter().filter(|(key, _)| !is_foreign(key)).collect();
            wrong.extend(foreign.iter().cloned());
            part(&own, kind.read, &mut wrong)
        });
        if let (Some(common), Some(condition)) = (&common, &condition)
            && let Err(more) = condition.condition(common)
        {
            wrong.extend(more);
        }
        match (common, condition) {
            (Some(common), Some(condition)) if wrong.is_empty() => Ok(RuleSettings { common, condition }),
            _ => Err(wrong),
        }
    }

    /// The checked rule for a metric read every `interval`.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn rule(&self, interval: Duration) -> Result<Rule, Vec<Finding>> {
        let common = &self.common;
        let mut wrong = common.check();
        match self.condition.condition(common) {
            Ok(condition) if wrong.is_empty() => Ok(Rule {
                condition,
                hold: common.r#for.unwrap_or_default(),
                keep_for: common.keep_for.unwrap_or_default(),
                no_data: common
                    .no_data
                    .unwrap_or_else(|| interval.saturating_mul(NO_DATA_INTERVALS)),
                repeat: common.repeat,
                escalate: common.escalate.clone(),
                flapping: self.condition.flapping(),
                language: monitor_domain::Language::default(),
            }),
            Ok(_) => Err(wrong),
            Err(more) => {
                wrong.extend(more);
                Err(wrong)
            }
        }
    }
}

impl<'de> Deserialize<'de> for RuleSettings {
    /// Read and checked, with the kinds that this crate has.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RuleSettings, D::Error> {
        let table = Table::deserialize(deserializer)?;
        RuleSettings::read(&table, KINDS).map_err(|wrong| {
            let wrong: Vec<String> = wrong.iter().map(said).collect();
            D::Error::custom(wrong.join("; "))
        })
    }
}

/// The kind that the keys of a table name by a key of its own: none where a table has common keys only.
///
/// # Errors
/// The keys of further kinds, where there are several.
pub fn condition_named<'k, K: AsRef<str>>(
    keys: &[K],
    kinds: &'k [ConditionKind],
) -> Result<Option<&'k ConditionKind>, Vec<Finding>> {
    let common = keys_of::<RuleCommon>();
    let named: Vec<&ConditionKind> = kinds
        .iter()
        .filter(|kind| has(keys, kind.name) && !common.iter().any(|key| key == kind.name))
        .collect();
    if named.len() < 2 {
        return Ok(named.first().copied());
    }
    let names: Vec<&str> = named.iter().map(|kind| kind.name).collect();
    let message = format!(
        "a rule has one condition, and this one has {}; keep one, or make a metric for each",
        names.join(" and ")
    );
    Err(names[1..]
        .iter()
        .map(|name| Finding::new(*name, message.clone()))
        .collect())
}

/// The kind that the keys of a table name, also by a common key where there is no other, as `no_data` alone does.
///
/// # Errors
/// The keys of further kinds, where there are several; what could be set, where there is none.
pub fn condition_of<'k, K: AsRef<str>>(
    keys: &[K],
    kinds: &'k [ConditionKind],
) -> Result<&'k ConditionKind, Vec<Finding>> {
    let named = condition_named(keys, kinds)?;
    named
        .or_else(|| kinds.iter().find(|kind| has(keys, kind.name)))
        .ok_or_else(|| {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
            let message = format!("no condition; set one of {}", names.join(", "));
            vec![Finding::new("", message)]
        })
}

/// The keys of a table that are for conditions of other kinds than its own.
pub fn foreign_keys<K: AsRef<str>>(
    keys: &[K],
    kind: &ConditionKind,
    kinds: &[ConditionKind],
) -> Vec<Finding> {
    let allowed: Vec<String> = keys_of::<RuleCommon>().into_iter().chain(kind.keys()).collect();
    keys.iter()
        .map(AsRef::as_ref)
        .filter(|key| !allowed.iter().any(|one| one == key))
        .filter_map(|key| {
            let takes = |kind: &&ConditionKind| kind.keys().iter().any(|one| one == key);
            let names: Vec<&str> = kinds.iter().filter(takes).map(|kind| kind.name).collect();
            let (last, others) = names.split_last()?;
            let names = match others {
                [] => (*last).to_owned(),
                others => format!("{} or {last}", others.join(", ")),
            };
            let message = format!("goes with {names} only; remove it");
            Some(Finding::new(key.to_owned(), message))
        })
        .collect()
}

fn has<K: AsRef<str>>(keys: &[K], name: &str) -> bool {
    keys.iter().any(|key| key.as_ref() == name)
}

/// Reads a part of a table.
fn part<T>(
    table: &Table,
    read: impl FnOnce(TableDeserializer<'_>) -> Result<T, TableError>,
    wrong: &mut Vec<Finding>,
) -> Option<T> {
    // A kind reads what is written, so this is written again.
    let text = toml::Value::Table(table.clone()).to_string();
    let read = TableDeserializer::parse(&text).and_then(read);
    read.map_err(|error| wrong.push(finding(&text, &error))).ok()
}

/// An error, with the key at whose value it is.
fn finding(text: &str, error: &TableError) -> Finding {
    let key = error.span().and_then(|span| {
        let whole = format!("t = {text}");
        let offset = span.start + whole.len() - text.len();
        let table = DeTable::parse(&whole).ok()?.into_inner();
        let inner = table.get("t")?.get_ref().as_table()?;
        let mut keys = inner.iter();
        let (key, _) =
            keys.find(|(key, value)| key.span().contains(&offset) || value.span().contains(&offset))?;
        Some(key.get_ref().to_string())
    });
    Finding::new(key.unwrap_or_default(), error.message())
}

/// As a part of a sentence: what is about the whole has no field.
fn said(finding: &Finding) -> String {
    match finding.field.as_ref() {
        "" => finding.message.clone(),
        _ => finding.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{Level, NoData};

    const INTERVAL: Duration = Duration::from_secs(10);

    fn parse(json: serde_json::Value) -> Rule {
        let settings: RuleSettings = serde_json::from_value(json).unwrap();
        settings.rule(INTERVAL).unwrap()
    }

    fn errors(json: serde_json::Value) -> Vec<String> {
        let table: Table = serde_json::from_value(json).unwrap();
        let wrong = RuleSettings::read(&table, KINDS).unwrap_err();
        wrong.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_full_rule_is_read() {
        let json = serde_json::json!({ "above": 100, "clear_below": 90, "for": "30s", "keep_for": "1m", "repeat": "1h" });
        let rule = parse(json);
        assert_eq!(*rule.condition, Level::above(100.0).clear_below(90.0));
        assert_eq!(rule.hold, Duration::from_secs(30));
        assert_eq!(rule.keep_for, Duration::from_secs(60));
        assert_eq!(rule.no_data, Duration::from_secs(60), "six intervals");
        assert_eq!(rule.repeat, Some(Duration::from_secs(3600)));
    }

    #[test]
    fn no_data_alone_is_a_condition() {
        let rule = parse(serde_json::json!({ "no_data": "2m" }));
        let expected = Rule {
            no_data: Duration::from_secs(120),
            ..Rule::new(NoData)
        };
        assert_eq!(rule, expected);
        let keys = ["no_data", "for"];
        assert!(condition_named(&keys, KINDS).unwrap().is_none());
        let above = condition_named(&["no_data", "above"], KINDS).unwrap();
        assert_eq!(above.map(|kind| kind.name), Some("above"));
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let found = errors(
            serde_json::json!({ "above": 100, "clear_below": 100, "for": "0s", "baseline": "last_alert" }),
        );
        assert_eq!(
            found,
            [
                "for: must be longer than 0s; leave it out for the default",
                "baseline: goes with rise, fall or change only; remove it",
                "clear_below: must be under the threshold: 100 is not under 100; or leave it out",
            ]
        );
    }

    #[test]
    fn exactly_one_condition() {
        let found = errors(serde_json::json!({}));
        assert_eq!(found.len(), 1);
        let expected = ": no condition; set one of rise, fall, change, above, below, outside, when, no_data";
        assert!(found[0].starts_with(expected), "{found:?}");
        let found = errors(serde_json::json!({ "rise": 1, "above": 3 }));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("above: a rule has one condition, and this one has rise and above"),
            "{found:?}"
        );
        assert_eq!(
            errors(serde_json::json!({ "whenever": "value > 3" }))[0],
            "whenever: there is no such key"
        );
    }

    #[test]
    fn numbers_that_can_never_work_are_refused() {
        assert!(errors(serde_json::json!({ "rise": 0 }))[0].contains("more than 0"));
        assert!(errors(serde_json::json!({ "outside": [5, 5] }))[0].contains("under the second"));
        let found = errors(serde_json::json!({ "outside": [0, 10], "clear_above": 8, "clear_below": 5 }));
        assert!(found[0].contains("never recover"), "{found:?}");
        assert!(errors(serde_json::json!({ "rise": 1, "clear_below": 1 }))[0].contains("goes with above"));
    }

    #[test]
    fn keys_that_are_unknown_or_of_another_type_are_refused_by_name() {
        let found = errors(serde_json::json!({ "rise": 1, "bselin": "last", "for": 5, "repeat": "1h" }));
        assert!(found[0].starts_with("for: invalid type"), "{found:?}");
        assert!(
            found[1].starts_with("bselin: unknown field `bselin`"),
            "{found:?}"
        );
        let found = errors(serde_json::json!({ "outside": [1, "x"] }));
        assert!(found[0].starts_with("outside: invalid type"), "{found:?}");
        let error = serde_json::from_value::<RuleSettings>(serde_json::json!({ "raise": 1 }));
        let error = error.unwrap_err().to_string();
        let expected = "raise: there is no such key; no condition; set one of rise";
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn an_escalation_says_after_how_long_and_to_whom() {
        let escalate = serde_json::json!({ "after": "10m", "notify": ["oncall"] });
        let escalate = parse(serde_json::json!({ "rise": 1, "escalate": escalate }))
            .escalate
            .unwrap();
        assert_eq!(escalate.steps.len(), 1);
        assert_eq!(escalate.steps[0].after, Duration::from_secs(600));
        assert_eq!(escalate.steps[0].notify, ["oncall"]);
        let (after, notify) = (
            "escalate.after: say how long after the alert, more than 0s, such as \"10m\"",
            "escalate.notify: say which channels to notify, such as [\"oncall\"]",
        );
        let found = |escalate| errors(serde_json::json!({ "rise": 1, "escalate": escalate }));
        assert_eq!(found(serde_json::json!({})), [after, notify]);
        assert_eq!(found(serde_json::json!({ "after": "10m" })), [notify]);
        assert_eq!(found(serde_json::json!({ "notify": ["oncall"] })), [after]);
        assert_eq!(
            found(serde_json::json!({ "after": "0s", "notify": [] })),
            [after, notify]
        );
        let unknown = found(serde_json::json!({ "afer": "10m" }));
        assert!(
            unknown[0].starts_with("escalate: unknown field `afer`"),
            "{unknown:?}"
        );
    }

    #[test]
    fn flapping_goes_with_levels() {
        let flapping = serde_json::json!({ "alerts": 5, "within": "10m" });
        for level in [
            serde_json::json!({ "above": 1, "flapping": flapping }),
            serde_json::json!({ "below": 1, "flapping": flapping }),
            serde_json::json!({ "outside": [0, 1], "flapping": flapping }),
            serde_json::json!({ "when": "value > 1", "flapping": flapping }),
        ] {
            let flapping = parse(level).flapping.unwrap();
            assert_eq!((flapping.alerts, flapping.within), (5, Duration::from_secs(600)));
        }
        for other in [
            serde_json::json!({ "rise": 1, "flapping": flapping }),
            serde_json::json!({ "no_data": "1m", "flapping": flapping }),
        ] {
            assert_eq!(
                errors(other),
                ["flapping: goes with above, below, outside or when only; remove it"]
            );
        }
        let found = errors(serde_json::json!({ "above": 1, "flapping": {} }));
        assert_eq!(found.len(), 2, "both keys are needed: {found:?}");
    }
}
