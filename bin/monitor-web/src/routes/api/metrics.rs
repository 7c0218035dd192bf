//! `/api/v1/metrics`.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::api::MetricStatus;
use crate::auth::Viewer;
use crate::problem::Problem;
use crate::state::WebState;

/// `GET /api/v1/metrics`: every metric as it is now, in the config's order, and what makes it doubtful: when the worker
/// was last heard from. Where the database cannot be read it answers 503: an old value is none.
pub(crate) async fn list(_: Viewer, state: web::Data<WebState>) -> Result<HttpResponse, Problem> {
    let snapshot = state.live.current().await;
    let snapshot = snapshot.present()?;
    let now = state.ctx.clock.wall();
    let metrics: Vec<MetricStatus> = snapshot.metrics.iter().map(|m| m.clone().at(now)).collect();
    Ok(HttpResponse::Ok().json(json!({
        "metrics": metrics,
        "worker": snapshot.worker(now, state.ctx.worker_timeout),
        "database_error_since": snapshot.database_error_since,
        "now": now,
    })))
}
