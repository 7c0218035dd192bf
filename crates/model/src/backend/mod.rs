//! What differs between SQLite and PostgreSQL: URLs, connecting and settings of a connection, how a write transaction
//! begins and what a failed COMMIT means, how commits of other processes are noticed, how migrations exclude each other,
//! upserts and locking reads. [`sqlite`] and [`postgres`] each implement [`Dialect`], the list of all of it.
//!
//! The rest of the crate sees one [`Conn`]. This room knows no table of the monitor, and starts no thread.

mod conn;
mod dialect;
mod postgres;
mod sqlite;
mod url;

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

pub use conn::Conn;
pub(crate) use conn::{load_unlocked, on_each, upsert};
pub(crate) use dialect::{AnyError, Begun, Dialect, FailedCommit, MigrationFailure, Role};
pub(crate) use url::Target;

use crate::error::DbError;

/// Which of the two databases it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// A file, for one machine.
    Sqlite,
    /// A server, for any number of machines.
    Postgres,
}

/// Opens a connection and sets it up for its role.
pub(crate) fn connect(target: &Target, role: Role) -> Result<Conn, DbError> {
    match target {
        Target::Sqlite { path } => {
            let address = sqlite::address(target, path)?;
            SqliteConnection::open(target, &address, role).map(Conn::Sqlite)
        }
        Target::Postgres { url, .. } => PgConnection::open(target, url, role).map(Conn::Postgres),
    }
}

/// Makes a database ready for many connections, once and before any other: see [`sqlite::prepare`]. A server is ready.
pub(crate) fn prepare(target: &Target) -> Result<(), DbError> {
    match target {
        Target::Sqlite { path } => sqlite::prepare(target, path),
        Target::Postgres { .. } => Ok(()),
    }
}
