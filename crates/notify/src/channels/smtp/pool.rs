//! Connections that are kept for the next mail.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::commands::Quit;
use tokio::time::Instant;

use super::connection::Connection;
use super::fault::{Fault, Step};
use super::server::Server;
use crate::Failure;

/// How long an unused connection is kept. Servers close theirs after minutes; a burst of alerts takes seconds.
const IDLE: Duration = Duration::from_secs(10);
/// Mails over one connection; servers are known to refuse more than a hundred.
const MAILS_PER_CONNECTION: u32 = 100;

/// A server and its unused connections. A connection is out of the pool while it is used, so that an exchange that is
/// broken off, for whatever reason, closes it.
pub(super) struct Pool {
    server: Server,
    idle: Mutex<Vec<Parked>>,
    size: usize,
}

struct Parked {
    connection: Connection,
    mails: u32,
    since: Instant,
}

impl Pool {
    /// A pool that keeps at most `size` unused connections.
    pub(super) fn new(server: Server, size: usize) -> Arc<Pool> {
        Arc::new(Pool {
            server,
            idle: Mutex::new(Vec::new()),
            size,
        })
    }

    /// Delivers one mail to one recipient, over a kept connection where there is one.
    pub(super) async fn deliver(
        self: &Arc<Self>,
        from: &Address,
        to: &Address,
        mail: &[u8],
    ) -> Result<(), Failure> {
        let failure = |fault: &Fault| self.server.failure(fault, to.as_ref());
        if let Some(mut parked) = self.take() {
            match self.server.deliver(&mut parked.connection, from, to, mail).await {
                // The server had closed it in the meantime, or does now: nothing was begun, so a new one may be tried.
                Err(fault) if is_stale(&fault) => {}
                result => {
                    return self.finish(parked, result).await.map_err(|fault| failure(&fault));
                }
            }
        }
        let connection = self.server.open().await.map_err(|fault| failure(&fault))?;
        let mut parked = Parked {
            connection,
            mails: 0,
            since: Instant::now(),
        };
        let result = self.server.deliver(&mut parked.connection, from, to, mail).await;
        self.finish(parked, result).await.map_err(|fault| failure(&fault))
    }

    /// Opens a connection of its own, up to where a mail would begin.
    pub(super) async fn probe(&self) -> Result<(), Failure> {
        let failure = |fault: Fault| self.server.failure(&fault, "");
        let mut connection = self.server.open().await.map_err(failure)?;
        self.server.check(&mut connection).await.map_err(failure)
    }

    /// Keeps the connection where it is still good, and passes the result on.
    async fn finish(self: &Arc<Self>, mut parked: Parked, result: Result<(), Fault>) -> Result<(), Fault> {
        parked.mails += 1;
        let is_good = match &result {
            Ok(()) => true,
            // 421: the server is closing this connection.
            Err(fault) if fault.code.is_none_or(|code| code == 421) => false,
            Err(_) => self.server.reset(&mut parked.connection).await,
        };
        if is_good && parked.connection.is_in_step() && parked.mails < MAILS_PER_CONNECTION {
            self.park(parked);
        }
        result
    }

    fn take(&self) -> Option<Parked> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|parked| parked.since.elapsed() < IDLE);
        idle.pop()
    }

    fn park(self: &Arc<Self>, mut parked: Parked) {
        parked.since = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.size {
            idle.push(parked);
            tokio::spawn(close_idle(Arc::downgrade(self)));
        }
    }
}

/// Whether a kept connection turned out to be closed before anything was said on it.
fn is_stale(fault: &Fault) -> bool {
    fault.step == Step::Sender && (fault.is_closed || fault.code == Some(421))
}

/// Closes what was not used for a while, politely. This is about the sockets of the process and no part of any result,
/// so it takes the runtime's time and not the scripted one.
async fn close_idle(pool: Weak<Pool>) {
    tokio::time::sleep(IDLE).await;
    let Some(pool) = pool.upgrade() else { return };
    let old: Vec<Parked> = {
        let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (old, kept) = idle.drain(..).partition(|parked| parked.since.elapsed() >= IDLE);
        *idle = kept;
        old
    };
    for mut parked in old {
        // Whether the goodbye is heard changes nothing.
        drop(tokio::time::timeout(Duration::from_secs(1), parked.connection.command(Quit)).await);
    }
}
