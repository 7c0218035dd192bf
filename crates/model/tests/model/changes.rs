//! Commits are noticed by other handles.

use monitor_model::{Db, realtime};
use monitor_testkit::postgres::Cluster;

use crate::support::{at, both, soon};

async fn write(db: &Db, n: i64) {
    db.write(move |c| realtime::record_value(c, "x", 1.0, at(n)))
        .await
        .unwrap();
}

both! {
    async fn another_handle_notices_each_commit(db) {
        let one = db.open().await;
        let two = db.handle().await;
        let mut changes = two.changes();
        for n in 0..3 {
            write(&one, n).await;
            soon("a change of another handle", changes.changed()).await.unwrap();
            let all = two.read(realtime::all).await.unwrap();
            assert_eq!(all[0].checked_at, at(n), "what changed can be read by then");
        }
    }

    async fn migrating_is_a_change(db) {
        let one = db.handle().await;
        let mut own = one.changes();
        one.migrate().await.unwrap();
        assert!(own.has_changed().unwrap());
        own.borrow_and_update();
        assert!(one.migrate().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_notifications_are_no_news_on_postgres() {
    let Some(test) = crate::support::TestDb::postgres() else {
        return;
    };
    let db = test.open().await;
    let other = test.handle().await;
    let before = *db.changes().borrow();
    write(&db, 1).await;
    // By the time that the other has heard, our own notification has been there to be heard as well.
    soon("the other", other.changes().wait_for(|count| *count > 0))
        .await
        .unwrap();
    write(&other, 2).await;
    soon(
        "a change by the other",
        db.changes().wait_for(|count| *count == before + 2),
    )
    .await
    .unwrap();
    assert_eq!(
        *db.changes().borrow(),
        before + 2,
        "its own write once, the other's once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_away_is_listened_to_again() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.database().unwrap();
    let db = Db::open(&monitor_model::DbOptions::new(database.url()))
        .await
        .unwrap();
    db.migrate().await.unwrap();
    let mut changes = db.changes();
    changes.borrow_and_update();
    write(&db, 1).await;
    changes.borrow_and_update();

    cluster.stop().unwrap();
    let error = db
        .write(|c| realtime::record_value(c, "x", 2.0, at(2)))
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error}");
    let password = database.url().split(['@', ':']).nth(2).unwrap();
    assert!(
        password.len() > 8 && !error.to_string().contains(password),
        "{error}"
    );
    let error = db.read(realtime::all).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(db.ping().await.is_err());

    cluster.start_again().unwrap();
    soon("the watcher's return", changes.changed()).await.unwrap();
    db.ping().await.unwrap();
    write(&db, 3).await;
    assert_eq!(db.read(realtime::all).await.unwrap()[0].checked_at, at(3));
    changes.borrow_and_update();
    let other = Db::open(&monitor_model::DbOptions::new(database.url()))
        .await
        .unwrap();
    write(&other, 4).await;
    soon("a change by the other", changes.changed()).await.unwrap();
    db.close().await;
    other.close().await;
}
