//! `process_stop`: when processes last stopped cleanly.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::enums::ProcessRole;
use super::schema::process_stop::{self, dsl};
use crate::backend::{Conn, upsert};
use crate::error::DbError;

/// Records that a process of this role stopped cleanly.
pub fn record(c: &mut Conn, role: ProcessRole, at: NaiveDateTime) -> Result<(), DbError> {
    let new = (dsl::role.eq(role), dsl::at.eq(at));
    let columns = (dsl::at.eq(at),);
    upsert!(c, into process_stop::table, new, on dsl::role, set columns)?;
    Ok(())
}

/// When a process of this role last stopped cleanly, unless that was forgotten.
pub fn last(c: &mut Conn, role: ProcessRole) -> Result<Option<NaiveDateTime>, DbError> {
    let stop = process_stop::table.filter(dsl::role.eq(role));
    Ok(stop.select(dsl::at).first(c).optional()?)
}

/// Forgets it.
pub fn forget(c: &mut Conn, role: ProcessRole) -> Result<(), DbError> {
    diesel::delete(process_stop::table.filter(dsl::role.eq(role))).execute(c)?;
    Ok(())
}
