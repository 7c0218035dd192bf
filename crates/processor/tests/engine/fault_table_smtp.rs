//! The fault table, mail: whatever a mail server does wrong, its mails wait, are shown with the reason, and arrive
//! afterwards; the alarm, the record and the other channels do not wait with them.
//!
//! Each row is a channel, a mail server and a metric of its own, so that all of them go wrong at once.

use std::time::Duration;

use monitor_harness::{Config, TestApp, both, eventually};
use monitor_model::Delivery;
use monitor_simulator::{Certificate, Mail, SmtpFault, SmtpSink, Stage, Times};

/// What is the matter with a mail server.
enum Incident {
    /// Each mail meets this.
    Does(SmtpFault),
    /// Each mail meets this, and the monitor has to stop waiting.
    Hangs(SmtpFault),
    /// It does not run.
    Down,
    /// The config does not say whom to trust.
    Distrusted,
}

struct Row {
    name: &'static str,
    sink: SmtpSink,
    incident: Incident,
    shows: &'static str,
    /// The config's line of whom to trust, once it is mended.
    trusts: String,
}

impl Row {
    fn hangs(&self) -> bool {
        matches!(self.incident, Incident::Hangs(_))
    }

    async fn begin(&self) {
        match &self.incident {
            Incident::Does(fault) | Incident::Hangs(fault) => self.sink.script(fault.clone(), Times::Always),
            Incident::Down => self.sink.stop().await,
            Incident::Distrusted => {}
        }
    }

    async fn end(&self) {
        self.sink.clear_script();
        self.sink.start_again().await;
    }

    async fn delivery(&self, app: &TestApp) -> Option<Delivery> {
        app.deliveries()
            .await
            .into_iter()
            .find(|delivery| delivery.lane == self.name)
    }
}

fn metric(key: &str, channel: &str) -> String {
    format!(
        "[metrics.{key}]\nfetch = {{ system = \"a\", path = \"/api/totals/{key}\", value = \"$.total\" }}\n\
         alert = {{ rise = 1 }}\nnotify = [\"{channel}\"]\n"
    )
}

fn channel(name: &str, sink: &SmtpSink, more: &str) -> String {
    format!(
        "[channels.{name}]\nkind = \"smtp\"\nurl = \"{}\"\nfrom = \"m@example.com\"\nto = [\"{name}@example.com\"]\n{more}\n",
        sink.url()
    )
}

fn config(rows: &[Row], mended: bool) -> Config {
    let metrics = rows
        .iter()
        .map(|row| metric(row.name, row.name))
        .chain([metric("fine", "mail")])
        .collect();
    let more = rows
        .iter()
        .map(|row| channel(row.name, &row.sink, if mended { &row.trusts } else { "" }))
        .collect();
    Config {
        metrics,
        more,
        ..Config::default()
    }
}

both! {
    async fn mails_wait_for_a_server_in_incident_and_nothing_waits_with_them(app: TestApp) {
        use Incident::{Distrusted, Does, Down, Hangs};
        let folder = tempfile::tempdir().unwrap();
        let mut rows = Vec::new();
        for (name, incident, shows) in [
            ("refused", Down, "connecting: Connection refused"),
            ("no_greeting", Hangs(SmtpFault::NoGreeting), "greeting: no answer within 2s"),
            ("busy", Does(SmtpFault::reply(Stage::Connect, 421, "too busy")), "421 too busy"),
            ("try_later", Does(SmtpFault::reply(Stage::MailFrom, 451, "try later")), "MAIL FROM: 451 try later"),
            ("greylisted", Does(SmtpFault::reply(Stage::RcptTo(None), 450, "greylisted")), "450 greylisted"),
            ("full_disk", Does(SmtpFault::reply(Stage::EndOfData, 452, "no room")), "the mail itself: 452 no room"),
            ("not_in_service", Does(SmtpFault::reply(Stage::Connect, 554, "no service")), "554 no service"),
            ("sender_refused", Does(SmtpFault::reply(Stage::MailFrom, 550, "who are you")), "MAIL FROM: 550 who are you"),
            ("no_relay", Does(SmtpFault::reply(Stage::RcptTo(None), 550, "relay not permitted")), "550 relay not permitted"),
            ("mailbox_full", Does(SmtpFault::reply(Stage::RcptTo(None), 552, "mailbox full")), "552 mailbox full"),
            ("full_in_chinese", Does(SmtpFault::reply(Stage::RcptTo(None), 550, "收件人邮箱已满")), "550 收件人邮箱已满"),
            ("over_quota", Does(SmtpFault::reply(Stage::EndOfData, 550, "5.2.2 no room")), "550 5.2.2 no room"),
            ("hangs_up", Does(SmtpFault::DropAt(Stage::MailFrom)), "MAIL FROM: "),
            ("dropped_in_data", Does(SmtpFault::DropAt(Stage::Data)), "the mail itself: "),
            ("dropped_before_answer", Does(SmtpFault::DropAt(Stage::EndOfData)), "the mail itself: "),
            ("answer_lost", Does(SmtpFault::DropAfterData), "the mail itself: "),
            ("hangs_in_data", Hangs(SmtpFault::HangAt(Stage::EndOfData)), "the mail itself: no answer within 2s"),
            ("tls_distrusted", Distrusted, "UnknownIssuer"),
            ("starttls_distrusted", Distrusted, "UnknownIssuer"),
        ] {
            let certificate = Certificate::new().unwrap();
            let path = folder.path().join(format!("{name}.pem"));
            std::fs::write(&path, certificate.ca_pem()).unwrap();
            let sink = match name {
                "tls_distrusted" => SmtpSink::builder().implicit_tls(&certificate).start().await.unwrap(),
                "starttls_distrusted" => SmtpSink::builder().starttls(&certificate).start().await.unwrap(),
                _ => SmtpSink::start().await,
            };
            let trusts = match incident {
                Distrusted => format!("ca_file = {:?}", path.to_str().unwrap()),
                _ => String::new(),
            };
            rows.push(Row { name, sink, incident, shows, trusts });
        }
        for key in rows.iter().map(|row| row.name).chain(["fine"]) {
            app.a().set_total(key, 0.0);
        }
        app.restart(config(&rows, false));
        app.poll().await;

        for row in &rows {
            row.begin().await;
        }
        for key in rows.iter().map(|row| row.name).chain(["fine"]) {
            app.a().set_total(key, 3.0);
        }
        let tried = async |hanging: bool| {
            for row in rows.iter().filter(|row| row.hangs() == hanging) {
                if row.delivery(&app).await.is_none_or(|delivery| delivery.last_error.is_none()) {
                    return false;
                }
            }
            true
        };
        app.poll_past_hangs(
            async || app.mail().mails().len() == 1 && tried(false).await,
            async || tried(true).await,
        ).await;

        // Shown: each waits, with the reason. Told by the rest: nothing waited with them.
        for row @ Row { name, shows, .. } in &rows {
            let delivery = row.delivery(&app).await.unwrap();
            assert_eq!(delivery.status.as_str(), "pending", "{name}: {delivery:?}");
            let error = delivery.last_error.as_deref().unwrap();
            assert!(error.contains(shows), "{name}: {error}");
        }
        assert!(app.engine.counters().retried() >= rows.len() as u64, "counted");
        let mut alarms = app.b().alarms();
        alarms.sort();
        let mut keys: Vec<_> = rows.iter().map(|row| row.name).chain(["fine"]).collect();
        keys.sort_unstable();
        assert_eq!(alarms, keys, "the alarm needs no mail");
        assert_eq!(app.messages().await.len(), keys.len(), "nor does the record");
        assert_eq!(app.mail().mails().len(), 1, "nor the mail that a working server takes");

        // It works again: each arrives.
        for row in &rows {
            row.end().await;
        }
        app.restart(config(&rows, true));
        app.deliver_all(Duration::from_secs(60), 10).await;
        for row @ Row { name, sink, .. } in &rows {
            let mails = sink.mails();
            // Where the server had taken it and its answer was lost, nobody could know.
            let attempts = row.delivery(&app).await.unwrap().attempt as usize;
            let times = if *name == "answer_lost" { attempts } else { 1 };
            assert_eq!(mails.len(), times, "{name}");
            assert!(mails.iter().all(|mail| mail.message_id == mails[0].message_id), "{name}: a repeat is the same mail");
            assert!(mails[0].text.contains("3 rose by 3 from 0"), "{name}: {}", mails[0].text);
        }
        assert_eq!(app.b().alarms().len(), keys.len(), "and nothing else is repeated");
        assert_eq!(app.mail().mails().len(), 1);
        app.finish().await;
    }
}

both! {
    async fn one_refused_recipient_does_not_hold_up_the_others(app: TestApp, Config {
        to: vec!["gone@example.com".into(), "ops@example.com".into()], ..Config::default()
    }) {
        app.poll().await;
        let refused = SmtpFault::reply(Stage::RcptTo(Some("gone@example.com".into())), 550, "no such user");
        app.mail().script(refused, Times::Always);
        app.read("x", 1.0).await;
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].to, ["ops@example.com"]);
        // The first refusal may be of everybody; once the other has its mail it is of this one.
        app.after(Duration::from_secs(5)).await;
        let failed: Vec<_> = app.deliveries().await.into_iter().filter(|d| d.status == "failed").collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].recipient, "gone@example.com");
        assert!(failed[0].last_error.as_deref().unwrap().contains("no such user"), "{failed:?}");
        assert_eq!(app.engine.counters().given_up(), 1, "counted");
        assert_eq!((app.b().alarms().len(), app.messages().await.len()), (1, 1));
        app.after(Duration::from_secs(600)).await;
        assert_eq!(app.mail().mails().len(), 1, "and not offered again");
        app.finish().await;
    }
}

both! {
    async fn when_everybody_is_refused_the_channel_is_what_fails(app: TestApp, Config {
        to: vec!["boss@example.com".into(), "ops@example.com".into()], ..Config::default()
    }) {
        let chat = SmtpSink::start().await;
        app.restart(Config {
            to: vec!["boss@example.com".into(), "ops@example.com".into()],
            more: channel("chat", &chat, ""),
            ..Config::default()
        });
        app.poll().await;
        app.mail().script(SmtpFault::reply(Stage::RcptTo(None), 550, "no such user"), Times::Always);
        app.read("x", 1.0).await;
        for _ in 0..10 {
            app.after(Duration::from_secs(60)).await;
        }
        let waiting: Vec<_> = app.deliveries_of("mail").await.into_iter().filter(|d| d.event == "alert").collect();
        assert_eq!(waiting.len(), 2);
        assert!(waiting.iter().all(|d| d.status == "pending" && d.attempt > 1), "{waiting:?}");
        assert_eq!(app.engine.counters().given_up(), 0);
        let notices: Vec<_> = chat.mails().into_iter().filter(|mail| mail.text.contains("no such user")).collect();
        assert_eq!(notices.len(), 1, "others are notified that the channel fails: {:?}", chat.mails().iter().map(|m| (&m.subject, &m.text)).collect::<Vec<_>>());
        app.mail().clear_script();
        app.deliver_all(Duration::from_secs(300), 10).await;
        let alerts = app.mail().mails().into_iter().filter(|mail| mail.subject.contains("] X"));
        assert_eq!(alerts.count(), 2, "and everybody has the mail when it is mended");
        app.finish().await;
    }
}

both! {
    async fn a_mail_that_is_refused_for_good_is_shown_as_failed(app: TestApp) {
        app.poll().await;
        app.mail().script(SmtpFault::reply(Stage::EndOfData, 554, "taken for spam"), Times::Always);
        app.read("x", 1.0).await;
        let failed: Vec<_> = app.deliveries().await.into_iter().filter(|d| d.status == "failed").collect();
        assert_eq!(failed.len(), 1);
        assert!(failed[0].last_error.as_deref().unwrap().contains("554 taken for spam"), "{failed:?}");
        assert_eq!(app.engine.counters().given_up(), 1, "counted");
        assert_eq!((app.b().alarms().len(), app.messages().await.len()), (1, 1), "alarm and record are there");
        app.finish().await;
    }
}

/// What came that is not about the monitor itself: a jump of the clock on a busy machine may be an outage to it.
fn of_x(sink: &SmtpSink) -> Vec<Mail> {
    let mut mails = sink.mails();
    mails.retain(|mail| !mail.subject.starts_with("[monitor]"));
    mails
}

both! {
    async fn a_channel_that_hangs_delays_no_other(app: TestApp) {
        let hanging = SmtpSink::start().await;
        let more = channel("slow", &hanging, "timeout = \"60s\"");
        let metrics = "[metrics.x]\nalert = { rise = 1, no_data = \"1h\" }\n".into();
        app.restart(Config { metrics, more, ..Config::default() });
        hanging.script(SmtpFault::HangAt(Stage::EndOfData), Times::Always);
        app.while_running(async {
            for n in 1..=10 {
                app.a().set_total("x", n as f64);
                // Not a moment of the clock's passes for the channel that hangs: whatever arrives did not wait for it.
                eventually("the mail of the other channel", || async {
                    (app.mail().mails().len() == n && app.b().alarms().len() == n).then_some(())
                }).await;
            }
            let slow: Vec<_> = app.deliveries().await.into_iter().filter(|d| d.lane == "slow").collect();
            assert_eq!(slow.len(), 10);
            assert!(slow.iter().all(|d| d.last_error.is_none() && d.attempt <= 1), "still its first attempts: {slow:?}");
            let sending = slow.iter().filter(|d| d.status == "sending").count();
            assert_eq!(sending, 4, "and no more at a time than its places");

            hanging.clear_script();
            monitor_harness::eventually("what waited for the channel that hung", || async {
                app.jump_over(Duration::from_secs(61)).await;
                (of_x(&hanging).len() >= 10).then_some(())
            }).await;
        }).await;
        let came = of_x(&hanging);
        let ids: std::collections::BTreeSet<_> = came.iter().map(|mail| &mail.message_id).collect();
        assert_eq!((ids.len(), came.len()), (10, 10), "each once, when it worked again");
        assert_eq!(of_x(app.mail()).len(), 10);
        app.deliver_all(Duration::from_secs(60), 5).await;
        app.finish().await;
    }
}
