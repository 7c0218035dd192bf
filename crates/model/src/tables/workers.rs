//! `worker`: the processes that run, workers and webs.

use std::ops::Range;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::enums::ProcessRole;
use super::schema::worker::{self, dsl};
use crate::backend::{Conn, upsert};
use crate::error::DbError;

/// A running process, a worker or a web. Table `worker`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct WorkerRow {
    /// Its own, new at each start.
    pub id: String,
    /// The machine.
    pub host: String,
    /// The process there.
    pub pid: i32,
    /// Of the program.
    pub version: String,
    /// When it started.
    pub started_at: NaiveDateTime,
    /// When it last reported.
    pub heartbeat_at: NaiveDateTime,
    /// What kind of process it is.
    pub role: ProcessRole,
}

/// Reports that a process is alive at its `heartbeat_at`.
pub fn heartbeat(c: &mut Conn, row: &WorkerRow) -> Result<(), DbError> {
    let columns = (
        dsl::host.eq(&row.host),
        dsl::pid.eq(row.pid),
        dsl::version.eq(&row.version),
        dsl::started_at.eq(row.started_at),
        dsl::heartbeat_at.eq(row.heartbeat_at),
        dsl::role.eq(row.role),
    );
    let new = (dsl::id.eq(&row.id), columns);
    upsert!(c, into worker::table, new, on dsl::id, set columns)?;
    Ok(())
}

/// All processes that ever reported and were not removed, by id. Which of them are alive is for the caller to judge.
pub fn all(c: &mut Conn) -> Result<Vec<WorkerRow>, DbError> {
    Ok(worker::table.order(dsl::id.asc()).load(c)?)
}

/// Forgets a process; `false` where there is none.
pub fn remove(c: &mut Conn, id: &str) -> Result<bool, DbError> {
    Ok(diesel::delete(worker::table.find(id)).execute(c)? == 1)
}

/// Forgets the processes whose last report is stamped so; returns how many.
pub fn forget(c: &mut Conn, stamped: &Range<NaiveDateTime>) -> Result<usize, DbError> {
    let silent = worker::table
        .filter(dsl::heartbeat_at.ge(stamped.start))
        .filter(dsl::heartbeat_at.lt(stamped.end));
    Ok(diesel::delete(silent).execute(c)?)
}
