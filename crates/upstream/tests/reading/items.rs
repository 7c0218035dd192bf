//! The items of a list: what each is called, and its number.

use std::sync::Arc;

use monitor_domain::MetricKey;
use monitor_simulator::http::{Answer, Request};
use monitor_upstream::{Fetch, ForEachSettings, ItemName, Items, Poll, Tick, UpstreamError};
use serde_json::{Value, json};

use super::{Shop, settings};

const EACH: &str = "items = '$.shops[*]'\nkey = '$.id'\nlabel = '$.name'\nvalue = '$.open'";

fn list(request: &str, each: &str) -> Fetch {
    let each: ForEachSettings = toml::from_str(each).unwrap();
    let key = MetricKey::stored("open");
    settings(request)
        .compile_for_each(&key, &each)
        .unwrap_or_else(|found| panic!("{found:?}"))
}

async fn shop(answer: Value) -> Shop {
    Shop::start(move |_: &Request| Answer::json(200, &answer)).await
}

async fn read(answer: Value, request: &str, each: &str) -> Result<Arc<Items>, UpstreamError> {
    let shop = shop(answer).await;
    let fetch = list(&format!("path = '/x'\n{request}"), each);
    shop.upstreams.items(&fetch, &Tick::default()).await
}

fn shops(shops: &Value) -> Value {
    json!({ "shops": shops })
}

#[tokio::test]
async fn each_item_has_a_key_a_label_and_a_number() {
    let answer = shops(&json!([
        { "id": 17, "name": "North", "open": 3 },
        { "id": "b", "name": 5, "open": "3" },
        { "id": -1, "name": null, "open": 1e-3 },
        { "id": "c" },
        { "id": 9_223_372_036_854_775_808_u64, "name": " \n", "open": 9_007_199_254_740_993_i64 },
    ]));
    let items = read(answer, "scale = 0.01", EACH).await.unwrap();
    let names: Vec<_> = items
        .all()
        .iter()
        .map(|item| (item.key.as_str(), item.label.as_str()))
        .collect();
    let last = "9223372036854775808";
    assert_eq!(
        names,
        [
            ("17", "North"),
            ("b", "5"),
            ("-1", "-1"),
            ("c", "c"),
            (last, last)
        ]
    );
    let fetch = list("path = '/x'\nscale = 0.01", EACH);
    let number = |key: &str| {
        fetch
            .number_of(items.get(key).unwrap())
            .map_err(|error| error.to_string())
    };
    assert_eq!((number("17"), number("-1")), (Ok(0.03), Ok(0.000_01)));
    for (key, why) in [
        (
            "b",
            "system shop: /x: item \"b\": $.open is a string; wanted a number",
        ),
        ("c", "system shop: /x: item \"c\": the item has no $.open"),
        (last, "too large"),
    ] {
        let error = number(key).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    assert!(items.get("18").is_none());
}

#[tokio::test]
async fn items_that_cannot_be_distinguished_are_no_items() {
    for (answer, why) in [
        (
            json!([{ "id": 1, "open": 1 }, { "id": "1", "open": 2 }]),
            "item 2 has the key \"1\", which item 1 has too",
        ),
        (
            json!([{ "id": 1, "open": 1 }, { "open": 2 }]),
            "item 2 has no $.id",
        ),
        (
            json!([{ "id": null, "open": 1 }]),
            "item 1 has $.id, which is to be its key, and it is neither",
        ),
        (
            json!([{ "id": 1.0, "open": 1 }]),
            "neither a string nor a whole number",
        ),
        (
            json!([{ "id": { "a": 1 }, "open": 1 }]),
            "neither a string nor a whole number",
        ),
        (json!([{ "id": "", "open": 1 }]), "item 1 has an empty $.id"),
        (
            json!([{ "id": 1, "name": ["a"], "open": 1 }]),
            "item 1 has $.name, which is to be its label",
        ),
        (json!("none"), "$.shops is no list but a string"),
        (json!({ "a": 1 }), "$.shops is no list but an object"),
    ] {
        let error = read(shops(&answer), "", EACH).await.unwrap_err();
        assert!(error.to_string().contains(why), "{answer}: {error}");
        assert_eq!(error.system(), Some("shop"));
    }
    let many: Value = (0..20_001).map(|id| json!({ "id": id, "open": 1 })).collect();
    let error = read(shops(&many), "", EACH).await.unwrap_err().to_string();
    assert!(error.contains("20001 items; at most 20000"), "{error}");
    assert_eq!(read(shops(&json!([])), "", EACH).await.unwrap().all(), []);
    assert_eq!(
        read(shops(&Value::Null), "null_is_empty = true", EACH)
            .await
            .unwrap()
            .all(),
        []
    );
    // The members of an object are items too, as far as each says what its key is.
    let each = "items = '$.shops.*'\nkey = '$.id'\nvalue = '$.open'";
    let read = read(
        shops(&json!({ "a": { "id": 4, "open": 1 }, "b": { "id": 5, "open": 2 } })),
        "",
        each,
    )
    .await;
    assert_eq!(read.unwrap().all().len(), 2);
}

#[tokio::test]
async fn a_list_and_its_items_share_a_call_and_its_reading() {
    let shop = shop(shops(&json!([{ "id": 1, "open": 10 }, { "id": 2, "open": 20 }]))).await;
    let fetch = list("path = '/of/{{ key }}'", EACH);
    let tick = Tick::default();
    let items = shop.upstreams.items(&fetch, &tick).await.unwrap();
    let again = shop.upstreams.items(&fetch, &tick).await.unwrap();
    assert!(Arc::ptr_eq(&items, &again), "the answer is read once");
    for (key, expected) in [("1", 10.0), ("2", 20.0)] {
        let item = fetch.of_item(ItemName {
            key: key.to_owned(),
            label: "a shop".to_owned(),
        });
        let poll = Poll {
            key: format!("open.{key}"),
            previous: Some(5.0),
            tick: tick.clone(),
        };
        assert_eq!(shop.upstreams.read(&item, &poll).await.unwrap(), expected);
        assert_eq!(item.identity(), fetch.identity());
    }
    assert_eq!(shop.lines(), ["GET /of/open"], "the key is that of the list");
    let gone = fetch.of_item(ItemName {
        key: "3".to_owned(),
        label: "South shop".to_owned(),
    });
    let error = shop.upstreams.total(&gone).await.unwrap_err();
    let said =
        "South shop is not in the list any more (system shop: /of/{{ key }} has no item with the key \"3\")";
    assert_eq!((error.to_string().as_str(), error.system()), (said, None));
    assert!(matches!(error, UpstreamError::NotListed { .. }) && !error.is_transient());
    assert_eq!(shop.lines().len(), 2, "another tick is another call");
}

#[tokio::test]
async fn a_label_is_one_line_of_bounded_length_without_secrets() {
    let server = Shop::start(|request: &Request| {
        let key = request.header("authorization").unwrap_or_default();
        Answer::json(
            200,
            &shops(
                &json!([{ "id": 1, "name": format!("a\r\nb\u{202E} {key} {}", "x".repeat(500)), "open": 1 }]),
            ),
        )
    })
    .await;
    let fetch = list(
        "path = '/x'\nheaders = { Authorization = 'Bearer s3cr3t-k3y-0123456789' }",
        EACH,
    );
    let items = server.upstreams.items(&fetch, &Tick::default()).await.unwrap();
    let label = &items.all()[0].label;
    assert!(
        label.starts_with("a b⟨U+202E⟩") && label.chars().count() == 81 && label.ends_with('…'),
        "{label}"
    );
    assert!(!label.contains("s3cr3t"), "{label}");
}

#[tokio::test]
async fn a_key_that_is_a_secret_is_no_key() {
    let answer = shops(&json!([{ "id": "hunter2-and-more", "name": "hunter2-and-more", "open": 1 }]));
    let request = "headers = { X-Key = 'hunter2-and-more' }";
    let error = read(answer, request, EACH).await.unwrap_err().to_string();
    assert!(
        error.contains("item 1 has a secret of the call in its key"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}
