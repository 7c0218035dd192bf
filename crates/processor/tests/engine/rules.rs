//! X and Y alert when they rise, Z while it is over its threshold; no data is not well.

use std::time::Duration;

use monitor_harness::{Config, both};

fn metric(key: &str, alert: &str) -> Config {
    let alert = if alert.is_empty() {
        String::new()
    } else {
        format!("alert = {{ {alert} }}\n")
    };
    Config::metrics(&format!("[metrics.{key}]\n{alert}"))
}

both! {
    async fn x_and_y_alert_when_they_rise_and_only_then(app: TestApp) {
        for key in ["x", "y"] {
            let before = app.alerts().await.len();
            let alerts = |app: &monitor_harness::TestApp| {
                let db = app.db.clone();
                async move { db.read(|conn| monitor_model::alerts::recent(conn, 100)).await.unwrap().len() - before }
            };
            app.read(key, 3.0).await;
            assert_eq!(alerts(&app).await, 1, "{key}: the first reading counts from 0");
            app.read(key, 3.0).await;
            assert_eq!(alerts(&app).await, 1, "{key}: it stayed");
            app.read(key, 1.0).await;
            assert_eq!(alerts(&app).await, 1, "{key}: it fell");
            app.read(key, 2.0).await;
            assert_eq!(alerts(&app).await, 2, "{key}: it rose above the latest reading, below the highest");
            app.read(key, 7.0).await;
            assert_eq!(alerts(&app).await, 3, "{key}: it rose again");
            assert_eq!(app.b().alarms().iter().filter(|kind| *kind == key).count(), 3);
        }
        let previous: Vec<_> = app.alerts().await.iter().map(|a| (a.previous.unwrap(), a.value.unwrap())).collect();
        assert_eq!(previous[..3], [(0.0, 3.0), (1.0, 2.0), (2.0, 7.0)]);
        app.finish().await;
    }
}

both! {
    async fn a_first_reading_of_nothing_is_no_rise(app: TestApp) {
        app.poll().await;
        assert_eq!(app.alerts().await.len(), 0);
        app.finish().await;
    }
}

both! {
    async fn a_first_reading_can_be_learnt_silently(app: TestApp, metric("x", "rise = 1, initial = \"learn\"")) {
        app.read("x", 50.0).await;
        assert_eq!(app.alerts().await.len(), 0);
        app.read("x", 51.0).await;
        assert_eq!(app.alerts().await.len(), 1);
        app.finish().await;
    }
}

both! {
    async fn a_restart_forgets_nothing(app: TestApp, metric("x", "")) {
        app.read("x", 5.0).await;
        app.restart(metric("x", ""));
        app.read("x", 5.0).await;
        assert_eq!(app.alerts().await.len(), 1, "5 was reported before the restart");
        app.read("x", 6.0).await;
        assert_eq!(app.alerts().await.len(), 2);
        app.finish().await;
    }
}

both! {
    async fn z_alerts_once_an_excursion_and_tells_the_recovery_once(
        app: TestApp, metric("z", "above = 100, clear_below = 90")
    ) {
        for (total, alerts, mails) in [
            (100.0, 0, 0), // not above
            (101.0, 1, 1),
            (150.0, 1, 1), // still the same excursion
            (95.0, 1, 1),  // below, but not clear
            (120.0, 1, 1),
            (89.0, 1, 2),  // back: recovery
            (50.0, 1, 2),
            (101.0, 2, 3), // the next one
        ] {
            app.read("z", total).await;
            assert_eq!(app.alerts().await.len(), alerts, "at {total}");
            assert_eq!(app.mail().mails().len(), mails, "at {total}: {:?}", app.subjects());
        }
        assert_eq!(app.b().alarms(), ["z", "z"], "a recovery sounds no alarm");
        let first = &app.alerts().await[0];
        assert_eq!(first.resolved_value, Some(89.0));
        let records = app.records().await;
        assert_eq!(records.iter().map(|r| r.alert).collect::<Vec<_>>(), [true, false, true]);
        let mails = app.mail().mails();
        let thread = |n: usize| mails[n].header("References");
        assert!(thread(0).is_some() && thread(0) == thread(1), "the recovery answers its alert");
        app.finish().await;
    }
}

both! {
    async fn a_recovery_is_not_lost_at_a_restart(app: TestApp, metric("z", "above = 100")) {
        app.read("z", 101.0).await;
        app.restart(metric("z", "above = 100"));
        app.read("z", 99.0).await;
        assert_eq!(app.mail().mails().len(), 2, "{:?}", app.subjects());
        app.restart(metric("z", "above = 100"));
        app.read("z", 98.0).await;
        assert_eq!(app.mail().mails().len(), 2, "nor reported twice: {:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn a_level_must_hold_for_its_time(app: TestApp, metric("z", "above = 100, for = \"30s\"")) {
        app.read("z", 101.0).await;
        assert_eq!(app.phase("z").await.0, "pending");
        app.after(Duration::from_secs(20)).await;
        assert_eq!(app.alerts().await.len(), 0);
        app.after(Duration::from_secs(11)).await;
        assert_eq!(app.alerts().await.len(), 1);
        app.finish().await;
    }
}

both! {
    async fn a_stepped_wall_clock_alerts_nobody(app: TestApp, metric("z", "above = 100, for = \"30s\"")) {
        app.read("z", 101.0).await;
        app.clock.step_wall(chrono::Duration::hours(1));
        app.poll().await;
        assert_eq!(app.phase("z").await.0, "pending", "an hour on the wall is no time");
        app.clock.step_wall(chrono::Duration::hours(-2));
        app.poll().await;
        assert_eq!(app.phase("z").await.0, "pending");
        app.after(Duration::from_secs(31)).await;
        assert_eq!(app.alerts().await.len(), 1, "and it still alerts when its time is over");
        app.finish().await;
    }
}

both! {
    async fn what_lasts_is_told_again_until_somebody_acknowledges(
        app: TestApp, metric("z", "above = 100, repeat = \"1h\"")
    ) {
        app.read("z", 101.0).await;
        app.after(Duration::from_secs(1_800)).await;
        assert_eq!(app.mail().mails().len(), 1, "not yet: {:?}", app.subjects());
        app.after(Duration::from_secs(1_900)).await;
        app.poll().await;
        assert_eq!(app.mail().mails().len(), 2, "once an hour: {:?}", app.subjects());
        assert_eq!(app.b().alarms(), ["z"], "without the alarm");
        app.restart(metric("z", "above = 100, repeat = \"1h\""));
        app.poll().await;
        assert_eq!(app.mail().mails().len(), 2, "a restart is no reason: {:?}", app.subjects());
        app.after(Duration::from_secs(2 * 3_600)).await;
        assert_eq!(app.mail().mails().len(), 3, "nothing is made up: {:?}", app.subjects());
        let at = chrono::Utc::now().naive_utc();
        app.db.write(move |conn| monitor_model::alerts::acknowledge_all(conn, "ann", at)).await.unwrap();
        app.after(Duration::from_secs(2 * 3_600)).await;
        assert_eq!(app.mail().mails().len(), 3, "somebody knows: {:?}", app.subjects());
        app.read("z", 50.0).await;
        assert_eq!(app.mail().mails().len(), 4, "the recovery is reported all the same: {:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn no_data_is_told_as_such_and_so_is_its_end(app: TestApp, metric("z", "above = 100, no_data = \"1m\"")) {
        use monitor_simulator::{Fault, Times};
        app.read("z", 131.0).await;
        assert_eq!(app.b().alarms(), ["z"]);
        app.a().fault("/api/totals/z", Fault::Status(503), Times::Always);
        app.poll().await;
        app.after(Duration::from_secs(50)).await;
        assert_eq!(app.mail().mails().len(), 1, "not yet: {:?}", app.subjects());
        let (phase, reason) = app.phase("z").await;
        assert_eq!(phase, "firing", "no data is not recovered");
        assert!(reason.contains("503"), "{reason}");
        app.after(Duration::from_secs(20)).await;
        assert_eq!(app.phase("z").await.0, "no_data");
        app.after(Duration::from_secs(600)).await;
        assert_eq!(app.mail().mails().len(), 2, "reported once: {:?}", app.subjects());
        assert_eq!(app.b().alarms(), ["z"], "the monitor's own incident is no business alarm");
        assert_eq!(app.messages().await.len(), 1, "nor a business record");

        app.a().clear_faults();
        app.after(Duration::from_secs(20)).await; // the breaker lets a call through
        assert_eq!(app.mail().mails().len(), 3, "it is back: {:?}", app.subjects());
        assert_eq!(app.phase("z").await.0, "firing", "and still over: the same excursion");
        assert_eq!(app.alerts().await.iter().filter(|a| a.kind == "level").count(), 1);
        app.read("z", 50.0).await;
        assert_eq!(app.mail().mails().len(), 4, "now recovered: {:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn an_installation_speaks_its_language(
        app: TestApp,
        Config {
            lang: "zh-CN".into(),
            ..Config::metrics(
                "[metrics.x]\n[metrics.z]\nalert = { above = 100, clear_below = 90, no_data = \"1m\" }\n",
            )
        }
    ) {
        use monitor_simulator::{Fault, Times};
        // Far from midnight, for a time of another day is shown with its date.
        let now = chrono::Utc::now();
        let noon = now.date_naive().and_hms_opt(12, 0, 0).unwrap().and_utc();
        app.clock.step_wall(noon - now);
        app.poll().await;
        assert_eq!(app.phase("z").await.1, "0 未高于 100");
        app.read("x", 2.0).await; // System B has no message for either
        app.read("z", 116.0).await;
        let alerts = app.alerts().await;
        let messages = app.messages().await;
        assert_eq!(messages[0], ("x".to_owned(), "从 0 升至 2，增加 2".to_owned()));
        assert_eq!(messages[1], ("z".to_owned(), alerts[1].reason.clone()), "the record says why");
        let since = alerts[1].opened_at.format("%H:%M:%S UTC").to_string();
        assert_eq!(alerts[1].reason, format!("116 高于 100（自 {since} 起）"));
        assert_eq!(app.phase("z").await, ("firing".to_owned(), alerts[1].reason.clone()));
        let subjects = ["【警告】监控告警-X：从 0 升至 2，增加 2", "【警告】监控告警-Z：116 高于 100"];
        assert_eq!(app.subjects(), subjects);
        let mail = app.mail().mails().pop().unwrap();
        for body in [&mail.text, &mail.html] {
            assert_eq!(body.matches(&alerts[1].reason).count(), 1, "said once: {body}");
            assert!(!body.contains("原因"), "{body}");
        }

        app.a().fault("/api/totals/z", Fault::Status(503), Times::Always);
        app.poll().await;
        app.after(Duration::from_secs(70)).await;
        let (phase, reason) = app.phase("z").await;
        assert_eq!(phase, "no_data");
        let expected = format!("；最近一次读数 116（{since}）；中断前处于告警状态（自 {since} 起）");
        assert!(reason.starts_with("已 1 分 10 秒没有数据：") && reason.ends_with(&expected), "{reason}");
        assert!(app.subjects()[2].starts_with("【无数据】监控数据中断-Z：已 1 分 10 秒没有数据"), "{:?}", app.subjects());

        app.a().clear_faults();
        app.after(Duration::from_secs(20)).await; // the breaker lets a call through
        app.read("z", 80.0).await;
        assert_eq!(app.phase("z").await.1, format!("80 低于 90，已恢复（告警始于 {since}）"));
        let subjects = app.subjects();
        assert!(subjects[3].starts_with("【数据恢复】监控数据恢复-Z：116 高于 100（中断 2"), "{subjects:?}");
        assert!(subjects[4].starts_with("【恢复】监控恢复-Z：80 低于 90（历时 1 分钟 3"), "{subjects:?}");
        app.finish().await;
    }
}
