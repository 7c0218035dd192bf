//! What requests the same in the same tick is one call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use monitor_simulator::http::{Answer, Request};
use monitor_simulator::{Fault, Times};
use monitor_upstream::{Poll, Tick};
use serde_json::json;

use super::{Shop, fetch, poll};

/// A shop whose every answer is another one.
async fn counting() -> Shop {
    let calls = Arc::new(AtomicU32::new(0));
    Shop::start(move |request: &Request| {
        let n = calls.fetch_add(1, Ordering::SeqCst) + 1;
        match request.path.as_str() {
            "/ticket" => Answer::json(200, &json!({ "ticket": format!("ticket-{n}") })),
            _ => Answer::json(200, &json!({ "a": n, "b": n * 10, "list": [n, n] })),
        }
    })
    .await
}

const WAYS: [&str; 5] = [
    "value = '$.a'",
    "value = '$.b'",
    "count = '$.list[*]'",
    "sum = '$.list[*]'",
    "max = '$.list[*]'",
];

async fn read_all(shop: &Shop, request: &str, tick: &Tick) -> Vec<f64> {
    let reads = WAYS.iter().map(async |way| {
        let poll = poll("w", 1.0, tick);
        shop.read_in(&format!("{request}\n{way}"), &poll).await.unwrap()
    });
    join_all(reads).await
}

#[tokio::test]
async fn five_metrics_on_one_request_are_one_call_a_tick() {
    let shop = counting().await;
    for n in 1..=3_u32 {
        let read = read_all(&shop, "path = '/x'", &Tick::default()).await;
        let a = f64::from(n);
        assert_eq!(read, [a, a * 10.0, 2.0, a * 2.0, a], "a new tick is a new answer");
    }
    assert_eq!(shop.lines().len(), 3);
}

#[tokio::test]
async fn they_need_not_be_read_at_the_same_moment() {
    let shop = counting().await;
    let tick = Tick::default();
    for way in WAYS {
        let poll = poll("w", 1.0, &tick);
        shop.read_in(&format!("path = '/x'\nmethod = 'POST'\n{way}"), &poll)
            .await
            .unwrap();
    }
    assert_eq!(shop.lines(), ["POST /x"], "whatever the method");
    let late = shop
        .read("path = '/x'\nmethod = 'POST'\nvalue = '$.a'")
        .await
        .unwrap();
    assert_eq!(late, 2.0, "an answer of another tick is never one of this");
}

#[tokio::test]
async fn a_slow_call_is_joined_and_not_made_again() {
    let shop = counting().await;
    shop.server
        .fault("/x", Fault::DelayHead(Duration::from_millis(300)), Times::Always);
    let first = Tick::default();
    let (one, two) = tokio::join!(read_all(&shop, "path = '/x'", &first), async {
        assert!(
            shop.server
                .wait_for("GET", "/x", 1, Duration::from_secs(20))
                .await
        );
        // The next tick, while the call of the first is still on its way.
        read_all(&shop, "path = '/x'", &Tick::default()).await
    });
    assert_eq!(one, two);
    assert_eq!(shop.lines().len(), 1);
}

#[tokio::test]
async fn an_error_is_shared_too_and_forgotten_with_its_tick() {
    let shop = counting().await;
    shop.server.fault("/x", Fault::Status(500), Times::Once);
    let tick = Tick::default();
    let mut said = Vec::new();
    for way in WAYS {
        let error = shop
            .read_in(&format!("path = '/x'\n{way}"), &poll("w", 1.0, &tick))
            .await;
        said.push(error.unwrap_err().to_string());
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("500"), "{said:?}");
    assert_eq!(shop.lines().len(), 1);
    assert_eq!(read_all(&shop, "path = '/x'", &Tick::default()).await.len(), 5);
}

#[tokio::test]
async fn what_differs_when_it_is_filled_in_is_another_call() {
    let shop = counting().await;
    let tick = Tick::default();
    let fetch = fetch("path = '/x?since={{ previous }}&nonce={{ nonce }}'\nvalue = '$.a'");
    for (key, previous) in [("a", 1.0), ("b", 1.0), ("c", 2.0)] {
        shop.upstreams
            .read(&fetch, &poll(key, previous, &tick))
            .await
            .unwrap();
    }
    assert_eq!(
        shop.lines().len(),
        2,
        "the time and the nonce are those of the tick: {:?}",
        shop.lines()
    );
}

#[tokio::test]
async fn a_chain_is_shared_whole_or_not_at_all() {
    let shop = counting().await;
    let tick = Tick::default();
    let steps = "steps = [{ path = '/ticket', take = { ticket = '$.ticket' } }]";
    let chain = format!("{steps}\npath = '/x?ticket={{{{ ticket }}}}'");
    read_all(&shop, &chain, &tick).await;
    assert_eq!(shop.lines(), ["GET /ticket", "GET /x?ticket=ticket-1"]);
    // A ticket may be good for one call: who requests something else brings one of its own.
    let other = format!("{steps}\npath = '/y?ticket={{{{ ticket }}}}'\nvalue = '$.a'");
    shop.read_in(&other, &poll("w", 1.0, &tick)).await.unwrap();
    assert_eq!(shop.lines()[2..], ["GET /ticket", "GET /y?ticket=ticket-3"]);
    // And a call is made again within a chain where it stands there again.
    let twice = "steps = [{ path = '/x' }, { path = '/x' }]\npath = '/x'\nvalue = '$.a'";
    shop.read_in(twice, &Poll::default()).await.unwrap();
    assert_eq!(shop.lines().len(), 7);
}
