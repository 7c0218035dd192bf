//! Bounds on each request: how much it may send and how long its answer may take.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::problem::{Code, MAX_BODY, Problem};
use crate::state::WebState;

/// Longer than the slowest thing done, a reset whose alarm call is repeated until it gives up.
const MAX_TIME: Duration = Duration::from_secs(60);

/// Refuses what is too large at once, and gives up on what takes too long.
pub(crate) async fn limits(
    state: web::Data<WebState>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let _answering = state.in_flight.enter();
    let length = req
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BODY) {
        return Ok(req.into_response(Problem::body_too_large().response()));
    }
    let path = req.path().to_owned();
    match tokio::time::timeout(MAX_TIME, next.call(req)).await {
        Ok(answer) => Ok(answer?.map_into_boxed_body()),
        Err(_) => {
            log::error!(path; "gave up on a request after {MAX_TIME:?}");
            // As an error: a clone of the request kept for this case would make the router panic.
            Err(Problem::new(Code::TimedOut, "The answer was not ready in time. Try again.").into())
        }
    }
}
