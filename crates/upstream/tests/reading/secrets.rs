//! What a step takes and a later call uses is shown nowhere, unless it is a short id.

use monitor_simulator::http::{Answer, Fault, Request, Times};
use monitor_upstream::{Question, UpstreamError};
use serde_json::{Value, json};

use super::{Shop, details, fetch, systems};

/// Part of every secret that the shop hands out, in front and at the end, so that a cut leaves one.
const MARK: &str = "zQ7";

/// Tickets as they come: of words, of escapes, of hexadecimal digits.
const TICKETS: [&str; 4] = [
    "zQ7-open-the-door-zQ7",
    "zQ7/a+b c=&%41\"<zQ7",
    "zQ7f00dbeefzQ7",
    "zQ7.eyJhbGciOiJIUzI1NiJ9.zQ7",
];

/// A chain that needs what its step takes in the path, in the query, in a header and in the body.
fn keys(take: &str) -> String {
    format!(
        r##"
    steps = [
      {{ path = "/session", take = {{ {take}, shop = "$.shop" }} }},
      {{ path = "/{{{{ shop }}}}/enter/{{{{ t | urlencode }}}}", take = {{ door = "$.door" }} }},
    ]
    path = "/{{{{ shop }}}}/orders/{{{{ t | urlencode }}}}/{{{{ door }}}}"
    method = "POST"
    query = {{ q = "{{{{ t }}}}" }}
    headers = {{ X-Own = "{{{{ t | urlencode }}}}" }}
    body = {{ of = "{{{{ t }}}}" }}"##
    )
}

/// All that a request says.
fn echo(request: &Request) -> String {
    let Request {
        path, query, headers, ..
    } = request;
    let body = String::from_utf8_lossy(&request.body);
    format!("{path}?{query} {headers:?} {body}")
}

/// A shop whose step hands a ticket out and whose last call is answered by `answer` with all that it was sent.
async fn shop(ticket: &'static str, answer: fn(&str) -> Answer) -> Shop {
    Shop::start(move |request: &Request| match request.path.as_str() {
        "/session" => {
            let page = json!({ "t": ticket, "shop": "s7", "deep": [{ "token": "zQ7x" }] });
            Answer::json(200, &page)
                .header("X-Ticket", "zQ7-header")
                .header("Set-Cookie", "c=zQ7-cookie; Path=/")
        }
        path if path.contains("/enter/") => Answer::json(200, &json!({ "door": 41 })),
        _ => answer(&echo(request)),
    })
    .await
}

type Answers = (&'static str, fn(&str) -> Answer);

const ANSWERS: [Answers; 9] = [
    ("text500", |all| Answer::body(500, "text/plain", all.to_owned())),
    ("json404", |all| Answer::error(404, all)),
    ("json401", |all| Answer::error(401, all)),
    ("html200", |all| Answer::html(200, all)),
    ("no json", |all| {
        Answer::body(200, "application/json", all.to_owned())
    }),
    ("away", |all| Answer::redirect(&all.replace([' ', '"'], "_"))),
    ("text", |all| Answer::json(200, &json!({ "n": all }))),
    ("in an object", |all| {
        Answer::json(200, &json!({ "n": { "n": all } }))
    }),
    ("code", |all| Answer::json(200, &json!({ "code": all }))),
];

fn assert_clean(what: &str, error: &UpstreamError) {
    let said = format!("{error} {error:?}");
    assert!(
        !said.to_lowercase().contains(&MARK.to_lowercase()),
        "{what}: {said}"
    );
}

#[tokio::test]
async fn an_error_of_a_later_call_shows_nothing_of_what_was_taken() {
    for ticket in TICKETS {
        for (what, answer) in ANSWERS {
            let shop = shop(ticket, answer).await;
            let ok = if what == "code" {
                "ok = { path = '$.code', equals = [0] }"
            } else {
                ""
            };
            let text = format!("{}\n{ok}\nvalue = '$.n'", keys("t = '$.t'"));
            let error = shop.read(&text).await.unwrap_err();
            assert_clean(&format!("{what} of {ticket}"), &error);
            let last = shop.server.requests().pop().unwrap();
            assert!(
                echo(&last).contains(MARK) && last.path.starts_with("/s7/orders/"),
                "{what}: {last:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_id_stays_readable_beside_a_ticket() {
    let shop = shop(TICKETS[1], |all| Answer::error(500, all)).await;
    let said = shop
        .read(&format!("{}\nvalue = '$.n'", keys("t = '$.t'")))
        .await
        .unwrap_err()
        .to_string();
    let expected = "/s7/orders/[redacted]/41?q: answered 500 Internal Server Error: ";
    assert!(said.contains(expected), "{said}");
    assert!(
        said.split_once(expected)
            .unwrap()
            .1
            .contains("/s7/orders/[redacted]/41?q=[redacted]"),
        "{said}"
    );
}

#[tokio::test]
async fn what_happens_to_the_connection_is_said_without_it() {
    for (fault, says) in [
        (Fault::LoseAnswer, "/s7/orders/[redacted]/41?q: "),
        (Fault::Hang, "timed out"),
        (Fault::Truncate, "/s7/orders/[redacted]/41?q: "),
    ] {
        let mut shop = shop(TICKETS[0], |_| Answer::json(200, &json!({ "n": 1 }))).await;
        shop.upstreams = monitor_upstream::Upstreams::new(systems(&shop.server, "timeout = '300ms'"));
        shop.server.fault("/s7/orders", fault, Times::Always);
        let error = shop
            .read(&format!("{}\nvalue = '$.n'", keys("t = '$.t'")))
            .await
            .unwrap_err();
        assert_clean(says, &error);
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_step_in_the_middle_and_a_path_that_is_none_hide_it_too() {
    let shop = Shop::start(|request: &Request| match request.path.as_str() {
        "/session" => Answer::json(200, &json!({ "t": "zQ7#open-the-door", "shop": "s7" })),
        _ => Answer::error(404, &echo(request)),
    })
    .await;
    let error = shop
        .read(&format!("{}\nvalue = '$.n'", keys("t = '$.t'")))
        .await
        .unwrap_err();
    assert_clean("404 of step 2", &error);
    let said = error.to_string();
    assert!(
        said.starts_with("step 2 (GET /{{ shop }}/enter/{{ t | urlencode }}): GET http://127.0.0.1:"),
        "{said}"
    );
    assert!(said.contains("/s7/enter/[redacted]: answered 404"), "{said}");
    let raw = "steps = [{ path = '/session', take = { t = '$.t' } }]\npath = '/x/{{ t }}/y'\nvalue = '$.n'";
    let error = shop.read(raw).await.unwrap_err();
    assert_clean("a fragment", &error);
    assert!(error.to_string().contains("path \"/x/[redacted]"), "{error}");
}

#[tokio::test]
async fn where_it_is_taken_from_and_what_it_is_called_tell_a_secret_too() {
    for take in [
        "t = { header = 'X-Ticket' }",
        "t = { cookie = 'c' }",
        "t = '$.deep[0].token'",
        // Only its own name says something.
        "token = { regex = '\"(zQ7.)\"' }",
    ] {
        let own = take.split(' ').next().unwrap();
        let keys = keys(take).replace("{{ t", &format!("{{{{ {own}"));
        let shop = shop(TICKETS[0], |all| Answer::error(500, all)).await;
        let error = shop.read(&format!("{keys}\nvalue = '$.n'")).await.unwrap_err();
        assert_clean(take, &error);
    }
}

#[tokio::test]
async fn messages_and_what_is_tried_out_hide_it() {
    let shop = shop(TICKETS[0], |all| {
        Answer::json(
            200,
            &json!({ "n": all, "messages": [{ "id": all, "text": all }, all] }),
        )
    })
    .await;
    let question = Question {
        key: "w".into(),
        total: 1.0,
        previous: 0.0,
    };
    let messages = shop
        .upstreams
        .messages(&details(&keys("t = '$.t'")), &question)
        .await
        .unwrap();
    let said = format!("{messages:?}");
    assert!(
        !said.contains(MARK) && said.contains("/s7/orders/[redacted]/41"),
        "{said}"
    );

    let (upstreams, trace) = monitor_upstream::Upstreams::traced(systems(&shop.server, ""));
    let fetch = fetch(&format!("{}\nvalue = '$.n'", keys("t = '$.t'")));
    assert_clean("a trial", &upstreams.total(&fetch).await.unwrap_err());
    let lines = trace.take();
    let said = format!("{lines:?}");
    assert!(!said.contains(MARK), "{said}");
    let texts: Vec<Value> = lines.iter().map(|line| json!(line.text)).collect();
    for expected in ["shop = s7", "t = [redacted] (21 characters)", "door = 41"] {
        assert!(texts.contains(&json!(expected)), "{expected}: {said}");
    }
    assert!(said.contains("/s7/enter/[redacted]: 200 in"), "{said}");
}
