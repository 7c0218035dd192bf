//! The settings of a mail channel: what is read, refused, secret and built.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use monitor_domain::Language;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::SmtpSettings;
use crate::channels::{BuildError, ChannelCommon, ChannelSettings, Deps};
use crate::{Limits, Notifier};

fn settings(change: &Value) -> SmtpSettings {
    let mut all = json!({
        "url": "smtp://localhost",
        "from": "Monitor <monitor@example.com>",
        "to": ["ops@example.com"],
    });
    for (key, value) in change.as_object().unwrap() {
        all[key] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn build(settings: &SmtpSettings) -> Result<Arc<dyn Notifier>, String> {
    let deps = Deps::standalone().unwrap();
    settings
        .build("mail", &ChannelCommon::default(), &deps)
        .map_err(|error| error.to_string())
}

#[test]
fn every_key_is_read_and_no_other() {
    let all = settings(&json!({
        "url": { "env": "URL" }, "username": "u", "password": { "file": "/run/p" }, "ca_file": "/ca.pem",
        "timeout": "7s", "hello_name": "monitor.example.com", "chart": false,
    }));
    assert_eq!(all.timeout, Some(Duration::from_secs(7)));
    assert_eq!(all.files(), [("ca_file", Path::new("/ca.pem"))]);
    // Keys of other kinds, and those that all kinds have and another struct reads.
    for key in ["form", "token", "secret", "retries", "lang"] {
        let error = serde_json::from_value::<SmtpSettings>(json!({ key: "en" })).unwrap_err();
        assert!(
            error.to_string().contains(&format!("unknown field `{key}`")),
            "{error}"
        );
    }
}

#[test]
fn the_schema_has_the_keys_and_which_of_them_are_needed() {
    let schema = SmtpSettings::json_schema(&mut schemars::SchemaGenerator::default());
    assert_eq!(schema.get("required"), Some(&json!(["url", "from", "to"])));
    for (key, about) in schema.get("properties").unwrap().as_object().unwrap() {
        assert!(about.get("description").is_some(), "{key} has no description");
    }
}

#[test]
fn every_mistake_is_found_with_its_key() {
    assert_eq!(settings(&json!({})).check(), []);
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
        (json!({ "timeout": "0s" }), "timeout", "longer"),
        (
            json!({ "hello_name": "192.0.2.1" }),
            "hello_name",
            "stands in brackets",
        ),
        (json!({ "hello_name": "" }), "hello_name", "no host name"),
        (
            json!({ "to": ["ops@例子_1.cn"] }),
            "to",
            "a domain that cannot be",
        ),
        (json!({ "password": "p" }), "username", "missing"),
        (json!({ "username": "u" }), "password", "missing"),
    ] {
        let findings = settings(&change).check();
        assert_eq!(findings.len(), 1, "{change}: {findings:?}");
        assert_eq!(findings[0].field, key, "{change}");
        assert!(findings[0].message.contains(words), "{change}: {}", findings[0]);
    }
    let all = settings(&json!({ "url": "x", "from": "y", "to": ["z", "w"], "timeout": "0s" }));
    assert_eq!(all.check().len(), 5);
}

#[test]
fn a_secret_in_clear_deserves_a_warning_and_is_never_shown() {
    let warned = |change: Value| -> Vec<&str> {
        let settings = settings(&change);
        assert!(!format!("{settings:?}").contains("hunter2"));
        let plain = settings
            .secrets()
            .into_iter()
            .filter(|secret| secret.warn_if_plain && secret.source.is_plain());
        plain.map(|secret| secret.key).collect()
    };
    assert_eq!(
        warned(json!({ "url": "smtps://u@localhost", "password": "hunter2" })),
        ["password"]
    );
    assert_eq!(warned(json!({ "url": "smtps://u:hunter2@localhost" })), ["url"]);
    assert_eq!(warned(json!({ "password": { "env": "P" } })), [""; 0]);
    assert_eq!(warned(json!({ "url": { "env": "URL" } })), [""; 0]);
    let keys: Vec<&str> = settings(&json!({ "password": "p" }))
        .secrets()
        .iter()
        .map(|secret| secret.key)
        .collect();
    assert_eq!(keys, ["url", "password"]);
}

#[test]
fn a_secret_that_cannot_be_read_is_named() {
    let error = build(&settings(
        &json!({ "url": { "env": "MONITOR_TEST_NO_SUCH_VARIABLE" } }),
    ));
    let error = error.err().unwrap();
    assert!(
        error.starts_with("channels.mail.url: ") && error.contains("MONITOR_TEST_NO_SUCH_VARIABLE"),
        "{error}"
    );
}

#[test]
fn what_is_wrong_is_said_before_anything_is_built() {
    let error = build(&settings(&json!({ "from": "monitor" }))).err().unwrap();
    assert!(
        error.starts_with("channels.mail.from: \"monitor\" is not"),
        "{error}"
    );
    let common = ChannelCommon {
        concurrency: Some(0),
        ..ChannelCommon::default()
    };
    let built = settings(&json!({})).build("mail", &common, &Deps::standalone().unwrap());
    assert!(matches!(built.err().unwrap(), BuildError::Setting { .. }));
}

#[test]
fn limits_and_recipients_come_from_the_settings() {
    let settings = SmtpSettings::new(
        "file:mails",
        "monitor@example.com",
        [
            "ops@example.com",
            "Ops <ops@example.com>",
            "boss@例子.cn",
            "Boss <boss@xn--fsqu00a.cn>",
        ],
    );
    let common = ChannelCommon {
        per_minute: Some(30),
        lang: Some(Language::Chinese),
        ..ChannelCommon::default()
    };
    let channel = settings
        .build("mail", &common, &Deps::standalone().unwrap())
        .unwrap();
    assert_eq!(channel.recipients(), ["ops@example.com", "boss@例子.cn"]);
    assert_eq!(
        channel.limits(),
        Limits {
            per_minute: Some(30),
            per_second: None,
            concurrency: 4
        }
    );
}

#[test]
fn mails_have_a_chart_unless_the_config_says_otherwise() {
    for (change, shows) in [
        (json!({}), true),
        (json!({ "chart": true }), true),
        (json!({ "chart": false }), false),
    ] {
        assert_eq!(
            build(&settings(&change)).unwrap().shows_chart(),
            shows,
            "{change}"
        );
    }
}

#[test]
fn a_ca_file_that_is_none_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "hello").unwrap();
    for (path, words) in [
        (file.path().to_owned(), "has no certificate"),
        ("/nowhere/ca.pem".into(), "/nowhere/ca.pem"),
    ] {
        let error = build(&settings(&json!({ "url": "smtps://localhost", "ca_file": path })));
        let error = error.err().unwrap();
        assert!(
            error.starts_with("channels.mail.ca_file: ") && error.contains(words),
            "{error}"
        );
    }
}
