//! `/api/v1/metrics` and `/api/v1/records`.

use chrono::TimeDelta;
use monitor_domain::MetricKey;
use monitor_model::{MetricState, deliveries, realtime, states};

use crate::support::{Database, Web};

#[tokio::test]
async fn a_metric_has_its_value_state_and_age() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let at = web.now();
        web.heartbeat().await;
        web.value("z", 131.0).await;
        let state = MetricState {
            key: MetricKey::stored("z"),
            version: 0,
            phase: "firing".into(),
            since: at,
            reason: "131 is above 100 since 09:12:40 UTC".into(),
            state: "{}".into(),
            updated_at: at,
        };
        web.write(move |c| states::save(c, &state, 0)).await;
        web.alert("z").await;
        let json = web.get("/api/v1/metrics").await.json();
        let expected = serde_json::json!({
            "key": "z", "title": "Metric z", "unit": "orders", "severity": "warning", "rule": "above 100",
            "value": 131, "value_at": "2026-11-03T09:12:40.500Z", "checked_at": "2026-11-03T09:12:40.500Z", "error": null,
            "phase": "firing", "status": "firing", "since": "2026-11-03T09:12:40.500Z",
            "reason": "131 is above 100 since 09:12:40 UTC", "open_alerts": 1, "unacknowledged": 1, "muted": null, "muted_until": null, "muted_reason": null, "stale_after": 40,
            "sparkline": "M120.0 18.0h0",
        });
        assert_eq!(json["metrics"][0], expected);
        assert_eq!(json["metrics"][1]["status"], "waiting");
        assert_eq!(json["worker"]["state"], "alive");
        assert_eq!(json["database_error_since"], serde_json::Value::Null);
        web.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_keeps_its_last_value_and_says_so() {
    let web = Web::start().await;
    web.value("x", 7.0).await;
    let later = web.now() + TimeDelta::seconds(10);
    web.write(move |c| realtime::record_error(c, "x", "System A answers 503", later))
        .await;
    let x = web.get("/api/v1/metrics").await.json()["metrics"][1].clone();
    assert_eq!(
        (x["value"].as_i64(), x["status"].as_str()),
        (Some(7), Some("unreadable"))
    );
    assert_eq!(x["error"], "System A answers 503");
    assert_eq!(x["value_at"], "2026-11-03T09:12:40.500Z");
    web.stop().await;
}

#[tokio::test]
async fn a_value_grows_stale_and_a_worker_silent() {
    let web = Web::start().await;
    web.heartbeat().await;
    web.value("x", 7.0).await;
    web.clock.step_wall(TimeDelta::seconds(41));
    let json = web.get("/api/v1/metrics").await.json();
    assert_eq!(json["metrics"][1]["status"], "stale");
    assert_eq!(
        (
            json["worker"]["state"].as_str(),
            json["worker"]["age_seconds"].as_i64()
        ),
        (Some("silent"), Some(41))
    );
    web.stop().await;
}

#[tokio::test]
async fn records_come_in_pages_with_their_deliveries() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let mut ids = Vec::new();
        for i in 0..5 {
            ids.push(web.record("x", &format!("message {i}")).await.id);
        }
        web.delivery(ids[4], "mail").await;
        web.delivery(ids[4], "oncall").await;
        let now = web.now();
        web.write(move |c| {
            let lease = now + TimeDelta::seconds(30);
            for d in deliveries::claim(
                c,
                &deliveries::Claim {
                    lane: "mail",
                    worker: "w",
                    now,
                    lease_until: lease,
                    limit: 10,
                    in_flight: &[],
                    turns: &monitor_model::deliveries::Turns::default(),
                },
            )? {
                deliveries::mark_retry(c, d.id, d.attempt, lease, "smtp: 451 greylisted")?;
            }
            Ok(())
        })
        .await;
        let first = web.get("/api/v1/records?limit=2").await.json();
        assert_eq!(first["records"][0]["message"], "message 4");
        assert_eq!(first["records"][0]["title"], "Metric x");
        let expected = serde_json::json!([
            {"channel": "mail", "status": "retrying", "sent": 0, "total": 1, "attempt": 1,
             "next_at": "2026-11-03T09:13:10.500Z", "error": "smtp: 451 greylisted"},
            {"channel": "oncall", "status": "pending", "sent": 0, "total": 1, "attempt": 0,
             "next_at": "2026-11-03T09:12:40.500Z", "error": null},
        ]);
        assert_eq!(first["records"][0]["deliveries"], expected);
        let mut count = 2;
        let mut cursor = first["next_cursor"].as_str().map(str::to_owned);
        while let Some(from) = cursor {
            let page = web
                .get(&format!("/api/v1/records?limit=2&cursor={from}"))
                .await
                .json();
            count += page["records"].as_array().unwrap().len();
            cursor = page["next_cursor"].as_str().map(str::to_owned);
        }
        assert_eq!(count, 5);
        web.stop().await;
    }
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused() {
    let web = Web::start().await;
    for query in ["limit=0", "limit=501", "limit=x", "cursor=x", "page=2"] {
        let answer = web.get(&format!("/api/v1/records?{query}")).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "bad-query"),
            "{query}"
        );
    }
    web.stop().await;
}

#[tokio::test]
async fn other_paths_and_methods_are_problems() {
    let web = Web::start().await;
    let answer = web.get("/nothing").await;
    assert_eq!((answer.status, answer.problem().as_str()), (404, "not-found"));
    let answer = web.send("PUT", "/monitor", &[]).await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (405, "method-not-allowed")
    );
    assert_eq!(answer.header("allow"), Some("GET, POST"));
    web.stop().await;
}
