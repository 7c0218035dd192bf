//! Removing what is old. What has yet to be sent stays, and with it what it is about.

use std::ops::Range;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::MAX_BINDS;
use crate::tables::schema::delivery::{self, dsl};

/// Removes up to `limit` deliveries that are about no alert, record or incident and were finished then, and returns how
/// many. The others go with what they are about.
pub fn prune(c: &mut Conn, stamped: &Range<NaiveDateTime>, limit: i64) -> Result<usize, DbError> {
    let old: Vec<i64> = delivery::table
        .filter(dsl::finished_at.is_not_null())
        .filter(dsl::alert_id.is_null())
        .filter(dsl::record_id.is_null())
        .filter(dsl::incident_id.is_null())
        .filter(dsl::finished_at.ge(Some(stamped.start)))
        .filter(dsl::finished_at.lt(Some(stamped.end)))
        .order(dsl::finished_at.asc())
        .limit(limit)
        .select(dsl::id)
        .load(c)?;
    let mut removed = 0;
    for ids in old.chunks(MAX_BINDS) {
        removed += diesel::delete(delivery::table.filter(dsl::id.eq_any(ids))).execute(c)?;
    }
    Ok(removed)
}

/// Removes what was sent, or not, about these alerts.
pub(in crate::tables) fn remove_of_alerts(c: &mut Conn, alerts: &[i64]) -> Result<(), DbError> {
    let about = delivery::table
        .filter(dsl::alert_id.eq_any(alerts))
        .filter(dsl::finished_at.is_not_null());
    diesel::delete(about).execute(c)?;
    Ok(())
}

/// The same about these records.
pub(in crate::tables) fn remove_of_records(c: &mut Conn, records: &[i64]) -> Result<(), DbError> {
    let about = delivery::table
        .filter(dsl::record_id.eq_any(records))
        .filter(dsl::finished_at.is_not_null());
    diesel::delete(about).execute(c)?;
    Ok(())
}

/// The same about these incidents.
pub(in crate::tables) fn remove_of_incidents(c: &mut Conn, incidents: &[i64]) -> Result<(), DbError> {
    let about = delivery::table
        .filter(dsl::incident_id.eq_any(incidents))
        .filter(dsl::finished_at.is_not_null());
    diesel::delete(about).execute(c)?;
    Ok(())
}
