//! Calls before the one that counts.

use monitor_simulator::http::{Answer, HttpServer, Request};
use monitor_upstream::{Question, UpstreamError, Upstreams};
use serde_json::json;

use super::{Shop, details, fetch, mistakes, systems};

const PAGE: &str =
    r#"<!doctype html><head><meta name=csrf content="ticket-0815"></head><p id=shop data-id=s7>Shop 7</p>"#;

/// A shop that answers its orders only to who brings what its session page has.
fn orders(request: &Request) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/session") => Answer::html(200, PAGE).header("Set-Cookie", "sid=c-1; Path=/"),
        ("POST", "/api/token") if request.json() == Some(json!({ "csrf": "ticket-0815" })) => Answer::json(
            200,
            &json!({ "code": 0, "data": { "id": 41, "token": "secret-token-1" } }),
        ),
        ("GET", "/api/shops/s7/orders")
            if request.header("x-token") == Some("secret-token-1")
                && request.cookie("sid") == Some("c-1") =>
        {
            Answer::json(200, &json!({ "code": 0, "open": 12, "messages": ["late"] }))
        }
        _ => Answer::error(404, "not here"),
    }
}

const STEPS: &str = r##"
    steps = [
      { path = "/session", take = { csrf = { select = "meta[name=csrf]", attribute = "content" }, shop = { select = "#shop", attribute = "data-id" } } },
      { path = "/api/token", body = { csrf = "{{ csrf }}" }, ok = { path = "$.code", equals = [0] }, take = { token = "$.data.token", id = "$.data.id" } },
    ]
    path = "/api/shops/{{ shop }}/orders?user={{ id }}"
    headers = { X-Token = "{{ token }}" }"##;

#[tokio::test]
async fn each_call_uses_what_those_before_it_brought() {
    let shop = Shop::start(orders).await;
    let total = shop.read(&format!("{STEPS}\nvalue = '$.open'")).await.unwrap();
    assert_eq!(total, 12.0);
    let lines = [
        "GET /session",
        "POST /api/token",
        "GET /api/shops/s7/orders?user=41",
    ];
    assert_eq!(shop.lines(), lines);

    let question = Question {
        key: "w".into(),
        total: 12.0,
        previous: 0.0,
    };
    let messages = shop.upstreams.messages(&details(STEPS), &question).await.unwrap();
    assert_eq!(messages[0].text, "late", "details have steps too");
    assert_eq!(shop.lines()[3..], lines);
}

#[tokio::test]
async fn a_step_that_fails_says_which_it_is() {
    let failing = |status: u16, body: &'static str| {
        move |request: &Request| match request.path.as_str() {
            "/api/session" => Answer::body(status, "application/json", body),
            _ => Answer::json(200, &json!({ "n": 1 })),
        }
    };
    let text = r#"
        steps = [{ path = "/first" }, { path = "/api/session?key=hunter2", ok = { present = "$.id" }, take = { id = "$.id" } }]
        path = "/orders/{{ id }}"
        value = "$.n""#;
    for (status, body, says) in [
        (503, "busy", "step 2 (GET /api/session): GET http://127.0.0.1:"),
        (
            200,
            "{}",
            "step 2 (GET /api/session): system shop: /api/session: the answer has no $.id",
        ),
        (
            200,
            r#"{"id": {}}"#,
            "step 2 (GET /api/session): system shop: /api/session: take.id: $.id is neither a text nor a number",
        ),
        (
            200,
            "<html>",
            "step 2 (GET /api/session): system shop: /api/session: the answer is not JSON",
        ),
    ] {
        let shop = Shop::start(failing(status, body)).await;
        let error = shop.read(text).await.unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(says), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
        assert_eq!(error.system(), Some("shop"));
        assert!(error.is_transient(), "the next reading tries again");
        assert_eq!(shop.server.count("GET", "/orders/"), 0);
    }
    let shop = Shop::start(failing(200, r##"{"id":"7#b"}"##)).await;
    let error = shop.read(text).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Call { .. }), "{error}");
}

#[tokio::test]
async fn what_the_system_says_of_its_json_counts_for_steps_that_read_it() {
    let answer = |request: &Request| match request.path.as_str() {
        "/page" => Answer::html(200, PAGE),
        "/id" => Answer::json(200, &json!({ "code": 401, "id": 7 })),
        _ => Answer::json(200, &json!({ "code": 0, "n": 1 })),
    };
    let server = HttpServer::start(answer).await;
    let keys = "ok = { path = '$.code', equals = [0] }";
    let upstreams = Upstreams::new(systems(&server, keys));
    let page = fetch(
        "steps = [{ path = '/page', take = { c = { select = '#shop' } } }]\npath = '/n'\nvalue = '$.n'",
    );
    assert_eq!(upstreams.total(&page).await.unwrap(), 1.0);
    let json =
        fetch("steps = [{ path = '/id', take = { id = '$.id' } }]\npath = '/n?{{ id }}'\nvalue = '$.n'");
    let said = upstreams.total(&json).await.unwrap_err().to_string();
    assert!(
        said.contains("step 1 (GET /id)") && said.contains("$.code is 401, not 0"),
        "{said}"
    );
}

#[test]
fn mistakes_in_steps_are_said_where_they_stand() {
    let rest = "path = '/x'\nvalue = '$.n'";
    for (steps, field, says) in [
        ("{ path = 'x' }", "steps[0].path", "must begin with \"/\""),
        ("{ }", "steps[0].path", "missing"),
        ("{ url = 'https://b.example/x' }", "steps[0].url", "give a path"),
        (
            "{ path = '/a?{{ b }}', take = { b = '$.b' } }",
            "steps[0].path",
            "nothing is called \"b\" here",
        ),
        (
            "{ path = '/a', take = { b = 'b' } }",
            "steps[0].take.b",
            "not a JSONPath",
        ),
        (
            "{ path = '/a', take = { previous = '$.b' } }",
            "steps[0].take.previous",
            "already",
        ),
        (
            "{ path = '/a', take = { a-b = '$.b' } }",
            "steps[0].take.a-b",
            "not a name that a template can use",
        ),
        (
            "{ path = '/a', take = { b = { select = 'p >' } } }",
            "steps[0].take.b",
            "not a CSS selector",
        ),
        (
            "{ path = '/a', take = { b = { attribute = 'c' } } }",
            "steps[0].take.b",
            "attribute is for select",
        ),
        (
            "{ path = '/a', take = { b = { select = 'p', input = 'c' } } }",
            "steps[0].take.b",
            "one of header",
        ),
        (
            "{ path = '/a' }, { path = '/b', ok = { path = '$.c' } }",
            "steps[1].ok.path",
            "nothing is compared",
        ),
    ] {
        let found = mistakes(&format!("steps = [{steps}]\n{rest}"));
        assert!(
            found
                .iter()
                .any(|one| one.field == field && one.message.contains(says)),
            "{steps}: {found:?}"
        );
    }
    let found =
        mistakes("steps = [{ path = '/a', take = { b = '$.b' } }]\npath = '/x?{{ c }}'\nvalue = '$.n'");
    assert!(found[0].message.contains("there are b, key"), "{found:?}");
}
