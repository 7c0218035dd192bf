//! What templates are filled with.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use monitor_domain::Finding;
use monitor_requests::{Secret, SecretSource, without_secrets, write_http_date};
use tera::Context;

/// The names that every template may use.
pub(crate) const ALWAYS: [&str; 5] = ["now", "now_ms", "now_iso", "now_http", "nonce"];

/// Names and what they stand for. Besides what is put in there are always `now` (seconds since 1970), `now_ms` (milliseconds),
/// `now_iso` (RFC 3339, UTC), `now_http` (as the header `Date` has it) and `nonce` (32 hexadecimal digits, new each time). `Debug` shows no value.
#[derive(Clone, Default)]
pub struct Vars {
    context: Context,
    /// Those of the values that no request may show.
    secrets: Vec<Secret>,
}

impl Vars {
    /// With what is always there, at this time.
    pub fn at(now: DateTime<Utc>) -> Vars {
        let mut vars = Vars::default();
        vars.set("now", &now.timestamp());
        vars.set("now_ms", &now.timestamp_millis());
        vars.set("now_iso", &now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        vars.set("now_http", &write_http_date(now));
        vars.set(
            "nonce",
            &format!(
                "{:032x}",
                u128::from(fastrand::u64(..)) << 64 | u128::from(fastrand::u64(..))
            ),
        );
        vars
    }

    /// One more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Vars {
        self.set(name, &value.into());
        self
    }

    /// One more, or another value for a name: a text, a number, a list.
    pub fn set(&mut self, name: &str, value: &(impl serde::Serialize + ?Sized)) {
        self.context.insert(name.to_owned(), value);
    }

    /// The same of a text that is a secret: a request that is made with it shows it nowhere.
    pub fn set_secret(&mut self, name: &str, value: &str) {
        self.set(name, value);
        self.keep(value);
    }

    /// A secret that no template uses.
    pub(crate) fn keep(&mut self, value: &str) {
        self.secrets.push(Secret::from(value));
    }

    /// What requests that are made with it have to keep.
    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// A text, with `[redacted]` in place of the secrets.
    pub fn without_secrets(&self, text: &str) -> String {
        without_secrets(text, &self.secrets)
    }

    /// Whether there is something of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.context.contains_key(name)
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }
}

/// What is wrong with the names of values that the config gives at `key`.
pub(crate) fn check_values<'a>(
    key: &'static str,
    values: &'a BTreeMap<String, SecretSource>,
) -> impl Iterator<Item = Finding> + 'a {
    let names = values.keys();
    names.filter_map(move |name| check_name(&format!("{key}.{name}"), name))
}

/// What is wrong with a name of a value, which stands at `key`.
pub(crate) fn check_name(key: &str, name: &str) -> Option<Finding> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let message = "not a name that a template can use: letters, digits and _, such as app_key";
    (!is_name).then(|| Finding::new(key.to_owned(), message))
}

impl fmt::Debug for Vars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vars")
    }
}
