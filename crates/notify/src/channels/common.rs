//! The keys of a `[channels.NAME]` table that every kind has.

use std::time::Duration;

use monitor_domain::{Finding, Language};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Deps;
use crate::Limits;

/// What is held back for more than a day is a report and no alert.
const MAX_DIGEST: Duration = Duration::from_secs(24 * 3600);

/// The keys that every kind of channel has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChannelCommon {
    /// The language of its messages, `"en"` or `"zh-CN"`. Default `web.lang`.
    pub lang: Option<Language>,
    /// How long a message is tried before it is given up. Default `"1d"`.
    #[serde(with = "humantime_serde::option")]
    #[schemars(with = "String")]
    pub max_age: Option<Duration>,
    /// Groups messages: the first is sent at once, those that follow within this time are sent together as one. Such as
    /// `"1m"`, at most `"1d"`. Default: each message is sent on its own.
    #[serde(with = "humantime_serde::option")]
    #[schemars(with = "String")]
    pub digest: Option<Duration>,
    /// Messages in any 60 s, at most. Default: what the kind's service is known to take, for mail no limit.
    pub per_minute: Option<u32>,
    /// Messages under way at once, at most. One recipient of several gets half of them, and what takes longer than a second goes on beside them. Default 4 for mail.
    pub concurrency: Option<usize>,
}

impl ChannelCommon {
    /// Everything that is wrong with these keys.
    pub fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.max_age.is_some_and(|limit| limit.is_zero()) {
            findings.push(Finding::new(
                "max_age",
                "must be longer than nothing, such as \"1d\"",
            ));
        }
        if let Some(digest) = self.digest
            && (digest.is_zero() || digest > MAX_DIGEST)
        {
            findings.push(Finding::new(
                "digest",
                "must be longer than nothing and at most a day, such as \"1m\"; leave it out to send each message on its \
                 own",
            ));
        }
        if self.per_minute == Some(0) {
            findings.push(Finding::new(
                "per_minute",
                "0 would never send anything; leave it out for no limit",
            ));
        }
        if self.concurrency == Some(0) {
            findings.push(Finding::new("concurrency", "0 would never send anything"));
        }
        findings
    }

    /// The limits of a channel whose kind has these by default.
    pub fn limits(&self, default: Limits) -> Limits {
        Limits {
            per_minute: self.per_minute.or(default.per_minute),
            per_second: default.per_second,
            concurrency: self.concurrency.unwrap_or(default.concurrency),
        }
    }

    /// The language of its messages.
    pub fn language(&self, deps: &Deps) -> Language {
        self.lang.unwrap_or(deps.lang)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &Value) -> ChannelCommon {
        serde_json::from_value(text.clone()).unwrap()
    }

    #[test]
    fn every_key_is_read_and_no_other() {
        let all = read(&json!({
            "lang": "zh", "max_age": "1day", "digest": "1m", "per_minute": 20, "concurrency": 3,
        }));
        assert_eq!(
            all,
            ChannelCommon {
                lang: Some(Language::Chinese),
                max_age: Some(Duration::from_secs(86_400)),
                digest: Some(Duration::from_secs(60)),
                per_minute: Some(20),
                concurrency: Some(3),
            }
        );
        assert_eq!(read(&json!({})), ChannelCommon::default());
        assert_eq!(
            monitor_domain::keys_of::<ChannelCommon>(),
            ["lang", "max_age", "digest", "per_minute", "concurrency"]
        );
        let wrong = |text: Value| {
            serde_json::from_value::<ChannelCommon>(text)
                .unwrap_err()
                .to_string()
        };
        assert!(wrong(json!({ "langg": "en" })).contains("unknown field `langg`"));
        assert!(wrong(json!({ "lang": "fr" })).contains("there are en, zh-CN"));
    }

    #[test]
    fn every_mistake_is_found_with_its_key() {
        assert_eq!(read(&json!({ "digest": "1day" })).check(), []);
        for (text, key, words) in [
            (json!({ "max_age": "0s" }), "max_age", "longer"),
            (json!({ "digest": "0s" }), "digest", "longer than nothing"),
            (json!({ "digest": "1day 1ms" }), "digest", "at most a day"),
            (json!({ "per_minute": 0 }), "per_minute", "never"),
            (json!({ "concurrency": 0 }), "concurrency", "never"),
        ] {
            let findings = read(&text).check();
            assert_eq!(findings.len(), 1, "{text}: {findings:?}");
            assert_eq!(findings[0].field, key, "{text}");
            assert!(findings[0].message.contains(words), "{text}: {}", findings[0]);
        }
    }

    #[test]
    fn limits_are_the_kinds_where_the_config_sets_none() {
        let default = Limits {
            per_minute: Some(20),
            per_second: Some(5),
            concurrency: 1,
        };
        assert_eq!(ChannelCommon::default().limits(default), default);
        let set = read(&json!({ "per_minute": 30, "concurrency": 2 }));
        assert_eq!(
            set.limits(default),
            Limits {
                per_minute: Some(30),
                per_second: Some(5),
                concurrency: 2
            }
        );
    }
}
