//! `/api/v1/events`.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use crate::app::WebState;
use crate::live::stream;
use crate::problem::Problem;

/// `GET /api/v1/events`: Server-Sent Events. The first `snapshot` has everything (`"whole":true`), each later one what
/// is different; a comment and a `ping` every 15 s while nothing happens.
pub(super) async fn events(state: web::Data<WebState>) -> Result<HttpResponse, Problem> {
    let events = stream(state.live.clone())?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        // Compressed or buffered by a proxy, events would be held back.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(events))
}
