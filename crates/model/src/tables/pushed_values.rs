//! `pushed_value`: values that business systems send, in the order in which they came.

use std::ops::Range;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use monitor_domain::MetricKey;

use super::MAX_BINDS;
use super::column::FromKey;
use super::schema::pushed_value::{self, dsl};
use super::text::clean;
use crate::backend::{Conn, on_each};
use crate::error::DbError;

/// A value that was sent. Table `pushed_value`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct PushedValue {
    /// Given by the database; a later one is larger.
    pub id: i64,
    /// The metric.
    #[diesel(deserialize_as = FromKey)]
    pub key: MetricKey,
    /// The sender's id of it; unique with the key.
    pub push_id: String,
    /// The value.
    pub value: f64,
    /// What it was about, JSON; empty once it is judged.
    pub messages: String,
    /// When it came.
    pub received_at: NaiveDateTime,
    /// When a worker judged it; `None` until then.
    pub judged_at: Option<NaiveDateTime>,
}

/// What a new [`PushedValue`] is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPushedValue {
    /// See [`PushedValue::key`].
    pub key: MetricKey,
    /// See [`PushedValue::push_id`].
    pub push_id: String,
    /// See [`PushedValue::value`].
    pub value: f64,
    /// See [`PushedValue::messages`].
    pub messages: String,
    /// See [`PushedValue::received_at`].
    pub received_at: NaiveDateTime,
}

/// What became of a value that was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Received {
    /// It is stored.
    Stored,
    /// It was sent before, and nothing changed.
    Repeated,
    /// Its id was sent before with this value, and nothing changed.
    Differs(f64),
    /// Too many of its metric wait to be judged.
    Full,
}

/// Stores a value, unless its id is known or `most` of its metric wait to be judged.
pub fn receive(c: &mut Conn, new: &NewPushedValue, most: i64) -> Result<Received, DbError> {
    if let Some(known) = value_of(c, &new.key, &new.push_id)? {
        return Ok(repeated(known, new.value));
    }
    if waiting_of(c, &new.key)? >= most {
        return Ok(Received::Full);
    }
    let row = (
        dsl::key.eq(new.key.as_str()),
        dsl::push_id.eq(clean(&new.push_id)),
        dsl::value.eq(new.value),
        dsl::messages.eq(clean(&new.messages)),
        dsl::received_at.eq(new.received_at),
    );
    // Another web may have stored the same in between.
    let stored = on_each!(c, |c| diesel::insert_into(pushed_value::table)
        .values(row)
        .on_conflict((dsl::key, dsl::push_id))
        .do_nothing()
        .execute(c))?;
    if stored == 1 {
        return Ok(Received::Stored);
    }
    let known = value_of(c, &new.key, &new.push_id)?;
    Ok(known.map_or(Received::Repeated, |known| repeated(known, new.value)))
}

fn repeated(known: f64, sent: f64) -> Received {
    // To the bit: what was sent again is what was sent.
    match known.to_bits() == sent.to_bits() {
        true => Received::Repeated,
        false => Received::Differs(known),
    }
}

fn value_of(c: &mut Conn, key: &str, push_id: &str) -> Result<Option<f64>, DbError> {
    Ok(pushed_value::table
        .filter(dsl::key.eq(key))
        .filter(dsl::push_id.eq(push_id))
        .select(dsl::value)
        .first(c)
        .optional()?)
}

/// How many of a metric wait to be judged.
pub fn waiting_of(c: &mut Conn, key: &str) -> Result<i64, DbError> {
    Ok(pushed_value::table
        .filter(dsl::key.eq(key))
        .filter(dsl::judged_at.is_null())
        .count()
        .get_result(c)?)
}

/// The metrics of which some wait to be judged.
pub fn waiting(c: &mut Conn) -> Result<Vec<String>, DbError> {
    Ok(pushed_value::table
        .filter(dsl::judged_at.is_null())
        .select(dsl::key)
        .distinct()
        .load(c)?)
}

/// The oldest of a metric that waits to be judged.
pub fn next(c: &mut Conn, key: &str) -> Result<Option<PushedValue>, DbError> {
    Ok(pushed_value::table
        .filter(dsl::key.eq(key))
        .filter(dsl::judged_at.is_null())
        .order(dsl::id.asc())
        .first(c)
        .optional()?)
}

/// The newest of a metric, judged or not.
pub fn newest(c: &mut Conn, key: &str) -> Result<Option<PushedValue>, DbError> {
    Ok(pushed_value::table
        .filter(dsl::key.eq(key))
        .order(dsl::id.desc())
        .first(c)
        .optional()?)
}

/// Marks one as judged, unless it is; whether it was not. Its messages are on record then where they were needed.
pub fn mark_judged(c: &mut Conn, id: i64, at: NaiveDateTime) -> Result<bool, DbError> {
    let waiting = pushed_value::table.find(id).filter(dsl::judged_at.is_null());
    let judged = (dsl::judged_at.eq(Some(at)), dsl::messages.eq(""));
    Ok(diesel::update(waiting).set(judged).execute(c)? == 1)
}

/// Removes up to `limit` judged ones that came then, and returns how many.
pub fn prune(c: &mut Conn, stamped: &Range<NaiveDateTime>, limit: i64) -> Result<usize, DbError> {
    let old = pushed_value::table
        .filter(dsl::received_at.ge(stamped.start))
        .filter(dsl::received_at.lt(stamped.end))
        .filter(dsl::judged_at.is_not_null())
        .order(dsl::received_at.asc())
        .limit(limit)
        .select(dsl::id)
        .load(c)?;
    remove(c, &old)
}

/// Removes up to `limit` that came then and were never judged, since no config has had their metric, and returns how many.
pub fn prune_waiting(c: &mut Conn, stamped: &Range<NaiveDateTime>, limit: i64) -> Result<usize, DbError> {
    let old = pushed_value::table
        .filter(dsl::received_at.ge(stamped.start))
        .filter(dsl::received_at.lt(stamped.end))
        .filter(dsl::judged_at.is_null())
        .order(dsl::received_at.asc())
        .limit(limit)
        .select(dsl::id)
        .load(c)?;
    remove(c, &old)
}

/// Removes up to `limit` judged ones of a metric that has more than `most` newer ones, and returns how many.
pub fn prune_beyond(c: &mut Conn, key: &str, most: i64, limit: i64) -> Result<usize, DbError> {
    let newest_of_them: Option<i64> = pushed_value::table
        .filter(dsl::key.eq(key))
        .order(dsl::id.desc())
        .offset(most)
        .select(dsl::id)
        .first(c)
        .optional()?;
    let Some(newest) = newest_of_them else {
        return Ok(0);
    };
    let old = pushed_value::table
        .filter(dsl::key.eq(key))
        .filter(dsl::id.le(newest))
        .filter(dsl::judged_at.is_not_null())
        .order(dsl::id.asc())
        .limit(limit)
        .select(dsl::id)
        .load(c)?;
    remove(c, &old)
}

fn remove(c: &mut Conn, ids: &[i64]) -> Result<usize, DbError> {
    let mut removed = 0;
    for ids in ids.chunks(MAX_BINDS) {
        removed += diesel::delete(pushed_value::table.filter(dsl::id.eq_any(ids))).execute(c)?;
    }
    Ok(removed)
}
