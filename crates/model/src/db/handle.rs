//! The handle to a database: reads, grouped writes, and notice of changes.

use std::fmt;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use diesel::r2d2::R2D2Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::options::DbOptions;
use super::pool::Pool;
use super::threads::{blocking, spawn};
use super::watcher::Watcher;
use crate::backend::{Backend, Conn, Role, Target, connect, prepare};
use crate::error::DbError;
use crate::migrations;
use crate::writer::{Counters, PendingWrite, QUEUE, QueuedWrite, Stats, Writer, guarded};

/// A handle to a database. Clones are the same handle; it works until [`Db::close`], or until the last clone is gone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    target: Arc<Target>,
    pool: Pool,
    counters: Arc<Counters>,
    changes: Arc<watch::Sender<u64>>,
    threads: Mutex<Threads>,
}

/// The threads end when their channels do: by `close`, or as the last handle goes.
struct Threads {
    /// To the writer.
    queue: Option<mpsc::Sender<Box<dyn QueuedWrite>>>,
    /// Its end stops the watcher.
    stop: Option<SyncSender<()>>,
    handles: Vec<JoinHandle<()>>,
}

impl Db {
    /// Connects. On SQLite it makes the file and its folder where they are missing, and turns on write-ahead logging. It
    /// does not make the tables: see [`Db::migrate`].
    ///
    /// # Errors
    /// [`DbError::BadUrl`] for a URL that cannot be used, [`DbError::Connect`] with what the database or its client
    /// library said; neither holds the password.
    pub async fn open(options: &DbOptions) -> Result<Db, DbError> {
        let target = Arc::new(options.target()?);
        let pool_size = options.pool_size;
        blocking(move || Db::open_now(target, pool_size)).await?
    }

    fn open_now(target: Arc<Target>, pool_size: u32) -> Result<Db, DbError> {
        prepare(&target)?;
        let (changes, _) = watch::channel(0);
        let changes = Arc::new(changes);
        let counters = Arc::new(Counters::default());
        let id = uuid::Uuid::new_v4().to_string();

        let conn = connect(&target, Role::Writer)?;
        Counters::add(&counters.connections, 1);
        let (queue, writes) = mpsc::channel(QUEUE);
        let writer = Writer {
            target: target.clone(),
            conn: Some(conn),
            id: id.clone(),
            counters: counters.clone(),
            changes: changes.clone(),
        };
        let watcher = Watcher::start(target.clone(), id, changes.clone())?;
        let (stop, stopped) = std::sync::mpsc::sync_channel(1);
        let handles = vec![
            spawn(&target, "monitor-db-write", move || writer.run(writes))?,
            spawn(&target, "monitor-db-watch", move || watcher.run(&stopped))?,
        ];

        let threads = Mutex::new(Threads {
            queue: Some(queue),
            stop: Some(stop),
            handles,
        });
        let pool = Pool::new(target.clone(), pool_size);
        Ok(Db {
            inner: Arc::new(Inner {
                target,
                pool,
                counters,
                changes,
                threads,
            }),
        })
    }

    /// Makes the tables, or brings them up to date; gives the names of the migrations it ran. Safe when several
    /// processes do it at once: one does it and the others wait.
    ///
    /// # Errors
    /// [`DbError::Migrate`], naming the migration that failed. On SQLite none is kept then; on PostgreSQL those before it.
    pub async fn migrate(&self) -> Result<Vec<String>, DbError> {
        let target = self.inner.target.clone();
        let applied = blocking(move || migrations::migrate(&target)).await??;
        for name in &applied {
            log::info!("migrated {} by {name}", self.inner.target.shown());
        }
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
        let target = self.inner.target.clone();
        blocking(move || migrations::pending(&target)).await?
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
        let permit = self
            .inner
            .pool
            .permits
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| DbError::Closed)?;
        let inner = self.inner.clone();
        blocking(move || {
            let _permit = permit;
            let mut pooled = inner.pool.take()?;
            // Until it is known to have gone well: a panic leaves it marked.
            pooled.doubtful = true;
            let result = guarded(|| f(&mut pooled.conn))?;
            pooled.doubtful = matches!(result, Err(DbError::Disconnected { .. }));
            result
        })
        .await?
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
    /// [`DbError::CommitUnknown`] where it may be stored or not.
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

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        match *self.inner.target {
            Target::Sqlite { .. } => Backend::Sqlite,
            Target::Postgres { .. } => Backend::Postgres,
        }
    }

    /// What the writer did so far.
    pub fn stats(&self) -> Stats {
        self.inner.counters.snapshot()
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
        let (queue, stop, handles) = {
            let mut threads = self.inner.threads();
            (
                threads.queue.take(),
                threads.stop.take(),
                std::mem::take(&mut threads.handles),
            )
        };
        drop((queue, stop));
        self.inner.pool.close();
        let joined = blocking(move || handles.into_iter().for_each(|handle| drop(handle.join()))).await;
        if let Err(error) = joined {
            log::warn!("closing {}: {error}", self.inner.target.shown());
        }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("url", &self.inner.target.shown())
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn threads(&self) -> std::sync::MutexGuard<'_, Threads> {
        // Nothing in it is ever half done.
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
