//! The lanes that are not channels, and their jobs.

use chrono::NaiveDateTime;
use monitor_model::{Alert, Conn, DbError, NewDelivery, deliveries};

use super::enqueue::message_id;
use super::payload::{self, JobPayload};
use super::routing::Routing;

/// The lane that sounds the alarm.
pub(crate) const ALARM_LANE: &str = "@alarm";
/// The lane that requests the explanation of an alert.
pub(crate) const DETAILS_LANE: &str = "@details";

/// The key under which the outbox knows a job of an alert.
pub(crate) fn job_key(lane: &str, alert_id: i64) -> String {
    format!("{}/{alert_id}", lane.trim_start_matches('@'))
}

/// Puts a job of an alert into the outbox: sound the alarm, or explain it to those of `routing`. Jobs that call the same system
/// share places.
pub(crate) fn enqueue_job(
    conn: &mut Conn,
    alert: &Alert,
    (lane, system): (&str, &str),
    routing: Option<Routing>,
    now: NaiveDateTime,
) -> Result<(), DbError> {
    let event = lane.trim_start_matches('@');
    let row = NewDelivery {
        alert_id: Some(alert.id),
        record_id: None,
        incident_id: None,
        lane: lane.to_owned(),
        event: event.to_owned(),
        recipient: system.to_owned(),
        dedupe_key: job_key(lane, alert.id),
        // Not by its number alone: another database, or this one restored from a backup, has an alert of the same number.
        message_id: message_id(&format!("{event}-{}", alert.id)),
        payload: payload::write_job(&JobPayload {
            key: alert.key.clone(),
            routing,
        }),
        next_at: now,
        created_at: now,
        urgency: 0,
    };
    deliveries::enqueue(conn, &[row])?;
    Ok(())
}
