//! What only webhooks do.

use std::io::Write;
use std::process::{Command, Stdio};

use monitor_testkit::sinks::Webhook;
use serde_json::json;

use super::*;

async fn started(provider: Webhook, keys: &str) -> Running {
    let service = *ALL.iter().find(|service| service.kind == "webhook").unwrap();
    let sink = Sink::start(provider, SystemClock::shared()).await.unwrap();
    let mut all: Table = keys.parse().unwrap();
    all.insert("url".to_owned(), Value::from(sink.address()));
    Running {
        notifier: channel(service, all, &SystemClock::shared()),
        service,
        sink,
    }
}

#[tokio::test]
async fn the_document_says_everything_and_a_repeat_has_the_same_key() {
    let running = started(Webhook::open(), "").await;
    let since = SystemClock.wall() - TimeDelta::hours(2);
    let message = alert("Order 5 failed\nOrder 6 failed").with_opening("level", since);
    running.send(&message).await.unwrap();
    running.send(&message).await.unwrap();
    let taken = running.sink.taken();
    assert_eq!(taken[0], taken[1]);
    let body = &taken[0].body;
    assert_eq!(body["version"], 1);
    assert_eq!(body["id"], "alert/7/42/oncall/");
    assert_eq!(
        (&body["event"], &body["severity"], &body["state"]),
        (&json!("alert"), &json!("critical"), &json!("firing"))
    );
    assert_eq!(
        body["metric"],
        json!({ "key": "unpaid", "title": "Unpaid orders", "unit": "orders" })
    );
    assert_eq!(
        (&body["value"], &body["previous"], &body["change"]),
        (&json!(131), &json!(128), &json!(3))
    );
    assert_eq!(body["messages"], json!(["Order 5 failed", "Order 6 failed"]));
    assert_eq!(
        body["since"]
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap(),
        since
    );
    assert_eq!(
        (&body["alert_id"], &body["url"]),
        (&json!(7), &json!("https://monitor.example.com/alerts/7"))
    );
    for request in running.sink.requests() {
        assert_eq!(request.header("idempotency-key"), Some("alert/7/42/oncall/"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("x-monitor-signature"), None);
        assert_eq!(request.query, "from=monitor");
    }
}

#[tokio::test]
async fn a_body_of_the_config_stays_whole_whatever_others_wrote() {
    let keys = "body = '{\"title\": \"[{{ severity_word }}] {{ metric.title }}\", \"details\": \"{{ text }}\", \"value\": {{ value | \
                json }}}'\nmethod = \"PUT\"\nheaders = { X-Team = \"ops\", Authorization = \"Bearer hunter2\" }\n";
    // The sink takes POST alone; what was sent is in its log.
    let running = started(Webhook::open(), keys).await;
    for text in [
        "a \"b\" \\ c\nd\t\u{1}",
        "\", \"evil\": \"",
        "告警 👩‍👩‍👧‍👦",
        "{{ x }} {% raw %}",
        "",
    ] {
        running.sink.fault("/", Fault::Status(500), Times::Once);
        running.failure_with(text).await;
        let request = running.sink.requests().pop().unwrap();
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            body,
            json!({ "title": "[critical] Unpaid orders", "details": text, "value": 131 })
        );
        assert_eq!(
            (request.method.as_str(), request.header("x-team")),
            ("PUT", Some("ops"))
        );
        assert_eq!(request.header("authorization"), Some("Bearer hunter2"));
    }
}

impl Running {
    async fn failure_with(&self, text: &str) {
        let failure = self.send(&alert(text)).await.unwrap_err();
        assert!(!failure.reason().contains("hunter2"), "{failure}");
    }
}

#[tokio::test]
async fn without_a_condition_any_success_will_do_but_a_page() {
    let running = started(Webhook::open(), "").await;
    for (kind, body, taken) in [
        ("application/json", "{\"ok\":false}", true),
        ("text/plain", "thanks", true),
        ("text/html", "ok", true),
        (
            "text/html; charset=utf-8",
            " <!DOCTYPE html><title>Sign in</title>",
            false,
        ),
        ("text/html", "<html>", false),
        ("", "", true),
    ] {
        let fault = Fault::Body(kind.to_owned(), body.to_owned().into());
        running.sink.fault("/", fault, Times::Once);
        let sent = running.send(&alert("one")).await;
        assert_eq!(sent.is_ok(), taken, "{kind} {body}: {sent:?}");
        if let Err(failure) = sent {
            assert!(
                failure.is_transient() && failure.reason().contains("web page"),
                "{failure}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_keys_is_said_where_it_stands() {
    let kind = KINDS.iter().find(|kind| kind.name == "webhook").unwrap();
    for (keys, field, words) in [
        ("method = \"GET\"", "method", "sends no body"),
        ("method = \"post\"", "method", "POST"),
        (
            "body = '{\"v\": {{ value }}}'",
            "body",
            "writes no JSON for no_data",
        ),
        ("body = '{{ x'", "body", "body:1:"),
        ("content_type = \" \"", "content_type", "is none"),
        (
            "headers = { \"a b\" = \"c\" }",
            "headers.a b",
            "no name of a header",
        ),
        (
            "headers = { Content-Type = \"text/plain\" }",
            "headers.Content-Type",
            "set content_type",
        ),
        (
            "headers = { X-Team = \"a\\nb: c\" }",
            "headers.X-Team",
            "no header may have",
        ),
        (
            "ok = { path = \"$.a\", equals = [] }",
            "ok.equals",
            "names no value",
        ),
        (
            "headers = { HOST = \"a\" }",
            "headers.HOST",
            "the program writes it",
        ),
        (
            "ok = { path = \"$.a b\", equals = [1] }",
            "ok.path",
            "not a JSONPath",
        ),
        ("ok = { path = \"$.a\" }", "ok.path", "nothing is compared"),
    ] {
        let all = format!("url = \"https://a.example\"\n{keys}\n");
        let text = Value::Table(all.parse().unwrap()).to_string();
        let settings = (kind.read)(TableDeserializer::parse(&text).unwrap()).unwrap();
        let findings = settings.check();
        assert_eq!(findings.len(), 1, "{keys}: {findings:?}");
        assert_eq!(findings[0].field, field, "{keys}");
        assert!(
            findings[0].message.contains(words),
            "{keys}: {}",
            findings[0].message
        );
    }
}

/// The receiver of the documentation, run as it stands there.
#[tokio::test]
async fn the_example_of_a_receiver_takes_what_is_signed_and_nothing_else() {
    let Some(python) = monitor_testkit::require("python3") else {
        return;
    };
    let kind = KINDS.iter().find(|kind| kind.name == "webhook").unwrap();
    let (_, example) = kind.doc.split_once("```python\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let running = started(Webhook::open(), "secret = \"whsec-1\"\n").await;
    running.send(&alert("告警 👍 \"x\"")).await.unwrap();
    let request = running.sink.requests().remove(0);
    let (header, body) = (
        request.header("x-monitor-signature").unwrap(),
        String::from_utf8(request.body.to_vec()).unwrap(),
    );
    let (time, _) = header[2..].split_once(',').unwrap();
    let program = format!(
        "{example}\nheader, body, t = {}, {}.encode(), {time}\n\
         print(is_from_monitor(b'whsec-1', header, body, t + 1), is_from_monitor(b'whsec-2', header, body, t + 1), \
         is_from_monitor(b'whsec-1', header, body + b' ', t + 1), is_from_monitor(b'whsec-1', header, body, t + 301), \
         is_from_monitor(b'whsec-1', header, body))\n",
        serde_json::Value::from(header),
        // A string of JSON is one of Python, but for what is beyond its first plane, which stays as it is.
        serde_json::Value::from(body),
    );
    let mut child = Command::new(python)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "True False False False True"
    );
}
