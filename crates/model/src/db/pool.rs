//! The connections that reads use: an r2d2 pool over [`connect`], which keeps what the database said when it was down.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::r2d2::R2D2Connection;
use tokio::sync::Semaphore;

use crate::backend::{Conn, Dialect, Role, Target, connect, on_each};
use crate::error::DbError;

/// How long a read waits for a database that is down before it fails. r2d2 goes on trying until then, so nobody notices
/// a server that is back by then.
const CONNECT_WAIT: Duration = Duration::from_secs(2);
/// A connection that lay idle for longer is closed.
const KEPT_FOR: Duration = Duration::from_secs(600);

/// The connections, and the right to have one.
pub(crate) struct Pool {
    target: Arc<Target>,
    /// Waited for without blocking a thread; as many as the pool has connections.
    pub(crate) permits: Arc<Semaphore>,
    connections: Mutex<Option<r2d2::Pool<Readers>>>,
    last_error: LastError,
}

/// A pooled connection and whether it may be used again.
pub(crate) struct Pooled {
    pub(crate) conn: Conn,
    /// Something went wrong on it, and nobody knows what it was in the middle of.
    pub(crate) doubtful: bool,
}

/// Opens connections for r2d2.
pub(crate) struct Readers(Arc<Target>);

/// Why the last connection could not be opened.
#[derive(Clone, Debug, Default)]
struct LastError(Arc<Mutex<Option<DbError>>>);

impl Pool {
    pub(crate) fn new(target: Arc<Target>, size: u32) -> Pool {
        let size = size.max(1);
        let last_error = LastError::default();
        let connections = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .idle_timeout(Some(KEPT_FOR))
            .max_lifetime(None)
            .connection_timeout(CONNECT_WAIT)
            .error_handler(Box::new(last_error.clone()))
            .build_unchecked(Readers(target.clone()));
        Pool {
            target,
            permits: Arc::new(Semaphore::new(size as usize)),
            connections: Mutex::new(Some(connections)),
            last_error,
        }
    }

    /// A connection that answers, an idle one if there is one. The caller holds a permit.
    pub(crate) fn take(&self) -> Result<r2d2::PooledConnection<Readers>, DbError> {
        let connections = self.connections().clone().ok_or(DbError::Closed)?;
        self.last_error.take();
        connections.get().map_err(|timeout| {
            let why = self.last_error.take();
            why.unwrap_or_else(|| self.target.connect_error(&timeout.to_string()))
        })
    }

    /// No reads from now on; closes what is idle.
    pub(crate) fn close(&self) {
        self.permits.close();
        self.connections().take();
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Option<r2d2::Pool<Readers>>> {
        // The pool is either there or not: a panic leaves nothing half done.
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl r2d2::ManageConnection for Readers {
    type Connection = Pooled;
    type Error = DbError;

    fn connect(&self) -> Result<Pooled, DbError> {
        Ok(Pooled {
            conn: connect(&self.0, Role::Reader)?,
            doubtful: false,
        })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), DbError> {
        Ok(on_each!(&mut pooled.conn, |c| c.check())?)
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.doubtful || pooled.conn.is_broken()
    }
}

impl LastError {
    fn take(&self) -> Option<DbError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl r2d2::HandleError<DbError> for LastError {
    fn handle_error(&self, error: DbError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readers").field(&self.0.shown()).finish()
    }
}
