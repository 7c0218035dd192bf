//! The one list of channel kinds: adding a channel is its file and one line here.

use std::fmt;
use std::sync::Arc;

use monitor_domain::{Language, SharedClock};
use monitor_requests::{RequestsSettings, SecretError};

use crate::smtp::Smtp;
use crate::{ChannelSettings, Notifier, Templates};

/// The kinds that [`build`] makes.
pub const KINDS: &[&str] = &["smtp"];

/// Kinds whose name is reserved in the config and that are not built yet.
pub(crate) const PLANNED: &[&str] = &[
    "wecom",
    "dingtalk",
    "feishu",
    "slack",
    "webhook",
    "alertmanager",
    "sms_aliyun",
    "sms_twilio",
];

/// What every channel is given besides its own settings.
#[derive(Clone)]
pub struct Deps {
    /// The `[requests]` defaults: timeouts of calls and of mail servers' answers.
    pub requests: RequestsSettings,
    /// What time it is and how to wait; scripted in tests.
    pub clock: SharedClock,
    /// What messages look like.
    pub templates: Arc<Templates>,
    /// The language of channels that set none, where they set none.
    pub lang: Language,
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps")
            .field("requests", &self.requests)
            .field("lang", &self.lang)
            .finish_non_exhaustive()
    }
}

/// Why a channel could not be made from its settings.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The kind exists in the config's language and has no notifier yet.
    #[error("channels.{channel}.kind: {kind:?} is not built yet; built is {}", KINDS.join(", "))]
    NotBuiltYet {
        /// The channel's name.
        channel: String,
        /// The kind asked for.
        kind: String,
    },
    /// There is no such kind.
    #[error("channels.{channel}.kind: no kind {kind:?}; there is {}", KINDS.join(", "))]
    UnknownKind {
        /// The channel's name.
        channel: String,
        /// The kind asked for.
        kind: String,
    },
    /// A key is missing, malformed or in the way of another.
    #[error("channels.{channel}.{field}: {message}")]
    Setting {
        /// The channel's name.
        channel: String,
        /// The key.
        field: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
    /// A secret could not be had from its variable or file.
    #[error("channels.{channel}.{field}: {source}")]
    Secret {
        /// The channel's name.
        channel: String,
        /// The key.
        field: &'static str,
        /// Which variable or file.
        source: SecretError,
    },
}

/// Makes the notifier of one `[channels.NAME]` section: the registry of this crate. Opens no connection.
///
/// # Errors
/// [`BuildError`], with the first of what [`ChannelSettings::check`] finds, or a secret or file that cannot be read.
pub fn build(name: &str, settings: &ChannelSettings, deps: &Deps) -> Result<Arc<dyn Notifier>, BuildError> {
    let channel = name.to_owned();
    match settings.kind.as_str() {
        "smtp" => Ok(Arc::new(Smtp::new(name, settings, deps)?)),
        kind if PLANNED.contains(&kind) => Err(BuildError::NotBuiltYet {
            channel,
            kind: kind.to_owned(),
        }),
        kind => Err(BuildError::UnknownKind {
            channel,
            kind: kind.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use monitor_domain::SystemClock;
    use monitor_requests::{Secret, SecretSource};

    fn deps() -> Deps {
        Deps {
            requests: RequestsSettings::default(),
            clock: SystemClock::shared(),
            templates: Arc::new(Templates::embedded().unwrap()),
            lang: Language::English,
        }
    }

    /// Settings with which each kind can be built. A new kind is added here, or the walk below fails.
    fn settings(kind: &str) -> ChannelSettings {
        let mut settings = ChannelSettings {
            kind: kind.to_owned(),
            ..ChannelSettings::default()
        };
        match kind {
            "smtp" => {
                settings.url = Some(SecretSource::Plain(Secret::new("file:mails")));
                settings.from = Some("monitor@example.com".to_owned());
                settings.to = Some(vec![
                    "ops@example.com".to_owned(),
                    "Ops <ops@example.com>".to_owned(),
                ]);
            }
            kind => panic!("no example of {kind}"),
        }
        settings
    }

    #[test]
    fn every_kind_is_built_and_knows_its_name() {
        for kind in KINDS {
            let settings = settings(kind);
            assert_eq!(settings.check(), []);
            let channel = build("one", &settings, &deps()).unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert_eq!((channel.name(), channel.kind()), ("one", *kind));
            assert!(!channel.recipients().is_empty() && channel.limits().concurrency > 0);
        }
        assert_eq!(
            build("one", &settings("smtp"), &deps()).unwrap().recipients(),
            ["ops@example.com"]
        );
    }

    #[test]
    fn kinds_to_come_are_told_from_mistakes() {
        for kind in PLANNED {
            assert!(!KINDS.contains(kind));
            let settings = ChannelSettings {
                kind: (*kind).to_owned(),
                ..ChannelSettings::default()
            };
            let error = build("oncall", &settings, &deps()).err().unwrap();
            assert!(matches!(error, BuildError::NotBuiltYet { .. }));
            assert_eq!(
                error.to_string(),
                format!("channels.oncall.kind: {kind:?} is not built yet; built is smtp")
            );
        }
        let settings = ChannelSettings {
            kind: "smpt".to_owned(),
            ..ChannelSettings::default()
        };
        let error = build("mail", &settings, &deps()).err().unwrap().to_string();
        assert_eq!(error, "channels.mail.kind: no kind \"smpt\"; there is smtp");
    }

    #[test]
    fn a_secret_that_is_not_there_is_named() {
        let mut settings = settings("smtp");
        settings.url = Some(SecretSource::Env("MONITOR_TEST_NO_SUCH_VARIABLE".to_owned()));
        let error = build("mail", &settings, &deps()).err().unwrap().to_string();
        assert!(
            error.starts_with("channels.mail.url: ") && error.contains("MONITOR_TEST_NO_SUCH_VARIABLE"),
            "{error}"
        );
    }

    #[test]
    fn limits_and_language_come_from_the_settings() {
        let mut settings = settings("smtp");
        settings.per_minute = Some(30);
        settings.concurrency = Some(2);
        let channel = build("mail", &settings, &deps()).unwrap();
        assert_eq!(
            channel.limits(),
            Limits {
                per_minute: Some(30),
                concurrency: 2
            }
        );
    }

    #[test]
    fn a_ca_file_that_is_none_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hello").unwrap();
        for (path, words) in [
            (file.path().to_owned(), "holds no PEM certificate"),
            ("/nowhere/ca.pem".into(), "/nowhere/ca.pem"),
        ] {
            let mut settings = settings("smtp");
            settings.url = Some(SecretSource::Plain(Secret::new("smtps://localhost")));
            settings.ca_file = Some(path);
            let error = build("mail", &settings, &deps()).err().unwrap().to_string();
            assert!(
                error.starts_with("channels.mail.ca_file: ") && error.contains(words),
                "{error}"
            );
        }
    }
}
