//! Who sends a metric's values: a business system with a token for that metric alone, not a person.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use monitor_domain::MetricKey;
use monitor_requests::Secret;
use monitor_telemetry::is_allowed;

use crate::auth::permission::Permission;
use crate::problem::{Code, Problem};
use crate::state::WebState;

/// A system that shows the `push.token` of the metric in the path, `{key}`.
#[derive(Clone, Debug)]
pub(crate) struct Pusher {
    /// The metric.
    pub(crate) metric: MetricKey,
    /// What it showed, so that it can be hidden where it turns up in what was sent.
    pub(crate) token: Secret,
}

impl Permission for Pusher {
    const NAME: &'static str = "push token";
}

impl FromRequest for Pusher {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        // Without the state there is no token to compare with, and nobody to let in.
        let state = req.app_data::<web::Data<WebState>>();
        ready(state.map_or_else(|| Err(unauthorized()), |state| identify(req, state)))
    }
}

/// Who shows no token that there is learns nothing of which metrics there are, by the answer or by how long it takes.
fn identify(req: &HttpRequest, state: &WebState) -> Result<Pusher, Problem> {
    let key = req.match_info().query("key");
    let shown = req.headers().get(header::AUTHORIZATION);
    let shown = shown.and_then(|value| value.to_str().ok());
    let pushed = &state.shown().pushed;
    let (mut found, mut is_known) = (None, false);
    for (metric, token) in pushed.iter() {
        let is_good = is_allowed(Some(token), shown);
        is_known |= is_good;
        if is_good && metric.as_str() == key {
            found = Some(Pusher {
                metric: metric.clone(),
                token: token.clone(),
            });
        }
    }
    match found {
        Some(pusher) => Ok(pusher),
        None if is_known && pushed.iter().all(|(metric, _)| metric.as_str() != key) => Err(Problem::new(
            Code::NotFound,
            format!(
                "There is no metric {key} whose values are sent. The path is that of another one than the token's."
            ),
        )),
        None => Err(unauthorized()),
    }
}

fn unauthorized() -> Problem {
    Problem::new(
        Code::Unauthorized,
        "Show the push.token of this metric: Authorization: Bearer TOKEN.",
    )
}
