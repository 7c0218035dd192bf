//! `/api/v1/deliveries`.

use monitor_model::{DeliveryStatus, deliveries};

use crate::support::{Database, Web};

const PATH: &str = "/api/v1/deliveries";

#[tokio::test]
async fn what_did_not_arrive_is_found() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let alert = web.alert("z").await;
        let record = web.record("x", "waits").await.id;
        let payload = format!(
            r#"{{"text":"{}","url":"https://secret.example/?token=t"}}"#,
            "长".repeat(600)
        );
        let failed = web
            .unsent(Some(alert), "mail", DeliveryStatus::Failed, &payload)
            .await;
        let job = web
            .unsent(None, "@alarm", DeliveryStatus::GivenUp, "not json")
            .await;
        web.delivery(record, "oncall").await;
        let ids = async |query: &str| -> Vec<i64> {
            let json = web.get(&format!("{PATH}{query}")).await.json();
            let all = json["deliveries"].as_array().unwrap();
            all.iter().map(|d| d["id"].as_i64().unwrap()).collect()
        };
        assert_eq!(ids("?status=failed,given_up").await, [job, failed]);
        assert_eq!(ids("?status=failed").await, [failed]);
        assert_eq!(ids("").await.len(), 3);
        assert_eq!(ids("?lane=alarm").await, [job]);
        assert_eq!(ids(&format!("?alert={alert}")).await, [failed]);
        let page = web.get(&format!("{PATH}?status=failed,given_up&limit=1")).await;
        assert_eq!(page.json()["next_cursor"], job.to_string());
        let rest = web
            .get(&format!("{PATH}?status=failed,given_up&cursor={job}"))
            .await;
        let expected = serde_json::json!({
            "id": failed, "alert_id": alert, "record_id": null, "incident_id": null, "channel": "mail",
            "channel_configured": true,
            "event": "alert", "recipient": "ops@example.com", "status": "failed", "attempt": 1,
            "created_at": "2026-11-03T09:12:40.500Z", "next_at": null, "finished_at": "2026-11-03T09:12:40.500Z",
            "error": "550 <b>no such user</b>", "text": "长".repeat(500),
        });
        assert_eq!(
            rest.json(),
            serde_json::json!({ "deliveries": [expected], "next_cursor": null })
        );
        assert!(!rest.body.contains("secret"), "{}", rest.body);
        let why = web
            .refused("GET", &format!("{PATH}?status=lost"), "", 400, "bad-query")
            .await;
        assert!(why.contains("given_up"), "{why}");
        web.refused("GET", &format!("{PATH}?channel=mail"), "", 400, "bad-query")
            .await;
        web.stop().await;
    }
}

#[tokio::test]
async fn one_is_tried_again() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let id = web.unsent(None, "mail", DeliveryStatus::GivenUp, "{}").await;
        let path = format!("{PATH}/{id}/retry");
        let answer = web.post(&path, "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json = answer.json();
        assert_eq!(
            (&json["status"], &json["next_at"], &json["finished_at"]),
            (
                &"pending".into(),
                &"2026-11-03T09:12:40.500Z".into(),
                &serde_json::Value::Null
            )
        );
        let why = web.refused("POST", &path, "", 409, "conflict").await;
        assert!(why.starts_with("It is pending"), "{why}");
        for none in ["/api/v1/deliveries/99/retry", "/api/v1/deliveries/x/retry"] {
            web.refused("POST", none, "", 404, "not-found").await;
        }
        assert_eq!(
            web.audit().await,
            [format!("local delivery.retry delivery/{id} ")]
        );
        web.stop().await;
    }
}

#[tokio::test]
async fn all_of_a_channel_are_tried_again() {
    let web = Web::start().await;
    let path = format!("{PATH}/retry");
    let none = web.post(&path, r#"{"channel":"mail"}"#).await;
    assert_eq!((none.status, none.body.as_str()), (200, r#"{"retried":0}"#));
    web.unsent(None, "mail", DeliveryStatus::GivenUp, "{}").await;
    web.unsent(None, "mail", DeliveryStatus::Failed, "{}").await;
    let other = web.unsent(None, "oncall", DeliveryStatus::Failed, "{}").await;
    assert_eq!(
        web.post(&path, r#"{"channel":"mail"}"#).await.body,
        r#"{"retried":2}"#
    );
    let left = web.db.read(deliveries::undelivered_by_lane).await.unwrap();
    assert_eq!(left, [("oncall".to_owned(), 1)], "{other}");
    for wrong in ["", "{}", r#"{"channel":"mail","all":true}"#] {
        web.refused("POST", &path, wrong, 400, "bad-body").await;
    }
    // A channel that nobody knows is a mistake; one of before, a lane of the worker and one without any are none.
    let unknown = web.post(&path, r#"{"channel":"nix"}"#).await;
    assert!(
        unknown
            .body
            .contains(r#"There is no channel \"nix\"; there are mail, sms."#),
        "{}",
        unknown.body
    );
    web.refused("POST", &path, r#"{"channel":"nix"}"#, 400, "bad-body")
        .await;
    web.unsent(None, "fax", DeliveryStatus::Sent, "{}").await;
    for (known, retried) in [
        ("oncall", 1),
        ("oncall", 0),
        ("sms", 0),
        ("alarm", 0),
        ("details", 0),
        ("fax", 0),
    ] {
        let answer = web.post(&path, &format!(r#"{{"channel":"{known}"}}"#)).await;
        assert_eq!(
            (answer.status, answer.body),
            (200, format!(r#"{{"retried":{retried}}}"#)),
            "{known}"
        );
    }
    assert_eq!(
        web.audit().await,
        [
            "local delivery.retry channel/mail 2 deliveries",
            "local delivery.retry channel/oncall 1 delivery"
        ]
    );
    web.stop().await;
}
