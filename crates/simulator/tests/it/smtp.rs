//! The mail server on the wire: the protocol, and each fault at its stage.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use monitor_simulator::{SmtpFault, SmtpSink, Stage, Times};

use crate::wire::{PATIENCE, connect};

/// A client that sends exactly what a test gives it.
struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Connects and reads the greeting.
    fn greeted(smtp: &SmtpSink) -> Client {
        let mut client = Client {
            reader: BufReader::new(connect(smtp.port())),
        };
        assert_eq!(client.reply().unwrap(), "220 localhost ESMTP monitor-simulator");
        client
    }

    fn send(&mut self, text: &str) {
        self.reader.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// The next reply, its lines joined by newlines; `None` when the connection ended.
    fn reply(&mut self) -> Option<String> {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            match self.reader.read_line(&mut line) {
                Ok(0) => return None,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                read => read.unwrap(),
            };
            reply.push_str(&line);
            if line.as_bytes().get(3) == Some(&b' ') {
                return Some(reply.trim_end().replace("\r\n", "\n"));
            }
        }
    }

    fn say(&mut self, command: &str) -> Option<String> {
        self.send(&format!("{command}\r\n"));
        self.reply()
    }

    /// The reply's code; 0 when the connection ended.
    fn code(&mut self, command: &str) -> u16 {
        self.say(command).map_or(0, |reply| reply[..3].parse().unwrap())
    }

    /// Hands over a whole mail and gives the code of each step until one is not good.
    fn hand_over(&mut self, to: &[&str], content: &str) -> Vec<u16> {
        let mut codes = vec![
            self.code("EHLO test"),
            self.code("MAIL FROM:<monitor@example.com>"),
        ];
        codes.extend(to.iter().map(|to| self.code(&format!("RCPT TO:<{to}>"))));
        codes.push(self.code("DATA"));
        if codes.last() == Some(&354) {
            codes.push(self.code(&format!("{content}\r\n.")));
        }
        codes
    }
}

const MAIL: &str = "Message-ID: <7@example.com>\r\nSubject: Alert\r\n\r\nZ 131 is above 100";

#[tokio::test]
async fn a_mail_is_taken_with_its_envelope_and_dots() {
    let smtp = SmtpSink::start().await;
    let mut client = Client::greeted(&smtp);
    let hello = client.say("EHLO test").unwrap();
    for extension in [
        "250-SIZE 10485760",
        "250-PIPELINING",
        "250-8BITMIME",
        "250 SMTPUTF8",
    ] {
        assert!(hello.contains(extension), "{hello}");
    }
    assert_eq!(
        client.code("MAIL FROM:<monitor@example.com> SIZE=100 BODY=8BITMIME"),
        250
    );
    assert_eq!(client.code("RCPT TO:<ops@example.com>"), 250);
    assert_eq!(client.code("RCPT TO:<boss@example.com>"), 250);
    assert_eq!(client.code("DATA"), 354);
    let content = "Message-ID: <1@example.com>\r\nSubject: =?utf-8?B?5ZGK6K2m?=\r\nTo: ops@example.com\r\n\r\n..one\r\n.two\r\n..\r\n.";
    assert_eq!(client.say(content).unwrap(), "250 kept");

    let mails = smtp.wait_for(1, PATIENCE).await;
    let mail = &mails[0];
    assert_eq!(
        (mail.from.as_str(), mail.to.join(" ")),
        ("monitor@example.com", "ops@example.com boss@example.com".into())
    );
    assert_eq!(
        (mail.message_id.as_str(), mail.subject.as_str()),
        ("1@example.com", "告警")
    );
    assert_eq!(mail.text, ".one\ntwo\n.\n");
    assert!(mail.raw.ends_with(b"\r\n\r\n.one\r\ntwo\r\n.\r\n"));
    assert_eq!(mail.header("To").as_deref(), Some("ops@example.com"));

    assert_eq!(
        (
            client.code("RSET"),
            client.code("NOOP"),
            client.code("WHAT"),
            client.code("QUIT")
        ),
        (250, 250, 502, 221)
    );
    assert_eq!(client.reply(), None);
    assert_eq!(
        (smtp.connections(), smtp.transactions(), smtp.received()),
        (1, 1, 1)
    );
    smtp.clear();
    assert!(smtp.mails().is_empty());
}

#[tokio::test]
async fn commands_may_come_all_at_once() {
    let smtp = SmtpSink::start().await;
    let mut client = Client::greeted(&smtp);
    client.send(
        "EHLO test\r\nMAIL FROM:<>\r\nRCPT TO:<a@example.com>\r\nDATA\r\nSubject: one\r\n\r\n.\r\n\
        MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: two\r\n\r\n.\r\nQUIT\r\n",
    );
    let codes: Vec<String> = std::iter::from_fn(|| client.reply())
        .map(|reply| reply[..3].to_owned())
        .collect();
    assert_eq!(
        codes,
        [
            "250", "250", "250", "354", "250", "250", "250", "354", "250", "221"
        ]
    );
    let subjects: Vec<String> = smtp.mails().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["one", "two"]);
}

#[tokio::test]
async fn what_is_out_of_order_or_too_large_is_refused() {
    let smtp = SmtpSink::start().await;
    let mut client = Client::greeted(&smtp);
    assert_eq!(client.code("MAIL FROM:<a@example.com>"), 503);
    assert_eq!(client.code("HELO test"), 250);
    assert_eq!(
        (
            client.code("RCPT TO:<a@example.com>"),
            client.code("DATA"),
            client.code("MAIL a")
        ),
        (503, 503, 501)
    );
    assert_eq!(client.code("MAIL FROM:<a@example.com> SIZE=10485761"), 552);
    assert_eq!(client.code("MAIL FROM:<a@example.com>"), 250);
    assert_eq!(
        (
            client.code("DATA"),
            client.code("RCPT TO:a"),
            client.code("RCPT TO:<a@example.com>")
        ),
        (503, 501, 250)
    );
    assert_eq!(client.code("DATA"), 354);
    let line = format!("{}\r\n", "x".repeat(62));
    client.send(&line.repeat(10 * 1024 * 1024 / 64 + 1));
    assert_eq!(client.code("."), 552);
    assert_eq!(smtp.received(), 0);
    let endless = "x".repeat(70_000);
    client.send(&endless);
    assert!(client.reply().unwrap().starts_with("500 "));
    assert_eq!(client.reply(), None);
}

#[tokio::test]
async fn a_login_is_asked_for() {
    let smtp = SmtpSink::builder()
        .login("mailer", "secret")
        .start()
        .await
        .unwrap();
    let mut client = Client::greeted(&smtp);
    assert!(client.say("EHLO test").unwrap().contains("250 AUTH PLAIN LOGIN"));
    assert_eq!(client.code("MAIL FROM:<a@example.com>"), 530);
    assert_eq!(
        (
            client.code("AUTH PLAIN AG1haWxlcgB3cm9uZw=="),
            client.code("AUTH X"),
            client.code("AUTH PLAIN %")
        ),
        (535, 504, 535)
    );
    assert_eq!(client.code("AUTH PLAIN AG1haWxlcgBzZWNyZXQ="), 235);
    assert_eq!(client.code("MAIL FROM:<a@example.com>"), 250);

    let mut client = Client::greeted(&smtp);
    client.code("EHLO test");
    assert_eq!(client.say("AUTH LOGIN").unwrap(), "334 VXNlcm5hbWU6");
    assert_eq!(client.say("bWFpbGVy").unwrap(), "334 UGFzc3dvcmQ6");
    assert_eq!(client.code("c2VjcmV0"), 235);
}

#[tokio::test]
async fn replies_at_each_stage() {
    let to = ["bad@example.com", "good@example.com"];
    for (at, code, expected, kept) in [
        (Stage::Ehlo, 502, vec![502, 503, 503, 503, 503], 0),
        (Stage::MailFrom, 451, vec![250, 451, 503, 503, 503], 0),
        (
            Stage::RcptTo(Some("BAD@example.com".into())),
            550,
            vec![250, 250, 550, 250, 354, 250],
            1,
        ),
        (Stage::RcptTo(None), 450, vec![250, 250, 450, 250, 354, 250], 1),
        (Stage::Data, 421, vec![250, 250, 250, 250, 421], 0),
        (Stage::EndOfData, 554, vec![250, 250, 250, 250, 354, 554], 0),
        (Stage::EndOfData, 250, vec![250, 250, 250, 250, 354, 250], 1),
    ] {
        let smtp = SmtpSink::start().await;
        smtp.script(SmtpFault::reply(at.clone(), code, "scripted"), Times::Once);
        let mut client = Client::greeted(&smtp);
        assert_eq!(client.hand_over(&to, MAIL), expected, "{at:?}");
        assert_eq!(smtp.received(), kept, "{at:?}");
        if code == 421 {
            assert_eq!(client.reply(), None, "421 closes");
        }
        if code == 550 {
            assert_eq!(smtp.mails()[0].to, ["good@example.com"]);
        }
        // Once was once.
        let all_good = Client::greeted(&smtp).hand_over(&to, MAIL);
        assert_eq!(all_good, [250, 250, 250, 250, 354, 250], "{at:?}");
    }
}

#[tokio::test]
async fn a_refused_greeting_and_one_that_never_comes() {
    let smtp = SmtpSink::start().await;
    smtp.script(
        SmtpFault::reply(Stage::Connect, 554, "no service\r\nhere"),
        Times::Once,
    );
    let mut client = Client {
        reader: BufReader::new(connect(smtp.port())),
    };
    assert_eq!(client.reply().unwrap(), "554 no service  here");
    assert_eq!(client.reply(), None);

    smtp.script(SmtpFault::NoGreeting, Times::Once);
    let silent = connect(smtp.port());
    silent.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let error = (&silent).read(&mut [0]).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{error}"
    );
    Client::greeted(&smtp);
}

#[tokio::test]
async fn dropped_at_each_stage() {
    let to = ["a@example.com"];
    for (at, expected) in [
        (Stage::Ehlo, vec![0]),
        (Stage::MailFrom, vec![250, 0]),
        (Stage::RcptTo(None), vec![250, 250, 0]),
        (Stage::Data, vec![250, 250, 250, 354, 0]),
        (Stage::EndOfData, vec![250, 250, 250, 354, 0]),
    ] {
        let smtp = SmtpSink::start().await;
        smtp.script(SmtpFault::DropAt(at.clone()), Times::Once);
        let mut client = Client::greeted(&smtp);
        let mut codes = vec![client.code("EHLO test")];
        for command in [
            "MAIL FROM:<m@example.com>",
            &format!("RCPT TO:<{}>", to[0]),
            "DATA",
            &format!("{MAIL}\r\n."),
        ] {
            if codes.last() != Some(&0) {
                codes.push(client.code(command));
            }
        }
        assert_eq!(codes, expected, "{at:?}");
        assert_eq!(smtp.received(), 0, "{at:?}");
    }
    let smtp = SmtpSink::start().await;
    smtp.script(SmtpFault::DropAt(Stage::Connect), Times::Once);
    assert_eq!(
        Client {
            reader: BufReader::new(connect(smtp.port()))
        }
        .reply(),
        None
    );
}

#[tokio::test]
async fn dropped_after_the_mail_is_kept_and_hanging() {
    let smtp = SmtpSink::start().await;
    smtp.script(SmtpFault::DropAfterData, Times::Once);
    assert_eq!(
        Client::greeted(&smtp).hand_over(&["a@example.com"], MAIL),
        [250, 250, 250, 354, 0]
    );
    assert_eq!(
        smtp.wait_for(1, PATIENCE).await.len(),
        1,
        "the client cannot know, and it is there"
    );

    smtp.script(SmtpFault::HangAt(Stage::EndOfData), Times::Always);
    let mut client = Client::greeted(&smtp);
    for command in ["EHLO test", "MAIL FROM:<>", "RCPT TO:<a@example.com>", "DATA"] {
        client.code(command);
    }
    client
        .reader
        .get_ref()
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    client.send(&format!("{MAIL}\r\n.\r\n"));
    let error = client.reader.read_line(&mut String::new()).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{error}"
    );
    smtp.clear_script();
    Client::greeted(&smtp).hand_over(&["a@example.com"], MAIL);
    assert_eq!(smtp.received(), 2);
}

#[tokio::test]
async fn the_server_is_down_and_comes_back_with_its_inbox() {
    let smtp = SmtpSink::start().await;
    let mut open = Client::greeted(&smtp);
    open.hand_over(&["a@example.com"], MAIL);
    smtp.stop().await;
    assert_eq!(open.reply(), None);
    assert_eq!(
        TcpStream::connect(("127.0.0.1", smtp.port())).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    assert_eq!(
        smtp.wait_for(2, Duration::from_millis(5)).await.len(),
        1,
        "waiting has an end"
    );
    smtp.start_again().await;
    Client::greeted(&smtp).hand_over(&["a@example.com"], MAIL);
    assert_eq!(smtp.mails().len(), 2);
}
