//! The Flask program's routes, with exactly its answers.

use monitor_simulator::{Fault, Times};
use monitor_tests::{Config, Web, both};

both! {
    async fn current_values(app: TestApp) {
        let web = Web::start(&app).await;
        assert_eq!(web.get("/get_current_values").await, (200, r#"{"x":0,"y":0,"z":0}"#.to_owned()));
        app.a().set_total("y", 4.0);
        app.read("x", 131.0).await;
        monitor_tests::eventually("the values on the page", || async {
            (web.get("/get_current_values").await.1 == r#"{"x":131,"y":4,"z":0}"#).then_some(())
        }).await;
        app.finish().await;
    }
}

both! {
    async fn values_are_those_turned_on_in_config_order(app: TestApp, Config::metrics("[metrics.z]\n[metrics.x]\n")) {
        let web = Web::start(&app).await;
        assert_eq!(web.get("/get_current_values").await, (200, r#"{"z":0,"x":0}"#.to_owned()));
        app.finish().await;
    }
}

both! {
    async fn records_newest_first_and_alerts_only(app: TestApp) {
        let web = Web::start(&app).await;
        assert_eq!(web.post("/monitor").await, (200, r#"{"records":[]}"#.to_owned()));
        app.poll().await;
        app.b().add_message("x", "m1", "Order 1 <b>is</b> unpaid");
        app.read("x", 1.0).await;
        app.read("z", 131.0).await;
        app.read("z", 5.0).await; // a recovery: a record, but no alert
        let records = monitor_tests::eventually("two records", || async {
            let records = web.records().await;
            (records.len() == 2).then_some(records)
        }).await;
        assert_eq!(records[0]["type"], "z");
        assert_eq!(records[1]["type"], "x");
        assert_eq!(records[1]["value"], 1);
        assert_eq!(records[1]["alert"], true);
        assert_eq!(records[1]["alert_message"], "Order 1 <b>is</b> unpaid");
        let keys: Vec<_> = records[1].as_object().unwrap().keys().cloned().collect();
        let mut sorted = ["alert", "alert_message", "id", "timestamp", "type", "value"].map(str::to_owned).to_vec();
        sorted.sort();
        assert_eq!({ let mut keys = keys; keys.sort(); keys }, sorted);
        let time = records[1]["timestamp"].as_str().unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok() && time.ends_with('Z'), "{time}");
        app.finish().await;
    }
}

both! {
    async fn delete(app: TestApp) {
        let web = Web::start(&app).await;
        app.poll().await;
        app.read("x", 1.0).await;
        let records = monitor_tests::eventually("a record", || async {
            let records = web.records().await;
            (!records.is_empty()).then_some(records)
        }).await;
        let path = format!("/delete/{}", records[0]["id"]);
        assert_eq!(web.delete(&path).await, (200, r#"{"success":true}"#.to_owned()));
        assert_eq!(web.post("/monitor").await, (200, r#"{"records":[]}"#.to_owned()), "it reads its own write");
        let gone = (404, r#"{"error":"Record not found"}"#.to_owned());
        assert_eq!(web.delete(&path).await, gone);
        assert_eq!(web.delete("/delete/999999").await, gone);
        assert_eq!(web.delete("/delete/x").await, gone);
        assert_eq!(web.delete("/delete/99999999999999999999").await, gone);
        app.finish().await;
    }
}

both! {
    async fn reset(app: TestApp) {
        let web = Web::start(&app).await;
        app.poll().await;
        app.read("x", 1.0).await;
        assert_eq!(web.post("/reset").await, (200, r#"{"success":true}"#.to_owned()));
        assert_eq!(app.b().alarms(), ["x", "global"]);
        let alerts = app.alerts().await;
        assert!(alerts.iter().all(|alert| alert.acknowledged_at.is_some()), "{alerts:?}");

        app.b().fault("/api/alarm", Fault::Status(500), Times::Always);
        assert_eq!(web.post("/reset").await, (200, r#"{"success":false}"#.to_owned()));
        app.finish().await;
    }
}

both! {
    async fn the_page_and_health(app: TestApp) {
        let web = Web::start(&app).await;
        let (status, page) = web.get("/monitor").await;
        assert_eq!(status, 200);
        assert!(page.starts_with("<!doctype html>"), "{page}");
        assert_eq!(web.get("/healthz").await.0, 200);
        assert_eq!(web.get("/readyz").await.0, 200);
        assert_eq!(web.get("/nothing").await.0, 404);
        app.finish().await;
    }
}
