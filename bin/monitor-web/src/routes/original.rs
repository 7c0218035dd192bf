//! The original program's routes, with exactly its answers.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use monitor_model::{DbError, NewAudit, Record, alerts, audit, records as rows, stored};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::api::{MetricStatus, Number};
use crate::app::WebState;
use crate::auth::Operator;
use crate::live::MAX_RECORDS;
use crate::problem::{Code, Problem};

/// `GET /`: to the page.
pub(super) async fn root() -> HttpResponse {
    HttpResponse::Found()
        .insert_header((header::LOCATION, "/monitor"))
        .finish()
}

/// `GET /get_current_values`: `{"x":1,"y":2}` in the config's order, 0 for a metric never read.
pub(super) async fn current_values(state: web::Data<WebState>) -> Result<HttpResponse, Problem> {
    let snapshot = state.live.current().await;
    if snapshot.database_error_since.is_some() {
        // An old value must not pass for the current one.
        return Err(Problem::new(
            Code::DatabaseUnavailable,
            "The database cannot be read just now.",
        ));
    }
    Ok(HttpResponse::Ok().json(Values(&snapshot.metrics)))
}

/// `POST /monitor`: all alert records, newest first.
pub(super) async fn records(state: web::Data<WebState>) -> Result<HttpResponse, Problem> {
    let found = state.ctx.db.read(|c| rows::alerts(c, MAX_RECORDS)).await?;
    // Another process's commit reaches the snapshot a moment later. Whoever sees a record here must not see an older
    // value there.
    let newest = |id: Option<i64>| id.unwrap_or_default();
    if newest(found.first().map(|record| record.id))
        > newest(state.live.peek().records.first().map(|record| record.id))
    {
        state.live.refreshed().await;
    }
    let records = found.into_iter().map(OriginalRecord::from).collect();
    Ok(HttpResponse::Ok().json(OriginalRecords { records }))
}

/// `DELETE /delete/{id}`: takes a record out of every list.
pub(super) async fn delete(state: web::Data<WebState>, id: web::Path<String>, who: Operator) -> HttpResponse {
    let at = stored(state.ctx.clock.wall());
    let deleted = match id.parse::<i64>() {
        Err(_) => Ok(false),
        Ok(id) => {
            let entry = NewAudit {
                at,
                actor: who.name,
                action: "record.delete".to_owned(),
                target: format!("record/{id}"),
                detail: String::new(),
            };
            let write = state.ctx.db.write(move |c| {
                let deleted = rows::delete(c, id, at)?;
                if deleted {
                    audit::append(c, &entry)?;
                }
                Ok(deleted)
            });
            write.await
        }
    };
    match deleted {
        Ok(true) => {
            state.live.refreshed().await;
            HttpResponse::Ok().json(json!({ "success": true }))
        }
        Ok(false) => HttpResponse::NotFound().json(json!({ "error": "Record not found" })),
        Err(error) => {
            log::error!("cannot delete record {id}: {error}");
            HttpResponse::InternalServerError().json(json!({ "error": "Server Error" }))
        }
    }
}

/// `POST /reset`: sounds the global alarm, then acknowledges all open alerts.
pub(super) async fn reset(state: web::Data<WebState>, who: Operator) -> HttpResponse {
    // In a task of its own: a reader who closes the page does not leave it half done.
    let work = tokio::spawn(sound_and_acknowledge(Arc::clone(&state), who.name));
    let success = match work.await {
        Ok(Ok(sounded)) => sounded,
        Ok(Err(error)) => {
            log::error!("the reset was not finished: {error}");
            false
        }
        Err(error) => {
            log::error!("the reset was not finished: {error}");
            false
        }
    };
    state.live.refreshed().await;
    HttpResponse::Ok().json(json!({ "success": success }))
}

/// Does it, and says whether the alarm sounded. Where it did not, nothing is acknowledged: the reset is to be repeated.
async fn sound_and_acknowledge(state: Arc<WebState>, who: String) -> Result<bool, DbError> {
    let failure = match &state.ctx.alarm {
        None => None,
        Some(alarm) => alarm.sound("global").await.err().map(|e| e.to_string()),
    };
    let at = stored(state.ctx.clock.wall());
    let entry = |action: &str, detail: String| NewAudit {
        at,
        actor: who.clone(),
        action: action.to_owned(),
        target: "alarm/global".to_owned(),
        detail,
    };
    if let Some(failure) = failure {
        log::error!("the global alarm could not be sounded: {failure}");
        let entry = entry("alarm.reset_failed", failure);
        state.ctx.db.write(move |c| audit::append(c, &entry)).await?;
        return Ok(false);
    }
    let sounded = if state.ctx.alarm.is_some() {
        "sounded"
    } else {
        "no alarm is configured"
    };
    let (alarm, mut acknowledged) = (
        entry("alarm.reset", sounded.to_owned()),
        entry("alert.acknowledge_all", String::new()),
    );
    acknowledged.target = "alerts".to_owned();
    let write = state.ctx.db.write(move |c| {
        let count = alerts::acknowledge_all(c, &alarm.actor, at)?;
        acknowledged.detail = format!("{count} alerts");
        audit::append(c, &alarm)?;
        audit::append(c, &acknowledged)
    });
    write.await?;
    Ok(true)
}

/// `{"<key>": value, …}` in the order of the list.
struct Values<'a>(&'a [MetricStatus]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for metric in self.0 {
            map.serialize_entry(&metric.key, &metric.value.unwrap_or(Number(0.0)))?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct OriginalRecords {
    records: Vec<OriginalRecord>,
}

#[derive(Serialize)]
struct OriginalRecord {
    id: i64,
    r#type: String,
    value: Option<Number>,
    alert: bool,
    alert_message: String,
    timestamp: DateTime<Utc>,
}

impl From<Record> for OriginalRecord {
    fn from(record: Record) -> OriginalRecord {
        OriginalRecord {
            id: record.id,
            r#type: record.key.into(),
            value: record.value.map(Number),
            alert: record.alert,
            alert_message: record.alert_message,
            timestamp: monitor_model::utc(record.timestamp),
        }
    }
}
