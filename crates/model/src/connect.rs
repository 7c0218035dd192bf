//! Opens connections: by the URL's scheme, each set up for what it is for.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use crate::conn::Conn;
use crate::error::DbError;
use crate::url::Target;

/// How long a connection waits for a lock of another process (SQLite's `busy_timeout`, PostgreSQL's `lock_timeout`).
const LOCK_WAIT_MS: u32 = 5_000;
/// How long a SQLite file may stay locked while it is switched to WAL.
const WAL_WAIT: Duration = Duration::from_secs(10);
/// A WAL that grew in a burst is cut back to this.
const WAL_BYTES: u32 = 64 << 20;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    /// The one that all of this process's writes go through.
    Writer,
    /// Reads; refused to write.
    Reader,
    /// Looks for changes by others.
    Watcher,
    /// Changes the tables: waits for as long as it takes.
    Migrator,
}

/// Opens a connection and sets it up.
pub(crate) fn connect(target: &Target, role: Role) -> Result<Conn, DbError> {
    match target {
        Target::Sqlite { path } => {
            let path = path
                .to_str()
                .ok_or_else(|| target.connect_error("its path is not UTF-8"))?;
            let connected = SqliteConnection::establish(path);
            let mut c = connected.map_err(|e| target.connect_error(&sqlite_cause(path, &e)))?;
            set_up_sqlite(&mut c, role).map_err(|e| target.connect_error(&e.to_string()))?;
            Ok(Conn::Sqlite(c))
        }
        Target::Postgres { url, .. } => {
            let connected = PgConnection::establish(url);
            let mut c = connected.map_err(|e| target.connect_error(&e.to_string()))?;
            set_up_postgres(&mut c, role).map_err(|e| target.connect_error(&e.to_string()))?;
            Ok(Conn::Postgres(c))
        }
    }
}

/// Makes a SQLite file ready for many connections, once and before any other: its folder, and write-ahead logging, with
/// which readers and the writer do not wait for each other. WAL stays in the file.
pub(crate) fn prepare(target: &Target) -> Result<(), DbError> {
    let Target::Sqlite { path } = target else {
        return Ok(());
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|e| target.connect_error(&format!("cannot create folder {}: {e}", folder.display())))?;
    }
    let mut conn = connect(target, Role::Migrator)?;
    let Conn::Sqlite(c) = &mut conn else { return Ok(()) };
    let until = Instant::now() + WAL_WAIT;
    // The switch needs the file for itself, and SQLite does not always wait for that by its busy timeout.
    loop {
        let mode = diesel::sql_query("PRAGMA journal_mode = WAL").get_result::<JournalMode>(c);
        match mode.map_err(DbError::from) {
            Ok(mode) if mode.journal_mode == "wal" => return Ok(()),
            Ok(mode) => {
                log::warn!(
                    mode = mode.journal_mode.as_str();
                    "{} cannot use write-ahead logging (a network share?): readers and writers wait for each other",
                    target.shown()
                );
                return Ok(());
            }
            Err(DbError::Locked { .. }) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(target.connect_error(&error.to_string())),
        }
    }
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

fn set_up_sqlite(c: &mut SqliteConnection, role: Role) -> QueryResult<()> {
    // First of all, so that whatever follows waits for a lock instead of failing.
    c.batch_execute(&format!("PRAGMA busy_timeout = {LOCK_WAIT_MS}"))?;
    c.batch_execute("PRAGMA foreign_keys = ON")?;
    match role {
        // FULL: a COMMIT that returned is on the disk, also after a power cut. NORMAL, usual with WAL, may lose the last
        // ones. It is one fsync a commit, which is why writes are committed in groups. `fullfsync` is for macOS, whose
        // fsync does not reach the disk.
        Role::Writer | Role::Migrator => c.batch_execute(&format!(
            "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA journal_size_limit = {WAL_BYTES}"
        )),
        Role::Reader | Role::Watcher => c.batch_execute("PRAGMA query_only = ON"),
    }
}

fn set_up_postgres(c: &mut PgConnection, role: Role) -> QueryResult<()> {
    match role {
        // A writer that was frozen in mid-transaction must not hold its locks for ever. A server that answers commits
        // before they are on its disk is asked not to, here.
        Role::Writer => c.batch_execute(&format!(
            "SET lock_timeout = '{LOCK_WAIT_MS}ms'; SET idle_in_transaction_session_timeout = '30s'; \
             SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )),
        Role::Reader => c.batch_execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"),
        Role::Watcher | Role::Migrator => Ok(()),
    }
}

/// SQLite says "unable to open database file" and no more; the operating system knows why.
fn sqlite_cause(path: &str, error: &ConnectionError) -> String {
    match std::fs::OpenOptions::new().read(true).append(true).open(path) {
        Err(why) => why.to_string(),
        Ok(_) => error.to_string(),
    }
}
