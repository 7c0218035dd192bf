//! `/metrics`.

use std::time::Duration;

use monitor_model::{DeliveryStatus, IncidentKind, deliveries, workers};
use monitor_testkit::promtool;

use crate::support::{Database, Web};

/// The value of the series that is written like this.
fn value(page: &str, series: &str) -> Option<f64> {
    page.lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn what_the_database_holds_is_exposed() {
    for database in Database::each() {
        let web = Web::on(database).await;
        let page = web.get("/metrics").await;
        assert_eq!(
            page.header("content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        assert_eq!(value(&page.body, "monitor_database_up"), Some(1.0));
        assert_eq!(value(&page.body, "monitor_workers_alive"), Some(0.0));
        assert!(
            !page.body.contains("heartbeat_timestamp"),
            "there was none: {}",
            page.body
        );

        web.heartbeat().await;
        let (x, y) = (web.record("x", "one").await.id, web.record("x", "two").await.id);
        web.delivery(x, "mail").await;
        web.clock.advance(Duration::from_secs(10));
        web.delivery(y, "mail").await;
        let page = web.get("/metrics").await.body;
        promtool::check_metrics(&page);
        assert_eq!(
            value(&page, "monitor_outbox_unfinished{lane=\"mail\"}"),
            Some(2.0)
        );
        assert_eq!(
            value(&page, "monitor_outbox_oldest_age_seconds{lane=\"mail\"}"),
            Some(10.0)
        );
        assert_eq!(value(&page, "monitor_workers_alive"), Some(1.0));
        let heartbeat = value(&page, "monitor_worker_last_heartbeat_timestamp_seconds");
        let start = crate::support::start().timestamp_micros() as f64 / 1e6;
        assert_eq!(heartbeat, Some(start));
        assert!(value(&page, "monitor_database_commits_total").unwrap() > 0.0);

        let now = web.now();
        web.write(move |c| {
            for claimed in deliveries::recent(c, 10)? {
                let claim = deliveries::Claim {
                    lane: &claimed.lane,
                    worker: "w",
                    now,
                    lease_until: now + Duration::from_secs(30),
                    limit: 10,
                    in_flight: &[],
                    turns: &monitor_model::deliveries::Turns::default(),
                };
                for claimed in deliveries::claim(c, &claim)? {
                    deliveries::mark_sent(c, claimed.id, claimed.attempt, now)?;
                }
            }
            workers::remove(c, "w")
        })
        .await;
        let early = web.get("/metrics").await.body;
        assert_eq!(
            value(&early, "monitor_outbox_unfinished{lane=\"mail\"}"),
            Some(2.0),
            "however often it is scraped, the database is read once a second"
        );
        web.clock.advance(Duration::from_secs(1));
        let page = web.get("/metrics").await.body;
        assert_eq!(
            value(&page, "monitor_outbox_unfinished{lane=\"mail\"}"),
            Some(0.0)
        );
        assert_eq!(
            value(&page, "monitor_outbox_oldest_age_seconds{lane=\"mail\"}"),
            Some(0.0)
        );
        assert_eq!(value(&page, "monitor_workers_alive"), Some(0.0));
        web.stop().await;
    }
}

#[tokio::test]
async fn the_life_of_alerts_and_of_the_monitor_is_exposed() {
    for database in Database::each() {
        let web = Web::on(database).await;
        web.clock.wait_for_sleepers(2).await;
        let page = web.get("/metrics").await.body;
        assert_eq!(value(&page, "monitor_web_processes_alive"), Some(1.0));
        assert_eq!(
            value(&page, "monitor_workers_alive"),
            Some(0.0),
            "a web reads nothing"
        );
        assert_eq!(value(&page, "monitor_alerts_open"), Some(0.0));
        assert_eq!(value(&page, "monitor_incidents{kind=\"gap\"}"), Some(0.0));
        // What alerts are written on is there before anything is sent.
        for series in [
            "outbox_unfinished",
            "outbox_oldest_age_seconds",
            "deliveries_undelivered",
        ] {
            for lane in ["mail", "sms", "@alarm"] {
                let series = format!("monitor_{series}{{lane=\"{lane}\"}}");
                assert_eq!(value(&page, &series), Some(0.0), "{series}: {page}");
            }
        }

        web.incident(IncidentKind::System, "a", "cannot be read").await;
        web.incident(IncidentKind::System, "b", "cannot be read").await;
        let (taken, _) = (web.alert("x").await, web.alert("z").await);
        web.post(&format!("/api/v1/alerts/{taken}/ack"), "").await;
        web.silence(Some("z"), "known", 5).await;
        let delivery = web.unsent(None, "mail", DeliveryStatus::Failed, "{}").await;
        web.clock.advance(Duration::from_secs(1));
        let page = web.get("/metrics").await.body;
        promtool::check_metrics(&page);
        assert_eq!(value(&page, "monitor_incidents{kind=\"system\"}"), Some(2.0));
        assert_eq!(value(&page, "monitor_incidents{kind=\"gap\"}"), Some(0.0));
        assert_eq!(value(&page, "monitor_alerts_open"), Some(2.0));
        assert_eq!(value(&page, "monitor_alerts_unacknowledged"), Some(1.0));
        assert_eq!(value(&page, "monitor_silences_active"), Some(1.0));
        let undelivered = "monitor_deliveries_undelivered{lane=\"mail\"}";
        assert_eq!(value(&page, undelivered), Some(1.0));

        web.post(&format!("/api/v1/deliveries/{delivery}/retry"), "")
            .await;
        web.clock.advance(Duration::from_secs(300));
        let page = web.get("/metrics").await.body;
        assert_eq!(
            value(&page, undelivered),
            Some(0.0),
            "a lane that was there stays"
        );
        assert_eq!(value(&page, "monitor_silences_active"), Some(0.0));
        web.stop().await;
    }
}

#[tokio::test]
async fn requests_are_counted_and_nobody_can_make_series_up() {
    let web = Web::start().await;
    web.get("/healthz").await;
    web.get("/healthz").await;
    web.send("DELETE", "/delete/1", &[]).await;
    web.send("DELETE", "/delete/2", &[]).await;
    web.get("/reset").await;
    for path in ["/no/such", "/path", "/metrics/x"] {
        web.get(path).await;
    }
    web.send("BREW", "/healthz", &[]).await;
    web.send_raw("GET", "/get_current_values", &[("Host", "evil.example")])
        .await;
    let _live = web.events().await;
    let page = web.get("/metrics").await.body;
    promtool::check_metrics(&page);
    let requests = |route: &str, method: &str, status: u16| {
        let labels = format!("{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}");
        value(&page, &format!("monitor_http_requests_total{labels}"))
    };
    assert_eq!(requests("/healthz", "GET", 200), Some(2.0));
    assert_eq!(requests("/delete/{id}", "DELETE", 404), Some(2.0));
    assert_eq!(requests("/reset", "GET", 405), Some(1.0));
    assert_eq!(requests("unmatched", "GET", 404), Some(3.0));
    assert_eq!(requests("/healthz", "other", 405), Some(1.0));
    assert_eq!(
        requests("/get_current_values", "GET", 421),
        Some(1.0),
        "refused ones too"
    );
    assert_eq!(
        value(
            &page,
            "monitor_http_request_duration_seconds_count{route=\"/healthz\"}"
        ),
        Some(3.0)
    );
    for made_up in ["such", "BREW", "evil"] {
        assert!(!page.contains(made_up), "{made_up}: {page}");
    }
    web.stop().await;
}

#[tokio::test]
async fn live_connections_are_counted() {
    let web = Web::start().await;
    assert_eq!(
        value(&web.get("/metrics").await.body, "monitor_live_readers"),
        Some(0.0)
    );
    let mut live = web.events().await;
    live.next().await.unwrap();
    assert_eq!(
        value(&web.get("/metrics").await.body, "monitor_live_readers"),
        Some(1.0)
    );
    web.stop().await;
}

#[tokio::test]
async fn the_token_is_demanded_where_there_is_one() {
    let web = Web::with(
        Database::sqlite(),
        |ctx| ctx.metrics_token = Some("a-token".into()),
        |_| {},
    )
    .await;
    for wrong in [
        None,
        Some("Bearer another"),
        Some("Bearer a-toke"),
        Some("Basic a-token"),
    ] {
        let headers: Vec<_> = wrong.map(|w| ("Authorization", w)).into_iter().collect();
        let answer = web.send("GET", "/metrics", &headers).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (401, "unauthorized"),
            "{wrong:?}"
        );
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert!(!answer.body.contains("monitor_"));
    }
    let headers = [
        ("Authorization", "Bearer a-token"),
        (
            "Accept",
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
        ),
    ];
    let answer = web.send("GET", "/metrics", &headers).await;
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type").unwrap();
    assert!(
        kind.starts_with("application/openmetrics-text; version=1.0.0"),
        "{kind}"
    );
    assert!(answer.body.contains("# EOF"));
    let foreign = [("Host", "evil.example"), ("Authorization", "Bearer a-token")];
    assert_eq!(web.send_raw("GET", "/metrics", &foreign).await.status, 421);
    web.stop().await;
}

#[tokio::test]
async fn a_database_that_cannot_be_read_is_reported() {
    let web = Web::start().await;
    web.heartbeat().await;
    assert_eq!(
        value(&web.get("/metrics").await.body, "monitor_workers_alive"),
        Some(1.0)
    );
    web.db.close().await;
    web.clock.advance(Duration::from_secs(1));
    let page = web.get("/metrics").await.body;
    promtool::check_metrics(&page);
    assert_eq!(value(&page, "monitor_database_up"), Some(0.0));
    assert!(
        !page.contains("workers_alive"),
        "what was read before is not what is: {page}"
    );
    web.stop().await;
}
