//! From the opening of an alert to its end.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::row::{Alert, NewAlert};
use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::enums::AlertKind;
use crate::tables::schema::alert::{self, dsl};
use crate::tables::text::clean;

/// Opens an alert.
pub fn open(c: &mut Conn, new: &NewAlert) -> Result<Alert, DbError> {
    Ok(diesel::insert_into(alert::table)
        .values((
            dsl::key.eq(new.key.as_str()),
            dsl::kind.eq(new.kind),
            dsl::severity.eq(new.severity.as_str()),
            dsl::reason.eq(clean(&new.reason)),
            dsl::value.eq(new.value),
            dsl::previous.eq(new.previous),
            dsl::opened_at.eq(new.opened_at),
            dsl::muted.eq(new.muted.as_deref()),
        ))
        .returning(alert::all_columns)
        .get_result(c)?)
}

/// The alert with this id, which nobody else changes until the end of the transaction.
pub fn lock(c: &mut Conn, id: i64) -> Result<Option<Alert>, DbError> {
    // A change that changes nothing locks the row on PostgreSQL; on SQLite there is one writer anyway.
    Ok(diesel::update(alert::table.find(id))
        .set(dsl::further_messages.eq(dsl::further_messages))
        .returning(alert::all_columns)
        .get_result(c)
        .optional()?)
}

/// Ends an alert and gives it as it is then; `None` where there is none with this id, or it was over already.
pub fn resolve(
    c: &mut Conn,
    id: i64,
    at: NaiveDateTime,
    value: Option<f64>,
) -> Result<Option<Alert>, DbError> {
    let open = alert::table.find(id).filter(dsl::resolved_at.is_null());
    Ok(diesel::update(open)
        .set((dsl::resolved_at.eq(Some(at)), dsl::resolved_value.eq(value)))
        .returning(alert::all_columns)
        .get_result(c)
        .optional()?)
}

/// Whether an alert of this metric and kind was escalated that is neither over nor acknowledged.
pub fn is_escalated(c: &mut Conn, key: &str, kind: AlertKind) -> Result<bool, DbError> {
    let escalated = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::key.eq(key))
        .filter(dsl::kind.eq(kind))
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::escalated_at.is_not_null());
    Ok(diesel::select(diesel::dsl::exists(escalated)).get_result(c)?)
}

/// The alerts of these metrics that were opened until `before`, are neither acknowledged nor escalated, and of which
/// somebody was notified: by the alert itself, or by the incident of its system. Oldest first.
pub fn to_escalate(
    c: &mut Conn,
    keys: &[String],
    before: NaiveDateTime,
    limit: i64,
) -> Result<Vec<Alert>, DbError> {
    Ok(alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::key.eq_any(keys))
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::escalated_at.is_null())
        .filter(dsl::opened_at.le(before))
        .filter(dsl::muted.is_null().or(dsl::muted.like("incident:%")))
        .order(dsl::id.asc())
        .limit(limit)
        .load(c)?)
}

/// Notes that an alert was escalated; `false` where it was before, or it is acknowledged or over.
pub fn escalate(c: &mut Conn, id: i64, at: NaiveDateTime) -> Result<bool, DbError> {
    let due = alert::table
        .find(id)
        .filter(dsl::escalated_at.is_null())
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::resolved_at.is_null());
    Ok(diesel::update(due)
        .set(dsl::escalated_at.eq(Some(at)))
        .execute(c)?
        == 1)
}

/// Acknowledges an alert (an event is over by that); `false` where there is none with this id, or it was acknowledged
/// before.
pub fn acknowledge(
    c: &mut Conn,
    id: i64,
    by: &str,
    note: Option<&str>,
    at: NaiveDateTime,
) -> Result<bool, DbError> {
    let unacknowledged = alert::table.find(id).filter(dsl::acknowledged_at.is_null());
    let acknowledged = diesel::update(unacknowledged)
        .set((
            dsl::acknowledged_at.eq(Some(at)),
            dsl::acknowledged_by.eq(Some(clean(by))),
            dsl::note.eq(note.map(clean)),
        ))
        .execute(c)?;
    end_acknowledged_events(c, at)?;
    Ok(acknowledged == 1)
}

/// Acknowledges all alerts that are not over and not acknowledged; returns how many.
pub fn acknowledge_all(c: &mut Conn, by: &str, at: NaiveDateTime) -> Result<usize, DbError> {
    let unacknowledged = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::acknowledged_at.is_null());
    let acknowledged = diesel::update(unacknowledged)
        .set((
            dsl::acknowledged_at.eq(Some(at)),
            dsl::acknowledged_by.eq(Some(clean(by))),
        ))
        .execute(c)?;
    end_acknowledged_events(c, at)?;
    Ok(acknowledged)
}

/// An event does not last: once it is acknowledged, it is over.
fn end_acknowledged_events(c: &mut Conn, at: NaiveDateTime) -> Result<(), DbError> {
    let acknowledged = alert::table
        .filter(dsl::kind.eq(AlertKind::Event))
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::acknowledged_at.is_not_null());
    diesel::update(acknowledged)
        .set(dsl::resolved_at.eq(Some(at)))
        .execute(c)?;
    Ok(())
}

/// Counts `more` messages of an alert that are not sent one by one; `false` where there is no such alert.
pub fn add_further_messages(c: &mut Conn, id: i64, more: i32) -> Result<bool, DbError> {
    let counted = diesel::update(alert::table.find(id))
        .set(dsl::further_messages.eq(dsl::further_messages + more))
        .execute(c)?;
    Ok(counted == 1)
}
