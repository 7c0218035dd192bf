//! Conditions that look back: what they need is read from the database, across restarts, and from what was kept since.

use std::time::Duration;

use monitor_domain::Clock;
use monitor_harness::{Config, TestApp, both};

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
