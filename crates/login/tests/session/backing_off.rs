//! Sign-ins that are refused or fail, and how long nothing is tried after that.

use std::time::Duration;

use monitor_login::{BodySettings, CallError, LoginCall, LoginError};

use crate::fake::{Answer, Fake, HTML, get, system, total};
use crate::time::TestClock;

const WRONG: Answer = Answer(401, "", r#"{"error":"wrong password"}"#);

fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

#[tokio::test]
async fn wrong_credentials_are_tried_ever_more_rarely() {
    for kind in ["system_a", "system_b"] {
        let fake = Fake::start(kind).await;
        fake.rules().login = Some(WRONG);
        let clock = TestClock::new();
        let system = fake.system(&clock);
        for (n, wait) in [1, 3, 9, 27, 60, 60].into_iter().enumerate() {
            let refused = get(&system, "/api/totals/x").await.unwrap_err();
            assert!(
                matches!(&refused, CallError::Login(LoginError::Refused { .. })),
                "{refused}"
            );
            let shown = refused.to_string();
            assert!(
                shown.starts_with("system a: sign-in refused: 401 Unauthorized: {\"error\":\"wrong"),
                "{shown}"
            );
            clock.advance(minutes(wait) - Duration::from_secs(1));
            let early = get(&system, "/api/totals/x").await.unwrap_err();
            assert!(
                matches!(&early, CallError::Login(LoginError::BackingOff { .. })),
                "{early}"
            );
            assert_eq!(early.retry_after(), Some(Duration::from_secs(1)));
            assert!(early.to_string().contains("sign-in refused: 401"), "{early}");
            assert!(matches!(
                system.sign_in().await,
                Err(LoginError::BackingOff { .. })
            ));
            assert_eq!((fake.logins(), fake.calls()), (n + 1, 0), "{kind}");
            clock.advance(Duration::from_secs(1));
        }
        // The password was put right; from then on it counts anew.
        fake.rules().login = None;
        assert_eq!(total(&system, "/api/totals/x").await, 7);
        fake.rules().login = Some(WRONG);
        fake.expire();
        assert!(get(&system, "/api/totals/x").await.is_err());
        assert_eq!(
            get(&system, "/api/totals/x").await.unwrap_err().retry_after(),
            Some(minutes(1))
        );
    }
}

#[tokio::test]
async fn a_login_form_that_comes_back_is_a_refusal() {
    let form = Answer(
        200,
        "Content-Type: text/html\r\n",
        "<form><input name=p type=\"PASSWORD\"></form>",
    );
    for answer in [
        form,
        Answer(302, "Location: /login?error=1\r\n", ""),
        Answer(403, "", ""),
    ] {
        let fake = Fake::start("system_b").await;
        fake.rules().login = Some(answer);
        let error = fake.system(&TestClock::new()).sign_in().await.unwrap_err();
        assert!(matches!(error, LoginError::Refused { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_answer_is_neither_a_refusal_nor_a_session() {
    for (kind, answer, says) in [
        ("system_a", HTML, "is an HTML page, not JSON"),
        ("system_a", Answer(200, "", "{}"), "has no \"token\""),
        ("system_a", Answer(404, "", ""), "check login.path and base_url"),
        (
            "system_a",
            Answer(
                302,
                "Location: https://u:hunter9@sso.example/in?next=hunter9\r\n",
                "",
            ),
            "redirected (302) to https://sso.example/in; check base_url and login.path",
        ),
        ("system_b", Answer(200, "", "{}"), "(200) sets no cookie"),
        (
            "system_b",
            Answer(
                302,
                "Location: /\r\nSet-Cookie: sid=1; Domain=evil.example\r\n",
                "",
            ),
            "may be sent to it",
        ),
    ] {
        let fake = Fake::start(kind).await;
        fake.rules().login = Some(answer);
        let clock = TestClock::new();
        let system = fake.system(&clock);
        let error = system.sign_in().await.unwrap_err();
        assert!(matches!(error, LoginError::BadAnswer(_)), "{error}");
        assert!(
            error.to_string().starts_with("cannot sign in: system a: "),
            "{error}"
        );
        assert!(error.to_string().contains(says), "{error}");
        // A page for maintenance goes away: the next try is soon.
        fake.rules().login = None;
        clock.advance(Duration::from_secs(1));
        system.sign_in().await.unwrap();
    }
}

fn ok(text: &str) -> BodySettings {
    toml::from_str(text).unwrap()
}

/// Many systems answer a wrong password with status 200.
#[tokio::test]
async fn a_refusal_in_the_body_is_a_refusal() {
    let code = ok("path = '$.code'\nequals = [0]");
    let token = ok("present = '$.token'");
    let not_false = ok("path = '$.success'\nnot_equals = [false]");
    for (kind, ok, body, says) in [
        (
            "system_a",
            &code,
            r#"{"code":401,"msg":"bad password","token":"t"}"#,
            "$.code is 401, not 0: bad password",
        ),
        ("system_a", &code, r#"{"code":"0"}"#, r#"$.code is "0", not 0;"#),
        (
            "system_a",
            &token,
            r#"{"errcode":40001,"errmsg":"密码错误"}"#,
            "no $.token: 密码错误",
        ),
        (
            "system_a",
            &not_false,
            r#"{"success":false}"#,
            "$.success is false;",
        ),
        (
            "system_a",
            &code,
            r#"{"code":1,"message":"no hunter2 & co here"}"#,
            "no [redacted] here",
        ),
        (
            "system_b",
            &code,
            r#"{"code":7,"error":"locked"}"#,
            "$.code is 7, not 0: locked",
        ),
    ] {
        for of_the_system in [false, true] {
            let fake = Fake::start(kind).await;
            fake.rules().login = Some(Answer(200, "Set-Cookie: sid=1\r\n", body));
            let login = LoginCall {
                ok: (!of_the_system).then(|| ok.clone()),
                ..LoginCall::default()
            };
            let mut settings = fake.settings_with(None, Some(login));
            settings.common.ok = of_the_system.then(|| ok.clone());
            let clock = TestClock::new();
            let system = system(&settings, &clock);
            let error = system.sign_in().await.unwrap_err();
            assert!(matches!(error, LoginError::Refused { .. }), "{body}: {error}");
            let shown = error.to_string();
            assert!(shown.contains(says) && !shown.contains("hunter2"), "{shown}");
            clock.advance(Duration::from_secs(59));
            let error = system.sign_in().await.unwrap_err();
            assert!(matches!(error, LoginError::BackingOff { .. }), "{error}");
            assert_eq!(fake.logins(), 1, "no account is locked by trying");
        }
    }
}

#[tokio::test]
async fn a_good_sign_in_is_known_by_its_own_sign_or_by_that_of_the_system() {
    let token = ok("present = '$.token'");
    let code = ok("path = '$.code'\nequals = [0]");
    for (kind, own, of_the_system) in [
        ("system_a", Some(token.clone()), None),
        ("system_a", None, Some(token.clone())),
        // The answer to a sign-in may say nothing of what all others say.
        ("system_a", None, Some(code.clone())),
        // Its own comes first.
        ("system_a", Some(token), Some(code.clone())),
        // A form answers with a redirect, which is no JSON that could say anything.
        ("system_b", None, Some(code)),
    ] {
        let fake = Fake::start(kind).await;
        let login = LoginCall {
            ok: own,
            ..LoginCall::default()
        };
        let mut settings = fake.settings_with(None, Some(login));
        settings.common.ok = of_the_system;
        let system = system(&settings, &TestClock::new());
        system.sign_in().await.unwrap();
        assert_eq!(system.sign_ins().good, 1);
    }
    let fake = Fake::start("system_a").await;
    fake.rules().login = Some(HTML);
    let login = LoginCall {
        ok: Some(ok("present = '$.token'")),
        ..LoginCall::default()
    };
    let settings = fake.settings_with(None, Some(login));
    let error = system(&settings, &TestClock::new()).sign_in().await.unwrap_err();
    assert!(
        matches!(error, LoginError::BadAnswer(_)),
        "a page is neither yes nor no: {error}"
    );
}

#[tokio::test]
async fn not_now_is_waited_for_as_long_as_the_system_says() {
    let fake = Fake::start("system_a").await;
    fake.rules().login = Some(Answer(429, "Retry-After: 90\r\n", ""));
    let clock = TestClock::new();
    let system = fake.system(&clock);
    let error = system.sign_in().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(90)));
    fake.rules().login = None;
    clock.advance(Duration::from_secs(89));
    assert!(matches!(
        system.sign_in().await,
        Err(LoginError::BackingOff { .. })
    ));
    clock.advance(Duration::from_secs(1));
    system.sign_in().await.unwrap();
    assert_eq!(fake.logins(), 2);
}

#[tokio::test]
async fn a_system_that_is_down_is_unreachable_and_found_again() {
    let fake = Fake::start("system_a").await;
    let mut settings = fake.settings();
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    settings.common.base_url = Some(format!("http://{gone}"));
    let clock = TestClock::new();
    let system = system(&settings, &clock);
    let mut gaps = Vec::new();
    for _ in 0..5 {
        let error = system.sign_in().await.unwrap_err();
        assert!(matches!(error, LoginError::Unreachable(_)), "{error}");
        let gap = system.sign_in().await.unwrap_err().retry_after().unwrap();
        gaps.push(gap.as_secs());
        clock.advance(gap);
    }
    assert_eq!(gaps[..4], [1, 2, 4, 8]);
    assert!(gaps[4] <= 10, "{gaps:?}");
}
