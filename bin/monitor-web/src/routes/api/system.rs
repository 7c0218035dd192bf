//! `/api/v1/system`.

use actix_web::{HttpResponse, web};

use crate::api::System;
use crate::auth::Viewer;
use crate::problem::Problem;
use crate::state::WebState;

/// `GET /api/v1/system`: the monitor itself, as it is now.
pub(crate) async fn now(_: Viewer, state: web::Data<WebState>) -> Result<HttpResponse, Problem> {
    let (now, timeout) = (state.ctx.clock.wall(), state.ctx.worker_timeout);
    let read = state.ctx.db.read(move |c| System::read(c, now, timeout));
    Ok(HttpResponse::Ok().json(read.await?))
}
