//! `realtime_monitor`: the value each metric has now, and how long it has said so.

use std::collections::HashSet;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text};
use monitor_domain::MetricKey;

use super::column::FromKey;
use super::samples::Run;
use super::schema::realtime_monitor::{self, dsl};
use super::text::{clean, clean_opt};
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

impl Realtime {
    /// When the last reading was taken, which may have failed. A metric that waits to be sent a value is checked without being
    /// read.
    pub fn read_at(&self) -> NaiveDateTime {
        self.value_at
            .filter(|_| self.error.is_none())
            .unwrap_or(self.checked_at)
    }
}

/// What [`Realtime`] is made of.
const COLUMNS: (dsl::key, dsl::value, dsl::value_at, dsl::checked_at, dsl::error) =
    (dsl::key, dsl::value, dsl::value_at, dsl::checked_at, dsl::error);

/// Which run of equal readings is a metric's newest, and where it ends so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunEnd {
    /// When its first reading was taken.
    pub at: NaiveDateTime,
    /// The version of the metric's state that was stored with it.
    pub version: i64,
    /// When its last reading was taken.
    pub until: NaiveDateTime,
    /// How many it has.
    pub times: i64,
}

/// A reading that said what the one before said.
#[derive(Clone, Debug, PartialEq)]
pub struct Extension {
    /// The metric.
    pub key: MetricKey,
    /// The version of its state, which is that of the run.
    pub version: i64,
    /// When the reading was taken.
    pub at: NaiveDateTime,
    /// How many readings the run has with it.
    pub times: i64,
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

/// The same for the first reading of a run.
pub(super) fn record_run(c: &mut Conn, run: &Run, checked_at: NaiveDateTime) -> Result<(), DbError> {
    let error = clean_opt(run.error.as_deref());
    let tried = (
        dsl::checked_at.eq(checked_at),
        dsl::error.eq(error),
        dsl::run_at.eq(Some(run.at)),
        dsl::run_version.eq(run.version),
        dsl::run_times.eq(1_i64),
    );
    match run.value {
        Some(value) => {
            let reading = (dsl::value.eq(Some(value)), dsl::value_at.eq(Some(run.at)), tried);
            let row = (dsl::key.eq(run.key.as_str()), reading.clone());
            upsert!(c, into realtime_monitor::table, row, on dsl::key, set reading)?;
        }
        None => {
            let row = (dsl::key.eq(run.key.as_str()), tried.clone());
            upsert!(c, into realtime_monitor::table, row, on dsl::key, set tried)?;
        }
    }
    Ok(())
}

/// Stores readings that said what the ones before said, at most one of a metric, in one statement. Gives the metrics of which
/// nothing was stored: their state has another version now, for somebody else has evaluated them since.
pub fn extend(c: &mut Conn, extensions: &[Extension]) -> Result<Vec<MetricKey>, DbError> {
    #[derive(QueryableByName)]
    struct Stored {
        #[diesel(sql_type = Text)]
        key: String,
    }
    if extensions.is_empty() {
        return Ok(Vec::new());
    }
    let rows = extensions.iter().map(|one| {
        let at = one.at.format("%F %T%.f").to_string();
        serde_json::json!({"key": one.key.as_str(), "version": one.version, "at": at, "times": one.times})
    });
    let rows = serde_json::Value::Array(rows.collect()).to_string();
    let extend = |given: &str, among: &str| {
        diesel::sql_query(format!(
            "UPDATE realtime_monitor SET checked_at = given.at, run_times = given.times, \
             value_at = CASE WHEN realtime_monitor.error IS NULL THEN given.at ELSE realtime_monitor.value_at END \
             FROM ({given}) AS given, metric_state AS state \
             WHERE realtime_monitor.key = given.key AND realtime_monitor.run_version = given.version \
             AND state.key = given.key AND state.version = given.version {among} \
             RETURNING realtime_monitor.key AS key"
        ))
        .bind::<Text, _>(rows)
    };
    let stored: Vec<Stored> = match c {
        Conn::Sqlite(c) => {
            let given = "SELECT value ->> 'key' AS key, value ->> 'version' AS version, value ->> 'at' AS at, \
                         value ->> 'times' AS times FROM json_each($1)";
            extend(given, "").load(c)?
        }
        Conn::Postgres(c) => {
            let given = "SELECT * FROM jsonb_to_recordset(CAST($1 AS jsonb)) \
                         AS row (key text, version bigint, at timestamp, times bigint)";
            // It does not know how few are given, but it does how few are named.
            let among = "AND realtime_monitor.key = ANY($2) AND state.key = ANY($2)";
            let keys: Vec<&str> = extensions.iter().map(|one| one.key.as_str()).collect();
            extend(given, among).bind::<Array<Text>, _>(keys).load(c)?
        }
    };
    if stored.len() == extensions.len() {
        return Ok(Vec::new());
    }
    let stored: HashSet<&str> = stored.iter().map(|row| row.key.as_str()).collect();
    let refused = extensions.iter().filter(|one| !stored.contains(one.key.as_str()));
    Ok(refused.map(|one| one.key.clone()).collect())
}

/// The newest run of a metric, where it has one.
pub fn run_end(c: &mut Conn, key: &str) -> Result<Option<RunEnd>, DbError> {
    type Begun = (Option<NaiveDateTime>, i64, i64);
    let row: Option<(Realtime, Begun)> = realtime_monitor::table
        .find(key)
        .select((COLUMNS, (dsl::run_at, dsl::run_version, dsl::run_times)))
        .first(c)
        .optional()?;
    Ok(row.and_then(|(read, (at, version, times))| {
        Some(RunEnd {
            at: at?,
            version,
            until: read.read_at(),
            times,
        })
    }))
}

/// Stores that nothing was new at `at`, as for a metric that waits to be sent a value; whether the metric was ever read.
pub fn touch(c: &mut Conn, key: &str, at: NaiveDateTime) -> Result<bool, DbError> {
    let row = realtime_monitor::table.find(key);
    Ok(diesel::update(row).set(dsl::checked_at.eq(at)).execute(c)? == 1)
}

/// All metrics ever read, by key.
pub fn all(c: &mut Conn) -> Result<Vec<Realtime>, DbError> {
    Ok(realtime_monitor::table
        .order(dsl::key.asc())
        .select(COLUMNS)
        .load(c)?)
}

/// Those of these metrics that were ever read; no more keys than a statement takes.
pub(super) fn of(c: &mut Conn, keys: &[String]) -> Result<Vec<Realtime>, DbError> {
    Ok(realtime_monitor::table
        .filter(dsl::key.eq_any(keys))
        .select(COLUMNS)
        .load(c)?)
}

/// The value of one metric, if it was ever read.
pub fn get(c: &mut Conn, key: &str) -> Result<Option<Realtime>, DbError> {
    Ok(realtime_monitor::table
        .find(key)
        .select(COLUMNS)
        .first(c)
        .optional()?)
}
