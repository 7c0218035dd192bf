//! `/metrics`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::auth::Scraper;
use crate::problem::{Code, Problem};
use crate::state::WebState;

/// `GET /metrics`: the series of this web, and those of the shared database as of a second ago at most. OpenMetrics for
/// clients that accept it, otherwise Prometheus's text format.
pub(super) async fn scrape(
    _: Scraper,
    state: web::Data<WebState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let accept = req.headers().get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok());
    let page = state
        .telemetry
        .page(&state.ctx, state.live.readers(), accept)
        .await;
    let page = page.map_err(|error| {
        log::error!("/metrics could not be written: {error}");
        Problem::new(Code::Internal, "The series could not be written.")
    })?;
    Ok(HttpResponse::Ok().content_type(page.content_type).body(page.body))
}
