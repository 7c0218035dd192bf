//! `realtime_monitor`: the value each metric has now.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use monitor_domain::MetricKey;

use super::column::FromKey;
use super::schema::realtime_monitor::{self, dsl};
use super::text::clean;
use crate::backend::{Conn, upsert};
use crate::error::DbError;

/// The value a metric has now. Table `realtime_monitor`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Realtime {
    /// The metric.
    #[diesel(deserialize_as = FromKey)]
    pub key: MetricKey,
    /// The last value read; `None` before the first.
    pub value: Option<f64>,
    /// When that value was read.
    pub value_at: Option<NaiveDateTime>,
    /// When reading was last tried, with success or without.
    pub checked_at: NaiveDateTime,
    /// Why the last try failed; `None` after a success.
    pub error: Option<String>,
}

/// Stores a value that was read at `at`; an error of before is over.
pub fn record_value(c: &mut Conn, key: &str, value: f64, at: NaiveDateTime) -> Result<(), DbError> {
    let reading = (
        dsl::value.eq(Some(value)),
        dsl::value_at.eq(Some(at)),
        dsl::checked_at.eq(at),
        dsl::error.eq(None::<&str>),
    );
    let row = (dsl::key.eq(key), reading);
    upsert!(c, into realtime_monitor::table, row, on dsl::key, set reading)?;
    Ok(())
}

/// Stores why nothing could be read at `at`; the last value and its time stay, so that its age shows.
pub fn record_error(c: &mut Conn, key: &str, error: &str, at: NaiveDateTime) -> Result<(), DbError> {
    let error = clean(error);
    let failure = (dsl::checked_at.eq(at), dsl::error.eq(Some(error.as_ref())));
    let row = (dsl::key.eq(key), failure);
    upsert!(c, into realtime_monitor::table, row, on dsl::key, set failure)?;
    Ok(())
}

/// Stores that nothing was new at `at`, as for a metric that waits to be sent a value; whether the metric was ever read.
pub fn touch(c: &mut Conn, key: &str, at: NaiveDateTime) -> Result<bool, DbError> {
    let row = realtime_monitor::table.find(key);
    Ok(diesel::update(row).set(dsl::checked_at.eq(at)).execute(c)? == 1)
}

/// All metrics ever read, by key.
pub fn all(c: &mut Conn) -> Result<Vec<Realtime>, DbError> {
    Ok(realtime_monitor::table.order(dsl::key.asc()).load(c)?)
}

/// The value of one metric, if it was ever read.
pub fn get(c: &mut Conn, key: &str) -> Result<Option<Realtime>, DbError> {
    Ok(realtime_monitor::table.find(key).first(c).optional()?)
}
