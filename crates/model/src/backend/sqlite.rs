//! SQLite: a file, write-ahead logging, one write transaction at a time.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use diesel::sqlite::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::dialect::{AnyError, Begun, Dialect, FailedCommit, MigrationFailure, Role};
use super::url::Target;
use crate::error::DbError;

/// How long a connection waits for a lock of another process.
const LOCK_WAIT_MS: u32 = 5_000;
/// How long a file may stay locked while it is switched to WAL.
const WAL_WAIT: Duration = Duration::from_secs(10);
/// How long truncating the log waits for readers.
const TRUNCATE_WAIT_MS: u32 = 100;
/// A WAL that grew in a burst is cut back to this.
const WAL_BYTES: u32 = 64 << 20;

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

#[derive(QueryableByName)]
struct Checkpoint {
    /// Whether somebody was in the way.
    #[diesel(sql_type = Integer)]
    busy: i32,
    /// Pages in the log, and how many of them are in the database; -1 without a log.
    #[diesel(sql_type = Integer)]
    log: i32,
    #[diesel(sql_type = Integer)]
    checkpointed: i32,
}

#[derive(QueryableByName)]
struct TotalChanges {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct DataVersion {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

/// The path as SQLite takes it.
pub(super) fn address(target: &Target, path: &Path) -> Result<String, DbError> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| target.connect_error("its path is not UTF-8"))
}

/// Makes the folder of a file, and turns on write-ahead logging, with which readers and the writer do not wait for each
/// other. WAL stays on in the file.
pub(super) fn prepare(target: &Target, path: &Path) -> Result<(), DbError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|e| target.connect_error(&format!("cannot create folder {}: {e}", folder.display())))?;
    }
    create_private(path);
    let mut c = SqliteConnection::open(target, &address(target, path)?, Role::Migrator, Duration::ZERO)?;
    let until = Instant::now() + WAL_WAIT;
    // The switch needs the file for itself, and SQLite does not always wait for that by its busy timeout.
    loop {
        let mode = diesel::sql_query("PRAGMA journal_mode = WAL").get_result::<JournalMode>(&mut c);
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

/// Creates the file so that only its owner reads it: it holds what customers complained of. SQLite gives its log and its shared
/// memory the same mode. A file that is there keeps the mode that it has, and why one cannot be created, opening it says.
fn create_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

/// Moves the log into the database and truncates it; `false` where a reader or a writer was in the way. The first step
/// waits for nobody. Only where it moved everything comes the second, which keeps writers out while it waits for readers,
/// and therefore waits for a moment only.
pub(super) fn truncate(c: &mut SqliteConnection) -> QueryResult<bool> {
    let moved: Checkpoint = diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").get_result(c)?;
    if moved.busy != 0 || moved.checkpointed < moved.log {
        return Ok(false);
    }
    c.batch_execute(&format!("PRAGMA busy_timeout = {TRUNCATE_WAIT_MS}"))?;
    let truncated: Checkpoint = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(c)?;
    Ok(truncated.busy == 0)
}

/// Whether a file that is not there could be made in its folder, or in the nearest folder above that is there; the error
/// says which file and which folder. Nothing is left behind.
pub(crate) fn creatable(path: &Path) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let above = path.ancestors().skip(1).find(|folder| folder.exists());
    let folder = above.unwrap_or(Path::new("/"));
    let refused = |why: std::io::Error| format!("cannot create {name} in {}: {why}", folder.display());
    let trial = folder.join(format!(".monitor-{}.tmp", uuid::Uuid::new_v4().simple()));
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&trial);
    drop(made.map_err(refused)?);
    std::fs::remove_file(&trial).map_err(refused)
}

impl Dialect for SqliteConnection {
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
    const ENCODING: (&'static str, &'static str) = ("SELECT encoding AS name FROM pragma_encoding", "UTF-8");
    const MIGRATIONS_TABLE: &'static str =
        "SELECT name FROM sqlite_master WHERE name = '__diesel_schema_migrations'";

    /// SQLite says "unable to open database file" and no more; the operating system knows why.
    fn cause(address: &str, error: &ConnectionError) -> String {
        let path = Path::new(address);
        let opened = std::fs::OpenOptions::new().read(true).append(true).open(path);
        match opened {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => match creatable(path) {
                Err(why) => why,
                Ok(()) => error.to_string(),
            },
            Err(why) => why.to_string(),
            // The files beside it are made as it is opened.
            Ok(_) => match creatable(&path.with_added_extension("wal")) {
                Err(why) => why,
                Ok(()) => error.to_string(),
            },
        }
    }

    fn set_up(&mut self, role: Role, _limit: Duration) -> QueryResult<()> {
        // First of all, so that everything after it waits for a lock instead of failing.
        self.batch_execute(&format!("PRAGMA busy_timeout = {LOCK_WAIT_MS}"))?;
        self.batch_execute("PRAGMA foreign_keys = ON")?;
        match role {
            // FULL: a COMMIT that returned is on the disk, also after a power cut. NORMAL, usual with WAL, may lose the
            // last ones. It is one fsync a commit, which is why writes are committed in groups. `fullfsync` is for macOS,
            // whose fsync does not reach the disk.
            Role::Writer | Role::Migrator => self.batch_execute(&format!(
                "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA journal_size_limit = {WAL_BYTES}"
            )),
            Role::Reader | Role::Watcher => self.batch_execute("PRAGMA query_only = ON"),
        }
    }

    /// A connection to a file does not go away.
    fn check(&mut self) -> QueryResult<()> {
        Ok(())
    }

    /// IMMEDIATE: a deferred transaction that reads before it writes fails with "database is locked" when somebody else
    /// wrote in between, regardless of the busy timeout.
    fn begin_write(&mut self) -> QueryResult<Begun> {
        AnsiTransactionManager::begin_transaction_sql(self, "BEGIN IMMEDIATE")?;
        let changes_before = total_changes(self)?;
        Ok(Begun { changes_before })
    }

    /// Others notice by [`data_version`]. Changes undone by a savepoint count too, which costs at most a needless check.
    fn announce(&mut self, begun: &Begun, _handle: &str) -> QueryResult<bool> {
        Ok(total_changes(self)? > begun.changes_before)
    }

    /// SQLite answers for its file itself: an error is a rollback, by now at the latest.
    fn after_failed_commit(&mut self, _error: &DbError) -> FailedCommit {
        FailedCommit::Undone { reusable: false }
    }

    fn listen(&mut self) -> QueryResult<i64> {
        data_version(self)
    }

    fn has_news(&mut self, _handle: &str, version: &mut i64) -> QueryResult<bool> {
        let now = data_version(self)?;
        Ok(std::mem::replace(version, now) != now)
    }

    /// One transaction around all of them, each a savepoint in it: all or nothing.
    fn exclusively(
        &mut self,
        mut run: impl FnMut(&mut Self) -> Result<(), AnyError>,
    ) -> Result<(), MigrationFailure> {
        self.immediate_transaction(|c| Ok(run(c)?))
    }
}

fn total_changes(c: &mut SqliteConnection) -> QueryResult<i64> {
    let total: TotalChanges = diesel::sql_query("SELECT total_changes() AS count").get_result(c)?;
    Ok(total.count)
}

/// Differs after a commit by any other connection, of this process or another, and reads no page:
/// <https://sqlite.org/pragma.html#pragma_data_version>
fn data_version(c: &mut SqliteConnection) -> QueryResult<i64> {
    let row: DataVersion = diesel::sql_query("PRAGMA data_version").get_result(c)?;
    Ok(row.data_version)
}
