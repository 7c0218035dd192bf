//! What rendered mails say, and what is said of broken templates.

mod charts;
mod subjects;

use std::path::Path;

use chrono::{DateTime, FixedOffset};
use monitor_domain::{Language, Severity};

use super::engine::{Templates, sample};
use crate::{Event, MetricInfo, Notification};

fn templates() -> Templates {
    Templates::embedded()
        .unwrap()
        .in_zone(FixedOffset::east_opt(0).unwrap())
}

fn alert() -> Notification {
    Notification {
        at: DateTime::from_timestamp(1_795_425_160, 0).unwrap(),
        text: "Order 5 failed".to_owned(),
        ..sample(Event::Alert)
    }
}

#[test]
fn a_reason_that_is_the_message_is_said_once() {
    for (language, label, why) in [
        (Language::English, "Reason", "131 is above 100 since 09:12:40 UTC"),
        (Language::Chinese, "原因", "131 高于 100（自 09:12:40 UTC 起）"),
    ] {
        let explained = Notification {
            reason: why.to_owned(),
            ..alert()
        };
        let mail = templates().mail(&explained, language).unwrap();
        for body in [&mail.text, &mail.html] {
            assert!(body.contains(label) && body.contains(why), "{body}");
        }
        let bare = Notification {
            text: why.to_owned(),
            ..explained
        };
        let mail = templates().mail(&bare, language).unwrap();
        for body in [&mail.text, &mail.html] {
            assert_eq!(body.matches(why).count(), 1, "{body}");
            assert!(!body.contains(label), "{body}");
        }
        assert!(!mail.text.contains("\n\n\n"), "{}", mail.text);
    }
}

#[test]
fn the_text_holds_everything_there_is_to_know() {
    insta::assert_snapshot!(templates().mail(&alert(), Language::English).unwrap().text, @r"
    Alert · critical · Z

    Order 5 failed

    Value: 131 orders
    Previous: 128 orders (+3)
    Threshold: 100 orders
    Reason: 131 is above 100 since 09:12:40 UTC
    Time: 2026-11-23 09:12:40 UTC
    Alert no.: 1
    Page: https://monitor.example.com/alerts/1

    -- 
    Sent by the monitor. Replies to this mail are not read.
    ");
    insta::assert_snapshot!(templates().mail(&alert(), Language::Chinese).unwrap().text, @r"
    告警 · 严重 · Z

    Order 5 failed

    当前值：131 orders
    上次值：128 orders (+3)
    阈值：100 orders
    原因：131 is above 100 since 09:12:40 UTC
    时间：2026-11-23 09:12:40 UTC
    告警编号：1
    页面：https://monitor.example.com/alerts/1

    -- 
    本邮件由监控系统自动发送，请勿回复。
    ");
}

#[test]
fn the_text_of_a_bare_notice_has_no_gaps() {
    let notice = Notification {
        event: Event::Notice,
        severity: Severity::Warning,
        value: None,
        previous: None,
        threshold: None,
        reason: String::new(),
        alert_id: None,
        url: None,
        metric: MetricInfo {
            key: "a".into(),
            title: "System A".into(),
            unit: String::new(),
            runbook: None,
        },
        text: "X has been unreadable since 09:12: System A answers 503".into(),
        ..alert()
    };
    insta::assert_snapshot!(templates().mail(&notice, Language::English).unwrap().text, @r"
    About the monitor · warning · System A
    This is about the monitor itself. It is not an alert on a metric.

    X has been unreadable since 09:12: System A answers 503

    Time: 2026-11-23 09:12:40 UTC

    -- 
    Sent by the monitor. Replies to this mail are not read.
    ");
}

#[test]
fn several_messages_are_a_list() {
    let several = Notification {
        reason: "7 is above 5 since 09:12:40 UTC".into(),
        messages: vec!["Order 5 failed\ntwice".into(), "Order 6 <failed>".into()],
        more_messages: 3,
        ..alert()
    };
    let mail = |language| templates().mail(&several, language).unwrap();
    let english = mail(Language::English);
    let list = "\n· Order 5 failed twice\n· Order 6 <failed>\n· and 3 more, on the page\n";
    assert!(english.text.contains(list), "{}", english.text);
    for line in [
        "· Order 5 failed twice",
        "· Order 6 &lt;failed&gt;",
        "· and 3 more, on the page",
    ] {
        assert!(
            english.html.contains(&format!(">{line}</div>")),
            "{}",
            english.html
        );
    }
    let chinese = mail(Language::Chinese);
    assert!(
        chinese.text.contains("\n· 其余 3 条请查看页面\n"),
        "{}",
        chinese.text
    );
}

#[test]
fn what_lasts_says_since_when_and_what_to_do() {
    let mut reminder = Notification {
        event: Event::Reminder,
        ..alert()
    }
    .with_opening(
        "level",
        DateTime::from_timestamp(1_795_425_160 - 7_500, 0).unwrap(),
    );
    reminder.metric.runbook = Some("https://wiki.example/orders?a=1&b=2".into());
    let mail = templates().mail(&reminder, Language::English).unwrap();
    assert!(
        mail.text.contains(
            "Open since: 2026-11-23 07:07:40 UTC\nLasted: 2 h 5 min\nTime: 2026-11-23 09:12:40 UTC\n\
             Alert no.: 1\nRunbook: https://wiki.example/orders?a=1&b=2\n"
        ),
        "{}",
        mail.text
    );
    assert!(mail.html.contains(">Open the alert</a>"), "{}", mail.html);
    assert!(
        mail.html
            .contains("href=\"https://wiki.example/orders?a=1&amp;b=2\""),
        "{}",
        mail.html
    );
    reminder.metric.runbook = Some("javascript:alert(1)".into());
    let mail = templates().mail(&reminder, Language::Chinese).unwrap();
    assert!(
        !mail.html.contains("javascript") && !mail.text.contains("javascript"),
        "{}",
        mail.text
    );
    assert!(
        mail.text.contains("开始时间：") && mail.text.contains("持续时间：2 小时 5 分钟"),
        "{}",
        mail.text
    );
}

#[test]
fn html_is_escaped_and_fetches_nothing() {
    let nasty = "<script>alert(1)</script>\n<img src=x onerror=alert(2)> & \"quotes\" 'too'";
    let notification = Notification {
        text: nasty.into(),
        reason: nasty.into(),
        metric: MetricInfo {
            key: nasty.into(),
            title: nasty.into(),
            unit: nasty.into(),
            runbook: None,
        },
        url: Some("https://m.example/?a=\"><script>".into()),
        ..alert()
    };
    for language in Language::ALL {
        let html = templates().mail(&notification, language).unwrap().html;
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt;<br>&lt;img"),
            "{html}"
        );
        assert!(html.contains("https://m.example/?a=%22%3E%3Cscript%3E"), "{html}");
        for fetching in ["src=", "url(", "@import", "<link"] {
            assert!(!html.replace("src=x", "").contains(fetching), "{fetching}");
        }
    }
}

#[test]
fn a_zero_is_shown_and_an_unsafe_link_is_not() {
    let notification = Notification {
        value: Some(0.0),
        previous: Some(0.0),
        url: Some("javascript:alert(1)".into()),
        ..alert()
    };
    let mail = templates().mail(&notification, Language::English).unwrap();
    assert!(
        mail.text.contains("Value: 0 orders") && mail.text.contains("Previous: 0 orders"),
        "{}",
        mail.text
    );
    assert!(mail.html.contains(">0</td>"), "{}", mail.html);
    assert!(
        !mail.html.contains("javascript:") && !mail.html.contains("<a "),
        "{}",
        mail.html
    );
}

#[test]
fn subjects_and_bodies_are_bounded_and_whole_characters() {
    let long = "告警😀".repeat(20_000);
    let notification = Notification {
        text: long.clone(),
        reason: long.clone(),
        metric: MetricInfo {
            key: long.clone(),
            title: long.clone(),
            unit: long,
            runbook: None,
        },
        ..alert()
    };
    for language in Language::ALL {
        let mail = templates().mail(&notification, language).unwrap();
        assert!(
            mail.subject.chars().count() < 700,
            "{}",
            mail.subject.chars().count()
        );
        assert!(mail.text.contains('…') && mail.text.chars().count() < 15_000);
    }
}

#[test]
fn a_folder_replaces_single_templates() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("mail")).unwrap();
    std::fs::write(
        dir.path().join("mail/subject.txt"),
        "ours: {{ title }} {{ value }}",
    )
    .unwrap();
    std::fs::write(dir.path().join("mail/notes.md"), "{{ not a template").unwrap();
    let templates = Templates::with_override(Some(dir.path())).unwrap();
    let mail = templates.mail(&alert(), Language::English).unwrap();
    assert_eq!(mail.subject, "ours: Z 131");
    assert!(mail.html.contains("Order 5 failed"));
}

#[test]
fn a_folder_without_mails_and_no_folder_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("pages")).unwrap();
    for dir in [None, Some(dir.path())] {
        let ours = Templates::with_override(dir)
            .unwrap()
            .in_zone(FixedOffset::east_opt(0).unwrap());
        assert_eq!(
            ours.mail(&alert(), Language::English).unwrap(),
            templates().mail(&alert(), Language::English).unwrap()
        );
    }
}

#[test]
fn a_broken_template_is_named_with_file_line_and_column() {
    let cases = [
        ("body.txt", "fine\nalso fine {{ title \n", "body.txt:2:"),
        ("body.html", "<p>\n\n{% if value %}never ends", "body.html:3:"),
        ("subject.txt", "\n{{ ttle }}", "subject.txt:2:4"),
        ("body.txt", "{{ title | shout }}", "body.txt:1:"),
        ("body.txt", "a\n{{ t(key=\"nonsense\") }}", "body.txt:2:"),
        // Renders for most events and fails for the one without a value.
        ("body.txt", "{{ value | upper }}", "body.txt:1:"),
    ];
    for (name, text, place) in cases {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("mail")).unwrap();
        std::fs::write(dir.path().join("mail").join(name), text).unwrap();
        let error = Templates::with_override(Some(dir.path()))
            .unwrap_err()
            .to_string();
        let expected = format!("{}/mail/{place}", dir.path().display());
        assert!(
            error.starts_with(&expected),
            "{text:?}: want {expected}, got {error}"
        );
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = Templates::with_override(Some(Path::new("/nowhere/templates"))).unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/templates: "), "{error}");
}

#[test]
fn a_template_that_fails_on_a_real_notification_falls_back_to_the_embedded_one() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("mail")).unwrap();
    // Fine for the samples, none of which has so many lines.
    let text = "{{ lines | nth(n=0) | upper }}{% if lines | length > 5 %}{{ nothing }}{% endif %}";
    std::fs::write(dir.path().join("mail/body.txt"), text).unwrap();
    let ours = Templates::with_override(Some(dir.path())).unwrap();
    assert_eq!(
        ours.mail(&alert(), Language::English).unwrap().text,
        "ORDER 5 FAILED"
    );
    let many_lines = Notification {
        text: "one\ntwo\n3\n4\n5\n6".into(),
        ..alert()
    };
    assert!(
        ours.mail(&many_lines, Language::English)
            .unwrap()
            .text
            .contains("one\ntwo\n")
    );
}

#[test]
fn a_mistake_in_what_only_some_mails_have_is_found_at_once() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("mail")).unwrap();
    for template in [
        "{% if chart %}{{ chart.widht }}{% endif %}",
        "{% if count > 1 %}{{ nothing }}{% endif %}",
    ] {
        std::fs::write(dir.path().join("mail/body.html"), template).unwrap();
        let error = Templates::with_override(Some(dir.path()))
            .unwrap_err()
            .to_string();
        assert!(error.contains("body.html:1:"), "{error}");
    }
}

#[test]
fn what_an_editor_leaves_in_the_folder_of_chats_is_no_template() {
    let dir = tempfile::tempdir().unwrap();
    let chats = dir.path().join("chat");
    std::fs::create_dir(&chats).unwrap();
    for name in [".wecom.md.swp", "wecom.md~", ".wecom.md"] {
        std::fs::write(chats.join(name), b"b0VIM 9.0\0\xff\xfe").unwrap();
    }
    std::fs::write(chats.join("wecom.md"), "{{ title }}").unwrap();
    let templates = Templates::with_override(Some(dir.path())).unwrap();
    assert_eq!(templates.chats.keys().collect::<Vec<_>>(), ["wecom.md"]);
}
