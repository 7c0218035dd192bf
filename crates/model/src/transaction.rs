//! The steps of a write transaction on either database, and what is known when one of them fails.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;

use crate::conn::Conn;
use crate::error::DbError;
use crate::job::{Job, Ran};

/// The channel of PostgreSQL's NOTIFY on which handles tell each other of their commits.
pub(crate) const CHANNEL: &str = "monitor_changed";

type Manager = <Conn as Connection>::TransactionManager;

/// A transaction that has begun.
pub(crate) struct Begun {
    /// SQLite's count of changes of this connection, which goes up for ever.
    changes_before: i64,
}

/// How a commit ended.
pub(crate) enum Ended {
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

/// Begins, and gives what [`commit`] needs to know. IMMEDIATE on SQLite: a deferred transaction that reads before it
/// writes fails with "database is locked" when somebody else wrote in between, whatever the busy timeout.
pub(crate) fn begin(conn: &mut Conn) -> Result<Begun, DbError> {
    match conn {
        Conn::Sqlite(c) => {
            AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?;
            Ok(Begun {
                changes_before: total_changes(c)?,
            })
        }
        Conn::Postgres(c) => {
            AnsiTransactionManager::begin_transaction_sql(c, "BEGIN")?;
            Ok(Begun { changes_before: 0 })
        }
    }
}

/// Undoes the whole transaction; `false` where the connection is not to be used again (which undoes it as well).
pub(crate) fn roll_back(conn: &mut Conn) -> bool {
    Manager::rollback_transaction(conn).is_ok() && !conn.is_broken()
}

/// Runs a job so that it can be undone alone. An error means that the whole transaction is lost.
pub(crate) fn in_savepoint(conn: &mut Conn, job: &mut dyn Job) -> Result<Ran, DbError> {
    Manager::begin_transaction(conn)?;
    match job.run(conn) {
        Ran::Done => {
            // On PostgreSQL this fails where the closure hid an error of the database: its work is not there.
            if let Err(error) = Manager::commit_transaction(conn) {
                Manager::rollback_transaction(conn)?;
                job.undone(error.into());
                return Ok(Ran::Failed);
            }
            Ok(Ran::Done)
        }
        Ran::Panicked => Ok(Ran::Panicked),
        other => {
            // SQLite undoes the whole transaction by itself at some errors (disk full, I/O); then there is no savepoint
            // any more, and this is where it shows.
            Manager::rollback_transaction(conn)?;
            Ok(other)
        }
    }
}

/// Commits, and tells the other handles on PostgreSQL. `id` is who tells.
pub(crate) fn commit(conn: &mut Conn, begun: &Begun, id: &str) -> Ended {
    let changed = match tell(conn, begun, id) {
        Ok(changed) => changed,
        Err(error) => {
            let reusable = roll_back(conn);
            return Ended::Undone { error, reusable };
        }
    };
    match Manager::commit_transaction(conn) {
        Ok(()) if conn.is_broken() => {
            let cause = "the closure left a savepoint open".to_owned();
            Ended::Undone {
                error: DbError::Aborted { cause },
                reusable: false,
            }
        }
        Ok(()) => Ended::Committed { changed },
        Err(error) => {
            let error = DbError::from(error);
            match conn {
                // SQLite answers for its file itself: an error is a rollback, by now at the latest.
                Conn::Sqlite(_) => Ended::Undone {
                    error,
                    reusable: false,
                },
                // A server that still answers has answered the COMMIT with that error. Of one that does not answer it is
                // not known whether the COMMIT reached it.
                Conn::Postgres(_) => {
                    let answers = !matches!(error, DbError::Disconnected { .. }) && conn.ping().is_ok();
                    if answers {
                        Ended::Undone {
                            error,
                            reusable: !conn.is_broken(),
                        }
                    } else {
                        Ended::Unknown {
                            cause: error.to_string(),
                        }
                    }
                }
            }
        }
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Whether the open transaction changed anything; on PostgreSQL the others are told if so, when it commits. A
/// transaction that changed nothing must wake nobody: those woken look for work by writing, and would wake each other
/// for ever.
fn tell(conn: &mut Conn, begun: &Begun, id: &str) -> Result<bool, DbError> {
    match conn {
        // Changes undone by a savepoint count too, which costs at most a needless look.
        Conn::Sqlite(c) => Ok(total_changes(c)? > begun.changes_before),
        Conn::Postgres(c) => {
            // A transaction has an id from its first change on. This is also where a closure that ran alone and hid an
            // error of the database is found out: COMMIT would answer with success, and be a rollback.
            let told = diesel::sql_query(
                "SELECT txid_current_if_assigned() AS number, pg_notify($1, $2)::text AS told \
                 WHERE txid_current_if_assigned() IS NOT NULL",
            );
            let told = told
                .bind::<Text, _>(CHANNEL)
                .bind::<Text, _>(id)
                .load::<Number>(c)?;
            Ok(told.iter().any(|xid| xid.number != 0))
        }
    }
}

fn total_changes(c: &mut SqliteConnection) -> QueryResult<i64> {
    let total: Number = diesel::sql_query("SELECT total_changes() AS number").get_result(c)?;
    Ok(total.number)
}
