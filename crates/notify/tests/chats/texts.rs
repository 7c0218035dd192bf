//! What each service is sent: an alert and its recovery, in both languages.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use monitor_domain::{Language, Severity, SystemClock};
use monitor_notify::{AlertFacts, Deps, Event, MessageIds, MetricInfo, Notification, Templates};
use serde_json::Value;

use crate::services::ALL;
use crate::{channel_with, keys};

fn message(event: Event, language: Language) -> Notification {
    let why = match (event, language) {
        (Event::Recovered, Language::English) => {
            "89 is below 90: recovered, had been firing since 09:12:40 UTC"
        }
        (Event::Recovered, Language::Chinese) => "89 低于 90，已恢复（告警始于 09:12:40 UTC）",
        (_, Language::English) => "131 is above 100 since 09:12:40 UTC",
        (_, Language::Chinese) => "131 高于 100（自 09:12:40 UTC 起）",
    };
    let facts = AlertFacts {
        alert_id: 7,
        severity: Severity::Critical,
        value: Some(if event == Event::Recovered { 89.0 } else { 131.0 }),
        previous: (event == Event::Alert).then_some(128.0),
        threshold: Some(if event == Event::Recovered { 90.0 } else { 100.0 }),
        reason: why.to_owned(),
    };
    let (title, unit) = match language {
        Language::English => ("Unpaid orders", "orders"),
        Language::Chinese => ("未付款订单", "单"),
    };
    let at = DateTime::from_timestamp(1_795_425_160, 0).unwrap();
    let messages = match event {
        Event::Recovered => Vec::new(),
        _ => vec![
            "Order 5 <failed> & *waits*".to_owned(),
            "订单 6 支付失败".to_owned(),
        ],
    };
    let more = if event == Event::Recovered { 0 } else { 3 };
    Notification::about_alert(
        MessageIds::new("alert/7/42/oncall/", "alert-7-42.0190@monitor"),
        event,
        MetricInfo::new("unpaid", title)
            .with_unit(unit)
            .with_runbook(Some("https://wiki.example.com/orders?a=|&b=c".to_owned())),
        facts,
        "Order 5 <failed> & *waits*",
        at,
    )
    .with_messages(messages, more)
    .with_opening(
        "level",
        at - chrono::TimeDelta::hours(if event == Event::Recovered { 2 } else { 0 }),
    )
    .with_url(Some(
        "https://monitor.example.com/alerts/7?from=a|b&to=c".to_owned(),
    ))
}

/// One file a kind; `INSTA_UPDATE=always cargo test -p monitor-notify` writes it again.
#[tokio::test]
async fn each_service_is_sent_an_alert_and_its_recovery_in_both_languages() {
    for service in ALL {
        let mut all = String::new();
        for (event, language) in [
            (Event::Alert, Language::English),
            (Event::Alert, Language::Chinese),
            (Event::Recovered, Language::English),
            (Event::Recovered, Language::Chinese),
        ] {
            let sink = (service.start)(SystemClock::shared()).await;
            let templates = Templates::embedded()
                .unwrap()
                .in_zone(FixedOffset::east_opt(0).unwrap());
            let deps = Deps {
                templates: Arc::new(templates),
                lang: language,
                ..Deps::standalone().unwrap()
            };
            let notifier = channel_with(*service, keys(*service, &sink), &deps);
            let recipient = notifier.recipients().remove(0);
            notifier
                .send(&message(event, language), &recipient)
                .await
                .unwrap();
            let taken = sink.taken().remove(0);
            let mut body = taken.body;
            let objects = match &mut body {
                Value::Array(all) => all.as_mut_slice(),
                one => std::slice::from_mut(one),
            };
            for object in objects.iter_mut().filter_map(Value::as_object_mut) {
                for changes in ["timestamp", "sign", "endsAt"] {
                    object.remove(changes);
                }
            }
            let body = match body {
                Value::Null => taken.text,
                body => format!("{}\n--\n{body:#}", taken.text),
            };
            all.push_str(&format!("==== {} {}\n{body}\n\n", event.as_str(), language.tag()));
        }
        insta::assert_snapshot!(service.kind, all);
    }
}
