//! Turns away requests for another host and from another site, before any handler.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

use crate::guard::host::check_host;
use crate::guard::origin::{cors, guard_origin};
use crate::state::WebState;

/// Routes that a token alone opens, which no browser sends by itself: another site's page has nothing to misuse there.
pub(crate) const BY_TOKEN_ALONE: [&str; 1] = ["/api/v1/metrics/{key}/values"];

/// Checks `Host` and `Origin`, and speaks CORS with the configured origins.
pub(crate) async fn gate(
    state: web::Data<WebState>,
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let allowed = &state.ctx.cors_origins;
    let is_by_token = req
        .match_pattern()
        .is_some_and(|route| BY_TOKEN_ALONE.contains(&route.as_str()));
    let of_origin = || match is_by_token {
        true => Ok(()),
        false => guard_origin(&req, allowed),
    };
    if let Err(problem) = check_host(&req).and_then(|()| of_origin()) {
        log::warn!(path = req.path(), method = req.method().as_str(); "refused a request: {problem}");
        return Ok(req.into_response(problem.response()));
    }
    let cors = cors(&req, allowed);
    let preflight = *req.method() == Method::OPTIONS && !cors.is_empty();
    let mut response = if preflight {
        req.into_response(HttpResponse::NoContent().finish())
    } else {
        next.call(req).await?.map_into_boxed_body()
    };
    if !allowed.is_empty() {
        response
            .headers_mut()
            .append(header::VARY, header::HeaderValue::from_static("Origin"));
    }
    for (name, value) in cors {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
