//! The pages' texts, from the Fluent files in `templates/pages/locales`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader};
use monitor_domain::Language;

fluent_templates::static_loader! {
    static TEXTS = {
        locales: "../../templates/pages/locales",
        fallback_language: "en",
        // No invisible marks around what is filled in: the languages here are all written left to right.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static IDS: LazyLock<HashMap<&'static str, LanguageIdentifier>> = LazyLock::new(|| {
    Language::ALL
        .iter()
        .filter_map(|language| Some((language.tag(), language.tag().parse().ok()?)))
        .collect()
});

/// The texts that the page's script needs. What it fills in later is left as `{name}`.
const SCRIPT: &[&str] = &[
    "page-title",
    "live-on",
    "live-off",
    "banner-worker-never",
    "banner-worker-silent",
    "banner-worker-stopped",
    "state-normal",
    "state-pending",
    "state-firing",
    "state-no_data",
    "state-unreadable",
    "state-stale",
    "state-waiting",
    "unacknowledged-one",
    "unacknowledged-many",
    "announce-state",
    "announce-record",
    "age-seconds",
    "age-minutes",
    "age-hours",
    "age-days",
    "delivery-pending",
    "delivery-sending",
    "delivery-retrying",
    "delivery-sent",
    "delivery-failed",
    "delivery-given_up",
    "delete-record",
    "confirm-reset-title",
    "confirm-reset-text",
    "confirm-reset-yes",
    "confirm-delete-title",
    "confirm-delete-text",
    "confirm-delete-yes",
    "reset-done",
    "reset-failed",
    "delete-failed",
    "load-failed",
    "incident-system",
    "incident-offline",
    "incident-channel",
    "incident-process",
    "incident-gap",
    "incident-database",
    "incident-list",
    "since",
    "muted-silence",
    "muted-maintenance",
    "muted-dependency",
    "muted-flapping",
    "muted-incident",
    "muted-other",
    "silenced-until",
    "acknowledged-by",
    "ack-record",
    "ack-title",
    "ack-text",
    "ack-yes",
    "ack-done",
    "silence-title",
    "silence-text",
    "silence-yes",
    "cancel-silence-title",
    "cancel-silence-text",
    "cancel-silence-yes",
    "retry-title",
    "retry-text",
    "retry-all-title",
    "retry-all-text",
    "retry-yes",
    "action-conflict",
    "action-failed",
];

/// The text of `key`, with `args` filled in; `None` for a key that no file has.
pub(super) fn text(language: Language, key: &str, args: &[(String, String)]) -> Option<String> {
    let id = IDS.get(language.tag())?;
    let args: HashMap<Cow<'static, str>, FluentValue<'_>> = args
        .iter()
        .map(|(name, value)| (Cow::Owned(name.clone()), FluentValue::from(value.as_str())))
        .collect();
    TEXTS.try_lookup_complete(id, key, Some(&args))
}

/// The texts for the script.
pub(super) fn for_script(language: Language) -> BTreeMap<&'static str, String> {
    let left_open: Vec<(String, String)> = ["n", "age", "at", "title", "state", "message", "name"]
        .iter()
        .map(|name| ((*name).to_owned(), format!("{{{name}}}")))
        .collect();
    SCRIPT
        .iter()
        .filter_map(|key| Some((*key, text(language, key, &left_open)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use monitor_model::AlertKind;

    use super::*;
    use crate::api::{DeliveryState, Status};

    const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/pages");

    fn read(path: impl AsRef<Path>) -> String {
        std::fs::read_to_string(Path::new(PAGES).join(&path))
            .unwrap_or_else(|e| panic!("{:?}: {e}", path.as_ref()))
    }

    /// The keys of a language's file with the names of what is filled in.
    fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        read(format!("locales/{}/pages.ftl", language.tag()))
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .map(|line| {
                let (key, value) = line.split_once(" = ").expect(line);
                let open = value
                    .split("{ $")
                    .skip(1)
                    .map(|rest| rest.split(' ').next().unwrap().to_owned())
                    .collect();
                (key.to_owned(), open)
            })
            .collect()
    }

    /// What stands between `before` and the next `"` or `` ` ``.
    fn uses(text: &str, before: &str) -> Vec<String> {
        text.split(before)
            .skip(1)
            .filter_map(|rest| Some(rest.split_once(['"', '`'])?.0.to_owned()))
            .collect()
    }

    #[test]
    fn every_key_is_in_every_language() {
        let english = keys(Language::English);
        assert!(english.len() > 60, "the file was read");
        for language in Language::ALL {
            assert_eq!(keys(language), english, "{language:?}");
        }
    }

    /// Also between two texts of a template: `comma` is one.
    #[test]
    fn chinese_is_written_with_its_own_punctuation() {
        let chinese = read("locales/zh-CN/pages.ftl");
        let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        for line in chinese.lines().filter(|line| !line.starts_with('#')) {
            let Some((_, text)) = line.split_once(" = ") else {
                continue;
            };
            let text: Vec<char> = text.chars().collect();
            for (i, mark) in text.iter().enumerate().filter(|(_, c)| ",;:!?()".contains(**c)) {
                let beside = [i.checked_sub(1), Some(i + 1)].into_iter().flatten();
                let beside = beside.filter_map(|at| text.get(at)).any(|c| is_chinese(*c));
                assert!(!beside, "{mark}: {line}");
            }
        }
        for file in crate::pages::templates::NAMES {
            let page = read(file);
            for between in [", {{ t(", ": {{ t(", "; {{ t(", ") }}, ", ") }}: ", ") }}; "] {
                assert!(!page.contains(between), "{file}: {between}");
            }
        }
    }

    #[test]
    fn every_text_that_is_used_is_there() {
        let english = keys(Language::English);
        let mut used = BTreeSet::new();
        for file in crate::pages::templates::NAMES {
            used.extend(uses(&read(file), "t(key=\""));
        }
        for key in used.iter().filter(|key| !key.ends_with('-')) {
            assert!(english.contains_key(key), "a template uses {key}");
        }
        for status in Status::ALL {
            assert!(english.contains_key(&format!("state-{}", status.as_str())));
            assert!(english.contains_key(&format!("tally-{}", status.as_str())));
        }
        for state in DeliveryState::ALL {
            assert!(english.contains_key(&format!("delivery-{}", state.as_str())));
        }
        for kind in monitor_model::IncidentKind::ALL {
            assert!(english.contains_key(&format!("incident-{kind}")));
        }
        for role in monitor_model::ProcessRole::ALL {
            assert!(english.contains_key(&format!("role-{role}")));
        }
        for kind in [AlertKind::Event, AlertKind::Level, AlertKind::NoData] {
            assert!(english.contains_key(&format!("kind-{kind}")));
        }
        for severity in ["info", "warning", "critical"] {
            assert!(english.contains_key(&format!("severity-{severity}")));
        }
    }

    #[test]
    fn the_script_gets_all_it_uses() {
        let given = for_script(Language::Chinese);
        assert_eq!(given.len(), SCRIPT.len(), "each key of SCRIPT is in the files");
        assert_eq!(given["age-seconds"], "{n} 秒前");
        let mut script = String::new();
        for name in crate::pages::assets::names()
            .iter()
            .filter(|name| name.ends_with(".js"))
        {
            script.push_str(&read(format!("assets/{name}")));
        }
        let mut used = uses(&script, "say(\"");
        used.extend(uses(&script, "? \""));
        used.extend(
            uses(&script, ": \"")
                .into_iter()
                .filter(|key| key.contains('-') && !key.contains([' ', '/', '='])),
        );
        for key in used.iter().filter(|key| key.contains('-')) {
            assert!(given.contains_key(key.as_str()), "the script uses {key}");
        }
        for prefix in ["state-", "delivery-", "incident-", "muted-"] {
            assert!(
                script.contains(&format!("`{prefix}${{")),
                "the script makes keys of {prefix}"
            );
        }
    }

    #[test]
    fn what_is_filled_in_is_not_marked() {
        let args = [("n".to_owned(), "5".to_owned())];
        assert_eq!(
            text(Language::English, "age-seconds", &args).as_deref(),
            Some("5 s ago")
        );
        assert_eq!(text(Language::English, "no-such-key", &[]), None);
    }
}
