//! The name of a metric.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest key, in characters: it has to fit on a page and in a subject line.
const MAX: usize = 64;
/// Between the key of a list and what its item is called there. No key of a config has it.
const OF_LIST: char = '.';
/// The longest key of an item in its list that is taken as it is; of another one so much is shown, and a hash of all of it.
const MAX_ITEM: usize = 40;
const SHOWN: usize = 24;

/// What a metric is called in the config, the database and the API: small letters, digits and `_`, a letter first, at
/// most 64. What is read as an item of a list has the key of the list, a dot, and its own: `open_orders.17`.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[serde(transparent)]
pub struct MetricKey(String);

/// A text that is no key for a metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no key for a metric: small letters, digits and _, a letter first, at most {MAX}")]
pub struct InvalidKey(pub String);

impl MetricKey {
    /// A key that was checked when it was stored. What an older program or another's took for a key is not refused here:
    /// a row that cannot be read hides more than an odd name.
    pub fn stored(key: impl Into<String>) -> MetricKey {
        MetricKey(key.into())
    }

    /// The key of the metric that an item of this list is, by what a system calls the item: the same for the same item each time,
    /// and another one for each other item. What is no key by itself has a hash in it: `shops.north_1-86ad0f23b44c`.
    pub fn of_item(&self, item: &str) -> MetricKey {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !item.is_empty() && item.len() <= MAX_ITEM && item.chars().all(is_plain) {
            return MetricKey(format!("{self}{OF_LIST}{item}"));
        }
        let shown = item.chars().take(SHOWN).map(|c| c.to_ascii_lowercase());
        let shown: String = shown.map(|c| if is_plain(c) { c } else { '_' }).collect();
        // FNV-1a: the same in every build, which the hasher of std does not promise, for keys are stored.
        let hash = item.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        MetricKey(format!("{self}{OF_LIST}{shown}-{:012x}", hash >> 16))
    }

    /// The key of the list that this metric is an item of, if it is one.
    pub fn list(&self) -> Option<&str> {
        self.0.split_once(OF_LIST).map(|(list, _)| list)
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MetricKey {
    type Err = InvalidKey;

    fn from_str(key: &str) -> Result<MetricKey, InvalidKey> {
        let begins_well = key.starts_with(|first: char| first.is_ascii_lowercase());
        let goes_well = key
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if begins_well && goes_well && key.len() <= MAX {
            Ok(MetricKey(key.to_owned()))
        } else {
            Err(InvalidKey(key.to_owned()))
        }
    }
}

impl TryFrom<&str> for MetricKey {
    type Error = InvalidKey;

    fn try_from(key: &str) -> Result<MetricKey, InvalidKey> {
        key.parse()
    }
}

impl From<MetricKey> for String {
    fn from(key: MetricKey) -> String {
        key.0
    }
}

impl Deref for MetricKey {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for MetricKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for MetricKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl PartialEq<str> for MetricKey {
    fn eq(&self, key: &str) -> bool {
        self.0 == key
    }
}

impl PartialEq<&str> for MetricKey {
    fn eq(&self, key: &&str) -> bool {
        self.0 == *key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_narrow() {
        let longest = "k".repeat(MAX);
        for good in ["x", "unpaid_orders", "q1", longest.as_str()] {
            assert_eq!(good.parse::<MetricKey>().unwrap(), good);
        }
        let longer = "k".repeat(MAX + 1);
        for bad in ["", "X", "1x", "_x", "un-paid", "un paid", "订单", longer.as_str()] {
            assert_eq!(bad.parse::<MetricKey>(), Err(InvalidKey(bad.to_owned())));
        }
    }

    #[test]
    fn an_item_has_a_key_of_its_own() {
        let shops: MetricKey = "shops".parse().unwrap();
        for (item, begins, is_plain) in [
            ("17", "shops.17", true),
            ("north_1", "shops.north_1", true),
            ("North 1", "shops.north_1-", false),
            ("north.1", "shops.north_1-", false),
            ("订单", "shops.__-", false),
            ("", "shops.-", false),
            ("<b>\r\n", "shops._b___-", false),
            ("a/../b?c#d", "shops.a____b_c_d-", false),
            ("-1", "shops._1-", false),
        ] {
            let key = shops.of_item(item);
            assert!(key.starts_with(begins), "{key}");
            assert_eq!(key == begins, is_plain, "{key}");
            assert_eq!(key, shops.of_item(item), "the same each time");
            assert_eq!(key.list(), Some("shops"));
            assert!(key.parse::<MetricKey>().is_err(), "no config has it");
            let is_safe = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            assert!(key.chars().all(is_safe), "{key}");
        }
        assert_eq!(shops.list(), None);
    }

    #[test]
    fn different_items_have_different_keys() {
        let shops: MetricKey = "shops".parse().unwrap();
        let long = "k".repeat(5000);
        let longer = format!("{long}k");
        let items = [
            "a",
            "A",
            "a ",
            " a",
            "a_",
            "a.",
            "ä",
            "",
            "_",
            "-",
            &long,
            &longer,
            &long[..40],
            &long[..41],
        ];
        let keys: std::collections::BTreeSet<MetricKey> =
            items.iter().map(|item| shops.of_item(item)).collect();
        assert_eq!(keys.len(), items.len());
        assert!(keys.iter().all(|key| key.len() <= 64 + 1 + 40));
    }

    #[test]
    fn json_is_the_text() {
        let key: MetricKey = "x".parse().unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), "\"x\"");
        assert_eq!(MetricKey::stored("Odd key"), "Odd key");
    }
}
