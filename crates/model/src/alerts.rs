//! `alert`: excursions and events, from their opening to their end.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::conn::Conn;
use crate::enums::AlertKind;
use crate::error::DbError;
use crate::rows::{Alert, NewAlert};
use crate::schema::alert::{self, dsl};
use crate::text::clean;

/// How many alerts of a metric are not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenAlerts {
    /// All of them.
    pub all: i64,
    /// Those that nobody acknowledged.
    pub unacknowledged: i64,
}

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

/// How many alerts of each metric are not over, and how many of those nobody acknowledged.
pub fn open_counts(c: &mut Conn) -> Result<HashMap<String, OpenAlerts>, DbError> {
    let open = alert::table.filter(dsl::resolved_at.is_null()).group_by(dsl::key);
    let all: Vec<(String, i64)> = open.select((dsl::key, count_star())).load(c)?;
    let free: Vec<(String, i64)> = open
        .filter(dsl::acknowledged_at.is_null())
        .select((dsl::key, count_star()))
        .load(c)?;
    let mut counts: HashMap<String, OpenAlerts> = HashMap::new();
    for (key, all) in all {
        counts.entry(key).or_default().all = all;
    }
    for (key, free) in free {
        counts.entry(key).or_default().unacknowledged = free;
    }
    Ok(counts)
}

/// Ends an alert; `false` where there is none with this id, or it was over already.
pub fn resolve(c: &mut Conn, id: i64, at: NaiveDateTime, value: Option<f64>) -> Result<bool, DbError> {
    let open = alert::table.find(id).filter(dsl::resolved_at.is_null());
    let ended = diesel::update(open)
        .set((dsl::resolved_at.eq(Some(at)), dsl::resolved_value.eq(value)))
        .execute(c)?;
    Ok(ended == 1)
}

/// Takes an alert (an event is over by that); `false` where there is none with this id, or somebody took it before.
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
    end_acknowledged_events(c, at)?;
    Ok(taken == 1)
}

/// Takes all alerts that are not over and nobody took; says how many.
pub fn acknowledge_all(c: &mut Conn, by: &str, at: NaiveDateTime) -> Result<usize, DbError> {
    let free = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::acknowledged_at.is_null());
    let taken = diesel::update(free)
        .set((
            dsl::acknowledged_at.eq(Some(at)),
            dsl::acknowledged_by.eq(Some(clean(by))),
        ))
        .execute(c)?;
    end_acknowledged_events(c, at)?;
    Ok(taken)
}

/// An event does not last: once somebody knows of it, it is over.
fn end_acknowledged_events(c: &mut Conn, at: NaiveDateTime) -> Result<(), DbError> {
    let known = alert::table
        .filter(dsl::kind.eq(AlertKind::Event))
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::acknowledged_at.is_not_null());
    diesel::update(known)
        .set(dsl::resolved_at.eq(Some(at)))
        .execute(c)?;
    Ok(())
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
