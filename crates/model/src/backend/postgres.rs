//! PostgreSQL: a server, row locks, LISTEN and NOTIFY.

use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;
use diesel::sql_types::{BigInt, Text};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::dialect::{AnyError, Begun, Dialect, FailedCommit, MigrationFailure, Role};
use crate::error::DbError;

/// How long a statement waits for a lock of another process. A migration that waited longer for a table would hold up
/// everybody who came for that table after it.
const LOCK_WAIT_MS: u32 = 5_000;
/// How long a session may do nothing in the middle of a transaction.
const IDLE_MS: u32 = 30_000;
/// The channel of NOTIFY on which handles hear of each other's commits.
const CHANNEL: &str = "monitor_changed";
/// The advisory lock that migrating processes queue up for: "monitor" in ASCII. It is per database.
const MIGRATION_LOCK: i64 = 0x6d_6f6e_6974_6f72;

#[derive(QueryableByName)]
struct TransactionId {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

impl Dialect for PgConnection {
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");
    const ENCODING: (&'static str, &'static str) =
        ("SELECT current_setting('server_encoding') AS name", "UTF8");
    const MIGRATIONS_TABLE: &'static str = "SELECT to_regclass('__diesel_schema_migrations')::text AS name \
         WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL";

    fn cause(_address: &str, error: &ConnectionError) -> String {
        error.to_string()
    }

    fn set_up(&mut self, role: Role, limit: Duration) -> QueryResult<()> {
        // A process that was frozen in mid-transaction must not hold its locks for ever.
        self.batch_execute(&format!(
            "SET statement_timeout = '{}ms'; SET idle_in_transaction_session_timeout = '{IDLE_MS}ms'",
            limit.as_millis()
        ))?;
        match role {
            // Where the server answers commits before they are on its disk, this connection turns that off for itself.
            Role::Writer => self.batch_execute(&format!(
                "SET lock_timeout = '{LOCK_WAIT_MS}ms'; \
                 SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') = 'off'"
            )),
            Role::Reader => self.batch_execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"),
            Role::Watcher | Role::Migrator => Ok(()),
        }
    }

    /// A connection to a server goes away when that is restarted.
    fn check(&mut self) -> QueryResult<()> {
        self.ping()
    }

    fn begin_write(&mut self) -> QueryResult<Begun> {
        AnsiTransactionManager::begin_transaction_sql(self, "BEGIN")?;
        Ok(Begun { changes_before: 0 })
    }

    /// A transaction has an id from its first change on. This is also where a closure that ran alone and hid an error of
    /// the database is found out: COMMIT would answer with success, and be a rollback.
    fn announce(&mut self, _begun: &Begun, handle: &str) -> QueryResult<bool> {
        let notified = diesel::sql_query(
            "SELECT txid_current_if_assigned() AS id, pg_notify($1, $2)::text AS notified \
             WHERE txid_current_if_assigned() IS NOT NULL",
        );
        let notified = notified.bind::<Text, _>(CHANNEL).bind::<Text, _>(handle);
        let ids = notified.load::<TransactionId>(self)?;
        Ok(ids.iter().any(|transaction| transaction.id != 0))
    }

    /// A server that still answers has answered the COMMIT with that error. If it does not, the COMMIT may have reached it
    /// or not.
    fn after_failed_commit(&mut self, error: &DbError) -> FailedCommit {
        if matches!(error, DbError::Disconnected { .. }) || self.ping().is_err() {
            return FailedCommit::Unknown;
        }
        FailedCommit::Undone {
            reusable: !self.is_broken(),
        }
    }

    fn listen(&mut self) -> QueryResult<i64> {
        diesel::sql_query(format!("LISTEN {CHANNEL}")).execute(self)?;
        Ok(0)
    }

    /// Without a query to the server. A handle hears its own notifications, too.
    fn has_news(&mut self, handle: &str, _version: &mut i64) -> QueryResult<bool> {
        let mut news = false;
        for notification in self.notifications_iter() {
            news |= notification?.payload != handle;
        }
        Ok(news)
    }

    /// Each migration is a transaction. The lock ends with the connection, whatever happens; taken again, it is held
    /// twice. A process that waits for it waits as long as the other's migrations take.
    fn exclusively(
        &mut self,
        mut run: impl FnMut(&mut Self) -> Result<(), AnyError>,
    ) -> Result<(), MigrationFailure> {
        self.batch_execute("SET lock_timeout = 0")?;
        self.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))?;
        self.batch_execute(&format!("SET lock_timeout = '{LOCK_WAIT_MS}ms'"))?;
        run(self).map_err(|error| {
            let cause = error.to_string();
            // diesel wraps what the database said in a private type.
            if cause.contains("due to lock timeout") || cause.contains("deadlock detected") {
                MigrationFailure::Database(DbError::Locked { cause })
            } else {
                MigrationFailure::Migration(error)
            }
        })
    }
}
