//! The pages: `/monitor` from the snapshot in memory, the others read from the database when they are opened.

mod answer;

pub use answer::page_answer;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use monitor_model::Conn;
use serde::Deserialize;

use crate::auth::{Public, Viewer};
use crate::live::Snapshot;
use crate::pages::{
    AlertPage, AlertsPage, DeliveriesPage, Frame, MetricPage, MonitorPage, SystemPage, choose_language,
};
use crate::problem::{Code, Problem};
use crate::routes::extract::{self, Parameters, Query};
use crate::state::WebState;
use answer::{answer, read_and_answer};

/// Which alerts.
#[derive(Deserialize)]
pub(crate) struct AlertSelection {
    show: Option<String>,
    cursor: Option<i64>,
}

impl Parameters for AlertSelection {
    const NAMES: &'static str = "show, cursor and lang";
}

/// Which deliveries.
#[derive(Deserialize)]
pub(crate) struct DeliverySelection {
    cursor: Option<i64>,
}

impl Parameters for DeliverySelection {
    const NAMES: &'static str = "cursor and lang";
}

/// `GET /`: to the page.
pub(crate) async fn root(_: Public, req: HttpRequest) -> HttpResponse {
    let query = match req.query_string() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    HttpResponse::Found()
        .insert_header((header::LOCATION, format!("/monitor{query}")))
        .finish()
}

/// `GET /monitor`: the page as it is now; its script keeps it so.
pub(crate) async fn monitor(
    _: Viewer,
    state: web::Data<WebState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let snapshot = state.live.current().await;
    let frame = frame(&state, &req, &snapshot);
    let page = MonitorPage::new(frame, &snapshot, state.ctx.worker_timeout);
    let mut answer = answer(&state, &req, "monitor.html", &page)?;
    if snapshot.present().is_err() {
        // With what was known, and since when nothing more is; no script or check takes it for the present.
        *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(answer)
}

/// `GET /monitor/{key}`: a metric with its evaluation history and alerts.
pub(crate) async fn metric(
    _: Viewer,
    state: web::Data<WebState>,
    req: HttpRequest,
    key: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    if !state
        .shown()
        .metrics
        .iter()
        .any(|metric| metric.key == key.as_str())
    {
        return Err(extract::no_such("metric", &key));
    }
    let snapshot = state.live.current().await;
    let snapshot = snapshot.present()?;
    let metric = snapshot.metrics.iter().find(|metric| metric.key == key.as_str());
    // Without any snapshot yet there is none, though the metric is enabled.
    let metric = metric
        .ok_or_else(|| Problem::new(Code::DatabaseUnavailable, "The database cannot be read just now."))?;
    let frame = frame(&state, &req, snapshot);
    let metric = metric.clone().at(state.ctx.clock.wall());
    let metrics = state.shown().metrics.clone();
    let read = move |c: &mut Conn| MetricPage::read(c, frame, metric, &metrics);
    read_and_answer(&state, &req, "metric.html", read).await
}

/// `GET /alerts?show=all&cursor=…`: the open alerts, or all of them; the silences.
pub(crate) async fn alerts(
    _: Viewer,
    state: web::Data<WebState>,
    req: HttpRequest,
    Query(query): Query<AlertSelection>,
) -> Result<HttpResponse, Problem> {
    let all = query.show.as_deref() == Some("all");
    let snapshot = state.live.current().await;
    let (frame, metrics) = (frame(&state, &req, &snapshot), state.shown().metrics.clone());
    let read = move |c: &mut Conn| AlertsPage::read(c, frame, &metrics, all, query.cursor);
    read_and_answer(&state, &req, "alerts.html", read).await
}

/// `GET /alerts/{id}`: one alert with its messages and who was notified of it.
pub(crate) async fn alert(
    _: Viewer,
    state: web::Data<WebState>,
    req: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = extract::id("alert", &id)?;
    let snapshot = state.live.current().await;
    let (frame, shown) = (frame(&state, &req, &snapshot), state.shown());
    let read = move |c: &mut Conn| AlertPage::read(c, frame, id, &shown);
    let page = state.ctx.db.read(read).await?;
    let page = page.ok_or_else(|| extract::no_such("alert", id))?;
    answer(&state, &req, "one-alert.html", &page)
}

/// `GET /deliveries?cursor=…`: what was not delivered.
pub(crate) async fn deliveries(
    _: Viewer,
    state: web::Data<WebState>,
    req: HttpRequest,
    Query(query): Query<DeliverySelection>,
) -> Result<HttpResponse, Problem> {
    let snapshot = state.live.current().await;
    let frame = frame(&state, &req, &snapshot);
    let shown = state.shown();
    let read = move |c: &mut Conn| DeliveriesPage::read(c, frame, query.cursor, &shown.channels);
    read_and_answer(&state, &req, "deliveries.html", read).await
}

/// `GET /system`: the monitor itself.
pub(crate) async fn system(
    _: Viewer,
    state: web::Data<WebState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let snapshot = state.live.current().await;
    let (frame, timeout) = (frame(&state, &req, &snapshot), state.ctx.worker_timeout);
    let read = move |c: &mut Conn| SystemPage::read(c, frame, timeout);
    read_and_answer(&state, &req, "system.html", read).await
}

fn frame(state: &WebState, req: &HttpRequest, snapshot: &Snapshot) -> Frame {
    let (language, _) = choose_language(req, state.shown().lang);
    let now = state.ctx.clock.wall();
    let worker = snapshot.worker(now, state.ctx.worker_timeout);
    Frame::new(&state.ctx.nav, language, req.path(), now).with(&worker)
}
