//! TLS and signing in.

use monitor_notify::SmtpSettings;

use crate::server::{Action, Certificate, Server};
use crate::{alert, channel, secret, settings};

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
        failure.is_transient() && failure.reason().contains("No compatible authentication"),
        "{failure}"
    );
}
