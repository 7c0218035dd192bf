//! Writes that wait together share a transaction, and yet each stands or falls alone.

use diesel::connection::SimpleConnection;
use futures_util::future::join_all;
use monitor_model::{DbError, deliveries, realtime};

use crate::support::{Write, at, both, together};

fn record(n: i64) -> Write {
    Box::new(move |c| realtime::record_value(c, &format!("m{n:03}"), 1.0, at(n)))
}

/// Longer than another connection's commit takes to be noticed.
const QUIET: std::time::Duration = std::time::Duration::from_millis(300);

both! {
    async fn writes_that_wait_share_a_commit(db) {
        let db = db.open().await;
        let before = db.stats();
        let results = together(&db, (0..100).map(record).collect()).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        let after = db.stats();
        assert_eq!(after.writes - before.writes, 101);
        // The one that held the writer, and the hundred that waited, in one: or, as none joins a transaction that has been open for
        // a tenth of a second, in a few on a busy machine.
        let commits = after.commits - before.commits;
        assert!((2..=11).contains(&commits), "{commits} commits");
        assert!(after.largest_batch >= 10, "{} in one", after.largest_batch);
        assert_eq!((after.lost, after.reruns), (0, 0));
        assert_eq!(db.read(realtime::all).await.unwrap().len(), 100);
    }

    async fn one_that_fails_is_undone_alone(db) {
        let db = db.open().await;
        let mut writes: Vec<Write> = (0..10).map(record).collect();
        writes[4] = Box::new(|c| {
            realtime::record_value(c, "half done", 1.0, at(0))?;
            Err(DbError::Conflict { key: "x".to_owned() })
        });
        // A failure of the database's own: on PostgreSQL it poisons the transaction up to the savepoint.
        writes[7] = Box::new(|c| {
            realtime::record_value(c, "half done", 1.0, at(0))?;
            Ok(c.batch_execute("INSERT INTO no_such_table VALUES (1)")?)
        });
        let results = together(&db, writes).await;
        assert!(matches!(results[4], Err(DbError::Conflict { .. })), "{results:?}");
        assert!(matches!(results[7], Err(DbError::Query(_))), "{results:?}");
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 8);
        let keys: Vec<_> = db.read(realtime::all).await.unwrap().into_iter().map(|r| r.key).collect();
        assert_eq!(keys.len(), 8);
        assert!(keys.iter().all(|key| key != "half done"));
        assert_eq!((db.stats().failures, db.stats().lost), (2, 0));
    }

    async fn one_that_fails_while_it_is_alone_is_undone(db) {
        let db = db.open().await;
        let failed: Result<(), _> = db.write(|c| {
            realtime::record_value(c, "half done", 1.0, at(0))?;
            Err(DbError::NotFound)
        }).await;
        assert!(matches!(failed, Err(DbError::NotFound)));
        assert!(db.read(realtime::all).await.unwrap().is_empty());
        db.write(|c| realtime::record_value(c, "x", 1.0, at(0))).await.unwrap();
        assert_eq!(db.stats().connections, 1);
    }

    async fn one_that_panics_kills_nobody(db) {
        let db = db.open().await;
        let mut writes: Vec<Write> = (0..10).map(record).collect();
        writes[3] = Box::new(|c| {
            realtime::record_value(c, "half done", 1.0, at(0))?;
            panic!("out of {}", "cheese")
        });
        let results = together(&db, writes).await;
        assert!(matches!(&results[3], Err(DbError::Panicked { message }) if message == "out of cheese"), "{results:?}");
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 9);
        let alone: Result<(), _> = db.write(|_| panic!("again")).await;
        assert!(matches!(alone, Err(DbError::Panicked { .. })));
        let read: Result<(), _> = db.read(|_| panic!("and again")).await;
        assert!(matches!(read, Err(DbError::Panicked { .. })));
        db.write(|c| realtime::record_value(c, "after", 1.0, at(0))).await.unwrap();
        let keys: Vec<_> = db.read(realtime::all).await.unwrap().into_iter().map(|r| r.key).collect();
        assert_eq!(keys.len(), 10);
        assert!(keys.iter().all(|key| key != "half done"));
    }

    async fn more_than_fit_into_the_queue_wait_for_room(db) {
        let db = db.open().await;
        let tasks = (0..3_000).map(|n| {
            let db = db.clone();
            async move { db.write(record(n % 7)).await }
        });
        assert!(join_all(tasks).await.iter().all(Result::is_ok));
        let stats = db.stats();
        assert_eq!(stats.writes, 3_000);
        assert!(stats.commits < 1_000 && stats.largest_batch <= 256, "{stats:?}");
    }

    async fn a_caller_that_stops_waiting_before_its_turn_has_nothing_written(db) {
        let db = db.open().await;
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let (held, holding) = std::sync::mpsc::channel::<()>();
        let holder = tokio::spawn({
            let db = db.clone();
            async move { db.write(move |_| { held.send(()).ok(); wait.recv().ok(); Ok(()) }).await }
        });
        tokio::task::spawn_blocking(move || holding.recv()).await.unwrap().unwrap();
        {
            let mut dropped = Box::pin(db.write(record(1)));
            assert!(futures_util::poll!(&mut dropped).is_pending());
        }
        let kept = tokio::spawn({
            let db = db.clone();
            async move { db.write(record(2)).await }
        });
        release.send(()).unwrap();
        holder.await.unwrap().unwrap();
        kept.await.unwrap().unwrap();
        let keys: Vec<_> = db.read(realtime::all).await.unwrap().into_iter().map(|r| r.key).collect();
        assert_eq!(keys, ["m002"]);
    }

    async fn closing_finishes_what_waits_and_then_says_so(db) {
        let db = db.open().await;
        let other = db.clone();
        let writes: Vec<_> = (0..50).map(|n| tokio::spawn({ let db = db.clone(); async move { db.write(record(n)).await } })).collect();
        // Those that were in the queue are carried out, the others are refused; none hangs and none is half done.
        db.close().await;
        let done = join_all(writes).await.into_iter().filter(|r| match r.as_ref().unwrap() {
            Ok(()) => true,
            Err(DbError::Closed) => false,
            Err(error) => panic!("{error}"),
        }).count();
        assert!(matches!(other.write(record(1)).await, Err(DbError::Closed)));
        assert!(matches!(other.read(realtime::all).await, Err(DbError::Closed)));
        assert_eq!(other.stats().writes as usize, done);
        db.close().await;
    }

    async fn a_read_cannot_write(db) {
        let db = db.open().await;
        assert!(db.read(|c| realtime::record_value(c, "x", 1.0, at(0))).await.is_err());
        assert!(db.read(realtime::all).await.unwrap().is_empty());
    }

    async fn a_write_that_changed_nothing_is_no_news(db) {
        let db = db.open().await;
        let mut changes = db.changes();
        // The tables were made over another connection, of which this one learns a moment later.
        while tokio::time::timeout(QUIET, changes.changed()).await.is_ok() {}
        changes.borrow_and_update();
        let claimed = db.write(|c| deliveries::claim(c, &deliveries::Claim { lane: "mail", worker: "w", now: at(0), lease_until: at(1), limit: 9, in_flight: &[], turns: &monitor_model::deliveries::Turns::default() })).await.unwrap();
        assert!(claimed.is_empty());
        assert!(!changes.has_changed().unwrap(), "or workers that check for work at every change would never rest");
        db.write(record(1)).await.unwrap();
        assert!(changes.has_changed().unwrap(), "before the answer");
    }
}
