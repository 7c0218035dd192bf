//! The name of a metric.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest key, in characters: it has to fit on a page and in a subject line.
const MAX: usize = 64;

/// What a metric is called in the config, the database and the API: small letters, digits and `_`, a letter first, at
/// most 64.
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
    fn json_is_the_text() {
        let key: MetricKey = "x".parse().unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), "\"x\"");
        assert_eq!(MetricKey::stored("Odd key"), "Odd key");
    }
}
