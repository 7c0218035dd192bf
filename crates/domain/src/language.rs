//! The languages that people are written to in.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::UnknownWord;

/// A language of pages, messages and reasons. It changes words only: nothing is decided by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Language; 2] = [Language::English, Language::Chinese];

    /// Its BCP 47 tag, as the config, the API and the folders of texts have it: `en` or `zh-CN`.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }

    /// The language that serves a tag, in any case. Regions that are not distinguished are taken too: `zh`, `zh_CN`, `en-GB`,
    /// and what a shell calls it: `zh_CN.UTF-8`.
    pub fn find(tag: &str) -> Option<Language> {
        match tag
            .trim()
            .split(['-', '_', '.'])
            .next()?
            .to_ascii_lowercase()
            .as_str()
        {
            "en" => Some(Language::English),
            "zh" => Some(Language::Chinese),
            _ => None,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.tag())
    }
}

impl FromStr for Language {
    type Err = UnknownWord;

    fn from_str(tag: &str) -> Result<Language, UnknownWord> {
        let unknown = || UnknownWord::new("language", tag, &Language::ALL.map(Language::tag));
        Language::find(tag).ok_or_else(unknown)
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.tag())
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Language, D::Error> {
        let tag = String::deserialize(deserializer)?;
        tag.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Language {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Language".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // The enum is what an editor completes, the pattern what is taken besides.
        json_schema!({
            "type": "string",
            "anyOf": [
                { "enum": Language::ALL.map(Language::tag) },
                { "pattern": r"^\s*([Ee][Nn]|[Zz][Hh])([-_.].*)?\s*$" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_with_any_region() {
        for (tag, language) in [
            ("en", Language::English),
            ("en-GB", Language::English),
            ("zh", Language::Chinese),
            ("zh_CN", Language::Chinese),
            ("ZH-cn", Language::Chinese),
            ("zh_cn.UTF-8", Language::Chinese),
            ("zh.utf8", Language::Chinese),
            ("EN_us", Language::English),
            (" zh-Hans-CN ", Language::Chinese),
        ] {
            assert_eq!(Language::find(tag), Some(language), "{tag}");
        }
        for other in ["fr", "", "zhh", "eng", "c.UTF-8", "-zh", "简体中文"] {
            assert_eq!(Language::find(other), None, "{other}");
        }
    }

    /// An editor finds no fault with what is taken.
    #[test]
    fn the_schema_takes_what_is_taken() {
        let schema = Language::json_schema(&mut SchemaGenerator::default()).to_value();
        let pattern = schema["anyOf"][1]["pattern"].as_str().unwrap();
        assert_eq!(schema["anyOf"][0]["enum"], serde_json::json!(["en", "zh-CN"]));
        let pattern = regex::Regex::new(pattern).unwrap();
        for tag in [
            "en",
            "zh-CN",
            "zh",
            "zh_CN",
            "ZH-cn",
            "zh_cn.UTF-8",
            " en ",
            "fr",
            "",
            "zhh",
            "eng",
            "-zh",
        ] {
            assert_eq!(pattern.is_match(tag), Language::find(tag).is_some(), "{tag:?}");
        }
    }

    #[test]
    fn tags_are_what_is_stored() {
        for language in Language::ALL {
            let json = serde_json::to_string(&language).unwrap();
            assert_eq!(json, format!("\"{language}\""));
            assert_eq!(serde_json::from_str::<Language>(&json).unwrap(), language);
        }
        let error = serde_json::from_str::<Language>("\"fr\"")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("no language \"fr\"; there are en, zh-CN"),
            "{error}"
        );
    }
}
