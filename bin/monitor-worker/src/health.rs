//! The worker's own small listener: is it alive, and can it do its work.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, get, web};
use monitor_model::Db;
use monitor_processor::Counts;
use tokio_util::sync::CancellationToken;

/// How long the database may take to answer before the worker is not ready.
const PING: Duration = Duration::from_secs(2);

struct State {
    db: Db,
    counts: Counts,
}

/// Serves `/healthz` and `/readyz` until `stop`.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, db: Db, counts: Counts, stop: CancellationToken) -> io::Result<()> {
    let state = web::Data::new(State { db, counts });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .service(healthz)
            .service(readyz)
    })
    .workers(1)
    .max_connections(64)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    let handle = server.handle();
    tokio::spawn(async move {
        stop.cancelled().await;
        handle.stop(true).await;
    });
    server.await
}

#[get("/healthz")]
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

#[get("/readyz")]
async fn readyz(state: web::Data<State>) -> HttpResponse {
    let counts = &state.counts;
    let done = serde_json::json!({
        "cycles": counts.cycles(), "unreadable": counts.unreadable(), "late": counts.late(),
        "conflicts": counts.conflicts(), "unsaved": counts.unsaved(), "alerts": counts.alerts(),
        "sent": counts.sent(), "retried": counts.retried(), "given_up": counts.given_up(),
    });
    let problem = match tokio::time::timeout(PING, state.db.ping()).await {
        Ok(Ok(())) => return HttpResponse::Ok().json(serde_json::json!({ "status": "ready", "done": done })),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("the database does not answer within {PING:?}"),
    };
    log::warn!("not ready: {problem}");
    HttpResponse::ServiceUnavailable().json(serde_json::json!({ "status": "not_ready", "done": done }))
}
