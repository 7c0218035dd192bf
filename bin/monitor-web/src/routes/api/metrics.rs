//! `/api/v1/metrics`.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::api::{MetricStatus, WorkerStatus};
use crate::auth::Viewer;
use crate::state::WebState;

/// `GET /api/v1/metrics`: every metric as it is now, in the config's order, and what makes it doubtful: when the worker
/// was last heard from, and since when the database cannot be read.
pub(crate) async fn list(_: Viewer, state: web::Data<WebState>) -> HttpResponse {
    let snapshot = state.live.current().await;
    let now = state.ctx.clock.wall();
    let metrics: Vec<MetricStatus> = snapshot.metrics.iter().map(|m| m.clone().at(now)).collect();
    HttpResponse::Ok().json(json!({
        "metrics": metrics,
        "worker": WorkerStatus::at(now, snapshot.heartbeat_at, state.ctx.worker_timeout),
        "database_error_since": snapshot.database_error_since,
        "now": now,
    }))
}
