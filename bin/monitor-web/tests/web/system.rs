//! `/api/v1/system`, `/api/v1/metrics/{key}/evaluations` and what of the monitor itself is live.

use std::time::Duration;

use chrono::TimeDelta;
use monitor_model::{
    DeliveryStatus, IncidentKind, ProcessRole, WorkerRow, alerts, incidents, records, workers,
};

use crate::support::{Database, Web, new_record};

#[tokio::test]
async fn the_monitor_reports_itself() {
    for database in Database::each() {
        let web = Web::on(database).await;
        web.heartbeat().await;
        let old = WorkerRow {
            id: "a-dead-web".into(),
            host: "h2".into(),
            pid: 2,
            version: "0".into(),
            started_at: web.now() - TimeDelta::hours(1),
            heartbeat_at: web.now() - TimeDelta::minutes(1),
            role: ProcessRole::Web,
        };
        web.write(move |c| workers::heartbeat(c, &old)).await;
        let over = web.incident(IncidentKind::Offline, "", "cut off").await;
        let at = web.now();
        web.write(move |c| incidents::end(c, over, at)).await;
        let open = web
            .incident(IncidentKind::System, "a", "System A cannot be read")
            .await;
        web.unsent(None, "mail", DeliveryStatus::Failed, "{}").await;
        let record = web.record("x", "waits").await.id;
        web.delivery(record, "mail").await;
        web.silence(None, "holidays", 5).await;
        web.clock.step_wall(TimeDelta::seconds(7));
        let json = web.get("/api/v1/system").await.json();
        assert_eq!(
            json["incidents"],
            serde_json::json!([{
                "id": open, "kind": "system", "subject": "a", "severity": "critical",
                "reason": "System A cannot be read", "since": "2026-11-03T09:12:40.500Z",
                "opened_at": "2026-11-03T09:12:40.500Z", "ended_at": null,
            }])
        );
        let processes = json["processes"].as_array().unwrap();
        let states: Vec<_> = processes
            .iter()
            .map(|p| (p["role"].as_str().unwrap(), p["state"].as_str().unwrap()))
            .collect();
        assert!(states.contains(&("worker", "alive")), "{json}");
        assert!(states.contains(&("web", "silent")), "{json}");
        assert_eq!(json["undelivered"], serde_json::json!({ "mail": 1 }));
        assert_eq!(
            json["outbox"],
            serde_json::json!({ "mail": { "waiting": 1, "oldest_age_seconds": 7 } })
        );
        assert_eq!(json["silences"], 1);
        web.stop().await;
    }
}

#[tokio::test]
async fn evaluations_are_the_latest_first() {
    for database in Database::each() {
        let web = Web::on(database).await;
        web.evaluation("z", 1, "131 is above 100", "alert, silence:3")
            .await;
        web.evaluation("z", 2, "131 is above 100 since 09:12:40 UTC", "")
            .await;
        web.evaluation("x", 1, "another's", "").await;
        let json = web.get("/api/v1/metrics/z/evaluations").await.json();
        let at = "2026-11-03T09:12:40.500Z";
        assert_eq!(
            json,
            serde_json::json!({ "evaluations": [
                { "at": at, "value": 131, "phase": "firing", "reason": "131 is above 100 since 09:12:40 UTC", "effects": [] },
                { "at": at, "value": 131, "phase": "firing", "reason": "131 is above 100", "effects": ["alert", "silence:3"] },
            ] })
        );
        let one = web.get("/api/v1/metrics/z/evaluations?limit=1").await.json();
        assert_eq!(one["evaluations"].as_array().unwrap().len(), 1);
        let off = "/api/v1/metrics/w/evaluations";
        web.refused("GET", off, "", 404, "not-found").await;
        for wrong in ["?limit=0", "?limit=101", "?cursor=1"] {
            let path = format!("/api/v1/metrics/z/evaluations{wrong}");
            web.refused("GET", &path, "", 400, "bad-query").await;
        }
        web.stop().await;
    }
}

#[tokio::test]
async fn incidents_come_and_go_live() {
    let web = Web::start().await;
    let mut events = web.events().await;
    let whole = events.until(|_| true).await;
    assert_eq!(whole["incidents"], serde_json::json!([]));
    let id = web
        .incident(IncidentKind::Channel, "mail", "<b>mail</b> is down")
        .await;
    let sent = events.until(|data| data["incidents"][0]["id"] == id).await;
    assert_eq!(sent["incidents"][0]["reason"], "<b>mail</b> is down");
    assert_eq!(sent["metrics"], serde_json::json!([]), "only what changed");
    assert!(sent.get("records").is_none() && sent.get("silences").is_none());
    let at = web.now();
    web.write(move |c| incidents::end(c, id, at)).await;
    events
        .until(|data| data["incidents"] == serde_json::json!([]))
        .await;
    web.stop().await;
}

#[tokio::test]
async fn records_show_their_alert() {
    let web = Web::start().await;
    let id = web.alert("z").await;
    let mut new = new_record("z", "Z is at 131", web.now());
    new.alert_id = Some(id);
    let record = web.write(move |c| records::insert(c, &new)).await.unwrap().id;
    let mut events = web.events().await;
    let sent = events.until(|data| data["records"][0]["id"] == record).await;
    let record = &sent["records"][0];
    assert_eq!(
        (
            &record["muted"],
            &record["acknowledged_at"],
            &record["resolved_at"]
        ),
        (
            &serde_json::Value::Null,
            &serde_json::Value::Null,
            &serde_json::Value::Null
        )
    );
    let at = web.now();
    web.write(move |c| alerts::acknowledge(c, id, "Anna", None, at))
        .await;
    let sent = events.until(|data| data.get("records").is_some()).await;
    assert_eq!(sent["records"][0]["acknowledged_by"], "Anna");
    assert_eq!(sent["records"][0]["acknowledged_at"], "2026-11-03T09:12:40.500Z");
    let listed = web.get("/api/v1/records").await.json();
    assert_eq!(listed["records"][0]["acknowledged_by"], "Anna");
    web.clock.advance(Duration::from_secs(1));
    web.stop().await;
}
