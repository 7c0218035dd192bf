//! What the subject of a mail says.

use monitor_domain::{Language, Severity};

use super::super::engine::sample;
use super::{alert, templates};
use crate::{Event, MetricInfo, Notification};

#[test]
fn subjects_say_what_happened() {
    let subject = |event, language| templates().mail(&sample(event), language).unwrap().subject;
    let all: Vec<String> = Language::ALL
        .into_iter()
        .flat_map(|language| Event::ALL.map(|event| subject(event, language)))
        .collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    [critical] Z 131 > 100: Order 5 failed
    [recovered] Z: 131 is above 100 (after 2 h)
    [no data] Z: 131 is above 100
    [data is back] Z: 131 is above 100 (no data for 2 h)
    [closed] Z: 131 is above 100
    [critical, still open] Z 131 > 100: Order 5 failed (2 h)
    [critical, nobody acknowledged] Z 131 > 100: Order 5 failed (2 h)
    [critical] Z: 131 is above 100
    [monitor] Z: Order 5 failed
    [test] Z: Order 5 failed
    【严重】监控告警-Z 131 > 100：Order 5 failed
    【恢复】监控恢复-Z：当前值 131 orders（历时 2 小时）
    【无数据】监控数据中断-Z：131 is above 100
    【数据恢复】监控数据恢复-Z：当前值 131 orders（中断 2 小时）
    【关闭】监控告警关闭-Z：131 is above 100
    【严重·未处理】监控告警-Z 131 > 100：Order 5 failed（已持续 2 小时）
    【严重·升级】监控告警-Z 131 > 100：Order 5 failed（已持续 2 小时）
    【严重】监控汇总-Z：131 is above 100
    【监控通知】Z：Order 5 failed
    【测试】Z：Order 5 failed
    ");
}

#[test]
fn chinese_subjects_say_why_in_chinese() {
    let subject = |event, reason: &str| {
        let notification = Notification {
            reason: reason.to_owned(),
            text: String::new(),
            ..sample(event)
        };
        templates()
            .mail(&notification, Language::Chinese)
            .unwrap()
            .subject
    };
    let above = "131 高于 100（自 09:12:40 UTC 起）";
    assert_eq!(subject(Event::Alert, above), "【严重】监控告警-Z：131 高于 100");
    assert_eq!(
        subject(Event::Reminder, above),
        "【严重·未处理】监控告警-Z：131 高于 100（已持续 2 小时）"
    );
    assert_eq!(
        subject(Event::Alert, "从 5 升至 7，增加 2"),
        "【严重】监控告警-Z：从 5 升至 7，增加 2"
    );
    assert_eq!(
        subject(Event::Recovered, "89 低于 90，已恢复（告警始于 09:12:40 UTC）"),
        "【恢复】监控恢复-Z：89 低于 90（历时 2 小时）"
    );
    assert_eq!(
        subject(Event::NoData, "已 1 分钟没有数据：System A answers 503"),
        "【无数据】监控数据中断-Z：已 1 分钟没有数据：System A answers 503"
    );
    assert_eq!(
        subject(Event::DataBack, above),
        "【数据恢复】监控数据恢复-Z：131 高于 100（中断 2 小时）"
    );
}

#[test]
fn subjects_of_alerts_carry_the_message_and_the_number() {
    let subject = |event, change: &dyn Fn(&mut Notification)| {
        let mut notification = Notification {
            metric: MetricInfo {
                title: "X".into(),
                ..alert().metric
            },
            severity: Severity::Warning,
            value: Some(7.0),
            previous: Some(4.0),
            threshold: None,
            reason: "rose from 4 to 7, by 3".into(),
            text: "Order 905187 unpaid 82 min\nand more".into(),
            ..sample(event)
        };
        change(&mut notification);
        Language::ALL.map(|language| templates().mail(&notification, language).unwrap().subject)
    };
    assert_eq!(
        subject(Event::Alert, &|_| ()),
        [
            "[warning] X 7 (+3): Order 905187 unpaid 82 min",
            "【警告】监控告警-X 7 (+3)：Order 905187 unpaid 82 min"
        ]
    );
    assert_eq!(
        subject(Event::Alert, &|one| one.previous = None)[0],
        "[warning] X 7: Order 905187 unpaid 82 min"
    );
    assert_eq!(
        subject(Event::Alert, &|one| (one.value, one.previous) = (None, None))[0],
        "[warning] X: Order 905187 unpaid 82 min"
    );
    assert_eq!(
        subject(Event::Alert, &|one| one.threshold = Some(5.0)),
        [
            "[warning] X 7 > 5: Order 905187 unpaid 82 min",
            "【警告】监控告警-X 7 > 5：Order 905187 unpaid 82 min"
        ]
    );
    // Of several messages the first, and how many there are.
    let several = |one: &mut Notification| {
        one.messages = vec![
            "Order 905187 unpaid 82 min".into(),
            "Order 905188 unpaid 3 min".into(),
        ];
        one.more_messages = 3;
    };
    assert_eq!(
        subject(Event::Alert, &several),
        [
            "[warning] X 7 (+3): Order 905187 unpaid 82 min (and 4 more)",
            "【警告】监控告警-X 7 (+3)：Order 905187 unpaid 82 min 等 5 条"
        ]
    );
    // Without a message, or with the reason for one, the reason has the number.
    for text in ["", " \r\n", "rose from 4 to 7, by 3"] {
        let subject = subject(Event::Alert, &|one| one.text = text.into());
        assert_eq!(subject[0], "[warning] X: rose from 4 to 7, by 3");
    }
    // A message with line breaks inserts no header, and a long one is cut.
    let subject = subject(Event::Alert, &|one| {
        one.text = format!("\r\n\u{2028}a\rBcc: b@example.com {}", "单".repeat(1_000));
    });
    for one in subject {
        assert!(
            one.chars().count() < 160 && !one.contains(['\r', '\n', '\u{2028}']),
            "{one}"
        );
    }
}

#[test]
fn the_subject_of_an_incident_has_its_cause() {
    let subject = |text: &str, language| {
        let notification = Notification {
            metric: MetricInfo {
                title: "A".into(),
                ..alert().metric
            },
            text: text.into(),
            reason: "503 Service Unavailable".into(),
            ..sample(Event::Notice)
        };
        templates().mail(&notification, language).unwrap().subject
    };
    assert_eq!(
        subject(
            "has been unreadable since 09:12:40 UTC: 503 Service Unavailable",
            Language::English
        ),
        "[monitor] A: has been unreadable since 09:12:40 UTC: 503 Service Unavailable"
    );
    assert_eq!(
        subject(
            "自 09:12:40 UTC 起无法读取：503 Service Unavailable",
            Language::Chinese
        ),
        "【监控通知】A：自 09:12:40 UTC 起无法读取：503 Service Unavailable"
    );
}

#[test]
fn a_subject_is_one_line_whatever_is_in_it() {
    let notification = Notification {
        reason: "a\r\nBcc: victim@example.com\r\n\r\nbody".into(),
        text: String::new(),
        metric: MetricInfo {
            title: "Z\nX-Evil: 1".into(),
            ..alert().metric
        },
        ..alert()
    };
    let subject = templates()
        .mail(&notification, Language::English)
        .unwrap()
        .subject;
    assert_eq!(subject, "[critical] Z X-Evil: 1: a Bcc: victim@example.com body");
}
