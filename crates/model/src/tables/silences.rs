//! `silence`: periods in which matching alerts are recorded but nobody is notified.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use monitor_domain::Severity;

use super::column::FromNullableText;
use super::schema::silence::{self, dsl};
use super::text::clean;
use crate::backend::Conn;
use crate::error::DbError;

/// A period in which matching alerts are recorded but nobody is notified. Table `silence`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Silence {
    /// Given by the database.
    pub id: i64,
    /// The metric; `None` for every one.
    pub key: Option<String>,
    /// `info`, `warning` or `critical`; `None` for each.
    #[diesel(deserialize_as = FromNullableText<Severity>)]
    pub severity: Option<Severity>,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: NaiveDateTime,
    /// When it begins.
    pub starts_at: NaiveDateTime,
    /// When it is over.
    pub ends_at: NaiveDateTime,
    /// When somebody ended it before that.
    pub cancelled_at: Option<NaiveDateTime>,
    /// Who.
    pub cancelled_by: Option<String>,
}

/// What a new [`Silence`] is made of; the rest is given by the database.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSilence {
    /// See [`Silence::key`].
    pub key: Option<String>,
    /// See [`Silence::severity`].
    pub severity: Option<Severity>,
    /// See [`Silence::reason`].
    pub reason: String,
    /// See [`Silence::created_by`].
    pub created_by: String,
    /// See [`Silence::created_at`].
    pub created_at: NaiveDateTime,
    /// See [`Silence::starts_at`].
    pub starts_at: NaiveDateTime,
    /// See [`Silence::ends_at`].
    pub ends_at: NaiveDateTime,
}

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
    // Sorted here: for the order of the ids SQLite would read those that are over, too.
    let mut active: Vec<Silence> = silence::table
        .filter(dsl::ends_at.gt(now))
        .filter(dsl::starts_at.le(now))
        .filter(dsl::cancelled_at.is_null())
        .load(c)?;
    active.sort_by_key(|silence| silence.id);
    Ok(active)
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
