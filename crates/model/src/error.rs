//! What can go wrong with the database, in words that a person can act on.

use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// An error of the database. None of them holds a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// The URL names no database that can be used.
    #[error("database url {url}: {why}")]
    BadUrl {
        /// The URL without its password.
        url: String,
        /// What is wrong, and what to write instead.
        why: String,
    },
    /// The database could not be reached or set up.
    #[error("cannot connect to the database {url}: {cause}")]
    Connect {
        /// The URL without its password.
        url: String,
        /// What the database or its client library said.
        cause: String,
    },
    /// It was reached, and this program cannot work with it as it is.
    #[error("the database {url} cannot be used: {why}")]
    Unsuitable {
        /// The URL without its password.
        url: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// SQLite's path leads to another file than the one that is open, or to none. Nothing was stored, if this comes from a
    /// write.
    #[error(
        "the database file was deleted or replaced: restart the worker and the web, which open what is then at {url}"
    )]
    FileReplaced {
        /// Where it was.
        url: String,
    },
    /// The tables could not be brought up to date.
    #[error("cannot migrate the database: {cause}")]
    Migrate {
        /// What the database said, and at which migration.
        cause: String,
    },
    /// Another process held the database, or a row, for longer than one waits.
    #[error("the database is locked by another process: {cause}")]
    Locked {
        /// What the database said.
        cause: String,
    },
    /// It was reached, and a statement was not answered in time. Nothing was stored, if this comes from a write.
    #[error("the database did not answer for {} s", after.as_secs_f64().round())]
    NoAnswer {
        /// How long that was waited for.
        after: Duration,
    },
    /// The database itself ended a statement that took too long. Nothing was stored, if this comes from a write.
    #[error("the database ended a statement that took too long: {cause}")]
    TooSlow {
        /// What the database said.
        cause: String,
    },
    /// The database ended the transaction so that another could go on (deadlock, serialization). Nothing was stored.
    #[error("the database undid the transaction in favour of another: {cause}")]
    Aborted {
        /// What the database said.
        cause: String,
    },
    /// The connection was lost. Nothing was stored, if this comes from a write.
    #[error("lost the connection to the database: {cause}")]
    Disconnected {
        /// What the client library said.
        cause: String,
    },
    /// The connection was lost while COMMIT was under way: it may have been stored or not. Check before doing it again.
    #[error("lost the connection to the database during commit, so it may be stored or not: {cause}")]
    CommitUnknown {
        /// What the client library said.
        cause: String,
    },
    /// The stored version of a metric's state was not the expected one: another worker was first.
    #[error("the state of metric {key} was changed by another worker")]
    Conflict {
        /// The metric.
        key: String,
    },
    /// There is no such row.
    #[error("no such row")]
    NotFound,
    /// A query failed.
    #[error("database query failed: {0}")]
    Query(#[source] DieselError),
    /// The closure given to `Db::read` or `Db::write` panicked; what it wrote was undone.
    #[error("a database operation panicked: {message}")]
    Panicked {
        /// What it panicked with.
        message: String,
    },
    /// The database handle was closed.
    #[error("the database handle is closed")]
    Closed,
}

impl DbError {
    /// Whether the same may succeed a little later without anybody doing anything.
    ///
    /// `CommitUnknown` is not: trying again may do it twice.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            DbError::Connect { .. }
                | DbError::Locked { .. }
                | DbError::NoAnswer { .. }
                | DbError::TooSlow { .. }
                | DbError::Aborted { .. }
                | DbError::Disconnected { .. }
        )
    }

    /// The same once more, for another write that failed for the same reason.
    pub(crate) fn again(&self) -> DbError {
        match self {
            DbError::BadUrl { url, why } => DbError::BadUrl {
                url: url.clone(),
                why: why.clone(),
            },
            DbError::Connect { url, cause } => DbError::Connect {
                url: url.clone(),
                cause: cause.clone(),
            },
            DbError::Unsuitable { url, why } => DbError::Unsuitable {
                url: url.clone(),
                why: why.clone(),
            },
            DbError::FileReplaced { url } => DbError::FileReplaced { url: url.clone() },
            DbError::Migrate { cause } => DbError::Migrate { cause: cause.clone() },
            DbError::Locked { cause } => DbError::Locked { cause: cause.clone() },
            DbError::NoAnswer { after } => DbError::NoAnswer { after: *after },
            DbError::TooSlow { cause } => DbError::TooSlow { cause: cause.clone() },
            DbError::Aborted { cause } => DbError::Aborted { cause: cause.clone() },
            DbError::Disconnected { cause } => DbError::Disconnected { cause: cause.clone() },
            DbError::CommitUnknown { cause } => DbError::CommitUnknown { cause: cause.clone() },
            DbError::Conflict { key } => DbError::Conflict { key: key.clone() },
            DbError::NotFound => DbError::NotFound,
            DbError::Query(error) => {
                let message = Box::new(error.to_string());
                DbError::Query(DieselError::DatabaseError(DatabaseErrorKind::Unknown, message))
            }
            DbError::Panicked { message } => DbError::Panicked {
                message: message.clone(),
            },
            DbError::Closed => DbError::Closed,
        }
    }

    /// Whether a second run of the same closure, alone and at once, is worth it: it was undone for the sake of others.
    pub(crate) fn is_worth_another_run(&self) -> bool {
        matches!(self, DbError::Aborted { .. } | DbError::Disconnected { .. })
    }
}

impl From<DieselError> for DbError {
    /// Sorts by what the database said. diesel passes on no SQLSTATE and no SQLite code for most errors, so the message
    /// decides, for both databases here; in another language than English it stays `Query`, which is reported and not
    /// retried.
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::NotFound => DbError::NotFound,
            DieselError::RollbackErrorOnCommit { commit_error, .. } => DbError::Disconnected {
                cause: commit_error.to_string(),
            },
            DieselError::BrokenTransactionManager => DbError::Disconnected {
                cause: error.to_string(),
            },
            DieselError::DatabaseError(kind, info) => {
                let cause = info.message().trim().to_owned();
                match kind {
                    DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                        DbError::Disconnected { cause }
                    }
                    DatabaseErrorKind::SerializationFailure => DbError::Aborted { cause },
                    DatabaseErrorKind::Unknown => match cause.as_str() {
                        // PostgreSQL 40P01.
                        text if text.starts_with("deadlock detected") => DbError::Aborted { cause },
                        // SQLite's SQLITE_BUSY and SQLITE_LOCKED, PostgreSQL 55P03 by `lock_timeout`.
                        text if text.starts_with("database is locked")
                            || text.starts_with("database table is locked")
                            || text.contains("due to lock timeout") =>
                        {
                            DbError::Locked { cause }
                        }
                        // PostgreSQL 57014 by `statement_timeout`.
                        text if text.contains("due to statement timeout") => DbError::TooSlow { cause },
                        // libpq's own, which carry no SQLSTATE.
                        text if text.contains("server closed the connection")
                            || text.contains("no connection to the server")
                            || text.contains("terminating connection") =>
                        {
                            DbError::Disconnected { cause }
                        }
                        _ => DbError::Query(error),
                    },
                    _ => DbError::Query(error),
                }
            }
            _ => DbError::Query(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(message: &str) -> DbError {
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned())).into()
    }

    #[test]
    fn the_message_shows_what_may_be_tried_again() {
        assert!(matches!(unknown("database is locked"), DbError::Locked { .. }));
        assert!(matches!(
            unknown("canceling statement due to lock timeout"),
            DbError::Locked { .. }
        ));
        assert!(matches!(unknown("deadlock detected"), DbError::Aborted { .. }));
        assert!(matches!(
            unknown("no connection to the server\n"),
            DbError::Disconnected { .. }
        ));
        assert!(matches!(
            unknown("canceling statement due to statement timeout"),
            DbError::TooSlow { .. }
        ));
        assert!(matches!(
            unknown("FATAL:  terminating connection due to idle-in-transaction timeout"),
            DbError::Disconnected { .. }
        ));
        assert!(matches!(unknown("no such table: x"), DbError::Query(_)));
        let silent = DbError::NoAnswer {
            after: Duration::from_millis(12_504),
        };
        assert_eq!(silent.to_string(), "the database did not answer for 13 s");
        assert!(silent.is_transient());
        assert!(unknown("deadlock detected").is_transient());
        assert!(!unknown("no such table: x").is_transient());
        assert!(!DbError::CommitUnknown { cause: String::new() }.is_transient());
        assert!(matches!(DbError::from(DieselError::NotFound), DbError::NotFound));
    }
}
