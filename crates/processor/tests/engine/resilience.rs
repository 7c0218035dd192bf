//! What must hold when several things go wrong at once; each of these was once broken, or nearly.

use std::time::Duration;

use monitor_harness::{Config, TestApp, both};
use monitor_model::deliveries;
use monitor_simulator::{Fault, Times};
use tokio_util::sync::CancellationToken;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Lets time pass in steps until `is_there`, and gives how long that took; at most two hours.
async fn until(app: &TestApp, step: u64, is_there: impl Fn(&TestApp) -> bool) -> u64 {
    let mut passed = 0;
    while !is_there(app) && passed < 7_200 {
        app.after(secs(step)).await;
        passed += step;
    }
    passed
}

both! {
    async fn people_do_not_wait_for_details_as_long_as_the_system_asks(app: TestApp, Config::metrics("[metrics.x]")) {
        app.poll().await;
        let busy = Fault::StatusWith(503, vec![("Retry-After".into(), "3600".into())]);
        app.b().fault("/api/alerts", busy, Times::Always);
        app.read("x", 3.0).await;
        let told_after = until(&app, 5, |app| !app.mail().mails().is_empty()).await;
        assert!(told_after <= 60, "{told_after} s");
        app.finish().await;
    }
}

both! {
    async fn a_slow_reading_is_not_judged_against_what_came_after_it(app: TestApp, Config::metrics("[metrics.x]")) {
        app.read("x", 5.0).await;
        let other = app.another_engine();
        let held = app.a().requests().len();
        app.a().fault("/api/totals/x", Fault::DelayHead(Duration::from_millis(400)), Times::Once);
        let slow = other.run_once(CancellationToken::new());
        let fast = async {
            // The other worker's question is on its way and will be answered 5.
            while app.a().requests().len() <= held {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            app.read("x", 6.0).await;
        };
        let (slow, ()) = tokio::join!(slow, fast);
        slow.unwrap();
        app.poll().await;
        other.run_once(CancellationToken::new()).await.unwrap();
        app.poll().await;
        let alerts: Vec<_> = app.alerts().await.iter().map(|alert| (alert.previous, alert.value)).collect();
        assert_eq!(alerts, [(Some(0.0), Some(5.0)), (Some(5.0), Some(6.0))], "each rise once");
        assert_eq!(app.b().alarms().len(), 2);
        app.finish().await;
    }
}

both! {
    async fn a_claim_that_nobody_works_on_comes_back(app: TestApp, Config::metrics("[metrics.x]")) {
        app.poll().await;
        app.mail().stop().await;
        app.read("x", 1.0).await;
        app.clock.jump(secs(60));
        // As after a claim whose commit was not heard of: the row is in the worker's name, and it does not know.
        let engine = app.another_engine();
        let worker = engine.worker_id().to_owned();
        let now = monitor_domain::Clock::wall(&*app.clock).naive_utc();
        let claimed = app.db.write(move |c| deliveries::claim(c, &deliveries::Claim {
            lane: "mail", worker: &worker, now, lease_until: now + secs(30), limit: 10, in_flight: &[], turns: &monitor_model::deliveries::Turns::default() })).await.unwrap();
        assert_eq!(claimed.len(), 1);
        app.mail().start_again().await;
        let stop = CancellationToken::new();
        let drive = async {
            monitor_harness::eventually("the mail", || async {
                app.clock.jump(secs(2));
                let sent = app.deliveries().await.into_iter().find(|d| d.lane == "mail" && d.event == "alert");
                sent.filter(|d| d.status == "sent").map(drop)
            }).await;
            stop.cancel();
        };
        let (ran, ()) = tokio::join!(engine.run(stop.clone()), drive);
        ran.unwrap();
        let notified = app.mail().mails().iter().filter(|mail| mail.subject.contains("] X")).count();
        assert_eq!(notified, 1, "once: {:?}", app.mail().mails());
        app.finish().await;
    }
}

both! {
    async fn a_clock_stepped_back_holds_up_no_mail(app: TestApp, Config::metrics("[metrics.x]")) {
        app.poll().await;
        app.mail().stop().await;
        app.read("x", 1.0).await;
        let stop = CancellationToken::new();
        let engine = app.another_engine();
        let drive = async {
            monitor_harness::eventually("another attempt", || async {
                let tried = app.deliveries().await.iter().any(|d| d.lane == "mail" && d.attempt >= 3);
                app.clock.jump(secs(1));
                tried.then_some(())
            }).await;
            app.clock.step_wall(chrono::Duration::hours(-1));
            app.mail().start_again().await;
            let since = monitor_domain::Clock::monotonic(&*app.clock);
            monitor_harness::eventually("the mail", || async {
                app.clock.jump(secs(1));
                (app.mail().mails().len() == 1).then_some(())
            }).await;
            let waited = monitor_domain::Clock::monotonic(&*app.clock) - since;
            assert!(waited < secs(1_800), "not the hour of the step: {waited:?}");
            stop.cancel();
        };
        let (ran, ()) = tokio::join!(engine.run(stop.clone()), drive);
        ran.unwrap();
        assert_eq!(app.mail().mails().len(), 1);
        app.finish().await;
    }
}

both! {
    async fn the_alarm_sounds_though_another_path_of_its_system_fails(app: TestApp, Config::metrics(r#"
[metrics.x]
[metrics.w]
fetch = { system = "b", path = "/api/totals/w", value = "$.total" }
alert = { rise = 1 }
"#)) {
        app.b().set_total("w", 0.0);
        app.poll().await;
        app.b().fault("/api/totals/w", Fault::Status(500), Times::Always);
        for _ in 0..6 {
            app.poll().await;
        }
        app.read("x", 1.0).await;
        assert_eq!(app.b().alarms(), ["x"], "the breaker of the broken path is no matter of the alarm's");
        until(&app, 5, |app| app.subjects().iter().any(|subject| subject.contains("X:"))).await;
        app.finish().await;
    }
}

both! {
    async fn whoever_explains_it_those_named_when_it_happened_are_told(app: TestApp, Config::metrics("[metrics.x]\n[metrics.y]")) {
        app.poll().await;
        app.b().fault("/api/alerts", Fault::Status(503), Times::N(4));
        app.read("x", 1.0).await;
        app.restart(Config::metrics("[metrics.y]")); // a config without the metric
        until(&app, 5, |app| !app.mail().mails().is_empty()).await;
        assert!(app.subjects()[0].contains('X'), "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn a_recovery_is_told_after_its_alert(app: TestApp, Config::metrics("[metrics.z]")) {
        app.poll().await;
        app.b().fault("/api/alerts", Fault::Status(503), Times::Always);
        app.read("z", 150.0).await;
        app.read("z", 10.0).await;
        assert_eq!(app.subjects(), Vec::<String>::new(), "nobody knows of it yet");
        until(&app, 5, |app| app.mail().mails().len() == 2).await;
        let sent: Vec<_> = app.deliveries().await.into_iter().filter(|d| d.lane == "mail").map(|d| d.event).collect();
        assert_eq!(sent, ["alert", "recovered"]);
        assert_eq!(app.mail().mails().len(), 2);
        app.finish().await;
    }
}

both! {
    async fn a_key_in_a_path_is_shown_nowhere(app: TestApp, Config::metrics(r#"
[metrics.w]
fetch = { system = "a", path = "/api/totals/w?api_key=TOPSECRET", value = "$.nope" }
alert = { rise = 1 }
"#)) {
        app.a().set_total("w", 1.0);
        app.poll().await;
        let error = app.samples("w").await.pop().unwrap().error.unwrap();
        assert!(error.contains("/api/totals/w") && !error.contains("TOPSECRET"), "{error}");
        app.a().set_total_json("w", serde_json::json!("x"));
        app.poll().await;
        let (_, reason) = app.phase("w").await;
        assert!(!reason.contains("TOPSECRET"), "{reason}");
        app.finish().await;
    }
}

both! {
    async fn a_restart_and_a_stepped_clock_are_no_time_that_passed(
        app: TestApp, Config::metrics("[metrics.z]\nalert = { above = 100, for = \"10m\" }")
    ) {
        app.poll().await;
        app.read("z", 150.0).await;
        app.clock.step_wall(chrono::Duration::hours(1));
        app.restart(Config::metrics("[metrics.z]\nalert = { above = 100, for = \"10m\" }"));
        app.read("z", 150.0).await;
        assert_eq!(app.alerts().await.len(), 0);
        assert_eq!(app.phase("z").await.0, "pending");
        app.finish().await;
    }
}

both! {
    async fn a_system_that_hangs_leaves_the_others_room(app: TestApp) {
        let hanging: String = (0..20)
            .map(|n| format!(
                "[metrics.h{n}]\nfetch = {{ system = \"a\", path = \"/api/totals/h{n}\", value = \"$.total\" }}\nalert = {{ rise = 1 }}\n"
            ))
            .collect();
        let other = "[metrics.w]\nfetch = { system = \"b\", path = \"/api/totals/w\", value = \"$.total\" }\nalert = { rise = 1 }\n";
        app.restart(Config::metrics(&format!("{hanging}{other}")));
        let text = app
            .config_text()
            .replace("[worker]\n", "[worker]\nconcurrency = 4\n")
            .replace("timeout = \"2s\"", "timeout = \"30s\"");
        let engine = app.engine_of(&text);
        app.b().set_total("w", 0.0);
        app.a().fault("/api/totals/", Fault::Hang, Times::Always);
        let stop = CancellationToken::new();
        let story = async {
            monitor_harness::eventually("w is read again and again", || async {
                (app.b().reads("w") >= 5).then_some(())
            }).await;
            assert_eq!(engine.counters().unreadable(), 0, "while all of the others still hang");
            stop.cancel();
        };
        let (ended, ()) = tokio::join!(engine.run(stop.clone()), story);
        ended.unwrap();
        app.abandon();
    }
}
