//! What one service alone has.

use std::time::Duration;

use monitor_domain::{Language, Severity, SystemClock};
use monitor_notify::{ChannelCommon, Event, Failure, Notification};
use monitor_simulator::http::{Answer, Fault, HttpServer, Request, Times};
use monitor_testkit::sinks::{Feishu, Ntfy, Sink, Slack, Telegram};
use serde_json::{Value, json};
use toml::Table;

use crate::services::{ALL, Service};
use crate::{Running, alert, channel, settings};

fn service(kind: &str) -> Service {
    *ALL.iter().find(|service| service.kind == kind).unwrap()
}

/// A channel with these keys to this sink, whose address is `url`, and whose server `HOST`.
fn to(sink: Sink, kind: &str, keys: &str) -> Running {
    let keys = keys.replace("URL", &sink.address()).replace("HOST", &sink.url());
    let notifier = channel(
        service(kind),
        keys.parse::<Table>().unwrap(),
        &SystemClock::shared(),
    );
    Running {
        service: service(kind),
        sink,
        notifier,
    }
}

fn of(event: Event, severity: Severity) -> Notification {
    let mut message = alert("Order 5 failed");
    (message.event, message.severity) = (event, severity);
    message
}

const TONES: [(Event, Severity); 5] = [
    (Event::Alert, Severity::Critical),
    (Event::Alert, Severity::Warning),
    (Event::Alert, Severity::Info),
    (Event::Recovered, Severity::Critical),
    (Event::NoData, Severity::Critical),
];

#[tokio::test]
async fn a_card_has_the_colour_of_what_it_says() {
    let sink = Sink::start(Feishu::new("a"), SystemClock::shared())
        .await
        .unwrap();
    let running = to(sink, "feishu", "url = \"URL\"");
    for (event, severity) in TONES {
        running.send(&of(event, severity)).await.unwrap();
    }
    let taken = running.sink.taken();
    let colours: Vec<&Value> = taken
        .iter()
        .map(|one| &one.body["card"]["header"]["template"])
        .collect();
    assert_eq!(colours, ["red", "orange", "blue", "green", "grey"]);
    // Without a secret nothing is signed, and without a word nothing is added.
    assert_eq!(taken[0].body.get("sign"), None);
    assert!(!taken[0].text.contains("监控"));
}

#[tokio::test]
async fn a_word_that_a_message_has_is_not_added() {
    for (word, times) in [("Unpaid", 1), ("[critical]", 1), ("failed", 2), ("监控", 1)] {
        let robot = Feishu::new("a").with_keyword(word);
        let sink = Sink::start(robot, SystemClock::shared()).await.unwrap();
        let running = to(sink, "feishu", &format!("url = \"URL\"\nkeyword = \"{word}\""));
        running.send(&alert("Order 5 failed")).await.unwrap();
        let text = &running.sink.taken()[0].text;
        assert_eq!(text.matches(word).count(), times, "{word}: {text}");
    }
}

#[tokio::test]
async fn a_robot_that_answers_as_they_did_before_there_was_a_code_is_understood() {
    let sink = Sink::start(Feishu::new("a"), SystemClock::shared())
        .await
        .unwrap();
    let running = to(sink, "feishu", "url = \"URL\"");
    let body = r#"{"Extra":null,"StatusCode":0,"StatusMessage":"success"}"#;
    running.sink.fault(
        "/",
        Fault::Body("application/json".to_owned(), body.into()),
        Times::Once,
    );
    running.send(&alert("one")).await.unwrap();
}

#[tokio::test]
async fn the_time_that_the_gateway_before_the_robots_names_is_kept() {
    for (status, header, seconds) in [(429, "52", 52), (400, "3", 10), (400, "soon", 10)] {
        let words = json!({ "code": 99_991_400, "msg": "request trigger frequency limit" });
        let answer = move |_: &Request| Answer::json(status, &words).header("x-ogw-ratelimit-reset", header);
        let server = HttpServer::start(answer).await;
        let keys = format!("url = \"{}\"", server.url()).parse().unwrap();
        let robot = channel(service("feishu"), keys, &SystemClock::shared());
        let failure = robot.send(&alert("one"), "").await.unwrap_err();
        assert_eq!(
            failure.retry_after(),
            Some(Duration::from_secs(seconds)),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_section_of_slack_has_a_head_and_a_link_that_are_whole() {
    let sink = Sink::start(Slack::new("a"), SystemClock::shared()).await.unwrap();
    let running = to(sink, "slack", "url = \"URL\"");
    let message = alert(&"告👍".repeat(2_000)).with_url(Some("https://m.example/a?b=1|2&c=<3>".to_owned()));
    running.send(&message).await.unwrap();
    let body = &running.sink.taken()[0].body;
    let head = body["blocks"][0]["text"]["text"].as_str().unwrap();
    assert!(
        head.starts_with("🔴 [critical] Unpaid orders") && head.ends_with('…'),
        "{head}"
    );
    let link = &body["blocks"][2]["elements"][0];
    assert_eq!(
        *link,
        json!({ "type": "mrkdwn", "text": "<https://m.example/a?b=1%7C2&amp;c=%3C3%3E|Open the alert>" })
    );
}

/// What follows the colon of a token is what makes it one.
#[tokio::test]
async fn a_part_of_a_token_is_hidden_by_itself_too() {
    let said = json!({ "ok": false, "error_code": 400, "description": "SEChunter2-and-more: no such bot" });
    let server = HttpServer::start(move |_: &Request| Answer::json(200, &said)).await;
    let keys = format!(
        "token = \"42:SEChunter2-and-more\"\nto = [\"-100\"]\nurl = \"{}\"",
        server.url()
    );
    let bot = channel(service("telegram"), keys.parse().unwrap(), &SystemClock::shared());
    let failure = bot.send(&alert("one"), "-100").await.unwrap_err().to_string();
    assert!(!failure.contains("hunter2"), "{failure}");
    assert!(failure.contains("no such bot"), "{failure}");
}

#[tokio::test]
async fn an_archived_channel_is_named_whatever_the_status() {
    let sink = Sink::start(Slack::new("a").archived(), SystemClock::shared())
        .await
        .unwrap();
    let running = to(sink, "slack", "url = \"URL\"");
    let failure = running.failure().await;
    assert!(failure.is_transient(), "{failure}");
    assert!(
        failure
            .reason()
            .contains("the webhook's channel is archived: open it again"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_chat_that_does_not_want_the_bot_holds_up_no_other() {
    let bot = Telegram::new("4:a")
        .in_chat("-100")
        .in_chat("@shop")
        .blocked_by("7");
    let sink = Sink::start(bot, SystemClock::shared()).await.unwrap();
    let keys = "url = \"HOST/\"\ntoken = \"4:a\"\nto = [\"-100\", \"7\", \"@shop\", \"8\"]";
    let running = to(sink, "telegram", keys);
    assert_eq!(running.notifier.recipients(), ["-100", "7", "@shop", "8"]);
    let mut unknown = Vec::new();
    for chat in running.notifier.recipients() {
        match running.notifier.send(&alert("one"), &chat).await {
            Ok(()) => {}
            Err(Failure::UnknownRecipient { reason }) => unknown.push((chat, reason)),
            Err(other) => panic!("{other:?}"),
        }
    }
    let chats: Vec<&str> = unknown.iter().map(|(chat, _)| chat.as_str()).collect();
    assert_eq!(chats, ["7", "8"], "{unknown:?}");
    let taken = running.sink.taken();
    assert_eq!(
        [&taken[0].body["chat_id"], &taken[1].body["chat_id"]],
        ["-100", "@shop"]
    );
}

#[tokio::test]
async fn a_phone_sounds_as_loud_as_it_matters() {
    let sink = Sink::start(Ntfy::new("a"), SystemClock::shared()).await.unwrap();
    let running = to(sink, "ntfy", "url = \"URL\"");
    for (event, severity) in TONES {
        running.send(&of(event, severity)).await.unwrap();
    }
    let said: Vec<(i64, String)> = running
        .sink
        .taken()
        .iter()
        .map(|one| {
            (
                one.body["priority"].as_i64().unwrap(),
                one.body["tags"][0].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let want = [
        (5, "rotating_light"),
        (4, "warning"),
        (3, "information_source"),
        (3, "white_check_mark"),
        (3, "grey_question"),
    ];
    assert_eq!(said, want.map(|(priority, tag)| (priority, tag.to_owned())));
    assert_eq!(
        running.sink.taken()[0].body["click"],
        "https://monitor.example.com/alerts/7"
    );
}

#[test]
fn a_digest_of_what_alertmanager_groups_is_refused_before_anything_is_sent() {
    let all = settings(
        service("alertmanager"),
        "url = \"http://a.example:9093\"".parse().unwrap(),
    );
    let common = ChannelCommon {
        digest: Some(Duration::from_secs(60)),
        ..ChannelCommon::default()
    };
    assert_eq!(all.check_common(&ChannelCommon::default()), []);
    let found = all.check_common(&common);
    assert_eq!((found.len(), &*found[0].field), (1, "digest"), "{found:?}");
}

#[tokio::test]
async fn a_preview_of_a_text_message_is_what_the_service_gets() {
    let running = Running::start(service("sms_aliyun")).await;
    let message = alert("Order 5 failed").with_messages(vec!["Order 5 failed".into(), "b".into()], 3);
    let preview = running
        .notifier
        .preview(&message, Some(Language::Chinese))
        .unwrap()
        .unwrap();
    assert!(
        preview.text.contains("= Order 5 failed 等 5 条"),
        "{}",
        preview.text
    );
    assert!(!preview.text.contains("http"), "{}", preview.text);
}

#[tokio::test]
async fn a_web_page_is_named_as_such_by_slack_too() {
    let running = Running::start(service("slack")).await;
    running.sink.fault("/", Fault::Html, Times::Once);
    let failure = running.failure().await;
    assert!(failure.reason().contains("web page"), "{failure}");
}

#[test]
fn what_can_be_seen_to_be_wrong_is_said_before_anything_is_sent() {
    for (kind, keys, field, said) in [
        (
            "feishu",
            "url = \"https://a.example/hook\"\nmention = [\"all\", \"<at>\"]",
            "mention[1]",
            "no id of a member",
        ),
        ("telegram", "token = \"a\"\nto = []", "to", "names nobody"),
        (
            "telegram",
            "token = \"a\"\nto = [\"42\", \"shop\"]",
            "to[1]",
            "is no chat",
        ),
        (
            "telegram",
            "token = \"a\"\nto = [\"42\"]\nurl = \"ftp://a.example\"",
            "url",
            "not an address of a web server",
        ),
        ("ntfy", "url = \"https://ntfy.sh\"", "url", "names no topic"),
        (
            "slack",
            "url = \"https://a.example/x\"\ntimeout = \"0s\"",
            "timeout",
            "longer than nothing",
        ),
    ] {
        let found = settings(service(kind), keys.parse().unwrap()).check();
        assert_eq!(found.len(), 1, "{kind} {keys}: {found:?}");
        assert_eq!(found[0].field, field, "{kind} {keys}");
        assert!(found[0].message.contains(said), "{kind} {keys}: {}", found[0]);
    }
}
