//! `/api/v1/silences`.

use std::time::Duration;

use chrono::TimeDelta;
use monitor_domain::MetricKey;
use monitor_model::{MetricState, NewSilence, silences, states};

use crate::support::{Database, Web};

const PATH: &str = "/api/v1/silences";

#[tokio::test]
async fn a_silence_is_made_shown_and_cancelled() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let mut events = web.events().await;
        events
            .until(|data| data["silences"] == serde_json::json!([]))
            .await;
        let body = r#"{"key":"z","severity":"warning","for":"1h 30m","reason":"stocktaking","by":"Anna"}"#;
        let answer = web.post(PATH, body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let made = answer.json();
        let id = made["id"].as_i64().unwrap();
        let expected = serde_json::json!({
            "id": id, "key": "z", "severity": "warning", "reason": "stocktaking", "created_by": "Anna",
            "created_at": "2026-11-03T09:12:40.500Z", "starts_at": "2026-11-03T09:12:40.500Z",
            "ends_at": "2026-11-03T10:42:40.500Z", "cancelled_at": null, "cancelled_by": null, "state": "active",
        });
        assert_eq!(made, expected);
        assert_eq!(
            web.get(PATH).await.json(),
            serde_json::json!({ "silences": [expected], "next_cursor": null })
        );
        // The reader of the page learns at once that nobody would be notified.
        let sent = events.until(|data| data["silences"][0]["id"] == id).await;
        assert_eq!(sent["metrics"][0]["key"], "z");
        assert_eq!(sent["metrics"][0]["muted"], format!("silence:{id}"));
        assert!(
            sent["metrics"][0]["muted_until"].is_string() && sent["metrics"][0]["muted_reason"].is_string()
        );
        assert_eq!(sent["metrics"].as_array().unwrap().len(), 1, "the others are not");
        assert_eq!(
            web.get("/api/v1/metrics").await.json()["metrics"][0]["muted"],
            format!("silence:{id}")
        );

        let path = format!("{PATH}/{id}");
        let answer = web.send("DELETE", &path, &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            (&answer.json()["state"], &answer.json()["cancelled_by"]),
            (&"cancelled".into(), &"local".into())
        );
        let sent = events
            .until(|data| data["silences"] == serde_json::json!([]))
            .await;
        assert_eq!(sent["metrics"][0]["muted"], serde_json::Value::Null);
        let why = web.refused("DELETE", &path, "", 409, "conflict").await;
        assert_eq!(
            why,
            "It was cancelled by local at 2026-11-03 09:12:40 UTC already."
        );
        for none in ["/api/v1/silences/99", "/api/v1/silences/x"] {
            web.refused("DELETE", none, "", 404, "not-found").await;
        }
        assert_eq!(
            web.audit().await,
            [
                format!(
                    "local silence.create silence/{id} by Anna, warning of z until 2026-11-03 10:42:40 UTC: stocktaking"
                ),
                format!("local silence.cancel silence/{id} "),
            ]
        );
        web.stop().await;
    }
}

#[tokio::test]
async fn what_is_requested_has_bounds() {
    let web = Web::start().await;
    let with = |rest: &str| format!(r#"{{"reason":"why",{rest}}}"#);
    let long = format!(r#"{{"for":"1h","reason":"{}"}}"#, "r".repeat(501));
    let bodies = [
        "".to_owned(),
        r#"{"for":"1h"}"#.into(),
        r#"{"for":"1h","reason":"  "}"#.into(),
        long,
        with(r#""for":"1h","until":"2026-11-03T12:00:00Z""#),
        with(r#""key":"z""#),
        with(r#""for":"soon""#),
        with(r#""for":"0s""#),
        with(r#""for":"367d""#),
        with(r#""for":"500000years""#),
        with(r#""until":"tomorrow""#),
        with(r#""until":"2026-11-03T09:00:00Z""#),
        with(r#""until":"2027-11-05T09:00:00Z""#),
        with(r#""for":"1h","starts_at":"2026-11-03T09:12:00Z""#),
        with(r#""until":"2026-11-03T10:00:00Z","starts_at":"2026-11-03T10:00:00Z""#),
        with(r#""for":"1h","severity":"grave""#),
        with(r#""for":"1h","keys":"z""#),
    ];
    for body in &bodies {
        web.refused("POST", PATH, body, 400, "bad-body").await;
    }
    let unknown = with(r#""for":"1h","key":"w""#);
    let why = web.refused("POST", PATH, &unknown, 400, "bad-body").await;
    assert_eq!(why, "There is no metric \"w\"; there are z, x, y.");
    assert!(web.audit().await.is_empty());

    let all = web
        .post(PATH, &with(r#""until":"2027-11-03T09:00:00+08:00","key":null"#))
        .await;
    assert_eq!(
        (all.status, &all.json()["ends_at"]),
        (201, &"2027-11-03T01:00:00Z".into())
    );
    let coming = web
        .post(PATH, &with(r#""for":"1h","starts_at":"2026-11-03T10:00:00Z""#))
        .await;
    assert_eq!(
        (&coming.json()["state"], &coming.json()["ends_at"]),
        (&"coming".into(), &"2026-11-03T11:00:00Z".into())
    );
    let page = web.get("/api/v1/silences?limit=1").await.json();
    assert_eq!(page["next_cursor"], coming.json()["id"].to_string());
    web.refused("GET", "/api/v1/silences?limit=0", "", 400, "bad-query")
        .await;
    web.stop().await;
}

#[tokio::test]
async fn there_are_only_so_many() {
    let web = Web::start().await;
    let now = web.now();
    web.write(move |c| {
        for i in 0..1_000 {
            let new = NewSilence {
                key: None,
                severity: None,
                reason: i.to_string(),
                created_by: "a script".into(),
                created_at: now,
                starts_at: now + TimeDelta::hours(1),
                ends_at: now + TimeDelta::hours(2),
            };
            silences::create(c, &new)?;
        }
        Ok(())
    })
    .await;
    let body = r#"{"for":"1h","reason":"one more"}"#;
    web.refused("POST", PATH, body, 409, "conflict").await;
    web.clock.advance(Duration::from_secs(7_200));
    assert_eq!(web.post(PATH, body).await.status, 201);
    web.stop().await;
}

#[tokio::test]
async fn an_alerts_metric_is_silenced() {
    let web = Web::start().await;
    let id = web.alert("x").await;
    let path = format!("/api/v1/alerts/{id}/silence");
    let answer = web.post(&path, r#"{"for":"4h","reason":"known"}"#).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(
        (&answer.json()["key"], &answer.json()["ends_at"]),
        (&"x".into(), &"2026-11-03T13:12:40.500Z".into())
    );
    web.refused("POST", &path, "{}", 400, "bad-body").await;
    web.refused(
        "POST",
        &path,
        r#"{"for":"1h","reason":"r","key":"z"}"#,
        400,
        "bad-body",
    )
    .await;
    web.refused(
        "POST",
        "/api/v1/alerts/99/silence",
        r#"{"for":"1h","reason":"r"}"#,
        404,
        "not-found",
    )
    .await;
    assert_eq!(web.audit().await.len(), 1);
    web.stop().await;
}

#[tokio::test]
async fn a_silence_begins_and_ends_by_itself() {
    let web = Web::start().await;
    let body = r#"{"key":"z","for":"10m","starts_at":"2026-11-03T09:20:00Z","reason":"a restart"}"#;
    let id = web.post(PATH, body).await.json()["id"].as_i64().unwrap();
    let mut events = web.events().await;
    let whole = events.until(|_| true).await;
    assert_eq!(whole["metrics"][0]["muted"], serde_json::Value::Null);
    web.clock.wait_for_sleepers(2).await;
    web.clock.advance(Duration::from_secs(600));
    events
        .until(|data| data["metrics"][0]["muted"] == format!("silence:{id}"))
        .await;
    web.clock.wait_for_sleepers(2).await;
    web.clock.advance(Duration::from_secs(600));
    events
        .until(|data| data["metrics"][0]["muted"] == serde_json::Value::Null)
        .await;
    assert_eq!(web.get(PATH).await.json()["silences"][0]["state"], "over");
    let path = format!("{PATH}/{id}");
    let why = web.refused("DELETE", &path, "", 409, "conflict").await;
    assert_eq!(why, "It was over at 2026-11-03 09:30:00 UTC already.");
    web.stop().await;
}

#[tokio::test]
async fn an_open_maintenance_window_is_shown_beside_its_metrics() {
    use monitor_rules::MaintenanceSettings;
    let settings = MaintenanceSettings {
        from: Some("17:00".to_owned()),
        to: Some("18:00".to_owned()),
        zone: Some("Asia/Shanghai".to_owned()),
        metrics: Some(vec!["z".to_owned()]),
        reason: Some("stock <b>taking</b>".to_owned()),
        ..MaintenanceSettings::default()
    };
    let window = settings.compile().unwrap();
    // It is 09:12:40 UTC.
    let web = Web::with(
        Database::sqlite(),
        |ctx| ctx.maintenance = vec![("lunch".to_owned(), window)],
        |_| {},
    )
    .await;
    let metrics = web.get("/api/v1/metrics").await.json();
    let metric = |key: &str| {
        let all = metrics["metrics"].as_array().unwrap();
        all.iter().find(|metric| metric["key"] == key).unwrap().clone()
    };
    assert_eq!(metric("z")["muted"], "maintenance:lunch");
    assert_eq!(metric("z")["muted_until"], "2026-11-03T10:00:00Z");
    assert_eq!(metric("x")["muted"], serde_json::Value::Null, "another metric");
    let page = web.get("/monitor").await.body;
    assert!(page.contains("stock &lt;b&gt;taking"), "{page}");
    // A silence is what somebody decided just now: it goes before the window.
    let id = web.silence(Some("z"), "stop it", 30).await;
    let metrics = web.get("/api/v1/metrics").await.json();
    let z = &metrics["metrics"].as_array().unwrap()[0];
    assert_eq!(
        (&z["key"], &z["muted"]),
        (&"z".into(), &format!("silence:{id}").into())
    );
}

#[tokio::test]
async fn what_a_metric_depends_on_is_shown_beside_it() {
    let depends_on_z = |ctx: &mut monitor_web::WebContext| {
        let x = ctx.metrics.iter_mut().find(|metric| metric.key == "x").unwrap();
        x.depends_on = vec![MetricKey::stored("z")];
    };
    let web = Web::with(Database::sqlite(), depends_on_z, |_| {}).await;
    let at = web.now();
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
    let metrics = web.get("/api/v1/metrics").await.json();
    let all = metrics["metrics"].as_array().unwrap();
    let metric = |key: &str| all.iter().find(|metric| metric["key"] == key).unwrap();
    assert_eq!(metric("z")["phase"], "firing");
    assert_eq!(metric("x")["muted"], "dependency:z");
    assert_eq!(metric("x")["muted_until"], serde_json::Value::Null);
    assert_eq!(
        metric("x")["muted_reason"],
        "Metric z: 131 is above 100 since 09:12:40 UTC"
    );
    assert_eq!(metric("y")["muted"], serde_json::Value::Null);
    let page = web.get("/monitor").await.body;
    let words = "Not notified: z, which it depends on, is firing or unreadable";
    assert!(page.contains(words), "{page}");
    web.stop().await;
}
