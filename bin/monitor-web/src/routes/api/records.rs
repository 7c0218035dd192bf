//! `/api/v1/records`.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::api::RecordView;
use crate::auth::Viewer;
use crate::live::records_page;
use crate::problem::Problem;
use crate::routes::extract::{self, PageQuery, Query};
use crate::state::WebState;

#[derive(Serialize)]
struct Page {
    records: Vec<RecordView>,
    next_cursor: Option<String>,
}

/// `GET /api/v1/records?limit=50&cursor=…`: alert records with how their deliveries stand, newest first. `next_cursor`
/// of one page is the `cursor` of the next; it is `null` on the last.
pub(crate) async fn list(
    _: Viewer,
    state: web::Data<WebState>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = extract::limit(query.limit)?;
    let (metrics, cursor) = (state.shown().metrics.clone(), query.cursor);
    let (records, more) = state
        .ctx
        .db
        .read(move |c| records_page(c, cursor, limit, &metrics))
        .await?;
    let next_cursor = records.last().filter(|_| more).map(|r| r.id.to_string());
    Ok(HttpResponse::Ok().json(Page { records, next_cursor }))
}
