//! The languages messages are written in, and their words.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};

static_loader! {
    static WORDS = {
        locales: "../../templates/mail/locales",
        fallback_language: "en",
        // The marks that isolate writing directions show as boxes in some mail programs, and no language here needs
        // them.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// A language that messages can be written in.
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

    /// The tag used in the config: `en` or `zh-CN`.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }

    /// The language for a tag. Regions that are not told apart are taken too: `zh`, `zh_CN`, `en-GB`.
    pub fn find(tag: &str) -> Option<Language> {
        match tag.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "en" => Some(Language::English),
            "zh" => Some(Language::Chinese),
            _ => None,
        }
    }

    /// All tags, for messages: `en, zh-CN`.
    pub fn names() -> String {
        Self::ALL.map(Language::tag).join(", ")
    }

    fn id(self) -> LanguageIdentifier {
        match self {
            Language::English => langid!("en"),
            Language::Chinese => langid!("zh-CN"),
        }
    }

    /// The words behind a key, or `None` where no language has it.
    pub(crate) fn word(self, key: &str, values: &HashMap<Cow<'static, str>, FluentValue>) -> Option<String> {
        WORDS.try_lookup_with_args(&self.id(), key, values)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Event, Severity};

    const ENGLISH: &str = include_str!("../../../../templates/mail/locales/en/mail.ftl");
    const CHINESE: &str = include_str!("../../../../templates/mail/locales/zh-CN/mail.ftl");

    fn keys(text: &str) -> BTreeSet<&str> {
        text.lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()))
            .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim()))
            .collect()
    }

    #[test]
    fn every_key_is_in_every_language() {
        assert_eq!(keys(ENGLISH), keys(CHINESE));
        assert!(keys(ENGLISH).len() > 20, "{:?}", keys(ENGLISH));
        for event in Event::ALL {
            for prefix in ["subject", "event"] {
                let key = format!("{prefix}-{event}");
                assert!(keys(ENGLISH).contains(key.as_str()), "no {key}");
            }
        }
        for severity in Severity::ALL {
            assert!(keys(ENGLISH).contains(format!("severity-{severity}").as_str()));
        }
    }

    #[test]
    fn the_folder_has_exactly_the_languages_of_the_enum() {
        let mut tags: Vec<String> = WORDS.locales().map(ToString::to_string).collect();
        tags.sort();
        assert_eq!(tags, Language::ALL.map(Language::tag));
    }

    #[test]
    fn no_chinese_word_falls_back_to_english() {
        let values: HashMap<_, FluentValue> = ["severity", "title", "what", "value", "say_value"]
            .map(|name| (name.into(), name.into()))
            .into();
        for key in keys(CHINESE) {
            let (english, chinese) = (
                Language::English.word(key, &values),
                Language::Chinese.word(key, &values),
            );
            assert!(english.is_some() && chinese.is_some(), "{key}");
            assert_ne!(english, chinese, "{key} is the same in both languages");
        }
    }

    #[test]
    fn tags_are_found_with_any_region() {
        for (tag, language) in [
            ("en", Language::English),
            ("en-GB", Language::English),
            ("zh", Language::Chinese),
            ("zh_CN", Language::Chinese),
        ] {
            assert_eq!(Language::find(tag), Some(language), "{tag}");
        }
        assert_eq!(Language::find("fr"), None);
        assert_eq!(Language::find(""), None);
        assert_eq!(Language::names(), "en, zh-CN");
    }
}
