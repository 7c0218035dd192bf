//! Keys and titles for metrics.

use std::collections::BTreeSet;

use crate::names;
use crate::toml::comment;

/// Parts of a path that every address has.
const COMMON: &[&str] = &[
    "api", "rest", "v", "admin", "web", "app", "prod", "dev", "stage", "service", "services", "data", "json",
    "html", "php", "do", "aspx", "jsp", "index", "get", "query", "list",
];
/// The longest key is 64.
const MAX_KEY: usize = 48;
/// The longest title is 120.
const MAX_TITLE: usize = 80;
/// Those that are built in read other things.
const BUILT_IN: &[&str] = &["x", "y", "z"];

/// The keys that were given.
#[derive(Debug, Default)]
pub(super) struct Keys(BTreeSet<String>);

impl Keys {
    /// A key that no other metric has, and a title.
    pub(super) fn name(&mut self, path: &str, words: &[String], label: Option<&str>) -> (String, String) {
        let place = place(path);
        let mut all = place.clone();
        // What the path says already is not said again.
        all.extend(words.iter().filter(|word| !place.contains(word)).cloned());
        let title = match label.map(comment).filter(|label| !label.is_empty()) {
            Some(label) => label,
            None => sentence(if all.is_empty() { words } else { &all }),
        };
        (self.unique(&key(&all)), cut(&title, MAX_TITLE))
    }

    fn unique(&mut self, key: &str) -> String {
        let mut name = key.to_owned();
        for n in 2.. {
            if !BUILT_IN.contains(&name.as_str()) && self.0.insert(name.clone()) {
                break;
            }
            name = format!("{key}_{n}");
        }
        name
    }
}

/// The words of a path that say what it is about: those of its last two parts with any.
fn place(path: &str) -> Vec<String> {
    let parts = path.split('/').map(|part| {
        let mut words = names::words(part);
        words.retain(|word| {
            !COMMON.contains(&word.as_str()) && word.chars().any(char::is_alphabetic) && word.len() <= 24
        });
        words
    });
    let parts: Vec<Vec<String>> = parts.filter(|words| !words.is_empty()).collect();
    parts[parts.len().saturating_sub(2)..].concat()
}

fn key(words: &[String]) -> String {
    let plain = |word: &String| word.chars().all(|c| c.is_ascii_alphanumeric());
    let mut key = String::new();
    for word in words.iter().filter(|word| plain(word)) {
        if key.len() + word.len() >= MAX_KEY {
            break;
        }
        if !key.is_empty() {
            key.push('_');
        }
        key.push_str(word);
    }
    if !key.starts_with(|c: char| c.is_ascii_lowercase()) {
        key = format!("number_{key}");
    }
    key.trim_end_matches('_').to_owned()
}

fn sentence(words: &[String]) -> String {
    let text = comment(&words.join(" "));
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .map(|c| c.to_uppercase().collect())
        .unwrap_or_default();
    let text = format!("{first}{}", letters.as_str());
    if text.is_empty() {
        "Number".to_owned()
    } else {
        text
    }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_valid_and_given_once() {
        let mut keys = Keys::default();
        let words = |text: &str| names::words(text);
        for (path, words, label, key, title) in [
            (
                "/api/v1/orders/stats",
                words("unpaid"),
                None,
                "orders_stats_unpaid",
                "Orders stats unpaid",
            ),
            (
                "/api/v1/orders/stats",
                words("unpaid"),
                None,
                "orders_stats_unpaid_2",
                "Orders stats unpaid",
            ),
            (
                "/api/totals/x",
                words("total"),
                None,
                "totals_x_total",
                "Totals x total",
            ),
            ("/", words("总数"), Some("订单总数"), "number", "订单总数"),
            ("/x", vec![], None, "x_2", "X"),
            (
                "/%E8/1234",
                words("7th"),
                Some("\u{1b}[1m  a\nb"),
                "e_7_th",
                "[1m a b",
            ),
            ("/订单", vec![], None, "number_2", "订单"),
        ] {
            assert_eq!(
                keys.name(path, &words, label),
                (key.to_owned(), title.to_owned()),
                "{path}"
            );
        }
        let (key, title) = keys.name(
            &"/abcdefghij".repeat(20),
            &vec!["word".to_owned(); 100],
            Some(&"长".repeat(500)),
        );
        assert!(key.len() <= 64 && title.chars().count() <= 81, "{key} {title}");
    }
}
