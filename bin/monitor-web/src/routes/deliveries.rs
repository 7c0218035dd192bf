//! `/api/v1/deliveries`.

use actix_web::{HttpResponse, web};
use monitor_model::deliveries::Filter;
use monitor_model::{Conn, DbError, Delivery, DeliveryStatus, NewAudit, audit, deliveries as rows, stored};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::DeliveryRow;
use crate::app::WebState;
use crate::auth::Operator;
use crate::paging::{cut, one_more};
use crate::problem::{Code, Problem};
use crate::routes::ask::{self, Body};

/// How many are tried again at one request.
const MOST_RETRIES: i64 = 1_000;

/// What can be asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    status: Option<String>,
    lane: Option<String>,
    alert: Option<i64>,
    limit: Option<usize>,
    cursor: Option<i64>,
}

#[derive(Serialize)]
struct Page {
    deliveries: Vec<DeliveryRow>,
    next_cursor: Option<String>,
}

/// `GET /api/v1/deliveries?status=failed,given_up&lane=mail&alert=7&limit=50&cursor=…`: deliveries, newest first.
pub(super) async fn list(
    state: web::Data<WebState>,
    query: Result<web::Query<Query>, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let query = ask::query(query, "status, lane, alert, limit and cursor")?;
    let limit = ask::limit(query.limit)?;
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
    let deliveries = found.into_iter().map(DeliveryRow::from).collect();
    Ok(HttpResponse::Ok().json(Page {
        deliveries,
        next_cursor,
    }))
}

/// What became of asking for another try.
enum Retried {
    Now(Delivery),
    NotUnsent(Delivery),
    NoSuch,
}

/// `POST /api/v1/deliveries/{id}/retry`: tries a delivery once more that ended unsent.
pub(super) async fn retry(
    state: web::Data<WebState>,
    id: web::Path<String>,
    who: Operator,
) -> Result<HttpResponse, Problem> {
    let id = ask::id("delivery", &id)?;
    let at = stored(state.ctx.clock.wall());
    let entry = NewAudit {
        at,
        actor: who.name,
        action: "delivery.retry".to_owned(),
        target: format!("delivery/{id}"),
        detail: String::new(),
    };
    let write = move |c: &mut Conn| {
        let again = rows::retry(c, id, at)?;
        if again {
            audit::append(c, &entry)?;
        }
        Ok::<_, DbError>(match rows::get(c, id)? {
            Some(delivery) if again => Retried::Now(delivery),
            Some(delivery) => Retried::NotUnsent(delivery),
            None => Retried::NoSuch,
        })
    };
    match state.ctx.db.write(write).await? {
        Retried::NoSuch => Err(ask::none("delivery", id)),
        Retried::NotUnsent(delivery) => Err(Problem::new(
            Code::Conflict,
            format!(
                "It is {}: only what failed or was given up can be tried again.",
                delivery.status
            ),
        )),
        Retried::Now(delivery) => {
            state.live.refreshed().await;
            Ok(HttpResponse::Ok().json(DeliveryRow::from(delivery)))
        }
    }
}

/// Whose deliveries are to be tried again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Channel {
    channel: String,
}

/// `POST /api/v1/deliveries/retry`: tries all of a channel once more that ended unsent, the latest 1,000 at a time.
pub(super) async fn retry_all(
    state: web::Data<WebState>,
    who: Operator,
    Body(Channel { channel }): Body<Channel>,
) -> Result<HttpResponse, Problem> {
    let at = stored(state.ctx.clock.wall());
    let filter = Filter {
        lane: Some(lane(&channel)),
        statuses: vec![DeliveryStatus::Failed, DeliveryStatus::GivenUp],
        ..Filter::default()
    };
    let write = move |c: &mut Conn| {
        let mut retried = 0;
        for delivery in rows::page(c, &filter, MOST_RETRIES)? {
            retried += i64::from(rows::retry(c, delivery.id, at)?);
        }
        if retried > 0 {
            let entry = NewAudit {
                at,
                actor: who.name.clone(),
                action: "delivery.retry".to_owned(),
                target: format!("channel/{channel}"),
                detail: format!("{retried} deliveries"),
            };
            audit::append(c, &entry)?;
        }
        Ok::<_, DbError>(retried)
    };
    let retried = state.ctx.db.write(write).await?;
    state.live.refreshed().await;
    Ok(HttpResponse::Ok().json(json!({ "retried": retried })))
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
                .map_err(|error| ask::bad_query(format!("status: {error}.")))
        })
        .collect()
}
