//! `for_each`, as the programs have it: a page with an item that appears, its mail, and `monitor check` and `try` of it.

use std::process::Command;

use monitor_tests::{Backend, Config, Site, binary, eventually};
use serde_json::json;

const SHOPS: &str = r#"
[metrics.open_orders]
title = "Open orders"
unit = "orders"
fetch = { system = "a", path = "/api/shops" }
for_each = { items = "$.shops[*]", key = "$.id", label = "$.name", value = "$.open", limit = 3 }
alert = { above = 100 }
details = { system = "b", path = "/api/shops/{{ item.key }}", messages = "$.items[*]" }
"#;

fn set_shops(site: &Site, shops: &[(&str, &str, i64)]) {
    let shops = shops
        .iter()
        .map(|(id, name, open)| json!({ "id": id, "name": name, "open": open }));
    let shops: serde_json::Value = shops.collect();
    site.world.a.set_document("/api/shops", json!({ "shops": shops }));
}

/// What `monitor ARGUMENTS` printed, and its exit code.
async fn monitor(site: &Site, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(binary("monitor"));
    command.args(arguments).arg("--config").arg(&site.config);
    let ended = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let said = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let said = said.concat().split_whitespace().collect::<Vec<_>>().join(" ");
    (ended.status.code(), said)
}

async fn page_has(site: &Site, text: &str, is_there: bool) {
    eventually(text, || async {
        let page = site.get("/monitor").await?;
        (page.contains(text) == is_there).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_appears_alerts_and_goes_in_all_processes() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let config = Config::metrics(SHOPS);
        let Some(site) = Site::with(backend, &config).await else {
            return;
        };
        site.world
            .b
            .set_document("/api/shops/South", json!({ "items": ["Order 8 of South"] }));
        set_shops(&site, &[("17", "North shop", 5)]);
        let mut worker = site.program("monitor-worker", &[]);
        let mut web = site.program("monitor-web", &[]);
        page_has(&site, "Open orders: North shop", true).await;
        set_shops(&site, &[("17", "North shop", 5), ("South", "South shop", 131)]);
        page_has(&site, "Open orders: South shop", true).await;
        let mail = eventually("its mail", || async {
            site.world.mail.mails().into_iter().next()
        })
        .await;
        assert!(
            mail.subject.contains("Open orders: South shop") && mail.text.contains("Order 8 of South"),
            "{mail:?}"
        );

        set_shops(&site, &[("17", "North shop", 5)]);
        page_has(&site, "Open orders: South shop", false).await;
        let closed = eventually("the end of its alert", || async {
            site.world.mail.mails().into_iter().nth(1)
        })
        .await;
        assert!(closed.subject.contains("is not in the list"), "{closed:?}");
        worker.terminate();
        web.terminate();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_and_try_show_what_a_list_has() {
    let config = Config::metrics(SHOPS);
    let Some(site) = Site::with(Backend::Sqlite, &config).await else {
        return;
    };
    set_shops(
        &site,
        &[
            ("17", "North shop", 131),
            ("9", "", 5),
            ("a b", "Big\u{1b}[2J", 7),
            ("4", "West", 1),
        ],
    );
    site.world
        .b
        .set_document("/api/shops/17", json!({ "items": ["Order 8"] }));
    let (code, said) = monitor(&site, &["check", "--online"]).await;
    assert!(
        code == Some(0) && said.contains("ok list open_orders: 4 items"),
        "{said}"
    );

    let (code, said) = monitor(&site, &["try", "metric", "open_orders"]).await;
    assert_eq!(code, Some(0), "{said}");
    for line in [
        "list open_orders: Open orders",
        "rule of each item: above 100",
        "items 4 items; 3 are watched (for_each.limit)",
        "open_orders.17 (North shop): 131 orders",
        "open_orders.9 (9): 5 orders",
        "(Big␛[2J): 7 orders",
        "GET http",
    ] {
        assert!(said.contains(line), "{line:?} is not in {said}");
    }
    let (code, said) = monitor(&site, &["try", "metric", "open_orders.17"]).await;
    assert_eq!(code, Some(0), "{said}");
    for line in [
        "metric open_orders.17: Open orders: North shop",
        "value 131 orders",
        "would alert",
        "Order 8",
    ] {
        assert!(said.contains(line), "{line:?} is not in {said}");
    }
    let (code, said) = monitor(&site, &["try", "metric", "open_orders.18"]).await;
    assert!(
        code == Some(2) && said.contains("has 4 items, and none is open_orders.18"),
        "{said}"
    );
    let (code, said) = monitor(&site, &["try", "metric", "open_order"]).await;
    assert!(
        code == Some(2) && said.contains("did you mean \"open_orders\"?"),
        "{said}"
    );
    site.world.a.set_document(
        "/api/shops",
        json!({ "shops": [{ "id": 1, "open": 1 }, { "id": 1, "open": 2 }] }),
    );
    for arguments in [
        ["try", "metric", "open_orders"],
        ["try", "metric", "open_orders.1"],
    ] {
        let (code, said) = monitor(&site, &arguments).await;
        assert!(
            code == Some(1) && said.contains("item 2 has the key \"1\", which item 1 has too"),
            "{said}"
        );
    }
}
