//! Answers as if signed out: one new sign-in, one more try, and then an answer or an error.

use std::time::Duration;

use monitor_login::{CallError, NoLoginSettings, SignedOutSettings, SystemSettings};
use monitor_requests::{HeaderValue, Request};

use crate::fake::{Answer, Fake, HTML, get, system, total};
use crate::time::TestClock;

const FORBIDDEN: Answer = Answer(403, "", r#"{"error":"forbidden"}"#);

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The sign-in seems good; the cookie that it set goes nowhere.
#[tokio::test]
async fn a_secure_cookie_over_plain_http_is_named_as_the_cause() {
    for (cookie, says) in [
        (
            "Set-Cookie: sid=hunter3; Path=/; Secure; HttpOnly\r\n",
            "its cookie sid is Secure and so is not sent over plain http: give base_url with https",
        ),
        (
            "Set-Cookie: sid=hunter3; secure\r\nSet-Cookie: lang=en\r\n",
            "its cookie sid is Secure",
        ),
        ("Set-Cookie: sid=hunter3; Path=/\r\n", "check the path"),
        (
            "Set-Cookie: sid=hunter3; Path=/other; Secure\r\n",
            "check the path",
        ),
    ] {
        let fake = Fake::start("system_b").await;
        fake.rules().login = Some(Answer(302, cookie, ""));
        let system = fake.system(&TestClock::new());
        let error = get(&system, "/api/totals/x").await.unwrap_err().to_string();
        assert!(
            error.contains(says) && !error.contains("hunter3"),
            "{cookie}: {error}"
        );
    }
}

#[tokio::test]
async fn a_lost_session_is_found_again_however_it_looks() {
    for (kind, lost) in [
        ("system_a", None),
        ("system_b", None),
        ("system_a", Some(HTML)),
        ("system_b", Some(HTML)),
        ("system_b", Some(Answer(401, "", ""))),
        (
            "system_a",
            Some(Answer(302, "Location: https://sso.example/login?x\r\n", "")),
        ),
        ("system_a", Some(FORBIDDEN)),
        ("system_b", Some(FORBIDDEN)),
    ] {
        let fake = Fake::start(kind).await;
        fake.rules().lost = lost;
        let system = fake.system(&TestClock::new());
        for round in 1..=3 {
            fake.expire();
            assert_eq!(total(&system, "/api/totals/x").await, 7, "{kind}");
            assert_eq!(fake.logins(), round);
        }
    }
}

#[tokio::test]
async fn a_path_that_always_looks_signed_out_is_an_error_and_no_sign_in_each_interval() {
    for answer in [Answer(401, "", ""), HTML, Answer(302, "Location: /login\r\n", "")] {
        let fake = Fake::start("system_b").await;
        fake.rules().paths.insert("/api/mistyped".to_owned(), answer);
        let clock = TestClock::new();
        let system = fake.system(&clock);
        let error = get(&system, "/api/mistyped").await.unwrap_err();
        assert!(
            matches!(&error, CallError::SignedOut { system, .. } if system == "a"),
            "{error}"
        );
        assert!(
            error.to_string().starts_with("system a: GET /api/mistyped: "),
            "{error}"
        );
        assert_eq!(
            (fake.logins(), fake.calls()),
            (2, 2),
            "one more sign-in, one more try"
        );
        // An hour of polls every 10 s, with another query each time: 30 s, 1, 2, 4, 8 min and then every 10.
        for n in 0..360 {
            clock.advance(seconds(10));
            assert!(get(&system, &format!("/api/mistyped?n={n}")).await.is_err());
            assert_eq!(total(&system, "/api/totals/x").await, 7, "others go on");
        }
        assert!(fake.logins() <= 2 + 10, "{}", fake.logins());
        // Once it works the memory is gone.
        fake.rules().paths.clear();
        assert_eq!(total(&system, "/api/mistyped").await, 7);
        let before = fake.logins();
        fake.expire();
        assert_eq!(total(&system, "/api/mistyped").await, 7);
        assert_eq!(fake.logins(), before + 1);
    }
}

#[tokio::test]
async fn a_403_that_a_new_session_gets_too_is_an_answer_for_that_session() {
    let fake = Fake::start("system_a").await;
    fake.rules().paths.insert("/api/secret".to_owned(), FORBIDDEN);
    let clock = TestClock::new();
    let system = fake.system(&clock);
    for _ in 0..100 {
        assert_eq!(get(&system, "/api/secret").await.unwrap().status.as_u16(), 403);
        assert_eq!(total(&system, "/api/totals/x").await, 7);
        clock.advance(seconds(60));
    }
    assert_eq!(fake.logins(), 2, "one doubt a session");
    // Lost sessions are still found, for the others and for this path once it is allowed.
    fake.expire();
    assert_eq!(total(&system, "/api/totals/x").await, 7);
    assert_eq!(fake.logins(), 3);
    fake.rules().paths.clear();
    assert_eq!(total(&system, "/api/secret").await, 7);
    assert_eq!(fake.logins(), 3);
}

#[tokio::test]
async fn a_doubted_403_takes_the_session_away_from_nobody() {
    let fake = Fake::start("system_a").await;
    fake.rules().paths.insert("/api/secret".to_owned(), FORBIDDEN);
    let clock = TestClock::new();
    let system = fake.system(&clock);
    system.sign_in().await.unwrap();
    fake.rules().login = Some(Answer(503, "", ""));
    assert!(matches!(
        get(&system, "/api/secret").await,
        Err(CallError::Login(_))
    ));
    assert_eq!(total(&system, "/api/totals/x").await, 7);
}

#[tokio::test]
async fn failures_of_the_system_are_no_lost_session() {
    for status in [500, 502, 404, 429, 301] {
        let fake = Fake::start("system_b").await;
        let page = Answer(
            status,
            "Content-Type: text/html\r\n",
            "<html>Bad gateway, sign in",
        );
        fake.rules().paths.insert("/api/totals/x".to_owned(), page);
        let system = fake.system(&TestClock::new());
        let answer = get(&system, "/api/totals/x").await.unwrap();
        assert_eq!((answer.status.as_u16(), fake.logins()), (status, 1));
    }
}

#[tokio::test]
async fn a_page_is_an_answer_to_who_accepts_one() {
    let fake = Fake::start("system_b").await;
    fake.rules().paths.insert("/page".to_owned(), HTML);
    let clock = TestClock::new();
    let system = fake.system(&clock);
    let request = Request::get(system.url("/page").unwrap());
    let request = request.header(http::header::ACCEPT, HeaderValue::from_static("text/html"));
    assert!(system.call(request).await.unwrap().is_html());
    assert_eq!(fake.logins(), 1);
    // The same by the system's headers in the config.
    let mut settings = fake.settings();
    settings
        .common
        .headers
        .insert("accept".to_owned(), "text/html, application/json".to_owned());
    assert!(
        get(&crate::fake::system(&settings, &clock), "/page")
            .await
            .unwrap()
            .is_html()
    );
    let received = fake.received();
    assert!(
        received
            .last()
            .unwrap()
            .contains("accept: text/html, application/json\r\n"),
        "{received:?}"
    );
}

#[tokio::test]
async fn the_config_may_say_how_a_lost_session_looks() {
    let fake = Fake::start("system_a").await;
    fake.rules().lost = Some(Answer(200, "", r#"{"error":"please sign in"}"#));
    let signed_out = SignedOutSettings {
        body_contains: Some("please sign in".to_owned()),
        ..SignedOutSettings::default()
    };
    let settings = fake.settings_with(Some(signed_out), None);
    let system = system(&settings, &TestClock::new());
    assert_eq!(total(&system, "/api/totals/x").await, 7);
    fake.expire();
    assert_eq!(total(&system, "/api/totals/x").await, 7);
    assert_eq!(fake.logins(), 2);
}

#[tokio::test]
async fn a_post_is_sent_again_too_for_it_was_not_heard() {
    let fake = Fake::start("system_b").await;
    let system = fake.system(&TestClock::new());
    system.sign_in().await.unwrap();
    fake.expire();
    let alarm = Request::post(system.url("/api/alarm").unwrap()).json(&serde_json::json!({"kind": "x"}));
    assert!(system.call(alarm).await.unwrap().status.is_success());
    assert_eq!((fake.logins(), fake.calls()), (2, 2));
    assert!(fake.received().last().unwrap().ends_with(r#"{"kind":"x"}"#));
}

#[tokio::test]
async fn without_a_login_every_answer_is_an_answer() {
    let fake = Fake::start("system_a").await;
    let settings = SystemSettings::new(fake.url(), NoLoginSettings {});
    let system = system(&settings, &TestClock::new());
    assert_eq!(get(&system, "/api/totals/x").await.unwrap().status.as_u16(), 401);
    fake.rules().lost = Some(HTML);
    assert!(get(&system, "/api/totals/x").await.unwrap().is_html());
    assert_eq!((fake.logins(), fake.calls()), (0, 2));
}

#[tokio::test]
async fn a_system_that_turns_everybody_away_sees_no_sign_in_for_every_path() {
    for answer in [Answer(401, "", ""), FORBIDDEN] {
        let fake = Fake::start("system_a").await;
        let paths: Vec<String> = (0..40).map(|n| format!("/api/totals/{n}")).collect();
        let turn_away = |fake: &Fake| {
            for path in &paths {
                fake.rules().paths.insert(path.clone(), answer.clone());
            }
        };
        turn_away(&fake);
        let clock = TestClock::new();
        let system = fake.system(&clock);
        for _ in 0..3 {
            for path in &paths {
                assert!(
                    get(&system, path)
                        .await
                        .is_ok_and(|answer| answer.status.as_u16() == 403)
                        || answer.0 == 401
                );
            }
            clock.advance(seconds(9));
        }
        assert_eq!(fake.logins(), 2);
        // Once it answers again, all of them work.
        fake.rules().paths.clear();
        for path in &paths {
            assert_eq!(total(&system, path).await, 7);
        }
        assert_eq!(fake.logins(), 2);
    }
}

#[tokio::test]
async fn the_cookie_of_a_login_page_does_not_replace_a_good_one() {
    let fake = Fake::start("system_b").await;
    let stranger = Answer(
        302,
        "Location: /login\r\nSet-Cookie: sid=stranger; Path=/; HttpOnly\r\n",
        "",
    );
    fake.rules().paths.insert("/api/mistyped".to_owned(), stranger);
    let clock = TestClock::new();
    let system = fake.system(&clock);
    for _ in 0..5 {
        assert!(get(&system, "/api/mistyped").await.is_err());
        assert_eq!(total(&system, "/api/totals/x").await, 7);
        clock.advance(seconds(1));
    }
    assert_eq!(fake.logins(), 2);
}
