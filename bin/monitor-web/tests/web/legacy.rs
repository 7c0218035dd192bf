//! The routes of the Flask program: exactly its answers.

use monitor_model::{alerts, records};

use crate::support::{Database, Web};

#[tokio::test]
async fn the_root_leads_to_the_page() {
    let web = Web::start().await;
    let answer = web.get("/").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some("/monitor"))
    );
    web.stop().await;
}

#[tokio::test]
async fn current_values_are_in_the_order_of_the_config() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let answer = web.get("/get_current_values").await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, r#"{"z":0,"x":0,"y":0}"#)
        );
        assert_eq!(answer.header("content-type"), Some("application/json"));
        web.value("x", 131.0).await;
        web.value("y", 0.25).await;
        // Its own process's writes are there at once, without waiting or retrying.
        assert_eq!(
            web.get("/get_current_values").await.body,
            r#"{"z":0,"x":131,"y":0.25}"#
        );
        web.stop().await;
    }
}

#[tokio::test]
async fn records_are_the_alerts_newest_first() {
    for database in Database::each() {
        let web = Web::on(database).await;
        assert_eq!(web.send("POST", "/monitor", &[]).await.body, r#"{"records":[]}"#);
        let first = web.record("x", "one").await;
        let mut notice = crate::support::new_record("x", "recovered", web.now());
        notice.alert = false;
        web.write(move |c| records::insert(c, &notice)).await;
        let last = web.record("w", "\"two\" <b>").await;
        let answer = web.send("POST", "/monitor", &[]).await;
        let record = |id: i64, key: &str, message: &str| {
            format!(
                r#"{{"id":{id},"type":"{key}","value":131,"alert":true,"alert_message":"{message}","timestamp":"2026-11-03T09:12:40.500Z"}}"#
            )
        };
        let (two, one) = (
            record(last.id, "w", r#"\"two\" <b>"#),
            record(first.id, "x", "one"),
        );
        assert_eq!(
            (answer.status, answer.body),
            (200, format!(r#"{{"records":[{two},{one}]}}"#))
        );
        web.stop().await;
    }
}

#[tokio::test]
async fn a_record_is_deleted_once() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let record = web.record("x", "gone soon").await;
        let path = format!("/delete/{}", record.id);
        let answer = web.send("DELETE", &path, &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, r#"{"success":true}"#)
        );
        assert_eq!(web.send("POST", "/monitor", &[]).await.body, r#"{"records":[]}"#);
        assert!(
            !web.get("/monitor").await.body.contains("gone soon"),
            "the page reads its own write"
        );
        for path in [
            path.as_str(),
            "/delete/999999",
            "/delete/none",
            "/delete/99999999999999999999",
            "/delete/-1",
        ] {
            let answer = web.send("DELETE", path, &[]).await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (404, r#"{"error":"Record not found"}"#),
                "{path}"
            );
        }
        assert_eq!(
            web.audit().await,
            [format!("local record.delete record/{} ", record.id)]
        );
        web.stop().await;
    }
}

#[tokio::test]
async fn a_database_that_fails_is_a_server_error() {
    let web = Web::start().await;
    web.get("/healthz").await;
    web.db.close().await;
    let answer = web.send("DELETE", "/delete/1", &[]).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (500, r#"{"error":"Server Error"}"#)
    );
    let answer = web.send("POST", "/monitor", &[]).await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (503, "database-unavailable")
    );
    web.stop().await;
}

#[tokio::test]
async fn a_reset_sounds_the_alarm_and_acknowledges() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let id = web.alert("z").await;
        web.alert("x").await;
        let answer = web.send("POST", "/reset", &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, r#"{"success":true}"#)
        );
        assert_eq!(*web.alarm.sounded.lock().unwrap(), ["global"]);
        let alert = web.db.read(move |c| alerts::get(c, id)).await.unwrap().unwrap();
        assert_eq!(alert.acknowledged_by.as_deref(), Some("local"));
        assert_eq!(alert.acknowledged_at, Some(web.now()));
        let metrics = web.get("/api/v1/metrics").await.json();
        assert_eq!(metrics["metrics"][0]["open_alerts"], 1);
        assert_eq!(metrics["metrics"][0]["unacknowledged"], 0);
        assert_eq!(
            web.audit().await,
            [
                "local alarm.reset alarm/global sounded",
                "local alert.acknowledge_all alerts 2 alerts"
            ]
        );
        web.stop().await;
    }
}

#[tokio::test]
async fn a_reset_whose_alarm_fails_acknowledges_nothing() {
    let web = Web::start().await;
    let id = web.alert("z").await;
    *web.alarm.broken.lock().unwrap() = true;
    let answer = web.send("POST", "/reset", &[]).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"success":false}"#)
    );
    let alert = web.db.read(move |c| alerts::get(c, id)).await.unwrap().unwrap();
    assert_eq!(alert.acknowledged_at, None);
    assert_eq!(
        web.audit().await,
        ["local alarm.reset_failed alarm/global the alarm answered 503"]
    );
    web.stop().await;
}

#[tokio::test]
async fn without_an_alarm_a_reset_acknowledges() {
    let web = Web::with(Database::sqlite(), |ctx| ctx.alarm = None, |_| {}).await;
    web.alert("z").await;
    assert_eq!(web.send("POST", "/reset", &[]).await.body, r#"{"success":true}"#);
    assert_eq!(
        web.get("/api/v1/metrics").await.json()["metrics"][0]["unacknowledged"],
        0
    );
    web.stop().await;
}
