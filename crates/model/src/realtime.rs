//! `realtime_monitor`: the value each metric has now.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::conn::{Conn, on_each};
use crate::error::DbError;
use crate::rows::Realtime;
use crate::schema::realtime_monitor::{self, dsl};
use crate::text::clean;

/// Stores a value that was read at `at`; an error of before is over.
pub fn record_value(c: &mut Conn, key: &str, value: f64, at: NaiveDateTime) -> Result<(), DbError> {
    let reading = (
        dsl::value.eq(Some(value)),
        dsl::value_at.eq(Some(at)),
        dsl::checked_at.eq(at),
        dsl::error.eq(None::<&str>),
    );
    on_each!(c, |c| diesel::insert_into(realtime_monitor::table)
        .values((dsl::key.eq(key), reading))
        .on_conflict(dsl::key)
        .do_update()
        .set(reading)
        .execute(c))?;
    Ok(())
}

/// Stores why nothing could be read at `at`; the last value and its time stay, so that its age shows.
pub fn record_error(c: &mut Conn, key: &str, error: &str, at: NaiveDateTime) -> Result<(), DbError> {
    let error = clean(error);
    let failure = (dsl::checked_at.eq(at), dsl::error.eq(Some(error.as_ref())));
    on_each!(c, |c| diesel::insert_into(realtime_monitor::table)
        .values((dsl::key.eq(key), failure))
        .on_conflict(dsl::key)
        .do_update()
        .set(failure)
        .execute(c))?;
    Ok(())
}

/// All metrics ever read, by key.
pub fn all(c: &mut Conn) -> Result<Vec<Realtime>, DbError> {
    Ok(realtime_monitor::table.order(dsl::key.asc()).load(c)?)
}

/// The value of one metric, if it was ever read.
pub fn get(c: &mut Conn, key: &str) -> Result<Option<Realtime>, DbError> {
    Ok(realtime_monitor::table.find(key).first(c).optional()?)
}
