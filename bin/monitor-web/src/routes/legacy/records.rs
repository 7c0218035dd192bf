//! `POST /monitor` and `DELETE /delete/{id}`.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use monitor_model::{Record, records as rows};
use serde::Serialize;
use serde_json::json;

use crate::api::Number;
use crate::auth::{Operator, Viewer};
use crate::live::MAX_RECORDS;
use crate::problem::Problem;
use crate::routes::change::change;
use crate::state::WebState;

#[derive(Serialize)]
struct Records {
    records: Vec<LegacyRecord>,
}

#[derive(Serialize)]
struct LegacyRecord {
    id: i64,
    r#type: String,
    value: Option<Number>,
    alert: bool,
    alert_message: String,
    timestamp: DateTime<Utc>,
}

/// `POST /monitor`: all alert records, newest first.
pub(crate) async fn list(_: Viewer, state: web::Data<WebState>) -> Result<HttpResponse, Problem> {
    let found = state.ctx.db.read(|c| rows::alerts(c, MAX_RECORDS)).await?;
    // Another process's commit reaches the snapshot a moment later: a client that gets a record here must not get an
    // older value there.
    let newest = |id: Option<i64>| id.unwrap_or_default();
    if newest(found.first().map(|record| record.id))
        > newest(state.live.peek().records.first().map(|record| record.id))
    {
        state.live.refreshed().await;
    }
    let records = found.into_iter().map(LegacyRecord::from).collect();
    Ok(HttpResponse::Ok().json(Records { records }))
}

/// `DELETE /delete/{id}`: takes a record out of every list.
pub(crate) async fn delete(who: Operator, state: web::Data<WebState>, id: web::Path<String>) -> HttpResponse {
    let Ok(id) = id.parse::<i64>() else {
        return no_such();
    };
    let deleted = change(&state, who, move |c, log| {
        let deleted = rows::delete(c, id, log.at)?;
        if deleted {
            log.write(c, "record.delete", format!("record/{id}"), "")?;
        }
        Ok(deleted)
    });
    match deleted.await {
        Ok(true) => HttpResponse::Ok().json(json!({ "success": true })),
        Ok(false) => no_such(),
        Err(error) => {
            log::error!("cannot delete record {id}: {error}");
            HttpResponse::InternalServerError().json(json!({ "error": "Server Error" }))
        }
    }
}

fn no_such() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "error": "Record not found" }))
}

impl From<Record> for LegacyRecord {
    fn from(record: Record) -> LegacyRecord {
        LegacyRecord {
            id: record.id,
            r#type: record.key.into(),
            value: record.value.map(Number),
            alert: record.alert,
            alert_message: record.alert_message,
            timestamp: monitor_model::utc(record.timestamp),
        }
    }
}
