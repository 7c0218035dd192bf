//! The steps of a write transaction, and what is known when one of them fails.

use diesel::connection::TransactionManager;
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;

use super::queued::{QueuedWrite, RunResult};
use crate::backend::{Begun, Conn, Dialect, FailedCommit, Progress, on_each};
use crate::error::DbError;

type Manager = <Conn as Connection>::TransactionManager;

/// How a commit ended.
pub(super) enum CommitResult {
    /// It is stored.
    Committed {
        /// Whether anything was changed at all.
        changed: bool,
    },
    /// Nothing is stored.
    Undone {
        /// Why.
        error: DbError,
        /// Whether the connection may be used again.
        reusable: bool,
    },
    /// Nobody here knows.
    Unknown {
        /// What the client library said.
        cause: String,
    },
}

/// Begins, and gives what [`commit`] needs.
pub(super) fn begin(conn: &mut Conn) -> Result<Begun, DbError> {
    Ok(on_each!(conn, |c| c.begin_write())?)
}

/// Undoes the whole transaction; `false` where the connection is not to be used again (which undoes it as well).
pub(super) fn roll_back(conn: &mut Conn) -> bool {
    Manager::rollback_transaction(conn).is_ok() && !conn.is_broken()
}

/// Runs a closure so that it can be undone alone. An error means that the whole transaction is lost.
pub(super) fn in_savepoint(conn: &mut Conn, write: &mut dyn QueuedWrite) -> Result<RunResult, DbError> {
    Manager::begin_transaction(conn)?;
    match write.run(conn) {
        RunResult::Succeeded => {
            // On PostgreSQL this fails where the closure hid an error of the database: its work is not there.
            if let Err(error) = Manager::commit_transaction(conn) {
                Manager::rollback_transaction(conn)?;
                write.undone(error.into());
                return Ok(RunResult::Failed);
            }
            Ok(RunResult::Succeeded)
        }
        RunResult::Panicked => Ok(RunResult::Panicked),
        other => {
            // SQLite undoes the whole transaction by itself at some errors (disk full, I/O); then there is no savepoint
            // any more, and this is where it shows.
            Manager::rollback_transaction(conn)?;
            Ok(other)
        }
    }
}

/// Commits, and announces the change to other handles. `handle` is the id of this one. Work that was given up is not
/// committed: its callers were answered that nothing is stored.
pub(super) fn commit(conn: &mut Conn, begun: &Begun, handle: &str, progress: &Progress) -> CommitResult {
    let changed = match on_each!(conn, |c| c.announce(begun, handle)) {
        Ok(changed) => changed,
        Err(error) => {
            let reusable = roll_back(conn);
            let error = error.into();
            return CommitResult::Undone { error, reusable };
        }
    };
    let Some(committed) = progress.commit(|| Manager::commit_transaction(conn)) else {
        return CommitResult::Undone {
            error: DbError::Closed,
            reusable: false,
        };
    };
    match committed {
        Ok(()) if conn.is_broken() => {
            let cause = "the closure left a savepoint open".to_owned();
            CommitResult::Undone {
                error: DbError::Aborted { cause },
                reusable: false,
            }
        }
        Ok(()) => CommitResult::Committed { changed },
        Err(error) => {
            let error = DbError::from(error);
            match on_each!(conn, |c| c.after_failed_commit(&error)) {
                FailedCommit::Undone { reusable } => CommitResult::Undone { error, reusable },
                FailedCommit::Unknown => CommitResult::Unknown {
                    cause: error.to_string(),
                },
            }
        }
    }
}
