//! One connection to either database, and the bridges over what diesel cannot say on both at once.

// The code that the derive makes is not ours to document.
#![allow(missing_docs, unreachable_pub, clippy::all)]

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

/// A connection to SQLite or PostgreSQL. Queries in diesel's common subset run on it directly.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

/// Runs the same expression on the concrete connection, for what does not compile on the enum: conflict clauses, inserts
/// of several rows, and the methods of `Dialect`.
macro_rules! on_each {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::backend::Conn::Postgres($c) => $body,
            $crate::backend::Conn::Sqlite($c) => $body,
        }
    };
}

/// Inserts `$row` into `$table`, or sets `$columns` in the row that has the same `$key` already.
macro_rules! upsert {
    ($conn:expr, into $table:expr, $row:expr, on $key:expr, set $columns:expr) => {
        $crate::backend::on_each!($conn, |c| diesel::insert_into($table)
            .values($row)
            .on_conflict($key)
            .do_update()
            .set($columns)
            .execute(c))
    };
}

/// Loads rows that this transaction is about to change, without those that another transaction has locked. PostgreSQL
/// locks the rows and skips locked ones; SQLite has one write transaction at a time.
macro_rules! load_unlocked {
    ($query:expr, $conn:expr) => {
        match $conn {
            $crate::backend::Conn::Postgres(c) => $query.for_update().skip_locked().load(c),
            $crate::backend::Conn::Sqlite(c) => $query.load(c),
        }
    };
}

pub(crate) use {load_unlocked, on_each, upsert};
