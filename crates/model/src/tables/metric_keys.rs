//! The key of a metric, in every table that has one.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::backend::Conn;
use crate::error::DbError;

/// Tables of numbered rows, any number a metric.
const ROWS: [&str; 6] = [
    "sample",
    "alert",
    "alert_group",
    "monitor_record",
    "silence",
    "pushed_value",
];
/// Tables that have the current state of a metric.
const STATE: [&str; 3] = ["realtime_monitor", "metric_state", "evaluation"];
/// Rows changed in one statement, so that none takes long.
const BATCH: i64 = 10_000;

/// What came of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// Nothing has the old key.
    Nothing,
    /// Everything that had the old key has the new one.
    All,
    /// Nothing was changed: the new key has a state of its own.
    Taken,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The tables that hold the key of a metric.
pub fn tables() -> impl Iterator<Item = &'static str> {
    ROWS.into_iter().chain(STATE)
}

/// Gives everything that the metric `from` has to the metric `to`: history, state, last value, alerts, records and silences. Run
/// it in `Db::write`, for it is one change.
pub fn rename(c: &mut Conn, from: &str, to: &str) -> Result<Renamed, DbError> {
    let mut is_known = false;
    for table in tables() {
        is_known |= has(c, table, from)?;
    }
    if !is_known {
        return Ok(Renamed::Nothing);
    }
    for table in STATE {
        if has(c, table, to)? {
            return Ok(Renamed::Taken);
        }
    }
    // A message is recorded once a metric. What a metric without a state may have recorded all the same stays as it is.
    diesel::sql_query(
        "UPDATE monitor_record SET source_id = NULL WHERE key = $1 AND source_id IN \
         (SELECT source_id FROM monitor_record WHERE key = $2)",
    )
    .bind::<Text, _>(from)
    .bind::<Text, _>(to)
    .execute(c)?;
    // What was sent under both keys was sent again: the web knew the new key before any worker did.
    diesel::sql_query(
        "DELETE FROM pushed_value WHERE key = $1 AND push_id IN (SELECT push_id FROM pushed_value WHERE key = $2)",
    )
    .bind::<Text, _>(to)
    .bind::<Text, _>(from)
    .execute(c)?;
    for table in STATE {
        diesel::sql_query(format!("UPDATE {table} SET key = $1 WHERE key = $2"))
            .bind::<Text, _>(to)
            .bind::<Text, _>(from)
            .execute(c)?;
    }
    for table in ROWS {
        let some = format!(
            "UPDATE {table} SET key = $1 WHERE id IN (SELECT id FROM {table} WHERE key = $2 LIMIT {BATCH})"
        );
        while diesel::sql_query(&some)
            .bind::<Text, _>(to)
            .bind::<Text, _>(from)
            .execute(c)?
            > 0
        {}
    }
    Ok(Renamed::All)
}

fn has(c: &mut Conn, table: &str, key: &str) -> Result<bool, DbError> {
    let count: Count = diesel::sql_query(format!(
        "SELECT count(*) AS n FROM (SELECT 1 FROM {table} WHERE key = $1 LIMIT 1) AS one"
    ))
    .bind::<Text, _>(key)
    .get_result(c)?;
    Ok(count.n > 0)
}
