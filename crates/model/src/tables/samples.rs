//! `sample`: the history of readings.

use std::ops::Range;

use chrono::NaiveDateTime;
use diesel::dsl::{avg, count, max, min};
use diesel::prelude::*;
use monitor_domain::MetricKey;

use super::column::FromKey;
use super::schema::sample::{self, dsl};
use super::text::clean_opt;
use crate::backend::Conn;
use crate::error::DbError;

/// A reading. Table `sample`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Sample {
    /// Given by the database.
    pub id: i64,
    /// The metric.
    #[diesel(deserialize_as = FromKey)]
    pub key: MetricKey,
    /// When it was taken.
    pub at: NaiveDateTime,
    /// What was read; `None` for a failure.
    pub value: Option<f64>,
    /// Why nothing was read.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: i32,
}

/// What a new [`Sample`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSample {
    /// See [`Sample::key`].
    pub key: MetricKey,
    /// See [`Sample::at`].
    pub at: NaiveDateTime,
    /// See [`Sample::value`].
    pub value: Option<f64>,
    /// See [`Sample::error`].
    pub error: Option<String>,
    /// See [`Sample::took_ms`].
    pub took_ms: i32,
}

/// Stores a reading.
pub fn insert(c: &mut Conn, new: &NewSample) -> Result<(), DbError> {
    diesel::insert_into(sample::table)
        .values((
            dsl::key.eq(new.key.as_str()),
            dsl::at.eq(new.at),
            dsl::value.eq(new.value),
            dsl::error.eq(clean_opt(new.error.as_deref())),
            dsl::took_ms.eq(new.took_ms),
        ))
        .execute(c)?;
    Ok(())
}

/// The latest readings of a metric, newest first.
pub fn recent(c: &mut Conn, key: &str, limit: i64) -> Result<Vec<Sample>, DbError> {
    Ok(sample::table
        .filter(dsl::key.eq(key))
        .order((dsl::at.desc(), dsl::id.desc()))
        .limit(limit)
        .load(c)?)
}

/// The readings of a metric from `from` until before `to`, oldest first.
pub fn between(
    c: &mut Conn,
    key: &str,
    from: NaiveDateTime,
    to: NaiveDateTime,
    limit: i64,
) -> Result<Vec<Sample>, DbError> {
    Ok(sample::table
        .filter(dsl::key.eq(key))
        .filter(dsl::at.ge(from))
        .filter(dsl::at.lt(to))
        .order((dsl::at.asc(), dsl::id.asc()))
        .limit(limit)
        .load(c)?)
}

/// The latest `limit` readings of a metric from `from` until `to`, oldest first; one that failed has no value.
pub fn history(
    c: &mut Conn,
    key: &str,
    from: NaiveDateTime,
    to: NaiveDateTime,
    limit: i64,
) -> Result<Vec<(NaiveDateTime, Option<f64>)>, DbError> {
    let mut found: Vec<(NaiveDateTime, Option<f64>)> = sample::table
        .filter(dsl::key.eq(key))
        .filter(dsl::at.ge(from))
        .filter(dsl::at.le(to))
        .order((dsl::at.desc(), dsl::id.desc()))
        .limit(limit)
        .select((dsl::at, dsl::value))
        .load(c)?;
    found.reverse();
    Ok(found)
}

/// Good readings, taken together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many.
    pub count: i64,
    /// Their mean.
    pub mean: f64,
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
    /// When the newest was taken.
    pub newest: NaiveDateTime,
}

/// The good readings of a metric from `from` until before `to`, oldest first.
pub fn values(
    c: &mut Conn,
    key: &str,
    from: NaiveDateTime,
    to: NaiveDateTime,
    limit: i64,
) -> Result<Vec<(NaiveDateTime, f64)>, DbError> {
    Ok(sample::table
        .filter(dsl::key.eq(key))
        .filter(dsl::at.ge(from))
        .filter(dsl::at.lt(to))
        .filter(dsl::value.is_not_null())
        .order((dsl::at.asc(), dsl::id.asc()))
        .limit(limit)
        .select((dsl::at, dsl::value.assume_not_null()))
        .load(c)?)
}

/// The good readings of a metric from `from` until before `to`, taken together; `None` where there are none.
pub fn summary(
    c: &mut Conn,
    key: &str,
    from: NaiveDateTime,
    to: NaiveDateTime,
) -> Result<Option<Summary>, DbError> {
    type Row = (i64, Option<f64>, Option<f64>, Option<f64>, Option<NaiveDateTime>);
    let row: Row = sample::table
        .filter(dsl::key.eq(key))
        .filter(dsl::at.ge(from))
        .filter(dsl::at.lt(to))
        .filter(dsl::value.is_not_null())
        .select((
            count(dsl::id),
            avg(dsl::value),
            min(dsl::value),
            max(dsl::value),
            max(dsl::at),
        ))
        .first(c)?;
    Ok(match row {
        (count, Some(mean), Some(low), Some(high), Some(newest)) => Some(Summary {
            count,
            mean,
            low,
            high,
            newest,
        }),
        _ => None,
    })
}

/// The latest good value of a metric that was read from `from` until `to`.
pub fn latest_value(
    c: &mut Conn,
    key: &str,
    from: NaiveDateTime,
    to: NaiveDateTime,
) -> Result<Option<f64>, DbError> {
    Ok(sample::table
        .filter(dsl::key.eq(key))
        .filter(dsl::at.ge(from))
        .filter(dsl::at.le(to))
        .filter(dsl::value.is_not_null())
        .order((dsl::at.desc(), dsl::id.desc()))
        .select(dsl::value.assume_not_null())
        .first(c)
        .optional()?)
}

/// When the oldest reading of a metric was taken that is still there.
pub fn oldest(c: &mut Conn, key: &str) -> Result<Option<NaiveDateTime>, DbError> {
    Ok(sample::table
        .filter(dsl::key.eq(key))
        .order(dsl::at.asc())
        .select(dsl::at)
        .first(c)
        .optional()?)
}

/// Deletes up to `limit` readings that are stamped so, oldest first, and returns how many. Call it again while it
/// deletes `limit`: short transactions keep the others' waits short.
pub fn prune(c: &mut Conn, stamped: &Range<NaiveDateTime>, limit: i64) -> Result<usize, DbError> {
    let old = sample::table
        .filter(dsl::at.ge(stamped.start))
        .filter(dsl::at.lt(stamped.end))
        .order(dsl::at.asc())
        .limit(limit)
        .select(dsl::id);
    let mut deleted = 0;
    for ids in old.load::<i64>(c)?.chunks(super::MAX_BINDS) {
        deleted += diesel::delete(sample::table.filter(dsl::id.eq_any(ids))).execute(c)?;
    }
    Ok(deleted)
}
