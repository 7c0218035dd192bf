//! What is shared is shared fairly: a recipient, an explainer or a system that hangs, or several of them, slow only themselves; and within an
//! alert nobody reads that it is over before they read that it began.

use std::time::{Duration, Instant};

use monitor_harness::{Config, TestApp, both, eventually};
use monitor_simulator::{Fault, SmtpFault, Stage, SystemB, Times};

const RISING: &str = "[metrics.x]\nalert = { rise = 1, no_data = \"1h\" }\n";

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The subjects of the mails to this recipient, but for those about the monitor itself.
fn mails_to(app: &TestApp, recipient: &str) -> Vec<String> {
    let mails = app.mail().mails().into_iter();
    let to = mails
        .filter(|mail| mail.to == [recipient])
        .map(|mail| mail.subject);
    to.filter(|subject| !subject.starts_with("[monitor]")).collect()
}

fn rcpt_hangs(recipient: &str) -> SmtpFault {
    SmtpFault::HangAt(Stage::RcptTo(Some(recipient.to_owned())))
}

both! {
    async fn a_recipient_whose_mails_hang_slows_only_itself(app: TestApp, Config {
        metrics: RISING.into(), to: vec!["hangs@example.com".into(), "ops@example.com".into()], ..Config::default()
    }) {
        app.mail().script(rcpt_hangs("hangs@example.com"), Times::Always);
        app.while_running(async {
            for n in 1..=20 {
                app.a().set_total("x", n as f64);
                eventually("the mail to the other", || async {
                    (mails_to(&app, "ops@example.com").len() == n).then_some(())
                }).await;
            }
            let hanging: Vec<_> = app.deliveries().await.into_iter().filter(|d| d.recipient == "hangs@example.com").collect();
            assert_eq!(hanging.len(), 20);
            eventually("one that hangs to be tried", || async {
                let hanging = app.deliveries().await.into_iter().filter(|d| d.recipient == "hangs@example.com");
                let sending = hanging.filter(|d| d.status == "sending").count();
                assert!(sending <= 2, "half of the four places at most: {sending}");
                (sending > 0).then_some(())
            }).await;
            app.mail().clear_script();
            eventually("the mails that hung", || async {
                app.jump_over(secs(61)).await;
                (mails_to(&app, "hangs@example.com").len() >= 20).then_some(())
            }).await;
        }).await;
        assert_eq!(mails_to(&app, "ops@example.com").len(), 20);
        app.deliver_all(secs(60), 5).await;
        app.finish().await;
    }
}

both! {
    async fn so_do_more_recipients_than_there_are_places(app: TestApp, Config {
        metrics: RISING.into(),
        to: (0..6).map(|n| format!("hangs{n}@example.com")).chain(["ops@example.com".to_owned()]).collect(),
        ..Config::default()
    }) {
        for n in 0..6 {
            app.mail().script(rcpt_hangs(&format!("hangs{n}@example.com")), Times::Always);
        }
        app.while_running(async {
            for n in 1..=5 {
                app.a().set_total("x", n as f64);
                eventually("the mail to the other", || async {
                    app.clock.jump(Duration::from_millis(500));
                    (mails_to(&app, "ops@example.com").len() == n).then_some(())
                }).await;
            }
            app.mail().clear_script();
            eventually("the mails that hung", || async {
                app.jump_over(secs(61)).await;
                (app.mail().mails().len() >= 35).then_some(())
            }).await;
        }).await;
        app.deliver_all(secs(60), 9).await;
        assert_eq!(mails_to(&app, "ops@example.com").len(), 5);
        app.finish().await;
    }
}

/// Metrics `p0…` that a second system explains.
fn explained_by(slow: &SystemB, count: usize) -> String {
    let (url, user, password) = (slow.url(), slow.username(), slow.password());
    // What requests the same would be read in one moment.
    let metrics = (0..count).map(|n| {
        format!(
            "[metrics.p{n}]\nfetch = {{ system = \"a\", path = \"/api/totals/x?of=p{n}\", value = \"$.total\" }}\n\
             alert = {{ rise = 1, no_data = \"1h\" }}\n\
             details = {{ system = \"slow\", path = \"/api/alerts/p{n}?total={{{{ total }}}}&previous={{{{ previous }}}}\" }}\n"
        )
    });
    let metrics: String = metrics.collect();
    format!(
        "{metrics}[systems.slow]\nkind = \"system_b\"\nbase_url = \"{url}\"\nusername = \"{user}\"\npassword = \"{password}\"\n\
         timeout = \"300s\"\n"
    )
}

both! {
    async fn a_slow_explainer_slows_only_what_it_explains(app: TestApp, Config::metrics(RISING)) {
        let slow = SystemB::start().await;
        slow.fault("/api/alerts", Fault::Hang, Times::Always);
        app.restart(Config { metrics: format!("{RISING}{}", explained_by(&slow, 20)), ..Config::default() });
        app.b().set_auto_messages(true);
        app.while_running(async {
            app.a().set_total("x", 1.0);
            // Eight explanations go at one time, and twenty wait for the slow one.
            eventually("the mail of what the other system explains", || async {
                mails_to(&app, "ops@example.com").iter().any(|subject| subject.contains("X")).then_some(())
            }).await;
            let explaining = |d: &monitor_model::Delivery| d.lane == "@details" && d.recipient == "slow";
            let jobs = eventually("all of them to be read", || async {
                let jobs: Vec<_> = app.deliveries().await.into_iter().filter(explaining).collect();
                (jobs.len() == 20).then_some(jobs)
            }).await;
            let sending = |jobs: &[monitor_model::Delivery]| jobs.iter().filter(|d| d.status == "sending").count();
            assert!(sending(&jobs) <= 4, "half of the places: {jobs:?}");
            eventually("half of the places to be taken", || async {
                let jobs: Vec<_> = app.deliveries().await.into_iter().filter(explaining).collect();
                (sending(&jobs) == 4).then_some(())
            }).await;
            // None of them keeps people waiting for longer than the time limit, those in the queue neither.
            app.clock.jump(secs(29));
            assert_eq!(mails_to(&app, "ops@example.com").len(), 1);
            let since = monitor_domain::Clock::monotonic(&*app.clock);
            eventually("the readings instead of explanations", || async {
                app.clock.jump(Duration::from_millis(50));
                (mails_to(&app, "ops@example.com").len() == 21).then_some(())
            }).await;
            let waited = monitor_domain::Clock::monotonic(&*app.clock) - since;
            // One after the other they would take 150 s.
            assert!(waited < secs(60), "{waited:?}");
            // Alarms that were under way at the jump timed out, and are sounded again.
            eventually("the alarms", async || {
                app.clock.jump(Duration::from_millis(200));
                (app.db.read(monitor_model::deliveries::unfinished).await.unwrap() == 0).then_some(())
            }).await;
        }).await;
        app.finish().await;
    }
}

both! {
    async fn who_explains_alone_has_all_places_whatever_is_not_explained(app: TestApp, Config::metrics(RISING)) {
        let slow = SystemB::start().await;
        slow.fault("/api/alerts", Fault::Hang, Times::Always);
        let unexplained = "[metrics.w]\nfetch = { system = \"b\", path = \"/api/totals/w\", value = \"$.total\" }\n\
                           alert = { above = 100, no_data = \"1h\" }\n";
        app.restart(Config { metrics: format!("{unexplained}{}", explained_by(&slow, 12)), ..Config::default() });
        app.while_running(async {
            app.a().set_total("x", 1.0);
            eventually("eight explanations under way", || async {
                let jobs = app.deliveries_of("@details").await;
                let going = jobs.iter().filter(|d| d.status == "sending").count();
                (jobs.len() == 12 && going == 8).then_some(())
            }).await;
        }).await;
        app.abandon();
    }
}

both! {
    async fn systems_that_hang_slow_only_their_own_metrics(app: TestApp, Config::metrics(RISING)) {
        let [one, two] = [SystemB::start().await, SystemB::start().await];
        let mut text = RISING.to_owned();
        for (name, system) in [("one", &one), ("two", &two)] {
            system.fault("/api/totals", Fault::Hang, Times::Always);
            let (url, user, password) = (system.url(), system.username(), system.password());
            text += &format!(
                "[systems.{name}]\nkind = \"system_b\"\nbase_url = \"{url}\"\nusername = \"{user}\"\npassword = \"{password}\"\n\
                 timeout = \"300s\"\n"
            );
            for n in 0..20 {
                text += &format!(
                    "[metrics.{name}{n}]\nfetch = {{ system = \"{name}\", path = \"/api/totals/m{n}\", value = \"$.total\" }}\n\
                     alert = {{ rise = 1, no_data = \"1h\" }}\n"
                );
            }
        }
        app.restart(Config { metrics: text, worker: "concurrency = 8".into(), ..Config::default() });
        app.while_running(async {
            let reads = || app.a().requests().iter().filter(|request| request.path == "/api/totals/x").count();
            let hanging = || [&one, &two].map(|system| system.requests().iter().filter(|r| r.path.starts_with("/api/totals")).count());
            // One place is each system's own, and of the five others each takes three at most.
            eventually("both hang", || async { (hanging().iter().sum::<usize>() >= 6).then_some(()) }).await;
            let before = reads();
            let begun = Instant::now();
            eventually("ten more readings of the third", || async { (reads() >= before + 10).then_some(()) }).await;
            // At 200 ms each; a cycle that waits for a place would wait for 30 s.
            assert!(begun.elapsed() < secs(20), "{:?}", begun.elapsed());
            assert!(hanging().iter().sum::<usize>() <= 7, "{:?}", hanging());
        }).await;
        app.abandon();
    }
}

both! {
    async fn the_end_of_an_alert_is_notified_after_its_beginning(app: TestApp, Config {
        metrics: "[metrics.z]\nalert = { above = 100, clear_below = 90, no_data = \"1h\" }\n".into(),
        to: vec!["full@example.com".into(), "ops@example.com".into()],
        ..Config::default()
    }) {
        app.poll().await;
        let refused = SmtpFault::reply(Stage::RcptTo(Some("full@example.com".into())), 451, "try again later");
        app.mail().script(refused, Times::N(3));
        app.read("z", 131.0).await;
        app.read("z", 50.0).await;
        let sent = |app: &TestApp, to: &str| mails_to(app, to).len();
        assert_eq!((sent(&app, "ops@example.com"), sent(&app, "full@example.com")), (2, 0), "the end waits for the beginning");
        app.deliver_all(secs(30), 20).await;
        let subjects = mails_to(&app, "full@example.com");
        assert_eq!(subjects.len(), 2, "{subjects:?}");
        assert!(!subjects[0].contains("recovered") && subjects[1].contains("recovered"), "{subjects:?}");
        app.finish().await;
    }
}
