//! The list of what the two databases do differently.

use std::time::Duration;

use diesel::prelude::*;
use diesel_migrations::EmbeddedMigrations;

use super::progress::{Beat, connecting};
use super::url::Target;
use crate::error::DbError;

/// How long connecting may take, for each address in the URL. The client library has a shorter limit of its own, unless
/// the URL takes it away (`connect_timeout=0`) or the host's name is resolved for ever.
const CONNECTING: Duration = Duration::from_secs(15);

/// Why a migration failed, in diesel's words.
pub(crate) type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    /// The one that all writes of this process go through.
    Writer,
    /// Reads; writing is refused.
    Reader,
    /// Notices commits of others.
    Watcher,
    /// Changes the tables.
    Migrator,
}

/// A write transaction that has begun.
#[derive(Debug)]
pub(crate) struct Begun {
    /// SQLite's count of changes of this connection, which only goes up. Not used on PostgreSQL.
    pub(crate) changes_before: i64,
}

/// What is known after COMMIT returned an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailedCommit {
    /// Nothing was stored.
    Undone {
        /// Whether the connection may be used again.
        reusable: bool,
    },
    /// It was stored or not; nobody here knows.
    Unknown,
}

/// Why the migrations could not be run.
#[derive(Debug)]
pub(crate) enum MigrationFailure {
    /// The database did not let us begin, or somebody held a lock for too long.
    Database(DbError),
    /// A migration is wrong for this database.
    Migration(AnyError),
}

/// What each database does in its own way, on a connection to it.
pub(crate) trait Dialect: Connection {
    /// The migrations for this database.
    const MIGRATIONS: EmbeddedMigrations;
    /// A query that gives the encoding of the database's texts as `name`, and the only one that is taken.
    const ENCODING: (&'static str, &'static str);
    /// A query that gives one row with a column `name` where the table of applied migrations exists, and none otherwise.
    const MIGRATIONS_TABLE: &'static str;

    /// Opens a connection and sets it up.
    fn open(target: &Target, address: &str, role: Role, limit: Duration) -> Result<Self, DbError> {
        let connected = connecting(CONNECTING * target.addresses(), || Self::establish(address));
        let mut conn = connected.map_err(|e| target.connect_error(&Self::cause(address, &e)))?;
        conn.set_instrumentation(Beat);
        let set_up = conn.set_up(role, limit);
        set_up.map_err(|e| target.connect_error(&e.to_string()))?;
        Ok(conn)
    }

    /// Why a connection could not be opened, as precisely as that can be found out.
    fn cause(address: &str, error: &ConnectionError) -> String;

    /// Sets up a new connection, on which a statement may take `limit`.
    fn set_up(&mut self, role: Role, limit: Duration) -> QueryResult<()>;

    /// Checks a connection that was idle.
    fn check(&mut self) -> QueryResult<()>;

    /// Begins a write transaction.
    fn begin_write(&mut self) -> QueryResult<Begun>;

    /// Whether the open transaction changed anything. If so, the other handles hear of it once it commits; `handle` is
    /// the id of this one. A transaction that changed nothing must wake nobody: those that wake up check for work by
    /// writing, and would wake each other for ever.
    fn announce(&mut self, begun: &Begun, handle: &str) -> QueryResult<bool>;

    /// What is known after COMMIT returned `error`.
    fn after_failed_commit(&mut self, error: &DbError) -> FailedCommit;

    /// Begins to listen for commits of others; gives what [`Dialect::has_news`] compares with.
    fn listen(&mut self) -> QueryResult<i64>;

    /// Whether others than `handle` committed since the last call. `version` is updated.
    fn has_news(&mut self, handle: &str, version: &mut i64) -> QueryResult<bool>;

    /// Runs migrations while no other process does. May be called again on the same connection.
    fn exclusively(
        &mut self,
        run: impl FnMut(&mut Self) -> Result<(), AnyError>,
    ) -> Result<(), MigrationFailure>;
}

impl From<diesel::result::Error> for MigrationFailure {
    fn from(error: diesel::result::Error) -> Self {
        MigrationFailure::Database(error.into())
    }
}

impl From<AnyError> for MigrationFailure {
    fn from(error: AnyError) -> Self {
        MigrationFailure::Migration(error)
    }
}
