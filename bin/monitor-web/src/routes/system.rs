//! `/api/v1/system`.

use actix_web::{HttpResponse, web};

use crate::api::System;
use crate::app::WebState;
use crate::problem::Problem;

/// `GET /api/v1/system`: the monitor itself, as it is now.
pub(super) async fn now(state: web::Data<WebState>) -> Result<HttpResponse, Problem> {
    let (now, timeout) = (state.ctx.clock.wall(), state.ctx.worker_timeout);
    let read = state.ctx.db.read(move |c| System::read(c, now, timeout));
    Ok(HttpResponse::Ok().json(read.await?))
}
