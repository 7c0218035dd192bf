//! What is stored of a message, and what is made of it.

use super::*;

/// What this and earlier programs store.
const STORED: &str = r#"{"id":"alert/7/42/mail/ops@example.com","message_id":"alert-7-42.0190@monitor","thread_id":"alert-7.1795425160000000@monitor","event":"alert","metric":{"key":"z","title":"Z","unit":"orders"},"severity":"critical","value":131.0,"previous":128.0,"text":"Order 5 failed","reason":"131 is above 100 since 09:12:40 UTC","at":"2026-11-23T09:12:40Z","alert_id":7,"url":"https://monitor.example.com/monitor"}"#;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_425_160 + second, 0).unwrap()
}

fn alert() -> Notification {
    let facts = AlertFacts {
        alert_id: 7,
        severity: Severity::Critical,
        value: Some(131.0),
        previous: Some(128.0),
        threshold: None,
        reason: "131 is above 100 since 09:12:40 UTC".to_owned(),
    };
    Notification::about_alert(
        MessageIds::new("alert/7/42", "alert-7-42.0190@monitor")
            .in_thread("alert-7.1795425160000000@monitor"),
        Event::Alert,
        MetricInfo::new("z", "Z").with_unit("orders"),
        facts,
        "Order 5 failed",
        at(0),
    )
    .with_url(Some("https://monitor.example.com/monitor".to_owned()))
    .with_id("alert/7/42/mail/ops@example.com")
}

#[test]
fn what_is_stored_keeps_its_form() {
    assert_eq!(serde_json::to_string(&alert()).unwrap(), STORED);
    assert_eq!(serde_json::from_str::<Notification>(STORED).unwrap(), alert());
}

#[test]
fn a_payload_of_an_older_version_is_still_read() {
    let old = r#"{"id":"a","message_id":"a@b","event":"alert","metric":{"key":"x","title":"X"},
        "text":"t","at":"2026-11-23T09:12:40Z"}"#;
    let notification: Notification = serde_json::from_str(old).unwrap();
    assert_eq!(notification.severity, Severity::Warning);
    assert_eq!(
        (notification.thread_id, notification.value, notification.url),
        (None, None, None)
    );
}

#[test]
fn how_long_it_lasted_is_said_where_time_has_passed() {
    let lasted = |event, second| {
        let message = Notification {
            event,
            ..alert().with_opening("level", at(0))
        };
        Notification {
            at: at(second),
            ..message
        }
        .lasted()
    };
    assert_eq!(lasted(Event::Recovered, 90), Some(Duration::from_secs(90)));
    assert_eq!(lasted(Event::Reminder, 7_200), Some(Duration::from_secs(7_200)));
    assert_eq!(
        lasted(Event::Alert, 90),
        None,
        "a message that came late is no long alert"
    );
    for stepped_back in [0, -3_600] {
        assert_eq!(lasted(Event::Recovered, stepped_back), None);
    }
    let unknown = Notification {
        event: Event::Recovered,
        ..alert()
    };
    assert_eq!(unknown.lasted(), None);
}

#[test]
fn messages_are_counted_with_those_that_are_not_listed() {
    assert_eq!(alert().message_count(), 1);
    let two = vec!["Order 5".to_owned(), "Order 6".to_owned()];
    assert_eq!(alert().with_messages(two, 3).message_count(), 5);
}

#[test]
fn a_digest_is_as_bad_as_the_worst_and_as_new_as_the_newest() {
    let notice = |severity, second| {
        let subject = MetricInfo::new("system", "System A");
        Notification::notice(MessageIds::new("n", "n@m"), subject, severity, "n", at(second))
    };
    let messages = [notice(Severity::Info, 9), alert(), notice(Severity::Warning, 3)];
    let digest = Notification::digest(MessageIds::new("b", "b"), "3 messages", "…", &messages);
    assert_eq!((digest.severity, digest.at), (Severity::Critical, at(9)));
    assert_eq!(digest.url, alert().url);
    assert_eq!((digest.event, digest.alert_id), (Event::Digest, None));
    assert_eq!(digest.metric, MetricInfo::new("digest", "3 messages"));
}

#[test]
fn a_notice_of_what_was_not_delivered_keeps_the_rest_of_it() {
    let notice = alert().into_notice(MessageIds::new("f", "f@m"), "could not be delivered");
    let expected = Notification {
        id: "f".to_owned(),
        message_id: "f@m".to_owned(),
        event: Event::Notice,
        text: "could not be delivered".to_owned(),
        ..alert()
    };
    assert_eq!(notice, expected);
}

#[test]
fn a_test_is_about_its_channel_and_nothing_else() {
    let test = Notification::test(MessageIds::new("t", "t@m"), "mail", "hello", at(0));
    assert_eq!((test.event, test.severity), (Event::Test, Severity::Info));
    assert_eq!(test.metric, MetricInfo::new("mail", "mail"));
    assert_eq!(
        (test.alert_id, test.value, test.reason.as_str()),
        (None, None, "")
    );
}
