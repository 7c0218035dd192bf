//! `monitor_record`: the messages about metrics, one row each.

use std::collections::HashSet;
use std::ops::Range;

use chrono::NaiveDateTime;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use monitor_domain::MetricKey;

use super::column::FromKey;
use super::deliveries;
use super::schema::monitor_record::{self, dsl};
use super::text::{clean, clean_opt};
use crate::backend::{Conn, on_each};
use crate::error::DbError;

/// A message about a metric. Table `monitor_record`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Record {
    /// Given by the database.
    pub id: i64,
    /// The metric.
    #[diesel(deserialize_as = FromKey)]
    pub key: MetricKey,
    /// The value it was about.
    pub value: Option<f64>,
    /// `false` for recoveries and notices.
    pub alert: bool,
    /// The message.
    pub alert_message: String,
    /// When it happened.
    pub timestamp: NaiveDateTime,
    /// The alert it belongs to.
    pub alert_id: Option<i64>,
    /// The upstream's own id of the message: recorded once a metric. None any more where nobody was notified of it and it was
    /// recorded anew.
    pub source_id: Option<String>,
    /// When a person deleted it.
    pub deleted_at: Option<NaiveDateTime>,
}

/// What a new [`Record`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRecord {
    /// See [`Record::key`].
    pub key: MetricKey,
    /// See [`Record::value`].
    pub value: Option<f64>,
    /// See [`Record::alert`].
    pub alert: bool,
    /// See [`Record::alert_message`].
    pub alert_message: String,
    /// See [`Record::timestamp`].
    pub timestamp: NaiveDateTime,
    /// See [`Record::alert_id`].
    pub alert_id: Option<i64>,
    /// See [`Record::source_id`].
    pub source_id: Option<String>,
}

/// In the words of the indexes: that a message is there, and that only its id in the upstream is left.
const IS_THERE: &str = "monitor_record.alert_message <> ''";
const IS_REMOVED: &str = "monitor_record.alert_message = ''";

/// That the alert of a record is muted.
const IS_MUTED: &str =
    "EXISTS (SELECT 1 FROM alert a WHERE a.id = monitor_record.alert_id AND a.muted IS NOT NULL)";

/// Stores a message. `None`: the metric's message with this `source_id` was recorded before, even if deleted since.
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

/// Deletes a record from every list; `false` where there is none. Its row stays, so that its message is not recorded again.
pub fn delete(c: &mut Conn, id: i64, at: NaiveDateTime) -> Result<bool, DbError> {
    let there = monitor_record::table.find(id).filter(dsl::deleted_at.is_null());
    Ok(diesel::update(there)
        .set(dsl::deleted_at.eq(Some(at)))
        .execute(c)?
        == 1)
}

/// Of how many messages of a metric the upstream's ids are kept after the messages were removed: as many as an upstream may list
/// beside a new one.
pub const KEPT_IDS: i64 = 1_000;

/// That something about a record has yet to be sent.
const HAS_WORK: &str =
    "EXISTS (SELECT 1 FROM delivery d WHERE d.record_id = monitor_record.id AND d.finished_at IS NULL)";

/// Removes up to `limit` messages of then about no alert, with what was sent about them, and returns how many.
/// The others go with their alerts.
pub fn prune(c: &mut Conn, stamped: &Range<NaiveDateTime>, limit: i64) -> Result<usize, DbError> {
    let old: Vec<i64> = monitor_record::table
        .filter(dsl::alert_id.is_null())
        .filter(sql::<Bool>(IS_THERE))
        .filter(dsl::timestamp.ge(stamped.start))
        .filter(dsl::timestamp.lt(stamped.end))
        .filter(diesel::dsl::not(sql::<Bool>(HAS_WORK)))
        .order(dsl::timestamp.asc())
        .limit(limit)
        .select(dsl::id)
        .load(c)?;
    for ids in old.chunks(super::MAX_BINDS) {
        remove(c, ids)?;
    }
    Ok(old.len())
}

/// Removes the messages of these alerts, with what was sent about them.
pub(super) fn remove_of_alerts(c: &mut Conn, alerts: &[i64]) -> Result<(), DbError> {
    // One that nobody was notified of may be new to them when the upstream lists it again.
    let unknown = monitor_record::table
        .filter(dsl::alert_id.eq_any(alerts))
        .filter(dsl::deleted_at.is_null())
        .filter(sql::<Bool>(IS_MUTED));
    diesel::update(unknown)
        .set(dsl::source_id.eq(None::<String>))
        .execute(c)?;
    let about = monitor_record::table.filter(dsl::alert_id.eq_any(alerts));
    let all: Vec<i64> = about.select(dsl::id).load(c)?;
    for ids in all.chunks(super::MAX_BINDS) {
        remove(c, ids)?;
    }
    Ok(())
}

/// Removes messages. One with an id in the upstream leaves that behind for a while: an upstream that lists its latest messages, however
/// old they are, must not have them sent again.
fn remove(c: &mut Conn, ids: &[i64]) -> Result<(), DbError> {
    deliveries::remove_of_records(c, ids)?;
    let with_id = || {
        monitor_record::table
            .filter(dsl::id.eq_any(ids))
            .filter(dsl::source_id.is_not_null())
    };
    let keys: Vec<String> = with_id().select(dsl::key).distinct().load(c)?;
    diesel::update(with_id())
        .set((
            dsl::alert_message.eq(""),
            dsl::value.eq(None::<f64>),
            dsl::alert_id.eq(None::<i64>),
            // It is on no list any more.
            dsl::deleted_at.eq(dsl::timestamp.nullable()),
        ))
        .execute(c)?;
    let without = monitor_record::table
        .filter(dsl::id.eq_any(ids))
        .filter(dsl::source_id.is_null());
    diesel::delete(without).execute(c)?;
    keys.iter().try_for_each(|key| forget_ids(c, key))
}

/// Removes what was left behind of a metric's messages, but for the latest.
fn forget_ids(c: &mut Conn, key: &str) -> Result<(), DbError> {
    let left = || {
        monitor_record::table
            .filter(dsl::key.eq(key))
            .filter(dsl::alert_id.is_null())
            .filter(sql::<Bool>(IS_REMOVED))
    };
    let last: Option<i64> = left()
        .order(dsl::id.desc())
        .offset(KEPT_IDS - 1)
        .select(dsl::id)
        .first(c)
        .optional()?;
    if let Some(last) = last {
        diesel::delete(left().filter(dsl::id.lt(last))).execute(c)?;
    }
    Ok(())
}

/// Lets the metric record these upstream message ids again where nobody was notified of them: their alert is muted. The records
/// stay, without the id. One that a person deleted is known to somebody. Returns how many.
pub fn release_muted(c: &mut Conn, key: &str, ids: &[String]) -> Result<usize, DbError> {
    let mut released = 0;
    for some in ids.chunks(super::MAX_BINDS) {
        let cleaned: Vec<_> = some.iter().map(|id| clean(id)).collect();
        let muted = monitor_record::table
            .filter(dsl::key.eq(key))
            .filter(dsl::source_id.eq_any(&cleaned))
            .filter(dsl::deleted_at.is_null())
            .filter(sql::<Bool>(IS_MUTED));
        released += diesel::update(muted)
            .set(dsl::source_id.eq(None::<String>))
            .execute(c)?;
    }
    Ok(released)
}

/// Which of these upstream message ids the metric recorded before, deleted ones among them.
pub fn known_source_ids(c: &mut Conn, key: &str, ids: &[String]) -> Result<HashSet<String>, DbError> {
    let mut known = HashSet::new();
    for some in ids.chunks(super::MAX_BINDS) {
        let cleaned: Vec<_> = some.iter().map(|id| clean(id)).collect();
        let stored: HashSet<String> = monitor_record::table
            .filter(dsl::key.eq(key))
            .filter(dsl::source_id.eq_any(&cleaned))
            .select(dsl::source_id.assume_not_null())
            .load(c)?
            .into_iter()
            .collect();
        // As the caller has them, which differs from what is stored where they contain a NUL.
        known.extend(
            some.iter()
                .zip(&cleaned)
                .filter(|(_, cleaned)| stored.contains(cleaned.as_ref()))
                .map(|(id, _)| id.clone()),
        );
    }
    Ok(known)
}
