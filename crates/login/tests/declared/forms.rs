//! `form_cookie`.

use std::time::Duration;

use monitor_simulator::http::Answer;

use super::*;

const FORM: &str = r#"<!doctype html><meta name="csrf-token" content="m1"><form action="/search"><input name="q"><input type="hidden" name="not" value="this"></form>
<form method="post" action="/login"><input type="hidden" name="csrf" value="c1&amp;2"><input type=hidden name="next" value="/home">
<input name="email"><input type="password" name="password"><button name="go" value="1">Sign in</button></form>"#;

/// A site as frameworks make them: a form with a hidden token and a cookie, a redirect to the start page, whose answer sets the
/// session's cookie.
async fn site(given: Given) -> HttpServer {
    server(move |request| {
        let field = |name: &str| request.form_value(name);
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/login") => Answer::html(200, FORM).header("Set-Cookie", "_xsrf=x1; Path=/"),
            ("POST", "/login") => {
                let is_form =
                    field("csrf").as_deref() == Some("c1&2") && field("next").as_deref() == Some("/home");
                let is_real = request.cookie("_xsrf") == Some("x1") && is_form && field("not").is_none();
                let is_account = field("email").as_deref() == Some("ann")
                    && field("password").as_deref() == Some(PASSWORD);
                match (is_real, is_account) {
                    (false, _) => Answer::error(403, "forged"),
                    (true, false) => Answer::html(200, FORM),
                    (true, true) => Answer::redirect("/home").header("Set-Cookie", "pre=1; Path=/"),
                }
            }
            ("GET", "/home") if request.cookie("pre") == Some("1") => Answer::html(200, "<p>Hello")
                .header("Set-Cookie", &format!("sid={}; Path=/; HttpOnly", given.add())),
            ("GET", "/total") if request.cookie("sid").is_some_and(|proof| given.has(proof)) => reading(),
            _ => Answer::redirect("/login?next=/total"),
        }
    })
    .await
}

fn keys(password: &str, login: &str) -> String {
    format!("username = 'ann'\npassword = '{password}'\nlogin = {{ {login} }}")
}

#[tokio::test]
async fn hidden_fields_cookies_and_redirects_are_a_browsers() {
    let given = Given::default();
    let server = site(given.clone()).await;
    let keys = keys(PASSWORD, "form_path = '/login', fields = { username = 'email' }");
    let system = system(&server.url(), "form_cookie", &keys, &TestClock::new());
    assert_eq!(total(&system).await.unwrap(), 7);
    assert_eq!(total(&system).await.unwrap(), 7);
    given.forget();
    assert_eq!(total(&system).await.unwrap(), 7, "signed in anew");
    let posts: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| request.method == "POST")
        .collect();
    assert_eq!(posts.len(), 2);
    let origin = posts[0].header("origin").unwrap();
    assert_eq!(
        (origin, posts[0].header("referer").unwrap()),
        (&*server.url(), &*format!("{}/login", server.url()))
    );
}

#[tokio::test]
async fn the_form_that_comes_back_is_a_refusal() {
    let server = site(Given::default()).await;
    let keys = keys(
        "wrong one",
        "form_path = '/login', fields = { username = 'email' }",
    );
    let clock = TestClock::new();
    let system = system(&server.url(), "form_cookie", &keys, &clock);
    let error = total(&system).await.unwrap_err();
    assert!(
        is_refused(&error) && error.to_string().contains("login page"),
        "{error}"
    );
    clock.advance(Duration::from_secs(30));
    assert!(is_refused(&total(&system).await.unwrap_err()));
    let posts = server
        .requests()
        .iter()
        .filter(|request| request.method == "POST")
        .count();
    assert_eq!(posts, 1, "no account is locked");
}

#[tokio::test]
async fn a_token_against_forged_requests_goes_where_the_config_says() {
    for (csrf, field, header) in [
        ("{ cookie = '_xsrf' }", Some(("_xsrf", "x1")), None),
        (
            "{ cookie = '_xsrf', header = 'X-XSRF-TOKEN' }",
            None,
            Some(("x-xsrf-token", "x1")),
        ),
        (
            "{ input = 'csrf', field = 'authenticity_token' }",
            Some(("authenticity_token", "c1&2")),
            None,
        ),
        (
            "{ input = 'csrf-token', header = 'X-CSRF-Token' }",
            None,
            Some(("x-csrf-token", "m1")),
        ),
    ] {
        let given = Given::default();
        let gives = given.clone();
        let server = server(
            move |request| match (request.method.as_str(), request.path.as_str()) {
                ("GET", "/login") => Answer::html(200, FORM).header("Set-Cookie", "_xsrf=x1; Path=/"),
                ("POST", "/login") => {
                    let is_field =
                        field.is_none_or(|(name, value)| request.form_value(name).as_deref() == Some(value));
                    let is_header = header.is_none_or(|(name, value)| request.header(name) == Some(value));
                    match is_field && is_header {
                        true => {
                            Answer::status(204).header("Set-Cookie", &format!("sid={}; Path=/", gives.add()))
                        }
                        false => Answer::error(403, "forged"),
                    }
                }
                ("GET", "/total") if request.cookie("sid").is_some_and(|proof| gives.has(proof)) => reading(),
                _ => Answer::redirect("/login"),
            },
        )
        .await;
        let system = system(
            &server.url(),
            "form_cookie",
            &keys(PASSWORD, &format!("csrf = {csrf}")),
            &TestClock::new(),
        );
        assert_eq!(total(&system).await.unwrap(), 7, "{csrf}");
    }
}

#[tokio::test]
async fn what_is_no_form_and_what_goes_in_circles_is_said() {
    for (answer, says) in [
        (
            Answer::status(404),
            "answered 404 for /login, where the login form should be",
        ),
        (
            Answer::redirect("/login"),
            "goes in circles: redirect 10 came from",
        ),
        (Answer::error(503, "closed"), "503"),
    ] {
        let server = server(move |_| answer.clone()).await;
        let system = system(
            &server.url(),
            "form_cookie",
            &keys(PASSWORD, "form_path = '/login'"),
            &TestClock::new(),
        );
        let error = total(&system).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn nothing_goes_to_another_host() {
    let other = server(|_| Answer::html(200, "<p>thanks").header("Set-Cookie", "sid=stolen; Path=/")).await;
    let to = format!("{}/collect", other.url());
    let server = server(move |request| match request.method.as_str() {
        "POST" => Answer::redirect(&to).header("Set-Cookie", "sid=1; Path=/"),
        _ => reading(),
    })
    .await;
    let system = system(
        &server.url(),
        "form_cookie",
        &keys(PASSWORD, "path = '/login'"),
        &TestClock::new(),
    );
    assert_eq!(total(&system).await.unwrap(), 7);
    assert!(other.requests().is_empty());
}
