//! `/api/v1/alerts`.

use actix_web::{HttpResponse, web};
use monitor_model::alerts::Filter;
use monitor_model::{
    Alert, Conn, DbError, NewAudit, alerts as rows, audit, deliveries, records, stored, utc,
};
use serde::{Deserialize, Serialize};

use crate::api::{AlertDetail, AlertView, DeliveryRow};
use crate::app::WebState;
use crate::auth::Operator;
use crate::context::{MetricView, title_of};
use crate::live::views;
use crate::paging::{cut, one_more};
use crate::problem::{Code, Problem};
use crate::routes::ask::{self, Body};

/// The longest note, in characters.
const MAX_NOTE: usize = 1_000;
/// How many of an alert's deliveries are shown at most, the latest.
const DELIVERIES: i64 = 500;

/// What can be asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    #[serde(default)]
    open: bool,
    #[serde(default)]
    unacknowledged: bool,
    key: Option<String>,
    limit: Option<usize>,
    cursor: Option<i64>,
}

#[derive(Serialize)]
struct Page {
    alerts: Vec<AlertView>,
    next_cursor: Option<String>,
}

/// `GET /api/v1/alerts?open=true&unacknowledged=true&key=z&limit=50&cursor=…`: alerts, newest first.
pub(super) async fn list(
    state: web::Data<WebState>,
    query: Result<web::Query<Query>, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let query = ask::query(
        query,
        "open and unacknowledged (true or false), key, limit and cursor",
    )?;
    let limit = ask::limit(query.limit)?;
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

/// `GET /api/v1/alerts/{id}`: an alert with what was said of it and to whom.
pub(super) async fn one(state: web::Data<WebState>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let id = ask::id("alert", &id)?;
    let metrics = state.ctx.metrics.clone();
    let found = state.ctx.db.read(move |c| detail(c, id, &metrics)).await?;
    let detail = found.ok_or_else(|| ask::none("alert", id))?;
    Ok(HttpResponse::Ok().json(detail))
}

/// Who takes an alert, and what they say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Acknowledgement {
    note: Option<String>,
    by: Option<String>,
}

/// What became of taking an alert.
enum Taken {
    Now(Alert),
    Before(Alert),
    NoSuch,
}

/// `POST /api/v1/alerts/{id}/ack`: takes an alert, so that everybody sees who looks after it. An event is over by that.
pub(super) async fn acknowledge(
    state: web::Data<WebState>,
    id: web::Path<String>,
    who: Operator,
    Body(body): Body<Acknowledgement>,
) -> Result<HttpResponse, Problem> {
    let id = ask::id("alert", &id)?;
    let note = ask::text("note", body.note.as_deref(), MAX_NOTE)?;
    let by = ask::signed(body.by.as_deref(), &who)?;
    let at = stored(state.ctx.clock.wall());
    let entry = NewAudit {
        at,
        actor: who.name,
        action: "alert.acknowledge".to_owned(),
        target: format!("alert/{id}"),
        detail: format!("by {by}: {}", note.as_deref().unwrap_or("no note")),
    };
    let write = move |c: &mut Conn| {
        let taken = rows::acknowledge(c, id, &by, note.as_deref(), at)?;
        if taken {
            audit::append(c, &entry)?;
        }
        Ok::<_, DbError>(match rows::get(c, id)? {
            Some(alert) if taken => Taken::Now(alert),
            Some(alert) => Taken::Before(alert),
            None => Taken::NoSuch,
        })
    };
    match state.ctx.db.write(write).await? {
        Taken::NoSuch => Err(ask::none("alert", id)),
        Taken::Before(alert) => Err(taken_before(&alert)),
        Taken::Now(alert) => {
            state.live.refreshed().await;
            Ok(HttpResponse::Ok().json(view(&state, alert)))
        }
    }
}

fn taken_before(alert: &Alert) -> Problem {
    let by = alert.acknowledged_by.as_deref().unwrap_or("somebody");
    let at = alert.acknowledged_at.map(utc);
    let at = at.map(|at| format!(" at {}", at.format("%Y-%m-%d %H:%M:%S UTC")));
    Problem::new(
        Code::Conflict,
        format!("It was acknowledged by {by}{} already.", at.unwrap_or_default()),
    )
}

fn view(state: &WebState, alert: Alert) -> AlertView {
    let title = title_of(&state.ctx.metrics, &alert.key);
    AlertView::new(alert, title)
}

fn detail(c: &mut Conn, id: i64, metrics: &[MetricView]) -> Result<Option<AlertDetail>, DbError> {
    let Some(alert) = rows::get(c, id)? else {
        return Ok(None);
    };
    let mut said = records::of_alert(c, id)?;
    said.retain(|record| record.deleted_at.is_none());
    let ids: Vec<i64> = said.iter().map(|record| record.id).collect();
    let about = deliveries::for_records(c, &ids)?;
    let filter = deliveries::Filter {
        alert_id: Some(id),
        ..deliveries::Filter::default()
    };
    let sent = deliveries::page(c, &filter, DELIVERIES)?;
    let title = title_of(metrics, &alert.key);
    Ok(Some(AlertDetail {
        records: views(said, std::slice::from_ref(&alert), &about, metrics),
        deliveries: sent.into_iter().map(DeliveryRow::from).collect(),
        alert: AlertView::new(alert, title),
    }))
}
