//! What a row of the outbox holds as JSON. It is read by later versions of this program: each form that was ever written is
//! here, with the number of its version, and a test reads one of each.
//!
//! | version | notification | job |
//! |---|---|---|
//! | none (before 2026-11-26) | the fields of [`Notification`] | `key`, `teller` |
//! | 1 (before 2026-11-27) | `version`, the fields of [`Notification`] but `threshold`, `messages` and `more_messages` | `version`, `key`, `routing` without `limits` and `each` |
//! | 2 | the same with these | the same with these |

use monitor_domain::MetricKey;
use monitor_notify::Notification;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::routing::Routing;

/// The version that is written.
const VERSION: u32 = 2;

/// What the alarm and the explanation are about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobPayload {
    /// The metric's key.
    pub(crate) key: MetricKey,
    /// Who is notified, decided when the alert was opened: the worker that explains it may have another config.
    #[serde(alias = "teller")]
    pub(crate) routing: Option<Routing>,
}

/// Why a stored payload cannot be used. A newer worker may be able to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PayloadError {
    /// It is none of the forms of its version.
    #[error("its stored payload cannot be read: {0}")]
    Unreadable(String),
    /// A newer version of this program wrote it.
    #[error("its stored payload is of version {0}, and this program reads up to {VERSION}")]
    Newer(u32),
}

#[derive(Serialize)]
struct Written<'a, T> {
    version: u32,
    #[serde(flatten)]
    body: &'a T,
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    version: u32,
}

/// A notification, to be stored.
pub(crate) fn write_notification(notification: &Notification) -> String {
    write(notification)
}

/// A stored notification.
pub(crate) fn read_notification(json: &str) -> Result<Notification, PayloadError> {
    read(json)
}

/// A job, to be stored.
pub(crate) fn write_job(job: &JobPayload) -> String {
    write(job)
}

/// A stored job.
pub(crate) fn read_job(json: &str) -> Result<JobPayload, PayloadError> {
    read(json)
}

fn write(body: &impl Serialize) -> String {
    let version = VERSION;
    serde_json::to_string(&Written { version, body }).expect("payloads are plain data")
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, PayloadError> {
    let unreadable = |error: serde_json::Error| PayloadError::Unreadable(error.to_string());
    let Header { version } = serde_json::from_str(json).map_err(unreadable)?;
    if version > VERSION {
        return Err(PayloadError::Newer(version));
    }
    serde_json::from_str(json).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use chrono::{DateTime, Utc};
    use monitor_domain::Severity;
    use monitor_notify::{AlertFacts, Event, MessageIds, MetricInfo};
    use monitor_rules::Limits;

    use super::super::routing::Audience;
    use super::*;

    /// What the names of stored jobs begin with; all others are notifications.
    const JOB: &str = "job-";

    /// Every payload of a version, by the name of its file. The folders are never edited: a new form is a new version.
    fn written_by(version: u32) -> BTreeMap<String, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payloads");
        let folder = std::fs::read_dir(root.join(format!("v{version}"))).unwrap();
        let file = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        };
        folder.map(file).collect()
    }

    /// Reads a payload and writes it as this program does.
    fn rewritten(name: &str, json: &str) -> Result<String, PayloadError> {
        if name.starts_with(JOB) {
            return read_job(json).map(|job| write_job(&job));
        }
        read_notification(json).map(|notification| write_notification(&notification))
    }

    fn at(time: &str) -> DateTime<Utc> {
        time.parse().unwrap()
    }

    #[test]
    fn each_version_has_each_form() {
        let names: Vec<String> = written_by(0).into_keys().collect();
        let expected = [
            "alert",
            "alert-with-system-text",
            "data-back",
            "escalation",
            "job-alarm",
            "job-details",
            "no-data",
            "notice-fallback-alarm",
            "notice-fallback-channel",
            "notice-gap",
            "notice-incident-begins",
            "notice-incident-ends",
            "notice-incident-lasts",
            "recovered",
            "reminder",
        ];
        assert_eq!(names, expected);
        for version in 1..=VERSION {
            let others: Vec<String> = written_by(version).into_keys().collect();
            assert_eq!(others, names, "version {version}");
        }
    }

    #[test]
    fn every_version_reads_as_the_same_value() {
        let today = written_by(VERSION);
        for version in 0..=VERSION {
            for (name, json) in written_by(version) {
                assert_eq!(
                    rewritten(&name, &json).as_ref(),
                    Ok(&today[&name]),
                    "{name} of version {version}"
                );
            }
        }
    }

    #[test]
    fn every_field_of_a_notification_is_read() {
        for version in 0..=VERSION {
            for (name, json) in written_by(version) {
                if name.starts_with(JOB) {
                    continue;
                }
                let stored: serde_json::Value = serde_json::from_str(&json).unwrap();
                assert_eq!(stored.get("version").is_some(), version > 0, "{json}");
                let read = read_notification(&json).unwrap();
                let text = |key: &str| stored[key].as_str();
                assert_eq!(Some(read.id.as_str()), text("id"));
                assert_eq!(Some(read.message_id.as_str()), text("message_id"));
                assert_eq!(read.thread_id.as_deref(), text("thread_id"));
                assert_eq!(Some(read.event.as_str()), text("event"));
                assert_eq!(Some(read.severity.as_str()), text("severity"));
                assert_eq!(Some(read.text.as_str()), text("text"));
                assert_eq!(Some(read.reason.as_str()), text("reason"));
                assert_eq!(read.url.as_deref(), text("url"));
                assert_eq!(Some(read.at), text("at").map(at));
                assert_eq!(read.value, stored["value"].as_f64());
                assert_eq!(read.previous, stored["previous"].as_f64());
                assert_eq!(read.alert_id, stored["alert_id"].as_i64());
                let MetricInfo { key, title, unit, .. } = &read.metric;
                let metric = ["key", "title", "unit"].map(|part| stored["metric"][part].as_str().unwrap());
                assert_eq!([key, title, unit], metric, "{name} of version {version}");
            }
        }
    }

    #[test]
    fn a_notification_made_today_is_the_stored_one() {
        let ids = MessageIds::new(
            "alert/7/17/mail/ops@example.com",
            "alert-7-17.01a218627e69727eaa36a58ea8434270@monitor",
        );
        let facts = AlertFacts {
            alert_id: 7,
            severity: Severity::Warning,
            value: Some(131.0),
            previous: Some(0.0),
            threshold: None,
            reason: "131 is above 100 since 11:05:00 UTC".into(),
        };
        let made = Notification::about_alert(
            ids.in_thread("alert-7.1795172700045280@monitor"),
            Event::Alert,
            MetricInfo::new("taken", "taken"),
            facts,
            "131 is above 100 since 11:05:00 UTC",
            at("2026-11-20T11:05:00.045280Z"),
        )
        .with_url(Some("https://monitor.example/monitor".into()));
        assert_eq!(write_notification(&made), written_by(VERSION)["alert"]);
        assert_eq!(read_notification(&written_by(0)["alert"]), Ok(made));
    }

    #[test]
    fn a_job_made_today_is_the_stored_one() {
        let audience = |channel: &str, recipients: &[&str]| Audience {
            channel: channel.into(),
            recipients: recipients.iter().map(|&recipient| recipient.to_owned()).collect(),
        };
        let routing = Routing {
            metric: MetricInfo::new("x", "Unpaid orders").with_unit("orders"),
            severity: Severity::Warning,
            audience: vec![
                audience("mail", &["ops@example.com", "lead@example.com"]),
                audience("chat", &["chat@example.com"]),
                audience("oncall", &["oncall@example.com"]),
            ],
            page: Some("https://monitor.example/monitor".into()),
            limits: Limits::default(),
            each: false,
            max_messages: 20,
            without_recovery: Vec::new(),
        };
        let key = MetricKey::stored("x");
        let details = JobPayload {
            key,
            routing: Some(routing),
        };
        assert_eq!(write_job(&details), written_by(VERSION)["job-details"]);
        let old = read_job(&written_by(0)["job-details"]).unwrap();
        assert_eq!(write_job(&old), write_job(&details), "who is notified is kept");
        let alarm = read_job(&written_by(0)["job-alarm"]).unwrap();
        assert!(
            alarm.key.as_str() == "taken" && alarm.routing.is_none(),
            "{alarm:?}"
        );
    }

    #[test]
    fn a_newer_version_is_refused_as_such() {
        let newer = VERSION + 1;
        for (name, json) in written_by(VERSION) {
            let json = json.replacen(
                &format!("\"version\":{VERSION}"),
                &format!("\"version\":{newer}"),
                1,
            );
            assert_eq!(rewritten(&name, &json), Err(PayloadError::Newer(newer)), "{name}");
        }
        // Nothing else of it has to be known.
        let error = read_job(r#"{"version":7,"body":[]}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "its stored payload is of version 7, and this program reads up to 2"
        );
    }

    #[test]
    fn garbage_is_refused() {
        let notification = &written_by(VERSION)["alert"];
        let cut = &notification[..notification.len() - 1];
        let event = notification.replace("\"event\":\"alert\"", "\"event\":\"party\"");
        let version = notification.replace(&format!("\"version\":{VERSION}"), "\"version\":\"1\"");
        let job = &written_by(VERSION)["job-details"];
        let garbage = [
            "",
            "null",
            "[]",
            "{}",
            "\"alert\"",
            "{\"version\":1}",
            "{\"version\":-1}",
            cut,
            &event,
            &version,
            job,
        ];
        for json in garbage {
            let read = read_notification(json);
            assert!(
                matches!(read, Err(PayloadError::Unreadable(_))),
                "{json}: {read:?}"
            );
        }
        let audience = job.replace("\"recipients\"", "\"readers\"");
        for json in ["", "null", "{}", "{\"version\":1}", &audience, notification] {
            let read = read_job(json);
            assert!(
                matches!(read, Err(PayloadError::Unreadable(_))),
                "{json}: {read:?}"
            );
        }
        let error = read_job("{}").unwrap_err().to_string();
        assert!(
            error.starts_with("its stored payload cannot be read: missing field `key`"),
            "{error}"
        );
    }
}
