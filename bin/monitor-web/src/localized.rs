//! A text of the program that runs the web, for readers of each language.

use monitor_domain::Language;
use monitor_rules::Rule;

/// A text, and what it is in other languages; readers of the rest get it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Localized {
    text: String,
    others: Vec<(Language, String)>,
}

impl Localized {
    /// The same with what it is in one more language.
    #[must_use]
    pub fn with(mut self, language: Language, text: impl Into<String>) -> Localized {
        self.others.push((language, text.into()));
        self
    }

    /// As it was given, in the language of the installation.
    pub fn as_given(&self) -> &str {
        &self.text
    }

    /// For readers of a language.
    pub fn of(&self, language: Language) -> &str {
        let other = self.others.iter().find(|(of, _)| *of == language);
        other.map_or(&self.text, |(_, text)| text)
    }
}

impl From<String> for Localized {
    fn from(text: String) -> Localized {
        let others = Vec::new();
        Localized { text, others }
    }
}

impl From<&str> for Localized {
    fn from(text: &str) -> Localized {
        text.to_owned().into()
    }
}

impl From<&Rule> for Localized {
    fn from(rule: &Rule) -> Localized {
        let given = Localized::from(rule.describe());
        let of = |text: Localized, language: &Language| text.with(*language, rule.describe_in(*language));
        Language::ALL.iter().fold(given, of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_without_a_translation_gets_the_text_as_it_is() {
        let plain = Localized::from("Inbox");
        assert_eq!(plain.of(Language::Chinese), "Inbox");
        let both = plain.with(Language::Chinese, "收件箱");
        assert_eq!(
            (both.of(Language::Chinese), both.of(Language::English)),
            ("收件箱", "Inbox")
        );
        assert_eq!(both.as_given(), "Inbox");
    }
}
