//! `monitor_record`: the messages told, one row each.

use std::collections::HashSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::conn::{Conn, on_each};
use crate::error::DbError;
use crate::rows::{NewRecord, Record};
use crate::schema::monitor_record::{self, dsl};
use crate::text::{clean, clean_opt};

/// Stores a message. `None`: the metric's message with this `source_id` was told before, even if deleted since.
/// Messages without a `source_id` are always new.
pub fn insert(c: &mut Conn, new: &NewRecord) -> Result<Option<Record>, DbError> {
    let values = (
        dsl::key.eq(new.key.as_str()),
        dsl::value.eq(new.value),
        dsl::alert.eq(new.alert),
        dsl::alert_message.eq(clean(&new.alert_message)),
        dsl::timestamp.eq(new.timestamp),
        dsl::alert_id.eq(new.alert_id),
        dsl::source_id.eq(clean_opt(new.source_id.as_deref())),
    );
    Ok(on_each!(c, |c| diesel::insert_into(monitor_record::table)
        .values(values)
        .on_conflict((dsl::key, dsl::source_id))
        .do_nothing()
        .returning(monitor_record::all_columns)
        .get_result(c)
        .optional())?)
}

/// The record with this id, unless deleted.
pub fn get(c: &mut Conn, id: i64) -> Result<Option<Record>, DbError> {
    Ok(monitor_record::table
        .find(id)
        .filter(dsl::deleted_at.is_null())
        .first(c)
        .optional()?)
}

/// The latest alert records, newest first.
pub fn alerts(c: &mut Conn, limit: i64) -> Result<Vec<Record>, DbError> {
    alerts_before(c, i64::MAX, limit)
}

/// The alert records older than the record `before`, newest first.
pub fn alerts_before(c: &mut Conn, before: i64, limit: i64) -> Result<Vec<Record>, DbError> {
    Ok(monitor_record::table
        .filter(dsl::id.lt(before))
        .filter(dsl::alert)
        .filter(dsl::deleted_at.is_null())
        .order(dsl::id.desc())
        .limit(limit)
        .load(c)?)
}

/// The latest records of all kinds, newest first.
pub fn recent(c: &mut Conn, limit: i64) -> Result<Vec<Record>, DbError> {
    Ok(monitor_record::table
        .filter(dsl::deleted_at.is_null())
        .order(dsl::id.desc())
        .limit(limit)
        .load(c)?)
}

/// The records of an alert, oldest first, deleted ones among them.
pub fn of_alert(c: &mut Conn, alert_id: i64) -> Result<Vec<Record>, DbError> {
    Ok(monitor_record::table
        .filter(dsl::alert_id.eq(alert_id))
        .order(dsl::id.asc())
        .load(c)?)
}

/// Deletes a record from every list; `false` where there is none. Its row stays, so that its message is not told again.
pub fn delete(c: &mut Conn, id: i64, at: NaiveDateTime) -> Result<bool, DbError> {
    let there = monitor_record::table.find(id).filter(dsl::deleted_at.is_null());
    Ok(diesel::update(there)
        .set(dsl::deleted_at.eq(Some(at)))
        .execute(c)?
        == 1)
}

/// Which of these upstream message ids the metric told before, deleted ones among them.
pub fn known_source_ids(c: &mut Conn, key: &str, ids: &[String]) -> Result<HashSet<String>, DbError> {
    let mut known = HashSet::new();
    for some in ids.chunks(crate::MAX_BINDS) {
        let asked: Vec<_> = some.iter().map(|id| clean(id)).collect();
        let stored: HashSet<String> = monitor_record::table
            .filter(dsl::key.eq(key))
            .filter(dsl::source_id.eq_any(&asked))
            .select(dsl::source_id.assume_not_null())
            .load(c)?
            .into_iter()
            .collect();
        // Told back as they were asked for, which differs from what is stored where they hold a NUL.
        known.extend(
            some.iter()
                .zip(&asked)
                .filter(|(_, a)| stored.contains(a.as_ref()))
                .map(|(id, _)| id.clone()),
        );
    }
    Ok(known)
}
