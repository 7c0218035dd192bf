//! What an embedding program relies on: more routes, a clean stop, a clear refusal.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use monitor_domain::SystemClock;
use monitor_web::{NavLink, WebContext, serve};
use tokio_util::sync::CancellationToken;

use crate::support::{Database, Web};

#[tokio::test]
async fn more_routes_are_guarded_like_its_own() {
    let change = |ctx: &mut WebContext| {
        ctx.nav = vec![NavLink {
            label: "Inbox".into(),
            href: "/demo/inbox".into(),
        }];
    };
    let extra = |config: &mut web::ServiceConfig| {
        config.route(
            "/demo/inbox",
            web::get().to(|| async { HttpResponse::Ok().body("mails") }),
        );
    };
    let web = Web::with(Database::sqlite(), change, extra).await;
    let answer = web.get("/demo/inbox").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "mails"));
    assert!(answer.header("content-security-policy").is_some());
    assert_eq!(
        web.send_raw("GET", "/demo/inbox", &[("Host", "evil.example")])
            .await
            .status,
        421
    );
    assert!(
        web.get("/monitor")
            .await
            .body
            .contains(r#"<a href="/demo/inbox">Inbox</a>"#)
    );
    web.stop().await;
}

#[tokio::test]
async fn it_stops_soon_with_live_and_idle_connections() {
    let web = Web::start().await;
    let mut events = web.events().await;
    events.until(|_| true).await;
    let host = web.address.to_string();
    let _idle = web.connect("GET", "/healthz", &[("Host", &host)], false).await;
    let before = Instant::now();
    web.stop().await;
    assert!(
        before.elapsed() < Duration::from_secs(5),
        "{:?}",
        before.elapsed()
    );
    assert!(events.next().await.is_none(), "the live connection was closed");
}

#[tokio::test]
async fn it_refuses_to_be_reached_from_elsewhere() {
    let database = Database::sqlite();
    let db = database.open().await;
    let ctx = WebContext::new(db.clone(), Vec::new(), SystemClock::shared());
    let open = TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], 0))).unwrap();
    let error = serve(open, ctx, |_| {}, CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("loopback"), "{error}");
    db.close().await;
}

#[tokio::test]
async fn templates_with_a_mistake_are_reported_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pages")).unwrap();
    std::fs::write(folder.path().join("pages/monitor.html"), "{% nonsense %}").unwrap();
    let database = Database::sqlite();
    let db = database.open().await;
    let mut ctx = WebContext::new(db.clone(), Vec::new(), SystemClock::shared());
    ctx.templates = Some(folder.path().to_owned());
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let error = serve(listener, ctx, |_| {}, CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("monitor.html"), "{error}");
    db.close().await;
}
