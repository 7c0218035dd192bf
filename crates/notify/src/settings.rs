//! The `[channels.NAME]` section of the config: every key of every kind, and what can be checked without a network.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use monitor_requests::SecretSource;
use serde::Deserialize;

use crate::registry::{KINDS, PLANNED};
use crate::smtp::MailUrl;
use monitor_domain::Language;

/// Whoever is to be told a day later is not told of an alert but sent a report.
const MAX_DIGEST: Duration = Duration::from_secs(24 * 3600);

/// One `[channels.NAME]` table. All keys of all kinds are here; [`ChannelSettings::check`] says which of them the kind
/// needs, and which it does not take.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelSettings {
    /// Which notifier: one of [`KINDS`].
    pub kind: String,
    /// Where it sends to. A robot's address is a secret, so `{ env = … }` and `{ file = … }` are taken too.
    pub url: Option<SecretSource>,
    /// The user to sign in as; for mail it may also stand in the URL.
    pub username: Option<String>,
    /// That user's password.
    pub password: Option<SecretSource>,
    /// A fixed token, for kinds that sign in with one.
    pub token: Option<SecretSource>,
    /// What messages are signed with, for robots that want it.
    pub secret: Option<SecretSource>,
    /// The sender of mails, such as `Monitor <monitor@example.com>`.
    pub from: Option<String>,
    /// The recipients: addresses of mails, numbers of text messages.
    pub to: Option<Vec<String>>,
    /// A PEM file of certificate authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The longest wait for any one answer; `requests.timeout` by default.
    #[serde(default, with = "humantime_serde::option")]
    pub timeout: Option<Duration>,
    /// How often one HTTP call is tried again at once; `requests.retries` by default. Mails do not use it.
    pub retries: Option<u32>,
    /// The language of messages, `en` or `zh-CN`; that of the web pages by default.
    pub lang: Option<Language>,
    /// After how long a message that cannot be delivered is given up. The pipeline reads it.
    #[serde(default, with = "humantime_serde::option")]
    pub max_age: Option<Duration>,
    /// The first message goes at once; those that come within this time after it go together, as one. The pipeline reads
    /// it.
    #[serde(default, with = "humantime_serde::option")]
    pub digest: Option<Duration>,
    /// Messages a minute; by default what the other side is known to take.
    pub per_minute: Option<u32>,
    /// Messages under way at once; 4 by default for mail.
    pub concurrency: Option<usize>,
}

impl ChannelSettings {
    /// Everything that is wrong, as (key, what and what to do). Looks at the settings only: no secret is resolved, no
    /// file read, no network used.
    pub fn check(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        if self.timeout.is_some_and(|limit| limit.is_zero()) {
            wrong.push((
                "timeout",
                "must be longer than nothing, such as \"5s\"".to_owned(),
            ));
        }
        if self.max_age.is_some_and(|limit| limit.is_zero()) {
            wrong.push((
                "max_age",
                "must be longer than nothing, such as \"1d\"".to_owned(),
            ));
        }
        if let Some(digest) = self.digest
            && (digest.is_zero() || digest > MAX_DIGEST)
        {
            wrong.push((
                "digest",
                "must be longer than nothing and at most a day, such as \"1m\"; leave it out to send each message on its \
                 own"
                .to_owned(),
            ));
        }
        if self.per_minute == Some(0) {
            wrong.push((
                "per_minute",
                "0 would never send anything; leave it out for no limit".to_owned(),
            ));
        }
        if self.concurrency == Some(0) {
            wrong.push(("concurrency", "0 would never send anything".to_owned()));
        }
        match self.kind.as_str() {
            "smtp" => self.check_smtp(&mut wrong),
            kind if PLANNED.contains(&kind) => {
                wrong.push((
                    "kind",
                    format!("{kind:?} is not built yet; built is {}", KINDS.join(", ")),
                ));
            }
            kind => wrong.push(("kind", format!("no kind {kind:?}; there is {}", KINDS.join(", ")))),
        }
        wrong
    }

    /// The keys whose secret is written into the config in clear, which works and deserves a warning.
    pub fn plain_secrets(&self) -> Vec<&'static str> {
        let is_plain = |source: &Option<SecretSource>| source.as_ref().is_some_and(SecretSource::is_plain);
        let mut keys: Vec<&'static str> = [
            ("password", &self.password),
            ("token", &self.token),
            ("secret", &self.secret),
        ]
        .into_iter()
        .filter(|(_, source)| is_plain(source))
        .map(|(key, _)| key)
        .collect();
        // The address of a mail server is no secret unless it carries a password; that of a robot always is.
        let url_is_secret = match &self.url {
            Some(SecretSource::Plain(url)) => {
                self.kind != "smtp" || MailUrl::parse(url.expose()).is_ok_and(|url| url.password().is_some())
            }
            _ => false,
        };
        if url_is_secret {
            keys.push("url");
        }
        keys
    }

    fn check_smtp(&self, wrong: &mut Vec<(&'static str, String)>) {
        let mut parsed = None;
        match &self.url {
            None => wrong.push((
                "url",
                "missing; smtp://HOST:25, smtps://USER@HOST:465, smtp+starttls://USER@HOST:587 or file:DIR"
                    .to_owned(),
            )),
            Some(SecretSource::Plain(url)) => match MailUrl::parse(url.expose()) {
                Ok(url) => parsed = Some(url),
                Err(message) => wrong.push(("url", message)),
            },
            Some(_) => {}
        }
        if let Some(url) = &parsed {
            wrong.extend(url.conflicts(self.username.as_deref(), self.password.is_some()));
        }
        match &self.from {
            None => wrong.push((
                "from",
                "missing; such as \"Monitor <monitor@example.com>\"".to_owned(),
            )),
            Some(from) => {
                if let Err(message) = mailbox(from) {
                    wrong.push(("from", message));
                }
            }
        }
        match self.to.as_deref() {
            None | Some([]) => {
                wrong.push((
                    "to",
                    "names nobody; give at least one address, such as [\"ops@example.com\"]".to_owned(),
                ));
            }
            Some(to) => {
                wrong.extend(
                    to.iter()
                        .filter_map(|one| mailbox(one).err())
                        .map(|message| ("to", message)),
                );
            }
        }
        for (key, is_set) in [("token", self.token.is_some()), ("secret", self.secret.is_some())] {
            if is_set {
                wrong.push((
                    key,
                    "a mail channel does not take it; sign in with `username` and `password`".to_owned(),
                ));
            }
        }
    }
}

/// Reads one address with or without a name. The message names the text and what is wrong with it.
pub(crate) fn mailbox(text: &str) -> Result<Mailbox, String> {
    let mailbox: Mailbox = text.trim().parse().map_err(|error| {
        format!("{text:?} is not a mail address ({error}); such as \"ops@example.com\" or \"Ops <ops@example.com>\"")
    })?;
    // A quoted local part may hold nearly anything; nothing that could end a header or a command gets past here.
    let address: &str = mailbox.email.as_ref();
    let name = mailbox.name.as_deref().unwrap_or_default();
    if address.chars().chain(name.chars()).any(char::is_control) {
        return Err(format!("{text:?} holds a control character"));
    }
    Ok(mailbox)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn settings(change: &Value) -> ChannelSettings {
        let mut all = json!({
            "kind": "smtp",
            "url": "smtp://localhost",
            "from": "Monitor <monitor@example.com>",
            "to": ["ops@example.com"],
        });
        for (key, value) in change.as_object().unwrap() {
            all[key] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    fn wrong(change: &Value) -> Vec<(&'static str, String)> {
        settings(change).check()
    }

    #[test]
    fn every_key_of_every_kind_is_read_and_no_other() {
        let all = settings(&json!({
            "url": { "env": "URL" }, "username": "u", "password": { "file": "/run/p" }, "token": "t", "secret": "s",
            "ca_file": "/ca.pem", "timeout": "7s", "retries": 2, "lang": "zh", "max_age": "1day", "per_minute": 20,
            "concurrency": 3, "digest": "1m",
        }));
        assert_eq!(all.digest, Some(Duration::from_secs(60)));
        assert_eq!(all.timeout, Some(Duration::from_secs(7)));
        assert_eq!(all.max_age, Some(Duration::from_secs(86_400)));
        let unknown =
            serde_json::from_value::<ChannelSettings>(json!({ "kind": "smtp", "form": "a@b" })).unwrap_err();
        assert!(unknown.to_string().contains("unknown field `form`"), "{unknown}");
    }

    #[test]
    fn every_mistake_is_found_with_its_key() {
        assert_eq!(wrong(&json!({})), []);
        assert_eq!(wrong(&json!({ "digest": "1day" })), []);
        for (change, key, words) in [
            (json!({ "url": null }), "url", "missing"),
            (json!({ "url": "localhost:25" }), "url", "smtp://HOST:25"),
            (json!({ "from": null }), "from", "missing"),
            (
                json!({ "from": "monitor" }),
                "from",
                "\"monitor\" is not a mail address",
            ),
            (
                json!({ "from": "a@b.c\r\nBcc: d@e.f" }),
                "from",
                "not a mail address",
            ),
            (json!({ "to": [] }), "to", "nobody"),
            (
                json!({ "to": ["ops@example.com", "ops"] }),
                "to",
                "\"ops\" is not a mail address",
            ),
            (json!({ "lang": "fr" }), "lang", "there are en, zh-CN"),
            (json!({ "timeout": "0s" }), "timeout", "longer"),
            (json!({ "max_age": "0s" }), "max_age", "longer"),
            (json!({ "digest": "0s" }), "digest", "longer than nothing"),
            (json!({ "digest": "1day 1ms" }), "digest", "at most a day"),
            (json!({ "per_minute": 0 }), "per_minute", "never"),
            (json!({ "concurrency": 0 }), "concurrency", "never"),
            (json!({ "token": "t" }), "token", "does not take it"),
            (json!({ "secret": "t" }), "secret", "does not take it"),
            (json!({ "password": "p" }), "username", "missing"),
            (json!({ "username": "u" }), "password", "missing"),
            (json!({ "kind": "slack" }), "kind", "not built yet"),
            (json!({ "kind": "smpt" }), "kind", "there is smtp"),
        ] {
            let wrong = wrong(&change);
            assert_eq!(wrong.len(), 1, "{change}: {wrong:?}");
            assert_eq!(wrong[0].0, key, "{change}");
            assert!(wrong[0].1.contains(words), "{change}: {}", wrong[0].1);
        }
        assert_eq!(
            wrong(&json!({ "url": "x", "from": "y", "to": ["z", "w"], "lang": "v" })).len(),
            5
        );
    }

    #[test]
    fn secrets_in_clear_are_listed_and_never_shown() {
        let clear =
            settings(&json!({ "url": "smtps://u@localhost", "password": "hunter2", "token": "hunter2" }));
        assert_eq!(clear.plain_secrets(), ["password", "token"]);
        assert!(!format!("{clear:?}").contains("hunter2"));
        let in_url = settings(&json!({ "url": "smtps://u:hunter2@localhost" }));
        assert_eq!(in_url.plain_secrets(), ["url"]);
        assert!(!format!("{in_url:?}").contains("hunter2"));
        assert_eq!(
            settings(&json!({ "password": { "env": "P" } })).plain_secrets(),
            [""; 0]
        );
        assert_eq!(
            settings(&json!({ "kind": "dingtalk", "url": "https://robot" })).plain_secrets(),
            ["url"]
        );
    }
}
