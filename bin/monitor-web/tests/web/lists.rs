//! Metrics that are lists: their items are shown, as the worker finds them.

use std::time::Duration;

use monitor_domain::{MetricKey, Severity};
use monitor_model::{ItemChange, metric_items, realtime};
use monitor_web::{ListView, MetricView};

use crate::support::{Database, Web};

fn shops() -> ListView {
    ListView {
        view: MetricView {
            key: MetricKey::stored("shops"),
            title: "Open orders".into(),
            unit: "orders".into(),
            severity: Severity::Critical,
            rule_text: "above 100".into(),
            depends_on: Vec::new(),
            interval: Duration::from_secs(10),
            item: None,
        },
        after: 1,
    }
}

fn listed(item: &str, label: &str) -> ItemChange {
    ItemChange::Listed {
        item: item.to_owned(),
        label: label.to_owned(),
    }
}

async fn store(web: &Web, changes: Vec<ItemChange>) {
    let (list, at) = (MetricKey::stored("shops"), web.now());
    web.write(move |c| metric_items::apply(c, &list, &changes, at))
        .await;
}

async fn keys(web: &Web) -> Vec<String> {
    let json = web.get("/api/v1/metrics").await.json();
    let metrics = json["metrics"].as_array().unwrap().iter();
    metrics
        .map(|metric| metric["key"].as_str().unwrap().to_owned())
        .collect()
}

/// Time passes until the items are these.
async fn shows(web: &Web, expected: &[&str]) {
    for _ in 0..200 {
        if keys(web).await == expected {
            return;
        }
        web.clock.advance(Duration::from_millis(200));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?} and not {expected:?}", keys(web).await);
}

#[tokio::test]
async fn items_are_shown_as_they_come_and_go() {
    for database in Database::each() {
        let web = Web::with(database, |ctx| ctx.lists.push(shops()), |_| {}).await;
        assert_eq!(keys(&web).await, ["z", "x", "y"], "the list itself has no value");
        store(
            &web,
            vec![listed("17", "North <b>shop</b>"), listed("Ä 1", "South")],
        )
        .await;
        let south = MetricKey::stored("shops").of_item("Ä 1").to_string();
        shows(&web, &["z", "shops.17", &south, "x", "y"]).await;
        let at = web.now();
        web.write(move |c| realtime::record_value(c, "shops.17", 131.0, at))
            .await;
        let json = web.get("/api/v1/metrics").await.json();
        let north = &json["metrics"][1];
        assert_eq!(
            (north["value"].as_i64(), north["severity"].as_str()),
            (Some(131), Some("critical"))
        );
        let named = ["title", "list", "item", "label"].map(|field| north[field].as_str().unwrap());
        assert_eq!(
            named,
            [
                "Open orders: North <b>shop</b>",
                "shops",
                "17",
                "North <b>shop</b>"
            ]
        );
        assert_eq!(json["metrics"][2]["item"], "Ä 1");
        assert!(json["metrics"][0].get("list").is_none());

        let page = web.get("/monitor").await.body;
        assert!(
            page.contains("North &lt;b&gt;shop") || page.contains("North &#x3c;b"),
            "{page}"
        );
        assert!(!page.contains("<b>shop"), "what a system calls its items is text");
        for path in [
            "/monitor/shops.17",
            &format!("/monitor/{south}"),
            "/api/v1/metrics/shops.17/evaluations",
        ] {
            assert_eq!(web.get(path).await.status, 200, "{path}");
        }
        for path in [
            "/monitor/shops",
            "/monitor/shops.18",
            "/api/v1/metrics/shops/evaluations",
        ] {
            assert_eq!(web.get(path).await.status, 404, "{path}");
        }
        let values = web.get("/get_current_values").await.json();
        assert_eq!(values["shops.17"], 131);

        let gone = MetricKey::stored("shops").of_item("17");
        store(&web, vec![ItemChange::Missing(gone.clone())]).await;
        store(&web, vec![ItemChange::Gone(gone)]).await;
        shows(&web, &["z", &south, "x", "y"]).await;
        assert_eq!(web.get("/monitor/shops.17").await.status, 404);
        web.stop().await;
    }
}

#[tokio::test]
async fn a_silence_may_be_about_an_item() {
    let web = Web::with(Database::sqlite(), |ctx| ctx.lists.push(shops()), |_| {}).await;
    store(&web, vec![listed("17", "North")]).await;
    shows(&web, &["z", "shops.17", "x", "y"]).await;
    for (key, is_known) in [("shops.17", true), ("shops.18", false), ("shops", false)] {
        let body = format!(r#"{{"key":"{key}","for":"1h","reason":"stock-taking","by":"Anna"}}"#);
        let answer = web.post("/api/v1/silences", &body).await;
        assert_eq!(answer.status == 201, is_known, "{key}: {}", answer.body);
    }
    let json = web.get("/api/v1/metrics").await.json();
    assert_eq!(json["metrics"][1]["muted"], "silence:1");
    web.stop().await;
}

#[tokio::test]
async fn a_restarted_web_shows_them_at_once() {
    let database = Database::sqlite();
    let db = database.open().await;
    db.migrate().await.unwrap();
    let (list, at) = (MetricKey::stored("shops"), chrono::NaiveDateTime::default());
    db.write(move |c| metric_items::apply(c, &list, &[listed("17", "North")], at))
        .await
        .unwrap();
    let web = Web::with(database, |ctx| ctx.lists.push(shops()), |_| {}).await;
    assert_eq!(keys(&web).await, ["z", "shops.17", "x", "y"]);
    web.stop().await;
    db.close().await;
}
