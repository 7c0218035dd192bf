//! `oauth2`.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use monitor_simulator::http::{Answer, Request};
use serde_json::json;

use super::*;

fn basic(request: &Request) -> Option<String> {
    let pair = request.header("authorization")?.strip_prefix("Basic ")?;
    String::from_utf8(STANDARD.decode(pair).ok()?).ok()
}

/// A token endpoint that takes what `is_client` says.
async fn provider(given: Given, is_client: impl Fn(&Request) -> bool + Send + Sync + 'static) -> HttpServer {
    server(move |request| match request.path.as_str() {
        "/oauth/token" if !is_client(request) => Answer::json(
            401,
            &json!({ "error": "invalid_client", "error_description": "no such client" }),
        ),
        "/oauth/token" => Answer::json(
            200,
            &json!({ "access_token": given.add(), "token_type": "Bearer", "expires_in": 100 }),
        ),
        "/total" => {
            let proof = request
                .header("authorization")
                .and_then(|value| value.strip_prefix("Bearer "));
            match proof.is_some_and(|proof| given.has(proof)) {
                true => reading(),
                false => Answer::status(401),
            }
        }
        _ => Answer::status(404),
    })
    .await
}

#[tokio::test]
async fn a_client_says_who_it_is_as_the_server_wants_it() {
    type Check = fn(&Request) -> bool;
    let cases: [(&str, Check); 4] = [
        // RFC 6749, 2.3.1: both are form-encoded before they are joined.
        ("client_id = 'mon:1', client_secret = 'a b+c'", |request| {
            basic(request).as_deref() == Some("mon%3A1:a+b%2Bc")
                && request.form_value("grant_type").as_deref() == Some("client_credentials")
                && request.form_value("client_secret").is_none()
        }),
        (
            "client_id = 'mon:1', client_secret = 'a b+c', auth = 'body', scope = 'read metrics'",
            |request| {
                request.header("authorization").is_none()
                    && request.form_value("client_id").as_deref() == Some("mon:1")
                    && request.form_value("client_secret").as_deref() == Some("a b+c")
                    && request.form_value("scope").as_deref() == Some("read metrics")
            },
        ),
        (
            "client_id = 'm', client_secret = 's', params = { audience = 'https://api.example' }",
            |request| request.form_value("audience").as_deref() == Some("https://api.example"),
        ),
        ("client_id = 'm', client_secret = 's'", |request| {
            request.method == "POST" && request.header("accept") == Some("application/json")
        }),
    ];
    for (client, is_client) in cases {
        let server = provider(Given::default(), is_client).await;
        let keys = format!("login = {{ path = '/oauth/token', {client} }}");
        let clock = TestClock::new();
        let system = system(&server.url(), "oauth2", &keys, &clock);
        assert_eq!(total(&system).await.unwrap(), 7, "{client}");
        clock.advance(Duration::from_secs(101));
        assert_eq!(total(&system).await.unwrap(), 7, "{client}");
        let tokens = server
            .requests()
            .iter()
            .filter(|request| request.path == "/oauth/token")
            .count();
        assert_eq!(tokens, 2, "{client}");
    }
}

#[tokio::test]
async fn an_account_signs_in_besides_its_client() {
    let server = provider(Given::default(), |request| {
        request.form_value("grant_type").as_deref() == Some("password")
            && request.form_value("username").as_deref() == Some("ann")
            && request.form_value("password").as_deref() == Some(PASSWORD)
    })
    .await;
    let keys = format!(
        "username = 'ann'\npassword = '{PASSWORD}'\nlogin = {{ path = '/oauth/token', client_id = 'm', client_secret = 's' }}"
    );
    let system = system(&server.url(), "oauth2", &keys, &TestClock::new());
    assert_eq!(total(&system).await.unwrap(), 7);
}

#[tokio::test]
async fn a_wrong_secret_is_a_refusal_and_an_error_of_the_server_is_none() {
    let server = provider(Given::default(), |_| false).await;
    let keys = "login = { path = '/oauth/token', client_id = 'm', client_secret = 'hunter2-secret' }";
    let clock = TestClock::new();
    let refused = system(&server.url(), "oauth2", keys, &clock);
    let error = total(&refused).await.unwrap_err();
    assert!(
        is_refused(&error)
            && error.to_string().contains("no such client")
            && error
                .to_string()
                .ends_with("check login.client_id and login.client_secret"),
        "{error}"
    );
    clock.advance(Duration::from_secs(30));
    assert!(is_refused(&total(&refused).await.unwrap_err()));
    assert_eq!(server.requests().len(), 1);
    for answer in [
        Answer::error(503, "hunter2-secret is down"),
        Answer::json(
            400,
            &json!({ "error": "invalid_scope", "error_description": "hunter2-secret" }),
        ),
        Answer::json(200, &json!({ "token_type": "Bearer" })),
        Answer::html(400, "<h1>Bad Request</h1> hunter2-secret"),
        Answer::body(400, "text/plain", "no such host: hunter2-secret"),
    ] {
        let server = server_of(answer).await;
        let system = system(&server.url(), "oauth2", keys, &TestClock::new());
        let error = total(&system).await.unwrap_err();
        assert!(!is_refused(&error), "{error}");
        assert!(!format!("{error:?} {error}").contains("hunter2"), "{error}");
    }
}

async fn server_of(answer: Answer) -> HttpServer {
    server(move |_| answer.clone()).await
}
