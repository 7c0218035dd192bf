//! What only services of text messages do.

use monitor_notify::Failure;

use super::*;

fn service(kind: &str) -> Service {
    *ALL.iter().find(|service| service.kind == kind).unwrap()
}

fn with_keys(running: &Running, keys: &str) -> Arc<dyn Notifier> {
    let mut all = super::keys(running.service, &running.sink);
    all.extend(keys.parse::<Table>().unwrap());
    channel(running.service, all, &SystemClock::shared())
}

#[tokio::test]
async fn each_number_gets_its_own_and_one_that_is_refused_holds_up_no_other() {
    let running = Running::start(service("sms_twilio")).await;
    let numbers = running.notifier.recipients();
    assert_eq!(numbers, ["+8613800138000", "+8613900139000"]);
    running.notifier.send(&alert("one"), &numbers[0]).await.unwrap();
    let stopped = running
        .notifier
        .send(&alert("one"), &numbers[1])
        .await
        .unwrap_err();
    assert!(matches!(&stopped, Failure::UnknownRecipient { reason } if reason.contains("answered STOP")));
    let none = running.notifier.send(&alert("one"), "12").await.unwrap_err();
    assert!(matches!(&none, Failure::UnknownRecipient { reason } if reason.contains("no phone number")));
    assert_eq!(running.sink.taken().len(), 1);
    assert_eq!(running.sink.taken()[0].body["to"], numbers[0]);

    let running = Running::start(service("sms_aliyun")).await;
    let none = running
        .notifier
        .send(&alert("one"), "99900138000")
        .await
        .unwrap_err();
    assert!(matches!(none, Failure::UnknownRecipient { .. }), "{none:?}");
}

#[tokio::test]
async fn a_service_that_takes_no_more_says_for_how_long() {
    let clock = ScriptedClock::new(SystemClock.wall());
    let running = Running::at(service("sms_twilio"), clock.clone(), clock.clone()).await;
    for _ in 0..100 {
        running.send(&alert("one")).await.unwrap();
    }
    let failure = running.failure().await;
    assert_eq!(failure.retry_after(), Some(Duration::from_secs(3)), "{failure}");
    assert!(failure.reason().contains("20429"), "{failure}");

    let running = Running::at(service("sms_aliyun"), clock.clone(), clock.clone()).await;
    let minute = (1, 60);
    let hour = (60, 3600);
    for (minutes, expected) in [
        minute, minute, minute, minute, hour, minute, minute, minute, minute, hour,
    ] {
        running.send(&alert("one")).await.unwrap();
        // Each is another signature.
        clock.advance(Duration::from_millis(1));
        let failure = running.failure().await;
        assert_eq!(
            failure.retry_after(),
            Some(Duration::from_secs(expected)),
            "{failure}"
        );
        clock.advance(Duration::from_secs(minutes * 60));
    }
    assert!(running.failure().await.reason().contains("today"));
    // Another number has a count of its own.
    running.notifier.send(&alert("one"), "13900139000").await.unwrap();
}

#[tokio::test]
async fn a_variable_holds_what_the_service_takes() {
    let running = Running::start(service("sms_aliyun")).await;
    let long = format!(
        "see https://evil.example/x or db.example.com\n{}",
        "告👍".repeat(40)
    );
    running.send(&alert(&long)).await.unwrap();
    let params = &running.sink.taken()[0].body["params"];
    assert_eq!(params["metric"], "Unpaid orders");
    assert_eq!(params["severity"], "critical");
    assert_eq!(params["value"], "131");
    let what = params["what"].as_str().unwrap();
    assert_eq!(what.chars().count(), 35, "{what}");
    assert!(
        what.starts_with("see or db-example-com 告👍告") && what.ends_with('…'),
        "{what}"
    );
}

#[tokio::test]
async fn a_message_is_as_many_as_may_be_and_one_mark_does_not_halve_them() {
    let running = Running::start(service("sms_twilio")).await;
    for (segments, unit, longest) in [
        (1, "x", 160),
        (2, "x", 306),
        (10, "x", 1530),
        (3, "告", 201),
        (10, "告", 670),
    ] {
        let one = with_keys(&running, &format!("segments = {segments}"));
        let to = one.recipients().remove(0);
        one.send(&alert(&unit.repeat(5000)), &to).await.unwrap();
        let text = running.sink.taken().pop().unwrap().text;
        let length = text.encode_utf16().count();
        assert!(
            length <= longest && length > longest - 10,
            "{segments} {unit}: {length}"
        );
        assert!(
            text.contains("more characters") && text.ends_with("/alerts/7"),
            "{text}"
        );
    }
}

#[test]
fn what_is_wrong_with_the_keys_is_said() {
    let sink_keys = |kind: &str, own: &str| {
        let service = service(kind);
        let kind = KINDS.iter().find(|kind| kind.name == service.kind).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let sink = runtime.block_on((service.start)(SystemClock::shared()));
        let mut all = keys(service, &sink);
        all.extend(own.parse::<Table>().unwrap());
        let text = Value::Table(all).to_string();
        let settings = (kind.read)(TableDeserializer::parse(&text).unwrap()).unwrap();
        let findings = settings.check().into_iter();
        findings
            .map(|finding| finding.field.to_string())
            .collect::<Vec<_>>()
    };
    for (kind, own, expected) in [
        ("sms_twilio", "", &[][..]),
        ("sms_twilio", "to = []", &["to"]),
        ("sms_twilio", "to = [\"13800138000\"]", &["to"]),
        ("sms_twilio", "segments = 0", &["segments"]),
        ("sms_twilio", "segments = 11", &["segments"]),
        ("sms_twilio", "account_sid = \"0123\"", &["account_sid"]),
        ("sms_twilio", "messaging_service = \"MG1\"", &[]),
        ("sms_twilio", "url = \"ftp://a\"", &["url"]),
        ("sms_aliyun", "", &[]),
        ("sms_aliyun", "to = [\"ops@example.com\"]", &["to"]),
        ("sms_aliyun", "longest = 0", &["longest"]),
        ("sms_aliyun", "sign_name = \" \"", &["sign_name"]),
    ] {
        assert_eq!(sink_keys(kind, own), expected, "{kind} {own}");
    }
}
