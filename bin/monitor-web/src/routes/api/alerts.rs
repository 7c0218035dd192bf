//! `/api/v1/alerts`.

use actix_web::{HttpResponse, web};
use monitor_model::alerts::Filter;
use monitor_model::{Alert, alerts as rows, utc};
use serde::{Deserialize, Serialize};

use crate::api::AlertView;
use crate::auth::{Operator, Viewer};
use crate::context::title_of;
use crate::live::alert_detail;
use crate::paging::{cut, one_more};
use crate::problem::{Code, Problem};
use crate::routes::change::{Changed, change};
use crate::routes::extract::{self, Body, Parameters, Query};
use crate::state::WebState;

/// The longest note, in characters.
const MAX_NOTE: usize = 1_000;

/// Which alerts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Selection {
    #[serde(default)]
    open: bool,
    #[serde(default)]
    unacknowledged: bool,
    key: Option<String>,
    limit: Option<usize>,
    cursor: Option<i64>,
}

impl Parameters for Selection {
    const NAMES: &'static str = "open and unacknowledged (true or false), key, limit and cursor";
}

#[derive(Serialize)]
struct Page {
    alerts: Vec<AlertView>,
    next_cursor: Option<String>,
}

/// `GET /api/v1/alerts?open=true&unacknowledged=true&key=z&limit=50&cursor=…`: alerts, newest first.
pub(crate) async fn list(
    _: Viewer,
    state: web::Data<WebState>,
    Query(query): Query<Selection>,
) -> Result<HttpResponse, Problem> {
    let limit = extract::limit(query.limit)?;
    let filter = Filter {
        key: query.key,
        open: query.open,
        unacknowledged: query.unacknowledged,
        before: query.cursor,
    };
    let read = state
        .ctx
        .db
        .read(move |c| rows::page(c, &filter, one_more(limit)));
    let mut found = read.await?;
    let next_cursor = cut(&mut found, limit, |alert| alert.id);
    let alerts = found.into_iter().map(|alert| view(&state, alert)).collect();
    Ok(HttpResponse::Ok().json(Page { alerts, next_cursor }))
}

/// `GET /api/v1/alerts/{id}`: an alert with its messages and deliveries.
pub(crate) async fn one(
    _: Viewer,
    state: web::Data<WebState>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = extract::id("alert", &id)?;
    let shown = state.shown();
    let found = state.ctx.db.read(move |c| alert_detail(c, id, &shown)).await?;
    let detail = found.ok_or_else(|| extract::no_such("alert", id))?;
    Ok(HttpResponse::Ok().json(detail))
}

/// Who acknowledges an alert, and what they say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acknowledgement {
    note: Option<String>,
    by: Option<String>,
}

/// `POST /api/v1/alerts/{id}/ack`: acknowledges an alert, so that everybody sees who is handling it. An event is over by
/// that, and with it the other events of its metric.
pub(crate) async fn acknowledge(
    who: Operator,
    state: web::Data<WebState>,
    id: web::Path<String>,
    Body(body): Body<Acknowledgement>,
) -> Result<HttpResponse, Problem> {
    let id = extract::id("alert", &id)?;
    let note = extract::text("note", body.note.as_deref(), MAX_NOTE)?;
    let by = extract::signature(body.by.as_deref(), &who)?;
    let acknowledged = change(&state, who, move |c, log| {
        let together = rows::acknowledged_with(c, id)?;
        let made = rows::acknowledge(c, id, &by, note.as_deref(), log.at)?;
        if made {
            let mut detail = format!("by {by}: {}", note.as_deref().unwrap_or("no note"));
            if together > 1 {
                detail = format!("{detail} ({together} events of its metric together)");
            }
            log.write(c, "alert.acknowledge", format!("alert/{id}"), detail)?;
        }
        Ok(Changed::of(made, rows::get(c, id)?))
    });
    let no_such = || extract::no_such("alert", id);
    let alert = acknowledged.await?.made(no_such, acknowledged_before)?;
    Ok(HttpResponse::Ok().json(view(&state, alert)))
}

fn acknowledged_before(alert: &Alert) -> Problem {
    let by = alert.acknowledged_by.as_deref().unwrap_or("somebody");
    let at = alert.acknowledged_at.map(utc);
    let at = at.map(|at| format!(" at {}", at.format("%Y-%m-%d %H:%M:%S UTC")));
    Problem::new(
        Code::Conflict,
        format!("It was acknowledged by {by}{} already.", at.unwrap_or_default()),
    )
}

fn view(state: &WebState, alert: Alert) -> AlertView {
    let title = title_of(&state.shown().metrics, &alert.key);
    AlertView::new(alert, title)
}
