//! The page `/monitor` before its script runs; a browser test has the rest.

use chrono::TimeDelta;
use monitor_model::{ProcessRole, realtime, stops};

use crate::support::{Database, Web};

#[tokio::test]
async fn it_shows_all_without_a_script() {
    let web = Web::start().await;
    web.heartbeat().await;
    web.value("z", 12_345.5).await;
    web.alert("z").await;
    let record = web.record("x", "Order 7 was refused").await;
    web.delivery(record.id, "mail").await;
    web.clock.step_wall(TimeDelta::seconds(5));
    let page = web.get("/monitor").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let parts = [
        r#"data-testid="metric-card-z""#.to_owned(),
        r#"data-testid="metric-value-z">12,345.5</span>"#.into(),
        r#"data-testid="metric-state-z">Normal</span>"#.into(),
        r#"data-testid="metric-state-x">Waiting for first reading</span>"#.into(),
        ">5 s ago</time>".into(),
        "1 alert not acknowledged".into(),
        format!(r#"data-testid="record-row-{}""#, record.id),
        format!(r#"data-testid="delete-{}""#, record.id),
        "Order 7 was refused</td>".into(),
        "<b>mail</b> pending".into(),
        r#"data-testid="reset""#.into(),
        r#"data-testid="confirm-yes""#.into(),
        r#"data-testid="confirm-no""#.into(),
        r#"<tbody id="records">"#.into(),
        r#"data-testid="worker-banner" role="status" hidden>"#.into(),
    ];
    for part in parts {
        assert!(page.body.contains(&part), "{part} is not in {}", page.body);
    }
    web.stop().await;
}

/// The last worker stopped cleanly: that is neither a death nor a worker that never was.
#[tokio::test]
async fn a_stopped_worker_is_reported_with_the_time() {
    let web = Web::start().await;
    let at = web.now();
    let stop = move |c: &mut monitor_model::Conn| stops::record(c, ProcessRole::Worker, at);
    web.write(stop).await;
    web.clock.step_wall(TimeDelta::seconds(90));
    let stopped = at.and_utc().format("%H:%M:%S UTC").to_string();
    let banner = format!("The worker was stopped at {stopped}. Nothing is being read");
    for path in ["/monitor", "/alerts", "/deliveries", "/system", "/monitor/z"] {
        let page = web.get(path).await.body;
        assert!(page.contains(&banner), "{path}: {page}");
    }
    let chinese = web.get("/monitor?lang=zh-CN").await.body;
    assert!(
        chinese.contains(&format!("采集进程已于 {stopped} 停止")),
        "{chinese}"
    );
    for path in ["/readyz", "/api/v1/metrics"] {
        let worker = web.get(path).await.json()["worker"].clone();
        assert_eq!(worker["state"], "stopped", "{path}: {worker}");
        assert!(worker["stopped_at"].is_string(), "{path}: {worker}");
    }
    // One that runs again is no longer stopped, and one that dies then is silent.
    web.heartbeat().await;
    assert_eq!(web.get("/readyz").await.json()["worker"]["state"], "alive");
    web.clock.step_wall(TimeDelta::seconds(90));
    assert_eq!(web.get("/readyz").await.json()["worker"]["state"], "silent");
    web.stop().await;
}

#[tokio::test]
async fn a_silent_worker_is_reported() {
    let web = Web::start().await;
    assert!(
        web.get("/monitor")
            .await
            .body
            .contains(r#"role="status">No worker has reported yet"#)
    );
    web.heartbeat().await;
    web.clock.step_wall(TimeDelta::seconds(90));
    assert!(
        web.get("/monitor")
            .await
            .body
            .contains("The worker was last heard from 1 min ago.")
    );
    web.stop().await;
}

#[tokio::test]
async fn it_speaks_the_readers_language() {
    let web = Web::with(
        Database::sqlite(),
        |ctx| ctx.lang = monitor_domain::Language::Chinese,
        |_| {},
    )
    .await;
    let chinese = |page: &str| page.contains(r#"<html lang="zh-CN">"#) && page.contains("重置告警");
    assert!(
        chinese(&web.get("/monitor").await.body),
        "the default of the config"
    );
    let english = web
        .send("GET", "/monitor", &[("Accept-Language", "en-US,zh;q=0.5")])
        .await;
    assert!(english.body.contains(r#"<html lang="en">"#) && english.body.contains("Reset alarm"));
    assert_eq!(english.header("set-cookie"), None);
    let chosen = web
        .send("GET", "/monitor?lang=zh", &[("Accept-Language", "en")])
        .await;
    assert!(chinese(&chosen.body));
    let cookie = chosen.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("lang=zh-CN; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let remembered = web
        .send(
            "GET",
            "/monitor",
            &[("Accept-Language", "en"), ("Cookie", "lang=zh-CN")],
        )
        .await;
    assert!(chinese(&remembered.body));
    web.stop().await;
}

#[tokio::test]
async fn text_from_upstream_is_never_markup() {
    let web = Web::start().await;
    web.record("x", "</script><script>alert(1)</script>").await;
    web.record("\"><img src=x>", "quote \" onmouseover=\"x").await;
    let at = web.now();
    web.write(move |c| realtime::record_error(c, "z", "<img src=x onerror=alert(1)>", at))
        .await;
    let page = web.get("/monitor").await.body;
    for bad in ["<script>alert", "<img src=x", "\" onmouseover"] {
        assert!(!page.contains(bad), "{bad}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)"));
    web.stop().await;
}

#[tokio::test]
async fn a_page_comes_compressed_where_wanted() {
    let web = Web::start().await;
    let page = web.send("GET", "/monitor", &[("Accept-Encoding", "gzip")]).await;
    assert_eq!(page.header("content-encoding"), Some("gzip"));
    web.stop().await;
}
