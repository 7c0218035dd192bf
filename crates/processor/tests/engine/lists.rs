//! Metrics that are lists: each item is a metric of its own, and items come and go.

use std::time::Duration;

use monitor_domain::MetricKey;
use monitor_harness::{Config, TestApp, both, eventually};
use monitor_model::{Alert, AlertKind, IncidentKind, incidents, metric_items};
use monitor_simulator::{Fault, Times};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Shops of which each has a number of open orders.
const SHOPS: &str = r#"
[metrics.open_orders]
title = "Open orders"
unit = "orders"
fetch = { system = "a", path = "/api/shops" }
for_each = { items = "$.shops[*]", key = "$.id", label = "$.name", value = "$.open" }
alert = { above = 100 }
"#;
const NOT_LISTED: &str = "is not in the list \"Open orders\" any more";
const SECOND: Duration = Duration::from_secs(1);
/// Longer than six intervals, after which an item is gone that is missing.
const LONG: Duration = Duration::from_secs(2);

fn shops_and(more: &str) -> Config {
    Config::metrics(&format!("{SHOPS}{more}"))
}

fn set_shops(app: &TestApp, shops: &[(i64, &str, f64)]) {
    let shops = shops
        .iter()
        .map(|(id, name, open)| json!({ "id": id, "name": name, "open": open }));
    set_list(app, &shops.collect());
}

fn set_list(app: &TestApp, shops: &Value) {
    app.a().set_document("/api/shops", json!({ "shops": shops }));
}

/// So many shops without a name, each with one open order.
fn many(ids: impl Iterator<Item = usize>) -> Value {
    ids.map(|id| json!({ "id": format!("{id:04}"), "open": 1 }))
        .collect()
}

async fn watched(app: &TestApp) -> Vec<String> {
    let items = app.db.read(metric_items::watched).await.unwrap();
    let mut keys: Vec<String> = items.into_iter().map(|item| item.key.to_string()).collect();
    keys.sort_unstable();
    keys
}

async fn value(app: &TestApp, key: &str) -> Option<f64> {
    app.samples(key).await.pop().and_then(|sample| sample.value)
}

async fn alerts_of(app: &TestApp, key: &str) -> Vec<Alert> {
    let all = app.alerts().await.into_iter();
    all.filter(|alert| alert.key.as_str() == key).collect()
}

/// Why the last reading of a metric failed.
async fn error(app: &TestApp, key: &'static str) -> String {
    let now = app
        .db
        .read(move |c| monitor_model::realtime::get(c, key))
        .await
        .unwrap();
    now.unwrap().error.unwrap_or_default()
}

/// The open incidents: kind, subject, reason.
async fn open_incidents(app: &TestApp) -> Vec<(IncidentKind, String, String)> {
    let open = app.db.read(incidents::all_open).await.unwrap();
    open.into_iter()
        .map(|one| (one.kind, one.subject, one.reason))
        .collect()
}

both! {
    async fn each_item_is_a_metric_of_its_own(app: TestApp, shops_and(
        "details = { system = \"b\", path = \"/api/shops/{{ item.key }}/latest\", query = { name = \"{{ item.label }}\", of = \"{{ key }}\" }, messages = \"$.items[*]\" }\n",
    )) {
        app.b().set_document("/api/shops/17/latest?name=North+%26+South&of=open_orders.17", json!({ "items": ["Order 8", "Order 9"] }));
        set_shops(&app, &[(17, "North & South", 131.0), (9, "East", 5.0), (3, "West", 100.0)]);
        app.poll().await;
        assert_eq!(watched(&app).await, ["open_orders.17", "open_orders.3", "open_orders.9"]);
        let read = [value(&app, "open_orders.17").await, value(&app, "open_orders.9").await, value(&app, "open_orders").await];
        assert_eq!(read, [Some(131.0), Some(5.0), None], "the list itself has no value");
        let said: Vec<_> = app.messages().await;
        let one = |text: &str| ("open_orders.17".to_owned(), text.to_owned());
        assert_eq!(said, [one("Order 8"), one("Order 9")], "what is known of this shop, and of no other");
        let subjects = app.subjects();
        assert!(subjects.iter().all(|subject| subject.contains("Open orders: North & South")), "{subjects:?}");
        // Others go on by themselves.
        set_shops(&app, &[(17, "North & South", 131.0), (9, "East", 5.0), (3, "West", 101.0)]);
        app.poll().await;
        assert_eq!((alerts_of(&app, "open_orders.17").await.len(), alerts_of(&app, "open_orders.3").await.len()), (1, 1));
        set_shops(&app, &[(17, "North & South", 99.0), (9, "East", 5.0), (3, "West", 101.0)]);
        app.poll().await;
        assert!(alerts_of(&app, "open_orders.17").await[0].resolved_at.is_some());
        assert!(alerts_of(&app, "open_orders.3").await[0].resolved_at.is_none());
        app.finish().await;
    }
}

both! {
    async fn fifty_items_make_one_call_a_tick(app: TestApp, Config { interval: "10s".into(), ..shops_and("") }) {
        set_list(&app, &many(0..50));
        let calls = || app.a().count("GET", "/api/shops");
        let series = |result: &str| app.series(&format!("monitor_cycles_total{{metric=\"open_orders\",result=\"{result}\"}}"));
        app.while_running(async {
            eventually("the items are known", || async { (watched(&app).await.len() == 50).then_some(()) }).await;
            // The worker goes on by them before the next tick.
            eventually("the items are metrics", || async { series("value").is_finite().then_some(()) }).await;
            for tick in 1..=3 {
                app.clock.jump(Duration::from_secs(10));
                let all = f64::from(tick) * 50.0;
                eventually("all items are read", || async { (series("value") >= all).then_some(()) }).await;
                assert_eq!(calls(), 1 + usize::try_from(tick).unwrap(), "one call serves the list and all its items");
            }
        })
        .await;
        assert_eq!((series("value"), series("unreadable")), (150.0, 0.0), "those of a list are counted together");
        let own = app.series("monitor_metric_value{metric=\"open_orders.0007\"}");
        assert_eq!(own, 1.0, "and each has its own number");
        // So does a worker that runs once.
        app.poll().await;
        assert_eq!(calls(), 5);
        app.finish().await;
    }
}

both! {
    async fn an_item_that_appears_is_read_from_the_next_tick_on(app: TestApp, Config { interval: "10s".into(), ..shops_and("[metrics.x]\n") }) {
        set_shops(&app, &[(1, "North", 1.0)]);
        let x = || app.series("monitor_cycles_total{metric=\"x\",result=\"value\"}");
        app.while_running(async {
            for (tick, shops) in [(1.0, 1), (2.0, 2), (3.0, 2), (4.0, 3), (5.0, 3)] {
                let all = [(1, "North", 1.0), (2, "South", 131.0), (3, "East", 150.0)];
                set_shops(&app, &all[..shops]);
                if tick > 1.0 {
                    app.clock.jump(Duration::from_secs(10));
                }
                eventually("x is read at every tick", || async { (x() >= tick).then_some(()) }).await;
                eventually("the list is read", || async { (watched(&app).await.len() == shops).then_some(()) }).await;
                let newest = format!("monitor_metric_value{{metric=\"open_orders.{shops}\"}}");
                if shops == 1 || tick == 3.0 || tick == 5.0 {
                    eventually("the newest item is read", || async {
                        app.clock.jump(Duration::from_millis(100));
                        app.series(&newest).is_finite().then_some(())
                    }).await;
                }
            }
            eventually("everything is delivered", || async {
                app.clock.jump(SECOND);
                let left = app.db.read(monitor_model::deliveries::unfinished).await.unwrap();
                (left == 0).then_some(())
            }).await;
        })
        .await;
        assert!(x() >= 5.0, "no tick of another metric is lost: {}", x());
        assert_eq!((alerts_of(&app, "open_orders.2").await.len(), alerts_of(&app, "open_orders.3").await.len()), (1, 1));
        app.poll().await;
        app.finish().await;
    }
}

both! {
    async fn an_item_that_stays_away_is_removed_and_its_alert_ends(app: TestApp, shops_and("")) {
        set_shops(&app, &[(17, "North", 131.0), (9, "East", 5.0)]);
        app.poll().await;
        set_shops(&app, &[(9, "East", 5.0)]);
        app.after(Duration::from_millis(300)).await;
        let why = error(&app, "open_orders.17").await;
        assert!(why.starts_with("North is not in the list any more (system a: /api/shops has no item"), "{why}");
        assert_eq!(watched(&app).await.len(), 2, "it may be back soon");
        assert!(alerts_of(&app, "open_orders.17").await[0].resolved_at.is_none());
        app.after(LONG).await;
        assert_eq!(watched(&app).await, ["open_orders.9"]);
        app.poll().await;
        let alerts = alerts_of(&app, "open_orders.17").await;
        assert_eq!(alerts.len(), 1, "missing is no alert of its own: {alerts:?}");
        assert!(alerts[0].resolved_at.is_some());
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 2, "{subjects:?}");
        assert_eq!(subjects[1], format!("[closed] Open orders: North: {NOT_LISTED}"));
        assert!(alerts_of(&app, "open_orders.9").await.is_empty());

        // Once it is back it is known still, and alerts anew.
        set_shops(&app, &[(17, "Northern", 140.0), (9, "East", 5.0)]);
        app.after(SECOND).await;
        let subjects = app.subjects();
        assert!(subjects.len() == 3 && subjects[2].contains("Open orders: Northern"), "{subjects:?}");
        assert_eq!(app.samples("open_orders.17").await.first().unwrap().value, Some(131.0));
        app.finish().await;
    }
}

both! {
    async fn a_rise_counts_from_before_an_item_was_away(app: TestApp, Config::metrics(&SHOPS.replace("above = 100", "rise = 5, initial = \"learn\""))) {
        set_shops(&app, &[(17, "North", 131.0)]);
        app.poll().await;
        set_list(&app, &json!([]));
        app.after(SECOND).await;
        app.after(LONG).await;
        assert!(watched(&app).await.is_empty());
        set_shops(&app, &[(17, "North", 137.0), (18, "South", 500.0)]);
        app.after(SECOND).await;
        let alerts = app.alerts().await;
        assert_eq!((alerts.len(), alerts[0].key.as_str()), (1, "open_orders.17"), "a new one is learnt: {alerts:?}");
        assert!(alerts[0].reason.contains("131"), "{alerts:?}");
        app.finish().await;
    }
}

both! {
    async fn an_empty_list_removes_by_time_and_a_jump_of_the_wall_clock_does_not(app: TestApp, shops_and("")) {
        set_shops(&app, &[(17, "North", 1.0), (9, "East", 5.0)]);
        app.poll().await;
        set_list(&app, &json!([]));
        app.after(Duration::from_millis(300)).await;
        app.clock.step_wall(chrono::Duration::days(3));
        app.after(Duration::from_millis(300)).await;
        assert_eq!(watched(&app).await.len(), 2);
        set_shops(&app, &[(17, "North", 1.0)]);
        app.after(Duration::from_millis(300)).await;
        set_list(&app, &json!([]));
        app.after(SECOND).await;
        assert_eq!(watched(&app).await, ["open_orders.17"], "it was back meanwhile");
        app.after(LONG).await;
        assert!(watched(&app).await.is_empty());
        assert!(app.alerts().await.is_empty() && app.subjects().is_empty(), "that is nothing to be notified of");
        app.finish().await;
    }
}

both! {
    async fn a_list_that_cannot_be_read_removes_nothing_and_is_one_incident(app: TestApp, shops_and("[metrics.x]\n")) {
        set_shops(&app, &[(17, "North", 131.0), (9, "East", 5.0), (3, "West", 7.0)]);
        app.poll().await;
        for (wrong, why) in [
            (json!({ "error": "soon" }), "the answer has no $.shops"),
            (json!({ "shops": null }), "$.shops is no list but null"),
            (json!({ "shops": [{ "id": 1, "open": 1 }, { "id": 9, "open": 5 }, { "id": "9", "open": 6 }] }), "item 3 has the key \"9\", which item 2 has too"),
            (json!({ "shops": [{ "id": 17, "open": 1 }, { "name": "no key" }] }), "item 2 has no $.id, which is to be its key"),
            (json!({ "shops": [{ "id": 1.5, "open": 1 }] }), "neither a string nor a whole number"),
            (json!({ "shops": [{ "id": "k".repeat(201), "open": 1 }] }), "a $.id of 201 characters"),
        ] {
            app.a().set_document("/api/shops", wrong);
            app.after(SECOND).await;
            let said = error(&app, "open_orders.9").await;
            assert!(said.contains(why), "{said}");
            assert_eq!(watched(&app).await, ["open_orders.17", "open_orders.3", "open_orders.9"]);
        }
        for _ in 0..20 {
            app.after(SECOND).await;
        }
        let open = open_incidents(&app).await;
        assert_eq!(open.len(), 1, "{open:?}");
        assert!(open[0].0 == IncidentKind::System && open[0].2.contains("characters") && open[0].2.contains("East"), "{open:?}");
        assert!(!open[0].2.contains(" X"), "x is read: {open:?}");
        let no_data = |alerts: Vec<Alert>| alerts.iter().filter(|alert| alert.kind == AlertKind::NoData && alert.muted.is_none()).count();
        assert_eq!(no_data(app.alerts().await), 0, "{:?}", app.subjects());
        let before = app.subjects().len();
        app.a().fault("/api/shops", Fault::Status(503), Times::Once);
        set_shops(&app, &[(17, "North", 131.0), (9, "East", 5.0), (3, "West", 7.0)]);
        app.after(SECOND).await;
        app.after(SECOND).await;
        app.after(SECOND).await;
        assert!(open_incidents(&app).await.is_empty());
        assert_eq!(app.subjects().len(), before + 1, "its end: {:?}", app.subjects());
        assert_eq!(alerts_of(&app, "open_orders.17").await.iter().filter(|alert| alert.kind == AlertKind::Level).count(), 1, "as before");
        app.finish().await;
    }
}

both! {
    async fn one_item_that_cannot_be_read_is_alone(app: TestApp, shops_and("")) {
        let shops = |open: Value| json!([{ "id": 1, "open": 1 }, { "id": 2, "open": open }, { "id": 3, "open": 3 }]);
        set_list(&app, &shops(json!(2)));
        app.poll().await;
        for (wrong, why) in [
            (json!("12"), "item \"2\": $.open is a string; wanted a number"),
            (json!(null), "item \"2\": $.open is null"),
            (json!([1, 2]), "item \"2\": $.open is an array"),
        ] {
            set_list(&app, &shops(wrong));
            app.after(SECOND).await;
            let said = error(&app, "open_orders.2").await;
            assert!(said.contains(why), "{said}");
            assert_eq!(value(&app, "open_orders.3").await, Some(3.0));
        }
        for _ in 0..8 {
            app.after(SECOND).await;
        }
        let alerts = app.alerts().await;
        assert_eq!((alerts.len(), alerts[0].kind, alerts[0].key.as_str()), (1, AlertKind::NoData, "open_orders.2"), "{alerts:?}");
        assert!(open_incidents(&app).await.is_empty());
        set_list(&app, &shops(json!(2)));
        app.after(SECOND).await;
        app.finish().await;
    }
}

both! {
    async fn of_too_many_items_the_known_ones_are_watched_and_an_incident_says_so(app: TestApp, Config::metrics(&SHOPS.replace("\"$.open\"", "\"$.open\", limit = 20"))) {
        set_list(&app, &many((30..37).chain(50..60)));
        app.poll().await;
        assert_eq!((watched(&app).await.len(), open_incidents(&app).await), (17, vec![]));
        set_list(&app, &many((0..60).rev()));
        app.poll().await;
        let known = watched(&app).await;
        assert_eq!(known.len(), 20);
        assert!(["0000", "0001", "0002", "0030", "0059"].iter().all(|item| known.contains(&format!("open_orders.{item}"))), "{known:?}");
        let open = open_incidents(&app).await;
        assert_eq!((open.len(), open[0].0, open[0].1.as_str()), (1, IncidentKind::List, "open_orders"));
        assert!(open[0].2.contains("has 60 items, and 20 are watched"), "{open:?}");
        app.poll().await;
        app.poll().await;
        assert_eq!(app.subjects().len(), 1, "{:?}", app.subjects());
        assert_eq!(watched(&app).await, known, "the same ones");
        set_list(&app, &many(50..60));
        app.after(SECOND).await;
        app.poll().await;
        assert!(open_incidents(&app).await.is_empty());
        app.after(LONG).await;
        assert_eq!(watched(&app).await.len(), 10);
        set_list(&app, &many(40..60));
        app.poll().await;
        assert_eq!((watched(&app).await.len(), open_incidents(&app).await), (20, vec![]), "there is room again");
        app.finish().await;
    }
}

both! {
    async fn a_list_that_never_was_read_is_an_incident(app: TestApp, shops_and("")) {
        app.a().set_document("/api/shops", json!({ "error": "no such thing" }));
        for _ in 0..4 {
            app.after(SECOND).await;
        }
        let open = open_incidents(&app).await;
        assert_eq!((open.len(), open[0].0), (1, IncidentKind::List), "{open:?}");
        assert!(open[0].2.contains("none of its items is known") && open[0].2.contains("no $.shops"), "{open:?}");
        set_shops(&app, &[]);
        app.poll().await;
        assert!(open_incidents(&app).await.is_empty(), "an empty list is one that was read");
        app.finish().await;
    }
}

both! {
    async fn a_restart_knows_the_items_at_once(app: TestApp, shops_and("")) {
        set_shops(&app, &[(17, "North", 131.0), (9, "East", 5.0)]);
        app.poll().await;
        let mut app = app;
        app.restart(shops_and(""));
        app.a().fault("/api/shops", Fault::Status(503), Times::Always);
        app.poll().await;
        assert!(error(&app, "open_orders.17").await.contains("503"));
        let alerts = alerts_of(&app, "open_orders.17").await;
        assert!(alerts.len() == 1 && alerts[0].resolved_at.is_none(), "its alert goes on: {alerts:?}");
        app.a().clear_faults();
        app.poll().await;
        assert_eq!(app.subjects().len(), 1, "nobody is notified again: {:?}", app.subjects());
        // Out of the config, all of them are.
        app.restart(Config::default());
        app.poll().await;
        app.poll().await;
        assert_eq!(app.subjects()[1], "[closed] Open orders: North: metric removed from the config");
        app.finish().await;
    }
}

both! {
    async fn two_workers_find_the_same_once(app: TestApp, shops_and("")) {
        let other = app.another_engine();
        let both = async || {
            let (one, two) = tokio::join!(app.engine.run_once(CancellationToken::new()), other.run_once(CancellationToken::new()));
            one.unwrap();
            two.unwrap();
        };
        set_shops(&app, &[(17, "North", 131.0), (9, "East", 5.0)]);
        both().await;
        both().await;
        assert_eq!(watched(&app).await, ["open_orders.17", "open_orders.9"]);
        assert_eq!((app.alerts().await.len(), app.subjects().len()), (1, 1));
        set_shops(&app, &[(9, "East", 5.0), (4, "West", 120.0)]);
        app.clock.jump(SECOND);
        both().await;
        app.clock.jump(LONG);
        both().await;
        assert_eq!(watched(&app).await, ["open_orders.4", "open_orders.9"]);
        // While both are alive the other one may read it still.
        app.poll().await;
        let subjects = app.subjects();
        assert_eq!(subjects.len(), 3, "{subjects:?}");
        app.finish().await;
    }
}

both! {
    async fn a_worker_hears_of_items_that_another_one_has_found(app: TestApp, Config { interval: "10s".into(), ..shops_and("") }) {
        set_shops(&app, &[(1, "North", 1.0)]);
        let other = app.another_engine();
        let series = |key: &str| app.series(&format!("monitor_metric_value{{metric=\"open_orders.{key}\"}}"));
        app.while_running(async {
            eventually("the first item is known", || async { (!watched(&app).await.is_empty()).then_some(()) }).await;
            // What this worker reads next has it no more; only what the other one stored says so.
            set_shops(&app, &[(1, "North", 1.0), (2, "South", 2.0)]);
            other.run_once(CancellationToken::new()).await.unwrap();
            eventually("both are read", || async {
                app.clock.jump(SECOND);
                (series("1").is_finite() && series("2").is_finite()).then_some(())
            }).await;
        })
        .await;
        app.poll().await;
        app.finish().await;
    }
}

both! {
    async fn what_a_list_calls_its_items_is_bounded_and_on_one_line(app: TestApp, shops_and("")) {
        let long = "x".repeat(5_000);
        set_list(&app, &json!([
            { "id": "a\r\nBcc: x@example.com", "name": "North\r\nBcc: x@example.com\u{202E}", "open": 131 },
            { "id": "<script>", "name": "<script>alert(1)</script>", "open": 1 },
            { "id": "../../etc", "name": long, "open": 1 },
            { "id": "{{ password }}", "name": "{{ password }}", "open": 1 },
            { "id": "7", "name": "", "open": 1 },
            { "id": "8", "name": null, "open": 1 },
        ]));
        app.poll().await;
        let items = app.db.read(metric_items::watched).await.unwrap();
        assert_eq!(items.len(), 6);
        for item in &items {
            assert!(item.label.chars().count() <= 81 && !item.label.contains(['\n', '\r', '\u{202E}']), "{item:?}");
            assert!(item.key.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) && item.key.len() < 70, "{item:?}");
            assert!(!item.label.is_empty());
        }
        let label = |item: &str| items.iter().find(|one| one.item == item).unwrap().label.clone();
        assert_eq!((label("7"), label("{{ password }}")), ("7".to_owned(), "{{ password }}".to_owned()));
        let mails = app.mail().mails();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].subject.contains("North Bcc: x@example.com") && mails[0].header("Bcc").is_none(), "{:?}", mails[0].subject);
        app.finish().await;
    }
}

both! {
    async fn labels_are_taken_over_now_and_then(app: TestApp, Config { interval: "10s".into(), ..shops_and("") }) {
        let label = async || {
            let items = app.db.read(metric_items::watched).await.unwrap();
            items.first().map(|item| item.label.clone()).unwrap_or_default()
        };
        app.while_running(async {
            set_shops(&app, &[(1, "0 open", 0.0)]);
            eventually("it is known", || async { (label().await == "0 open").then_some(()) }).await;
            let versions = async || app.db.read(metric_items::versions).await.unwrap()["open_orders"];
            let before = versions().await;
            let mut n = 0;
            eventually("ten ticks", || {
                n += 1;
                set_shops(&app, &[(1, &format!("{n} open"), 0.0)]);
                app.clock.jump(Duration::from_secs(10));
                let read = app.a().count("GET", "/api/shops");
                async move { (read >= 10).then_some(()) }
            })
            .await;
            let changes = versions().await - before;
            assert!(changes >= 1 && changes <= i64::from(n) * 10 / 60 + 2, "{changes} in {n} ticks");
        })
        .await;
        app.poll().await;
        app.finish().await;
    }
}

both! {
    async fn a_window_on_the_list_is_one_on_its_items(app: TestApp, shops_and(
        "[maintenance.night]\nfrom = \"00:00\"\nto = \"23:59\"\nmetrics = [\"open_orders\"]\n[maintenance.late]\nfrom = \"23:58\"\nto = \"00:01\"\nmetrics = [\"open_orders\"]\n",
    )) {
        set_shops(&app, &[(1, "North", 131.0)]);
        app.poll().await;
        let alert = alerts_of(&app, "open_orders.1").await.remove(0);
        assert!(alert.muted.is_some_and(|muted| muted.starts_with("maintenance:")));
        assert!(app.subjects().is_empty());
        app.finish().await;
    }
}

#[test]
fn an_item_of_a_list_is_no_metric_of_a_config() {
    let key: MetricKey = "open_orders".parse().unwrap();
    let item = key.of_item("17");
    assert_eq!(item, "open_orders.17");
    assert!(item.parse::<MetricKey>().is_err());
}
