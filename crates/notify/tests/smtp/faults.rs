//! What servers do wrong, and what is made of it.

use std::time::Duration;

use monitor_notify::{Failure, SmtpSettings};
use monitor_testkit::ScriptedClock;

use crate::server::{Action, Server};
use crate::{alert, plain, secret, settings, timed};

async fn fails(server: &Server, at: &'static str, action: Action) -> Failure {
    server.next(at, action);
    plain(server.port)
        .send(&alert(), "ops@example.com")
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_refused_recipient_is_final_and_holds_up_nobody() {
    let server = Server::start().await;
    let mail = plain(server.port);
    server.next(
        "RCPT TO:<ops@",
        Action::Reply("550 5.1.1 <ops@example.com>: no such user here"),
    );
    let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
    let expected = format!(
        "mail server 127.0.0.1:{}: RCPT TO <ops@example.com>: 550 5.1.1 <ops@example.com>: no such user here",
        server.port
    );
    assert_eq!(failure, Failure::UnknownRecipient { reason: expected });
    mail.send(&alert(), "boss@example.com").await.unwrap();
    assert_eq!(server.mails().len(), 1);
    assert_eq!(server.connections(), 1, "a refusal is no reason to hang up");
}

#[tokio::test]
async fn each_refusal_is_final_only_where_trying_again_cannot_help() {
    let server = Server::start().await;
    for (at, reply, is_transient) in [
        ("CONNECT", "421 too busy", true),
        ("CONNECT", "554 no service for you", true),
        ("EHLO", "550 who are you", true),
        ("MAIL", "451 try later", true),
        ("MAIL", "530 sign in first", true),
        ("MAIL", "550 sender not allowed", true),
        ("MAIL", "552 too large", false),
        ("RCPT", "450 greylisted", true),
        ("RCPT", "452 mailbox full for now", true),
        ("RCPT", "421 going down", true),
        ("RCPT", "550 no such user", false),
        ("RCPT", "551 moved", false),
        ("RCPT", "553 bad name", false),
        ("RCPT", "554 no such user", false),
        ("RCPT", "554 5.7.1 relay access denied", true),
        ("RCPT", "550 relay not permitted", true),
        ("RCPT", "552 mailbox full", true),
        ("RCPT", "552 5.2.2 over quota", true),
        ("RCPT", "550 5.2.2 no room", true),
        ("RCPT", "550 5.4.1 no way there", true),
        ("RCPT", "550 sending rate exceeded", true),
        ("RCPT", "554 transaction failed", true),
        ("RCPT", "550 用户不存在", false),
        ("RCPT", "550 收件人邮箱已满", true),
        ("RCPT", "550 发送过于频繁，请稍后再试", true),
        ("RCPT", "553 未授权，不允许中继", true),
        (".", "550 疑似垃圾邮件", false),
        (".", "550 系统繁忙", true),
        ("DATA", "451 no room", true),
        ("DATA", "554 no valid recipients", false),
        ("DATA", "250 this is no 354", true),
        (".", "451 scanner down", true),
        (".", "452 disk full", true),
        (".", "550 5.7.1 this is spam", false),
        (".", "552 too large", false),
        (".", "552 5.2.2 mailbox full", true),
        (".", "554 5.4.6 mail loop", true),
        (".", "554 not in this form", false),
    ] {
        let failure = fails(&server, at, Action::Reply(reply)).await;
        assert_eq!(failure.is_transient(), is_transient, "{at} {reply}: {failure}");
        assert!(
            failure.reason().contains(reply),
            "the server's words are missing: {failure}"
        );
    }
    assert_eq!(server.mails().len(), 0);
}

#[tokio::test]
async fn every_step_has_a_limit() {
    let server = Server::start().await;
    let clock = ScriptedClock::new(alert().at);
    let url = format!("smtp://127.0.0.1:{}", server.port);
    let limit = Duration::from_secs(1);
    let mail = timed(
        &SmtpSettings {
            timeout: Some(limit),
            ..settings(&url)
        },
        clock.clone(),
    );
    for (at, step) in [
        ("CONNECT", "greeting"),
        ("EHLO", "EHLO"),
        ("MAIL", "MAIL FROM"),
        ("RCPT", "RCPT TO <ops@example.com>"),
        ("DATA", "DATA"),
        (".", "the mail itself"),
    ] {
        server.next(at, Action::Hang);
        let (channel, notification) = (mail.clone(), alert());
        let sending = tokio::spawn(async move { channel.send(&notification, "ops@example.com").await });
        server.hung().await;
        // The server may hang before the client has noticed its connection: then its limit is still to begin.
        while !sending.is_finished() {
            clock.advance(limit);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let failure = sending.await.unwrap().unwrap_err();
        assert!(failure.is_transient(), "{at}: {failure}");
        let expected = format!(": {step}: no answer within 1s");
        assert!(
            failure.reason().contains(&expected),
            "{at}: want {expected}, got {failure}"
        );
    }
}

#[tokio::test]
async fn encrypting_and_signing_in_have_a_limit_too() {
    let limit = Duration::from_secs(1);
    let clock = ScriptedClock::new(alert().at);
    let silent = Server::start().await;
    let with_auth = Server::with_auth().await;
    for (server, scheme, at, step) in [
        (&silent, "smtps", "CONNECT", "TLS"),
        (&with_auth, "smtp", "AUTH", "signing in"),
    ] {
        let mail = timed(
            &SmtpSettings {
                timeout: Some(limit),
                password: secret("pw"),
                ..settings(&format!("{scheme}://u@127.0.0.1:{}", server.port))
            },
            clock.clone(),
        );
        server.next(at, Action::Hang);
        let notification = alert();
        let sending = tokio::spawn(async move { mail.send(&notification, "ops@example.com").await });
        server.hung().await;
        while !sending.is_finished() {
            clock.advance(limit);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let failure = sending.await.unwrap().unwrap_err();
        let expected = format!(": {step}: no answer within 1s");
        assert!(
            failure.is_transient() && failure.reason().ends_with(&expected),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_connection_dropped_at_any_step_is_worth_another_try() {
    let server = Server::start().await;
    for at in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let failure = fails(&server, at, Action::Drop).await;
        assert!(failure.is_transient(), "{at}: {failure}");
        assert!(
            failure.reason().contains("closed the connection") || failure.reason().contains("reset"),
            "{failure}"
        );
    }
    assert_eq!(server.mails().len(), 0);
}

#[tokio::test]
async fn a_mail_taken_without_an_answer_is_sent_again_with_the_same_message_id() {
    let server = Server::start().await;
    let failure = fails(&server, ".", Action::TakeAndDrop).await;
    assert!(failure.is_transient(), "{failure}");
    plain(server.port)
        .send(&alert(), "ops@example.com")
        .await
        .unwrap();
    let mails = server.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].raw, mails[1].raw);
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_is_replaced_unnoticed() {
    let server = Server::start().await;
    let mail = plain(server.port);
    mail.send(&alert(), "ops@example.com").await.unwrap();
    for farewell in [Action::Drop, Action::Reply("421 4.4.2 idle for too long")] {
        let connections = server.connections();
        server.next("MAIL", farewell);
        mail.send(&alert(), "ops@example.com").await.unwrap();
        assert_eq!(server.connections(), connections + 1);
    }
    assert_eq!(server.mails().len(), 3);
}

#[tokio::test]
async fn a_connection_whose_mail_was_broken_off_is_never_used_again() {
    let server = Server::start().await;
    let mail = plain(server.port);
    server.next("DATA", Action::Hang);
    // Dropped by the caller, as a shutdown does.
    let notification = alert();
    tokio::select! {
        result = mail.send(&notification, "ops@example.com") => panic!("{result:?}"),
        () = server.hung() => {}
    }
    mail.send(&alert(), "ops@example.com").await.unwrap();
    assert_eq!((server.mails().len(), server.connections()), (1, 2));
}

#[tokio::test]
async fn nobody_listening_is_worth_another_try() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    for failure in [
        plain(port).send(&alert(), "ops@example.com").await,
        plain(port).probe().await,
    ] {
        let failure = failure.unwrap_err();
        assert!(failure.is_transient(), "{failure}");
        assert!(
            failure
                .reason()
                .starts_with(&format!("mail server 127.0.0.1:{port}: connecting: ")),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_no_smtp_is_worth_another_try() {
    let server = Server::start().await;
    for reply in ["HTTP/1.1 400 Bad Request", "999 what", "欢迎光临"] {
        for at in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."] {
            let failure = fails(&server, at, Action::Reply(reply)).await;
            assert!(failure.is_transient(), "{failure}");
            let expected = format!("this is no answer of a mail server: {reply}");
            assert!(failure.reason().ends_with(&expected), "{failure}");
        }
    }
}

#[tokio::test]
async fn a_probe_opens_the_channel_and_sends_nothing() {
    let server = Server::start().await;
    let mail = plain(server.port);
    mail.probe().await.unwrap();
    let verbs: Vec<String> = server.lines().iter().map(|line| line[..4].to_owned()).collect();
    assert_eq!(verbs, ["EHLO", "NOOP", "QUIT"]);
    server.next("NOOP", Action::Reply("554 no"));
    assert!(mail.probe().await.unwrap_err().reason().contains("554 no"));
}
