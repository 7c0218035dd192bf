//! One connection to either database, and the bridge over what diesel cannot say on both at once.

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

/// Runs the same expression on the concrete connection, for what does not compile on the enum: upserts, batch inserts.
macro_rules! on_each {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::conn::Conn::Postgres($c) => $body,
            $crate::conn::Conn::Sqlite($c) => $body,
        }
    };
}
pub(crate) use on_each;
