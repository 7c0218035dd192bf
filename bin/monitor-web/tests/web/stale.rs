//! A snapshot that became old: it is no answer any more, whatever the reason that there is no other.

use std::sync::mpsc;
use std::time::Duration;

use monitor_model::{Conn, Db, DbOptions};

use crate::support::{Database, Web};

/// A web whose database runs one read at a time.
async fn with_one_read(database: Database) -> (Web, Db) {
    let options = DbOptions {
        pool_size: 1,
        ..DbOptions::new(database.url())
    };
    let db = Db::open(&options).await.unwrap();
    db.migrate().await.unwrap();
    let web = Web::on_db(db.clone(), |_| {}, |_| {}).await.keeping(database);
    web.value("x", 7.0).await;
    (web, db)
}

/// Holds the only connection for reads, until it is dropped.
async fn hold(db: &Db) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (holding, is_holding) = tokio::sync::oneshot::channel();
    let db = db.clone();
    tokio::spawn(async move {
        db.read(move |_: &mut Conn| {
            holding.send(()).unwrap();
            released.recv().ok();
            Ok(())
        })
        .await
    });
    is_holding.await.unwrap();
    release
}

async fn until_good(web: &Web) {
    for _ in 0..400 {
        if web.get("/get_current_values").await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not notice that the database answers again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_refreshes_without_an_answer_are_a_database_error() {
    for database in Database::each() {
        let (web, db) = with_one_read(database).await;
        until_good(&web).await;
        let mut events = web.events().await;
        events.until(|data| data["database_error_since"].is_null()).await;
        let read_at = web.now().and_utc();
        let release = hold(&db).await;

        web.clock.advance(Duration::from_secs(8));
        let values = web.get("/get_current_values").await;
        assert_eq!(
            (values.status, values.json()["x"].as_i64()),
            (200, Some(7)),
            "young enough"
        );

        web.clock.advance(Duration::from_secs(1));
        for path in ["/api/v1/metrics", "/get_current_values", "/readyz", "/monitor/x"] {
            let answer = web.get(path).await;
            let problem = (answer.status, answer.problem());
            assert_eq!(problem, (503, "database-unavailable".to_owned()), "{path}");
            assert!(!answer.body.contains("\"value\""), "{path}: {}", answer.body);
        }
        let page = web.get("/monitor").await;
        assert_eq!(page.status, 503);
        assert!(page.body.contains("stale since"), "{}", page.body);
        let since = format!("datetime=\"{}", read_at.format("%Y-%m-%dT%H:%M:%S"));
        assert!(page.body.contains(&since), "{since}: {}", page.body);
        assert_eq!(web.get("/healthz").await.status, 200, "the process is up");

        drop(release);
        until_good(&web).await;
        assert_eq!(web.get("/readyz").await.status, 200);
        assert_eq!(web.get("/monitor").await.status, 200);
        db.close().await;
        web.stop().await;
    }
}

/// The first read after the age hangs: the stream says so by itself, without a request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_pages_hear_of_it() {
    for database in Database::each() {
        let (web, db) = with_one_read(database).await;
        until_good(&web).await;
        let mut events = web.events().await;
        events.until(|data| data["database_error_since"].is_null()).await;
        let release = hold(&db).await;
        // From sleeper to sleeper: the refresher begins to read, then its patience ends.
        let error = {
            let advancing = async {
                loop {
                    web.clock.run_for(Duration::from_secs(3)).await;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::select! {
                error = events.until(|data| data["database_error_since"].is_string()) => error,
                () = advancing => unreachable!(),
            }
        };
        assert_eq!(error["whole"], false);
        drop(release);
        events.until(|data| data["database_error_since"].is_null()).await;
        db.close().await;
        web.stop().await;
    }
}

#[tokio::test]
async fn the_wall_clock_makes_nothing_old() {
    let web = Web::start().await;
    web.value("x", 7.0).await;
    until_good(&web).await;
    let held = hold(&web.db).await;
    for step in [chrono::Duration::hours(2), chrono::Duration::hours(-5)] {
        web.clock.step_wall(step);
        assert_eq!(web.get("/get_current_values").await.status, 200);
    }
    drop(held);
    web.stop().await;
}

/// Nothing changes and nobody calls: what is shown is read again all the same, so that it is known to be the present.
#[tokio::test]
async fn an_idle_web_reads_again_by_itself() {
    let web = Web::start().await;
    web.value("x", 7.0).await;
    until_good(&web).await;
    for _ in 0..10 {
        web.clock.advance(Duration::from_secs(3600));
        assert_eq!(web.get("/get_current_values").await.status, 200);
        assert_eq!(web.get("/readyz").await.status, 200);
    }
    web.stop().await;
}
