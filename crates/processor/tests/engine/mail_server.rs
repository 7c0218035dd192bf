//! Mails through a server that nobody here wrote: Exim, over STARTTLS and over TLS from the first byte, signed in by PLAIN and by
//! LOGIN, with a certificate of one's own authority.

use std::time::Duration;

use monitor_harness::{Config, TestApp, both, eventually};
use monitor_model::Delivery;
use monitor_simulator::Certificate;
use monitor_testkit::exim::{self, PASSWORD, Running, USER};

const WRONG: &str = "Wrong-Horse-3-Staple";
/// What PLAIN makes of the user and that password (RFC 4616), and LOGIN of the password, in Base64.
const AS_PLAIN: &str = "AG1vbml0b3IAV3JvbmctSG9yc2UtMy1TdGFwbGU=";
const AS_LOGIN: &str = "V3JvbmctSG9yc2UtMy1TdGFwbGU=";

/// z with a channel over STARTTLS and one over TLS; a third trusts nobody.
fn config(exim: &Running, ca_file: &str, password: &str) -> Config {
    let (starttls, tls) = (exim.starttls_port(), exim.tls_port());
    let trusting = format!("ca_file = {ca_file:?}");
    let channels = [
        (
            "starttls",
            format!("smtp+starttls://{USER}@127.0.0.1:{starttls}"),
            &trusting,
        ),
        ("tls", format!("smtps://{USER}@127.0.0.1:{tls}"), &trusting),
        (
            "distrusting",
            format!("smtps://{USER}@127.0.0.1:{tls}"),
            &String::new(),
        ),
    ];
    let channels = channels.map(|(name, url, more)| {
        format!(
            "[channels.{name}]\nkind = \"smtp\"\nurl = \"{url}\"\npassword = \"{password}\"\nfrom = \"Monitor <m@example.com>\"\n\
             to = [\"{name}@example.com\"]\ntimeout = \"30s\"\n{more}\n"
        )
    });
    Config {
        more: channels.concat(),
        worker: "notify = [\"mail\"]".into(),
        ..Config::metrics(
            "[metrics.z]\nalert = { above = 100 }\nnotify = [\"starttls\", \"tls\", \"distrusting\"]\n",
        )
    }
}

/// A server, once it answers.
async fn started(certificate: &Certificate) -> Option<Running> {
    let exim = exim::start(certificate.server_pem()).unwrap()?;
    for port in [exim.starttls_port(), exim.tls_port()] {
        let connect = || async { tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok() };
        eventually("it listens", connect).await;
    }
    Some(exim)
}

/// The mails in its mailbox, once there are so many: it delivers what it took by itself.
async fn delivered(exim: &Running, count: usize) -> Vec<String> {
    let arrived = || async {
        let mails = exim.mails().unwrap();
        assert!(mails.len() <= count, "{}", exim.log());
        (mails.len() == count).then_some(mails)
    };
    eventually("the mails are delivered", arrived).await
}

async fn only(app: &TestApp, lane: &str) -> Delivery {
    let mut all = app.deliveries_of(lane).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// The headers of a mail, each on a line.
fn headers(mail: &str) -> String {
    let mail = mail.replace("\r\n", "\n");
    let (headers, _) = mail.split_once("\n\n").unwrap();
    headers.replace("\n ", " ").replace("\n\t", " ")
}

both! {
    async fn a_server_of_others_takes_the_mail_of_who_signs_in(app: TestApp) {
        let certificate = Certificate::new().unwrap();
        let Some(exim) = started(&certificate).await else {
            app.abandon();
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, certificate.ca_pem()).unwrap();
        let ca_file = ca_file.to_str().unwrap();

        // A wrong password: it says so, and to nobody what it was.
        app.restart(config(&exim, ca_file, WRONG));
        app.read("z", 131.0).await;
        for lane in ["starttls", "tls"] {
            let refused = only(&app, lane).await;
            assert_eq!(refused.status, "pending", "it gets repaired: {refused:?}");
            let error = refused.last_error.as_deref().unwrap();
            assert!(error.contains("signing in: 535"), "{error}\n{}", exim.log());
        }
        let distrusted = only(&app, "distrusting").await;
        let error = distrusted.last_error.as_deref().unwrap();
        assert!(distrusted.status == "pending" && error.contains("ca_file"), "{error}");
        assert_eq!(exim.mails().unwrap().len(), 0);

        // The right one: both are taken, and are what was sent.
        app.restart(config(&exim, ca_file, PASSWORD));
        for _ in 0..3 {
            app.after(Duration::from_secs(60)).await;
        }
        let mails = delivered(&exim, 2).await;
        for lane in ["starttls", "tls"] {
            let sent = only(&app, lane).await;
            assert_eq!(sent.status, "sent", "{sent:?}\n{}", exim.log());
            let to = format!("Envelope-to: {lane}@example.com");
            let mail = mails.iter().find(|mail| mail.contains(&to)).unwrap();
            let headers = headers(mail);
            for line in [
                "Return-path: <m@example.com>".to_owned(),
                "From: Monitor <m@example.com>".to_owned(),
                format!("To: {lane}@example.com"),
                format!("Message-ID: <{}>", sent.message_id),
            ] {
                assert!(headers.lines().any(|one| one == line), "{line}: {headers}");
            }
            let subject = headers.lines().find(|one| one.starts_with("Subject: ")).unwrap();
            assert!(subject.contains("131 is above 100"), "{subject}");
        }
        assert!(exim.log().contains("A=plain:monitor") && exim.log().contains("A=login:monitor"), "{}", exim.log());

        let stored = format!("{:?}{:?}{:?}", app.deliveries().await, app.records().await, app.alerts().await);
        let reported = app.mail().mails().into_iter().map(|mail| mail.text + &mail.html);
        let shown = stored + &reported.collect::<String>();
        for secret in [WRONG, PASSWORD, AS_PLAIN, AS_LOGIN] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        app.abandon();
    }
}
