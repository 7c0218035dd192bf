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

    /// The language that serves a tag. Regions that are not distinguished are taken too: `zh`, `zh_CN`, `en-GB`.
    pub fn find(tag: &str) -> Option<Language> {
        match tag.trim().split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
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
        json_schema!({ "type": "string", "enum": Language::ALL.map(Language::tag) })
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
            (" zh-Hans-CN ", Language::Chinese),
        ] {
            assert_eq!(Language::find(tag), Some(language), "{tag}");
        }
        assert_eq!(Language::find("fr"), None);
        assert_eq!(Language::find(""), None);
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
