//! The connections that reads use. They are opened and checked on the thread of the read, where a server that does not
//! answer is noticed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::r2d2::R2D2Connection;
use tokio::sync::Semaphore;

use crate::backend::{Conn, Dialect, Progress, Role, Source, connect, on_each};
use crate::error::DbError;

/// How long a read waits for a database that is down before it fails: nobody notices a server that is back by then.
const CONNECT_WAIT: Duration = Duration::from_secs(2);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);
/// A connection that lay idle for longer is closed.
const KEPT_FOR: Duration = Duration::from_secs(600);

/// The connections, and the right to have one.
pub(crate) struct Pool {
    source: Arc<Source>,
    /// Waited for without blocking a thread; as many as the pool has connections.
    pub(crate) permits: Arc<Semaphore>,
    /// Those that lie idle, and since when; the latest is the last. `None` once it is closed.
    idle: Mutex<Option<Vec<(Instant, Conn)>>>,
}

impl Pool {
    pub(crate) fn new(source: Arc<Source>, size: u32) -> Pool {
        Pool {
            source,
            permits: Arc::new(Semaphore::new(size.max(1) as usize)),
            idle: Mutex::new(Some(Vec::new())),
        }
    }

    /// A connection that answers, an idle one if there is one. The caller holds a permit, and gives it back where
    /// nothing went wrong on it.
    pub(crate) fn take(&self) -> Result<Conn, DbError> {
        while let Some(mut conn) = self.pop()? {
            match on_each!(&mut conn, |c| c.check()) {
                Ok(()) => return Ok(conn),
                // The server went away, and with it the others.
                Err(_) => self.clear(),
            }
        }
        let until = Instant::now() + CONNECT_WAIT;
        loop {
            match connect(&self.source, Role::Reader) {
                Err(DbError::Connect { .. }) if Instant::now() + PAUSE < until => {
                    self.pop()?;
                    std::thread::sleep(PAUSE);
                }
                connected => return connected,
            }
        }
    }

    /// For the next read; closes it where it is not to be trusted, or where nobody waits for its thread any more.
    pub(crate) fn give_back(&self, mut conn: Conn, progress: &Progress) {
        if conn.is_broken() || progress.is_given_up() {
            return;
        }
        let now = Instant::now();
        if let Some(idle) = self.idle().as_mut() {
            idle.retain(|(since, _)| now.duration_since(*since) < KEPT_FOR);
            idle.push((now, conn));
        }
    }

    /// Closes what is idle.
    pub(crate) fn clear(&self) {
        let gone = self.idle().as_mut().map(std::mem::take);
        drop(gone);
    }

    /// No reads from now on; closes what is idle.
    pub(crate) fn close(&self) {
        self.permits.close();
        let gone = self.idle().take();
        drop(gone);
    }

    fn pop(&self) -> Result<Option<Conn>, DbError> {
        let mut idle = self.idle();
        let idle = idle.as_mut().ok_or(DbError::Closed)?;
        Ok(idle.pop().map(|(_, conn)| conn))
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<(Instant, Conn)>>> {
        // Nothing in it is ever half done.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
