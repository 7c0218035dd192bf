//! `audit_log`: who changed what.

use std::ops::Range;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::schema::audit_log::{self, dsl};
use super::text::clean;
use crate::backend::Conn;
use crate::error::DbError;

/// A change by somebody. Table `audit_log`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Audit {
    /// Given by the database.
    pub id: i64,
    /// When.
    pub at: NaiveDateTime,
    /// Who.
    pub actor: String,
    /// What was done: `record.delete`, for instance.
    pub action: String,
    /// To what.
    pub target: String,
    /// More of it, for people; may be empty.
    pub detail: String,
}

/// What a new [`Audit`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAudit {
    /// See [`Audit::at`].
    pub at: NaiveDateTime,
    /// See [`Audit::actor`].
    pub actor: String,
    /// See [`Audit::action`].
    pub action: String,
    /// See [`Audit::target`].
    pub target: String,
    /// See [`Audit::detail`].
    pub detail: String,
}

/// Adds an entry. Do it in the same `Db::write` as the change itself.
pub fn append(c: &mut Conn, new: &NewAudit) -> Result<(), DbError> {
    diesel::insert_into(audit_log::table)
        .values((
            dsl::at.eq(new.at),
            dsl::actor.eq(clean(&new.actor)),
            dsl::action.eq(clean(&new.action)),
            dsl::target.eq(clean(&new.target)),
            dsl::detail.eq(clean(&new.detail)),
        ))
        .execute(c)?;
    Ok(())
}

/// Removes up to `limit` entries of then, oldest first, and returns how many.
pub fn prune(c: &mut Conn, stamped: &Range<NaiveDateTime>, limit: i64) -> Result<usize, DbError> {
    let old: Vec<i64> = audit_log::table
        .filter(dsl::at.ge(stamped.start))
        .filter(dsl::at.lt(stamped.end))
        .order(dsl::at.asc())
        .limit(limit)
        .select(dsl::id)
        .load(c)?;
    let mut removed = 0;
    for ids in old.chunks(super::MAX_BINDS) {
        removed += diesel::delete(audit_log::table.filter(dsl::id.eq_any(ids))).execute(c)?;
    }
    Ok(removed)
}

/// The latest entries, newest first.
pub fn recent(c: &mut Conn, limit: i64) -> Result<Vec<Audit>, DbError> {
    Ok(audit_log::table.order(dsl::id.desc()).limit(limit).load(c)?)
}
