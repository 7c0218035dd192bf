//! `json_token`.

use std::time::Duration;

use monitor_simulator::http::{Answer, Request};
use serde_json::json;

use super::*;

/// Answers with a new token where the login call is what it should be, and readings to those who show it.
async fn shop(
    given: Given,
    is_login: impl Fn(&Request) -> bool + Send + Sync + 'static,
    answer: impl Fn(&str) -> Answer + Send + Sync + 'static,
    proof: impl Fn(&Request) -> Option<String> + Send + Sync + 'static,
) -> HttpServer {
    server(move |request| match request.path.as_str() {
        "/auth/login" if is_login(request) => answer(&given.add()),
        "/auth/login" => Answer::error(401, "no such account"),
        "/total" if proof(request).is_some_and(|proof| given.has(&proof)) => reading(),
        _ => Answer::error(401, "sign in"),
    })
    .await
}

fn bearer(request: &Request) -> Option<String> {
    Some(
        request
            .header("authorization")?
            .strip_prefix("Bearer ")?
            .to_owned(),
    )
}

#[tokio::test]
async fn a_token_is_found_wherever_the_config_says_and_goes_where_it_says() {
    let at = |name: &'static str| move |request: &Request| request.header(name).map(str::to_owned);
    type Check = fn(&Request) -> bool;
    type Say = fn(&str) -> Answer;
    type Proof = Box<dyn Fn(&Request) -> Option<String> + Send + Sync>;
    let json_account: Check = |request| {
        request.method == "POST" && request.json() == Some(json!({ "username": "ann", "password": PASSWORD }))
    };
    let cases: [(&str, Check, Say, Proof); 7] = [
        (
            "login = { path = '/auth/login' }",
            json_account,
            |token| Answer::json(200, &json!({ "token": token })),
            Box::new(bearer),
        ),
        (
            "login = { path = '/auth/login', fields = { username = 'email', password = 'pwd' }, extra = { tenant = 't1', n = 3 }, \
             token = '$.data.access_token' }",
            |request| {
                request.json() == Some(json!({ "email": "ann", "pwd": PASSWORD, "tenant": "t1", "n": 3 }))
            },
            |token| Answer::json(201, &json!({ "data": { "access_token": token } })),
            Box::new(bearer),
        ),
        (
            "login = { path = '/auth/login', encode = 'form' }",
            |request| {
                request.form_value("username").as_deref() == Some("ann")
                    && request.form_value("password").as_deref() == Some(PASSWORD)
            },
            |token| Answer::json(200, &json!({ "access_token": token })),
            Box::new(bearer),
        ),
        (
            "login = { path = '/auth/login', token_header = 'X-Auth-Token' }\nheader = 'X-Auth-Token'",
            json_account,
            |token| Answer::status(204).header("X-Auth-Token", token),
            Box::new(at("x-auth-token")),
        ),
        (
            "login = { path = '/auth/login', ok = { path = '$.code', equals = [0, '0'] } }\nheader = 'Authorization'\nscheme = 'Token'",
            json_account,
            |token| Answer::json(200, &json!({ "code": "0", "token": token })),
            Box::new(|request| {
                Some(
                    request
                        .header("authorization")?
                        .strip_prefix("Token ")?
                        .to_owned(),
                )
            }),
        ),
        (
            "login = { path = '/auth/login', body = { user = { name = '{{ username }}', secret = '{{ password }}' }, tags = ['a'] } }",
            |request| {
                request.json()
                    == Some(json!({ "user": { "name": "ann", "secret": PASSWORD }, "tags": ["a"] }))
            },
            |token| Answer::json(200, &json!({ "token": token })),
            Box::new(bearer),
        ),
        (
            "login = { path = '/auth/login', method = 'PUT', query = { client = 'monitor {{ username }}' }, headers = { X-App = '{{ key | upper }}' }, \
             values = { key = 'abc' } }",
            |request| {
                request.method == "PUT"
                    && request.query_value("client").as_deref() == Some("monitor ann")
                    && request.header("x-app") == Some("ABC")
            },
            |token| Answer::json(200, &json!({ "token": token })),
            Box::new(bearer),
        ),
    ];
    for (keys, is_login, answer, proof) in cases {
        let given = Given::default();
        let server = shop(given.clone(), is_login, answer, proof).await;
        let keys = format!("username = 'ann'\npassword = '{PASSWORD}'\n{keys}");
        let system = system(&server.url(), "json_token", &keys, &TestClock::new());
        for _ in 0..2 {
            assert_eq!(total(&system).await.unwrap(), 7, "{keys}");
        }
        given.forget();
        assert_eq!(total(&system).await.unwrap(), 7, "signed in anew: {keys}");
        let logins = server
            .requests()
            .iter()
            .filter(|request| request.path == "/auth/login")
            .count();
        assert_eq!(logins, 2, "{keys}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_named() {
    for (status, body, says) in [
        (401, json!({ "message": "bad credentials" }), "bad credentials"),
        (200, json!({ "code": 1001, "msg": "密码错误" }), "密码错误"),
        (200, json!({ "token": "" }), ""),
        (
            200,
            json!({ "token": null, "error": format!("not {PASSWORD}") }),
            "",
        ),
    ] {
        let server = server(move |_| Answer::json(status, &body)).await;
        let keys = format!(
            "username = 'ann'\npassword = '{PASSWORD}'\nlogin = {{ path = '/auth/login', ok = {{ path = '$.code', equals = [0] }} }}"
        );
        let clock = TestClock::new();
        let system = system(&server.url(), "json_token", &keys, &clock);
        let error = total(&system).await.unwrap_err();
        assert!(is_refused(&error), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(says) && !shown.contains("hunter2"), "{shown}");
        clock.advance(Duration::from_secs(59));
        assert!(is_refused(&total(&system).await.unwrap_err()));
        assert_eq!(server.requests().len(), 1, "no account is locked");
    }
}

#[tokio::test]
async fn steps_before_bring_what_the_login_needs() {
    let given = Given::default();
    let gives = given.clone();
    let server = server(move |request| match request.path.as_str() {
        "/api/salt" if request.query_value("account").as_deref() == Some("ann") => {
            Answer::json(200, &json!({ "data": { "salt": "s1" } })).header("Set-Cookie", "sid=1; Path=/")
        }
        "/auth/login" => {
            // md5("hunter2 & cös1")
            let wanted = json!({ "account": "ann", "pwd": "50a4a8f7b8de2bcfbe67011c9a8912f7" });
            let is_it = request.json() == Some(wanted);
            match is_it && request.cookie("sid") == Some("1") {
                true => Answer::json(200, &json!({ "data": { "token": gives.add() } })),
                false => Answer::error(401, "no"),
            }
        }
        "/total" if bearer(request).is_some_and(|proof| gives.has(&proof)) => reading(),
        _ => Answer::error(401, "sign in"),
    })
    .await;
    let keys = format!(
        "username = 'ann'\npassword = '{PASSWORD}'\n[login]\npath = '/auth/login'\nfields = {{ username = 'account', password = '' }}\n\
         extra = {{ pwd = '{{{{ (password ~ salt) | md5 }}}}' }}\ntoken = '$.data.token'\n[[login.steps]]\n\
         path = '/api/salt?account={{{{ username | urlencode }}}}'\ntake = {{ salt = '$.data.salt' }}\n"
    );
    let system = system(&server.url(), "json_token", &keys, &TestClock::new());
    assert_eq!(total(&system).await.unwrap(), 7);
    assert!(given.has("proof-1"));
    let sent = server
        .requests()
        .into_iter()
        .find(|request| request.path == "/auth/login")
        .unwrap();
    assert!(!String::from_utf8_lossy(&sent.body).contains("hunter2"));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_by_its_refresh_token() {
    let given = Given::default();
    let gives = given.clone();
    let server = server(move |request| match request.path.as_str() {
        "/auth/login" => Answer::json(
            200,
            &json!({ "token": gives.add(), "refresh_token": "r1", "expires_in": 100_000 }),
        ),
        "/auth/refresh" if request.json() == Some(json!({ "refresh_token": "r1" })) => {
            Answer::json(200, &json!({ "token": gives.add(), "expires_in": 100_000 }))
        }
        "/total" if bearer(request).is_some_and(|proof| gives.has(&proof)) => reading(),
        _ => Answer::error(401, "sign in"),
    })
    .await;
    let keys = format!(
        "username = 'ann'\npassword = '{PASSWORD}'\nlogin = {{ path = '/auth/login', expires_unit = 'ms', refresh = {{ path = '/auth/refresh' }} }}"
    );
    let clock = TestClock::new();
    let system = system(&server.url(), "json_token", &keys, &clock);
    let calls = |path: &str| {
        server
            .requests()
            .iter()
            .filter(|request| request.path == path)
            .count()
    };
    assert_eq!(total(&system).await.unwrap(), 7);
    clock.advance(Duration::from_secs(50));
    assert_eq!(total(&system).await.unwrap(), 7);
    assert_eq!(
        (calls("/auth/login"), calls("/auth/refresh")),
        (1, 0),
        "100 s, in milliseconds"
    );
    clock.advance(Duration::from_secs(60));
    assert_eq!(total(&system).await.unwrap(), 7);
    assert_eq!((calls("/auth/login"), calls("/auth/refresh")), (1, 1));
    // The answer to the renewal brought no refresh token: the password is used again.
    clock.advance(Duration::from_secs(160));
    assert_eq!(total(&system).await.unwrap(), 7);
    assert_eq!(calls("/auth/login") + calls("/auth/refresh"), 3);
}

/// What the system's `ok` says holds for a sign-in too that has none of its own: a wrong password is one, and not tried again and
/// again as an answer that nobody understands would be.
#[tokio::test]
async fn the_ok_of_the_system_tells_a_refused_sign_in() {
    let token = "login = { path = '/login', token = '$.data' }";
    let own = "login = { path = '/login', token = '$.data', ok = { present = '$.message' } }";
    let cookie = "login = { path = '/login' }";
    for (kind, keys, body, set_cookie, is_good, is_told) in [
        (
            "json_token",
            token,
            r#"{"code":1001,"message":"wrong password"}"#,
            false,
            false,
            true,
        ),
        (
            "json_token",
            token,
            r#"{"code":1001,"message":"wrong password","data":"x-12345"}"#,
            false,
            false,
            true,
        ),
        (
            "json_token",
            token,
            r#"{"code":0,"data":"x-12345"}"#,
            false,
            true,
            false,
        ),
        // Its sign-in says nothing of it.
        ("json_token", token, r#"{"data":"x-12345"}"#, false, true, false),
        ("json_token", token, "no JSON", false, false, false),
        // What it says itself goes before.
        (
            "json_token",
            own,
            r#"{"code":1001,"message":"hello","data":"x-12345"}"#,
            false,
            true,
            false,
        ),
        (
            "form_cookie",
            cookie,
            r#"{"code":1001,"message":"wrong password"}"#,
            true,
            false,
            true,
        ),
        ("form_cookie", cookie, r#"{"code":0}"#, true, true, false),
        ("form_cookie", cookie, "no JSON", true, true, false),
    ] {
        let server = server(move |request| match request.path.as_str() {
            "/total" => reading(),
            _ => {
                let answer = Answer::body(200, "application/json", body);
                match set_cookie {
                    true => answer.header("Set-Cookie", "sid=x-12345; Path=/"),
                    false => answer,
                }
            }
        })
        .await;
        let keys = format!("username = 'ann'\npassword = 'hunter2'\n{keys}");
        let mut settings = settings(&server.url(), kind, &keys);
        settings.common.ok = Some(toml::from_str("path = '$.code'\nequals = [0]").unwrap());
        let system = settings
            .build("shop", &RequestsSettings::default(), TestClock::new())
            .unwrap();
        match total(&system).await {
            Ok(_) => assert!(is_good, "{kind} {body}"),
            Err(error) => {
                assert!(
                    !is_good && is_refused(&error) == is_told,
                    "{kind} {body}: {error}"
                );
                let says = error
                    .to_string()
                    .contains("$.code is 1001, not 0: wrong password");
                assert_eq!(says, is_told, "{kind} {body}: {error}");
            }
        }
    }
}
