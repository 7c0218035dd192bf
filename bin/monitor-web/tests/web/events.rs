//! `/api/v1/events`.

use std::time::Duration;

use monitor_model::realtime;

use crate::support::{Database, Web};

#[tokio::test]
async fn a_write_by_another_process_reaches_the_reader() {
    for database in Database::each() {
        // A second handle on the same database knows as little of the first as another process does.
        let other = database.open().await;
        let web = Web::on(database).await;
        let mut events = web.events().await;
        let whole = events.until(|_| true).await;
        assert_eq!(whole["whole"], true);
        assert_eq!(whole["metrics"].as_array().unwrap().len(), 3);
        assert_eq!(whole["records"], serde_json::json!([]));
        let at = web.now();
        other
            .write(move |c| realtime::record_value(c, "y", 5.0, at))
            .await
            .unwrap();
        let change = events.until(|data| data["metrics"][0]["value"] == 5).await;
        assert_eq!(change["whole"], false);
        assert_eq!(
            change["metrics"].as_array().unwrap().len(),
            1,
            "only what changed: {change}"
        );
        assert_eq!(change["metrics"][0]["key"], "y");
        assert!(change.get("records").is_none());
        assert!(change["seq"].as_u64() > whole["seq"].as_u64());
        other.close().await;
        web.stop().await;
    }
}

#[tokio::test]
async fn records_and_their_deliveries_are_sent() {
    let web = Web::start().await;
    let mut events = web.events().await;
    events.until(|_| true).await;
    let id = web.record("x", "<b>raw</b>").await.id;
    let sent = events.until(|data| data["records"][0]["id"] == id).await;
    assert_eq!(
        sent["records"][0]["message"], "<b>raw</b>",
        "escaping is the page's"
    );
    web.delivery(id, "mail").await;
    events
        .until(|data| data["records"][0]["deliveries"][0]["status"] == "pending")
        .await;
    web.send("DELETE", &format!("/delete/{id}"), &[]).await;
    events
        .until(|data| data["records"] == serde_json::json!([]))
        .await;
    web.stop().await;
}

#[tokio::test]
async fn silence_is_filled_with_signs_of_life() {
    let web = Web::start().await;
    let mut events = web.events().await;
    events.until(|_| true).await;
    // This reader, the refresher and the web's own heartbeat.
    web.clock.wait_for_sleepers(3).await;
    web.clock.advance(Duration::from_secs(15));
    assert_eq!(
        events.next().await.unwrap(),
        ("comment".into(), "keep-alive".into())
    );
    let (event, data) = events.next().await.unwrap();
    assert_eq!(
        (event.as_str(), &data["now"]),
        ("ping", &serde_json::json!("2026-11-03T09:12:55.500Z"))
    );
    web.stop().await;
}

#[tokio::test]
async fn there_are_so_many_places() {
    let web = Web::with(Database::sqlite(), |ctx| ctx.max_streams = 2, |_| {}).await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut events = web.events().await;
        events.until(|_| true).await;
        kept.push(events);
    }
    let answer = web.get("/api/v1/events").await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (503, "too-many-streams")
    );
    assert_eq!(answer.header("retry-after"), Some("5"));
    web.stop().await;
}

#[tokio::test]
async fn events_are_neither_kept_nor_compressed() {
    let web = Web::start().await;
    let host = web.address.to_string();
    let headers = [("Host", host.as_str()), ("Accept-Encoding", "gzip")];
    let mut stream = web.connect("GET", "/api/v1/events", &headers, false).await;
    let mut head = [0; 2_048];
    let n = tokio::io::AsyncReadExt::read(&mut stream, &mut head)
        .await
        .unwrap();
    let head = String::from_utf8_lossy(&head[..n]).to_lowercase();
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    assert!(
        head.contains("cache-control: no-store") && !head.contains("gzip"),
        "{head}"
    );
    web.stop().await;
}
