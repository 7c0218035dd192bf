//! `/healthz` and `/readyz`, for whatever watches the monitor.

use std::fmt::Display;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use monitor_domain::counted;
use monitor_model::{Backend, DbError};
use serde_json::json;

use crate::auth::Public;
use crate::problem::{Code, Problem};
use crate::state::WebState;

/// How long the database may take to answer before the web is not ready. Shorter than the patience of those who check.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process is up.
pub(super) async fn alive(_: Public) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "up", "version": env!("CARGO_PKG_VERSION") }))
}

/// `GET /readyz`: the database can be reached and is up to date. It also says how the worker is, which is no reason to
/// take the web out of service.
pub(super) async fn ready(_: Public, state: web::Data<WebState>) -> Result<HttpResponse, Problem> {
    let db = &state.ctx.db;
    let unreachable = |why: &dyn Display| {
        log::error!("not ready: {why}");
        Problem::new(
            Code::DatabaseUnavailable,
            "The database cannot be reached. The server's log says why.",
        )
    };
    let checking = async {
        db.ping().await?;
        db.pending_migrations().await
    };
    let pending = match tokio::time::timeout(PATIENCE, checking).await {
        Ok(Ok(pending)) => pending,
        Ok(Err(error @ DbError::FileReplaced { .. })) => return Err(error.into()),
        Ok(Err(error)) => return Err(unreachable(&error)),
        Err(_) => return Err(unreachable(&format_args!("no answer within {PATIENCE:?}"))),
    };
    if !pending.is_empty() {
        let detail = format!(
            "{} to be done: run `monitor migrate`.",
            counted(pending.len(), "migration")
        );
        return Err(Problem::new(Code::NotMigrated, detail));
    }
    let snapshot = state.live.current().await;
    let snapshot = snapshot.present()?;
    let now = state.ctx.clock.wall();
    let backend = match db.backend() {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    let mut ready = json!({
        "status": "ready",
        "database": { "backend": backend, "migrated": true },
        "worker": snapshot.worker(now, state.ctx.worker_timeout),
    });
    // Why is for those who may see the config: in the log, and in the answer to the request.
    if state.ctx.reloader.refusal().get().is_some() {
        ready["config_refused"] = true.into();
    }
    Ok(HttpResponse::Ok().json(ready))
}
