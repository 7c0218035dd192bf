//! Who was notified of what, and when.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::enums::DeliveryStatus;
use crate::tables::schema::delivery::{self, dsl};

/// Where a message goes: the channel and the recipient.
pub type Address = (String, String);

/// Everybody who was notified of one of these events of an alert, or will be; not those for whom that failed for good.
pub fn notified_of_alert(c: &mut Conn, alert_id: i64, events: &[&str]) -> Result<Vec<Address>, DbError> {
    Ok(delivery::table
        .filter(dsl::alert_id.eq(alert_id))
        .filter(dsl::event.eq_any(events))
        .filter(dsl::status.ne(DeliveryStatus::Failed))
        .select((dsl::lane, dsl::recipient))
        .distinct()
        .order((dsl::lane.asc(), dsl::recipient.asc()))
        .load(c)?)
}

/// Everybody who was notified of an incident, or will be; not those for whom that failed for good.
pub fn notified_of_incident(c: &mut Conn, incident_id: i64) -> Result<Vec<Address>, DbError> {
    Ok(delivery::table
        .filter(dsl::incident_id.eq(incident_id))
        .filter(dsl::status.ne(DeliveryStatus::Failed))
        .select((dsl::lane, dsl::recipient))
        .distinct()
        .order((dsl::lane.asc(), dsl::recipient.asc()))
        .load(c)?)
}

/// Whether anything of a lane was sent to another recipient since then.
pub fn was_sent_to_others(
    c: &mut Conn,
    lane: &str,
    recipient: &str,
    since: NaiveDateTime,
) -> Result<bool, DbError> {
    let sent = delivery::table
        .filter(dsl::lane.eq(lane))
        .filter(dsl::finished_at.ge(Some(since)))
        .filter(dsl::status.eq(DeliveryStatus::Sent))
        .filter(dsl::recipient.ne(recipient));
    Ok(diesel::select(diesel::dsl::exists(sent)).get_result(c)?)
}

/// The recipients of a lane to whom something was sent after `since` and until `now`, each with the last time, and those to
/// whom something is being sent, without a time.
pub fn recently_notified(
    c: &mut Conn,
    lane: &str,
    since: NaiveDateTime,
    now: NaiveDateTime,
) -> Result<Vec<(String, Option<NaiveDateTime>)>, DbError> {
    let sent: Vec<(String, Option<NaiveDateTime>)> = delivery::table
        .filter(dsl::lane.eq(lane))
        .filter(dsl::finished_at.gt(Some(since)))
        // Before the clock was stepped back something was sent in what is the future now: that holds up nobody.
        .filter(dsl::finished_at.le(Some(now)))
        .filter(dsl::status.eq(DeliveryStatus::Sent))
        .group_by(dsl::recipient)
        .select((dsl::recipient, diesel::dsl::max(dsl::finished_at)))
        .load(c)?;
    let sending: Vec<String> = delivery::table
        .filter(dsl::lane.eq(lane))
        .filter(dsl::finished_at.is_null())
        .filter(dsl::status.eq(DeliveryStatus::Sending))
        .filter(dsl::lease_until.gt(Some(now)))
        .select(dsl::recipient)
        .distinct()
        .load(c)?;
    Ok(sent
        .into_iter()
        .chain(sending.into_iter().map(|to| (to, None)))
        .collect())
}
