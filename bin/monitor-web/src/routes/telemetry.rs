//! `/metrics`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use monitor_telemetry::is_allowed;

use crate::app::WebState;
use crate::problem::{Code, Problem};

/// `GET /metrics`: the series of this web, and those of the shared database as of a second ago at most. OpenMetrics for
/// whoever asks for it, otherwise Prometheus's text format.
pub(super) async fn scrape(state: web::Data<WebState>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let header = |name| req.headers().get(name).and_then(|value| value.to_str().ok());
    if !is_allowed(state.ctx.metrics_token.as_ref(), header(header::AUTHORIZATION)) {
        return Err(Problem::new(
            Code::Unauthorized,
            "Show web.metrics_token: Authorization: Bearer TOKEN.",
        ));
    }
    let accept = header(header::ACCEPT);
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
