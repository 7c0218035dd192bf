//! What every service that messages are posted to is put through: a test a row, each with every service.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod own;
mod services;
mod sms;
mod texts;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use monitor_domain::{Clock, Language, Severity, SharedClock, SystemClock, TableDeserializer};
use monitor_notify::{
    AlertFacts, Channel, ChannelCommon, ChannelSettings, Deps, Event, Failure, KINDS, MessageIds, MetricInfo,
    Notification, Notifier,
};
use monitor_simulator::http::{Fault, Times};
use monitor_testkit::ScriptedClock;
use monitor_testkit::sinks::Sink;
use services::{ALL, SECRET, Service};
use toml::{Table, Value};

/// Those that have no room for a whole message: they are in tests of their own.
const SHORT: &[&str] = &["sms_aliyun"];
/// Those that are programs, and take a message of any length.
const PROGRAMS: &[&str] = &["webhook", "alertmanager"];
/// Those that show text as it is, without markup.
const PLAIN: &[&str] = &["sms_aliyun", "sms_twilio", "webhook", "alertmanager"];

/// Those of all services that are not among these.
fn all_but(kinds: &'static [&str]) -> impl Iterator<Item = &'static Service> {
    ALL.iter().filter(move |service| !kinds.contains(&service.kind))
}

/// A service that runs, and the channel to it.
struct Running {
    service: Service,
    sink: Sink,
    notifier: Arc<dyn Notifier>,
}

impl Running {
    async fn start(service: Service) -> Running {
        Running::at(service, SystemClock::shared(), SystemClock::shared()).await
    }

    /// The channel and the service go by clocks of their own.
    async fn at(service: Service, ours: SharedClock, theirs: SharedClock) -> Running {
        let sink = (service.start)(theirs).await;
        let notifier = channel(service, keys(service, &sink), &ours);
        Running {
            service,
            sink,
            notifier,
        }
    }

    async fn send(&self, message: &Notification) -> Result<(), Failure> {
        let recipient = self.notifier.recipients().remove(0);
        self.notifier.send(message, &recipient).await
    }

    /// Sends one message, which fails with words that hold no secret.
    async fn failure(&self) -> Failure {
        let failure = self.send(&alert("Order 5 failed")).await.unwrap_err();
        let said = format!("{failure} {failure:?}");
        assert!(!said.contains("hunter2"), "{}: {said}", self.service.kind);
        failure
    }
}

fn keys(service: Service, sink: &Sink) -> Table {
    let mut keys = (service.keys)(sink);
    keys.entry("url").or_insert_with(|| Value::from(sink.address()));
    keys.insert("timeout".to_owned(), Value::from("500ms"));
    keys
}

fn channel(service: Service, keys: Table, clock: &SharedClock) -> Arc<dyn Notifier> {
    let deps = Deps {
        clock: Arc::clone(clock),
        lang: Language::English,
        ..Deps::standalone().unwrap()
    };
    channel_with(service, keys, &deps)
}

fn channel_with(service: Service, keys: Table, deps: &Deps) -> Arc<dyn Notifier> {
    let channel = Channel {
        name: "oncall".to_owned(),
        common: ChannelCommon::default(),
        settings: settings(service, keys),
    };
    channel.build(deps).unwrap()
}

fn settings(service: Service, keys: Table) -> Arc<dyn ChannelSettings> {
    let kind = KINDS.iter().find(|kind| kind.name == service.kind).unwrap();
    let text = Value::Table(keys).to_string();
    (kind.read)(TableDeserializer::parse(&text).unwrap()).unwrap()
}

fn alert(text: &str) -> Notification {
    let facts = AlertFacts {
        alert_id: 7,
        severity: Severity::Critical,
        value: Some(131.0),
        previous: Some(128.0),
        threshold: None,
        reason: "131 is above 100 since 09:12:40 UTC".to_owned(),
    };
    Notification::about_alert(
        MessageIds::new("alert/7/42/oncall/", "alert-7-42.0190@monitor"),
        Event::Alert,
        MetricInfo::new("unpaid", "Unpaid orders").with_unit("orders"),
        facts,
        text,
        SystemClock.wall(),
    )
    .with_url(Some("https://monitor.example.com/alerts/7".to_owned()))
}

#[tokio::test]
async fn a_message_is_taken_with_all_that_people_need() {
    for service in all_but(SHORT) {
        let running = Running::start(*service).await;
        running
            .send(&alert("Order 5 failed\nOrder 6 failed"))
            .await
            .unwrap();
        let taken = running.sink.taken();
        assert_eq!(taken.len(), 1, "{}", service.kind);
        let whole = format!("{} {}", taken[0].text, taken[0].body);
        for word in [
            "critical",
            "Unpaid orders",
            "Order 5 failed",
            "Order 6 failed",
            "131",
            "/alerts/7",
        ] {
            assert!(whole.contains(word), "{}: {word}: {whole}", service.kind);
        }
    }
}

#[tokio::test]
async fn what_others_write_is_shown_as_it_is_and_makes_no_link() {
    let text =
        "# <i>x</i> [pay here](https://evil.example/) *now* `a` & b\n> quoted\n@all <at user_id=\"all\">";
    for service in all_but(PLAIN) {
        let running = Running::start(*service).await;
        running.send(&alert(text)).await.unwrap();
        let taken = running.sink.taken().remove(0);
        let (shown, markup) = (taken.text, taken.markup);
        for wrong in ["](https://evil.example", "<i>", "<at user", "*now*"] {
            assert!(!markup.contains(wrong), "{}: {markup}", service.kind);
        }
        // Without markup, it is shown to the letter.
        let line = if markup.contains("pay here") {
            "pay here"
        } else {
            text.lines().next().unwrap()
        };
        assert!(shown.contains(line), "{}: {shown}", service.kind);
    }
}

#[tokio::test]
async fn what_is_too_long_is_cut_between_characters_and_says_so() {
    for (unit, kinds) in [
        ("告", "Chinese"),
        ("👩‍👩‍👧‍👦", "emoji"),
        ("*[<&_", "markup"),
        ("ab\n", "lines"),
    ] {
        // At lengths all over the unit's, so that the limit falls into the middle of one.
        for shift in (0..unit.len()).step_by(unit.len().div_ceil(5)) {
            let text = format!("{}{}", "x".repeat(shift), unit.repeat(60_000 / unit.len()));
            for service in all_but(SHORT).filter(|service| !PROGRAMS.contains(&service.kind)) {
                let running = Running::start(*service).await;
                running.send(&alert(&text)).await.unwrap();
                let shown = running.sink.taken().remove(0).text;
                let name = service.kind;
                assert!(shown.len() <= service.longest, "{name} {kinds}: {}", shown.len());
                assert!(
                    shown.len() > service.longest.min(9_000) / 3,
                    "{name} {kinds}: {}",
                    shown.len()
                );
                assert!(
                    !shown.contains('\u{FFFD}') && shown.contains("more characters"),
                    "{name}: {shown}"
                );
                assert!(shown.contains("/alerts/7"), "{name}: the link is whole: {shown}");
                let families = shown.matches("👩‍👩‍👧‍👦").count() * 4;
                let people = shown.chars().filter(|one| "👩👧👦".contains(*one)).count();
                assert_eq!(families, people, "{name}: none is cut in two");
            }
        }
    }
}

#[tokio::test]
async fn what_is_set_up_wrong_is_named_and_messages_wait_for_it() {
    for service in ALL {
        let right = Running::start(*service).await;
        for wrong in service.wrong {
            let mut all = keys(*service, &right.sink);
            let own = wrong.keys.replace("HOST", &right.sink.url());
            all.extend(own.parse::<Table>().unwrap());
            let running = Running {
                service: *service,
                sink: right.sink.clone(),
                notifier: channel(*service, all, &SystemClock::shared()),
            };
            let failure = running.failure().await;
            // Who is not known may be one of many; where nobody is, the pipeline waits.
            let waits = failure.is_transient() || matches!(failure, Failure::UnknownRecipient { .. });
            assert!(waits, "{}: {failure}", service.kind);
            assert!(
                failure.reason().contains(wrong.said),
                "{}: {failure}",
                service.kind
            );
        }
        assert!(right.sink.taken().is_empty());
    }
}

#[tokio::test]
async fn a_refusal_in_an_answer_of_success_is_none() {
    for service in ALL {
        let running = Running::start(*service).await;
        for refusal in service.refusals {
            let body = refusal.body.to_owned().into();
            let fault = Fault::Body("application/json".to_owned(), body);
            running.sink.fault("/", fault, Times::Once);
            let failure = running.failure().await;
            let said = format!("{} {}: {failure:?}", service.kind, refusal.body);
            assert_eq!(failure.is_transient(), !refusal.is_final, "{said}");
            assert_eq!(
                failure.retry_after(),
                refusal.after.map(Duration::from_secs),
                "{said}"
            );
            assert!(failure.reason().contains(refusal.said), "{said}");
        }
    }
}

#[tokio::test]
async fn a_service_that_counts_is_left_alone_as_long_as_it_wants() {
    for service in ALL {
        let Some((burst, pause)) = service.burst else {
            continue;
        };
        let clock = ScriptedClock::new(SystemClock.wall());
        let running = Running::at(*service, clock.clone(), clock.clone()).await;
        for _ in 0..burst {
            running.send(&alert("one")).await.unwrap();
        }
        let failure = running.failure().await;
        assert_eq!(
            failure.retry_after(),
            Some(Duration::from_secs(pause)),
            "{failure}"
        );
        clock.advance(Duration::from_secs(pause));
        running.send(&alert("again")).await.unwrap();
    }
}

#[tokio::test]
async fn a_kind_that_knows_its_services_rate_keeps_within_it() {
    for service in ALL {
        let Some((burst, _)) = service.burst else { continue };
        let limits = Running::start(*service).await.notifier.limits();
        let most = [limits.per_minute, limits.per_second]
            .into_iter()
            .flatten()
            .min()
            .unwrap();
        assert!(most as usize <= burst, "{}", service.kind);
    }
}

#[tokio::test]
async fn whatever_happens_on_the_way_is_tried_again() {
    let seven = vec![("Retry-After".to_owned(), "7".to_owned())];
    let rows = [
        ("hang", Fault::Hang, None, "timed out"),
        ("closed at once", Fault::CloseAtOnce, None, ""),
        ("answer lost", Fault::LoseAnswer, None, ""),
        ("closed in the middle", Fault::Truncate, None, ""),
        ("500", Fault::Status(500), None, "500"),
        ("502", Fault::Status(502), None, "502"),
        (
            "503 with a time",
            Fault::StatusWith(503, seven.clone()),
            Some(7),
            "503",
        ),
        ("429 with a time", Fault::StatusWith(429, seven), Some(7), "429"),
        ("429 without", Fault::Status(429), None, "429"),
        ("401", Fault::Status(401), None, "does not know this sender"),
        ("404", Fault::Status(404), None, "nothing takes messages there"),
        ("a page", Fault::Html, None, ""),
        (
            "redirect",
            Fault::Redirect("https://login.example/".to_owned()),
            None,
            "login.example",
        ),
        ("too large", Fault::Huge(2_000_000), None, ""),
    ];
    for service in ALL {
        let running = Running::start(*service).await;
        for (name, fault, after, said) in &rows {
            running.sink.fault("/", fault.clone(), Times::Once);
            let failure = running.failure().await;
            let shown = format!("{} {name}: {failure:?}", service.kind);
            assert!(failure.is_transient(), "{shown}");
            assert_eq!(failure.retry_after(), after.map(Duration::from_secs), "{shown}");
            assert!(failure.reason().contains(said), "{shown}");
        }
        running.sink.fault("/", Fault::Status(400), Times::Once);
        assert!(
            !running.failure().await.is_transient(),
            "{}: it refuses the message",
            service.kind
        );
    }
}

#[tokio::test]
async fn no_tls_and_no_server_are_said() {
    for service in ALL {
        let right = Running::start(*service).await;
        let mut all = keys(*service, &right.sink);
        let https = right.sink.address().replace("http://", "https://");
        all.insert("url".to_owned(), Value::from(https));
        let clock = SystemClock::shared();
        let running = Running {
            service: *service,
            sink: right.sink.clone(),
            notifier: channel(*service, all, &clock),
        };
        let failure = running.failure().await;
        assert!(
            failure.is_transient() && failure.reason().contains("TLS"),
            "{failure}"
        );
        right.sink.stop().await;
        assert!(right.failure().await.is_transient());
        assert!(right.notifier.probe().await.is_err());
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_named_where_messages_are_signed() {
    let now = SystemClock.wall();
    let ours: SharedClock = ScriptedClock::new(now + TimeDelta::hours(2));
    for service in ALL
        .iter()
        .filter(|service| ["dingtalk", "feishu", "sms_aliyun", "webhook"].contains(&service.kind))
    {
        let theirs: SharedClock = ScriptedClock::new(now);
        let running = Running::at(*service, Arc::clone(&ours), theirs).await;
        let failure = running.failure().await;
        assert!(failure.is_transient(), "{failure}");
        let said = failure.reason();
        assert!(said.contains("clock is 2h") && said.contains("NTP"), "{said}");
    }
}

#[tokio::test]
async fn a_probe_sends_nothing() {
    for service in ALL {
        let running = Running::start(*service).await;
        running.notifier.probe().await.unwrap();
        assert!(running.sink.taken().is_empty());
        let posts = running.sink.requests();
        assert!(
            posts.iter().all(|request| request.method != "POST"),
            "{}",
            service.kind
        );
        assert!(posts.iter().all(|request| !request.query.contains("hunter2")));
    }
}

#[test]
fn every_kind_over_http_is_here() {
    let here: Vec<&str> = ALL.iter().map(|service| service.kind).collect();
    let missing: Vec<&str> = KINDS
        .iter()
        .map(|kind| kind.name)
        .filter(|name| *name != "smtp" && !here.contains(name))
        .collect();
    assert_eq!(missing, [""; 0]);
    assert!(
        SECRET.contains("hunter2"),
        "what is searched for is what is secret"
    );
}
