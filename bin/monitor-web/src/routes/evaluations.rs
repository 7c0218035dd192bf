//! `/api/v1/metrics/{key}/evaluations`.

use actix_web::{HttpResponse, web};
use monitor_model::evaluations as rows;
use serde::{Deserialize, Serialize};

use crate::api::EvaluationView;
use crate::app::WebState;
use crate::problem::Problem;
use crate::routes::ask;

/// No more are kept.
const MOST: usize = 100;

/// What can be asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Evaluations {
    evaluations: Vec<EvaluationView>,
}

/// `GET /api/v1/metrics/{key}/evaluations?limit=100`: the latest judgements of a metric, newest first.
pub(super) async fn list(
    state: web::Data<WebState>,
    key: web::Path<String>,
    query: Result<web::Query<Query>, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let query = ask::query(query, "limit")?;
    let limit = ask::limit_to(query.limit, MOST, MOST)?;
    let key = key.into_inner();
    if !state.ctx.metrics.iter().any(|metric| metric.key == *key) {
        return Err(ask::none("metric", key));
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = state.ctx.db.read(move |c| rows::of(c, &key, limit)).await?;
    let evaluations = found.into_iter().map(EvaluationView::from).collect();
    Ok(HttpResponse::Ok().json(Evaluations { evaluations }))
}
