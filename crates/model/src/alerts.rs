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

/// The alerts that last until something ends them, and are not over: all kinds but events. Oldest first.
pub fn lasting(c: &mut Conn, limit: i64) -> Result<Vec<Alert>, DbError> {
    Ok(alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::kind.ne(AlertKind::Event))
        .order(dsl::id.asc())
        .limit(limit)
        .load(c)?)
}

/// The alerts of these metrics that were opened until `before`, that nobody took or was told of on, and that somebody
/// was told of: each by itself, or as the incident of its system. Oldest first.
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

/// Whether an alert of this metric and kind was told on that is neither over nor taken.
pub fn is_escalated(c: &mut Conn, key: &str, kind: AlertKind) -> Result<bool, DbError> {
    let told_on = alert::table
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::key.eq(key))
        .filter(dsl::kind.eq(kind))
        .filter(dsl::acknowledged_at.is_null())
        .filter(dsl::escalated_at.is_not_null());
    Ok(diesel::select(diesel::dsl::exists(told_on)).get_result(c)?)
}

/// The alert with this id, which nobody else changes until the end of the transaction.
pub fn lock(c: &mut Conn, id: i64) -> Result<Option<Alert>, DbError> {
    // A change that changes nothing locks the row on PostgreSQL; on SQLite there is one writer anyway.
    Ok(diesel::update(alert::table.find(id))
        .set(dsl::extra.eq(dsl::extra))
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

/// Ends the mute of an alert that is not over, which is to be told then, and gives it; `None` where somebody else was
/// first or it is over.
pub fn unmute(c: &mut Conn, id: i64) -> Result<Option<Alert>, DbError> {
    let muted = alert::table
        .find(id)
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::muted.is_not_null());
    Ok(diesel::update(muted)
        .set(dsl::muted.eq(None::<String>))
        .returning(alert::all_columns)
        .get_result(c)
        .optional()?)
}

/// Gives another reason why nobody is told of an alert.
pub fn mute_for(c: &mut Conn, id: i64, why: &str) -> Result<(), DbError> {
    let muted = alert::table.find(id).filter(dsl::muted.is_not_null());
    diesel::update(muted).set(dsl::muted.eq(Some(why))).execute(c)?;
    Ok(())
}

/// Notes that the end of an alert is not told yet, and why.
pub fn mute_end(c: &mut Conn, id: i64, why: &str) -> Result<(), DbError> {
    diesel::update(alert::table.find(id))
        .set(dsl::end_muted.eq(Some(why)))
        .execute(c)?;
    Ok(())
}

/// Ends the mute of an alert's end, which is to be told then; `false` where somebody else was first.
pub fn unmute_end(c: &mut Conn, id: i64) -> Result<bool, DbError> {
    let muted = alert::table.find(id).filter(dsl::end_muted.is_not_null());
    Ok(diesel::update(muted)
        .set(dsl::end_muted.eq(None::<String>))
        .execute(c)?
        == 1)
}

/// The alerts whose end is not told yet, oldest first.
pub fn with_muted_end(c: &mut Conn, limit: i64) -> Result<Vec<Alert>, DbError> {
    Ok(alert::table
        .filter(dsl::end_muted.is_not_null())
        .order(dsl::id.asc())
        .limit(limit)
        .load(c)?)
}

/// Notes that an alert was told on; `false` where it was before, or somebody took it, or it is over.
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

/// Which alerts are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this metric only.
    pub key: Option<String>,
    /// Only those that are not over.
    pub open: bool,
    /// Only those that nobody took.
    pub unacknowledged: bool,
    /// Only those older than the one with this id.
    pub before: Option<i64>,
}

/// The alerts that were asked for, newest first.
pub fn page(c: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Alert>, DbError> {
    let mut query = alert::table.into_boxed();
    if let Some(key) = &filter.key {
        query = query.filter(dsl::key.eq(key.clone()));
    }
    if filter.open {
        query = query.filter(dsl::resolved_at.is_null());
    }
    if filter.unacknowledged {
        query = query.filter(dsl::acknowledged_at.is_null());
    }
    if let Some(before) = filter.before {
        query = query.filter(dsl::id.lt(before));
    }
    Ok(query.order(dsl::id.desc()).limit(limit).load(c)?)
}

/// The alerts with these ids, by id.
pub fn by_ids(c: &mut Conn, ids: &[i64]) -> Result<Vec<Alert>, DbError> {
    let mut found: Vec<Alert> = Vec::new();
    for some in ids.chunks(crate::MAX_BINDS) {
        found.extend(alert::table.filter(dsl::id.eq_any(some)).load::<Alert>(c)?);
    }
    found.sort_by_key(|a| a.id);
    Ok(found)
}
