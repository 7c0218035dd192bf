//! `clock_span`: which times the wall clocks of processes read while they ran.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::schema::clock_span::{self, dsl};
use crate::backend::Conn;
use crate::error::DbError;

/// A time in which the wall clock of a process went as its monotonic clock did. Table `clock_span`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct ClockSpan {
    /// Given by the database.
    pub id: i64,
    /// What the wall clock read at the beginning.
    pub wall_from: NaiveDateTime,
    /// For how long the monitor had run at the beginning, in milliseconds.
    pub ran_from: i64,
    /// For how long it had run when a process last reported in it.
    pub ran_until: i64,
}

impl ClockSpan {
    /// What the wall clock read, or would read, when the monitor had run for so long.
    pub(crate) fn wall_at(&self, ran: i64) -> NaiveDateTime {
        let passed = TimeDelta::try_milliseconds(ran.saturating_sub(self.ran_from)).unwrap_or_default();
        self.wall_from
            .checked_add_signed(passed)
            .unwrap_or(self.wall_from)
    }
}

/// Begins a span.
pub fn begin(c: &mut Conn, wall: NaiveDateTime, ran: i64) -> Result<ClockSpan, DbError> {
    Ok(diesel::insert_into(clock_span::table)
        .values((
            dsl::wall_from.eq(wall),
            dsl::ran_from.eq(ran),
            dsl::ran_until.eq(ran),
        ))
        .returning(clock_span::all_columns)
        .get_result(c)?)
}

/// The span with this id goes on until then.
pub fn extend(c: &mut Conn, id: i64, ran: i64) -> Result<(), DbError> {
    diesel::update(clock_span::table.find(id).filter(dsl::ran_until.lt(ran)))
        .set(dsl::ran_until.eq(ran))
        .execute(c)?;
    Ok(())
}

/// The span with this id.
pub fn get(c: &mut Conn, id: i64) -> Result<Option<ClockSpan>, DbError> {
    Ok(clock_span::table.find(id).first(c).optional()?)
}

/// The span in which a process reported last.
pub fn newest(c: &mut Conn) -> Result<Option<ClockSpan>, DbError> {
    Ok(clock_span::table
        .order((dsl::ran_until.desc(), dsl::id.desc()))
        .first(c)
        .optional()?)
}

/// All of them, the oldest first.
pub fn all(c: &mut Conn) -> Result<Vec<ClockSpan>, DbError> {
    Ok(clock_span::table
        .order((dsl::ran_from.asc(), dsl::id.asc()))
        .load(c)?)
}

/// Forgets those that ended before the monitor had run for so long; returns how many.
pub fn forget(c: &mut Conn, ran: i64) -> Result<usize, DbError> {
    Ok(diesel::delete(clock_span::table.filter(dsl::ran_until.lt(ran))).execute(c)?)
}
