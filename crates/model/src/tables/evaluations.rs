//! `evaluation`: the latest evaluations of each metric, a ring of a fixed size.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use monitor_domain::MetricKey;

use super::column::FromKey;
use super::schema::evaluation::{self, dsl};
use super::text::clean;
use crate::backend::{Conn, upsert};
use crate::error::DbError;

/// How many evaluations of a metric are kept.
pub const KEPT: i64 = 100;

/// An evaluation of a metric and its effects. Table `evaluation`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Evaluation {
    /// The metric.
    #[diesel(deserialize_as = FromKey)]
    pub key: MetricKey,
    /// Its place in the ring.
    pub slot: i32,
    /// The version of the metric's state that it stored: counts up.
    pub version: i64,
    /// When the reading was judged.
    pub at: NaiveDateTime,
    /// What was read; `None` for a failure.
    pub value: Option<f64>,
    /// `normal`, `pending`, `firing` or `no_data`.
    pub phase: String,
    /// Why, for people.
    pub reason: String,
    /// Its effects: words between commas, `alert` or `alert,silence:3` for instance; empty for none.
    pub effects: String,
}

/// Stores an evaluation in place of the one [`KEPT`] versions before it. `evaluation.slot` is ignored.
pub fn record(c: &mut Conn, evaluation: &Evaluation) -> Result<(), DbError> {
    let slot = i32::try_from(evaluation.version.rem_euclid(KEPT)).unwrap_or_default();
    let columns = (
        dsl::version.eq(evaluation.version),
        dsl::at.eq(evaluation.at),
        dsl::value.eq(evaluation.value),
        dsl::phase.eq(&evaluation.phase),
        dsl::reason.eq(clean(&evaluation.reason)),
        dsl::effects.eq(&evaluation.effects),
    );
    let row = (
        dsl::key.eq(evaluation.key.as_str()),
        dsl::slot.eq(slot),
        columns.clone(),
    );
    upsert!(c, into evaluation::table, row, on (dsl::key, dsl::slot), set columns)?;
    Ok(())
}

/// The latest evaluations of a metric, newest first.
pub fn of(c: &mut Conn, key: &str, limit: i64) -> Result<Vec<Evaluation>, DbError> {
    Ok(evaluation::table
        .filter(dsl::key.eq(key))
        .order(dsl::version.desc())
        .limit(limit)
        .load(c)?)
}
