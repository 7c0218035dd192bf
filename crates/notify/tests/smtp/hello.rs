//! EHLO, what it offers, and HELO.

use monitor_notify::SmtpSettings;

use crate::server::{Action, Certificate, Server};
use crate::{alert, channel, plain, secret, settings};

fn verbs(server: &Server) -> Vec<String> {
    let words = |line: &String| line.split([' ', ':']).next().unwrap_or_default().to_owned();
    server.lines().iter().map(words).collect()
}

#[tokio::test]
async fn a_server_that_does_not_know_ehlo_gets_a_helo_and_the_mail() {
    for reply in [
        "500 what",
        "502 not implemented",
        "504 5.5.1 no",
        "500",
        "502-not\r\n502",
    ] {
        let server = Server::start().await;
        server.next("EHLO", Action::Reply(reply));
        plain(server.port)
            .send(&alert(), "ops@example.com")
            .await
            .unwrap();
        assert_eq!(
            verbs(&server),
            ["EHLO", "HELO", "MAIL", "RCPT", "DATA"],
            "{reply}"
        );
        let said = |verb: &str| {
            let lines = server.lines();
            lines
                .iter()
                .find_map(|line| line.strip_prefix(verb).map(str::to_owned))
                .unwrap()
        };
        assert_eq!(said("EHLO "), said("HELO "), "the same name");
        assert!(!said("MAIL").contains("BODY"), "nothing was offered");
        assert_eq!(server.mails().len(), 1);
    }
}

#[tokio::test]
async fn any_other_refusal_of_ehlo_is_none_of_the_command() {
    let server = Server::start().await;
    for reply in [
        "421 too busy",
        "450 4.7.1 who are you",
        "451 try later",
        "501 bad name",
        "550 who are you",
        "554 no",
    ] {
        server.next("EHLO", Action::Reply(reply));
        let failure = plain(server.port)
            .send(&alert(), "ops@example.com")
            .await
            .unwrap_err();
        assert!(failure.is_transient(), "{failure}");
        assert!(
            failure.reason().contains(&format!(": EHLO: {reply}")),
            "{failure}"
        );
    }
    server.next("EHLO", Action::Reply("502 no"));
    server.next("HELO", Action::Reply("504 need a whole name"));
    let failure = plain(server.port)
        .send(&alert(), "ops@example.com")
        .await
        .unwrap_err();
    assert!(failure.is_transient(), "{failure}");
    assert!(
        failure.reason().contains(": HELO: 504 need a whole name"),
        "{failure}"
    );
    assert_eq!(verbs(&server).iter().filter(|verb| *verb != "EHLO").count(), 1);
}

#[tokio::test]
async fn the_name_that_is_said_is_that_of_the_config() {
    for (name, said) in [
        ("monitor.example.com", "monitor.example.com"),
        ("监控.例子.cn", "xn--izun04b.xn--fsqu00a.cn"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[2001:db8::1]", "[IPv6:2001:db8::1]"),
    ] {
        let server = Server::start().await;
        let mail = channel(&SmtpSettings {
            hello_name: Some(name.to_owned()),
            ..settings(&format!("smtp://127.0.0.1:{}", server.port))
        });
        mail.probe().await.unwrap();
        server.next("EHLO", Action::Reply("502 no"));
        server.next("HELO", Action::Reply("501 5.5.2 say who you are"));
        let failure = mail.probe().await.unwrap_err();
        assert_eq!(server.lines()[0], format!("EHLO {said}"));
        assert_eq!(server.lines().last(), Some(&format!("HELO {said}")));
        let expected =
            format!(": HELO: 501 5.5.2 say who you are; the name said was {said}; `hello_name` sets it");
        assert!(failure.reason().ends_with(&expected), "{failure}");
    }
}

#[tokio::test]
async fn extensions_are_known_in_any_case() {
    let certificate = Certificate::for_name("localhost");
    for (clear, encrypted, sign_in) in [
        ("m\r\n250 starttls", "m\r\n250 auth plain login", "AUTH PLAIN"),
        ("m\r\n250-StartTls\r\n250 ok", "m\r\n250 Auth Plain", "AUTH PLAIN"),
        (
            "m\r\n250 STARTTLS ",
            "m\r\n250-AUTH=LOGIN\r\n250 8bitmime",
            "AUTH LOGIN",
        ),
        (
            "m\r\n250 STARTTLS",
            "m\r\n250-auth=Login\r\n250-auth cram-md5 ntlm\r\n250 ",
            "AUTH LOGIN",
        ),
    ] {
        let server = Server::with_starttls(&certificate).await;
        for offer in [clear, encrypted] {
            let reply: &'static str = String::leak(format!("250-{offer}"));
            server.next("EHLO", Action::Reply(reply));
        }
        if sign_in == "AUTH LOGIN" {
            server.next("AUTH LOGIN", Action::Reply("334 55So5oi35ZCN77ya"));
            // base64 of the user and of the password.
            server.next("dQ==", Action::Reply("334"));
            server.next("cHc=", Action::Reply("235 welcome"));
        }
        let mail = channel(&SmtpSettings {
            password: secret("pw"),
            ca_file: Some(certificate.authority.path().to_owned()),
            ..settings(&format!("smtp+starttls://u@localhost:{}", server.port))
        });
        mail.send(&alert(), "ops@example.com").await.unwrap();
        assert!(
            server.lines().iter().any(|line| line.starts_with(sign_in)),
            "{:?}",
            server.lines()
        );
        assert_eq!(server.mails().len(), 1, "{clear} {encrypted}");
    }
}

#[tokio::test]
async fn ways_to_sign_in_that_are_not_known_are_named() {
    for (offer, words) in [
        (
            "250-m\r\n250 AUTH CRAM-MD5 ntlm",
            "the server offers CRAM-MD5, NTLM and neither PLAIN nor LOGIN",
        ),
        (
            "250-m\r\n250 AUTH=XOAUTH2",
            "the server offers XOAUTH2 and neither",
        ),
        (
            "250-m\r\n250 AUTH",
            "the server lets nobody sign in; over an encrypted connection it may",
        ),
        ("502 no", "the server lets nobody sign in"),
    ] {
        let server = Server::start().await;
        server.next("EHLO", Action::Reply(offer));
        let mail = channel(&SmtpSettings {
            password: secret("pw"),
            ..settings(&format!("smtp://u@127.0.0.1:{}", server.port))
        });
        let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
        assert!(
            failure.is_transient() && failure.reason().contains(words),
            "{failure}"
        );
        assert!(!verbs(&server).iter().any(|verb| verb == "AUTH" || verb == "MAIL"));
    }
}

#[tokio::test]
async fn a_server_that_asks_first_is_answered() {
    let server = Server::with_auth().await;
    server.next("AUTH PLAIN", Action::Reply("334"));
    server.next("AHUAcHc=", Action::Reply("235 welcome"));
    let mail = channel(&SmtpSettings {
        password: secret("pw"),
        ..settings(&format!("smtp://u@127.0.0.1:{}", server.port))
    });
    mail.send(&alert(), "ops@example.com").await.unwrap();
    // And one that never stops asking is not.
    let server = Server::with_auth().await;
    server.next("AUTH PLAIN", Action::Reply("334 more"));
    server.next("AHUAcHc=", Action::Reply("334 more"));
    let mail = channel(&SmtpSettings {
        password: secret("pw"),
        ..settings(&format!("smtp://u@127.0.0.1:{}", server.port))
    });
    let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
    assert!(failure.is_transient(), "{failure}");
    assert!(
        failure
            .reason()
            .contains("signing in: unexpected answer 334 more"),
        "{failure}"
    );
}
