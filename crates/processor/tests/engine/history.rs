//! Conditions that need earlier readings: what they need is read from the database, across restarts, and from what was kept since.

use std::time::Duration;

use monitor_domain::Clock;
use monitor_harness::{Config, TestApp, both};
use monitor_model::{Alert, AlertKind};
use monitor_processor::HistoryQuery;
use monitor_rules::{Lack, Need};
use monitor_simulator::{Fault, Times};

const MINUTE: Duration = Duration::from_secs(60);

fn x(alert: &str) -> Config {
    Config::metrics(&format!("[metrics.x]\nalert = {{ {alert} }}\n"))
}

/// Reads `total` a minute after what was read last.
async fn read(app: &TestApp, total: f64) {
    app.a().set_total("x", total);
    app.after(MINUTE).await;
}

async fn count(app: &TestApp) -> usize {
    app.alerts().await.len()
}

const RISE: &str = "rise = \"20%\", within = \"10m\", initial = \"learn\"";

both! {
    async fn a_rise_within_a_span_counts_what_was_read_before_a_restart(app: TestApp, x(RISE)) {
        for total in [80.0, 82.0, 90.0, 95.0] {
            read(&app, total).await;
        }
        assert_eq!(count(&app).await, 0);
        app.restart(x(RISE));
        read(&app, 96.0).await;
        let alerts = app.alerts().await;
        assert_eq!(alerts.len(), 1);
        assert_eq!(alerts[0].reason, "rose 20 % from 80 to 96 within 10m");
        assert_eq!((alerts[0].previous, alerts[0].value), (Some(80.0), Some(96.0)));
        app.restart(x(RISE));
        for total in [97.0, 115.0] {
            read(&app, total).await;
        }
        assert_eq!(count(&app).await, 1, "it was alerted on, also before the restart");
        read(&app, 115.2).await;
        assert_eq!(count(&app).await, 2, "as much again");
        app.finish().await;
    }
}

both! {
    async fn what_was_read_before_the_span_does_not_count(app: TestApp, x(RISE)) {
        for minute in 0..30 {
            read(&app, 100.0 + f64::from(minute)).await;
        }
        assert_eq!(count(&app).await, 0, "10 % in 10 minutes, 30 % in all");
        app.restart(x(RISE));
        read(&app, 130.0).await;
        assert_eq!(count(&app).await, 0, "nor after a restart");
        for total in [140.0, 150.0] {
            read(&app, total).await;
        }
        assert_eq!(count(&app).await, 1);
        assert_eq!(app.alerts().await[0].reason, "rose 22.95 % from 122 to 150 within 10m");
        app.finish().await;
    }
}

both! {
    async fn many_readings_are_taken_together_by_the_database(app: TestApp, x(RISE)) {
        app.read("x", 5.0).await;
        app.clock.jump(MINUTE * 30);
        let key = monitor_domain::MetricKey::stored("x");
        let now = app.clock.wall().naive_utc();
        let stored = move |conn: &mut monitor_model::Conn| {
            // Every second of 20 minutes: 70 in the part that still counts, for one second of it.
            for second in 0..1200 {
                let at = now - chrono::Duration::seconds(1200 - second);
                let value = Some(if second == 700 { 70.0 } else { 80.0 });
                let value = if second == 500 { Some(10.0) } else { value };
                let new = monitor_model::NewSample { key: key.clone(), at, value, error: None, took_ms: 1 };
                monitor_model::samples::insert(conn, &new)?;
            }
            Ok(())
        };
        app.db.write(stored).await.unwrap();
        app.restart(x(RISE));
        app.read("x", 83.9).await;
        assert_eq!(app.phase("x").await.1, "rose 19.85 % from 70 to 83.9 within 10m: no rise by 20 %");
        app.read("x", 84.0).await;
        assert_eq!(count(&app).await, 1);
        app.finish().await;
    }
}

fn twice(more: &str) -> Config {
    let when = "when = 'value > avg(\"10m\") * 2'";
    Config::metrics(&format!(
        "[metrics.x]\nalert = {{ {when}, no_data = \"5m\" }}\n{more}"
    ))
}

both! {
    async fn an_expression_looks_back_across_a_restart(app: TestApp, twice("")) {
        for minute in 0..10 {
            read(&app, 100.0).await;
            let reason = app.phase("x").await.1;
            let yet = if minute == 0 { "within 10m" } else { "from 10m ago yet" };
            if minute < 5 {
                assert_eq!(reason, format!("100 is not judged: no reading {yet}"));
            }
        }
        app.restart(twice(""));
        read(&app, 201.0).await;
        let alerts = app.alerts().await;
        assert_eq!(alerts.len(), 1);
        let reason = &alerts[0].reason;
        assert!(reason.starts_with("when value > avg(\"10m\") * 2: value 201, avg 10m 100, since "), "{reason}");
        app.restart(twice(""));
        read(&app, 240.0).await;
        assert_eq!(count(&app).await, 1, "one an excursion");
        read(&app, 200.0).await;
        assert!(app.alerts().await[0].resolved_at.is_some(), "{}", app.phase("x").await.1);
        assert_eq!(app.mail().mails().len(), 2, "{:?}", app.subjects());
        app.finish().await;
    }
}

both! {
    async fn a_value_of_some_time_ago_is_that_and_no_other(
        app: TestApp, x("when = 'value > ago(\"10m\") + 50', no_data = \"2m\"")
    ) {
        for minute in 0..10 {
            read(&app, f64::from(minute)).await;
        }
        assert_eq!(app.phase("x").await.1, "9 is not judged: no reading from 10m ago yet");
        read(&app, 50.0).await;
        assert_eq!(app.phase("x").await.1, "not when value > ago(\"10m\") + 50: value 50, ago 10m 0");
        read(&app, 52.0).await;
        assert_eq!(count(&app).await, 1, "52 is over 1 + 50");
        app.clock.jump(MINUTE * 14);
        read(&app, 60.0).await;
        assert_eq!(
            app.phase("x").await.1.split("; ").next(),
            Some("60 is not judged: no reading from 10m ago"),
            "it was not read then"
        );
        assert!(app.alerts().await[0].resolved_at.is_none(), "and that is no recovery");
        app.finish().await;
    }
}

async fn of_x(app: &TestApp) -> Vec<Alert> {
    let all = app.alerts().await;
    all.into_iter().filter(|alert| alert.key == "x").collect()
}

fn over_y() -> Config {
    Config::metrics(
        "[metrics.x]\nalert = { when = 'value > metric(\"y\")', no_data = \"3m\" }\n\
         [metrics.y]\ninterval = \"1m\"\nalert = { above = 1000, no_data = \"3m\" }\n",
    )
}

both! {
    async fn another_metric_is_read_as_stored_and_unreadable_is_not_well(app: TestApp, over_y()) {
        app.a().set_total("y", 50.0);
        app.poll().await;
        read(&app, 49.0).await;
        assert_eq!(app.phase("x").await.1, "not when value > metric(\"y\"): value 49, y 50");
        read(&app, 51.0).await;
        assert_eq!(of_x(&app).await.len(), 1);
        app.a().fault("/api/totals/y", Fault::Status(503), Times::Always);
        read(&app, 51.0).await;
        app.restart(over_y());
        read(&app, 1.0).await;
        let (phase, reason) = app.phase("x").await;
        assert!(reason.starts_with("1 cannot be judged: metric y is unreadable; was firing since"), "{reason}");
        assert_eq!(phase, "firing", "unreadable is not recovered");
        for _ in 0..4 {
            read(&app, 1.0).await;
        }
        assert_eq!(app.phase("x").await.0, "no_data", "nor well");
        let kinds: Vec<_> = of_x(&app).await.iter().map(|alert| (alert.kind, alert.resolved_at.is_some())).collect();
        assert_eq!(kinds, [(AlertKind::Level, false), (AlertKind::NoData, false)]);
        app.a().clear_faults();
        read(&app, 1.0).await;
        read(&app, 1.0).await;
        let ended: Vec<_> = of_x(&app).await.iter().map(|alert| alert.resolved_at.is_some()).collect();
        assert_eq!(ended, [true, true], "{}", app.phase("x").await.1);
        app.finish().await;
    }
}

both! {
    async fn what_is_last_read_too_long_ago_says_nothing(app: TestApp, over_y()) {
        app.a().set_total("y", 50.0);
        app.poll().await;
        // As where the worker that reads it is gone.
        let at = app.clock.wall();
        let now = at.naive_utc();
        app.db
            .write(move |c| monitor_model::realtime::record_value(c, "y", 50.0, now - chrono::Duration::minutes(5)))
            .await
            .unwrap();
        let query = HistoryQuery {
            key: "x".to_owned(),
            interval: MINUTE,
            needs: vec![Need::Metric("y".to_owned()), Need::Metric("z".to_owned())],
            no_data: MINUTE,
            others: vec![("y".to_owned(), MINUTE * 3)],
        };
        let history = app.db.read(move |c| monitor_processor::history(c, &query, at)).await.unwrap();
        let stale = history.metric("y");
        assert!(matches!(&stale, Err(Lack::Stale(key, age)) if key == "y" && *age >= MINUTE * 5), "{stale:?}");
        assert_eq!(history.metric("z"), Err(Lack::NeverRead("z".to_owned())));
        app.finish().await;
    }
}
