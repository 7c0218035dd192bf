//! A metric that is taken out of the config: its open alerts are closed, and those who were notified of them are notified of that.

use std::time::Duration;

use monitor_domain::{Clock, Severity};
use monitor_harness::{Config, TestApp, both};
use monitor_model::{Alert, AlertKind, NewSilence, audit, silences, workers};
use monitor_simulator::{Fault, Times};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const WHY: &str = "metric removed from the config";

/// Total w as a metric of this rule, beside x.
fn with_w(alert: &str) -> Config {
    Config::metrics(&format!(
        "[metrics.x]\n[metrics.w]\ntitle = \"Unpaid orders\"\nunit = \"orders\"\nseverity = \"critical\"\n\
         fetch = {{ system = \"a\", path = \"/api/totals/w\", value = \"$.total\" }}\nalert = {{ {alert} }}\n"
    ))
}

fn without_w() -> Config {
    Config::metrics("[metrics.x]\n")
}

async fn of_w(app: &TestApp) -> Vec<Alert> {
    app.alerts()
        .await
        .into_iter()
        .filter(|alert| alert.key.as_str() == "w")
        .collect()
}

async fn silence(app: &TestApp, length: Duration) {
    let now = app.clock.wall().naive_utc();
    let new = NewSilence {
        key: Some("w".to_owned()),
        severity: None,
        reason: "the batch runs".to_owned(),
        created_by: "ann".to_owned(),
        created_at: now,
        starts_at: now,
        ends_at: now + length,
    };
    app.db.write(move |c| silences::create(c, &new)).await.unwrap();
}

both! {
    async fn its_open_alert_is_closed_and_those_who_know_of_it_are_notified(app: TestApp, with_w("above = 100")) {
        app.read("w", 131.0).await;
        app.restart(without_w());
        app.poll().await;
        app.poll().await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 2, "once: {subjects:?}");
        assert_eq!(subjects[1], format!("[closed] Unpaid orders: {WHY}"));
        let mails = app.mail().mails();
        let text = &mails[1].text;
        assert!(text.contains("not monitored any more") && !text.contains("ecovered"), "{text}");
        assert_eq!(mails[1].header("In-Reply-To"), mails[0].header("In-Reply-To"), "one conversation");
        let alert = of_w(&app).await.remove(0);
        assert!(alert.resolved_at.is_some() && alert.resolved_value.is_none(), "{alert:?}");
        let record = app.records().await.pop().unwrap();
        assert_eq!((record.alert_message.as_str(), record.alert, record.alert_id), (WHY, false, Some(alert.id)));
        let entry = app.db.read(|c| audit::recent(c, 1)).await.unwrap().remove(0);
        assert_eq!((entry.actor.as_str(), entry.action.as_str(), entry.target.as_str()), ("monitor", "alert.close", "metric/w"));
        assert_eq!(entry.detail, format!("1 alert: {WHY}"));
        app.finish().await;
    }
}

both! {
    async fn where_its_channel_is_gone_too_only_the_log_says_so(app: TestApp, with_w("above = 100")) {
        app.read("w", 131.0).await;
        let text = app.config_text().replace("[channels.mail]", "[channels.post]");
        let (before, after) = text.split_once("[metrics.w]").unwrap();
        let after = after.split_once("alert = ").unwrap().1.split_once('\n').unwrap().1;
        let engine = app.engine_of(&format!("{before}{after}"));
        engine.run_once(tokio_util::sync::CancellationToken::new()).await.unwrap();
        assert!(of_w(&app).await[0].resolved_at.is_some());
        assert_eq!(app.records().await.last().unwrap().alert_message, WHY);
        assert_eq!((app.mail().mails().len(), app.deliveries_of("mail").await.len()), (1, 1));
        app.finish().await;
    }
}

both! {
    async fn who_was_not_notified_of_it_is_not_notified_of_its_end(app: TestApp, with_w("above = 100")) {
        app.read("w", 50.0).await;
        silence(&app, HOUR).await;
        app.read("w", 131.0).await;
        app.restart(without_w());
        app.poll().await;
        app.after(2 * HOUR).await;
        assert_eq!(app.mail().mails().len(), 0, "{:?}", app.subjects());
        assert!(of_w(&app).await[0].resolved_at.is_some());
        assert_eq!(app.records().await.last().unwrap().alert_message, WHY, "it is on record");
        app.finish().await;
    }
}

both! {
    async fn under_a_silence_the_end_is_notified_after_it(app: TestApp, with_w("above = 100")) {
        app.read("w", 131.0).await;
        silence(&app, HOUR).await;
        app.restart(without_w());
        app.poll().await;
        assert_eq!(app.mail().mails().len(), 1, "{:?}", app.subjects());
        app.after(30 * MINUTE).await;
        assert_eq!(app.mail().mails().len(), 1, "{:?}", app.subjects());
        app.restart(without_w());
        app.after(31 * MINUTE).await;
        app.poll().await;
        let subjects = app.subjects();
        assert!(subjects.len() == 2 && subjects[1].starts_with("[closed] Unpaid orders"), "{subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn a_recovery_that_a_silence_held_back_is_notified_though_the_metric_is_gone(app: TestApp, with_w("above = 100")) {
        app.read("w", 131.0).await;
        silence(&app, HOUR).await;
        app.read("w", 50.0).await;
        app.restart(without_w());
        app.after(30 * MINUTE).await;
        assert_eq!(app.mail().mails().len(), 1, "{:?}", app.subjects());
        app.after(31 * MINUTE).await;
        let subjects = app.subjects();
        assert!(subjects.len() == 2 && subjects[1].starts_with("[recovered] Unpaid orders"), "{subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn events_are_acknowledged_and_no_data_is_closed(app: TestApp, with_w("rise = 1, no_data = \"5m\"")) {
        app.read("w", 1.0).await;
        app.read("w", 2.0).await;
        app.a().fault("/api/totals/w", Fault::Status(503), Times::Always);
        app.poll().await;
        for _ in 0..3 {
            app.after(3 * MINUTE).await;
        }
        let before = app.subjects();
        assert!(before.last().unwrap().starts_with("[no data] Unpaid orders"), "{before:?}");
        app.restart(without_w());
        app.poll().await;
        let after = app.subjects();
        assert_eq!(after[before.len()..], [format!("[closed] Unpaid orders: {WHY}")]);
        for alert in of_w(&app).await {
            assert!(alert.resolved_at.is_some(), "{alert:?}");
            if alert.kind == AlertKind::Event {
                assert_eq!((alert.acknowledged_by.as_deref(), alert.note.as_deref()), (Some("monitor"), Some(WHY)));
            }
        }
        app.finish().await;
    }
}

both! {
    async fn one_that_comes_back_alerts_anew(app: TestApp, with_w("above = 100")) {
        app.read("w", 131.0).await;
        app.restart(without_w());
        app.poll().await;
        app.restart(with_w("above = 100"));
        app.poll().await;
        let subjects = app.subjects();
        assert!(subjects.len() == 3 && subjects[2].starts_with("[critical] Unpaid orders"), "{subjects:?}");
        assert_eq!(app.phase("w").await.0, "firing");
        app.read("w", 50.0).await;
        assert!(app.subjects()[3].starts_with("[recovered]"), "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn a_rise_that_comes_back_counts_from_what_was_read(app: TestApp, with_w("rise = 1")) {
        app.read("w", 5.0).await;
        app.restart(without_w());
        app.poll().await;
        app.restart(with_w("rise = 1"));
        app.poll().await;
        assert_eq!(of_w(&app).await.len(), 1, "it has not risen meanwhile");
        app.read("w", 7.0).await;
        assert_eq!(of_w(&app).await[1].previous, Some(5.0));
        app.finish().await;
    }
}

both! {
    async fn what_is_being_explained_is_notified_before_its_end(app: TestApp) {
        let details = "details = { system = \"b\", path = \"/api/alerts/w?total=1&previous=0\", messages = \"$.messages[*]\" }\n";
        let config = with_w("above = 100");
        app.restart(Config { metrics: format!("{}{details}", config.metrics), ..config });
        app.b().fault("/api/alerts/w", Fault::Status(503), Times::Always);
        app.read("w", 131.0).await;
        assert_eq!(app.mail().mails().len(), 0, "{:?}", app.subjects());
        app.restart(without_w());
        app.after(MINUTE).await;
        app.poll().await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 2, "{subjects:?}");
        assert!(subjects[0].starts_with("[critical] Unpaid orders"), "{subjects:?}");
        assert!(subjects[1].starts_with("[closed] Unpaid orders"), "{subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn another_worker_may_have_it_until_nobody_has_read_it_for_a_day(app: TestApp, with_w("above = 100")) {
        app.read("w", 131.0).await;
        app.restart(without_w());
        for _ in 0..3 {
            app.hear_of_another_worker().await;
            app.poll().await;
            assert!(of_w(&app).await[0].resolved_at.is_none());
            app.clock.jump(7 * HOUR);
        }
        app.clock.jump(4 * HOUR);
        app.hear_of_another_worker().await;
        app.poll().await;
        assert!(of_w(&app).await[0].resolved_at.is_some());
        app.db.write(|c| workers::remove(c, "another")).await.unwrap();
        app.deliver_all(MINUTE, 10).await;
        app.finish().await;
    }
}

both! {
    async fn the_other_worker_dies_and_so_does_its_metric(app: TestApp, with_w("above = 100")) {
        app.read("w", 131.0).await;
        assert_eq!(of_w(&app).await[0].severity, Severity::Critical);
        app.restart(without_w());
        app.hear_of_another_worker().await;
        app.poll().await;
        assert!(of_w(&app).await[0].resolved_at.is_none());
        app.after(5 * MINUTE).await;
        assert!(of_w(&app).await[0].resolved_at.is_some(), "nobody is left who reads it");
        app.finish().await;
    }
}
