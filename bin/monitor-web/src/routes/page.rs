//! The page `/monitor`.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::WebState;
use crate::pages::{LANGUAGE_COOKIE, Language, MonitorPage};
use crate::problem::{Code, Problem};

/// `GET /monitor`: the page as it is now; its script keeps it so.
pub(super) async fn monitor(state: web::Data<WebState>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let (language, chosen) = Language::choose(&req, &state.ctx.lang);
    let snapshot = state.live.current().await;
    let page = MonitorPage::new(&state.ctx, &snapshot, language, state.ctx.clock.wall());
    let html = state.templates.render("monitor.html", &page).map_err(|error| {
        log::error!("cannot render the page /monitor: {error:?}");
        Problem::new(
            Code::Internal,
            "The page could not be made. The server's log says why.",
        )
    })?;
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/html; charset=utf-8")
        .insert_header(("Vary", "Accept-Language, Cookie"));
    if chosen {
        let cookie = Cookie::build(LANGUAGE_COOKIE, language.code())
            .path("/")
            .same_site(SameSite::Lax);
        response.cookie(cookie.http_only(true).max_age(Duration::days(365)).finish());
    }
    Ok(response.body(html))
}
