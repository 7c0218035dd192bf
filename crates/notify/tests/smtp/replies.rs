//! Answers that are not written as the standard has them: their code decides.

use monitor_notify::Failure;

use crate::server::{Action, Server};
use crate::{alert, plain};

const STEPS: [(&str, u16); 6] = [
    ("CONNECT", 220),
    ("EHLO", 250),
    ("MAIL", 250),
    ("RCPT", 250),
    ("DATA", 354),
    (".", 250),
];

async fn send(server: &Server) -> Result<(), Failure> {
    plain(server.port).send(&alert(), "ops@example.com").await
}

fn bytes(code: u16, form: &[u8]) -> &'static [u8] {
    let mut bytes = Vec::new();
    for part in form.split_inclusive(|byte| *byte == b'#') {
        match part.split_last() {
            Some((b'#', text)) => {
                bytes.extend_from_slice(text);
                bytes.extend_from_slice(code.to_string().as_bytes());
            }
            _ => bytes.extend_from_slice(part),
        }
    }
    Vec::leak(bytes)
}

#[tokio::test]
async fn a_yes_is_one_however_it_is_written() {
    let server = Server::start().await;
    let forms: [&[u8]; 10] = [
        b"#\r\n",
        b"# \r\n",
        b"#\n",
        b"# ok\n",
        b"#-ok\r\n#\r\n",
        b"#-\r\n# ok\r\n",
        b"#-a line that\r\nis broken\r\n# ok\r\n",
        "# 您好，请继续\r\n".as_bytes(),
        b"# \xc4\xfa\xba\xc3\xa3\xac\xc7\xeb\xbc\xcc\xd0\xf8\r\n",
        b"# tr\xe8s bien \xff\r\n",
    ];
    for form in forms {
        for (at, code) in STEPS {
            server.next(at, Action::Bytes(bytes(code, form)));
        }
        let sent = send(&server).await;
        assert_eq!(sent, Ok(()), "{}", String::from_utf8_lossy(form));
    }
    assert_eq!(server.mails().len(), forms.len());
}

#[tokio::test]
async fn a_mail_is_sent_where_the_server_says_so_and_hangs_up() {
    let server = Server::start().await;
    for last in [b"250 taken\r\n".as_slice(), b"250 taken", b"250"] {
        server.next(".", Action::Last(last));
        assert_eq!(send(&server).await, Ok(()), "{}", String::from_utf8_lossy(last));
    }
    assert_eq!(server.mails().len(), 3);
}

#[tokio::test]
async fn a_no_is_one_however_it_is_written() {
    let server = Server::start().await;
    for (reply, words) in [
        (b"550\r\n".as_slice(), "550 (the server gives no reason)"),
        (b"550 \n", "550 (the server gives no reason)"),
        (b"550-\r\n550\r\n", "550 (the server gives no reason)"),
        ("550用户不存在\r\n".as_bytes(), "550 用户不存在"),
        (
            b"550 \xd3\xc3\xbb\xa7\xb2\xbb\xb4\xe6\xd4\xda\n",
            "550 用户不存在",
        ),
        (b"550 Empf\xe4nger unbekannt\r\n", "550 Empfänger unbekannt"),
        (
            b"550-5.1.1 no such\r\n550 5.1.1 user\r\n",
            "550 5.1.1 no such user",
        ),
        (b"550-no\r\nsuch user\r\n550\r\n", "550 no such user"),
    ] {
        server.next("RCPT", Action::Bytes(reply));
        let failure = send(&server).await.unwrap_err();
        let expected = format!("RCPT TO <ops@example.com>: {words}");
        assert!(failure.reason().ends_with(&expected), "{failure}");
        assert!(matches!(failure, Failure::UnknownRecipient { .. }), "{failure:?}");
    }
}

#[tokio::test]
async fn what_passes_is_tried_again_in_whatever_charset_it_is_said() {
    let server = Server::start().await;
    for (reply, words) in [
        (
            b"550 \xd3\xca\xcf\xe4\xd2\xd1\xc2\xfa\r\n".as_slice(),
            "550 邮箱已满",
        ),
        (
            b"550-\xd3\xca\xcf\xe4\r\n550 \xd2\xd1\xc2\xfa\r\n",
            "550 邮箱 已满",
        ),
        ("550 邮箱已满".as_bytes(), "550 邮箱已满"),
        (b"550 bo\xeete pleine : quota\r\n", "550 boîte pleine : quota"),
    ] {
        server.next("RCPT", Action::Last(reply));
        let failure = send(&server).await.unwrap_err();
        assert!(
            failure.is_transient() && failure.reason().ends_with(words),
            "{failure:?}"
        );
    }
}

#[tokio::test]
async fn where_the_lines_of_an_answer_disagree_nothing_is_final_and_nothing_taken_for_sent() {
    let server = Server::start().await;
    for at in ["RCPT", "."] {
        for reply in [
            b"250-ok\r\n550 no\r\n".as_slice(),
            b"550-no\r\n250 ok\r\n",
            b"250-ok\r\n421 closing\r\n",
            b"250-ok\r\n421-closing\r\n250 ok\r\n",
            b"550-no\r\n451 try later\r\n",
        ] {
            server.next(at, Action::Bytes(reply));
            let failure = send(&server).await.unwrap_err();
            assert!(
                failure.is_transient(),
                "{at} {}: {failure}",
                String::from_utf8_lossy(reply)
            );
        }
    }
}

#[tokio::test]
async fn an_answer_without_end_costs_no_memory_and_its_connection() {
    let server = Server::start().await;
    let mail = plain(server.port);
    let endless = |code: u16| -> &'static [u8] {
        Vec::leak(format!("{code}-and so on\r\n").repeat(10_000).into_bytes())
    };
    for (at, code) in [
        ("CONNECT", 220),
        ("EHLO", 250),
        ("MAIL", 250),
        ("RCPT", 250),
        ("DATA", 354),
    ] {
        server.next(at, Action::Bytes(endless(code)));
        let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
        assert!(failure.is_transient(), "{at}: {failure}");
        assert!(failure.reason().contains("longer than 64 KiB"), "{at}: {failure}");
    }
    server.next("RCPT", Action::Bytes(endless(450)));
    let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
    assert!(
        failure.is_transient() && failure.reason().len() < 1_000,
        "{failure}"
    );
    // The mail was taken, and nothing more is said on that connection.
    let connections = server.connections();
    server.next(".", Action::Bytes(endless(250)));
    mail.send(&alert(), "ops@example.com").await.unwrap();
    mail.send(&alert(), "ops@example.com").await.unwrap();
    assert_eq!((server.mails().len(), server.connections()), (2, connections + 2));
}

#[tokio::test]
async fn a_yes_that_was_said_unasked_answers_nothing_and_a_no_ends_the_exchange() {
    let server = Server::start().await;
    // An old way to greet, and an answer too many.
    server.next(
        "CONNECT",
        Action::Bytes(b"220 mail.test\r\n220 no advertisements\r\n"),
    );
    server.next("MAIL", Action::Bytes(b"250 ok\r\n250 ok\r\n"));
    server.next("RCPT", Action::Reply("550 no such user"));
    let failure = send(&server).await.unwrap_err();
    assert!(
        failure.reason().contains("RCPT TO <ops@example.com>: 550"),
        "{failure}"
    );

    server.next("DATA", Action::Bytes(b"354 go on\r\n250 taken\r\n"));
    server.next(".", Action::Reply("451 and yet not"));
    let failure = send(&server).await.unwrap_err();
    assert!(failure.reason().ends_with("451 and yet not"), "{failure}");

    for (at, reply, words) in [
        (
            "MAIL",
            Action::Bytes(b"250 ok\r\n421 4.3.2 shutting down\r\n"),
            "RCPT TO <ops@example.com>: 421 4.3.2 shutting down",
        ),
        (
            "RCPT",
            Action::Bytes(b"250 ok\r\n550 no such user\r\n"),
            "DATA: 550 no such user",
        ),
        (
            "DATA",
            Action::Last(b"354 go on\r\n552 too large\r\n"),
            "the mail itself: 552 too large",
        ),
        (
            "DATA",
            Action::Last(b"354 go on\r\n421 closing\r\n"),
            "the mail itself: 421 closing",
        ),
    ] {
        server.next(at, reply);
        let failure = send(&server).await.unwrap_err();
        assert!(failure.is_transient(), "{failure}");
        assert!(failure.reason().ends_with(words), "{failure}");
    }
}

#[tokio::test]
async fn a_421_at_any_step_is_worth_another_try_over_a_new_connection() {
    let server = Server::start().await;
    let mail = plain(server.port);
    for (at, _) in STEPS {
        let connections = server.connections();
        server.next(at, Action::Last(b"421 4.3.2 shutting down\r\n"));
        let failure = mail.send(&alert(), "ops@example.com").await.unwrap_err();
        assert!(failure.is_transient(), "{at}: {failure}");
        assert!(
            failure.reason().contains(": 421 4.3.2 shutting down"),
            "{at}: {failure}"
        );
        assert_eq!(server.connections(), connections + 1, "{at}");
    }
    mail.send(&alert(), "ops@example.com").await.unwrap();
}
