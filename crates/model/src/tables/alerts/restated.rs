//! The alerts that are sent to a channel again.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::dsl::{exists, max};
use diesel::prelude::*;

use super::row::{Alert, own_columns};
use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::enums::{AlertKind, DeliveryStatus};
use crate::tables::schema::{alert, delivery};

/// Which alerts are sent to a channel again.
#[derive(Clone, Copy, Debug)]
pub struct Restated<'a> {
    /// The channel.
    pub lane: &'a str,
    /// The events that it was sent of them.
    pub events: &'a [&'a str],
    /// Those that are over, only if they ended since then.
    pub ended_since: NaiveDateTime,
    /// Only those after the one with this id.
    pub after: i64,
}

/// What was sent to a channel of alerts.
macro_rules! sent {
    ($which:expr) => {
        delivery::table
            .filter(delivery::lane.eq($which.lane))
            .filter(delivery::event.eq_any($which.events))
            .filter(delivery::status.eq(DeliveryStatus::Sent))
    };
}

/// The alerts that last, or ended of late, of which the channel took a message; each with the payload of the last of those. At most
/// `limit`, by id.
pub fn restated(c: &mut Conn, which: &Restated<'_>, limit: i64) -> Result<Vec<(Alert, String)>, DbError> {
    let ids = ids(c, which, limit)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<Alert> = alert::table
        .filter(alert::id.eq_any(ids))
        .order(alert::id.asc())
        .select(own_columns!())
        .load(c)?;
    let ids: Vec<i64> = found.iter().map(|alert| alert.id).collect();
    let last: Vec<Option<i64>> = sent!(which)
        .filter(delivery::alert_id.eq_any(&ids))
        .group_by(delivery::alert_id)
        .select(max(delivery::id))
        .load(c)?;
    let last: Vec<i64> = last.into_iter().flatten().collect();
    let payloads: Vec<(Option<i64>, String)> = delivery::table
        .filter(delivery::id.eq_any(last))
        .select((delivery::alert_id, delivery::payload))
        .load(c)?;
    let mut payloads: HashMap<i64, String> = payloads
        .into_iter()
        .filter_map(|(id, text)| Some((id?, text)))
        .collect();
    let with_payload = |alert: Alert| payloads.remove(&alert.id).map(|payload| (alert, payload));
    Ok(found.into_iter().filter_map(with_payload).collect())
}

/// The ids of them. In two parts, since one query for both would read every alert that there is.
fn ids(c: &mut Conn, which: &Restated<'_>, limit: i64) -> Result<Vec<i64>, DbError> {
    let of_channel = sent!(which).filter(delivery::alert_id.eq(alert::id.nullable()));
    let restated = alert::table
        .filter(alert::group_id.is_null())
        .filter(alert::kind.ne(AlertKind::Event))
        .filter(alert::id.gt(which.after))
        .filter(exists(of_channel.select(delivery::id)))
        .select(alert::id);
    let lasting = restated
        .clone()
        .filter(alert::resolved_at.is_null())
        .order(alert::id.asc())
        .limit(limit);
    let mut ids: Vec<i64> = lasting.load(c)?;
    // By when they ended, of which there is an index; not by id, which would go through all of them.
    let ended = restated
        .filter(alert::resolved_at.ge(Some(which.ended_since)))
        .order(alert::resolved_at.asc());
    ids.extend(ended.load::<i64>(c)?);
    ids.sort_unstable();
    ids.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(ids)
}
