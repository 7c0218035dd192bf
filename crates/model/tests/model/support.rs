//! Databases for tests, and the macro that runs one test on both.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime};
use futures_util::future::join_all;
use monitor_domain::{MetricKey, Severity};
use monitor_model::{AlertKind, Conn, Db, DbError, DbOptions, NewAlert, NewDelivery};
use monitor_testkit::postgres::{self, TestDatabase};
use tempfile::TempDir;

/// A fresh database of a test's own. It goes with this value.
pub(crate) struct TestDb {
    pub(crate) url: String,
    _folder: Option<TempDir>,
    database: Option<TestDatabase>,
}

impl TestDb {
    pub(crate) fn sqlite() -> TestDb {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/deep/down/monitor.db", folder.path().display());
        TestDb {
            url,
            _folder: Some(folder),
            database: None,
        }
    }

    /// `None` where there is no PostgreSQL, which is said.
    pub(crate) fn postgres() -> Option<TestDb> {
        let database = postgres::database()?;
        Some(TestDb {
            url: database.url().to_owned(),
            _folder: None,
            database: Some(database),
        })
    }

    /// The database behind it, on PostgreSQL.
    pub(crate) fn database(&self) -> Option<&TestDatabase> {
        self.database.as_ref()
    }

    /// A handle of its own, like another process's. The tables are not there yet.
    pub(crate) async fn handle(&self) -> Db {
        Db::open(&DbOptions::new(&self.url)).await.unwrap()
    }

    /// A handle with the tables there.
    pub(crate) async fn open(&self) -> Db {
        let db = self.handle().await;
        db.migrate().await.unwrap();
        db
    }
}

/// Runs each test on SQLite and on PostgreSQL. The test gets a [`TestDb`].
macro_rules! both {
    ($($(#[$doc:meta])* async fn $name:ident($db:ident) $body:block)+) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test($db: &crate::support::TestDb) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                test(&crate::support::TestDb::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(db) = crate::support::TestDb::postgres() {
                    test(&db).await;
                }
            }
        }
    )+};
}
pub(crate) use both;

/// `seconds` after a certain day began.
pub(crate) fn at(seconds: i64) -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(2026, 11, 1)
        .unwrap()
        .and_hms_opt(0, 0, 0)
        .unwrap();
    day + chrono::Duration::seconds(seconds)
}

pub(crate) fn alert(key: &str, muted: Option<String>) -> NewAlert {
    NewAlert {
        key: MetricKey::stored(key),
        kind: AlertKind::Level,
        severity: Severity::Warning,
        reason: "131 is above 100".to_owned(),
        value: Some(131.0),
        previous: None,
        opened_at: at(0),
        muted,
    }
}

pub(crate) fn delivery(lane: &str, dedupe_key: &str, next_at: NaiveDateTime) -> NewDelivery {
    NewDelivery {
        alert_id: None,
        record_id: None,
        incident_id: None,
        lane: lane.to_owned(),
        event: "alert".to_owned(),
        recipient: "ops@example.com".to_owned(),
        dedupe_key: dedupe_key.to_owned(),
        message_id: format!("{dedupe_key}@monitor"),
        payload: "{}".to_owned(),
        next_at,
        created_at: next_at,
        urgency: 0,
    }
}

/// What a test gives to [`together`].
pub(crate) type Write = Box<dyn FnMut(&mut Conn) -> Result<(), DbError> + Send>;

/// Orders writes so that they wait at the same time: the writer is held by a closure until all are in the queue.
pub(crate) async fn together(db: &Db, writes: Vec<Write>) -> Vec<Result<(), DbError>> {
    let (held, holding) = mpsc::channel::<()>();
    let (release, wait) = mpsc::channel::<()>();
    let holder = tokio::spawn({
        let db = db.clone();
        async move {
            let hold = move |_: &mut Conn| {
                held.send(()).ok();
                wait.recv().ok();
                Ok(())
            };
            db.write(hold).await
        }
    });
    let holding = tokio::task::spawn_blocking(move || holding.recv());
    holding.await.unwrap().unwrap();

    type Waiting = Pin<Box<dyn Future<Output = Option<Result<(), DbError>>> + Send>>;
    let mut waiting: Vec<Waiting> = Vec::new();
    for write in writes {
        let db = db.clone();
        waiting.push(Box::pin(async move { Some(db.write(write).await) }));
    }
    // Polled last, when the others are in the queue.
    waiting.push(Box::pin(async move {
        release.send(()).unwrap();
        None
    }));
    let results = join_all(waiting).await.into_iter().flatten().collect();
    holder.await.unwrap().unwrap();
    results
}

/// Waits for something that happens by itself soon; the limit is for a broken test only.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(20), future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: did not happen"),
    }
}
