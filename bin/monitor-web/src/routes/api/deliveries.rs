//! `/api/v1/deliveries`.

use actix_web::{HttpResponse, web};
use monitor_domain::counted;
use monitor_model::deliveries::Filter;
use monitor_model::{Delivery, DeliveryStatus, deliveries as rows};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::DeliveryRow;
use crate::auth::{Operator, Viewer};
use crate::paging::{cut, one_more};
use crate::problem::{Code, Problem};
use crate::routes::change::{Changed, change};
use crate::routes::extract::{self, Body, Parameters, Query, bad_body};
use crate::state::WebState;

/// How many are retried at one request.
const MOST_RETRIES: i64 = 1_000;

/// Which deliveries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Selection {
    status: Option<String>,
    lane: Option<String>,
    alert: Option<i64>,
    limit: Option<usize>,
    cursor: Option<i64>,
}

impl Parameters for Selection {
    const NAMES: &'static str = "status, lane, alert, limit and cursor";
}

#[derive(Serialize)]
struct Page {
    deliveries: Vec<DeliveryRow>,
    next_cursor: Option<String>,
}

/// `GET /api/v1/deliveries?status=failed,given_up&lane=mail&alert=7&limit=50&cursor=…`: deliveries, newest first.
pub(crate) async fn list(
    _: Viewer,
    state: web::Data<WebState>,
    Query(query): Query<Selection>,
) -> Result<HttpResponse, Problem> {
    let limit = extract::limit(query.limit)?;
    let filter = Filter {
        lane: query.lane.as_deref().map(lane),
        alert_id: query.alert,
        statuses: statuses(query.status.as_deref().unwrap_or_default())?,
        before: query.cursor,
    };
    let read = state
        .ctx
        .db
        .read(move |c| rows::page(c, &filter, one_more(limit)));
    let mut found = read.await?;
    let next_cursor = cut(&mut found, limit, |delivery| delivery.id);
    let channels = &state.shown().channels;
    let row = |delivery| DeliveryRow::new(delivery, channels);
    let deliveries = found.into_iter().map(row).collect();
    Ok(HttpResponse::Ok().json(Page {
        deliveries,
        next_cursor,
    }))
}

/// `POST /api/v1/deliveries/{id}/retry`: retries a delivery that ended unsent.
pub(crate) async fn retry(
    who: Operator,
    state: web::Data<WebState>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = extract::id("delivery", &id)?;
    let retried = change(&state, who, move |c, log| {
        let made = rows::retry(c, id, log.at)?;
        if made {
            log.write(c, "delivery.retry", format!("delivery/{id}"), "")?;
        }
        Ok(Changed::of(made, rows::get(c, id)?))
    });
    let no_such = || extract::no_such("delivery", id);
    let delivery = retried.await?.made(no_such, not_unsent)?;
    Ok(HttpResponse::Ok().json(DeliveryRow::new(delivery, &state.shown().channels)))
}

fn not_unsent(delivery: &Delivery) -> Problem {
    Problem::new(
        Code::Conflict,
        format!(
            "It is {}: only what failed or was given up can be tried again.",
            delivery.status
        ),
    )
}

/// Whose deliveries are retried.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Channel {
    channel: String,
}

/// `POST /api/v1/deliveries/retry`: retries all of a channel that ended unsent, the latest 1,000 at a time.
pub(crate) async fn retry_all(
    who: Operator,
    state: web::Data<WebState>,
    Body(Channel { channel }): Body<Channel>,
) -> Result<HttpResponse, Problem> {
    let filter = Filter {
        lane: Some(lane(&channel)),
        statuses: vec![DeliveryStatus::Failed, DeliveryStatus::GivenUp],
        ..Filter::default()
    };
    let known = state.shown().channels.clone();
    let is_known = known.contains(&channel) || channel != filter.lane.as_deref().unwrap_or_default();
    let (name, all_of_it) = (
        channel.clone(),
        Filter {
            statuses: Vec::new(),
            ..filter.clone()
        },
    );
    let retried = change(&state, who, move |c, log| {
        // A channel that was taken out of the config may have left some.
        if !is_known && rows::page(c, &all_of_it, 1)?.is_empty() {
            return Ok(None);
        }
        let mut retried = 0;
        for delivery in rows::page(c, &filter, MOST_RETRIES)? {
            retried += i64::from(rows::retry(c, delivery.id, log.at)?);
        }
        if retried > 0 {
            let (target, detail) = (format!("channel/{channel}"), counted(retried, "delivery"));
            log.write(c, "delivery.retry", target, detail)?;
        }
        Ok(Some(retried))
    });
    let retried = retried.await?.ok_or_else(|| no_channel(&name, &known))?;
    Ok(HttpResponse::Ok().json(json!({ "retried": retried })))
}

fn no_channel(name: &str, known: &[String]) -> Problem {
    bad_body(format!(
        "There is no channel {name:?}; there are {}.",
        known.join(", ")
    ))
}

/// The lane of a channel as people know it: the worker's own jobs are shown without their sign.
fn lane(channel: &str) -> String {
    match channel {
        "alarm" | "details" => format!("@{channel}"),
        _ => channel.to_owned(),
    }
}

fn statuses(words: &str) -> Result<Vec<DeliveryStatus>, Problem> {
    let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| {
            word.parse()
                .map_err(|error| extract::bad_query(format!("status: {error}.")))
        })
        .collect()
}
