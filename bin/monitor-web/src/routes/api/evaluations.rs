//! `/api/v1/metrics/{key}/evaluations`.

use actix_web::{HttpResponse, web};
use monitor_model::evaluations as rows;
use serde::{Deserialize, Serialize};

use crate::api::EvaluationView;
use crate::auth::Viewer;
use crate::problem::Problem;
use crate::routes::extract::{self, Parameters, Query};
use crate::state::WebState;

/// No more are kept.
const MOST: usize = 100;

/// How many.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Selection {
    limit: Option<usize>,
}

impl Parameters for Selection {
    const NAMES: &'static str = "limit";
}

#[derive(Serialize)]
struct Evaluations {
    evaluations: Vec<EvaluationView>,
}

/// `GET /api/v1/metrics/{key}/evaluations?limit=100`: the latest evaluations of a metric, newest first.
pub(crate) async fn list(
    _: Viewer,
    state: web::Data<WebState>,
    key: web::Path<String>,
    Query(query): Query<Selection>,
) -> Result<HttpResponse, Problem> {
    let limit = extract::limit_to(query.limit, MOST, MOST)?;
    let key = key.into_inner();
    if !state.shown().metrics.iter().any(|metric| metric.key == *key) {
        return Err(extract::no_such("metric", key));
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = state.ctx.db.read(move |c| rows::of(c, &key, limit)).await?;
    let evaluations = found.into_iter().map(EvaluationView::from).collect();
    Ok(HttpResponse::Ok().json(Evaluations { evaluations }))
}
