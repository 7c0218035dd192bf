//! Notices commits of other processes: a thread with a connection of its own that looks every 50 ms, without a query to
//! the server on PostgreSQL and with one that reads no page on SQLite.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tokio::sync::watch;

use crate::conn::Conn;
use crate::connect::{Role, connect};
use crate::error::DbError;
use crate::transaction::CHANNEL;
use crate::url::Target;

/// How often it looks.
const EVERY: Duration = Duration::from_millis(50);
/// The first and the longest wait before it connects again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What is watched, and what is known of it.
pub(crate) struct Watcher {
    target: Arc<Target>,
    conn: Conn,
    /// This handle's own id: its notifications are not news.
    id: String,
    /// SQLite's `data_version` when it last looked.
    version: i64,
    changes: Arc<watch::Sender<u64>>,
}

impl Watcher {
    /// Connects, and takes what there is now as known.
    pub(crate) fn start(
        target: Arc<Target>,
        id: String,
        changes: Arc<watch::Sender<u64>>,
    ) -> Result<Watcher, DbError> {
        let (conn, version) = watch(&target)?;
        Ok(Watcher {
            target,
            conn,
            id,
            version,
            changes,
        })
    }

    /// Looks until `stop` says something or is gone.
    pub(crate) fn run(mut self, stop: &Receiver<()>) {
        let mut wait = EVERY;
        let mut failing = false;
        while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(wait) {
            let looked = if failing {
                self.connect_again()
            } else {
                self.look()
            };
            match looked {
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

    /// Whether others committed since the last look.
    fn look(&mut self) -> Result<bool, DbError> {
        match &mut self.conn {
            Conn::Sqlite(c) => {
                let version = data_version(c)?;
                Ok(std::mem::replace(&mut self.version, version) != version)
            }
            Conn::Postgres(c) => {
                let mut news = false;
                for notification in c.notifications_iter() {
                    news |= notification?.payload != self.id;
                }
                Ok(news)
            }
        }
    }

    /// What happened while nobody listened is not known: that is news.
    fn connect_again(&mut self) -> Result<bool, DbError> {
        (self.conn, self.version) = watch(&self.target)?;
        Ok(true)
    }
}

fn watch(target: &Target) -> Result<(Conn, i64), DbError> {
    let mut conn = connect(target, Role::Watcher)?;
    let version = match &mut conn {
        Conn::Sqlite(c) => data_version(c)?,
        Conn::Postgres(c) => {
            diesel::sql_query(format!("LISTEN {CHANNEL}")).execute(c)?;
            0
        }
    };
    Ok((conn, version))
}

#[derive(QueryableByName)]
struct DataVersion {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

/// Differs after a commit by any other connection, of this process or another: sqlite.org/pragma.html#pragma_data_version
fn data_version(c: &mut SqliteConnection) -> QueryResult<i64> {
    let row: DataVersion = diesel::sql_query("PRAGMA data_version").get_result(c)?;
    Ok(row.data_version)
}
