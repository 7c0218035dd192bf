//! `/api/v1/records`.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::api::RecordView;
use crate::app::WebState;
use crate::live::records_page;
use crate::problem::Problem;
use crate::routes::ask;

#[derive(Serialize)]
struct Page {
    records: Vec<RecordView>,
    next_cursor: Option<String>,
}

/// `GET /api/v1/records?limit=50&cursor=…`: alert records with how telling them stands, newest first. `next_cursor` of
/// one page is the `cursor` of the next; it is `null` on the last.
pub(super) async fn list(
    state: web::Data<WebState>,
    query: Result<web::Query<ask::PageQuery>, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let query = ask::query(query, "limit and cursor")?;
    let limit = ask::limit(query.limit)?;
    let (metrics, cursor) = (state.ctx.metrics.clone(), query.cursor);
    let (records, more) = state
        .ctx
        .db
        .read(move |c| records_page(c, cursor, limit, &metrics))
        .await?;
    let next_cursor = records.last().filter(|_| more).map(|r| r.id.to_string());
    Ok(HttpResponse::Ok().json(Page { records, next_cursor }))
}
