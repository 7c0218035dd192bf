//! Many addresses, long names and texts, and letters beyond ASCII.

use std::time::Duration;

use mail_parser::{Message, MessageParser};
use monitor_notify::{Failure, MetricInfo, SmtpSettings};

use crate::server::{Action, Server, Taken};
use crate::{alert, alert_with, channel, settings};

const WITH_UTF8: Action = Action::Reply("250-mail.test\r\n250-8BITMIME\r\n250 SMTPUTF8");

fn parse(mail: &Taken) -> Message<'_> {
    MessageParser::default().parse(&mail.raw).unwrap()
}

fn to(mail: &Taken) -> Vec<String> {
    let parsed = parse(mail);
    let all = parsed.to().unwrap().iter();
    all.filter_map(|one| one.address().map(str::to_owned)).collect()
}

fn longest_line(mail: &Taken) -> usize {
    mail.raw
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::len)
        .max()
        .unwrap()
}

fn mails(server: &Server, to: &[&str]) -> SmtpSettings {
    SmtpSettings {
        to: Some(to.iter().map(ToString::to_string).collect()),
        timeout: Some(Duration::from_secs(60)),
        ..settings(&format!("smtp://127.0.0.1:{}", server.port))
    }
}

#[tokio::test]
async fn a_list_of_recipients_of_any_length_has_no_long_line() {
    let server = Server::start().await;
    let names = [
        "",
        "Ops ",
        "值班员",
        "运维部 (华东) ",
        "A name \"with\" quotes, and commas ",
    ];
    let wanted: Vec<String> = (0..300)
        .map(|n| format!("{n}.{}@example.com", "a".repeat(40)))
        .collect();
    let all: Vec<String> = wanted
        .iter()
        .enumerate()
        .map(|(n, address)| match names[n % names.len()] {
            "" => address.clone(),
            name => format!("\"{}\" <{address}>", name.replace('"', "\\\"")),
        })
        .collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    channel(&mails(&server, &all))
        .send(&alert(), &wanted[7])
        .await
        .unwrap();
    let taken = &server.mails()[0];
    assert_eq!(to(taken), wanted);
    assert_eq!(taken.to, [format!("RCPT TO:<{}>", wanted[7])]);
    assert!(longest_line(taken) <= 120, "{}", longest_line(taken));
    let parsed = parse(taken);
    let name = |n: usize| {
        parsed
            .to()
            .unwrap()
            .iter()
            .nth(n)
            .unwrap()
            .name()
            .map(str::to_owned)
    };
    assert_eq!(name(0), None);
    for (n, wanted) in names.iter().enumerate().skip(1) {
        assert_eq!(name(n).as_deref().map(str::trim), Some(wanted.trim()));
    }
}

#[tokio::test]
async fn no_line_of_a_mail_is_longer_than_the_standard_has_it() {
    let server = Server::start().await;
    let long = "x".repeat(3_000);
    let name = format!("{} <ops@example.com>", "n".repeat(200));
    let mail = channel(&mails(&server, &[&name]));
    for text in [
        long.clone(),
        format!("https://example.com/{long}?a={long}"),
        "订单".repeat(2_000),
        format!("{} {long}", "é".repeat(900)),
        format!(".\n..{long}\n.{long}"),
    ] {
        let notification = alert_with(|alert| {
            alert.text = text.clone();
            alert.reason = text.clone();
            alert.url = Some(format!("https://monitor.example.com/{long}"));
            alert.metric = MetricInfo::new("z", &text).with_unit(&text);
            alert.id = text.clone();
            alert.message_id = text.clone();
            alert.thread_id = Some(format!("t{text}"));
        });
        mail.send(&notification, "ops@example.com").await.unwrap();
        let mails = server.mails();
        let taken = mails.last().unwrap();
        assert!(longest_line(taken) <= 998, "{}", longest_line(taken));
        let start: String = text.chars().take(100).collect();
        let start = start.lines().next().unwrap().to_owned();
        assert!(parse(taken).body_text(0).unwrap().contains(&start), "{start}");
        assert!(parse(taken).subject().unwrap().chars().count() <= 500);
    }
}

#[tokio::test]
async fn a_domain_beyond_ascii_goes_as_punycode_in_envelope_and_headers() {
    for offers_utf8 in [false, true] {
        let server = Server::start().await;
        if offers_utf8 {
            server.next("EHLO", WITH_UTF8);
        }
        let mail = channel(&SmtpSettings {
            from: Some("监控 <monitor@监控.例子.cn>".into()),
            ..mails(
                &server,
                &[
                    "值班员 <ops@例子.中国>",
                    "Boss <boss@xn--fsqu00a.cn>",
                    "b@bücher.example",
                ],
            )
        });
        assert_eq!(
            mail.recipients(),
            ["ops@例子.中国", "boss@xn--fsqu00a.cn", "b@bücher.example"]
        );
        mail.send(
            &alert_with(|alert| alert.message_id = "alert-7".into()),
            "ops@例子.中国",
        )
        .await
        .unwrap();
        let taken = &server.mails()[0];
        assert!(taken.raw.is_ascii());
        assert_eq!(taken.from, "MAIL FROM:<monitor@xn--izun04b.xn--fsqu00a.cn>");
        assert_eq!(taken.to, ["RCPT TO:<ops@xn--fsqu00a.xn--fiqs8s>"]);
        let parsed = parse(taken);
        let from = parsed.from().unwrap().first().unwrap();
        assert_eq!(
            (from.name(), from.address()),
            (Some("监控"), Some("monitor@xn--izun04b.xn--fsqu00a.cn"))
        );
        assert_eq!(parsed.message_id(), Some("alert-7@xn--izun04b.xn--fsqu00a.cn"));
        assert_eq!(
            to(taken),
            [
                "ops@xn--fsqu00a.xn--fiqs8s",
                "boss@xn--fsqu00a.cn",
                "b@xn--bcher-kva.example"
            ]
        );
    }
}

#[tokio::test]
async fn a_recipient_beyond_ascii_is_refused_alone_where_the_server_cannot_take_it() {
    let server = Server::start().await;
    let mail = channel(&mails(&server, &["张三 <张三@例子.cn>", "ops@example.com"]));
    let failure = mail.send(&alert(), "张三@例子.cn").await.unwrap_err();
    assert!(matches!(failure, Failure::UnknownRecipient { .. }), "{failure:?}");
    assert!(
        failure.reason().ends_with(
            "RCPT TO <张三@例子.cn>: the server takes only ASCII before the @ (it does not offer SMTPUTF8)"
        ),
        "{failure}"
    );
    // The other's mail is one that this server can take.
    mail.send(&alert(), "ops@example.com").await.unwrap();
    let taken = &server.mails()[0];
    assert!(taken.raw.is_ascii());
    assert_eq!(to(taken), ["ops@example.com"]);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_recipient_beyond_ascii_gets_its_mail_where_the_server_takes_it() {
    let server = Server::start().await;
    server.next("EHLO", Action::Reply("250-m\r\n250-8bitmime\r\n250 smtputf8"));
    let mail = channel(&mails(&server, &["张三 <张三@例子.cn>", "ops@example.com"]));
    mail.send(&alert(), "张三@例子.cn").await.unwrap();
    let taken = &server.mails()[0];
    assert_eq!(
        taken.from,
        "MAIL FROM:<monitor@example.com> SMTPUTF8 BODY=8BITMIME"
    );
    assert_eq!(taken.to, ["RCPT TO:<张三@xn--fsqu00a.cn>"]);
    assert_eq!(to(taken), ["张三@xn--fsqu00a.cn", "ops@example.com"]);
}

#[tokio::test]
async fn a_sender_beyond_ascii_waits_for_a_server_or_a_config_that_fits() {
    let server = Server::start().await;
    let mail = channel(&SmtpSettings {
        from: Some("监控@example.com".into()),
        ..mails(&server, &["ops@example.com"])
    });
    for _ in 0..2 {
        let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
        assert!(failure.is_transient(), "{failure}");
        assert!(
            failure
                .reason()
                .contains("MAIL FROM: the server takes only ASCII before the @"),
            "{failure}"
        );
    }
    server.next("EHLO", WITH_UTF8);
    mail.send(&alert(), "ops@example.com").await.unwrap();
    assert!(
        server.mails()[0]
            .from
            .starts_with("MAIL FROM:<监控@example.com> SMTPUTF8")
    );
}
