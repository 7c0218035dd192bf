//! The write-ahead log of SQLite: truncated where nobody reads in it, and who does where somebody does.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use monitor_model::{Conn, Db, realtime};

use crate::support::{TestDb, at};

/// Names the file to the other process.
const FILE: &str = "MONITOR_TEST_FILE";

fn log_of(test: &TestDb) -> PathBuf {
    format!("{}-wal", test.url.strip_prefix("sqlite:").unwrap()).into()
}

async fn grow(db: &Db) {
    let rows = "CREATE TABLE IF NOT EXISTS filler (x); INSERT INTO filler VALUES (randomblob(100000))";
    db.write(move |c| Ok(c.batch_execute(rows)?)).await.unwrap();
}

fn length(test: &TestDb) -> u64 {
    log_of(test).metadata().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_truncated_where_nobody_reads_in_it() {
    let test = TestDb::sqlite();
    let db = test.open().await;
    assert_eq!(db.log_file(), None);
    grow(&db).await;
    assert!(length(&test) > 100_000);
    let log = db.truncate_log().await.unwrap().unwrap();
    assert_eq!((log.bytes, log.is_held, log.holders.len()), (0, false, 0));
    assert_eq!(length(&test), 0);
    assert_eq!(db.log_file(), Some(log));
    grow(&db).await;
    assert!(length(&test) > 100_000, "and used again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_of_this_process_that_holds_it_back_is_named() {
    let test = TestDb::sqlite();
    let db = test.open().await;
    grow(&db).await;
    let (reading, is_reading) = tokio::sync::oneshot::channel();
    let (end, ends) = std::sync::mpsc::channel::<()>();
    let reader = tokio::spawn({
        let db = db.clone();
        async move {
            db.read(move |c: &mut Conn| {
                c.transaction(|c| {
                    realtime::all(c)?;
                    reading.send(()).unwrap();
                    ends.recv().unwrap();
                    Ok(())
                })
            })
            .await
        }
    });
    is_reading.await.unwrap();
    grow(&db).await;
    let log = db.truncate_log().await.unwrap().unwrap();
    assert!(log.is_held && log.bytes > 100_000, "{log:?}");
    assert_eq!(
        log.holders,
        [format!("a read of this process ({})", std::process::id())]
    );
    db.write(|c| realtime::record_value(c, "x", 1.0, at(0)))
        .await
        .unwrap();
    end.send(()).unwrap();
    reader.await.unwrap().unwrap();
    assert!(!db.truncate_log().await.unwrap().unwrap().is_held);
    assert_eq!(length(&test), 0);
}

/// It began as the log was empty, and so reads nothing in it; what is written later cannot be moved all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_began_with_an_empty_log_is_named() {
    let test = TestDb::sqlite();
    let db = test.open().await;
    assert!(!db.truncate_log().await.unwrap().unwrap().is_held);
    let mut reader = SqliteConnection::establish(test.url.strip_prefix("sqlite:").unwrap()).unwrap();
    reader
        .batch_execute("BEGIN; SELECT count(*) FROM worker")
        .unwrap();
    grow(&db).await;
    let log = db.truncate_log().await.unwrap().unwrap();
    assert!(log.is_held && log.bytes > 100_000, "{log:?}");
    assert_eq!(log.holders.len(), 1, "{log:?}");
    reader.batch_execute("COMMIT").unwrap();
    assert!(!db.truncate_log().await.unwrap().unwrap().is_held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_that_holds_it_back_is_named() {
    let test = TestDb::sqlite();
    let db = test.open().await;
    grow(&db).await;
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "log_file::reads_until_it_is_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(FILE, test.url.strip_prefix("sqlite:").unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(other.stdout.take().unwrap());
    assert!(
        said.lines()
            .map_while(Result::ok)
            .any(|line| line.contains("reading"))
    );
    grow(&db).await;
    let log = db.truncate_log().await.unwrap().unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(log.is_held, "{log:?}");
    let [holder] = log.holders.as_slice() else {
        panic!("{log:?}")
    };
    assert!(
        holder.ends_with(&format!(" (process {})", other.id())),
        "{holder}"
    );
    assert!(
        log.to_string().contains(&format!("held back by {holder}")),
        "{log}"
    );
    assert!(!db.truncate_log().await.unwrap().unwrap().is_held);
}

#[test]
#[ignore = "the other process of the test above"]
#[allow(clippy::print_stdout, reason = "the test above waits for it")]
fn reads_until_it_is_killed() {
    let Ok(file) = std::env::var(FILE) else { return };
    let mut conn = SqliteConnection::establish(&file).unwrap();
    conn.batch_execute("BEGIN; SELECT count(*) FROM filler").unwrap();
    println!("reading");
    loop {
        std::thread::park();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_in_the_middle_is_waited_for_by_nobody() {
    let test = TestDb::sqlite();
    let db = test.open().await;
    let mut other = SqliteConnection::establish(test.url.strip_prefix("sqlite:").unwrap()).unwrap();
    grow(&db).await;
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let log = db.truncate_log().await.unwrap().unwrap();
    assert!(log.is_held && !log.is_a_problem(), "{log:?}");
    other.batch_execute("ROLLBACK").unwrap();
    assert!(!db.truncate_log().await.unwrap().unwrap().is_held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_sees_to_its_log_itself() {
    let Some(test) = TestDb::postgres() else { return };
    let db = test.open().await;
    assert_eq!(db.truncate_log().await.unwrap(), None);
    assert_eq!(db.log_file(), None);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_and_the_database_are_read_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let test = TestDb::sqlite();
    let db = test.open().await;
    grow(&db).await;
    let file = test.url.strip_prefix("sqlite:").unwrap();
    for ending in ["", "-wal", "-shm"] {
        let mode = std::fs::metadata(format!("{file}{ending}"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{ending}");
    }
}
