//! The latest evaluations of a metric. They are stored with the readings, in the rows of `sample`: one a run.

use chrono::NaiveDateTime;

use super::samples;
use crate::backend::Conn;
use crate::error::DbError;

/// An evaluation of a metric and its effects. It held for a run of readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The version of the metric's state that it stored: counts up.
    pub version: i64,
    /// When the first reading was taken.
    pub at: NaiveDateTime,
    /// When the last was that was evaluated the same.
    pub until: NaiveDateTime,
    /// How many there were.
    pub times: i64,
    /// What was read; `None` for a failure.
    pub value: Option<f64>,
    /// `normal`, `pending`, `firing` or `no_data`.
    pub phase: String,
    /// Why, for people.
    pub reason: String,
    /// The effects of the first: words between commas, `alert` or `alert,silence:3` for instance; empty for none.
    pub effects: String,
}

/// The latest evaluations of a metric, newest first.
pub fn of(c: &mut Conn, key: &str, limit: i64) -> Result<Vec<Evaluation>, DbError> {
    let runs = samples::latest_runs(c, key, limit)?;
    let evaluated = runs.into_iter().filter_map(|run| {
        Some(Evaluation {
            version: run.version,
            at: run.at,
            until: run.until,
            times: run.times,
            value: run.value,
            phase: run.phase?,
            reason: run.reason.unwrap_or_default(),
            effects: run.effects.unwrap_or_default(),
        })
    });
    Ok(evaluated.collect())
}
