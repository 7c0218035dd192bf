//! Where requests go: below the base URL, and nowhere else.

use std::collections::BTreeMap;

use monitor_login::{BuildError, CallError, KINDS, LoginSettings, SystemSettings, build, login_for};
use monitor_requests::{Request, RequestsSettings, SecretSource, Url};

use crate::fake::{Fake, system, total};
use crate::time::TestClock;

#[tokio::test]
async fn a_request_to_another_origin_is_not_sent() {
    let (fake, other) = (Fake::start("system_a").await, Fake::start("system_b").await);
    let system = fake.system(&TestClock::new());
    let elsewhere = other.system(&TestClock::new()).url("/api?token=hunter9").unwrap();
    let mut https = system.url("/api").unwrap();
    https.set_scheme("https").unwrap();
    for url in [elsewhere, https, Url::parse("http://localhost/").unwrap()] {
        let error = system.call(Request::get(url)).await.unwrap_err();
        assert!(matches!(error, CallError::OtherOrigin { .. }), "{error}");
        assert!(!error.is_transient() && !error.to_string().contains("hunter9"));
    }
    assert_eq!((fake.seen().len(), other.seen().len()), (0, 0));
    assert!(matches!(
        system.url("https://evil.example/?token=hunter9"),
        Err(CallError::Path { .. })
    ));
}

#[tokio::test]
async fn a_base_url_may_have_a_path_and_the_login_path_may_be_another() {
    let fake = Fake::start("system_a").await;
    let mut settings = fake.settings();
    settings.base_url = Some(format!("{}/app/", settings.base_url.unwrap()));
    settings.login = Some(LoginSettings {
        path: Some("/auth/in".to_owned()),
        ..LoginSettings::default()
    });
    let system = system(&settings, &TestClock::new());
    assert!(system.sign_in().await.is_err(), "the fake knows no such login");
    assert!(
        fake.seen()[0].starts_with("POST /app/auth/in HTTP/1.1\r\n"),
        "{}",
        fake.seen()[0]
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
            r#"{"password":"hunter2 & co","username":"monitor"}"#,
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
        settings.headers = BTreeMap::from([("X-Tenant".to_owned(), "t1".to_owned())]);
        total(&system(&settings, &TestClock::new()), "/api/totals/x?n=1").await;
        let seen = fake.seen();
        assert!(
            seen[0].starts_with(login) && seen[0].ends_with(body),
            "{}",
            seen[0]
        );
        assert!(
            seen[1].starts_with("GET /api/totals/x?n=1 ") && seen[1].contains(proof),
            "{}",
            seen[1]
        );
        assert!(seen[1].contains("accept: application/json\r\n"), "{}", seen[1]);
        assert!(
            seen.iter().all(|request| request.contains("x-tenant: t1\r\n")),
            "{seen:?}"
        );
    }
}

#[test]
fn every_kind_is_known_and_the_rest_is_said_to_be_not_yet_or_never() {
    for kind in KINDS {
        let settings = SystemSettings {
            kind: (*kind).to_owned(),
            username: (*kind != "none").then(|| "monitor".to_owned()),
            password: (*kind != "none").then(|| SecretSource::Plain("x".into())),
            ..SystemSettings::default()
        };
        assert_eq!(login_for(&settings).map(|login| login.kind()).ok(), Some(*kind));
    }
    let of = |kind: &str| {
        login_for(&SystemSettings {
            kind: kind.to_owned(),
            ..SystemSettings::default()
        })
        .map(|_| ())
        .unwrap_err()
    };
    for kind in ["json_token", "form_cookie", "basic", "bearer", "oauth2"] {
        assert_eq!(
            of(kind),
            BuildError::NotBuiltYet {
                kind: kind.to_owned()
            }
        );
    }
    assert_eq!(
        of("sytem_a").to_string(),
        "kind: there is no \"sytem_a\"; there are system_a, system_b, none"
    );
}

#[test]
fn what_is_wrong_with_a_system_is_said_by_its_key() {
    let good = || SystemSettings {
        kind: "system_a".to_owned(),
        base_url: Some("https://a.example".to_owned()),
        username: Some("monitor".to_owned()),
        password: Some(SecretSource::Plain("hunter2".into())),
        ..SystemSettings::default()
    };
    type Change = fn(&mut SystemSettings);
    let cases: [(Change, &str); 12] = [
        (|s| s.base_url = None, "base_url: is missing"),
        (
            |s| s.base_url = Some("a.example".to_owned()),
            "base_url: must be an address",
        ),
        (
            |s| s.base_url = Some("ftp://a.example".to_owned()),
            "base_url: must begin with http",
        ),
        (
            |s| s.base_url = Some("https://u:hunter2@a.example".to_owned()),
            "base_url: must not hold a user or password",
        ),
        (
            |s| s.base_url = Some("https://a.example?x".to_owned()),
            "base_url: must not have a query",
        ),
        (|s| s.username = None, "username: is missing"),
        (|s| s.password = None, "password: is missing"),
        (
            |s| s.password = Some(SecretSource::Env("MONITOR_NO_SUCH".to_owned())),
            "password: environment variable MONITOR_NO_SUCH is not set",
        ),
        (
            |s| s.scheme = Some("Token".to_owned()),
            "scheme: is not used by kind \"system_a\"",
        ),
        (
            |s| {
                s.login = Some(LoginSettings {
                    token: Some("$.t".to_owned()),
                    ..LoginSettings::default()
                });
            },
            "login.token: is not used by kind \"system_a\"",
        ),
        (
            |s| s.timeout = Some(std::time::Duration::ZERO),
            "timeout: must be more than zero",
        ),
        (
            |s| s.ca_file = Some("/no/such.pem".into()),
            "ca_file /no/such.pem: cannot be read",
        ),
    ];
    for (change, says) in cases {
        let mut settings = good();
        change(&mut settings);
        let error = build("a", &settings, &RequestsSettings::default(), TestClock::new())
            .map(|_| ())
            .unwrap_err();
        assert!(error.to_string().starts_with(says), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    assert!(build("a", &good(), &RequestsSettings::default(), TestClock::new()).is_ok());
}
