//! Templates in all parts of a request, and what is wrong with them.

use monitor_simulator::http::Answer;
use monitor_upstream::{Question, Tick};
use serde_json::json;

use super::{Shop, details, fetch, mistakes, poll};

fn three(_: &monitor_simulator::http::Request) -> Answer {
    Answer::json(200, &json!({ "total": 3, "messages": [] }))
}

#[tokio::test]
async fn a_fetch_says_what_was_read_last_in_every_part_of_its_request() {
    let shop = Shop::start(three).await;
    let text = r#"
        path = "/api/{{ key }}/since/{{ previous }}?next={{ value + 1 }}"
        method = "POST"
        query = { day = "{{ '2026-11-23T17:30:00Z' | date(format='%Y/%m/%d', days_back=1, timezone='Asia/Shanghai') }}" }
        headers = { X-Since = "n={{ previous }}", X-Sign = "{{ (key ~ previous) | md5 }}" }
        body = { since = "{{ previous }}", list = ["{{ key | upper }}", 7] }
        value = "$.total""#;
    assert_eq!(
        shop.read_in(text, &poll("w", 41.0, &Tick::default()))
            .await
            .unwrap(),
        3.0
    );
    assert_eq!(shop.lines(), ["POST /api/w/since/41?next=42&day=2026%2F11%2F23"]);
    let request = &shop.server.requests()[0];
    assert_eq!(request.header("x-since"), Some("n=41"));
    assert_eq!(request.header("x-sign"), Some("c2fc28ea22845542782f57e11c5f86d1"));
    assert_eq!(request.json(), Some(json!({ "since": "41", "list": ["W", 7] })));
}

#[tokio::test]
async fn a_body_that_is_a_text_is_a_template_sent_as_it_is() {
    let shop = Shop::start(three).await;
    let text = r#"
        path = "/api/query"
        method = "POST"
        headers = { Content-Type = "application/json" }
        body = '{"since": {{ previous }}, "at": "{{ now_iso }}"}'
        value = "$.total""#;
    shop.read_in(text, &poll("w", 0.5, &Tick::default()))
        .await
        .unwrap();
    let request = &shop.server.requests()[0];
    assert_eq!(request.header("content-type"), Some("application/json"));
    let body = request.json().unwrap();
    assert_eq!(body["since"], 0.5);
    assert!(body["at"].as_str().unwrap().ends_with('Z'), "{body}");
}

#[tokio::test]
async fn nothing_was_read_before_the_first_reading() {
    let shop = Shop::start(three).await;
    shop.read("path = '/api/orders?since={{ previous }}'\nvalue = '$.total'")
        .await
        .unwrap();
    assert_eq!(shop.lines(), ["GET /api/orders?since=0"]);
}

#[tokio::test]
async fn details_know_the_reading_that_they_explain() {
    let shop = Shop::start(three).await;
    let path_of = async |path: &str, total: f64, previous: f64| {
        let question = Question {
            key: "x".into(),
            total,
            previous,
        };
        let details = details(&format!(
            "path = '{path}'\nheaders = {{ X-Key = '{{{{ key }}}}' }}"
        ));
        shop.upstreams.messages(&details, &question).await.unwrap();
        let last = shop.server.requests().pop().unwrap();
        assert_eq!(last.header("x-key"), Some("x"));
        shop.lines().pop().unwrap()
    };
    assert_eq!(
        path_of("/latest?n={{ delta }}&of={{ key }}&v={{ value }}", 12.0, 10.0).await,
        "GET /latest?n=2&of=x&v=12"
    );
    let path = "/x?n={{ delta }}&total={{ total }}&previous={{ previous }}";
    for (total, previous, query) in [
        (0.3, 0.2, "n=0.1&total=0.3&previous=0.2"),
        (1.1, -0.0, "n=1.1&total=1.1&previous=0"),
        (1e-300, 0.0, "n=1e-300&total=1e-300&previous=0"),
        (1e300, 1.0, "n=1e300&total=1e300&previous=1"),
        (
            9_007_199_254_740_991.0,
            0.5,
            "n=9007199254740990&total=9007199254740991&previous=0.5",
        ),
    ] {
        assert_eq!(path_of(path, total, previous).await, format!("GET /x?{query}"));
    }
    // Reckoning with what is whole.
    assert_eq!(
        path_of("/x?from={{ previous + 1 }}", 9.0, 4.0).await,
        "GET /x?from=5"
    );
}

#[test]
fn a_mistake_is_said_where_it_stands_before_anything_is_sent() {
    let rest = "value = '$.total'";
    for (text, field, says) in [
        (
            "path = '/x?n={{ delta }}'",
            "path",
            "nothing is called \"delta\" here; there are key, nonce, now",
        ),
        ("path = '/x?n={{ previous'", "path", "not a template"),
        (
            "path = '/x'\nquery = { n = '{{ totl }}' }",
            "query.n",
            "nothing is called \"totl\"",
        ),
        (
            "path = '/x'\nheaders = { X-A = '{{ valu }}' }",
            "headers.X-A",
            "nothing is called \"valu\"",
        ),
        (
            "path = '/x'\nheaders = { X-A = \"a\\nb\" }",
            "headers.X-A",
            "no header may have",
        ),
        (
            "path = '/x'\nbody = { a = [{ b = '{{ c }}' }] }",
            "body",
            "nothing is called \"c\"",
        ),
        ("path = '/x'\nbody = '{{ c }}'", "body", "nothing is called \"c\""),
        (
            "path = '/x?d={{ now | date(format=\"%Q\") }}'",
            "path",
            "not a template",
        ),
        (
            "path = '/x'\nheaders = { X-A = '{{ now | date(format=7) }}' }",
            "headers.X-A",
            "not a template",
        ),
        ("path = '/x?d={{ now | dat }}'", "path", "not a template"),
        ("path = 'x'", "path", "is not a path"),
        ("path = '/x'\nmethod = 'FETCH'", "method", "no method \"FETCH\""),
    ] {
        let found = mistakes(&format!("{text}\n{rest}"));
        let [one] = found.as_slice() else {
            panic!("{text}: {found:?}")
        };
        assert_eq!(one.field, field, "{text}");
        assert!(one.message.contains(says), "{text}: {}", one.message);
    }
    let details: monitor_upstream::DetailsSettings =
        toml::from_str("system = 'b'\npath = '/x?n={{ deltas }}'").unwrap();
    assert!(details.check()[0].message.contains("there are delta, key"));
}

#[test]
fn what_requests_the_same_is_one_request_whatever_is_taken() {
    let one = "path = '/x'\nquery = { a = '1' }";
    let of = |text: &str| fetch(text).identity().clone();
    assert_eq!(
        of(&format!("{one}\nvalue = '$.a'")),
        of(&format!("{one}\ncount = '$.b[*]'"))
    );
    for other in [
        "path = '/y'\nquery = { a = '1' }\nvalue = '$.a'",
        "path = '/x'\nquery = { a = '2' }\nvalue = '$.a'",
        "path = '/x'\nmethod = 'POST'\nquery = { a = '1' }\nvalue = '$.a'",
        "path = '/x'\nquery = { a = '1' }\nbody = { a = 1 }\nvalue = '$.a'",
        "path = '/x'\nquery = { a = '1' }\nsteps = [{ path = '/s' }]\nvalue = '$.a'",
    ] {
        assert_ne!(of(other), of(&format!("{one}\nvalue = '$.a'")), "{other}");
    }
}
