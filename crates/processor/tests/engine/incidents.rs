//! What the monitor tells of itself: once, as what it is, and never as a business alert.

use std::time::Duration;

use monitor_domain::Clock;
use monitor_harness::{Config, TestApp, both, eventually};
use monitor_model::{
    DeliveryStatus, IncidentKind, ProcessRole, WorkerRow, deliveries, incidents, stops, workers,
};
use monitor_simulator::http::Answer;
use monitor_simulator::{Fault, HttpServer, SmtpFault, SmtpSink, Stage, Times};

const MINUTE: Duration = Duration::from_secs(60);

/// X, Y and Z of System A and W of System B.
fn two_systems() -> Config {
    let metrics = "[metrics.x]\n[metrics.y]\n[metrics.z]\nalert = { above = 100 }\n\
                   [metrics.w]\nfetch = { system = \"b\", path = \"/api/totals/w\", value = \"$.total\" }\n\
                   alert = { above = 100 }\n";
    Config {
        interval: "10s".into(),
        ..Config::metrics(metrics)
    }
}

/// A second channel beside `mail`.
fn with_chat(config: Config, sink: &SmtpSink, more: &str) -> Config {
    let chat = format!(
        "[channels.chat]\nkind = \"smtp\"\nurl = \"{}\"\nfrom = \"m@example.com\"\nto = [\"chat@example.com\"]\n{more}\n",
        sink.url()
    );
    Config {
        more: format!("{chat}{}", config.more),
        ..config
    }
}

async fn cycles(app: &TestApp, count: u32) {
    for _ in 0..count {
        app.after(Duration::from_secs(10)).await;
    }
}

async fn open(app: &TestApp) -> Vec<(IncidentKind, String)> {
    let open = app.db.read(incidents::all_open).await.unwrap();
    open.into_iter()
        .map(|incident| (incident.kind, incident.subject))
        .collect()
}

both! {
    async fn a_system_that_is_down_is_one_notice(app: TestApp, two_systems()) {
        app.b().set_total("w", 1.0);
        app.poll().await;
        for key in ["x", "y", "z"] {
            app.a().fault(&format!("/api/totals/{key}"), Fault::Status(503), Times::Always);
        }
        cycles(&app, 5).await;
        assert_eq!(app.subjects(), [""; 0], "not yet");
        cycles(&app, 5).await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 1, "one incident, one notice: {subjects:?}");
        assert!(subjects[0].starts_with("[monitor] System a: has been unreadable since"), "{subjects:?}");
        let text = &app.mail().mails()[0].text;
        assert!(text.contains("503") && text.contains("X, Y, Z"), "{text}");
        assert_eq!(open(&app).await, [(IncidentKind::System, "a".to_owned())]);
        assert_eq!(app.phase("x").await.0, "no_data");
        assert!(app.b().alarms().is_empty() && app.messages().await.is_empty(), "no business alert");
        let alerts = app.alerts().await;
        assert!(alerts.len() == 3 && alerts.iter().all(|a| a.muted.as_deref() == Some("incident:1")), "{alerts:?}");

        app.restart(two_systems());
        cycles(&app, 10).await;
        assert_eq!(app.mail().mails().len(), 1, "nor again after a restart: {:?}", app.subjects());

        app.a().clear_faults();
        cycles(&app, 4).await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 2, "and one end: {subjects:?}");
        assert!(subjects[1].starts_with("[monitor] System a: is readable again"), "{subjects:?}");
        assert_eq!(open(&app).await, []);
        assert_eq!(app.phase("x").await.0, "normal");
        app.finish().await;
    }
}

both! {
    async fn a_system_that_hangs_names_all_its_metrics_and_those_that_come_later(app: TestApp) {
        // Z is read too rarely to have failed as X is without data; V is another worker's alone.
        let metrics = "[metrics.x]\n[metrics.y]\nalert = { rise = 1, no_data = \"10m\" }\n\
             [metrics.z]\ninterval = \"30m\"\nalert = { above = 100 }\n\
             [metrics.w]\nfetch = { system = \"b\", path = \"/api/totals/w\", value = \"$.total\" }\n\
             alert = { above = 100 }\n";
        let config = || Config { interval: "10s".into(), ..Config::metrics(metrics) };
        let more = format!("{metrics}[metrics.v]\ntitle = \"Vans\"\n\
            fetch = {{ system = \"a\", path = \"/api/totals/v\", value = \"$.total\" }}\nalert = {{ above = 100 }}\n");
        app.restart(config());
        app.b().set_total("w", 1.0);
        app.poll().await;
        for key in ["x", "y", "z", "v"] {
            app.a().fault(&format!("/api/totals/{key}"), Fault::Status(503), Times::Always);
        }
        cycles(&app, 10).await;
        assert_eq!(app.mail().mails().len(), 1, "{:?}", app.subjects());
        let text = &app.mail().mails()[0].text;
        assert!(text.contains("no readings of X, Y, Z"), "{text}");
        let reason = async || app.db.read(incidents::all_open).await.unwrap().remove(0).reason;
        let begun = reason().await;
        app.restart(Config { interval: "10s".into(), ..Config::metrics(&more) });
        cycles(&app, 10).await;
        let reason = async || app.db.read(incidents::all_open).await.unwrap().remove(0).reason;
        let grown = reason().await;
        assert!(grown.contains("no readings of Vans, X, Y, Z"), "{begun} then {grown}");
        let since = |reason: &str| reason.split(':').take(3).collect::<String>();
        assert_eq!(since(&begun), since(&grown), "since the same time");
        app.restart(config());
        for _ in 0..60 {
            app.hear_of_another_worker().await;
            cycles(&app, 1).await;
        }
        let known = app.db.read(incidents::all_open).await.unwrap().remove(0).reason;
        assert!(known.contains("X, Y, Z, v"), "a metric of another worker is known by its key: {known}");
        app.a().clear_faults();
        cycles(&app, 4).await;
        app.abandon();
    }
}

both! {
    async fn all_systems_at_once_is_the_monitor_offline(app: TestApp, two_systems()) {
        app.b().set_total("w", 1.0);
        app.poll().await;
        let (a, b) = (app.a().clone(), app.b().clone());
        for key in ["x", "y", "z"] {
            a.fault(&format!("/api/totals/{key}"), Fault::CloseAtOnce, Times::Always);
        }
        b.fault("/api/totals/w", Fault::CloseAtOnce, Times::Always);
        cycles(&app, 12).await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 1, "{subjects:?}");
        assert!(subjects[0].starts_with("[monitor] The monitor: the monitor has been offline since"), "{subjects:?}");
        assert_eq!(open(&app).await, [(IncidentKind::Offline, String::new())]);
        a.clear_faults();
        b.clear_faults();
        cycles(&app, 4).await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 2, "{subjects:?}");
        assert!(subjects[1].contains("online again"), "{subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn a_metric_that_stays_blind_after_its_system_is_back_is_told_by_itself(app: TestApp, two_systems()) {
        app.b().set_total("w", 1.0);
        app.poll().await;
        for key in ["x", "y", "z"] {
            app.a().fault(&format!("/api/totals/{key}"), Fault::Status(503), Times::Always);
        }
        cycles(&app, 8).await;
        assert_eq!(app.mail().mails().len(), 1);
        app.a().clear_faults();
        app.a().fault("/api/totals/z", Fault::Html, Times::Always);
        cycles(&app, 6).await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 3, "{subjects:?}");
        assert!(subjects.iter().any(|s| s.starts_with("[monitor] System a: is readable again")), "{subjects:?}");
        assert!(subjects.iter().any(|s| s.starts_with("[no data] Z:")), "{subjects:?}");
        app.a().clear_faults();
        cycles(&app, 2).await;
        assert!(app.subjects()[3].starts_with("[data is back] Z:"), "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn wrong_credentials_are_one_notice_too(app: TestApp, two_systems()) {
        app.b().set_total("w", 1.0);
        app.a().fault("/api/login", Fault::Status(401), Times::Always);
        cycles(&app, 10).await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 1, "{subjects:?}");
        let text = &app.mail().mails()[0].text;
        assert!(text.contains("sign-in refused") && text.contains("check username and password"), "{text}");
        app.abandon();
    }
}

both! {
    async fn a_channel_that_is_dead_is_told_through_another(app: TestApp) {
        let chat = SmtpSink::start().await;
        let config = || Config { interval: "10s".into(), ..Config::metrics("[metrics.x]\nnotify = [\"mail\"]\neach = true\n") };
        app.restart(with_chat(config(), &chat, ""));
        app.b().set_auto_messages(true);
        app.poll().await;
        app.mail().stop().await;
        app.read("x", 3.0).await;
        for _ in 0..6 {
            app.after(MINUTE).await;
        }
        let notices = chat.mails();
        assert_eq!(notices.len(), 1, "once");
        assert!(notices[0].subject.starts_with("[monitor] Channel mail: has delivered nothing since"), "{}", notices[0].subject);
        assert!(notices[0].text.contains("waiting: 3"), "{}", notices[0].text);
        assert_eq!(open(&app).await, [(IncidentKind::Channel, "mail".to_owned())]);
        app.mail().start_again().await;
        app.after(6 * MINUTE).await;
        app.after(MINUTE).await;
        assert_eq!(app.mail().mails().len(), 3);
        assert!(chat.mails()[1].subject.contains("delivers again"));
        assert_eq!(open(&app).await, []);
        app.finish().await;
    }
}

both! {
    async fn the_alarm_that_does_not_sound_is_told(app: TestApp, Config::metrics("[metrics.z]\nalert = { above = 100 }\n")) {
        app.poll().await;
        app.b().fault("/api/alarm", Fault::Status(500), Times::Always);
        app.read("z", 131.0).await;
        app.after(Duration::from_secs(40)).await;
        app.after(Duration::from_secs(40)).await;
        app.after(Duration::from_secs(40)).await;
        let subjects = app.subjects();
        let notices: Vec<_> = subjects.iter().filter(|s| s.starts_with("[monitor] The alarm: has delivered nothing")).collect();
        assert_eq!(notices.len(), 1, "{subjects:?}");
        app.b().clear_faults();
        app.after(Duration::from_secs(40)).await;
        app.after(Duration::from_secs(40)).await;
        assert_eq!(app.b().alarms(), ["z"], "and sounds when it can");
        assert!(app.subjects().iter().any(|s| s.contains("delivers again")), "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn what_is_given_up_is_told_elsewhere_and_can_be_tried_again(app: TestApp) {
        let chat = SmtpSink::start().await;
        let config = Config { to: vec!["a@example.com".into(), "b@example.com".into()],
            ..Config::metrics("[metrics.x]\nnotify = [\"mail\"]\n") };
        app.restart(with_chat(config, &chat, ""));
        app.poll().await;
        app.b().add_message("x", "m1", "Order 7 is unpaid");
        app.mail().script(SmtpFault::reply(Stage::RcptTo(Some("b@example.com".into())), 550, "no such user"), Times::Always);
        app.read("x", 1.0).await;
        // The first refusal may be of everybody; once the other has its mail it is of this one.
        app.after(Duration::from_secs(5)).await;
        assert_eq!(app.mail().mails().len(), 1, "the other recipient has it");
        let notices = chat.mails();
        assert_eq!(notices.len(), 1);
        assert!(notices[0].text.contains("could not be delivered through mail (b@example.com)"), "{}", notices[0].text);
        assert!(notices[0].text.contains("Order 7 is unpaid"), "with what it said: {}", notices[0].text);
        let failed: Vec<_> = app.deliveries().await.into_iter().filter(|d| d.status == DeliveryStatus::Failed).collect();
        assert_eq!(failed.len(), 1);
        app.mail().clear_script();
        let (id, now) = (failed[0].id, app.clock.wall().naive_utc());
        assert!(app.db.write(move |c| deliveries::retry(c, id, now)).await.unwrap());
        app.poll().await;
        let mails = app.mail().mails();
        assert_eq!((mails.len(), &mails[0].message_id), (2, &mails[1].message_id), "as the same mail");
        app.finish().await;
    }
}

both! {
    async fn a_second_try_has_its_own_patience(app: TestApp, Config::metrics("[metrics.x]\n")) {
        app.poll().await;
        app.mail().stop().await;
        app.read("x", 1.0).await;
        app.after(25 * 60 * MINUTE).await;
        let mail = app.deliveries_of("mail").await.remove(0);
        assert_eq!(mail.status, DeliveryStatus::GivenUp);
        let (id, now) = (mail.id, app.clock.wall().naive_utc());
        app.db.write(move |c| deliveries::retry(c, id, now)).await.unwrap();
        app.poll().await;
        assert_eq!(app.deliveries_of("mail").await[0].status, DeliveryStatus::Pending, "not given up at once");
        app.mail().start_again().await;
        app.after(10 * MINUTE).await;
        assert_eq!(app.mail().mails().len(), 1);
        app.finish().await;
    }
}

both! {
    async fn a_storm_is_one_message_a_minute_where_that_is_asked_for(app: TestApp) {
        let chat = SmtpSink::start().await;
        app.restart(with_chat(Config::metrics("[metrics.x]\nnotify = [\"chat\"]\n"), &chat, "digest = \"1m\""));
        app.poll().await;
        for total in 1..=30 {
            app.read("x", f64::from(total)).await;
        }
        assert_eq!(chat.received(), 1, "the first goes at once");
        app.after(61 * Duration::from_secs(1)).await;
        let mails = chat.mails();
        assert_eq!(mails.len(), 2);
        assert!(mails[1].subject.contains("X: 29 messages"), "{}", mails[1].subject);
        assert_eq!(mails[1].text.matches("X: ").count(), 30, "all of them, and the headline: {}", mails[1].text);
        let sent = app.deliveries_of("chat").await;
        assert!(sent.len() == 30 && sent.iter().all(|d| d.status == DeliveryStatus::Sent));
        app.finish().await;
    }
}

both! {
    async fn a_digest_that_is_repeated_is_the_same_mail(app: TestApp) {
        let chat = SmtpSink::start().await;
        app.restart(with_chat(Config::metrics("[metrics.x]\nnotify = [\"chat\"]\n"), &chat, "digest = \"1m\""));
        app.poll().await;
        for total in 1..=3 {
            app.read("x", f64::from(total)).await;
        }
        chat.script(SmtpFault::DropAfterData, Times::N(1));
        app.after(61 * Duration::from_secs(1)).await;
        chat.clear_script();
        app.read("x", 9.0).await; // comes too late to be in it
        app.after(MINUTE).await;
        app.after(2 * MINUTE).await;
        let mails = chat.mails();
        let digests: Vec<_> = mails.iter().filter(|mail| mail.subject.contains("2 messages")).collect();
        assert_eq!(digests.len(), 2, "the server took it and said nothing");
        assert_eq!((&digests[0].message_id, &digests[0].text), (&digests[1].message_id, &digests[1].text));
        app.finish().await;
    }
}

both! {
    async fn nobody_was_watching_is_told_at_the_next_start(app: TestApp, Config::metrics("[metrics.x]\n")) {
        let row = WorkerRow {
            id: "another-machine".into(),
            host: "one".into(),
            pid: 7,
            version: "0".into(),
            started_at: app.clock.wall().naive_utc(),
            heartbeat_at: app.clock.wall().naive_utc(),
            role: ProcessRole::Worker,
        };
        app.db.write(move |c| workers::heartbeat(c, &row)).await.unwrap();
        app.clock.jump(20 * MINUTE);
        app.while_running(async {
            eventually("the notice", || async { (app.mail().received() == 1).then_some(()) }).await;
        }).await;
        assert!(app.subjects()[0].starts_with("[monitor] The monitor: nobody was watching from"), "{:?}", app.subjects());
        assert!(app.db.read(workers::all).await.unwrap().is_empty(), "and the dead is not reported again");
        app.finish().await;
    }
}

both! {
    async fn a_clean_stop_is_told_at_the_next_start_where_it_was_long(app: TestApp, Config {
        interval: "10s".into(),
        ..Config::metrics("[metrics.x]\nalert = { rise = 1, no_data = \"5m\" }\n[metrics.y]\n")
    }) {
        let run = async || {
            let before = app.engine.counters().good();
            app.while_running(async {
                eventually("a reading", || async {
                    app.clock.jump(Duration::from_secs(1));
                    (app.engine.counters().good() > before).then_some(())
                }).await;
            }).await;
        };
        run().await;
        let stop = |c: &mut monitor_model::Conn| stops::last(c, ProcessRole::Worker);
        let stopped = app.db.read(stop).await.unwrap();
        assert!(stopped.is_some() && app.db.read(workers::all).await.unwrap().is_empty(), "off the list, not forgotten");
        app.clock.jump(Duration::from_secs(30));
        run().await;
        assert_eq!(app.subjects(), [""; 0], "shorter than the no_data of any metric");
        let again = app.db.read(stop).await.unwrap();
        assert!(again > stopped);
        app.clock.jump(2 * MINUTE);
        run().await;
        app.deliver_all(MINUTE, 5).await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 1, "{subjects:?}");
        assert!(subjects[0].starts_with("[monitor] The monitor: was stopped at"), "{subjects:?}");
        let text = &app.mail().mails()[0].text;
        let at = again.unwrap().format("%H:%M:%S").to_string();
        assert!(text.contains(&at) && text.contains("started again at"), "{at} in {text}");
        app.finish().await;
    }
}

both! {
    async fn a_process_that_falls_silent_is_told_and_so_is_its_return(app: TestApp, Config::metrics("[metrics.x]\n")) {
        let beat = |app: &TestApp, role| {
            let row = WorkerRow {
                id: "another-machine".into(),
                host: "two".into(),
                pid: 7,
                version: "0".into(),
                started_at: app.clock.wall().naive_utc(),
                heartbeat_at: app.clock.wall().naive_utc(),
                role,
            };
            let db = app.db.clone();
            async move { db.write(move |c| workers::heartbeat(c, &row)).await.unwrap() }
        };
        // Answers that are under way as the clock jumps come too late: there may be other notices.
        let reported = |words: &str| app.subjects().iter().any(|subject| subject.contains(words));
        beat(&app, ProcessRole::Web).await;
        app.while_running(async {
            eventually("the notice", || async {
                app.clock.jump(Duration::from_secs(5));
                tokio::time::sleep(Duration::from_millis(20)).await;
                reported("was last heard from at").then_some(())
            }).await;
            let this = (IncidentKind::Process, "another-machine".to_owned());
            assert!(open(&app).await.contains(&this), "{:?}", open(&app).await);
            beat(&app, ProcessRole::Web).await;
            eventually("its return", || async {
                app.clock.jump(Duration::from_secs(5));
                beat(&app, ProcessRole::Web).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
                reported("heard from again").then_some(())
            }).await;
        }).await;
        assert!(reported("web on two (process 7) was last heard from at"), "{:?}", app.subjects());
        app.deliver_all(MINUTE, 30).await;
        app.finish().await;
    }
}

both! {
    async fn a_database_that_takes_nothing_is_told_around_it(app: TestApp, Config::metrics("[metrics.x]\n")) {
        use monitor_model::Backend;
        let run = async |sql: &'static str| {
            use diesel::connection::SimpleConnection;
            app.db.write(move |c| Ok(c.batch_execute(sql)?)).await.unwrap();
        };
        let (broken, mended) = match app.db.backend() {
            Backend::Sqlite => (
                "CREATE TRIGGER broken BEFORE INSERT ON sample BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
                "DROP TRIGGER broken",
            ),
            Backend::Postgres => (
                "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$; \
                 CREATE TRIGGER broken BEFORE INSERT ON sample FOR EACH ROW EXECUTE FUNCTION broken()",
                "DROP TRIGGER broken ON sample",
            ),
        };
        let reported = |words: &str| app.subjects().iter().any(|subject| subject.contains(words));
        app.while_running(async {
            eventually("a first reading", || async { (app.engine.counters().good() > 0).then_some(()) }).await;
            run(broken).await;
            app.a().set_total("x", 3.0);
            eventually("the notice", || async {
                app.clock.jump(Duration::from_secs(2));
                tokio::time::sleep(Duration::from_millis(20)).await;
                reported("has not been writable since").then_some(())
            }).await;
            assert!(app.b().alarms().is_empty(), "what is not stored is not sent");
            run(mended).await;
            eventually("the end, and the rise", || async {
                (reported("is writable again") && app.b().alarms() == ["x"]).then_some(())
            }).await;
        }).await;
        let why = app.mail().mails().into_iter().find(|mail| mail.subject.contains("has not been writable since"));
        let why = why.unwrap();
        assert!(why.subject.starts_with("[monitor] The monitor's database:"), "{}", why.subject);
        assert!(why.text.contains("the disk is full"), "with why");
        app.deliver_all(MINUTE, 30).await;
        app.finish().await;
    }
}

both! {
    async fn a_switch_elsewhere_is_called_as_long_as_readings_are_stored(app: TestApp) {
        let robot = HttpServer::start(|_| Answer::body(200, "text/plain", "OK".to_owned())).await;
        let url = format!("{}/ping/a-secret", robot.url());
        let text = app.config_text().replace("[worker]\n", &format!("[worker]\nheartbeat_url = \"{url}\"\n"));
        let engine = app.engine_of(&text);
        let stop = tokio_util::sync::CancellationToken::new();
        let story = async {
            eventually("calls", || async { (robot.requests().len() >= 2).then_some(()) }).await;
            for key in ["x", "y", "z"] {
                app.a().fault(&format!("/api/totals/{key}"), Fault::Status(503), Times::Always);
            }
            // What is under way may still be good, and be called for.
            for _ in 0..3 {
                app.clock.jump(Duration::from_millis(300));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let before = robot.requests().len();
            for _ in 0..5 {
                app.clock.jump(Duration::from_secs(5));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(robot.requests().len(), before, "nobody is called while nothing can be read");
            app.a().clear_faults();
            eventually("calls again", || async {
                app.clock.jump(Duration::from_secs(5));
                tokio::time::sleep(Duration::from_millis(20)).await;
                (robot.requests().len() > before).then_some(())
            }).await;
            stop.cancel();
        };
        let (ended, ()) = tokio::join!(engine.run(stop.clone()), story);
        ended.unwrap();
        app.abandon();
    }
}
