//! Notices commits of other processes: a thread with a connection of its own that checks every 50 ms, without a query to
//! the server on PostgreSQL and with one that reads no page on SQLite.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::watch;

use crate::backend::{Conn, Dialect, Role, Target, connect, on_each};
use crate::error::DbError;

/// How often it checks.
const EVERY: Duration = Duration::from_millis(50);
/// The first and the longest wait before it connects again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// The database that is watched, and its state at the last check.
pub(crate) struct Watcher {
    target: Arc<Target>,
    conn: Conn,
    /// This handle's own id: its notifications are not news.
    id: String,
    /// What the database compares with at the next check.
    version: i64,
    changes: Arc<watch::Sender<u64>>,
}

impl Watcher {
    /// Connects. What was committed before is no change.
    pub(crate) fn start(
        target: Arc<Target>,
        id: String,
        changes: Arc<watch::Sender<u64>>,
    ) -> Result<Watcher, DbError> {
        let (conn, version) = listen(&target)?;
        Ok(Watcher {
            target,
            conn,
            id,
            version,
            changes,
        })
    }

    /// Checks until `stop` is closed.
    pub(crate) fn run(mut self, stop: &Receiver<()>) {
        let mut wait = EVERY;
        let mut failing = false;
        while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(wait) {
            let checked = if failing {
                self.connect_again()
            } else {
                self.check()
            };
            match checked {
                Ok(news) => {
                    if failing {
                        log::info!("listens for changes in {} again", self.target.shown());
                    }
                    failing = false;
                    wait = EVERY;
                    if news {
                        self.changes.send_modify(|count| *count += 1);
                    }
                }
                Err(error) => {
                    if failing {
                        wait = (wait * 2).min(BACKOFF.1);
                    } else {
                        log::warn!("cannot listen for changes in {}: {error}", self.target.shown());
                        failing = true;
                        wait = BACKOFF.0;
                    }
                }
            }
        }
    }

    /// Whether others committed since the last check.
    fn check(&mut self) -> Result<bool, DbError> {
        Ok(on_each!(&mut self.conn, |c| c.has_news(&self.id, &mut self.version))?)
    }

    /// What happened while nobody listened is not known, so it counts as a change.
    fn connect_again(&mut self) -> Result<bool, DbError> {
        (self.conn, self.version) = listen(&self.target)?;
        Ok(true)
    }
}

fn listen(target: &Target) -> Result<(Conn, i64), DbError> {
    let mut conn = connect(target, Role::Watcher)?;
    let version = on_each!(&mut conn, |c| c.listen())?;
    Ok((conn, version))
}
