//! The file of SQLite that is deleted or replaced under an open handle: nothing is read or written any more, and nothing is
//! made in its place. What only resembles that harms nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use monitor_model::{Conn, Db, DbError, realtime};

use crate::failures::setting;
use crate::support::{TestDb, at, both};

fn path(db: &TestDb) -> PathBuf {
    PathBuf::from(db.url.strip_prefix("sqlite:").unwrap())
}

async fn write(db: &Db) -> Result<(), DbError> {
    let record = |c: &mut Conn| realtime::record_value(c, "x", 1.0, at(0)).map(|_| ());
    db.write(record).await
}

/// A file beside it, with the tables, as a backup has them.
async fn another(file: &Path) -> PathBuf {
    let path = file.with_extension("copy");
    let url = format!("sqlite:{}", path.display());
    let db = Db::open(&monitor_model::DbOptions::new(url)).await.unwrap();
    db.migrate().await.unwrap();
    db.close().await;
    path
}

async fn is_refused(what: &str, change: impl AsyncFnOnce(&Path)) {
    let test = TestDb::sqlite();
    let db = test.open().await;
    write(&db).await.unwrap();
    db.ping().await.unwrap();
    let file = path(&test);
    change(&file).await;
    let is_there = file.exists();
    for refused in [
        write(&db).await,
        db.ping().await,
        db.read(realtime::all).await.map(|_| ()),
        db.truncate_log().await.map(|_| ()),
        db.migrate().await.map(|_| ()),
    ] {
        let error = refused.expect_err(what);
        assert!(
            matches!(error, DbError::FileReplaced { .. }) && !error.is_transient(),
            "{what}: {error}"
        );
        assert!(
            error.to_string().contains("restart the worker and the web"),
            "{error}"
        );
    }
    let found = db.file_replaced().await;
    assert!(found.to_string().contains(&test.url), "{what}: {found}");
    assert_eq!(file.exists(), is_there, "{what}: nothing is made in its place");
    db.close().await;

    // A start opens what is there, or makes it.
    let again = test.open().await;
    write(&again).await.unwrap();
    again.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_deleted_or_replaced_is_not_used_any_more() {
    is_refused("deleted", async |file| fs::remove_file(file).unwrap()).await;
    is_refused("deleted with what belongs to it", async |file| {
        for ending in ["", "-wal", "-shm"] {
            fs::remove_file(format!("{}{ending}", file.display())).unwrap();
        }
    })
    .await;
    is_refused("its folder deleted", async |file| {
        fs::remove_dir_all(file.parent().unwrap()).unwrap();
    })
    .await;
    is_refused("renamed", async |file| {
        fs::rename(file, file.with_extension("old")).unwrap();
        for ending in ["-wal", "-shm"] {
            fs::remove_file(format!("{}{ending}", file.display())).unwrap();
        }
    })
    .await;
    is_refused("replaced by a copy", async |file| {
        let copy = another(file).await;
        for ending in ["-wal", "-shm"] {
            fs::remove_file(format!("{}{ending}", file.display())).unwrap();
        }
        fs::rename(copy, file).unwrap();
    })
    .await;
    is_refused("deleted and made anew, empty", async |file| {
        for ending in ["", "-wal", "-shm"] {
            fs::remove_file(format!("{}{ending}", file.display())).unwrap();
        }
        fs::write(file, "").unwrap();
    })
    .await;
}

/// Nobody has written or read meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_noticed_without_a_use() {
    let test = TestDb::sqlite();
    let db = test.open().await;
    fs::remove_file(path(&test)).unwrap();
    let error = db.file_replaced().await;
    assert!(matches!(error, DbError::FileReplaced { .. }), "{error}");
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_the_same_is_used_on() {
    let test = TestDb::sqlite();
    let db = test.open().await;
    let file = path(&test);
    let other = test.handle().await;
    write(&other).await.unwrap();
    other.truncate_log().await.unwrap();
    other.close().await;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    fs::File::open(&file)
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    fs::copy(&file, file.with_extension("backup")).unwrap();
    fs::hard_link(&file, file.with_extension("link")).unwrap();
    fs::remove_file(file.with_extension("link")).unwrap();
    write(&db).await.unwrap();
    db.ping().await.unwrap();
    // Over several checks of the watcher.
    let found = tokio::time::timeout(Duration::from_millis(300), db.file_replaced()).await;
    assert!(found.is_err(), "{found:?}");
    db.close().await;
}

both! {
    /// A handle that is open before anybody made the tables.
    async fn a_migration_by_another_handle_replaces_nothing(db) {
        let (first, second) = (db.handle().await, db.open().await);
        write(&first).await.unwrap();
        write(&second).await.unwrap();
        first.ping().await.unwrap();
        first.close().await;
        second.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_counts_by_where_it_leads() {
    let (test, folder) = (TestDb::sqlite(), tempfile::tempdir().unwrap());
    test.open().await.close().await;
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(path(&test), &link).unwrap();
    let url = format!("sqlite:{}", link.display());
    let db = Db::open(&monitor_model::DbOptions::new(url)).await.unwrap();
    write(&db).await.unwrap();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(another(&path(&test)).await, &link).unwrap();
    let error = write(&db).await.unwrap_err();
    assert!(matches!(error, DbError::FileReplaced { .. }), "{error}");
    db.close().await;
}

/// What readiness goes by: reads go well all the while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_process_has_locked_is_a_write_failure() {
    let test = TestDb::sqlite();
    let (db, other) = (test.open().await, test.open().await);
    write(&db).await.unwrap();
    assert_eq!(db.write_failure(), None);
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let mut once = Some((locked, released));
    let hold = move |_: &mut Conn| {
        if let Some((locked, released)) = once.take() {
            locked.send(()).unwrap();
            released.recv().unwrap();
        }
        Ok(())
    };
    let holding = tokio::spawn(async move { other.write(hold).await });
    is_locked.await.unwrap();
    let error = write(&db).await.unwrap_err();
    assert_eq!(db.write_failure(), Some(error.to_string()), "it is the same");
    assert!(error.to_string().contains("locked"), "{error}");
    db.ping().await.unwrap();
    release.send(()).unwrap();
    holding.await.unwrap().unwrap();
    write(&db).await.unwrap();
    assert_eq!(db.write_failure(), None);
    db.close().await;
}

/// What is beside it was written by the handles that had the other file open: it would be taken for the new one's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_the_file_that_is_gone_is_not_read_into_the_next() {
    for replace in [true, false] {
        let test = TestDb::sqlite();
        let (worker, web) = (test.open().await, test.handle().await);
        let file = path(&test);
        fs::copy(&file, file.with_extension("backup")).unwrap();
        for _ in 0..200 {
            write(&worker).await.unwrap();
        }
        web.ping().await.unwrap();
        if replace {
            fs::rename(another(&file).await, &file).unwrap();
        } else {
            fs::remove_file(&file).unwrap();
        }
        worker.file_replaced().await;
        web.file_replaced().await;
        worker.close().await;

        // The web is still there, with all that it had open.
        let again = test.open().await;
        write(&again).await.unwrap();
        let check = "SELECT integrity_check AS value FROM pragma_integrity_check";
        assert_eq!(setting(&again, check).await, "ok", "{replace}");
        let kept: Vec<_> = fs::read_dir(file.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("monitor.db-wal."))
            .collect();
        assert_eq!(kept.len(), 1, "{kept:?}");
        again.close().await;
        web.close().await;
        let last = test.open().await;
        assert_eq!(
            setting(&last, check).await,
            "ok",
            "{replace}: the web ended after"
        );
        last.close().await;
    }
}
