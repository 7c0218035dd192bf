//! `audit_log`: who changed what.

use diesel::prelude::*;

use crate::conn::Conn;
use crate::error::DbError;
use crate::rows::{Audit, NewAudit};
use crate::schema::audit_log::{self, dsl};
use crate::text::clean;

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

/// The latest entries, newest first.
pub fn recent(c: &mut Conn, limit: i64) -> Result<Vec<Audit>, DbError> {
    Ok(audit_log::table.order(dsl::id.desc()).limit(limit).load(c)?)
}
