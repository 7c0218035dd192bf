//! `/api/v1/alerts`.

use std::time::Duration;

use monitor_domain::{MetricKey, Severity};
use monitor_model::{AlertKind, DeliveryStatus, NewAlert, alerts, records};

use crate::support::{Database, Web, new_record};

#[tokio::test]
async fn alerts_come_in_pages_newest_first_and_filtered() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let (first, second, third) = (
            web.alert("z").await,
            web.alert("x").await,
            web.alert("gone").await,
        );
        let at = web.now();
        web.write(move |c| {
            alerts::resolve(c, first, at, Some(88.0))?;
            alerts::acknowledge(c, second, "Anna", Some("mine"), at)
        })
        .await;
        let ids = async |path: &str| -> Vec<i64> {
            let json = web.get(path).await.json();
            let all = json["alerts"].as_array().unwrap();
            all.iter().map(|a| a["id"].as_i64().unwrap()).collect()
        };
        assert_eq!(ids("/api/v1/alerts").await, [third, second, first]);
        assert_eq!(ids("/api/v1/alerts?open=true").await, [third, second]);
        assert_eq!(ids("/api/v1/alerts?unacknowledged=true").await, [third, first]);
        assert_eq!(ids("/api/v1/alerts?open=true&unacknowledged=true").await, [third]);
        assert_eq!(ids("/api/v1/alerts?key=z").await, [first]);
        let page = web.get("/api/v1/alerts?limit=2").await.json();
        assert_eq!(page["next_cursor"], second.to_string());
        assert_eq!(page["alerts"][0]["title"], "gone", "a metric that is turned off");
        let rest = web
            .get(&format!("/api/v1/alerts?limit=2&cursor={second}"))
            .await
            .json();
        let expected = serde_json::json!({
            "id": first, "key": "z", "title": "Metric z", "kind": "level", "severity": "warning",
            "reason": "131 is above 100", "value": 131, "previous": null, "opened_at": "2026-11-03T09:12:40.500Z",
            "acknowledged_at": null, "acknowledged_by": null, "note": null,
            "resolved_at": "2026-11-03T09:12:40.500Z", "resolved_value": 88, "further_messages": 0, "muted": null,
            "escalated_at": null,
            "escalation_step": 0,
        });
        assert_eq!(
            rest,
            serde_json::json!({ "alerts": [expected], "next_cursor": null })
        );
        for wrong in [
            "?limit=0",
            "?limit=501",
            "?open=maybe",
            "?cursor=x",
            "?nonsense=1",
        ] {
            let path = format!("/api/v1/alerts{wrong}");
            web.refused("GET", &path, "", 400, "bad-query").await;
        }
        web.stop().await;
    }
}

#[tokio::test]
async fn an_alert_has_its_records_and_deliveries() {
    let web = Web::start().await;
    let id = web.alert("z").await;
    let mut new = new_record("z", "Z is at 131", web.now());
    new.alert_id = Some(id);
    let mut deleted = new_record("z", "nobody wants to see this", web.now());
    deleted.alert_id = Some(id);
    let at = web.now();
    let record = web
        .write(move |c| {
            let record = records::insert(c, &new)?;
            let gone = records::insert(c, &deleted)?;
            records::delete(c, gone.unwrap().id, at)?;
            Ok(record.unwrap().id)
        })
        .await;
    web.delivery(record, "oncall").await;
    let payload = r#"{"text":"Z is at 131","url":"https://secret.example/?token=t"}"#;
    let delivery = web
        .unsent(Some(id), "mail", DeliveryStatus::Failed, payload)
        .await;
    let answer = web.get(&format!("/api/v1/alerts/{id}")).await;
    let json = answer.json();
    assert_eq!((answer.status, &json["id"]), (200, &id.into()));
    assert_eq!(json["records"].as_array().unwrap().len(), 1);
    assert_eq!(json["records"][0]["message"], "Z is at 131");
    assert_eq!(json["records"][0]["deliveries"][0]["channel"], "oncall");
    assert_eq!(json["deliveries"][0]["id"], delivery);
    assert_eq!(json["deliveries"][0]["text"], "Z is at 131");
    assert!(!answer.body.contains("secret"), "{}", answer.body);
    for none in ["/api/v1/alerts/99", "/api/v1/alerts/z"] {
        web.refused("GET", none, "", 404, "not-found").await;
    }
    web.stop().await;
}

#[tokio::test]
async fn an_alert_is_taken_once() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let id = web.alert("z").await;
        let path = format!("/api/v1/alerts/{id}/ack");
        let answer = web.post(&path, r#"{"note":" on it ","by":"Anna"}"#).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json = answer.json();
        assert_eq!(
            (
                &json["acknowledged_by"],
                &json["note"],
                &json["acknowledged_at"],
                &json["resolved_at"]
            ),
            (
                &"Anna".into(),
                &"on it".into(),
                &"2026-11-03T09:12:40.500Z".into(),
                &serde_json::Value::Null
            )
        );
        assert_eq!(
            web.get("/api/v1/metrics").await.json()["metrics"][0]["unacknowledged"],
            0
        );
        web.clock.advance(Duration::from_secs(60));
        let why = web.refused("POST", &path, "", 409, "conflict").await;
        assert_eq!(
            why,
            "It was acknowledged by Anna at 2026-11-03 09:12:40 UTC already."
        );
        let another = web.alert("x").await;
        let answer = web.post(&format!("/api/v1/alerts/{another}/ack"), "").await;
        assert_eq!(answer.json()["acknowledged_by"], "local", "no body is fine");
        assert_eq!(
            web.audit().await,
            [
                format!("local alert.acknowledge alert/{id} by Anna: on it"),
                format!("local alert.acknowledge alert/{another} by local: no note"),
            ]
        );
        web.stop().await;
    }
}

#[tokio::test]
async fn an_event_is_over_when_it_is_taken() {
    let web = Web::start().await;
    let new = NewAlert {
        key: MetricKey::stored("x"),
        kind: AlertKind::Event,
        severity: Severity::Warning,
        reason: "rose by 1".into(),
        value: Some(2.0),
        previous: Some(1.0),
        opened_at: web.now(),
        muted: Some("flapping".into()),
    };
    let id = web.write(move |c| alerts::open(c, &new)).await.id;
    let json = web.post(&format!("/api/v1/alerts/{id}/ack"), "{}").await.json();
    assert_eq!(json["resolved_at"], "2026-11-03T09:12:40.500Z");
    assert_eq!(
        (&json["previous"], &json["muted"]),
        (&1.into(), &"flapping".into())
    );
    web.stop().await;
}

#[tokio::test]
async fn the_events_of_a_metric_are_taken_together() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let rose = |key: &str, muted: Option<&str>| NewAlert {
            key: MetricKey::stored(key),
            kind: AlertKind::Event,
            severity: Severity::Warning,
            reason: "rose by 1".into(),
            value: Some(2.0),
            previous: Some(1.0),
            opened_at: web.now(),
            muted: muted.map(str::to_owned),
        };
        let mut ids = Vec::new();
        for new in [
            rose("x", None),
            rose("z", None),
            rose("x", None),
            rose("x", Some("silence:3")),
        ] {
            ids.push(web.write(move |c| alerts::open(c, &new)).await.id);
        }
        let open = async || -> Vec<i64> {
            let json = web
                .get("/api/v1/alerts?open=true&unacknowledged=true")
                .await
                .json();
            let all = json["alerts"].as_array().unwrap().iter();
            all.map(|alert| alert["id"].as_i64().unwrap()).collect()
        };
        assert_eq!(open().await, [ids[3], ids[2], ids[1], ids[0]]);
        let path = format!("/api/v1/alerts/{}/ack", ids[2]);
        let json = web.post(&path, r#"{"note":"on it","by":"Anna"}"#).await.json();
        assert_eq!(
            (&json["id"], &json["acknowledged_by"]),
            (&ids[2].into(), &"Anna".into())
        );
        assert_eq!(
            open().await,
            [ids[3], ids[1]],
            "of another metric, and one that nobody was notified of"
        );
        let first = web.get(&format!("/api/v1/alerts/{}", ids[0])).await.json();
        assert_eq!(
            (&first["acknowledged_by"], &first["note"]),
            (&"Anna".into(), &"on it".into())
        );
        assert_eq!(first["resolved_at"], json["resolved_at"]);
        let again = format!("/api/v1/alerts/{}/ack", ids[0]);
        web.refused("POST", &again, "", 409, "conflict").await;
        let counted = |json: &serde_json::Value, key: &str| {
            let of = json["metrics"]
                .as_array()
                .unwrap()
                .iter()
                .find(|metric| metric["key"] == key);
            of.map(|metric| (metric["open_alerts"].clone(), metric["unacknowledged"].clone()))
        };
        let metrics = web.get("/api/v1/metrics").await.json();
        assert_eq!(counted(&metrics, "x"), Some((1.into(), 1.into())));
        assert_eq!(counted(&metrics, "z"), Some((1.into(), 1.into())));
        assert_eq!(web.send("POST", "/reset", &[]).await.body, r#"{"success":true}"#);
        assert_eq!(open().await, [ids[3]], "a reset leaves what is silenced");
        assert_eq!(
            web.audit().await,
            [
                format!(
                    "local alert.acknowledge alert/{} by Anna: on it (2 events of its metric together)",
                    ids[2]
                ),
                "local alarm.reset alarm/global sounded".to_owned(),
                "local alert.acknowledge_all alerts 1 alert".to_owned(),
            ]
        );
        web.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_understood_takes_nothing() {
    let web = Web::start().await;
    let id = web.alert("z").await;
    let path = format!("/api/v1/alerts/{id}/ack");
    let long_note = format!(r#"{{"note":"{}"}}"#, "注".repeat(1_001));
    let long_name = format!(r#"{{"by":"{}"}}"#, "n".repeat(81));
    for wrong in [
        "{",
        "[]",
        "null",
        r#"{"notes":"x"}"#,
        r#"{"note":1}"#,
        r#"{"by":"a\nb"}"#,
        &long_note,
        &long_name,
    ] {
        web.refused("POST", &path, wrong, 400, "bad-body").await;
    }
    let longest = format!(r#"{{"note":"{}"}}"#, "n".repeat(70_000));
    web.refused("POST", &path, &longest, 413, "body-too-large").await;
    web.refused("POST", "/api/v1/alerts/99/ack", "", 404, "not-found")
        .await;
    web.refused("POST", "/api/v1/alerts/z/ack", "", 404, "not-found")
        .await;
    web.refused("GET", &path, "", 405, "method-not-allowed").await;
    assert!(web.audit().await.is_empty());
    let fits = format!(r#"{{"note":"{}"}}"#, "注".repeat(1_000));
    assert_eq!(web.post(&path, &fits).await.status, 200);
    web.stop().await;
}

#[tokio::test]
async fn a_body_without_a_length_is_bounded_too() {
    let web = Web::start().await;
    let id = web.alert("z").await;
    let host = web.address.to_string();
    let headers = [("Host", host.as_str()), ("Transfer-Encoding", "chunked")];
    let path = format!("/api/v1/alerts/{id}/ack");
    let mut stream = web.connect("POST", &path, &headers, true).await;
    let chunk = format!("{:x}\r\n{}\r\n", 40_000, "n".repeat(40_000));
    let mut answer = Vec::new();
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    stream
        .write_all(format!("{chunk}{chunk}0\r\n\r\n").as_bytes())
        .await
        .unwrap();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("body-too-large"),
        "{answer}"
    );
    web.stop().await;
}
