//! Which numbers become metrics.

use serde_json::json;

use crate::har::{Call, Har, form_sign_in};

fn signed_in(calls: impl IntoIterator<Item = Call>) -> crate::har::Config {
    let calls = calls
        .into_iter()
        .map(|call| call.cookie("sid", "s3ss10n-4711-abcd"));
    Har::of([form_sign_in(&[])].into_iter().chain(calls)).config()
}

#[test]
fn equal_calls_are_one_metric_and_keys_are_unique() {
    let stats = |at: &str| {
        Call::get(&format!("/api/orders/stats?_={at}"))
            .answers(&json!({ "total": 1, "data": { "total": 2 } }))
    };
    let config = signed_in([stats("1795766400123"), stats("1795766401123")]);
    assert_eq!(
        config.fetches(),
        ["/api/orders/stats $.data.total", "/api/orders/stats $.total"]
    );
    let keys: Vec<&String> = config.metrics.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 2);
    assert!(
        keys.iter().all(|key| key.starts_with("orders_stats_total")),
        "{keys:?}"
    );
}

#[test]
fn figures_have_the_words_of_the_page_as_their_titles() {
    let figures = json!({ "data": [{ "name": "待处理工单", "value": 5 }, { "name": "已完成", "value": 9 }] });
    let page = "<html><body><p>未读消息：<b id=unread>17</b></p></body></html>";
    let config = signed_in([
        Call::get("/api/dashboard").answers(&figures),
        Call::get("/home").page(page),
    ]);
    let titles: Vec<&str> = config
        .metrics
        .as_object()
        .unwrap()
        .values()
        .map(|one| one["title"].as_str().unwrap())
        .collect();
    for title in ["待处理工单", "已完成", "未读消息"] {
        assert!(titles.contains(&title), "{titles:?}\n{}", config.text);
    }
}

#[test]
fn a_count_alerts_at_a_rise_and_anything_else_waits_for_a_threshold() {
    let config = signed_in([Call::get("/api/summary").answers(&json!({ "pending": 3, "balance": 12.5 }))]);
    let of = |key: &str| config.metrics[key]["alert"].clone();
    assert_eq!(of("summary_pending"), json!({ "rise": 1, "initial": "learn" }));
    assert_eq!(of("summary_balance"), json!({ "no_data": "5m" }));
}

#[test]
fn what_changes_something_is_not_proposed_and_what_reads_is() {
    let answer = json!({ "total": 7 });
    let body = json!({ "pageNum": 1, "status": "unpaid", "day": "2026-11-27", "since": "2026-11-01" });
    let post = |path: &str| Call::post(path).json(&body).answers(&answer);
    let config = signed_in([
        post("/api/orders/search"),
        post("/api/orders/delete"),
        post("/api/saveOrder"),
        post("/api/export"),
    ]);
    assert_eq!(
        config.fetches(),
        ["/api/export $.total", "/api/orders/search $.total"]
    );
    let fetch = &config.metrics["orders_search_total"]["fetch"];
    let sent = json!({ "pageNum": 1, "status": "unpaid", "day": "{{ now | date(format=\"%Y-%m-%d\") }}", "since": "2026-11-01" });
    assert_eq!((&fetch["method"], &fetch["body"]), (&json!("POST"), &sent));
    assert!(
        config.text.contains("# since is a day of the recording"),
        "{}",
        config.text
    );
}

#[test]
fn other_hosts_are_mentioned_and_services_of_others_are_not_the_system() {
    let other = Call::get("https://stats.example/api/summary")
        .answers(&json!({ "total": 1, "count": 2, "pending": 3 }));
    let own = Call::get("/api/summary").answers(&json!({ "pending": 3 }));
    let config = signed_in([other, own]);
    assert_eq!(config.system["base_url"], "https://shop.example");
    assert_eq!(config.fetches(), ["/api/summary $.pending"]);
    assert!(config.has_doubt("\"stats.example\""), "{:?}", config.doubts);
}

#[test]
fn many_numbers_are_a_few_metrics_and_a_list() {
    let members = (0..60).map(|n| {
        (
            format!(
                "total{}",
                "abcdefgh"
                    .chars()
                    .cycle()
                    .skip(n)
                    .take(1 + n / 8)
                    .collect::<String>()
            ),
            json!(n),
        )
    });
    let config =
        signed_in([Call::get("/api/summary").answers(&serde_json::Value::Object(members.collect()))]);
    assert_eq!(config.metrics.as_object().unwrap().len(), 12);
    let listed = config
        .text
        .lines()
        .filter(|line| line.starts_with("#   "))
        .count();
    assert_eq!(listed, 20);
}

#[test]
fn a_header_with_a_total_is_taken() {
    let config = signed_in([Call::get("/api/orders?per_page=1")
        .answer_header("X-Total-Count", "99")
        .answers(&json!([{ "id": 1 }]))]);
    assert!(
        config
            .fetches()
            .contains(&"/api/orders?per_page=1 x-total-count".to_owned()),
        "{}",
        config.text
    );
}

#[test]
fn a_day_in_the_query_is_that_of_the_reading() {
    let config = signed_in([
        Call::get("/api/orders/total?status=open&day=2026-11-27&from=2026-11-20")
            .answers(&json!({ "total": 7 })),
    ]);
    let fetch = &config.metrics["orders_total"]["fetch"];
    assert_eq!(fetch["path"], "/api/orders/total?status=open");
    let query = json!({ "day": "{{ now | date(format=\"%Y-%m-%d\") }}", "from": "{{ now | date(format=\"%Y-%m-%d\", days_back=7) }}" });
    assert_eq!(fetch["query"], query);
    assert!(
        config.text.contains("# The day is that of the reading, in UTC"),
        "{}",
        config.text
    );
}
