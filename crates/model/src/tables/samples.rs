//! `sample`: the history of readings, as runs of equal ones.
//!
//! A reading that says what the one before said is no row. It makes the run of that one longer: its end and its count stand in
//! `realtime_monitor` while it is the newest (see [`realtime::extend`]), and in its own row once another has begun.
//!
//! [`realtime::extend`]: super::realtime::extend

use std::ops::Range;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamp};
use monitor_domain::MetricKey;

use super::column::FromKey;
use super::realtime::{self, RunEnd};
use super::schema::sample::{self, dsl};
use super::text::clean_opt;
use crate::backend::Conn;
use crate::error::DbError;

/// Readings that followed each other and said the same. Table `sample`.
///
/// They are so many, evenly spaced from the first to the last: where one was late or missing, a run ends. A run is no longer
/// than a day.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Run {
    /// The metric.
    #[diesel(deserialize_as = FromKey)]
    pub key: MetricKey,
    /// When the first was taken.
    pub at: NaiveDateTime,
    /// The version of the metric's state that was stored with it. Readings that were stored before there were runs have one below
    /// zero.
    pub version: i64,
    /// When the last was taken.
    pub until: NaiveDateTime,
    /// How many they are, from 1.
    pub times: i64,
    /// What was read; `None` for a failure.
    pub value: Option<f64>,
    /// Why nothing was read.
    pub error: Option<String>,
    /// How long the first took, in milliseconds.
    pub took_ms: i32,
    /// The phase that they were evaluated to: `normal`, `pending`, `firing` or `no_data`. `None` where that is not known any more.
    pub phase: Option<String>,
    /// Why, for people.
    pub reason: Option<String>,
    /// The effects of the first, words between commas; the others had none.
    pub effects: Option<String>,
}

/// One reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When it was taken.
    pub at: NaiveDateTime,
    /// What was read; `None` for a failure.
    pub value: Option<f64>,
    /// Why nothing was read.
    pub error: Option<String>,
    /// How long it took, in milliseconds; of the readings of a run how long the first took.
    pub took_ms: i32,
}

impl Run {
    /// A run of one reading, which nobody evaluated.
    pub fn of_one(key: &MetricKey, at: NaiveDateTime, version: i64, read: Result<f64, String>) -> Run {
        let (value, error) = match read {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error)),
        };
        Run {
            key: key.clone(),
            at,
            version,
            until: at,
            times: 1,
            value,
            error,
            took_ms: 0,
            phase: None,
            reason: None,
            effects: None,
        }
    }

    /// When its readings were taken, oldest first.
    pub fn readings(&self) -> impl DoubleEndedIterator<Item = NaiveDateTime> + use<> {
        let (at, spaces) = (self.at, self.times - 1);
        let whole = (self.until - at).num_microseconds().unwrap_or_default();
        (0..=spaces.max(0)).map(move |n| {
            let part = i128::from(whole) * i128::from(n) / i128::from(spaces.max(1));
            at + TimeDelta::microseconds(i64::try_from(part).unwrap_or(whole))
        })
    }

    /// Its last reading that was taken by `time`, if one was.
    fn last_by(&self, time: NaiveDateTime) -> Option<NaiveDateTime> {
        match self.until <= time {
            true => Some(self.until),
            false => self.readings().take_while(|at| *at <= time).last(),
        }
    }

    fn sample(&self, at: NaiveDateTime) -> Sample {
        Sample {
            at,
            value: self.value,
            error: self.error.clone(),
            took_ms: self.took_ms,
        }
    }
}

/// What is known of the run before a new one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RunBefore {
    /// Its row is as it is to stay.
    Ended,
    /// It ended so.
    Ends(RunEnd),
    /// Nothing; `realtime_monitor` knows.
    Unknown,
}

/// Begins a run with its first reading, and ends the one before. The metric's row in `realtime_monitor` has the reading then, and
/// that it was last tried to read it at `checked_at`.
pub fn begin(c: &mut Conn, run: &Run, checked_at: NaiveDateTime, before: RunBefore) -> Result<(), DbError> {
    let end = match before {
        RunBefore::Ended => None,
        RunBefore::Ends(end) => Some(end),
        RunBefore::Unknown => realtime::run_end(c, &run.key)?,
    };
    if let Some(end) = end.filter(|end| end.times > 1) {
        let row = sample::table.find((run.key.as_str(), end.at, end.version));
        diesel::update(row)
            .set((dsl::until.eq(end.until), dsl::times.eq(end.times)))
            .execute(c)?;
    }
    insert(c, run)?;
    realtime::record_run(c, run, checked_at)
}

/// Stores a run that is over, or the first reading of one.
pub fn insert(c: &mut Conn, run: &Run) -> Result<(), DbError> {
    diesel::insert_into(sample::table)
        .values((
            dsl::key.eq(run.key.as_str()),
            dsl::at.eq(run.at),
            dsl::version.eq(run.version),
            dsl::until.eq(run.until),
            dsl::times.eq(run.times),
            dsl::value.eq(run.value),
            dsl::error.eq(clean_opt(run.error.as_deref())),
            dsl::took_ms.eq(run.took_ms),
            dsl::phase.eq(run.phase.as_deref()),
            dsl::reason.eq(clean_opt(run.reason.as_deref())),
            dsl::effects.eq(run.effects.as_deref()),
        ))
        .execute(c)?;
    Ok(())
}

/// The latest runs of a metric, newest first.
pub fn latest_runs(c: &mut Conn, key: &str, limit: i64) -> Result<Vec<Run>, DbError> {
    let mut runs: Vec<Run> = sample::table
        .filter(dsl::key.eq(key))
        .order((dsl::at.desc(), dsl::version.desc()))
        .limit(limit)
        .load(c)?;
    complete(c, key, &mut runs)?;
    Ok(runs)
}

/// The runs of a metric that have a reading from `from` until `to`, oldest first. They may begin before and end after.
pub fn runs(c: &mut Conn, key: &str, from: NaiveDateTime, to: NaiveDateTime) -> Result<Vec<Run>, DbError> {
    let before = sample::table
        .filter(dsl::key.eq(key))
        .filter(dsl::at.lt(from))
        .order((dsl::at.desc(), dsl::version.desc()))
        .first(c)
        .optional()?;
    let mut runs: Vec<Run> = before.into_iter().collect();
    runs.extend(
        sample::table
            .filter(dsl::key.eq(key))
            .filter(dsl::at.ge(from))
            .filter(dsl::at.le(to))
            .order((dsl::at.asc(), dsl::version.asc()))
            .load::<Run>(c)?,
    );
    complete(c, key, &mut runs)?;
    runs.retain(|run| run.until >= from);
    Ok(runs)
}

/// Gives the run that is still open its end.
fn complete(c: &mut Conn, key: &str, runs: &mut [Run]) -> Result<(), DbError> {
    if runs.is_empty() {
        return Ok(());
    }
    if let Some(end) = realtime::run_end(c, key)? {
        let open = runs
            .iter_mut()
            .find(|run| (run.at, run.version) == (end.at, end.version));
        if let Some(open) = open.filter(|open| open.times < end.times) {
            (open.until, open.times) = (end.until, end.times);
        }
    }
    Ok(())
}

/// The latest readings of a metric, newest first.
pub fn recent(c: &mut Conn, key: &str, limit: i64) -> Result<Vec<Sample>, DbError> {
    let most = usize::try_from(limit).unwrap_or_default();
    let runs = latest_runs(c, key, limit)?;
    let readings = runs
        .iter()
        .flat_map(|run| run.readings().rev().map(|at| run.sample(at)));
    Ok(readings.take(most).collect())
}

/// The latest `limit` readings of a metric from `from` until `to`, oldest first; one that failed has no value.
pub fn history(
    c: &mut Conn,
    key: &str,
    from: NaiveDateTime,
    to: NaiveDateTime,
    limit: usize,
) -> Result<Vec<(NaiveDateTime, Option<f64>)>, DbError> {
    let runs = runs(c, key, from, to)?;
    let readings = runs
        .iter()
        .rev()
        .flat_map(|run| run.readings().rev().map(|at| (at, run.value)));
    let within = readings.filter(|(at, _)| (from..=to).contains(at));
    let mut found: Vec<_> = within.take(limit).collect();
    found.reverse();
    Ok(found)
}

/// The latest good value of a metric that was read from `from` until `to`.
pub fn latest_value(
    c: &mut Conn,
    key: &str,
    from: NaiveDateTime,
    to: NaiveDateTime,
) -> Result<Option<f64>, DbError> {
    let newest = sample::table
        .filter(dsl::key.eq(key))
        .filter(dsl::at.le(to))
        .filter(dsl::value.is_not_null())
        .order((dsl::at.desc(), dsl::version.desc()))
        .first::<Run>(c)
        .optional()?;
    let mut newest: Vec<Run> = newest.into_iter().collect();
    complete(c, key, &mut newest)?;
    let run = newest.pop();
    let run = run.filter(|run| run.last_by(to).is_some_and(|at| at >= from));
    Ok(run.and_then(|run| run.value))
}

/// When the oldest reading of a metric was taken that is still there.
pub fn oldest(c: &mut Conn, key: &str) -> Result<Option<NaiveDateTime>, DbError> {
    Ok(sample::table
        .filter(dsl::key.eq(key))
        .order(dsl::at.asc())
        .select(dsl::at)
        .first(c)
        .optional()?)
}

/// Deletes up to `limit` runs that began then, and returns how many; of those that are still open only what has ended then too. Call it again while it deletes
/// `limit`: short transactions keep the others' waits short.
pub fn prune(c: &mut Conn, stamped: &Range<NaiveDateTime>, limit: i64) -> Result<usize, DbError> {
    // Metric by metric, as the rows are, also of those that are forgotten: an index by time alone would cost every reading.
    let of_each = match c {
        Conn::Sqlite(_) => "JOIN sample ON sample.key = metric.key AND sample.at >= $1 AND sample.at < $2",
        // Which would rather read the whole table once.
        Conn::Postgres(_) => {
            "CROSS JOIN LATERAL (SELECT * FROM sample WHERE sample.key = metric.key \
             AND sample.at >= $1 AND sample.at < $2 ORDER BY sample.at LIMIT $3) AS sample"
        }
    };
    let old: Vec<Old> = diesel::sql_query(format!(
        "WITH RECURSIVE metric (key) AS (SELECT min(key) FROM sample UNION ALL \
         SELECT (SELECT min(key) FROM sample WHERE key > metric.key) FROM metric WHERE key IS NOT NULL) \
         SELECT sample.key AS key, sample.at AS at, sample.version AS version \
         FROM metric {of_each} \
         LEFT JOIN realtime_monitor AS now ON now.key = sample.key \
         AND now.run_at = sample.at AND now.run_version = sample.version \
         AND coalesce(CASE WHEN now.error IS NULL THEN now.value_at END, now.checked_at) >= $2 \
         WHERE now.key IS NULL LIMIT $3"
    ))
    .bind::<Timestamp, _>(stamped.start)
    .bind::<Timestamp, _>(stamped.end)
    .bind::<BigInt, _>(limit)
    .load(c)?;
    for row in &old {
        diesel::delete(sample::table.find((&row.key, row.at, row.version))).execute(c)?;
    }
    Ok(old.len())
}

#[derive(QueryableByName)]
struct Old {
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Timestamp)]
    at: NaiveDateTime,
    #[diesel(sql_type = BigInt)]
    version: i64,
}
