//! Whether a database can be used, without changing anything about it.

use diesel::connection::SimpleConnection;
use monitor_model::{Db, DbError, DbOptions, probe};

use crate::support::{TestDb, both};

async fn refused(url: &str) -> String {
    probe(&DbOptions::new(url)).await.unwrap_err().to_string()
}

both! {
    async fn what_is_to_be_done_is_said_and_nothing_is_changed(test) {
        let options = DbOptions::new(&test.url);
        if test.url.starts_with("sqlite") {
            let found = probe(&options).await.unwrap();
            assert!(!found.exists && found.pending.is_empty(), "{found:?}");
            let file = test.url.strip_prefix("sqlite:").unwrap();
            let folder = std::path::Path::new(file).parent().unwrap();
            assert!(!folder.exists(), "not even the folder");
        }
        let db = test.handle().await;
        let found = probe(&options).await.unwrap();
        assert!(found.exists, "{found:?}");
        let all = db.pending_migrations().await.unwrap();
        assert_eq!(found.pending, all);
        assert_eq!(probe(&options).await.unwrap(), found, "nothing was changed");
        db.migrate().await.unwrap();
        assert!(probe(&options).await.unwrap().pending.is_empty());
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')";
        db.write(move |c| Ok(c.batch_execute(newer)?)).await.unwrap();
        assert!(refused(&test.url).await.contains("newer than this program"));
    }
}

#[tokio::test]
async fn a_folder_that_takes_no_file_is_named() {
    // Nobody can make a file there, not even root.
    let said = refused("sqlite:/proc/monitor.db").await;
    assert!(said.contains("cannot create monitor.db in /proc: "), "{said}");
    let said = refused("sqlite:/proc/deep/down/monitor.db").await;
    assert!(said.contains("cannot create monitor.db in /proc: "), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "a file in the place of a folder").unwrap();
    let said = refused(&format!("sqlite:{}/monitor.db", file.display())).await;
    assert!(
        said.contains(&format!(
            "cannot create monitor.db in {}: Not a directory",
            file.display()
        )),
        "{said}"
    );
    // The same words where it is opened.
    let said = Db::open(&DbOptions::new("sqlite:/proc/monitor.db"))
        .await
        .unwrap_err()
        .to_string();
    assert!(said.contains("cannot create monitor.db in /proc: "), "{said}");
    assert!(!said.contains("unable to open"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_and_a_role_that_may_not_write_are_errors() {
    let Some(test) = TestDb::postgres() else { return };
    test.open().await.close().await;
    let database = test.database().unwrap();
    let (user, host) = test
        .url
        .strip_prefix("postgres://")
        .unwrap()
        .split_once('@')
        .unwrap();
    let name = user.split(':').next().unwrap();
    let said = refused(&format!("postgres://{name}:wrong-one@{host}")).await;
    assert!(
        said.contains("password authentication failed") && !said.contains("wrong-one"),
        "{said}"
    );
    let said = refused(&format!("postgres://{user}@127.0.0.1:1/m")).await;
    assert!(said.contains("cannot connect"), "{said}");
    // A server that takes no writes, as a standby does.
    let read_only = format!(
        "ALTER DATABASE {} SET default_transaction_read_only = on",
        database.name()
    );
    database.sql(&read_only).unwrap();
    let error = probe(&DbOptions::new(&test.url)).await.unwrap_err();
    assert!(matches!(error, DbError::Unsuitable { .. }), "{error}");
    assert!(
        error.to_string().contains("cannot be written") && error.to_string().contains("read-only"),
        "{error}"
    );
}
