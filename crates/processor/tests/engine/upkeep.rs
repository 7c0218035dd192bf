//! The housekeeping of a worker.

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use monitor_harness::{Backend, Config, Home, TestApp, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_write_ahead_log_of_sqlite_is_truncated() {
    let app = TestApp::start(Backend::Sqlite, Config::default()).await.unwrap();
    assert!(matches!(app.home, Home::Sqlite(_)));
    let log = PathBuf::from(format!("{}-wal", app.home.url().strip_prefix("sqlite:").unwrap()));
    let length = || log.metadata().unwrap().len();
    let filler = "CREATE TABLE filler AS SELECT randomblob(2000000) AS bytes; DROP TABLE filler";
    app.db.write(move |c| Ok(c.batch_execute(filler)?)).await.unwrap();
    let before = length();
    assert!(before > 2_000_000, "{before}");
    app.while_running(async {
        eventually("it is short", async || (length() < before / 2).then_some(())).await;
    })
    .await;
    let known = app.db.log_file().unwrap();
    assert!(!known.is_held && !known.is_a_problem(), "{known:?}");
    app.finish().await;
}
