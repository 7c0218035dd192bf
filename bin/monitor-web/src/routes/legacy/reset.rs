//! `POST /reset`.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use monitor_domain::counted;
use monitor_model::{DbError, alerts};
use serde_json::json;

use crate::auth::Operator;
use crate::routes::change::change;
use crate::state::WebState;

/// The alarm in the audit log.
const ALARM: &str = "alarm/global";

/// `POST /reset`: sounds the global alarm, then acknowledges all open alerts of which somebody was notified.
pub(crate) async fn reset(who: Operator, state: web::Data<WebState>) -> HttpResponse {
    // In a task of its own: a reader who closes the page does not leave it half done.
    let work = tokio::spawn(sound_and_acknowledge(Arc::clone(&state), who));
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
    HttpResponse::Ok().json(json!({ "success": success }))
}

/// Does it, and says whether the alarm sounded. Where it did not, nothing is acknowledged: the reset is to be repeated.
async fn sound_and_acknowledge(state: Arc<WebState>, who: Operator) -> Result<bool, DbError> {
    let alarm = state.shown().alarm.clone();
    let sounded = match &alarm {
        None => "no alarm is configured",
        Some(alarm) => match alarm.sound("global").await {
            Ok(()) => "sounded",
            Err(error) => {
                let failure = error.to_string();
                log::error!("the global alarm could not be sounded: {failure}");
                change(&state, who, move |c, log| {
                    log.write(c, "alarm.reset_failed", ALARM, failure.as_str())
                })
                .await?;
                return Ok(false);
            }
        },
    };
    change(&state, who, move |c, log| {
        let count = alerts::acknowledge_all(c, log.actor(), log.at)?;
        log.write(c, "alarm.reset", ALARM, sounded)?;
        log.write(c, "alert.acknowledge_all", "alerts", counted(count, "alert"))
    })
    .await?;
    Ok(true)
}
