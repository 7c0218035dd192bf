//! `/api/v1/events`.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use crate::auth::Viewer;
use crate::problem::Problem;
use crate::state::WebState;

/// `GET /api/v1/events`: Server-Sent Events. The first `snapshot` has everything (`"whole":true`), each later one what
/// is different; a comment and a `ping` every 15 s while nothing happens.
pub(crate) async fn events(_: Viewer, state: web::Data<WebState>) -> Result<HttpResponse, Problem> {
    let events = state.live.stream()?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        // Compressed or buffered by a proxy, events would be held back.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(events))
}
