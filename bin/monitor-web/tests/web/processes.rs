//! The web in the list of processes.

use std::time::Duration;

use chrono::TimeDelta;
use monitor_model::{ProcessRole, WorkerRow, workers};

use crate::support::{Database, Web};

async fn listed(db: &monitor_model::Db) -> Vec<WorkerRow> {
    db.read(workers::all).await.unwrap()
}

async fn one_heard_from_at(web: &Web, at: chrono::NaiveDateTime) -> WorkerRow {
    for _ in 0..500 {
        let mut rows = listed(&web.db).await;
        if rows.len() == 1 && rows[0].heartbeat_at == at {
            return rows.remove(0);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", listed(&web.db).await)
}

#[tokio::test]
async fn it_is_listed_while_it_serves() {
    for database in Database::each() {
        let other = database.open().await;
        other.migrate().await.unwrap();
        let web = Web::on_db(database.open().await, |_| {}, |_| {}).await;
        let row = one_heard_from_at(&web, web.now()).await;
        assert_eq!(row.role, ProcessRole::Web);
        assert_eq!(row.version, env!("CARGO_PKG_VERSION"));
        web.clock.wait_for_sleepers(2).await;
        web.clock.advance(Duration::from_secs(5));
        let later = one_heard_from_at(&web, web.now()).await;
        assert_eq!((later.id, later.started_at), (row.id, row.started_at));
        web.stop().await;
        assert_eq!(listed(&other).await, [], "it stopped cleanly");
        other.close().await;
    }
}

#[tokio::test]
async fn a_web_is_no_worker() {
    let web = Web::start().await;
    one_heard_from_at(&web, web.now()).await;
    let state = || async { web.get("/api/v1/metrics").await.json()["worker"]["state"].clone() };
    assert_eq!(state().await, "never");
    web.heartbeat().await;
    assert_eq!(state().await, "alive");
    web.clock.step_wall(TimeDelta::seconds(60));
    web.clock.wait_for_sleepers(2).await;
    web.clock.advance(Duration::from_secs(5));
    assert_eq!(state().await, "silent", "whatever the web says of itself");
    assert_eq!(web.get("/readyz").await.json()["worker"]["state"], "silent");
    web.stop().await;
}

#[tokio::test]
async fn webs_that_died_on_this_machine_are_reaped() {
    let database = Database::sqlite();
    let db = database.open().await;
    db.migrate().await.unwrap();
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let gone = child.id();
    child.wait().unwrap();
    // Its id, but for the process, is that of a process that lives here.
    let own = monitor_model::Presence::new(ProcessRole::Web, "0", chrono::Utc::now());
    let place = own.id().split('-').next().unwrap().to_owned();
    let row = |id: String, role| WorkerRow {
        id,
        host: "h".into(),
        pid: i32::try_from(gone).unwrap(),
        version: "0".into(),
        started_at: chrono::NaiveDateTime::default(),
        heartbeat_at: chrono::NaiveDateTime::default(),
        role,
    };
    let rows = [
        row(format!("{place}-{gone}-x"), ProcessRole::Web),
        row(format!("ffff-{gone}-x"), ProcessRole::Web),
        // The next worker is to learn from it since when nobody watched.
        row(format!("{place}-{gone}-y"), ProcessRole::Worker),
    ];
    db.write(move |c| rows.iter().try_for_each(|row| workers::heartbeat(c, row)))
        .await
        .unwrap();
    let web = Web::on_db(db.clone(), |_| {}, |_| {}).await;
    web.clock.wait_for_sleepers(2).await;
    let ids: Vec<_> = listed(&db).await.into_iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    for left in [format!("ffff-{gone}-x"), format!("{place}-{gone}-y")] {
        assert!(ids.contains(&left), "{ids:?}");
    }
    web.stop().await;
}

#[tokio::test]
async fn a_database_without_tables_does_not_keep_it_from_serving() {
    let db = Database::sqlite();
    let web = Web::on_db(db.open().await, |_| {}, |_| {}).await;
    web.clock.wait_for_sleepers(2).await;
    assert_eq!(web.get("/healthz").await.status, 200);
    web.stop().await;
}
