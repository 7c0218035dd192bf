//! Metrics by config alone: chains of calls, and one call for all that is read from it.

use monitor_harness::{Config, TestApp, both, eventually};
use monitor_model::states;
use monitor_simulator::{Fault, Times};
use serde_json::json;

/// Five metrics that are read from one answer, which a session's shop is needed for.
const ORDERS: &str = r#"
[fetches.orders]
system = "a"
steps = [{ path = "/api/session", take = { shop = "$.shop" } }]
path = "/api/shops/{{ shop }}/orders"
query = { status = "open" }

[metrics.open]
fetch = { from = "orders", value = "$.open" }
alert = { rise = 1 }
details = { system = "b", steps = [{ path = "/api/session", take = { shop = "$.shop" } }], path = "/api/shops/{{ shop }}/latest?n={{ delta }}", messages = "$.items[*].title" }
[metrics.late]
fetch = { from = "orders", count = "$.late[*]" }
alert = { above = 10 }
[metrics.paid]
unit = "EUR"
fetch = { from = "orders", sum = "$.cents[*]", scale = 0.01 }
alert = { above = 10 }
[metrics.most]
fetch = { from = "orders", max = "$.cents[*]" }
alert = { above = 10_000 }
[metrics.same]
fetch = { system = "a", steps = [{ path = "/api/session", take = { shop = "$.shop" } }], path = "/api/shops/{{ shop }}/orders", query = { status = "open" }, min = "$.cents[*]" }
alert = { above = 10_000 }
"#;

const PATH: &str = "/api/shops/7/orders?status=open";

fn set_orders(app: &TestApp, open: i64) {
    app.a().set_document("/api/session", json!({ "shop": 7 }));
    let orders = json!({ "open": open, "late": [1, 2], "cents": [1_000, 378] });
    app.a().set_document(PATH, orders);
}

fn requests(app: &TestApp, path: &str) -> usize {
    app.a()
        .requests()
        .iter()
        .filter(|request| request.path == path)
        .count()
}

async fn value(app: &TestApp, key: &'static str) -> Option<f64> {
    app.samples(key).await.pop().and_then(|sample| sample.value)
}

/// How often each metric was read and judged.
async fn evaluated(app: &TestApp) -> i64 {
    let all = app.db.read(states::all).await.unwrap();
    all.iter().map(|state| state.version).sum()
}

both! {
    async fn five_metrics_on_one_request_make_one_call_a_tick(app: TestApp, Config::metrics(ORDERS)) {
        set_orders(&app, 0);
        for tick in 1..=3 {
            app.poll().await;
            assert_eq!((requests(&app, "/api/session"), requests(&app, "/api/shops/7/orders")), (tick, tick));
        }
        let read = [value(&app, "late").await, value(&app, "paid").await, value(&app, "most").await, value(&app, "same").await];
        assert_eq!(read, [Some(2.0), Some(13.78), Some(1000.0), Some(378.0)]);
        let said = app.messages().await;
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].0 == "paid" && said[0].1.starts_with("13.78 is above 10 "), "{said:?}");
        // What was read in the tick before is not an answer of this one.
        set_orders(&app, 2);
        app.b().set_document("/api/session", json!({ "shop": 9 }));
        app.b().set_document("/api/shops/9/latest?n=2", json!({ "items": [{ "title": "Order 8" }, { "title": "Order 9" }] }));
        app.poll().await;
        let said: Vec<String> = app.messages().await.into_iter().filter(|(key, _)| key == "open").map(|(_, said)| said).collect();
        assert_eq!(said, ["Order 8", "Order 9"]);
        app.finish().await;
    }
}

both! {
    async fn a_step_that_fails_makes_all_of_them_unreadable_and_says_which(app: TestApp, Config::metrics(ORDERS)) {
        set_orders(&app, 0);
        app.poll().await;
        app.a().fault("/api/session", Fault::Status(404), Times::Once);
        app.poll().await;
        assert_eq!(requests(&app, "/api/session"), 2, "an error is shared too");
        for key in ["open", "late", "paid", "most", "same"] {
            let reason = app.phase(key).await.1;
            assert!(reason.contains("step 1 (GET /api/session): ") && reason.contains("404"), "{key}: {reason}");
        }
        app.poll().await;
        assert!(!app.phase("late").await.1.contains("step 1"), "and forgotten with its tick");
        app.finish().await;
    }
}

both! {
    async fn a_fetch_knows_what_was_read_last(app: TestApp, Config::metrics(r#"
[metrics.w]
fetch = { system = "a", path = "/api/orders?since={{ previous }}", headers = { X-Key = "{{ key }}" }, value = "$.n" }
alert = { rise = 100 }
"#)) {
        for (since, n) in [(0, 5), (5, 8), (8, 3)] {
            app.a().set_document(&format!("/api/orders?since={since}"), json!({ "n": n }));
        }
        for n in [5.0, 8.0, 3.0] {
            app.poll().await;
            assert_eq!(value(&app, "w").await, Some(n));
        }
        let keys: Vec<_> = app.a().requests().into_iter().filter_map(|request| request.header("x-key").map(str::to_owned)).collect();
        assert_eq!(keys, ["w", "w", "w"]);
        app.finish().await;
    }
}

both! {
    /// By their own schedule, at two intervals, and slower than both.
    async fn what_is_due_together_shares_a_call_whatever_its_interval(app: TestApp, Config::metrics(&format!(
        "{}\n[metrics.seldom]\ninterval = \"600ms\"\nfetch = {{ from = \"orders\", value = \"$.open\" }}\nalert = {{ rise = 1 }}\n",
        ORDERS.replace("details = ", "#")
    ))) {
        set_orders(&app, 0);
        app.while_running(async {
            for fault in [None, Some(Fault::DelayHead(std::time::Duration::from_millis(700)))] {
                if let Some(fault) = fault {
                    app.a().fault("/api/shops", fault, Times::Always);
                }
                let (calls, readings) = (requests(&app, "/api/shops/7/orders"), evaluated(&app).await);
                eventually("ten more calls", || async {
                    (requests(&app, "/api/shops/7/orders") >= calls + 10).then_some(())
                }).await;
                let calls = i64::try_from(requests(&app, "/api/shops/7/orders") - calls).unwrap();
                let readings = evaluated(&app).await - readings;
                // Five or six readings a call; a loaded machine makes some of them late.
                assert!(readings > 2 * calls, "{readings} readings by {calls} calls");
            }
        }).await;
        app.abandon();
    }
}
