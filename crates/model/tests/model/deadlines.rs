//! A database that is connected and does not answer: who is answered what, and what is stored.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use monitor_model::{Conn, Db, DbError, DbOptions, realtime};
use monitor_testkit::Proxy;

use crate::support::{TestDb, Write, at, soon, together};

/// Longer than anything that goes well takes here.
const LIMIT: Duration = Duration::from_millis(1_200);

fn options(url: String) -> DbOptions {
    DbOptions {
        statement_timeout: LIMIT,
        ..DbOptions::new(url)
    }
}

/// A handle through a proxy, and the database behind it.
async fn behind_a_proxy() -> Option<(TestDb, Proxy, Db)> {
    let test = TestDb::postgres()?;
    test.open().await.close().await;
    let proxy = proxy_of(&test).await;
    let db = Db::open(&options(proxy.url(&test.url))).await.unwrap();
    Some((test, proxy, db))
}

async fn proxy_of(test: &TestDb) -> Proxy {
    let (_, after) = test.url.rsplit_once('@').unwrap();
    let server = after.split('/').next().unwrap().parse().unwrap();
    Proxy::start(server).await.unwrap()
}

fn record(key: &'static str) -> Write {
    Box::new(move |c| realtime::record_value(c, key, 1.0, at(0)))
}

async fn keys(db: &Db) -> Vec<String> {
    let rows = db.read(realtime::all).await.unwrap();
    rows.into_iter().map(|row| row.key.to_string()).collect()
}

/// Until nothing hangs any more: what was given up has ended by itself.
async fn until_nothing_hangs(db: &Db) {
    soon("what hung ends", async {
        while db.hung() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_an_error_and_then_all_goes_on() {
    let Some((_test, proxy, db)) = behind_a_proxy().await else {
        return;
    };
    db.write(record("before")).await.unwrap();
    assert_eq!(keys(&db).await, ["before"]);
    proxy.freeze();
    let (read, written) = tokio::join!(db.read(realtime::all), db.write(record("frozen")));
    for error in [read.unwrap_err(), written.unwrap_err()] {
        assert!(matches!(error, DbError::NoAnswer { .. }), "{error}");
        assert!(
            error.to_string().starts_with("the database did not answer for "),
            "{error}"
        );
        assert!(error.is_transient());
    }
    assert!(db.hung() >= 2);
    // A peer that accepts and never speaks: connecting has an end too.
    let error = db.write(record("still frozen")).await.unwrap_err();
    assert!(matches!(error, DbError::Connect { .. }), "{error}");
    proxy.thaw();
    db.write(record("after")).await.unwrap();
    until_nothing_hangs(&db).await;
    assert_eq!(
        keys(&db).await,
        ["after", "before"],
        "what was given up is not stored later"
    );
    db.close().await;
}

/// The closure hangs in the middle and goes on after the thaw: its caller was answered that nothing is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_was_given_up_is_not_committed_at_the_thaw() {
    let Some((_test, proxy, db)) = behind_a_proxy().await else {
        return;
    };
    let (inside, is_inside) = tokio::sync::oneshot::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let mut inside = Some(inside);
    let half = move |c: &mut Conn| {
        realtime::record_value(c, "first half", 1.0, at(0))?;
        if let Some(inside) = inside.take() {
            inside.send(()).unwrap();
            goes_on.recv().unwrap();
        }
        realtime::record_value(c, "second half", 1.0, at(0))
    };
    let writing = tokio::spawn({
        let db = db.clone();
        async move { db.write(half).await }
    });
    is_inside.await.unwrap();
    proxy.freeze();
    go_on.send(()).unwrap();
    let error = writing.await.unwrap().unwrap_err();
    assert!(matches!(error, DbError::NoAnswer { .. }), "{error}");
    proxy.thaw();
    until_nothing_hangs(&db).await;
    assert_eq!(keys(&db).await, Vec::<String>::new());
    let stats = db.stats();
    assert_eq!((stats.failures, stats.lost), (1, 1));
    db.write(record("after")).await.unwrap();
    db.close().await;
}

/// Frozen while COMMIT is under way: nobody here knows, and the server has stored it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_not_answered_may_be_stored() {
    let Some((test, proxy, db)) = behind_a_proxy().await else {
        return;
    };
    // COMMIT waits for a row that another one holds; then the proxy freezes.
    let slow = "CREATE TABLE gate (id BIGINT PRIMARY KEY); INSERT INTO gate VALUES (1);
        CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM 1 FROM gate FOR UPDATE; RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON realtime_monitor DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION wait_at_gate()";
    let direct = test.handle().await;
    direct.write(move |c| Ok(c.batch_execute(slow)?)).await.unwrap();
    let (held, is_held) = tokio::sync::oneshot::channel();
    let (let_go, lets_go) = std::sync::mpsc::channel::<()>();
    let mut held = Some(held);
    let hold = move |c: &mut Conn| {
        c.batch_execute("SELECT 1 FROM gate FOR UPDATE")?;
        held.take().unwrap().send(()).unwrap();
        lets_go.recv().unwrap();
        Ok(())
    };
    let holding = tokio::spawn({
        let direct = direct.clone();
        async move { direct.write(hold).await }
    });
    is_held.await.unwrap();
    let writing = tokio::spawn({
        let db = db.clone();
        async move { db.write(record("unknown")).await }
    });
    let database = test.database().unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' \
                 AND wait_event_type = 'Lock'";
    soon("the COMMIT waits", async {
        while database.sql(waits).unwrap() == "0" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    proxy.freeze();
    let_go.send(()).unwrap();
    holding.await.unwrap().unwrap();
    let error = writing.await.unwrap().unwrap_err();
    assert!(matches!(error, DbError::CommitUnknown { .. }), "{error}");
    assert!(error.to_string().contains("did not answer for"), "{error}");
    assert_eq!(
        keys(&direct).await,
        ["unknown"],
        "it was stored, and the answer was lost"
    );
    proxy.thaw();
    until_nothing_hangs(&db).await;
    db.close().await;
}

/// Several that share a transaction are each answered once, also those that had not had their turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_a_group_are_answered_and_the_next_ones_are_written() {
    let Some((_test, proxy, db)) = behind_a_proxy().await else {
        return;
    };
    let (freeze, is_to_freeze) = tokio::sync::oneshot::channel();
    let (frozen, is_frozen) = std::sync::mpsc::channel::<()>();
    let mut freeze = Some(freeze);
    let first: Write = Box::new(move |_| {
        if let Some(freeze) = freeze.take() {
            freeze.send(()).unwrap();
            is_frozen.recv().unwrap();
        }
        Ok(())
    });
    let writes = vec![first, record("a"), record("b")];
    let freezing = async {
        is_to_freeze.await.unwrap();
        proxy.freeze();
        frozen.send(()).unwrap();
    };
    let (results, ()) = tokio::join!(together(&db, writes), freezing);
    assert_eq!(results.len(), 3);
    for result in results {
        assert!(matches!(result, Err(DbError::NoAnswer { .. })), "{result:?}");
    }
    proxy.thaw();
    for key in ["c", "d"] {
        db.write(record(key)).await.unwrap();
    }
    until_nothing_hangs(&db).await;
    assert_eq!(keys(&db).await, ["c", "d"]);
    db.close().await;
}

/// The URL names two servers; the first freezes for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_address_takes_over() {
    let Some(test) = TestDb::postgres() else { return };
    test.open().await.close().await;
    let (first, second) = (proxy_of(&test).await, proxy_of(&test).await);
    let both = first.url(&test.url).replace(
        &first.address().to_string(),
        &format!("{},{}", first.address(), second.address()),
    );
    let url = format!("{both}?connect_timeout=2");
    let db = Db::open(&options(url)).await.unwrap();
    let mut changes = db.changes();
    first.freeze();
    assert!(db.write(record("lost")).await.is_err());
    db.write(record("kept")).await.unwrap();
    assert_eq!(keys(&db).await, ["kept"]);
    // Those who listen for changes of others have moved too.
    let other = test.handle().await;
    changes.mark_unchanged();
    soon("a change of another process", async {
        loop {
            other.write(record("other")).await.unwrap();
            let noticed = tokio::time::timeout(Duration::from_secs(1), changes.changed()).await;
            if noticed.is_ok() {
                break;
            }
        }
    })
    .await;
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_itself_ends_a_statement_that_takes_too_long() {
    let Some(test) = TestDb::postgres() else { return };
    let db = Db::open(&options(test.url.clone())).await.unwrap();
    let sleep = |c: &mut Conn| Ok(c.batch_execute("SELECT pg_sleep(60)")?);
    let (read, written) = tokio::join!(db.read(sleep), db.write(sleep));
    for error in [read.unwrap_err(), written.unwrap_err()] {
        assert!(
            matches!(error, DbError::TooSlow { .. }) && error.is_transient(),
            "{error}"
        );
    }
    assert_eq!(db.hung(), 0, "no connection was given up");
    let idle = |c: &mut Conn| -> Result<String, DbError> {
        #[derive(diesel::QueryableByName)]
        struct Value {
            #[diesel(sql_type = diesel::sql_types::Text)]
            value: String,
        }
        use diesel::RunQueryDsl;
        let query = "SELECT current_setting('idle_in_transaction_session_timeout') AS value";
        Ok(diesel::sql_query(query).get_result::<Value>(c)?.value)
    };
    assert_eq!(db.read(idle).await.unwrap(), "30s");
    assert_eq!(db.write(idle).await.unwrap(), "30s");
    db.close().await;
}

/// A runtime ends at once, whatever hangs: its own threads are not used.
#[test]
fn a_runtime_ends_while_the_server_is_frozen() {
    let proxies = tokio::runtime::Runtime::new().unwrap();
    let Some(test) = TestDb::postgres() else { return };
    let proxy = proxies.block_on(proxy_of(&test));
    let url = proxy.url(&test.url);
    let (ended, has_ended) = std::sync::mpsc::channel();
    let program = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            // Longer than the test.
            let options = DbOptions {
                statement_timeout: Duration::from_secs(600),
                ..DbOptions::new(url)
            };
            let db = Db::open(&options).await.unwrap();
            db.migrate().await.unwrap();
            proxy.freeze();
            let reading = tokio::time::timeout(Duration::from_millis(100), db.read(realtime::all)).await;
            assert!(reading.is_err(), "it hangs");
        });
        drop(runtime);
        ended.send(proxy).unwrap();
    });
    let proxy = has_ended
        .recv_timeout(Duration::from_secs(20))
        .expect("the runtime ends");
    proxy.thaw();
    program.join().unwrap();
}
