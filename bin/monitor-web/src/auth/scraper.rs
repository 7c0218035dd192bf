//! Who reads `/metrics`: a program with a token of its own, not a person.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use monitor_telemetry::is_allowed;

use crate::auth::permission::Permission;
use crate::problem::{Code, Problem};
use crate::state::WebState;

/// A scraper that shows `web.metrics_token`; any, where none is configured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scraper;

impl Permission for Scraper {
    const NAME: &'static str = "metrics token";
}

impl FromRequest for Scraper {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        // Without the state there is no token to compare with, and nobody to let in.
        let state = req.app_data::<web::Data<WebState>>();
        let shown = req.headers().get(header::AUTHORIZATION);
        let shown = shown.and_then(|value| value.to_str().ok());
        let allowed = state.is_some_and(|state| is_allowed(state.ctx.metrics_token.as_ref(), shown));
        ready(allowed.then_some(Scraper).ok_or_else(|| {
            Problem::new(
                Code::Unauthorized,
                "Show web.metrics_token: Authorization: Bearer TOKEN.",
            )
        }))
    }
}
