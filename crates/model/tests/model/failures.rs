//! Transactions lost as a whole: what is stored, what is not, and which error is returned.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use monitor_model::{Conn, Db, DbError, DbOptions, realtime};

use crate::support::{TestDb, Write, at, both, together};

fn record(key: &'static str) -> Write {
    Box::new(move |c| realtime::record_value(c, key, 1.0, at(0)))
}

/// Runs SQL, in the closure of a write.
fn sql(c: &mut Conn, sql: &str) -> Result<(), DbError> {
    Ok(c.batch_execute(sql)?)
}

async fn keys(db: &Db) -> Vec<String> {
    db.read(realtime::all)
        .await
        .unwrap()
        .into_iter()
        .map(|r| r.key.to_string())
        .collect()
}

both! {
    async fn a_commit_that_is_refused_is_done_again_one_by_one(db) {
        let db = db.open().await;
        db.write(|c| sql(c, "CREATE TABLE parent (id BIGINT PRIMARY KEY)")).await.unwrap();
        let child = "CREATE TABLE child (parent BIGINT REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)";
        db.write(move |c| sql(c, child)).await.unwrap();
        let before = db.stats();
        // What is wrong with the second shows at COMMIT only.
        let writes = vec![record("a"), Box::new(|c: &mut Conn| {
            realtime::record_value(c, "half done", 1.0, at(0))?;
            sql(c, "INSERT INTO child VALUES (7)")
        }), record("b")];
        let results = together(&db, writes).await;
        assert!(results[0].is_ok() && results[2].is_ok(), "{results:?}");
        let error = results[1].as_ref().unwrap_err();
        assert!(error.to_string().to_lowercase().contains("foreign key"), "{error}");
        assert_eq!(keys(&db).await, ["a", "b"]);
        let after = db.stats();
        assert_eq!((after.writes - before.writes, after.failures, after.lost, after.reruns), (3, 1, 2, 3));
    }
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

/// The value that a query gives on the writer's connection.
pub(crate) async fn setting(db: &Db, query: &'static str) -> String {
    let get = move |c: &mut Conn| Ok(diesel::sql_query(query).get_result::<Setting>(c)?.value);
    db.write(get).await.unwrap()
}

#[tokio::test]
async fn a_commit_is_on_the_disk_on_sqlite() {
    let test = TestDb::sqlite();
    let db = test.open().await;
    for (query, expected) in [
        // 2 is FULL: sqlite.org/pragma.html#pragma_synchronous
        (
            "SELECT CAST(synchronous AS TEXT) AS value FROM pragma_synchronous",
            "2",
        ),
        ("SELECT journal_mode AS value FROM pragma_journal_mode", "wal"),
        (
            "SELECT CAST(foreign_keys AS TEXT) AS value FROM pragma_foreign_keys",
            "1",
        ),
        (
            "SELECT CAST(timeout AS TEXT) AS value FROM pragma_busy_timeout",
            "5000",
        ),
    ] {
        assert_eq!(setting(&db, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_commit_is_on_the_disk_on_postgres_even_where_the_server_would_not_wait_for_it() {
    let Some(test) = TestDb::postgres() else { return };
    let show = "SELECT current_setting('synchronous_commit') AS value";
    assert_eq!(setting(&test.handle().await, show).await, "on");
    let lax = "DO 'BEGIN EXECUTE format(''ALTER DATABASE %I SET synchronous_commit = off'', current_database()); END'";
    test.handle().await.write(move |c| sql(c, lax)).await.unwrap();
    assert_eq!(setting(&test.handle().await, show).await, "on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_lock_of_another_process_is_waited_for_on_sqlite() {
    let test = TestDb::sqlite();
    let db = test.open().await;
    let path = test.url.strip_prefix("sqlite:").unwrap();
    let mut other = SqliteConnection::establish(path).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let waiting = tokio::spawn({
        let db = db.clone();
        async move { db.write(record("x")).await }
    });
    assert!(keys(&db).await.is_empty(), "reads do not wait for writers");
    other.batch_execute("COMMIT").unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(keys(&db).await, ["x"]);
}

#[tokio::test]
async fn a_sqlite_file_that_cannot_be_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(
        &file,
        "not a database, and long enough for SQLite to see that it is none. ".repeat(20),
    )
    .unwrap();
    let open = async |path: String| Db::open(&DbOptions::new(path)).await.unwrap_err().to_string();
    let below_a_file = open(format!("sqlite:{}/monitor.db", file.display())).await;
    assert!(
        below_a_file.contains("cannot create folder") && below_a_file.contains("file"),
        "{below_a_file}"
    );
    let no_database = open(format!("sqlite:{}", file.display())).await;
    assert!(no_database.contains("not a database"), "{no_database}");
}

#[tokio::test]
async fn a_postgres_that_cannot_be_reached_is_reported_in_its_own_words_without_the_password() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let options = DbOptions::new(format!("postgres://monitor:hunter2@127.0.0.1:{port}/monitor"));
    let error = Db::open(&options).await.unwrap_err();
    assert!(error.is_transient());
    let text = format!("{error} {error:?} {options:?}");
    assert!(
        text.contains("refused") && text.contains("monitor:***@127.0.0.1"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_wrong_password_is_reported_without_it() {
    let Some(test) = TestDb::postgres() else { return };
    let (start, end) = (
        test.url.find("monitor:").unwrap() + 8,
        test.url.find('@').unwrap(),
    );
    let url = format!("{}hunter2{}", &test.url[..start], &test.url[end..]);
    let error = Db::open(&DbOptions::new(url)).await.unwrap_err().to_string();
    assert!(
        error.contains("authentication failed") && !error.contains("hunter2"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_in_mid_transaction_is_replaced_and_all_is_stored_once() {
    let Some(test) = TestDb::postgres() else { return };
    let db = test.open().await;
    let mut cut = false;
    let writes = vec![
        record("a"),
        Box::new(move |c: &mut Conn| {
            realtime::record_value(c, "b", 1.0, at(0))?;
            if !std::mem::replace(&mut cut, true) {
                sql(c, "SELECT pg_terminate_backend(pg_backend_pid())")?;
            }
            Ok(())
        }),
        record("c"),
    ];
    let results = together(&db, writes).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(keys(&db).await, ["a", "b", "c"]);
    assert_eq!((db.stats().lost, db.stats().connections), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_while_idle_are_replaced_unnoticed() {
    let Some(test) = TestDb::postgres() else { return };
    let db = test.open().await;
    db.write(record("a")).await.unwrap();
    db.write(|c| {
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        Ok(diesel::sql_query(others).execute(c).map(|_| ())?)
    })
    .await
    .unwrap();
    let other = test.handle().await;
    other
        .write(|c| {
            sql(
                c,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
                           AND datname = current_database()",
            )
        })
        .await
        .unwrap();
    db.write(record("b")).await.unwrap();
    assert_eq!(keys(&db).await, ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_during_commit_is_not_taken_for_a_failure() {
    let Some(test) = TestDb::postgres() else { return };
    let db = test.open().await;
    // Runs as a part of COMMIT: from outside, the connection is lost while COMMIT is under way.
    let trap = "CREATE TABLE trap (id BIGINT);
        CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON trap DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION cut();";
    db.write(move |c| sql(c, trap)).await.unwrap();
    let runs = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = runs.clone();
    let writes = vec![
        record("a"),
        Box::new(move |c: &mut Conn| {
            counted.fetch_add(1, Ordering::Relaxed);
            sql(c, "INSERT INTO trap VALUES (1)")
        }),
        Box::new(|_: &mut Conn| Err(DbError::NotFound)),
    ];
    let results = together(&db, writes).await;
    assert!(
        matches!(results[0], Err(DbError::CommitUnknown { .. })),
        "{results:?}"
    );
    assert!(
        matches!(results[1], Err(DbError::CommitUnknown { .. })),
        "{results:?}"
    );
    assert!(
        matches!(results[2], Err(DbError::NotFound)),
        "its own error: {results:?}"
    );
    assert!(!results[0].as_ref().unwrap_err().is_transient());
    assert_eq!(runs.load(Ordering::Relaxed), 1, "never run again");
    db.write(record("after")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closure_that_hides_an_error_of_the_database_fails_all_the_same() {
    let Some(test) = TestDb::postgres() else { return };
    let db = test.open().await;
    fn hides(c: &mut Conn) -> Result<(), DbError> {
        realtime::record_value(c, "hidden", 1.0, at(0))?;
        sql(c, "INSERT INTO no_such_table VALUES (1)").ok();
        Ok(())
    }
    let alone = db.write(hides).await.unwrap_err();
    assert!(alone.to_string().contains("aborted"), "{alone}");
    let results = together(&db, vec![record("a"), Box::new(hides), record("b")]).await;
    assert!(
        results[0].is_ok() && results[1].is_err() && results[2].is_ok(),
        "{results:?}"
    );
    assert_eq!(keys(&db).await, ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_deadlock_of_two_processes_ends_well_for_both() {
    let Some(test) = TestDb::postgres() else { return };
    let one = test.open().await;
    one.write(|c| {
        realtime::record_value(c, "a", 0.0, at(0))?;
        realtime::record_value(c, "b", 0.0, at(0))
    })
    .await
    .unwrap();
    let two = test.handle().await;
    let both_hold_one = Arc::new(Barrier::new(2));
    let crossing = |db: Db, first: &'static str, second: &'static str| {
        let (barrier, met) = (both_hold_one.clone(), AtomicBool::new(false));
        tokio::spawn(async move {
            db.write(move |c| {
                realtime::record_value(c, first, 1.0, at(1))?;
                if !met.swap(true, Ordering::Relaxed) {
                    barrier.wait();
                }
                realtime::record_value(c, second, 1.0, at(1))
            })
            .await
        })
    };
    let (ab, ba) = (crossing(one.clone(), "a", "b"), crossing(two.clone(), "b", "a"));
    ab.await.unwrap().unwrap();
    ba.await.unwrap().unwrap();
    // More often than once, where the two meet again.
    assert!(
        one.stats().reruns + two.stats().reruns >= 1,
        "the one that PostgreSQL chose ran again"
    );
}
