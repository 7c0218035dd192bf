//! What arrives.

use chrono::TimeDelta;
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use monitor_domain::{Language, SystemClock};
use monitor_notify::{ChannelCommon, ChannelSettings, Chart, Event, MetricInfo, SmtpSettings};

use crate::server::{Server, Taken};
use crate::{alert, alert_with, deps, plain, settings};

fn parse(mail: &Taken) -> Message<'_> {
    MessageParser::default().parse(&mail.raw).unwrap()
}

fn header(mail: &Taken, name: &str) -> Option<String> {
    parse(mail)
        .header_raw(name.to_owned())
        .map(|value| value.trim().to_owned())
}

#[tokio::test]
async fn each_recipient_has_an_envelope_and_all_are_named_in_the_header() {
    let server = Server::start().await;
    let mail = plain(server.port);
    assert_eq!(mail.recipients(), ["ops@example.com", "boss@example.com"]);
    for recipient in mail.recipients() {
        mail.send(&alert(), &recipient).await.unwrap();
    }
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    assert!(
        mails
            .iter()
            .all(|one| one.from.starts_with("MAIL FROM:<monitor@example.com>")),
        "{mails:?}"
    );
    assert_eq!(mails[0].to, ["RCPT TO:<ops@example.com>"]);
    assert_eq!(mails[1].to, ["RCPT TO:<boss@example.com>"]);
    for one in &mails {
        let parsed = parse(one);
        let to: Vec<&str> = parsed
            .to()
            .unwrap()
            .iter()
            .filter_map(|one| one.address())
            .collect();
        assert_eq!(to, ["ops@example.com", "boss@example.com"]);
    }
    assert_eq!(mails[0].raw, mails[1].raw);
    assert_eq!(server.connections(), 1, "the connection was not kept");
}

#[tokio::test]
async fn headers_and_both_bodies_say_what_happened() {
    let server = Server::start().await;
    plain(server.port)
        .send(&alert(), "ops@example.com")
        .await
        .unwrap();
    let mails = server.mails();
    let parsed = parse(&mails[0]);
    assert_eq!(parsed.subject(), Some("[critical] Z 131 (+3): Order 5 failed"));
    assert_eq!(parsed.message_id(), Some("alert-7.mail@monitor.example.com"));
    assert_eq!(parsed.date().unwrap().to_timestamp(), alert().at.timestamp());
    let from = parsed.from().unwrap().first().unwrap();
    assert_eq!(
        (from.name(), from.address()),
        (Some("Monitor"), Some("monitor@example.com"))
    );
    assert_eq!(
        header(&mails[0], "Auto-Submitted").as_deref(),
        Some("auto-generated")
    );
    assert_eq!(header(&mails[0], "X-Monitor-Id").as_deref(), Some("alert-7/mail"));
    assert_eq!(header(&mails[0], "In-Reply-To"), None);
    let text = parsed.body_text(0).unwrap();
    let html = parsed.body_html(0).unwrap();
    for body in [&text, &html] {
        for piece in [
            "Order 5 failed",
            "131",
            "128",
            "above 100 since 09:12:40 UTC",
            "2026-11-23 09:12:40 UTC",
        ] {
            assert!(body.contains(piece), "no {piece:?} in {body}");
        }
    }
    assert!(
        text.contains("Page: https://monitor.example.com/monitor/z"),
        "{text}"
    );
    assert!(
        html.contains("href=\"https://monitor.example.com/monitor/z\""),
        "{html}"
    );
    // Alternatives of the same, text first: the last one that a program can show is shown.
    assert_eq!(
        (
            parsed.text_body.len(),
            parsed.html_body.len(),
            parsed.attachments.len()
        ),
        (1, 1, 0)
    );
}

/// Readings of the hour before the alert, one a minute.
fn last_hour(values: impl Fn(i64) -> Option<f64>) -> Chart {
    let to = alert().at;
    let from = to - TimeDelta::hours(1);
    Chart::new(
        from,
        to,
        (0..=60).map(|minute| (from + TimeDelta::minutes(minute), values(minute))),
    )
}

#[tokio::test]
async fn a_chart_is_a_picture_within_the_html() {
    let server = Server::start().await;
    let chart = last_hour(|minute| Some(if minute > 57 { 131.0 } else { 90.0 })).with_threshold(Some(100.0));
    let with_chart = alert().with_chart(Some(chart));
    for message in [&with_chart, &with_chart, &alert()] {
        plain(server.port).send(message, "ops@example.com").await.unwrap();
    }
    let mails = server.mails();
    assert_eq!(mails[0].raw, mails[1].raw, "a repeat is the same mail");
    let parsed = parse(&mails[0]);
    let kinds: Vec<String> = parsed
        .parts
        .iter()
        .map(|part| {
            let kind = part.content_type().unwrap();
            format!(
                "{}/{}",
                kind.c_type,
                kind.c_subtype.as_deref().unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png"
        ]
    );
    let picture = &parsed.parts[4];
    assert!(picture.content_disposition().unwrap().is_inline());
    let html = parsed.body_html(0).unwrap();
    let cid = picture.content_id().unwrap();
    assert!(html.contains(&format!("src=\"cid:{cid}\"")), "{html}");
    assert!(
        html.contains("alt=\"Z: 90 to 131 in the last hour, now 131\""),
        "{html}"
    );
    let (PartType::Binary(png) | PartType::InlineBinary(png)) = &picture.body else {
        panic!("{:?}", picture.body)
    };
    assert!(png.len() < 15_000, "{} bytes", png.len());
    let mut reader = png::Decoder::new(std::io::Cursor::new(png.to_vec()))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.width, frame.height), (1_072, 280));
    assert!(mails[0].raw.len() < 40_000, "{} bytes", mails[0].raw.len());

    let without = parse(&mails[2]);
    assert_eq!(without.message_id(), parsed.message_id());
    assert!(!without.body_html(0).unwrap().contains("<img"));
    assert_eq!(without.parts.len(), 3);
}

#[tokio::test]
async fn too_few_readings_are_no_chart() {
    let server = Server::start().await;
    for chart in [
        last_hour(|_| None),
        last_hour(|minute| (minute == 60).then_some(131.0)),
        last_hour(|_| Some(f64::NAN)),
    ] {
        let message = alert().with_chart(Some(chart));
        plain(server.port)
            .send(&message, "ops@example.com")
            .await
            .unwrap();
    }
    for mail in server.mails() {
        assert_eq!(parse(&mail).parts.len(), 3);
    }
}

#[tokio::test]
async fn a_repeat_is_the_same_mail_byte_for_byte() {
    let server = Server::start().await;
    // Another process, another connection: nothing may depend on chance or on when it is sent.
    for _ in 0..2 {
        plain(server.port)
            .send(&alert(), "ops@example.com")
            .await
            .unwrap();
    }
    let mails = server.mails();
    assert_eq!(mails[0].raw, mails[1].raw);
    assert_eq!(
        header(&mails[0], "Message-ID").as_deref(),
        Some("<alert-7.mail@monitor.example.com>")
    );
}

#[tokio::test]
async fn a_recovery_answers_its_alert() {
    let server = Server::start().await;
    let recovery = alert_with(|alert| {
        alert.event = Event::Recovered;
        alert.thread_id = Some(alert.message_id.clone());
        alert.message_id = "alert-7.recovered@monitor.example.com".into();
    });
    plain(server.port)
        .send(&recovery, "ops@example.com")
        .await
        .unwrap();
    let mails = server.mails();
    for name in ["In-Reply-To", "References"] {
        assert_eq!(
            header(&mails[0], name).as_deref(),
            Some("<alert-7.mail@monitor.example.com>")
        );
    }
    assert_eq!(header(&mails[0], "Importance"), None);
}

#[tokio::test]
async fn chinese_arrives_as_it_was_written() {
    let server = Server::start().await;
    let common = ChannelCommon {
        lang: Some(Language::Chinese),
        ..ChannelCommon::default()
    };
    let settings = SmtpSettings {
        from: Some("监控系统 <monitor@example.com>".into()),
        to: Some(vec!["值班员 <ops@example.com>".into()]),
        ..settings(&format!("smtp://127.0.0.1:{}", server.port))
    };
    let mail = settings
        .build("mail", &common, &deps(SystemClock::shared()))
        .unwrap();
    let title = "未支付订单（华东区域所有门店与线上渠道合计）";
    let notification = alert_with(|alert| {
        alert.text = "订单 5 处理失败😀".into();
        alert.metric = MetricInfo::new("w", title).with_unit("单");
    });
    mail.send(&notification, "ops@example.com").await.unwrap();
    let mails = server.mails();
    assert!(mails[0].raw.is_ascii(), "not every server takes eight bits");
    let parsed = parse(&mails[0]);
    assert_eq!(
        parsed.subject().unwrap(),
        format!("【严重】监控告警-{title} 131 (+3)：订单 5 处理失败😀")
    );
    assert_eq!(parsed.from().unwrap().first().unwrap().name(), Some("监控系统"));
    assert_eq!(parsed.to().unwrap().first().unwrap().name(), Some("值班员"));
    for body in [parsed.body_text(0).unwrap(), parsed.body_html(0).unwrap()] {
        assert!(
            body.contains("订单 5 处理失败😀") && body.contains(title),
            "{body}"
        );
    }
    assert!(parsed.body_text(0).unwrap().contains("当前值：131 单"));
    for line in String::from_utf8(mails[0].raw.clone()).unwrap().split("\r\n") {
        assert!(
            line.len() <= 78 || !line.contains(' '),
            "a line of {} bytes: {line}",
            line.len()
        );
        assert!(line.len() <= 998);
    }
}

#[tokio::test]
async fn nothing_in_a_notification_gets_out_of_its_place() {
    let server = Server::start().await;
    let mail = plain(server.port);
    mail.send(&alert(), "ops@example.com").await.unwrap();
    let boundary = parse(&server.mails()[0]).content_type_boundary();
    let nasty = format!(
        "a\r\n.\r\nMAIL FROM:<evil@example.com>\r\nBcc: victim@example.com\r\n\r\n--{boundary}--\r\n\
         --{boundary}\r\nContent-Type: text/html\r\n\r\n<b>evil</b>\r\n..\n.\nend"
    );
    let notification = alert_with(|alert| {
        alert.id = nasty.clone();
        alert.thread_id = Some(format!("t{nasty}"));
        alert.text = nasty.clone();
        alert.reason = nasty.clone();
        alert.metric = MetricInfo::new(&nasty, &nasty).with_unit(&nasty);
        alert.url = Some(nasty.clone());
    });
    mail.send(&notification, "ops@example.com").await.unwrap();
    // The Message-ID decides the boundary, so one that injects is tried on its own.
    let notification = alert_with(|alert| alert.message_id = nasty);
    mail.send(&notification, "ops@example.com").await.unwrap();
    let mails = server.mails();
    assert_eq!(mails.len(), 3);
    for one in &mails {
        assert_eq!(one.to, ["RCPT TO:<ops@example.com>"]);
        assert_eq!(header(one, "Bcc"), None);
        let parsed = parse(one);
        assert_eq!(
            (parsed.parts.len(), parsed.text_body.len(), parsed.html_body.len()),
            (3, 1, 1)
        );
        assert!(parsed.body_html(0).unwrap().starts_with("<!DOCTYPE html>"));
    }
    let text = parse(&mails[1]).body_text(0).unwrap().replace("\r\n", "\n");
    assert!(text.contains("<b>evil</b>\n..\n.\nend\n"), "{text}");
    assert!(!parse(&mails[1]).body_html(0).unwrap().contains("<b>evil"));
    let lines = server.lines();
    assert!(
        !lines
            .iter()
            .any(|line| line.contains("evil") && line.starts_with("MAIL")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_recipient_that_is_no_address_is_refused_before_anything_is_said() {
    let server = Server::start().await;
    for recipient in [
        "",
        "ops",
        "ops@example.com>\r\nRCPT TO:<victim@example.com",
        "a@b@c",
    ] {
        let failure = plain(server.port).send(&alert(), recipient).await.unwrap_err();
        assert!(!failure.is_transient(), "{failure}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_huge_message_is_cut_and_arrives() {
    let server = Server::start().await;
    let notification = alert_with(|alert| alert.text = "x".repeat(2_000_000));
    plain(server.port)
        .send(&notification, "ops@example.com")
        .await
        .unwrap();
    let mails = server.mails();
    assert!(mails[0].raw.len() < 100_000, "{}", mails[0].raw.len());
    assert!(parse(&mails[0]).body_text(0).unwrap().contains("xxx…"));
}

trait Boundary {
    fn content_type_boundary(&self) -> String;
}

impl Boundary for Message<'_> {
    fn content_type_boundary(&self) -> String {
        use mail_parser::MimeHeaders;
        self.content_type()
            .unwrap()
            .attribute("boundary")
            .unwrap()
            .to_owned()
    }
}
