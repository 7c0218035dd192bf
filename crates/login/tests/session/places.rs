//! Where requests go: below the base URL, and nowhere else.

use std::collections::BTreeMap;

use monitor_login::{BuildError, CallError, LoginCall, SystemASettings, SystemSettings};
use monitor_requests::{Request, RequestsSettings, SecretSource, Url};

use crate::fake::{Fake, system, total};
use crate::time::TestClock;

#[tokio::test]
async fn a_request_to_another_origin_is_not_sent() {
    let (fake, other) = (Fake::start("system_a").await, Fake::start("system_b").await);
    let system = fake.system(&TestClock::new());
    let foreign = other.system(&TestClock::new()).url("/api?token=hunter9").unwrap();
    let mut https = system.url("/api").unwrap();
    https.set_scheme("https").unwrap();
    for url in [foreign, https, Url::parse("http://localhost/").unwrap()] {
        let error = system.call(Request::get(url)).await.unwrap_err();
        assert!(matches!(error, CallError::OtherOrigin { .. }), "{error}");
        assert!(!error.is_transient() && !error.to_string().contains("hunter9"));
    }
    assert_eq!((fake.received().len(), other.received().len()), (0, 0));
    assert!(matches!(
        system.url("https://evil.example/?token=hunter9"),
        Err(CallError::Path { .. })
    ));
}

#[tokio::test]
async fn a_base_url_may_have_a_path_and_the_login_path_may_be_another() {
    let fake = Fake::start("system_a").await;
    let login = LoginCall {
        path: Some("/auth/in".to_owned()),
        ..LoginCall::default()
    };
    let mut settings = fake.settings_with(None, Some(login));
    settings.common.base_url = Some(format!("{}/app/", fake.url()));
    let system = system(&settings, &TestClock::new());
    assert!(system.sign_in().await.is_err(), "the fake knows no such login");
    assert!(
        fake.received()[0].starts_with("POST /app/auth/in HTTP/1.1\r\n"),
        "{}",
        fake.received()[0]
    );
    assert!(
        system
            .url("/api/x?n=1")
            .unwrap()
            .as_str()
            .ends_with("/app/api/x?n=1")
    );
}

#[tokio::test]
async fn the_reference_protocols_are_spoken() {
    for (kind, login, body, proof) in [
        (
            "system_a",
            "POST /api/login",
            r#"{"username":"monitor","password":"hunter2 & co"}"#,
            "authorization: Bearer ",
        ),
        (
            "system_b",
            "POST /login",
            "username=monitor&password=hunter2+%26+co",
            "cookie: sid=",
        ),
    ] {
        let fake = Fake::start(kind).await;
        let mut settings = fake.settings();
        settings.common.headers = BTreeMap::from([("X-Tenant".to_owned(), "t1".to_owned())]);
        total(&system(&settings, &TestClock::new()), "/api/totals/x?n=1").await;
        let received = fake.received();
        assert!(
            received[0].starts_with(login) && received[0].ends_with(body),
            "{}",
            received[0]
        );
        assert!(
            received[1].starts_with("GET /api/totals/x?n=1 ") && received[1].contains(proof),
            "{}",
            received[1]
        );
        assert!(
            received[1].contains("accept: application/json\r\n"),
            "{}",
            received[1]
        );
        assert!(
            received
                .iter()
                .all(|request| request.contains("x-tenant: t1\r\n")),
            "{received:?}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_system_is_said_by_its_key() {
    let good = || SystemASettings::new("monitor", SecretSource::Plain("hunter2".into()));
    let system = |own: SystemASettings| SystemSettings::new("https://a.example", own);
    let build = |settings: &SystemSettings| {
        settings
            .build("a", &RequestsSettings::default(), TestClock::new())
            .map(drop)
    };
    type Change = fn(&mut SystemASettings);
    let cases: [(Change, &str); 3] = [
        (
            |own| own.username = None,
            "username: missing; the name of the account",
        ),
        (|own| own.password = None, "password: missing; { env = "),
        (
            |own| own.password = Some(SecretSource::Env("MONITOR_NO_SUCH".to_owned())),
            "password: environment variable MONITOR_NO_SUCH is not set",
        ),
    ];
    let shown = |error: BuildError| {
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        error.to_string()
    };
    for (change, says) in cases {
        let mut own = good();
        change(&mut own);
        let error = shown(build(&system(own)).unwrap_err());
        assert!(error.starts_with(says), "{error}");
    }
    type Common = fn(&mut SystemSettings);
    let cases: [(Common, &str); 7] = [
        (|s| s.common.base_url = None, "base_url: missing; where"),
        (
            |s| s.common.base_url = Some("a.example".to_owned()),
            "base_url: not a URL",
        ),
        (
            |s| s.common.base_url = Some("ftp://a.example".to_owned()),
            "base_url: must begin with http",
        ),
        (
            |s| s.common.base_url = Some("https://u:hunter2@a.example".to_owned()),
            "base_url: must not hold a user or password",
        ),
        (
            |s| s.common.base_url = Some("https://a.example?x".to_owned()),
            "base_url: must not hold a query",
        ),
        (
            |s| s.common.timeout = Some(std::time::Duration::ZERO),
            "timeout: must be longer than 0s",
        ),
        (
            |s| s.common.ca_file = Some("/no/such.pem".into()),
            "ca_file: /no/such.pem cannot be read",
        ),
    ];
    for (change, says) in cases {
        let mut settings = system(good());
        change(&mut settings);
        let error = shown(build(&settings).unwrap_err());
        assert!(error.starts_with(says), "{error}");
    }
    assert!(build(&system(good())).is_ok());
}
