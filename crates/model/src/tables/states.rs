//! `metric_state`: the rule state of each metric, guarded by a version.

use std::collections::HashSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use monitor_domain::MetricKey;

use super::column::FromKey;
use super::schema::metric_state::{self, dsl};
use super::schema::realtime_monitor;
use super::text::clean;
use crate::backend::{Conn, on_each};
use crate::error::DbError;

/// The rule state of a metric. Table `metric_state`.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct MetricState {
    /// The metric.
    #[diesel(deserialize_as = FromKey)]
    pub key: MetricKey,
    /// 1 at first, one more at each save.
    pub version: i64,
    /// `normal`, `pending`, `firing` or `no_data`.
    pub phase: String,
    /// When the phase began.
    pub since: NaiveDateTime,
    /// Why the last evaluation decided so, for people.
    pub reason: String,
    /// The rule's own state, JSON.
    pub state: String,
    /// When it was last saved.
    pub updated_at: NaiveDateTime,
}

/// The state of a metric, if it ever had one.
pub fn load(c: &mut Conn, key: &str) -> Result<Option<MetricState>, DbError> {
    Ok(metric_state::table.find(key).first(c).optional()?)
}

/// The states of all metrics, by key.
pub fn all(c: &mut Conn) -> Result<Vec<MetricState>, DbError> {
    Ok(metric_state::table.order(dsl::key.asc()).load(c)?)
}

/// How a metric stands, as far as others care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricPhase {
    /// The metric.
    pub key: String,
    /// See [`MetricState::phase`].
    pub phase: String,
    /// See [`MetricState::since`].
    pub since: NaiveDateTime,
    /// See [`MetricState::updated_at`].
    pub updated_at: NaiveDateTime,
    /// Whether the last try to read it failed.
    pub is_unreadable: bool,
}

/// How these metrics stand, those that were ever evaluated.
pub fn phases(c: &mut Conn, keys: &[String]) -> Result<Vec<MetricPhase>, DbError> {
    let mut standings = Vec::new();
    for keys in keys.chunks(super::MAX_BINDS) {
        let failing: HashSet<String> = realtime_monitor::table
            .filter(realtime_monitor::key.eq_any(keys))
            .filter(realtime_monitor::error.is_not_null())
            .select(realtime_monitor::key)
            .load(c)?
            .into_iter()
            .collect();
        let rows: Vec<(String, String, NaiveDateTime, NaiveDateTime)> = metric_state::table
            .filter(dsl::key.eq_any(keys))
            .order(dsl::key.asc())
            .select((dsl::key, dsl::phase, dsl::since, dsl::updated_at))
            .load(c)?;
        standings.extend(
            rows.into_iter()
                .map(|(key, phase, since, updated_at)| MetricPhase {
                    is_unreadable: failing.contains(&key),
                    key,
                    phase,
                    since,
                    updated_at,
                }),
        );
    }
    Ok(standings)
}

/// Stores a state as version `expected_version + 1`, if the stored version is `expected_version` (0: there is none yet).
/// `state.version` is ignored.
///
/// # Errors
/// [`DbError::Conflict`] where it is another: somebody judged the metric in between. Return it from the closure of
/// `Db::write`, so that all the closure wrote is undone, and load the state anew.
pub fn save(c: &mut Conn, state: &MetricState, expected_version: i64) -> Result<(), DbError> {
    let (reason, json) = (clean(&state.reason), clean(&state.state));
    let columns = (
        dsl::version.eq(expected_version + 1),
        dsl::phase.eq(state.phase.as_str()),
        dsl::since.eq(state.since),
        dsl::reason.eq(reason.as_ref()),
        dsl::state.eq(json.as_ref()),
        dsl::updated_at.eq(state.updated_at),
    );
    let stored = if expected_version == 0 {
        on_each!(c, |c| diesel::insert_into(metric_state::table)
            .values((dsl::key.eq(state.key.as_str()), columns))
            .on_conflict(dsl::key)
            .do_nothing()
            .execute(c))?
    } else {
        let expected = metric_state::table
            .find(state.key.as_str())
            .filter(dsl::version.eq(expected_version));
        diesel::update(expected).set(columns).execute(c)?
    };
    if stored == 1 {
        Ok(())
    } else {
        Err(DbError::Conflict {
            key: state.key.to_string(),
        })
    }
}
