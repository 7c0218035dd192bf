//! What differs between SQLite and PostgreSQL: URLs, connecting and settings of a connection, how a write transaction
//! begins and what a failed COMMIT means, how commits of other processes are noticed, how migrations exclude each other,
//! upserts and locking reads. [`sqlite`] and [`postgres`] each implement [`Dialect`], the list of all of it.
//!
//! The rest of the crate sees one [`Conn`]. This room knows no table of the monitor, and starts no thread.

mod conn;
mod dialect;
mod file;
mod postgres;
mod progress;
mod sqlite;
mod url;

use std::ops::Deref;
use std::time::Duration;

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

pub use conn::Conn;
pub(crate) use conn::{load_unlocked, on_each, upsert};
pub(crate) use dialect::{AnyError, Begun, Dialect, FailedCommit, MigrationFailure, Role};
pub(crate) use file::OpenedFile;
pub(crate) use progress::{Deadlines, GivenUp, MAX_HUNG, Progress};
pub(crate) use sqlite::creatable;
pub(crate) use url::Target;

use crate::error::DbError;

/// How long a statement of a migration may take: it may rewrite a table. Also how long one waits for another process that
/// migrates.
const MIGRATION: Duration = Duration::from_secs(1_800);

/// Which of the two databases it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// A file, for one machine.
    Sqlite,
    /// A server, for any number of machines.
    Postgres,
}

/// A database, how long it may take to answer, and the work that waits for it.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) target: Target,
    /// How long a statement may take, as the server has it.
    pub(crate) statement_timeout: Duration,
    pub(crate) deadlines: Deadlines,
    /// What is at the path of SQLite, once it was opened.
    pub(crate) file: OpenedFile,
}

impl Source {
    /// How long to wait for the answer to a statement. Longer than the server lets it take: a server that is there
    /// says more.
    pub(crate) fn patience(&self, role: Role) -> Duration {
        let limit = self.limit(role);
        limit + limit / 4
    }

    /// How long a statement may take.
    fn limit(&self, role: Role) -> Duration {
        match role {
            Role::Migrator => self.statement_timeout.max(MIGRATION),
            Role::Writer | Role::Reader | Role::Watcher => self.statement_timeout,
        }
    }

    /// Whether SQLite's path still leads to the file that was opened. A connection does not notice.
    ///
    /// # Errors
    /// [`DbError::FileReplaced`].
    pub(crate) fn check_file(&self) -> Result<(), DbError> {
        self.file.check(&self.target)
    }
}

impl Deref for Source {
    type Target = Target;

    fn deref(&self) -> &Target {
        &self.target
    }
}

/// Opens a connection and sets it up for its role.
pub(crate) fn connect(source: &Source, role: Role) -> Result<Conn, DbError> {
    let full = |why: String| source.connect_error(&why);
    source.deadlines.has_room().map_err(full)?;
    // Before it is opened: that would make a file where there is none.
    source.check_file()?;
    let limit = source.limit(role);
    match &source.target {
        Target::Sqlite { path } => {
            let address = sqlite::address(source, path)?;
            SqliteConnection::open(source, &address, role, limit).map(Conn::Sqlite)
        }
        Target::Postgres { url, .. } => PgConnection::open(source, url, role, limit).map(Conn::Postgres),
    }
}

/// Truncates the write-ahead log; `false` where somebody was in the way. A server does that itself.
pub(crate) fn truncate_log(conn: &mut Conn) -> Result<bool, DbError> {
    match conn {
        Conn::Sqlite(c) => Ok(sqlite::truncate(c)?),
        Conn::Postgres(_) => Ok(true),
    }
}

/// Makes a database ready for many connections, once and before any other: see [`sqlite::prepare`]. A server is ready.
pub(crate) fn prepare(source: &Source) -> Result<(), DbError> {
    match &source.target {
        Target::Sqlite { path } => sqlite::prepare(source, path),
        Target::Postgres { .. } => Ok(()),
    }
}
