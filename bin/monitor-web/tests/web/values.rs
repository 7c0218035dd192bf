//! `POST /api/v1/metrics/{key}/values`.

use monitor_domain::MetricKey;
use monitor_model::{NewPushedValue, PushedValue, pushed_values};
use monitor_requests::Secret;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Answer, Database, Web};

const PATH: &str = "/api/v1/metrics/w/values";
const TOKEN: &str = "w-0123456789abcdef";
const OTHER: &str = "v-fedcba9876543210";

/// One on which w and v are sent.
async fn start(database: Database) -> Web {
    let pushed = [("w", TOKEN), ("v", OTHER)];
    let pushed = pushed.map(|(key, token)| (MetricKey::stored(key), Secret::new(token)));
    Web::with(database, |ctx| ctx.pushed = pushed.to_vec(), |_| {}).await
}

async fn post(web: &Web, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let (host, length) = (web.address.to_string(), body.len().to_string());
    let mut all = vec![("Host", host.as_str()), ("Content-Length", length.as_str())];
    all.extend_from_slice(headers);
    let mut stream = web.connect("POST", path, &all, true).await;
    stream.write_all(body).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    Answer::parse(&bytes)
}

/// With the token of w.
async fn push(web: &Web, body: &str) -> Answer {
    let bearer = format!("Bearer {TOKEN}");
    post(web, PATH, &[("Authorization", &bearer)], body.as_bytes()).await
}

/// Fails where it is not refused so; gives the detail.
async fn refused(web: &Web, body: &str, status: u16, code: &str) -> String {
    let answer = push(web, body).await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (status, code),
        "{body}: {}",
        answer.body
    );
    answer.json()["detail"].as_str().unwrap().to_owned()
}

async fn waiting(web: &Web, key: &'static str) -> Vec<PushedValue> {
    let mut found = Vec::new();
    while let Some(row) = web.db.read(move |c| pushed_values::next(c, key)).await.unwrap() {
        let (id, at) = (row.id, web.now());
        web.write(move |c| pushed_values::mark_judged(c, id, at)).await;
        found.push(row);
    }
    found
}

#[tokio::test]
async fn a_value_is_taken_once_and_stored_with_what_it_is_about() {
    for database in Database::each() {
        let web = start(database).await;
        let body = r#"{"id":"p1","value":3,"messages":[
            {"id":"r1","text":"  Return 1: 坏了\u0000 ","occurred_at":"2026-11-23T09:12:40+08:00"},{"text":"Return 2"}]}"#;
        let answer = push(&web, body).await;
        assert_eq!(
            (answer.status, answer.json()),
            (202, json!({ "accepted": true, "duplicate": false }))
        );
        let again = push(&web, body).await;
        assert_eq!(
            (again.status, again.json()),
            (200, json!({ "accepted": true, "duplicate": true }))
        );
        assert_eq!(
            push(&web, r#"{"id":"p1","value":3.0}"#).await.status,
            200,
            "the same value"
        );
        let why = refused(&web, r#"{"id":"p1","value":4}"#, 409, "conflict").await;
        assert_eq!(
            why,
            "p1 was sent before with the value 3, which stays. Give another value another id."
        );
        assert_eq!(
            push(&web, r#"{"id":"p2","value":-0.5,"messages":[]}"#)
                .await
                .status,
            202
        );
        // The same id of another metric is another value's.
        let bearer = format!("bearer  {OTHER}");
        let other = post(
            &web,
            "/api/v1/metrics/v/values",
            &[("Authorization", &bearer)],
            br#"{"id":"p1","value":9}"#,
        )
        .await;
        assert_eq!(other.status, 202);

        let stored = waiting(&web, "w").await;
        let row = &stored[0];
        assert_eq!(
            (row.push_id.as_str(), row.value, row.received_at),
            ("p1", 3.0, web.now())
        );
        let messages: serde_json::Value = serde_json::from_str(&row.messages).unwrap();
        assert_eq!(
            messages,
            json!([
                { "id": "r1", "text": "Return 1: 坏了\u{0}", "occurred_at": "2026-11-23T01:12:40Z" },
                { "id": null, "text": "Return 2", "occurred_at": null },
            ])
        );
        assert_eq!(
            (stored.len(), stored[1].value, stored[1].messages.as_str()),
            (2, -0.5, "")
        );
        assert_eq!(waiting(&web, "v").await.len(), 1);
        assert_eq!(
            push(&web, body).await.status,
            200,
            "it is known once it is judged, too"
        );
        web.stop().await;
    }
}

#[tokio::test]
async fn only_its_own_token_opens_a_metric_and_nobody_else_learns_what_there_is() {
    let web = start(Database::sqlite()).await;
    let body = br#"{"id":"p1","value":3}"#;
    let mut answers = Vec::new();
    for path in [PATH, "/api/v1/metrics/x/values", "/api/v1/metrics/nothing/values"] {
        let longer = format!("Bearer {TOKEN}0");
        let shorter = format!("Bearer {}", &TOKEN[1..]);
        let (basic, bare) = (format!("Basic {TOKEN}"), TOKEN.to_owned());
        for header in [
            "Bearer",
            "Bearer ",
            &longer,
            &shorter,
            &basic,
            &bare,
            "Bearer \u{e9}",
        ] {
            answers.push(post(&web, path, &[("Authorization", header)], body).await);
        }
        answers.push(post(&web, path, &[], body).await);
        answers.push(post(&web, path, &[("Cookie", &format!("token={TOKEN}"))], body).await);
        answers.push(post(&web, &format!("{path}?token={TOKEN}"), &[], body).await);
        // The body is of no interest before that.
        answers.push(post(&web, path, &[], b"{").await);
    }
    for answer in &answers {
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (401, "unauthorized"),
            "{}",
            answer.body
        );
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert_eq!(answer.body, answers[0].body, "whatever the path is");
        assert!(!answer.body.contains(TOKEN));
    }
    // Who has one token may hear that a path is wrong, and not that another metric's is.
    let bearer = format!("Bearer {OTHER}");
    let with_other = [("Authorization", bearer.as_str())];
    assert_eq!(post(&web, PATH, &with_other, body).await.body, answers[0].body);
    for (path, key) in [("x", "x"), ("nothing", "nothing"), ("%3Cb%3E", "<b>")] {
        let answer = post(&web, &format!("/api/v1/metrics/{path}/values"), &with_other, body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (404, "not-found"));
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains("whose values are sent") && !detail.contains(OTHER),
            "{key}: {detail}"
        );
    }
    for metric in ["w", "v"] {
        assert!(waiting(&web, metric).await.is_empty());
    }
    for method in ["GET", "PUT", "DELETE"] {
        let answer = web.send(method, PATH, &with_other).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("POST")),
            "{method}"
        );
    }
    web.stop().await;
}

#[tokio::test]
async fn an_id_is_in_the_body_or_in_a_header_and_says_what_it_may_be() {
    let web = start(Database::sqlite()).await;
    let bearer = format!("Bearer {TOKEN}");
    let with = |id: &'static str| {
        [
            ("Authorization", bearer.clone()),
            ("Idempotency-Key", id.to_owned()),
        ]
    };
    let send = async |headers: &[(&str, String)], body: &str| {
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        post(&web, PATH, &headers, body.as_bytes()).await
    };
    for (id, body, status) in [
        ("k1", r#"{"value":1}"#, 202),
        ("\"k1\"", r#"{"value":1}"#, 200),
        ("k1", r#"{"id":"k1","value":1}"#, 200),
        ("k1", r#"{"id":"k2","value":1}"#, 400),
        ("k 1", r#"{"value":1}"#, 400),
        ("", r#"{"value":1}"#, 400),
        ("\"\"", r#"{"value":1}"#, 400),
    ] {
        let answer = send(&with(id), body).await;
        assert_eq!(answer.status, status, "{id} {body}: {}", answer.body);
    }
    let twice = [&with("a")[..], &with("b")[1..]].concat();
    assert_eq!(send(&twice, r#"{"value":1}"#).await.status, 400);
    let why = refused(&web, r#"{"value":1}"#, 400, "bad-body").await;
    assert!(
        why.starts_with("id is missing: ") && why.contains("Idempotency-Key") && why.contains("repeat"),
        "{why}"
    );
    let longest = "x".repeat(128);
    assert_eq!(
        push(&web, &json!({ "id": longest, "value": 1 }).to_string())
            .await
            .status,
        202
    );
    for id in [
        json!(""),
        json!("x".repeat(129)),
        json!("a b"),
        json!("ä"),
        json!("a\u{7f}"),
        json!("a\n"),
        json!(7),
    ] {
        let why = refused(
            &web,
            &json!({ "id": id, "value": 1 }).to_string(),
            400,
            "bad-body",
        )
        .await;
        assert!(
            why.contains("id is from 1 to 128") || why.contains("expected a string"),
            "{id}: {why}"
        );
    }
    assert_eq!(waiting(&web, "w").await.len(), 2);
    web.stop().await;
}

#[tokio::test]
async fn what_is_no_value_is_refused_in_words() {
    let web = start(Database::sqlite()).await;
    let text = |length: usize| {
        json!({ "id": "p", "value": 1, "messages": [{ "text": "长".repeat(length) }] }).to_string()
    };
    let many = |count: usize| {
        json!({ "id": "q", "value": 1, "messages": vec![json!({ "text": "a" }); count] }).to_string()
    };
    for (body, says) in [
        ("", "missing field `value`"),
        ("[]", "invalid"),
        ("{", "EOF"),
        (r#"{"id":"p"}"#, "missing field `value`"),
        (r#"{"id":"p","value":null}"#, "expected a JSON number"),
        (r#"{"id":"p","value":"3"}"#, "expected a JSON number"),
        (r#"{"id":"p","value":NaN}"#, "expected value"),
        (r#"{"id":"p","value":1e400}"#, "out of range"),
        (
            r#"{"id":"p","value":9007199254740993}"#,
            "too large to be counted exactly",
        ),
        (
            r#"{"id":"p","value":-9007199254740994}"#,
            "too large to be counted exactly",
        ),
        (r#"{"id":"p","value":-1e300}"#, "too large to be counted exactly"),
        (r#"{"id":"p","value":1,"mesages":[]}"#, "unknown field `mesages`"),
        (r#"{"id":"p","value":1,"messages":{}}"#, "expected a sequence"),
        (r#"{"id":"p","value":1,"messages":["a"]}"#, "expected struct"),
        (
            r#"{"id":"p","value":1,"messages":[{"id":"r"}]}"#,
            "missing field `text`",
        ),
        (
            r#"{"id":"p","value":1,"messages":[{"text":"a"},{"text":" \t"}]}"#,
            "messages[1].text is empty",
        ),
        (
            r#"{"id":"p","value":1,"messages":[{"text":"a","occurred_at":"soon"}]}"#,
            "input contains invalid",
        ),
        (
            r#"{"id":"p","value":1,"messages":[{"text":"a","link":"x"}]}"#,
            "unknown field `link`",
        ),
        (&text(4_001), "messages[0].text may have up to 4000 characters"),
        (&many(1_001), "messages may have up to 1000 messages"),
        (
            &json!({ "id": "p", "value": 1, "messages": [{ "text": "a", "id": "x".repeat(201) }] })
                .to_string(),
            "messages[0].id may have up to 200",
        ),
    ] {
        let why = refused(&web, body, 400, "bad-body").await;
        assert!(why.contains(says), "{body}: {why}");
    }
    assert_eq!(waiting(&web, "w").await.len(), 0);
    assert_eq!(push(&web, &text(4_000)).await.status, 202);
    assert_eq!(push(&web, &many(1_000)).await.status, 202);
    assert_eq!(
        push(&web, r#"{"id":"most","value":9007199254740992,"messages":null}"#)
            .await
            .status,
        202
    );
    // What is too long is refused before it is read, and so is what has no end.
    let long = format!(
        r#"{{"id":"p","value":1,"messages":[{{"text":"{}"}}]}}"#,
        "a".repeat(70_000)
    );
    assert_eq!(push(&web, &long).await.status, 413);
    let bearer = format!("Bearer {TOKEN}");
    let chunked = [
        ("Host", "localhost"),
        ("Authorization", bearer.as_str()),
        ("Transfer-Encoding", "chunked"),
    ];
    let mut stream = web.connect("POST", PATH, &chunked, true).await;
    let chunk = format!("11170\r\n{}\r\n0\r\n\r\n", "a".repeat(70_000));
    stream.write_all(chunk.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(Answer::parse(&bytes).status, 413);
    web.stop().await;
}

#[tokio::test]
async fn too_many_that_wait_are_refused_until_some_are_judged() {
    for database in Database::each() {
        let web = start(database).await;
        let at = web.now();
        web.write(move |c| {
            for n in 0..999 {
                let new = NewPushedValue {
                    key: MetricKey::stored("w"),
                    push_id: format!("n{n}"),
                    value: 0.0,
                    messages: String::new(),
                    received_at: at,
                };
                pushed_values::receive(c, &new, 1_000)?;
            }
            Ok(())
        })
        .await;
        assert_eq!(push(&web, r#"{"id":"last","value":1}"#).await.status, 202);
        let full = push(&web, r#"{"id":"more","value":1}"#).await;
        assert_eq!(
            (full.status, full.problem().as_str(), full.header("retry-after")),
            (429, "too-many-values", Some("5"))
        );
        assert!(full.body.contains("Is a worker running?"), "{}", full.body);
        assert_eq!(
            push(&web, r#"{"id":"last","value":1}"#).await.status,
            200,
            "a repeat takes no room"
        );
        assert_eq!(waiting(&web, "w").await.len(), 1_000);
        assert_eq!(push(&web, r#"{"id":"more","value":1}"#).await.status, 202);
        web.stop().await;
    }
}

#[tokio::test]
async fn no_browser_matters_where_a_token_is_shown() {
    let web = start(Database::sqlite()).await;
    let bearer = format!("Bearer {TOKEN}");
    let from_elsewhere = [
        ("Origin", "https://shop.example"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    let body = br#"{"id":"p1","value":3}"#;
    let with_token = [&from_elsewhere[..], &[("Authorization", bearer.as_str())]].concat();
    assert_eq!(post(&web, PATH, &with_token, body).await.status, 202);
    assert_eq!(post(&web, PATH, &from_elsewhere, body).await.status, 401);
    let other = post(&web, "/api/v1/silences", &with_token, body).await;
    assert_eq!(
        (other.status, other.problem().as_str()),
        (403, "cross-origin"),
        "only there"
    );
    let foreign = [("Host", "evil.example"), ("Authorization", bearer.as_str())];
    let answer = web.send_raw("POST", PATH, &foreign).await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (421, "host-not-allowed"),
        "the host is checked as ever"
    );
    web.stop().await;
}

#[tokio::test]
async fn a_token_among_what_is_sent_is_not_stored() {
    let web = start(Database::sqlite()).await;
    let body = json!({ "id": format!("p-{TOKEN}"), "value": 1, "messages": [{ "id": TOKEN, "text": format!("Authorization: Bearer {TOKEN}") }] });
    assert_eq!(push(&web, &body.to_string()).await.status, 202);
    assert_eq!(push(&web, &body.to_string()).await.status, 200);
    let row = waiting(&web, "w").await.remove(0);
    assert_eq!(row.push_id, "p-[redacted]");
    assert!(
        row.messages.contains("Bearer [redacted]") && !row.messages.contains(TOKEN),
        "{}",
        row.messages
    );
    web.stop().await;
}

#[tokio::test]
async fn a_database_that_fails_accepts_nothing() {
    let database = Database::sqlite();
    let db = database.open().await;
    let pushed = vec![(MetricKey::stored("w"), Secret::new(TOKEN))];
    let web = Web::on_db(db, |ctx| ctx.pushed = pushed, |_| {})
        .await
        .keeping(database);
    let answer = push(&web, r#"{"id":"p1","value":3}"#).await;
    assert!(
        answer.status >= 500 && !answer.body.contains("pushed_value"),
        "{} {}",
        answer.status,
        answer.body
    );
    web.db.migrate().await.unwrap();
    assert_eq!(
        push(&web, r#"{"id":"p1","value":3}"#).await.status,
        202,
        "sent again, it is taken"
    );
    web.stop().await;
}
