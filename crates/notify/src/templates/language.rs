//! The words of messages, in each language.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};
use monitor_domain::Language;

static_loader! {
    static WORDS = {
        locales: "templates/locales",
        fallback_language: "en",
        // The marks that isolate writing directions show as boxes in some mail programs, and no language here needs
        // them.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

fn id(language: Language) -> LanguageIdentifier {
    match language {
        Language::English => langid!("en"),
        Language::Chinese => langid!("zh-CN"),
    }
}

/// The words behind a key in `language`, or `None` where no language has it.
pub(super) fn word(
    language: Language,
    key: &str,
    values: &HashMap<Cow<'static, str>, FluentValue>,
) -> Option<String> {
    WORDS.try_lookup_with_args(&id(language), key, values)
}

/// What follows the first of `count` messages: ` (and 4 more)`; nothing where there is one.
pub(super) fn more(language: Language, count: usize) -> String {
    let numbers = [("more", count.saturating_sub(1)), ("count", count)];
    let mut values: HashMap<_, FluentValue> = HashMap::from([("what".into(), "".into())]);
    values.extend(numbers.map(|(name, number)| (name.into(), number.to_string().into())));
    word(language, "and-more", &values)
        .filter(|_| count > 1)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use monitor_domain::Severity;

    use super::*;
    use crate::Event;

    const ENGLISH: &str = include_str!("../../templates/locales/en/mail.ftl");
    const CHINESE: &str = include_str!("../../templates/locales/zh-CN/mail.ftl");

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
        let names = "severity title what value say_value lasted count more left from to low high last state threshold previous change at";
        let values: HashMap<_, FluentValue> =
            names.split(' ').map(|name| (name.into(), name.into())).collect();
        for key in keys(CHINESE) {
            let (english, chinese) = (
                word(Language::English, key, &values),
                word(Language::Chinese, key, &values),
            );
            assert!(english.is_some() && chinese.is_some(), "{key}");
            assert_ne!(english, chinese, "{key} is the same in both languages");
        }
    }
}
