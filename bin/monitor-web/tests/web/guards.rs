//! Who is turned away, and the headers that every answer has.

use crate::support::{Database, Web};

#[tokio::test]
async fn foreign_hosts_are_refused() {
    let web = Web::start().await;
    for host in [
        "evil.example",
        "evil.example:8080",
        "192.168.1.5",
        "localhost.evil.example",
    ] {
        let answer = web
            .send_raw("GET", "/get_current_values", &[("Host", host)])
            .await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (421, "host-not-allowed"),
            "{host}"
        );
        assert!(answer.header("content-security-policy").is_some());
    }
    for host in ["localhost:1", "127.0.0.1", "[::1]:8080"] {
        assert_eq!(
            web.send_raw("GET", "/healthz", &[("Host", host)]).await.status,
            200,
            "{host}"
        );
    }
    web.stop().await;
}

#[tokio::test]
async fn other_sites_change_nothing() {
    let web = Web::start().await;
    let record = web.record("x", "stays").await;
    let delete = format!("/delete/{}", record.id);
    let foreign: [&[(&str, &str)]; 3] = [
        &[("Origin", "http://evil.example")],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "cross-site")],
    ];
    for headers in foreign {
        for (method, path) in [
            ("POST", "/reset"),
            ("DELETE", delete.as_str()),
            ("POST", "/api/v1/alerts/1/ack"),
            ("POST", "/api/v1/alerts/1/silence"),
            ("POST", "/api/v1/silences"),
            ("DELETE", "/api/v1/silences/1"),
            ("POST", "/api/v1/deliveries/retry"),
            ("POST", "/api/v1/deliveries/1/retry"),
        ] {
            let answer = web.send(method, path, headers).await;
            assert_eq!(
                (answer.status, answer.problem().as_str()),
                (403, "cross-origin"),
                "{method} {headers:?}"
            );
        }
    }
    assert!(web.alarm.sounded.lock().unwrap().is_empty());
    assert!(web.audit().await.is_empty());
    let own = format!("http://{}", web.address);
    let answer = web
        .send(
            "DELETE",
            &delete,
            &[("Origin", &own), ("Sec-Fetch-Site", "same-origin")],
        )
        .await;
    assert_eq!(answer.status, 200);
    web.stop().await;
}

#[tokio::test]
async fn configured_origins_may_read_and_act() {
    let change = |ctx: &mut monitor_web::WebContext| ctx.cors_origins = vec!["https://board.example".into()];
    let web = Web::with(Database::sqlite(), change, |_| {}).await;
    let board = ("Origin", "https://board.example");
    let answer = web.send("GET", "/get_current_values", &[board]).await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://board.example")
    );
    let preflight = web
        .send(
            "OPTIONS",
            "/reset",
            &[board, ("Access-Control-Request-Method", "POST")],
        )
        .await;
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-methods")),
        (204, Some("GET, POST, DELETE"))
    );
    assert_eq!(
        web.send("POST", "/reset", &[board, ("Sec-Fetch-Site", "cross-site")])
            .await
            .status,
        200
    );
    let other = web
        .send(
            "GET",
            "/get_current_values",
            &[("Origin", "https://other.example")],
        )
        .await;
    assert_eq!(other.header("access-control-allow-origin"), None);
    web.stop().await;
}

#[tokio::test]
async fn every_answer_has_the_headers() {
    let web = Web::start().await;
    for path in ["/monitor", "/get_current_values", "/nothing", "/healthz"] {
        let answer = web.get(path).await;
        let csp = answer.header("content-security-policy").unwrap();
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(csp.contains(rule), "{path}: {csp}");
        }
        assert!(!csp.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    web.stop().await;
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let web = Web::start().await;
    let answer = web.send("POST", "/monitor", &[("Content-Length", "70000")]).await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (413, "body-too-large")
    );
    web.stop().await;
}

#[tokio::test]
async fn files_are_kept_by_their_version() {
    let web = Web::start().await;
    let plain = web.get("/static/app.css").await;
    assert_eq!(plain.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(plain.header("cache-control"), Some("public, no-cache"));
    let tag = plain.header("etag").unwrap();
    assert_eq!(
        web.send("GET", "/static/app.css", &[("If-None-Match", tag)])
            .await
            .status,
        304
    );
    let page = web.get("/monitor").await.body;
    let address = page
        .split("href=\"")
        .find(|part| part.starts_with("/static/app.css"))
        .unwrap();
    let address = address.split('"').next().unwrap();
    let versioned = web.get(address).await;
    assert_eq!(
        versioned.header("cache-control"),
        Some("public, max-age=31536000, immutable"),
        "{address}"
    );
    assert_eq!(web.get("/static/layout.html").await.status, 404);
    assert_eq!(web.get("/static/..%2Flayout.html").await.status, 404);
    web.stop().await;
}
