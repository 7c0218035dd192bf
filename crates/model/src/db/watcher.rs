//! Notices commits of other processes: a thread with a connection of its own that checks every 50 ms, without a query to
//! the server on PostgreSQL and with one that reads no page on SQLite.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::backend::{Conn, Dialect, Progress, Role, Source, connect, on_each};
use crate::error::DbError;

/// How often it checks.
const EVERY: Duration = Duration::from_millis(50);
/// How often it makes sure that a server that has said nothing is still there.
const PING: Duration = Duration::from_secs(5);
/// The first and the longest wait before it connects again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Starts the thread of a watcher.
pub(super) type Start = Arc<dyn Fn(Watcher) + Send + Sync>;

/// The database that is deadlines, and its state at the last check.
pub(crate) struct Watcher {
    pub(super) source: Arc<Source>,
    /// `None` where it is to be connected again.
    pub(super) conn: Option<Conn>,
    /// This handle's own id: its notifications are not news.
    pub(super) id: String,
    /// What the database compares with at the next check.
    pub(super) version: i64,
    pub(super) changes: Arc<watch::Sender<u64>>,
    /// It works until this is closed.
    pub(super) stop: Arc<Mutex<Receiver<()>>>,
    pub(super) start: Start,
}

impl Watcher {
    /// Connects; gives what it listens on and what was committed before, which is no change.
    pub(super) fn listen(source: &Source) -> Result<(Conn, i64), DbError> {
        let mut conn = connect(source, Role::Watcher)?;
        let version = on_each!(&mut conn, |c| c.listen())?;
        Ok((conn, version))
    }

    /// Checks until it is stopped. Where the database does not answer, another goes on in its place.
    pub(crate) fn run(mut self) {
        let progress = Progress::default();
        let successor = self.successor();
        let _watch = self.source.deadlines.watch(progress.clone(), move |how| {
            log::error!("{}; listens for changes over a new connection", how.error());
            let start = Arc::clone(&successor.start);
            start(successor);
        });
        progress.during(self.source.patience(Role::Watcher), || self.work(&progress));
    }

    fn work(&mut self, progress: &Progress) {
        let mut wait = EVERY;
        let mut failing = self.conn.is_none();
        let mut pinged = Instant::now();
        while !progress.is_given_up() && self.waits(wait) {
            let checked = self.check(&mut pinged);
            match checked {
                Ok(news) => {
                    if failing {
                        log::info!("listens for changes in {} again", self.source.shown());
                    }
                    failing = false;
                    wait = EVERY;
                    if news {
                        self.changes.send_modify(|count| *count += 1);
                    }
                }
                Err(error) => {
                    self.conn = None;
                    if failing {
                        wait = (wait * 2).clamp(BACKOFF.0, BACKOFF.1);
                    } else {
                        log::warn!("cannot listen for changes in {}: {error}", self.source.shown());
                        failing = true;
                        wait = BACKOFF.0;
                    }
                }
            }
        }
    }

    /// Waits; `false` where it is to stop.
    fn waits(&self, wait: Duration) -> bool {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(stop.recv_timeout(wait), Err(RecvTimeoutError::Timeout))
    }

    /// Whether others committed since the last check. What happened while nobody listened is not known, so it counts as
    /// a change.
    fn check(&mut self, pinged: &mut Instant) -> Result<bool, DbError> {
        self.source.check_file()?;
        let Some(conn) = &mut self.conn else {
            let (conn, version) = Watcher::listen(&self.source)?;
            (self.conn, self.version) = (Some(conn), version);
            return Ok(true);
        };
        if pinged.elapsed() >= PING {
            *pinged = Instant::now();
            on_each!(&mut *conn, |c| c.check())?;
        }
        Ok(on_each!(conn, |c| c.has_news(&self.id, &mut self.version))?)
    }

    /// The same without its connection.
    fn successor(&self) -> Watcher {
        Watcher {
            source: Arc::clone(&self.source),
            conn: None,
            id: self.id.clone(),
            version: 0,
            changes: Arc::clone(&self.changes),
            stop: Arc::clone(&self.stop),
            start: Arc::clone(&self.start),
        }
    }
}
