//! `[systems.*]`, `[alarm]` and `[channels.*]`: those we ask and those we tell.

use std::path::Path;

use monitor_login::{BuildError, SystemSettings, login_for};
use monitor_notify::ChannelSettings;
use monitor_requests::SecretSource;
use monitor_upstream::AlarmSettings;
use toml::de::DeValue;

use super::address::http_url;
use super::{Checker, join, path};

/// Every kind of system that the config's language has.
const SYSTEM_KINDS: &[&str] = &[
    "system_a",
    "system_b",
    "json_token",
    "form_cookie",
    "basic",
    "bearer",
    "oauth2",
    "none",
];

/// Every kind of channel that the config's language has.
const CHANNEL_KINDS: &[&str] = &[
    "smtp",
    "wecom",
    "dingtalk",
    "feishu",
    "slack",
    "webhook",
    "alertmanager",
    "sms_aliyun",
    "sms_twilio",
];

/// The keys of a system and of a channel that hold secrets.
const SYSTEM_SECRETS: &[&str] = &["password", "token", "login.client_secret"];
const CHANNEL_SECRETS: &[&str] = &["url", "password", "token", "secret"];

impl Checker<'_, '_> {
    pub(super) fn systems(&mut self) -> Vec<(String, SystemSettings)> {
        let names = self.tables("systems");
        names
            .into_iter()
            .filter_map(|name| self.system(&name).map(|system| (name, system)))
            .collect()
    }

    pub(super) fn channels(&mut self) -> Vec<(String, ChannelSettings)> {
        let names = self.tables("channels");
        if names.is_empty() {
            self.reader.warn(
                &path(&["channels"]),
                "there is none: alerts are shown on the page and told to nobody",
            );
        }
        names
            .into_iter()
            .filter_map(|name| self.channel(&name).map(|channel| (name, channel)))
            .collect()
    }

    pub(super) fn alarm(&mut self) -> Option<AlarmSettings> {
        let section = path(&["alarm"]);
        self.reader.document.get(&section)?;
        let alarm: AlarmSettings = self.reader.section(&section)?;
        self.field_errors(&section, alarm.check());
        if let Some(system) = &alarm.system {
            self.system_exists(&section, system, true);
        }
        Some(alarm)
    }

    fn system(&mut self, name: &str) -> Option<SystemSettings> {
        let table = path(&["systems", name]);
        self.name(&table, name);
        let is_table = self.reader.document.get(&table).is_some_and(DeValue::is_table);
        let is_built = is_table && self.kind(&table, SYSTEM_KINDS, monitor_login::KINDS);
        let system: SystemSettings = self.reader.section_with(&table, &[("kind", "")])?;
        self.secrets(&table, SYSTEM_SECRETS, SYSTEM_SECRETS);
        let base_url = join(&table, "base_url");
        match self.reader.document.get(&base_url).map(DeValue::as_str) {
            None => self
                .reader
                .missing(&base_url, "where the system is, such as \"https://a.example\""),
            Some(Some(text)) => {
                if let Err(message) = http_url(text) {
                    self.reader.error(&base_url, message);
                }
            }
            Some(None) => {}
        }
        if system.timeout.is_some_and(|timeout| timeout.is_zero()) {
            self.reader
                .found(&table, "timeout", "must be longer than 0s, such as \"5s\"");
        }
        for (key, file) in [
            ("ca_file", &system.ca_file),
            ("client_cert", &system.client_cert),
            ("client_key", &system.client_key),
        ] {
            self.file_exists(&table, key, file.as_deref());
        }
        if let Some(login) = &system.login {
            for (key, given) in [("login.path", &login.path), ("login.form_path", &login.form_path)] {
                if given.as_ref().is_some_and(|given| !given.starts_with('/')) {
                    self.reader
                        .found(&table, key, "must begin with \"/\"; the host comes from base_url");
                }
            }
        }
        if is_built {
            self.login_keys(&table, &system);
        }
        Some(system)
    }

    /// What the kind of login misses, or does not take. It is only told one thing at a time, so it is asked again
    /// without each.
    fn login_keys(&mut self, table: &[String], system: &SystemSettings) {
        let is_missing = |text: &Option<String>| text.as_ref().is_none_or(String::is_empty);
        let has_account = system.kind != "none";
        if has_account && is_missing(&system.username) {
            self.reader.missing(
                &join(table, "username"),
                "the name of the account to sign in with",
            );
        }
        if has_account && system.password.is_none() {
            self.reader.missing(
                &join(table, "password"),
                "{ env = \"NAME\" } or { file = \"/run/secrets/name\" }",
            );
        }
        let mut trial = Some(system.clone());
        while let Some(mut system) = trial.take() {
            if has_account {
                // Whether the password can be had has been looked at already.
                system.username.get_or_insert_default().push('x');
                system.password = Some(SecretSource::Plain("x".into()));
            }
            trial = match login_for(&system) {
                Err(BuildError::Field { field, message }) => {
                    self.reader.found(table, field, &message);
                    self.reader.again_without(field)
                }
                Ok(_) | Err(BuildError::Secret { .. }) => None,
                Err(other) => {
                    self.reader.found(table, "", &other.to_string());
                    None
                }
            };
        }
    }

    fn file_exists(&mut self, table: &[String], key: &str, file: Option<&Path>) {
        if let Some(file) = file
            && let Err(error) = std::fs::File::open(file)
        {
            self.reader
                .found(table, key, &format!("{} cannot be read: {error}", file.display()));
        }
    }

    fn channel(&mut self, name: &str) -> Option<ChannelSettings> {
        let table = path(&["channels", name]);
        self.name(&table, name);
        let is_table = self.reader.document.get(&table).is_some_and(DeValue::is_table);
        let is_built = is_table && self.kind(&table, CHANNEL_KINDS, monitor_notify::KINDS);
        let channel: ChannelSettings = self.reader.section_with(&table, &[("kind", "")])?;
        self.secrets(&table, CHANNEL_SECRETS, &channel.plain_secrets());
        self.file_exists(&table, "ca_file", channel.ca_file.as_deref());
        if is_built {
            for (field, message) in channel.check() {
                self.reader.found(&table, field, &message);
            }
        }
        Some(channel)
    }

    /// Names end up in paths of keys, on pages and in the database.
    pub(super) fn name(&mut self, table: &[String], name: &str) {
        let is_good = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        if !is_good || name.len() > 64 {
            let message = format!("\"{name}\" is no good name: letters, digits, _ and -, at most 64");
            self.reader.error(table, message);
        }
    }

    /// Looks at the keys of a table that hold secrets.
    fn secrets(&mut self, table: &[String], keys: &[&str], warn_if_plain: &[&str]) {
        for key in keys {
            let at: Vec<String> = table
                .iter()
                .cloned()
                .chain(key.split('.').map(str::to_owned))
                .collect();
            let source = match self.reader.document.get(&at) {
                // An empty one is for the check of the section, which knows whether it may be.
                Some(DeValue::String(text)) if !text.is_empty() => {
                    SecretSource::Plain(text.to_string().into())
                }
                Some(DeValue::Table(inner)) if inner.len() == 1 => {
                    let given = |key: &str| {
                        inner
                            .get(key)
                            .and_then(|value| value.get_ref().as_str())
                            .map(str::to_owned)
                    };
                    match (given("env"), given("file")) {
                        (Some(name), _) if !name.is_empty() && !name.contains(['=', '\0']) => {
                            SecretSource::Env(name)
                        }
                        (_, Some(file)) if !file.is_empty() => SecretSource::File(file.into()),
                        _ => continue,
                    }
                }
                _ => continue,
            };
            self.secret(&at, &source, warn_if_plain.contains(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_is_built_is_known_here() {
        assert!(
            monitor_login::KINDS
                .iter()
                .all(|kind| SYSTEM_KINDS.contains(kind))
        );
        assert!(
            monitor_notify::KINDS
                .iter()
                .all(|kind| CHANNEL_KINDS.contains(kind))
        );
    }
}
