//! `worker`: who is alive.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::conn::{Conn, on_each};
use crate::error::DbError;
use crate::rows::WorkerRow;
use crate::schema::worker::{self, dsl};

/// Says that a worker is alive at its `heartbeat_at`.
pub fn heartbeat(c: &mut Conn, row: &WorkerRow) -> Result<(), DbError> {
    let columns = (
        dsl::host.eq(&row.host),
        dsl::pid.eq(row.pid),
        dsl::version.eq(&row.version),
        dsl::started_at.eq(row.started_at),
        dsl::heartbeat_at.eq(row.heartbeat_at),
        dsl::role.eq(row.role),
    );
    on_each!(c, |c| diesel::insert_into(worker::table)
        .values((dsl::id.eq(&row.id), columns))
        .on_conflict(dsl::id)
        .do_update()
        .set(columns)
        .execute(c))?;
    Ok(())
}

/// All workers ever heard from and not removed, by id. Which of them are alive is the caller's to judge.
pub fn all(c: &mut Conn) -> Result<Vec<WorkerRow>, DbError> {
    Ok(worker::table.order(dsl::id.asc()).load(c)?)
}

/// Forgets a worker; `false` where there is none.
pub fn remove(c: &mut Conn, id: &str) -> Result<bool, DbError> {
    Ok(diesel::delete(worker::table.find(id)).execute(c)? == 1)
}

/// Forgets the workers not heard from since `before`; says how many.
pub fn forget(c: &mut Conn, before: NaiveDateTime) -> Result<usize, DbError> {
    Ok(diesel::delete(worker::table.filter(dsl::heartbeat_at.lt(before))).execute(c)?)
}
