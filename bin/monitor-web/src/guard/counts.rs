//! Counts each request, the refused ones too.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::state::WebState;
use crate::telemetry::Request;

/// What a request for a path that no route has is counted under.
const UNMATCHED: &str = "unmatched";

/// Counts the answer by route, method and status.
pub(crate) async fn counts<B: MessageBody>(
    state: web::Data<WebState>,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let begun = state.ctx.clock.monotonic();
    let route = req.match_pattern().unwrap_or_else(|| UNMATCHED.to_owned());
    let method = known(req.method());
    let answer = next.call(req).await;
    let status = match &answer {
        Ok(answer) => answer.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let request = Request {
        route,
        method,
        status: status.as_u16(),
    };
    let took = state.ctx.clock.monotonic().saturating_sub(begun);
    state.telemetry.answered(&request, took);
    answer
}

/// A client may send any word as a method.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
