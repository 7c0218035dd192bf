//! TLS and signing in.

use std::time::Duration;

use monitor_notify::{Failure, SmtpSettings};
use monitor_testkit::ScriptedClock;

use crate::server::{Action, Certificate, Server};
use crate::{alert, channel, secret, settings, timed};

const PASSWORD: &str = "hunter2-and-more";
/// What PLAIN makes of the user `u` and that password (RFC 4616): base64 of NUL, user, NUL, password.
const AS_PLAIN: &str = "AHUAaHVudGVyMi1hbmQtbW9yZQ==";

fn trusting(certificate: &Certificate, url: &str) -> SmtpSettings {
    SmtpSettings {
        ca_file: Some(certificate.authority.path().to_owned()),
        ..settings(url)
    }
}

#[tokio::test]
async fn a_mail_goes_over_tls_to_a_server_of_ones_own_authority() {
    let certificate = Certificate::for_name("localhost");
    let server = Server::with_tls(&certificate).await;
    let mail = channel(&trusting(
        &certificate,
        &format!("smtps://localhost:{}", server.port),
    ));
    mail.probe().await.unwrap();
    mail.send(&alert(), "ops@example.com").await.unwrap();
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_trusted_gets_nothing() {
    let (certificate, other) = (
        Certificate::for_name("localhost"),
        Certificate::for_name("other.example"),
    );
    let server = Server::with_tls(&certificate).await;
    let url = format!("smtps://localhost:{}", server.port);
    let misnamed = Server::with_tls(&other).await;
    for (settings, words) in [
        (settings(&url), "ca_file"),
        (trusting(&other, &url), "certificate"),
        (
            trusting(&other, &format!("smtps://localhost:{}", misnamed.port)),
            "certificate",
        ),
    ] {
        let failure = channel(&settings)
            .send(&alert(), "ops@example.com")
            .await
            .unwrap_err();
        assert!(failure.is_transient(), "a certificate gets repaired: {failure}");
        assert!(failure.reason().contains(words), "{failure}");
    }
    assert!(server.lines().is_empty() && misnamed.lines().is_empty());
}

#[tokio::test]
async fn starttls_encrypts_before_signing_in() {
    let certificate = Certificate::for_name("localhost");
    let server = Server::with_starttls(&certificate).await;
    let mail = channel(&SmtpSettings {
        password: secret(PASSWORD),
        ..trusting(
            &certificate,
            &format!("smtp+starttls://u@localhost:{}", server.port),
        )
    });
    mail.send(&alert(), "ops@example.com").await.unwrap();
    let lines = server.lines();
    let place = |verb: &str| lines.iter().position(|line| line.starts_with(verb)).unwrap();
    assert!(
        place("STARTTLS") < place("AUTH PLAIN") && place("AUTH PLAIN") < place("MAIL"),
        "{lines:?}"
    );
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn without_starttls_neither_password_nor_mail_is_sent() {
    let certificate = Certificate::for_name("localhost");
    let silent = Server::with_auth().await;
    let refusing = Server::with_starttls(&certificate).await;
    refusing.next("STARTTLS", Action::Reply("454 TLS not available"));
    for server in [silent, refusing] {
        let mail = channel(&SmtpSettings {
            password: secret(PASSWORD),
            ..trusting(
                &certificate,
                &format!("smtp+starttls://u@localhost:{}", server.port),
            )
        });
        let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
        assert!(
            failure.is_transient() && failure.reason().contains("STARTTLS"),
            "{failure}"
        );
        let lines = server.lines();
        assert!(
            !lines
                .iter()
                .any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")),
            "{lines:?}"
        );
    }
}

#[tokio::test]
async fn tls_at_a_port_that_begins_in_clear_is_named() {
    let clear = Server::start().await;
    for greeting in [
        None,
        Some("220 您好"),
        Some("554 no service"),
        Some("HTTP/1.1 400 Bad Request"),
    ] {
        if let Some(greeting) = greeting {
            clear.next("CONNECT", Action::Reply(greeting));
        }
        let mail = channel(&settings(&format!("smtps://localhost:{}", clear.port)));
        let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
        assert!(failure.is_transient(), "{failure}");
        let expected = format!(
            "mail server localhost:{}: TLS: the server answers in clear and not with TLS; where the port begins in \
             clear, as 587 and 25 do, write smtp+starttls:// or smtp://",
            clear.port
        );
        assert_eq!(failure.reason(), expected);
    }
    clear.next("CONNECT", Action::Drop);
    let mail = channel(&settings(&format!("smtps://localhost:{}", clear.port)));
    let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
    assert!(
        failure.reason().contains(": TLS: ") && !failure.reason().contains("smtp+starttls://"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_port_that_waits_for_tls_is_named() {
    let certificate = Certificate::for_name("localhost");
    let server = Server::with_tls(&certificate).await;
    let clock = ScriptedClock::new(alert().at);
    let limit = Duration::from_secs(1);
    for scheme in ["smtp", "smtp+starttls"] {
        let settings = SmtpSettings {
            timeout: Some(limit),
            ..settings(&format!("{scheme}://localhost:{}", server.port))
        };
        let (channel, notification) = (timed(&settings, clock.clone()), alert());
        let sending = tokio::spawn(async move { channel.send(&notification, "ops@example.com").await });
        while !sending.is_finished() {
            if server.connections() > 0 {
                clock.advance(limit);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let failure = sending.await.unwrap().unwrap_err();
        assert!(failure.is_transient(), "{failure}");
        assert!(
            failure.reason().ends_with(
                ": greeting: no answer within 1s; where the port expects TLS from the first byte, as 465 does, write \
                 smtps://"
            ),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_tls_record_for_a_greeting_is_named() {
    let server = Server::start().await;
    // Alerts (no handshake, and a handshake that took too long), and the beginning of one.
    for record in [
        b"\x15\x03\x03\x00\x02\x02\x28".as_slice(),
        b"\x15\x03\x01\x00\x02\x01\x00",
        b"\x16\x03\x01\x00\x2a",
    ] {
        for scheme in ["smtp", "smtp+starttls"] {
            server.next("CONNECT", Action::Bytes(record));
            let mail = channel(&settings(&format!("{scheme}://127.0.0.1:{}", server.port)));
            let failure = mail.probe().await.unwrap_err();
            assert!(failure.is_transient(), "{failure}");
            assert!(
                failure
                    .reason()
                    .ends_with("the server speaks TLS here from the first byte; write smtps:// in the url"),
                "{failure}"
            );
        }
    }
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn starttls_that_is_not_followed_by_tls_gets_neither_password_nor_mail() {
    let certificate = Certificate::for_name("localhost");
    for (reply, words) in [
        ("220 go ahead\r\n250 and more", "the server said more in clear"),
        ("220 go ahead\r\n", "the server said more in clear"),
        ("220-go\r\n454 not now", "STARTTLS: 454 go not now"),
        ("502 what is that", "STARTTLS: 502 what is that"),
        ("354 go on", "STARTTLS: unexpected answer 354 go on"),
        ("421 closing", "STARTTLS: 421 closing"),
    ] {
        let server = Server::with_starttls(&certificate).await;
        server.next("STARTTLS", Action::Reply(reply));
        let failure = starttls(&certificate, &server).await;
        assert!(
            failure.is_transient() && failure.reason().contains(words),
            "{failure}"
        );
        assert_eq!(server.lines().len(), 2, "EHLO and STARTTLS: {:?}", server.lines());
    }
    // Goes on in clear; and, once encrypted, knows no EHLO, which is no way back.
    let server = Server::start().await;
    server.next("EHLO", Action::Reply("250-m\r\n250 STARTTLS"));
    let failure = starttls(&certificate, &server).await;
    assert!(
        failure.reason().contains("STARTTLS: the server answers in clear"),
        "{failure}"
    );
    let server = Server::with_starttls(&certificate).await;
    server.next("EHLO", Action::Reply("502 no"));
    let failure = starttls(&certificate, &server).await;
    assert!(
        failure
            .reason()
            .contains("STARTTLS: the server does not offer it, and nothing is sent in clear"),
        "{failure}"
    );
    let sent = |verb: &str| server.lines().iter().any(|line| line.starts_with(verb));
    assert!(!sent("AUTH") && !sent("MAIL"));
}

async fn starttls(certificate: &Certificate, server: &Server) -> Failure {
    let mail = channel(&SmtpSettings {
        password: secret(PASSWORD),
        ..trusting(
            certificate,
            &format!("smtp+starttls://u@localhost:{}", server.port),
        )
    });
    mail.send(&alert(), "ops@example.com").await.unwrap_err()
}

#[tokio::test]
async fn a_refused_sign_in_loses_no_alert_and_shows_no_password() {
    let server = Server::with_auth().await;
    let mail = channel(&SmtpSettings {
        username: Some("u".into()),
        password: secret(PASSWORD),
        ..settings(&format!("smtp://127.0.0.1:{}", server.port))
    });
    for reply in [
        "535 5.7.8 u / hunter2-and-more is not known here",
        "500 unknown command AUTH PLAIN AHUAaHVudGVyMi1hbmQtbW9yZQ==",
        "534 use another mechanism",
        "454 temporary authentication failure",
        "535-no\r\nhunter2-and-more\r\n535 用户 u 的密码 hunter2-and-more 错误",
    ] {
        server.next("AUTH", Action::Reply(reply));
        let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
        assert!(failure.is_transient(), "{failure}");
        let shown = format!("{failure} {failure:?}");
        assert!(
            shown.contains("signing in") && shown.contains(&reply[..3]),
            "{shown}"
        );
        assert!(!shown.contains(PASSWORD) && !shown.contains(AS_PLAIN), "{shown}");
    }
    for reply in [
        "what is AUTH PLAIN AHUAaHVudGVyMi1hbmQtbW9yZQ==",
        "密码 hunter2-and-more",
    ] {
        server.next("AUTH", Action::Reply(reply));
        let shown = mail
            .send(&alert(), "ops@example.com")
            .await
            .unwrap_err()
            .to_string();
        assert!(
            shown.contains("no answer of a mail server: ") && shown.contains("[redacted]"),
            "{shown}"
        );
    }
    server.next("AUTH", Action::Reply("535 no"));
    assert!(mail.probe().await.is_err());
    mail.probe().await.unwrap();
    mail.send(&alert(), "ops@example.com").await.unwrap();
    assert!(server.lines().contains(&format!("AUTH PLAIN {AS_PLAIN}")));
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_server_that_lets_nobody_sign_in_is_named_as_such() {
    let server = Server::start().await;
    let mail = channel(&SmtpSettings {
        password: secret(PASSWORD),
        ..settings(&format!("smtp://u@127.0.0.1:{}", server.port))
    });
    let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
    assert!(
        failure.is_transient()
            && failure
                .reason()
                .contains("signing in: the server lets nobody sign in"),
        "{failure}"
    );
}
