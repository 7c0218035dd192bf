//! Records of another program in `monitor_record`. Their `source_id` is their origin, so that each is brought over once; their id is
//! what puts them before or after the others, for lists are by id.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::records::{self, NewRecord};
use super::schema::monitor_record::{self, dsl};
use super::text::{clean, clean_opt};
use crate::backend::{Conn, on_each};
use crate::error::DbError;

/// Rows an INSERT: 8 values each stay below every limit on bound values (SQLite 32,766, PostgreSQL 65,535).
const ROWS_AN_INSERT: usize = 1_000;

/// A record with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedRecord {
    /// The id that it gets if that is free; after all others where there is none.
    pub id: Option<i64>,
    /// The rest. Its `source_id` is its origin.
    pub record: NewRecord,
}

/// The origins that begin so, with the ids of their records: those of every metric, removed ones among them.
pub fn origins(c: &mut Conn, begin: &str) -> Result<HashMap<String, i64>, DbError> {
    let rows: Vec<(Option<String>, i64)> = monitor_record::table
        .filter(dsl::source_id.like(format!("{begin}%")))
        .select((dsl::source_id, dsl::id))
        .load(c)?;
    let known = rows.into_iter().filter_map(|(origin, id)| Some((origin?, id)));
    Ok(known.collect())
}

/// The ids of all records.
pub fn ids(c: &mut Conn) -> Result<BTreeSet<i64>, DbError> {
    let ids: Vec<i64> = monitor_record::table.select(dsl::id).load(c)?;
    Ok(ids.into_iter().collect())
}

/// Has ids given from above `last` on.
pub fn reserve(c: &mut Conn, last: i64) -> Result<(), DbError> {
    match c {
        Conn::Postgres(c) => {
            diesel::sql_query(
                "SELECT setval('monitor_record_id_seq', $1) FROM monitor_record_id_seq \
                 WHERE $1 > 0 AND (last_value < $1 OR NOT is_called)",
            )
            .bind::<BigInt, _>(last)
            .execute(c)?;
        }
        Conn::Sqlite(c) => {
            diesel::sql_query(
                "UPDATE sqlite_sequence SET seq = $1 WHERE name = 'monitor_record' AND seq < $1",
            )
            .bind::<BigInt, _>(last)
            .execute(c)?;
            diesel::sql_query(
                "INSERT INTO sqlite_sequence (name, seq) SELECT 'monitor_record', $1 WHERE $1 > 0 AND NOT EXISTS \
                 (SELECT 1 FROM sqlite_sequence WHERE name = 'monitor_record')",
            )
            .bind::<BigInt, _>(last)
            .execute(c)?;
        }
    }
    Ok(())
}

/// Stores records; those whose origin is there are left out, and one whose id was taken meanwhile gets another. Returns how many are
/// new.
pub fn insert(c: &mut Conn, new: &[ImportedRecord]) -> Result<usize, DbError> {
    let (placed, loose): (Vec<_>, Vec<_>) = new.iter().partition(|one| one.id.is_some());
    let mut added = 0;
    for some in placed.chunks(ROWS_AN_INSERT) {
        let rows: Vec<_> = some
            .iter()
            .filter_map(|one| Some((one.id?, &one.record)))
            .map(|(id, record)| {
                (
                    dsl::id.eq(id),
                    dsl::key.eq(record.key.as_str()),
                    dsl::value.eq(record.value),
                    dsl::alert.eq(record.alert),
                    dsl::alert_message.eq(clean(&record.alert_message)),
                    dsl::timestamp.eq(record.timestamp),
                    dsl::alert_id.eq(record.alert_id),
                    dsl::source_id.eq(clean_opt(record.source_id.as_deref())),
                )
            })
            .collect();
        let inserted = on_each!(c, |c| diesel::insert_into(monitor_record::table)
            .values(&rows)
            .on_conflict_do_nothing()
            .execute(c))?;
        added += inserted;
        if inserted < some.len() {
            added += insert_loose(c, some)?;
        }
    }
    Ok(added + insert_loose(c, &loose)?)
}

/// Those whose origin is not there get the next ids.
fn insert_loose(c: &mut Conn, new: &[&ImportedRecord]) -> Result<usize, DbError> {
    let mut added = 0;
    for one in new {
        added += usize::from(records::insert(c, &one.record)?.is_some());
    }
    Ok(added)
}
