//! Mutes: why nobody is notified of an alert, or of its end, and until when.

use diesel::prelude::*;

use super::row::{Alert, OfGroup, Stored, alerts, joined, stored_columns, with_group};
use crate::backend::Conn;
use crate::error::DbError;
use crate::tables::schema::alert::{self, dsl};
use crate::tables::schema::alert_group;

/// Ends the mute of an alert that is not over and gives it: its notification is due then. `None` where somebody else was
/// first or it is over.
pub fn unmute(c: &mut Conn, id: i64) -> Result<Option<Alert>, DbError> {
    let muted = alert::table
        .find(id)
        .filter(dsl::resolved_at.is_null())
        .filter(dsl::muted.is_not_null());
    let unmuted = diesel::update(muted)
        .set(dsl::muted.eq(None::<String>))
        .returning(stored_columns!())
        .get_result::<Stored>(c)
        .optional()?;
    unmuted.map(|unmuted| with_group(c, unmuted)).transpose()
}

/// Stores another reason why nobody is notified of an alert.
pub fn mute_for(c: &mut Conn, id: i64, why: &str) -> Result<(), DbError> {
    let muted = alert::table.find(id).filter(dsl::muted.is_not_null());
    diesel::update(muted).set(dsl::muted.eq(Some(why))).execute(c)?;
    Ok(())
}

/// Notes that nobody was notified yet of the end of an alert, and why.
pub fn mute_end(c: &mut Conn, id: i64, why: &str) -> Result<(), DbError> {
    diesel::update(alert::table.find(id))
        .set(dsl::end_muted.eq(Some(why)))
        .execute(c)?;
    Ok(())
}

/// Ends the mute of an alert's end: its notification is due then. `false` where somebody else was first.
pub fn unmute_end(c: &mut Conn, id: i64) -> Result<bool, DbError> {
    let muted = alert::table.find(id).filter(dsl::end_muted.is_not_null());
    Ok(diesel::update(muted)
        .set(dsl::end_muted.eq(None::<String>))
        .execute(c)?
        == 1)
}

/// The alerts of whose end nobody was notified yet, oldest first.
pub fn with_muted_end(c: &mut Conn, limit: i64) -> Result<Vec<Alert>, DbError> {
    let found = alerts!()
        .filter(dsl::end_muted.is_not_null())
        .order(dsl::id.asc())
        .limit(limit)
        .load::<(Alert, OfGroup)>(c)?;
    Ok(found.into_iter().map(joined).collect())
}
