//! A message as Alertmanager takes it: `postableAlert` of its api/v2/openapi.yaml.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use monitor_domain::Number;
use serde_json::{Map, Value, json};

use crate::{Event, Notification};

/// How long an alert that fires does so without being sent again: five times the time between two restatements.
pub(super) const FIRES_FOR: Duration = Duration::from_secs(5 * 60);
/// The longest text of an annotation, in characters: what was taken over by Alertmanager is in each mail that it sends.
const LONGEST: usize = 4_000;
/// Labels that tell one alert from another; the config may set none of them.
pub(super) const OWN_LABELS: [&str; 7] = [
    "alertname",
    "metric",
    "severity",
    "kind",
    "alert_id",
    "subject",
    "message",
];

/// The alert. `summary` is the message in one line, `now` the time at which it is sent.
pub(super) fn alert(
    notification: &Notification,
    constant: &BTreeMap<String, String>,
    summary: &str,
    now: DateTime<Utc>,
) -> Value {
    let (starts, ends) = span(notification, now);
    let mut alert = json!({
        "labels": labels(notification, constant),
        "annotations": annotations(notification, summary),
        "startsAt": time(starts),
        "endsAt": time(ends),
    });
    if let Some(url) = &notification.url {
        alert["generatorURL"] = url.as_str().into();
    }
    alert
}

/// From when to when it fires.
fn span(notification: &Notification, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let starts = notification.since.unwrap_or(notification.at);
    let ends = match notification.event {
        Event::Recovered | Event::DataBack | Event::Closed => notification.at,
        _ => now + FIRES_FOR,
    };
    // It takes no end before the beginning, as a wall clock that was set back writes it.
    (starts.min(ends), ends)
}

/// Those of an alert do not change until it is over.
fn labels(notification: &Notification, constant: &BTreeMap<String, String>) -> Map<String, Value> {
    let key = &notification.metric.key;
    let mut labels: Map<String, Value> = Map::new();
    labels.insert("source".to_owned(), "monitor".into());
    let constant = constant
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()));
    labels.extend(constant);
    let mut set = |name: &str, value: &str| labels.insert(name.to_owned(), value.into());
    set("severity", notification.severity.as_str());
    let alert_id = notification.alert_id.map(|id| id.to_string());
    match notification.event {
        Event::Notice | Event::Digest | Event::Test => {
            set("alertname", &format!("monitor_{}", notification.event));
            set("subject", key);
            // Each is one of its own: the end of an incident is no repeat of its beginning.
            set("message", &notification.message_id);
        }
        _ => {
            set("alertname", key);
            set("metric", key);
            if let Some(kind) = &notification.kind {
                set("kind", kind);
            }
            if let Some(id) = &alert_id {
                set("alert_id", id);
            }
        }
    }
    labels
}

fn annotations(notification: &Notification, summary: &str) -> Map<String, Value> {
    let unit = &notification.metric.unit;
    let number = |value: f64| format!("{} {unit}", Number(value)).trim_end().to_owned();
    let all = [
        ("title", Some(notification.metric.title.clone())),
        ("summary", Some(summary.to_owned())),
        ("description", Some(notification.whole_text().into_owned())),
        ("reason", Some(notification.reason.clone())),
        ("value", notification.value.map(number)),
        ("previous", notification.previous.map(number)),
        ("threshold", notification.threshold.map(number)),
        ("runbook_url", notification.metric.runbook.clone()),
    ];
    let set = all.into_iter().filter_map(|(name, text)| {
        let text = text.filter(|text| !text.is_empty())?;
        Some((name.to_owned(), Value::from(cut(text))))
    });
    set.collect()
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use monitor_domain::Severity;

    use super::*;
    use crate::{AlertFacts, MessageIds, MetricInfo};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_425_160 + second, 0).unwrap()
    }

    fn message(event: Event, id: &str, second: i64) -> Notification {
        let facts = AlertFacts {
            alert_id: 7,
            severity: Severity::Critical,
            value: Some(131.0),
            previous: None,
            threshold: None,
            reason: "131 is above 100".to_owned(),
        };
        let metric = MetricInfo::new("unpaid", "Unpaid orders").with_unit("orders");
        Notification::about_alert(MessageIds::new(id, id), event, metric, facts, "text", at(second))
            .with_opening("level", at(0))
    }

    fn sent(notification: &Notification, second: i64) -> Value {
        let constant = [("team".to_owned(), "shop".to_owned())].into();
        alert(notification, &constant, "summary", at(second))
    }

    #[test]
    fn labels_are_the_same_from_the_beginning_to_the_end() {
        let first = sent(&message(Event::Alert, "a", 0), 1);
        assert_eq!(
            first["labels"],
            json!({
                "alertname": "unpaid", "metric": "unpaid", "severity": "critical", "kind": "level", "alert_id": "7",
                "source": "monitor", "team": "shop",
            })
        );
        for event in [
            Event::Reminder,
            Event::Escalation,
            Event::Recovered,
            Event::Closed,
        ] {
            let later = sent(&message(event, "b", 900), 901);
            assert_eq!(later["labels"], first["labels"], "{event}");
            assert_eq!(later["startsAt"], first["startsAt"], "{event}");
        }
    }

    #[test]
    fn what_fires_ends_well_after_it_is_sent_and_what_is_over_when_it_was() {
        let ends = |event, sent_at: i64| sent(&message(event, "a", 60), sent_at)["endsAt"].clone();
        assert_eq!(
            ends(Event::Alert, 1_000),
            time(at(1_300)),
            "however late it is sent"
        );
        assert_eq!(ends(Event::Recovered, 1_000), time(at(60)));
        assert_eq!(ends(Event::DataBack, 1_000), time(at(60)));
        assert_eq!(ends(Event::Closed, 1_000), time(at(60)));
        let back = sent(&message(Event::Recovered, "a", -60), 0);
        assert_eq!(back["startsAt"], back["endsAt"], "the clock was set back");
    }

    #[test]
    fn each_notice_is_an_alert_of_its_own() {
        let notice = |id: &str| {
            let subject = MetricInfo::new("a", "System A");
            let ids = MessageIds::new(id, id);
            sent(
                &Notification::notice(ids, subject, Severity::Warning, "t", at(0)),
                1,
            )["labels"]
                .clone()
        };
        assert_eq!(notice("begins"), notice("begins"));
        assert_ne!(notice("begins"), notice("ends"));
        assert_eq!(notice("begins")["alertname"], "monitor_notice");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = Notification {
            text: "告".repeat(5_000),
            ..message(Event::Alert, "a", 0)
        };
        let text = sent(&long, 0)["annotations"]["description"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(text, format!("{}…", "告".repeat(LONGEST)));
    }
}
