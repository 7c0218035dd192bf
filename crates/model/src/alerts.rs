//! `alert`: excursions and events, from their opening to their end.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::conn::Conn;
use crate::enums::AlertKind;
use crate::error::DbError;
use crate::rows::{Alert, NewAlert};
use crate::schema::alert::{self, dsl};
use crate::text::clean;

/// Opens an alert.
pub fn open(c: &mut Conn, new: &NewAlert) -> Result<Alert, DbError> {
    Ok(diesel::insert_into(alert::table)
        .values((
            dsl::key.eq(&new.key),
            dsl::kind.eq(new.kind),
            dsl::severity.eq(&new.severity),
            dsl::reason.eq(clean(&new.reason)),
            dsl::value.eq(new.value),
            dsl::previous.eq(new.previous),
            dsl::opened_at.eq(new.opened_at),
        ))
        .returning(alert::all_columns)
        .get_result(c)?)
}

/// The alert with this id.
pub fn get(c: &mut Conn, id: i64) -> Result<Option<Alert>, DbError> {
    Ok(alert::table.find(id).first(c).optional()?)
}

/// The alerts of a metric that are not over, oldest first.
pub fn unresolved_for(c: &mut Conn, key: &str, kind: AlertKind) -> Result<Vec<Alert>, DbError> {
    Ok(alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::key.eq(key))
        .filter(dsl::kind.eq(kind))
        .order(dsl::id.asc())
        .load(c)?)
}

/// All alerts that are not over, oldest first.
pub fn unresolved(c: &mut Conn) -> Result<Vec<Alert>, DbError> {
    Ok(alert::table
        .filter(dsl::resolved_at.is_null())
        .order(dsl::id.asc())
        .load(c)?)
}

/// Ends an alert; `false` where there is none with this id, or it was over already.
pub fn resolve(c: &mut Conn, id: i64, at: NaiveDateTime, value: Option<f64>) -> Result<bool, DbError> {
    let open = alert::table.find(id).filter(dsl::resolved_at.is_null());
    let ended = diesel::update(open)
        .set((dsl::resolved_at.eq(Some(at)), dsl::resolved_value.eq(value)))
        .execute(c)?;
    Ok(ended == 1)
}

/// Takes an alert; `false` where there is none with this id, or somebody took it before.
pub fn acknowledge(
    c: &mut Conn,
    id: i64,
    by: &str,
    note: Option<&str>,
    at: NaiveDateTime,
) -> Result<bool, DbError> {
    let free = alert::table.find(id).filter(dsl::acknowledged_at.is_null());
    let taken = diesel::update(free)
        .set((
            dsl::acknowledged_at.eq(Some(at)),
            dsl::acknowledged_by.eq(Some(clean(by))),
            dsl::note.eq(note.map(clean)),
        ))
        .execute(c)?;
    Ok(taken == 1)
}

/// Takes all alerts that are not over and nobody took; says how many.
pub fn acknowledge_all(c: &mut Conn, by: &str, at: NaiveDateTime) -> Result<usize, DbError> {
    let free = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::acknowledged_at.is_null());
    Ok(diesel::update(free)
        .set((
            dsl::acknowledged_at.eq(Some(at)),
            dsl::acknowledged_by.eq(Some(clean(by))),
        ))
        .execute(c)?)
}

/// Counts `more` messages of an alert that are not told one by one; `false` where there is no such alert.
pub fn add_extra(c: &mut Conn, id: i64, more: i32) -> Result<bool, DbError> {
    let counted = diesel::update(alert::table.find(id))
        .set(dsl::extra.eq(dsl::extra + more))
        .execute(c)?;
    Ok(counted == 1)
}

/// The latest alerts, newest first.
pub fn recent(c: &mut Conn, limit: i64) -> Result<Vec<Alert>, DbError> {
    Ok(alert::table.order(dsl::id.desc()).limit(limit).load(c)?)
}
