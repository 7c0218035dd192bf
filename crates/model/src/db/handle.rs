//! The handle to a database: reads, grouped writes, and notice of changes.

use std::fmt;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use diesel::r2d2::R2D2Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::log_file::LogFile;
use super::options::DbOptions;
use super::pool::Pool;
use super::runner::Runner;
use super::watcher::Watcher;
use crate::backend::{Backend, Conn, Progress, Role, Source, Target, connect, prepare};
use crate::error::DbError;
use crate::migrations;
use crate::writer::{Counters, PendingWrite, QUEUE, QueuedWrite, Stats, Writer};

/// The threads of a handle.
const WRITER: &str = "monitor-db-write";
const WATCHER: &str = "monitor-db-watch";
/// How often `close` checks whether they are over.
const CLOSING: Duration = Duration::from_millis(2);

/// A handle to a database. Clones are the same handle; it works until [`Db::close`], or until the last clone is gone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    runner: Runner,
    pool: Pool,
    counters: Arc<Counters>,
    changes: Arc<watch::Sender<u64>>,
    threads: Mutex<Threads>,
    last_log: Mutex<Option<LogFile>>,
}

/// The threads end when their channels do: by `close`, or as the last handle goes.
struct Threads {
    /// To the writer.
    queue: Option<mpsc::Sender<Box<dyn QueuedWrite>>>,
    /// Its end stops the watcher.
    stop: Option<SyncSender<()>>,
}

/// What a handle begins with.
struct Opened {
    writer: Conn,
    watcher: (Conn, i64),
}

impl Db {
    /// Connects. On SQLite it makes the file and its folder where they are missing, and turns on write-ahead logging. It
    /// does not make the tables: see [`Db::migrate`].
    ///
    /// # Errors
    /// [`DbError::BadUrl`] for a URL that cannot be used, [`DbError::Connect`] with what the database or its client
    /// library said; neither holds the password.
    pub async fn open(options: &DbOptions) -> Result<Db, DbError> {
        let runner = Runner::start(options)?;
        let source = runner.source.clone();
        let connected = move |_: &Progress| {
            prepare(&source)?;
            source.file.pin(&source.target);
            Ok(Opened {
                writer: connect(&source, Role::Writer)?,
                watcher: Watcher::listen(&source)?,
            })
        };
        let opened = runner.run(Role::Writer, (), connected).await?;
        Db::start(runner, opened, options.pool_size)
    }

    fn start(runner: Runner, opened: Opened, pool_size: u32) -> Result<Db, DbError> {
        let changes = Arc::new(watch::channel(0).0);
        let counters = Arc::new(Counters::default());
        let id = uuid::Uuid::new_v4().to_string();
        Counters::add(&counters.connections, 1);

        let (queue, writes) = mpsc::channel(QUEUE);
        let (crew, source) = (runner.crew.clone(), runner.source.clone());
        let start = Arc::new(move |writer: Writer| {
            if let Err(error) = crew.start(&source, WRITER, move || writer.run()) {
                log::error!("nothing is written any more: {error}");
            }
        });
        let writer = Writer {
            source: runner.source.clone(),
            conn: Some(opened.writer),
            id: id.clone(),
            counters: counters.clone(),
            changes: changes.clone(),
            queue: Arc::new(Mutex::new(writes)),
            progress: Progress::default(),
            start,
        };
        runner.crew.start(&runner.source, WRITER, move || writer.run())?;

        let (stop, stopped) = std::sync::mpsc::sync_channel(1);
        let (crew, source) = (runner.crew.clone(), runner.source.clone());
        let start = Arc::new(move |watcher: Watcher| {
            if let Err(error) = crew.start(&source, WATCHER, move || watcher.run()) {
                log::error!("nobody listens for changes any more: {error}");
            }
        });
        let (conn, version) = opened.watcher;
        let watcher = Watcher {
            source: runner.source.clone(),
            conn: Some(conn),
            id,
            version,
            changes: changes.clone(),
            stop: Arc::new(Mutex::new(stopped)),
            start,
        };
        runner
            .crew
            .start(&runner.source, WATCHER, move || watcher.run())?;

        let threads = Mutex::new(Threads {
            queue: Some(queue),
            stop: Some(stop),
        });
        let pool = Pool::new(runner.source.clone(), pool_size);
        Ok(Db {
            inner: Arc::new(Inner {
                runner,
                pool,
                counters,
                changes,
                threads,
                last_log: Mutex::new(None),
            }),
        })
    }

    /// Makes the tables, or brings them up to date; gives the names of the migrations it ran, which are the
    /// caller's to log. Safe when several
    /// processes do it at once: one does it and the others wait.
    ///
    /// # Errors
    /// [`DbError::Unsuitable`] for a database that this program cannot work with: its encoding is not UTF-8, or a newer
    /// program migrated it. [`DbError::Migrate`], naming the migration that failed. On SQLite none is kept then; on PostgreSQL those before it.
    pub async fn migrate(&self) -> Result<Vec<String>, DbError> {
        let source = self.inner.source().clone();
        let migrate = move |_: &Progress| migrations::migrate(&source);
        let applied = self.inner.runner.run(Role::Migrator, (), migrate).await?;
        if !applied.is_empty() {
            self.inner.changes.send_modify(|count| *count += 1);
        }
        Ok(applied)
    }

    /// The names of the migrations that [`Db::migrate`] would run. Changes nothing.
    ///
    /// # Errors
    /// As for a read.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, DbError> {
        let source = self.inner.source().clone();
        self.read(move |c| migrations::pending(&source, c)).await
    }

    /// Runs `f` on a connection for reads, off the async threads. It sees all that was committed before.
    ///
    /// # Errors
    /// What `f` returned, or why there is no connection. The connection refuses to write.
    pub async fn read<T, F>(&self, f: F) -> Result<T, DbError>
    where
        F: FnOnce(&mut Conn) -> Result<T, DbError> + Send + 'static,
        T: Send + 'static,
    {
        let patience = self.inner.source().patience(Role::Reader);
        let permit = self.inner.pool.permits.clone().acquire_owned();
        let permit = tokio::time::timeout(patience, permit)
            .await
            .map_err(|_| DbError::NoAnswer { after: patience })?
            .map_err(|_| DbError::Closed)?;
        let inner = self.inner.clone();
        let reading = move |progress: &Progress| {
            let mut reader = inner.pool.take()?;
            // A panic takes the connection with it: nobody knows what it was in the middle of.
            let result = f(&mut reader.conn);
            if !matches!(result, Err(DbError::Disconnected { .. })) {
                inner.pool.give_back(reader, progress);
            }
            result
        };
        let read = self.inner.runner.run(Role::Reader, permit, reading).await;
        if matches!(read, Err(DbError::NoAnswer { .. })) {
            // The others lead to the same server.
            self.inner.pool.clear();
        }
        read
    }

    /// Runs `f` in a write transaction and answers when it is committed: on the disk, not only handed over.
    ///
    /// Closures that wait at the same time share a transaction and its one fsync, each in a savepoint: one that returns an
    /// error is undone alone. `f` may be run again where the transaction was lost and certainly not stored (a deadlock, a
    /// lost connection), so it must do nothing but use its connection. Where too many wait, this waits for room.
    /// Dropping the future before `f`'s turn cancels it; after that it is carried out, and nobody gets the answer.
    ///
    /// # Errors
    /// What `f` returned; [`DbError::Locked`] or [`DbError::Connect`] where nothing was stored and trying later is fine;
    /// The same for [`DbError::NoAnswer`]. [`DbError::CommitUnknown`] where it may be stored or not.
    pub async fn write<T, F>(&self, f: F) -> Result<T, DbError>
    where
        F: FnMut(&mut Conn) -> Result<T, DbError> + Send + 'static,
        T: Send + 'static,
    {
        let queue = self.inner.threads().queue.clone().ok_or(DbError::Closed)?;
        let (write, answer): (_, oneshot::Receiver<_>) = PendingWrite::new(f);
        queue.send(Box::new(write)).await.map_err(|_| DbError::Closed)?;
        drop(queue);
        answer.await.unwrap_or_else(|_| {
            let cause = "the writer failed in the middle of it".to_owned();
            Err(DbError::CommitUnknown { cause })
        })
    }

    /// A count that goes up when something was changed: at once for writes of this handle, before they are answered, and
    /// within some 50 ms for those of others. It may go up without reason, and by one for many changes: read what changed
    /// instead of counting.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Waits until the file of a SQLite database is found to be deleted or replaced, which is checked every 50 ms and at
    /// each read and write; gives the error that they fail with. For ever on PostgreSQL.
    pub async fn file_replaced(&self) -> DbError {
        let source = self.inner.source();
        source.file.until_lost(&source.target).await
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        match self.inner.source().target {
            Target::Sqlite { .. } => Backend::Sqlite,
            Target::Postgres { .. } => Backend::Postgres,
        }
    }

    /// What the writer did so far.
    pub fn stats(&self) -> Stats {
        self.inner.counters.snapshot()
    }

    /// Why the last transaction of this handle was not stored; `None` where it was, and where nothing was written yet.
    /// Those that wait for a write are answered later: it may be run again.
    pub fn write_failure(&self) -> Option<String> {
        self.inner.counters.failure()
    }

    /// Whether the database answers a read.
    ///
    /// # Errors
    /// As for a read.
    pub async fn ping(&self) -> Result<(), DbError> {
        self.read(|c| Ok(c.ping()?)).await
    }

    /// Carries out the writes that wait, then stops the threads and closes the connections, for all clones. Every use of
    /// the handle after that fails with [`DbError::Closed`].
    pub async fn close(&self) {
        {
            let mut threads = self.inner.threads();
            threads.queue.take();
            threads.stop.take();
        }
        self.inner.pool.close();
        let crew = &self.inner.runner.crew;
        while !(crew.is_over(WRITER) && crew.is_over(WATCHER)) {
            tokio::time::sleep(CLOSING).await;
        }
    }

    pub(super) fn last_log(&self) -> MutexGuard<'_, Option<LogFile>> {
        self.inner.last_log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn runner(&self) -> &Runner {
        &self.inner.runner
    }

    /// How many connections did not answer, were given up, and still hang.
    pub fn hung(&self) -> usize {
        self.inner.source().deadlines.hung()
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("url", &self.inner.source().shown())
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn source(&self) -> &Arc<Source> {
        &self.runner.source
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Threads> {
        // Nothing in it is ever half done.
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
