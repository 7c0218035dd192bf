//! Rendering a page.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::{HttpRequest, HttpResponse};
use monitor_domain::Language;
use monitor_model::{Conn, DbError};
use serde::Serialize;

use crate::pages::{LANGUAGE_COOKIE, choose_language};
use crate::problem::{Code, Problem};
use crate::state::WebState;

/// Reads a page and answers with it.
pub(super) async fn read_and_answer<P: Serialize + Send + 'static>(
    state: &WebState,
    req: &HttpRequest,
    template: &str,
    read: impl FnOnce(&mut Conn) -> Result<P, DbError> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let page = state.ctx.db.read(read).await?;
    answer(state, req, template, &page)
}

/// Answers with a page; remembers the language where it was chosen just now.
pub(super) fn answer(
    state: &WebState,
    req: &HttpRequest,
    template: &str,
    page: &impl Serialize,
) -> Result<HttpResponse, Problem> {
    let html = state.templates.render(template, page).map_err(|error| {
        log::error!("cannot render the page {}: {error:?}", req.path());
        Problem::new(
            Code::Internal,
            "The page could not be made. The server's log says why.",
        )
    })?;
    Ok(page_answer(req, state.shown().lang, html))
}

/// Answers with a page in the reader's language, [`page_language`](crate::page_language), which is remembered where it was
/// chosen just now.
pub fn page_answer(req: &HttpRequest, default: Language, html: String) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/html; charset=utf-8")
        .insert_header(("Vary", "Accept-Language, Cookie"));
    let (language, chosen) = choose_language(req, default);
    if chosen {
        let cookie = Cookie::build(LANGUAGE_COOKIE, language.tag())
            .path("/")
            .same_site(SameSite::Lax);
        response.cookie(cookie.http_only(true).max_age(Duration::days(365)).finish());
    }
    response.body(html)
}
