//! The connections that reads use: an r2d2 pool of slots for them. They are opened and checked on the thread of the read, where
//! a server that does not answer is noticed; r2d2 has threads of its own for that, which nobody watches.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::r2d2::R2D2Connection;
use r2d2::{ManageConnection, PooledConnection};
use tokio::sync::Semaphore;

use crate::backend::{Conn, Dialect, MAX_HUNG, Progress, Role, Source, connect, on_each};
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
    /// `None` once it is closed.
    slots: Mutex<Option<r2d2::Pool<Slots>>>,
    /// Connections of before are not to be trusted any more.
    generation: AtomicU64,
}

/// Makes the slots of r2d2's pool: without a connection at first.
struct Slots;

/// Where a connection lies idle.
#[derive(Default)]
struct Slot {
    /// With the generation that it is of.
    conn: Option<(u64, Conn)>,
}

/// A connection that is taken; it is closed when dropped, unless it is given back.
pub(crate) struct Reader {
    slot: PooledConnection<Slots>,
    generation: u64,
    pub(crate) conn: Conn,
}

impl Pool {
    pub(crate) fn new(source: Arc<Source>, size: u32) -> Pool {
        let size = size.max(1);
        let slots = r2d2::Pool::builder()
            // A connection that hangs never gives back its slot; the permits say how many may be used.
            .max_size(size.saturating_add(u32::try_from(MAX_HUNG).unwrap_or(u32::MAX)))
            .min_idle(Some(0))
            .idle_timeout(Some(KEPT_FOR))
            .max_lifetime(None)
            .connection_timeout(CONNECT_WAIT)
            .test_on_check_out(false)
            .build_unchecked(Slots);
        Pool {
            source,
            permits: Arc::new(Semaphore::new(size as usize)),
            slots: Mutex::new(Some(slots)),
            generation: AtomicU64::new(0),
        }
    }

    /// A connection that answers, an idle one if there is one. The caller holds a permit, and gives it back where
    /// nothing went wrong on it.
    pub(crate) fn take(&self) -> Result<Reader, DbError> {
        self.source.check_file()?;
        let mut slot = self.slot()?;
        let generation = self.generation.load(Ordering::Acquire);
        let kept = slot.conn.take().filter(|(of, _)| *of == generation);
        if let Some((generation, mut conn)) = kept {
            match on_each!(&mut conn, |c| c.check()) {
                Ok(()) => {
                    return Ok(Reader {
                        slot,
                        generation,
                        conn,
                    });
                }
                // The server went away, and with it the others.
                Err(_) => self.clear(),
            }
        }
        let until = Instant::now() + CONNECT_WAIT;
        loop {
            let generation = self.generation.load(Ordering::Acquire);
            match connect(&self.source, Role::Reader) {
                Err(DbError::Connect { .. }) if Instant::now() + PAUSE < until => {
                    // Nobody waits for one that is closed.
                    self.is_open()?;
                    std::thread::sleep(PAUSE);
                }
                connected => {
                    return connected.map(|conn| Reader {
                        slot,
                        generation,
                        conn,
                    });
                }
            }
        }
    }

    /// For the next read; closes it where it is not to be trusted, or where nobody waits for its thread any more.
    pub(crate) fn give_back(&self, reader: Reader, progress: &Progress) {
        let Reader {
            mut slot,
            generation,
            mut conn,
        } = reader;
        if !conn.is_broken() && !progress.is_given_up() {
            slot.conn = Some((generation, conn));
        }
    }

    /// Uses none of those that lie idle any more.
    pub(crate) fn clear(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// No reads from now on; closes what is idle.
    pub(crate) fn close(&self) {
        self.permits.close();
        let gone = self.slots().take();
        drop(gone);
    }

    fn slot(&self) -> Result<PooledConnection<Slots>, DbError> {
        let slots = self.slots().clone().ok_or(DbError::Closed)?;
        // There is one for each permit and each that hangs, and none of them takes time to make.
        slots
            .get()
            .map_err(|error| self.source.connect_error(&error.to_string()))
    }

    fn is_open(&self) -> Result<(), DbError> {
        self.slots().is_some().then_some(()).ok_or(DbError::Closed)
    }

    fn slots(&self) -> MutexGuard<'_, Option<r2d2::Pool<Slots>>> {
        // The pool is either there or not: a panic leaves nothing half done.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ManageConnection for Slots {
    type Connection = Slot;
    type Error = Infallible;

    fn connect(&self) -> Result<Slot, Infallible> {
        Ok(Slot::default())
    }

    fn is_valid(&self, _: &mut Slot) -> Result<(), Infallible> {
        Ok(())
    }

    /// A slot without a connection is as good as a new one.
    fn has_broken(&self, _: &mut Slot) -> bool {
        false
    }
}
