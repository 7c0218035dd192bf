//! The pages.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::{HttpRequest, HttpResponse, web};
use monitor_model::{Conn, DbError};
use serde::{Deserialize, Serialize};

use crate::api::WorkerStatus;
use crate::app::WebState;
use crate::live::Snapshot;
use crate::pages::{
    AlertsPage, DeliveriesPage, Frame, LANGUAGE_COOKIE, MetricPage, MonitorPage, SystemPage, choose_language,
};
use crate::problem::{Code, Problem};
use crate::routes::ask;

/// What the lists understand besides `lang`.
#[derive(Deserialize)]
pub(super) struct Query {
    show: Option<String>,
    cursor: Option<i64>,
}

/// `GET /monitor`: the page as it is now; its script keeps it so.
pub(super) async fn monitor(state: web::Data<WebState>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let snapshot = state.live.current().await;
    let frame = frame(&state, &req, &snapshot);
    let page = MonitorPage::new(frame, &snapshot, state.ctx.worker_timeout);
    answer(&state, &req, "monitor.html", &page)
}

/// `GET /monitor/{key}`: a metric with its judgements and alerts.
pub(super) async fn metric(
    state: web::Data<WebState>,
    req: HttpRequest,
    key: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    if !state.ctx.metrics.iter().any(|metric| metric.key == key.as_str()) {
        return Err(ask::none("metric", &key));
    }
    let snapshot = state.live.current().await;
    let metric = snapshot.metrics.iter().find(|metric| metric.key == key.as_str());
    // Without any snapshot yet there is none, though it is turned on.
    let metric = metric
        .ok_or_else(|| Problem::new(Code::DatabaseUnavailable, "The database cannot be read just now."))?;
    let frame = frame(&state, &req, &snapshot);
    let metric = metric.clone().at(state.ctx.clock.wall());
    let metrics = state.ctx.metrics.clone();
    let read = move |c: &mut Conn| MetricPage::read(c, frame, metric, &metrics);
    read_and_answer(&state, &req, "metric.html", read).await
}

/// `GET /alerts?show=all&cursor=…`: the open alerts, or all of them; the silences.
pub(super) async fn alerts(
    state: web::Data<WebState>,
    req: HttpRequest,
    query: Result<web::Query<Query>, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let query = ask::query(query, "show, cursor and lang")?;
    let all = query.show.as_deref() == Some("all");
    let snapshot = state.live.current().await;
    let (frame, metrics) = (frame(&state, &req, &snapshot), state.ctx.metrics.clone());
    let read = move |c: &mut Conn| AlertsPage::read(c, frame, &metrics, all, query.cursor);
    read_and_answer(&state, &req, "alerts.html", read).await
}

/// `GET /deliveries?cursor=…`: what was not delivered.
pub(super) async fn deliveries(
    state: web::Data<WebState>,
    req: HttpRequest,
    query: Result<web::Query<Query>, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let query = ask::query(query, "cursor and lang")?;
    let snapshot = state.live.current().await;
    let frame = frame(&state, &req, &snapshot);
    let read = move |c: &mut Conn| DeliveriesPage::read(c, frame, query.cursor);
    read_and_answer(&state, &req, "deliveries.html", read).await
}

/// `GET /system`: the monitor itself.
pub(super) async fn system(state: web::Data<WebState>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let snapshot = state.live.current().await;
    let (frame, timeout) = (frame(&state, &req, &snapshot), state.ctx.worker_timeout);
    let read = move |c: &mut Conn| SystemPage::read(c, frame, timeout);
    read_and_answer(&state, &req, "system.html", read).await
}

fn frame(state: &WebState, req: &HttpRequest, snapshot: &Snapshot) -> Frame {
    let (language, _) = choose_language(req, state.ctx.lang);
    let now = state.ctx.clock.wall();
    let worker = WorkerStatus::at(now, snapshot.heartbeat_at, state.ctx.worker_timeout);
    Frame::new(&state.ctx.nav, language, req.path(), now).with(&worker)
}

async fn read_and_answer<P: Serialize + Send + 'static>(
    state: &WebState,
    req: &HttpRequest,
    template: &str,
    read: impl FnOnce(&mut Conn) -> Result<P, DbError> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let page = state.ctx.db.read(read).await?;
    answer(state, req, template, &page)
}

fn answer(
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
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/html; charset=utf-8")
        .insert_header(("Vary", "Accept-Language, Cookie"));
    let (language, chosen) = choose_language(req, state.ctx.lang);
    if chosen {
        let cookie = Cookie::build(LANGUAGE_COOKIE, language.tag())
            .path("/")
            .same_site(SameSite::Lax);
        response.cookie(cookie.http_only(true).max_age(Duration::days(365)).finish());
    }
    Ok(response.body(html))
}
