//! The worker's own small listener: is it alive, can it do its work, and what has it done.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, get, web};
use anyhow::{Context, Result};
use monitor_model::{Db, LogFile};
use monitor_processor::{Counters, Engine, Health as Storage};
use monitor_requests::Secret;
use monitor_settings::Settings;
use monitor_telemetry::{expose, is_allowed, is_loopback_name};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

/// How long the database may take to answer before the worker is not ready.
const PING: Duration = Duration::from_secs(2);

/// What the listener tells about.
pub struct Health {
    /// Whether it can be reached is whether the worker is ready.
    pub db: Db,
    /// What the engine has done.
    pub counters: Counters,
    /// Whether readings can be stored.
    pub storage: Storage,
    /// The same and more, for `/metrics`.
    pub registry: Arc<Registry>,
    /// What a scraper of `/metrics` shows. Off loopback it is demanded for everything but `/healthz`.
    pub token: Option<Secret>,
}

impl Health {
    /// Of this engine, with the token of the settings.
    ///
    /// # Errors
    /// Where `worker.metrics_token` cannot be had.
    pub fn new(settings: &Settings, db: Db, engine: &Engine) -> Result<Health> {
        let token = settings.worker.metrics_token.as_ref();
        Ok(Health {
            db,
            counters: engine.counters(),
            storage: engine.database_health(),
            registry: engine.registry(),
            token: token
                .map(monitor_requests::SecretSource::resolve)
                .transpose()
                .context("worker.metrics_token")?,
        })
    }
}

/// Opens the listener to give to [`serve`].
///
/// # Errors
/// Why the system refuses the address, and which key changes it.
pub fn listen(address: SocketAddr) -> Result<TcpListener> {
    let another = monitor_process::another_port(address);
    let remedy = format!(
        "set worker.listen to another address, in the config or as MONITOR__WORKER__LISTEN={another}, or to \"\" for none"
    );
    Ok(monitor_process::listen(address, &remedy)?)
}

struct State {
    health: Health,
    is_loopback: bool,
}

/// Serves `/healthz`, `/readyz` and `/metrics` until `stop`.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, health: Health, stop: CancellationToken) -> io::Result<()> {
    let is_loopback = listener.local_addr()?.ip().to_canonical().is_loopback();
    let state = web::Data::new(State { health, is_loopback });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .wrap(from_fn(guard))
            .wrap(Compress::default())
            .service(healthz)
            .service(readyz)
            .service(metrics)
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

/// `/healthz` is everybody's. On loopback the others are anybody's who names loopback as the host, and `/metrics` his
/// who has the token if there is one; off loopback everything is his who has it.
async fn guard(
    state: web::Data<State>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let header = |name| {
        req.headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let named = req
        .uri()
        .authority()
        .map(actix_web::http::uri::Authority::as_str)
        .or(header(header::HOST));
    let token = state.health.token.as_ref();
    let shown = header(header::AUTHORIZATION);
    let refusal = if req.path() == "/healthz" {
        None
    } else if state.is_loopback && named.is_some_and(|name| !is_loopback_name(name)) {
        Some(HttpResponse::MisdirectedRequest().json(serde_json::json!({ "status": "host_not_allowed" })))
    } else {
        // Without one an address off loopback is refused by the config; here nothing is shown there either.
        let has_shown_it = is_allowed(token, shown) && (state.is_loopback || token.is_some());
        let is_demanded = !state.is_loopback || req.path() == "/metrics";
        (is_demanded && !has_shown_it).then(|| {
            HttpResponse::Unauthorized()
                .insert_header((header::WWW_AUTHENTICATE, "Bearer"))
                .json(serde_json::json!({ "status": "unauthorized" }))
        })
    };
    match refusal {
        Some(refusal) => Ok(req.into_response(refusal)),
        None => Ok(next.call(req).await?.map_into_boxed_body()),
    }
}

#[get("/healthz")]
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

#[get("/readyz")]
async fn readyz(state: web::Data<State>) -> HttpResponse {
    let counts = &state.health.counters;
    let done = serde_json::json!({
        "cycles": counts.cycles(), "unreadable": counts.unreadable(), "late": counts.late(),
        "conflicts": counts.conflicts(), "unsaved": counts.unsaved(), "alerts": counts.alerts(),
        "sent": counts.sent(), "retried": counts.retried(), "given_up": counts.given_up(),
    });
    let problem = match tokio::time::timeout(PING, state.health.db.ping()).await {
        Ok(Ok(())) => match (state.health.db.write_failure()).or_else(|| state.health.storage.failure()) {
            None => {
                let mut ready = serde_json::json!({ "status": "ready", "done": done });
                // It goes on by the config before: no reason either.
                if let Some(why) = counts.config_refusal() {
                    ready["config_refused"] = why.into();
                }
                // Growing, but no reason to take the worker out of service.
                if let Some(log) = state.health.db.log_file().filter(LogFile::is_a_problem) {
                    ready["database_log"] =
                        serde_json::json!({ "bytes": log.bytes, "held_by": log.held_by() });
                }
                return HttpResponse::Ok().json(ready);
            }
            Some(why) => format!("the database cannot be written: {why}"),
        },
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("the database does not answer within {PING:?}"),
    };
    log::warn!("not ready: {problem}");
    HttpResponse::ServiceUnavailable().json(serde_json::json!({
        "status": "not_ready", "detail": problem, "done": done,
    }))
}

#[get("/metrics")]
async fn metrics(state: web::Data<State>, req: HttpRequest) -> HttpResponse {
    let accept = req
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    match expose(&state.health.registry, accept) {
        Ok(page) => HttpResponse::Ok().content_type(page.content_type).body(page.body),
        Err(error) => {
            log::error!("/metrics could not be written: {error}");
            HttpResponse::InternalServerError().finish()
        }
    }
}
