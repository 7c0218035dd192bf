//! `silence`: what is recorded and judged, but told to nobody for a while.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use monitor_domain::Severity;

use crate::conn::Conn;
use crate::error::DbError;
use crate::rows::{NewSilence, Silence};
use crate::schema::silence::{self, dsl};
use crate::text::clean;

impl Silence {
    /// Whether it is about an alert of this metric and severity.
    pub fn is_about(&self, key: &str, severity: Severity) -> bool {
        self.key.as_deref().is_none_or(|own| own == key) && self.severity.is_none_or(|own| own == severity)
    }
}

/// Makes a silence.
pub fn create(c: &mut Conn, new: &NewSilence) -> Result<Silence, DbError> {
    Ok(diesel::insert_into(silence::table)
        .values((
            dsl::key.eq(new.key.as_deref()),
            dsl::severity.eq(new.severity.map(Severity::as_str)),
            dsl::reason.eq(clean(&new.reason)),
            dsl::created_by.eq(clean(&new.created_by)),
            dsl::created_at.eq(new.created_at),
            dsl::starts_at.eq(new.starts_at),
            dsl::ends_at.eq(new.ends_at),
        ))
        .returning(silence::all_columns)
        .get_result(c)?)
}

/// The silence with this id.
pub fn get(c: &mut Conn, id: i64) -> Result<Option<Silence>, DbError> {
    Ok(silence::table.find(id).first(c).optional()?)
}

/// Ends a silence before its time; `false` where there is none with this id, or it is over already.
pub fn cancel(c: &mut Conn, id: i64, by: &str, at: NaiveDateTime) -> Result<bool, DbError> {
    let live = silence::table
        .find(id)
        .filter(dsl::cancelled_at.is_null())
        .filter(dsl::ends_at.gt(at));
    let cancelled = diesel::update(live)
        .set((
            dsl::cancelled_at.eq(Some(at)),
            dsl::cancelled_by.eq(Some(clean(by))),
        ))
        .execute(c)?;
    Ok(cancelled == 1)
}

/// The silences in force at `now`, oldest first.
pub fn active(c: &mut Conn, now: NaiveDateTime) -> Result<Vec<Silence>, DbError> {
    Ok(silence::table
        .filter(dsl::ends_at.gt(now))
        .filter(dsl::starts_at.le(now))
        .filter(dsl::cancelled_at.is_null())
        .order(dsl::id.asc())
        .load(c)?)
}

/// How many silences are in force or to come at `now`.
pub fn count_live(c: &mut Conn, now: NaiveDateTime) -> Result<i64, DbError> {
    Ok(silence::table
        .filter(dsl::ends_at.gt(now))
        .filter(dsl::cancelled_at.is_null())
        .count()
        .get_result(c)?)
}

/// The silences made before the one with the id `before`, newest first.
pub fn page(c: &mut Conn, before: i64, limit: i64) -> Result<Vec<Silence>, DbError> {
    Ok(silence::table
        .filter(dsl::id.lt(before))
        .order(dsl::id.desc())
        .limit(limit)
        .load(c)?)
}
