//! `/api/v1/silences`.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use monitor_domain::Severity;
use monitor_model::{NewSilence, Silence, alerts, silences as rows, stored, utc};
use serde::{Deserialize, Serialize};

use crate::api::SilenceView;
use crate::auth::{Operator, Viewer};
use crate::context::MetricView;
use crate::paging::{cut, one_more};
use crate::problem::{Code, Problem};
use crate::routes::change::{Changed, change};
use crate::routes::extract::{self, Body, PageQuery, Query, bad_body};
use crate::state::WebState;

/// The longest reason, in characters.
const MAX_REASON: usize = 500;
/// How far ahead a silence may end: what is to be muted for longer is to be disabled.
const MAX_DAYS: i64 = 366;
/// How many there may be in force or to come; each is checked for each alert.
const MAX_LIVE: i64 = 1_000;

#[derive(Serialize)]
struct Page {
    silences: Vec<SilenceView>,
    next_cursor: Option<String>,
}

/// `GET /api/v1/silences?limit=50&cursor=…`: all silences, newest first, those that are over among them.
pub(crate) async fn list(
    _: Viewer,
    state: web::Data<WebState>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = extract::limit(query.limit)?;
    let before = query.cursor.unwrap_or(i64::MAX);
    let read = state.ctx.db.read(move |c| rows::page(c, before, one_more(limit)));
    let mut found = read.await?;
    let next_cursor = cut(&mut found, limit, |silence| silence.id);
    let now = state.ctx.clock.wall();
    let silences = found.into_iter().map(|s| SilenceView::at(now, s)).collect();
    Ok(HttpResponse::Ok().json(Page {
        silences,
        next_cursor,
    }))
}

/// A silence as it is requested.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRequest {
    key: Option<String>,
    severity: Option<Severity>,
    r#for: Option<String>,
    until: Option<DateTime<Utc>>,
    starts_at: Option<DateTime<Utc>>,
    reason: Option<String>,
    by: Option<String>,
}

/// `POST /api/v1/silences`: nobody is notified of what matches until it is over.
pub(crate) async fn create(
    who: Operator,
    state: web::Data<WebState>,
    Body(request): Body<NewRequest>,
) -> Result<HttpResponse, Problem> {
    if let Some(key) = &request.key {
        check_key(key, &state.shown().metrics)?;
    }
    let now = state.ctx.clock.wall();
    let new = request.silence(now, &who)?;
    add(&state, who, new).await
}

/// A silence of an alert's metric as it is requested.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfAlertRequest {
    r#for: Option<String>,
    until: Option<DateTime<Utc>>,
    reason: Option<String>,
    by: Option<String>,
}

/// `POST /api/v1/alerts/{id}/silence`: a silence of the alert's metric, from now.
pub(crate) async fn of_alert(
    who: Operator,
    state: web::Data<WebState>,
    id: web::Path<String>,
    Body(body): Body<OfAlertRequest>,
) -> Result<HttpResponse, Problem> {
    let id = extract::id("alert", &id)?;
    let found = state.ctx.db.read(move |c| alerts::get(c, id)).await?;
    let alert = found.ok_or_else(|| extract::no_such("alert", id))?;
    let request = NewRequest {
        key: Some(alert.key.into()),
        severity: None,
        r#for: body.r#for,
        until: body.until,
        starts_at: None,
        reason: body.reason,
        by: body.by,
    };
    let new = request.silence(state.ctx.clock.wall(), &who)?;
    add(&state, who, new).await
}

/// `DELETE /api/v1/silences/{id}`: ends a silence before its time.
pub(crate) async fn cancel(
    who: Operator,
    state: web::Data<WebState>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = extract::id("silence", &id)?;
    let cancelled = change(&state, who, move |c, log| {
        let made = rows::cancel(c, id, log.actor(), log.at)?;
        if made {
            log.write(c, "silence.cancel", format!("silence/{id}"), "")?;
        }
        Ok(Changed::of(made, rows::get(c, id)?))
    });
    let no_such = || extract::no_such("silence", id);
    let silence = cancelled.await?.made(no_such, over_before)?;
    Ok(HttpResponse::Ok().json(SilenceView::at(state.ctx.clock.wall(), silence)))
}

fn over_before(silence: &Silence) -> Problem {
    let at = |at| utc(at).format("%Y-%m-%d %H:%M:%S UTC");
    let why = match (silence.cancelled_at, &silence.cancelled_by) {
        (Some(when), Some(by)) => format!("It was cancelled by {by} at {} already.", at(when)),
        _ => format!("It was over at {} already.", at(silence.ends_at)),
    };
    Problem::new(Code::Conflict, why)
}

impl NewRequest {
    /// The silence that is requested at `now`, or what is wrong with it.
    fn silence(self, now: DateTime<Utc>, who: &Operator) -> Result<NewSilence, Problem> {
        let reason = extract::text("reason", self.reason.as_deref(), MAX_REASON)?;
        let reason = reason.ok_or_else(|| bad_body("reason is missing: say why, for those who wonder."))?;
        if self.starts_at.is_some_and(|at| at < now) {
            return Err(bad_body("starts_at is in the past. Leave it out to begin now."));
        }
        let starts_at = self.starts_at.unwrap_or(now);
        let ends_at = match (self.r#for.as_deref(), self.until) {
            (Some(span), None) => after(starts_at, span)?,
            (None, Some(until)) => until,
            _ => {
                return Err(bad_body(
                    "Give either \"for\", such as \"2h\", or \"until\", a time.",
                ));
            }
        };
        if ends_at <= now || ends_at <= starts_at {
            return Err(bad_body("It would be over before it begins."));
        }
        if ends_at > now + TimeDelta::days(MAX_DAYS) {
            return Err(bad_body(format!("It may last up to {MAX_DAYS} days from now.")));
        }
        Ok(NewSilence {
            key: self.key,
            severity: self.severity,
            reason,
            created_by: extract::signature(self.by.as_deref(), who)?,
            created_at: stored(now),
            starts_at: stored(starts_at),
            ends_at: stored(ends_at),
        })
    }
}

/// `span` after `at`. What is too long to count is far in the future.
fn after(at: DateTime<Utc>, span: &str) -> Result<DateTime<Utc>, Problem> {
    let parsed: Result<Duration, _> = humantime::parse_duration(span);
    let span = parsed.map_err(|error| {
        bad_body(format!(
            "for {span:?} is no span of time ({error}); such as 30m, 2h, 1d."
        ))
    })?;
    let span = TimeDelta::from_std(span).unwrap_or(TimeDelta::MAX);
    Ok(at.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC))
}

fn check_key(key: &str, metrics: &[MetricView]) -> Result<(), Problem> {
    if metrics.iter().any(|metric| metric.key == key) {
        return Ok(());
    }
    let known: Vec<&str> = metrics.iter().map(|metric| metric.key.as_str()).collect();
    Err(bad_body(format!(
        "There is no metric {key:?}; there are {}.",
        known.join(", ")
    )))
}

/// Stores a silence, unless there are too many.
async fn add(state: &WebState, who: Operator, new: NewSilence) -> Result<HttpResponse, Problem> {
    let detail = format!(
        "by {}, {} of {} until {}: {}",
        new.created_by,
        new.severity.map_or("all alerts", Severity::as_str),
        new.key.as_deref().unwrap_or("every metric"),
        utc(new.ends_at).format("%Y-%m-%d %H:%M:%S UTC"),
        new.reason
    );
    let added = change(state, who, move |c, log| {
        if rows::count_live(c, new.created_at)? >= MAX_LIVE {
            return Ok(None);
        }
        let silence = rows::create(c, &new)?;
        let target = format!("silence/{}", silence.id);
        log.write(c, "silence.create", target, detail.as_str())?;
        Ok(Some(silence))
    });
    let silence = added.await?.ok_or_else(|| {
        Problem::new(
            Code::Conflict,
            format!("There are {MAX_LIVE} silences already. Cancel one, or wait until one is over."),
        )
    })?;
    Ok(HttpResponse::Created().json(SilenceView::at(state.ctx.clock.wall(), silence)))
}
