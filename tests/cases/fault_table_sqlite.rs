//! The fault table, files and databases as they are found: a folder or a file that cannot be written, a reader that never
//! ends, and a database that this version must not touch.

use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use monitor_tests::{Backend, Process, Site, eventually};

use super::fault_table_db::{allow, bound, config, sqlite_file};

/// `monitor check --online`, whom file permissions bind.
fn bound_check(site: &Site, folder: &Path) -> Option<String> {
    let mut command = bound(folder, "monitor")?;
    command.args(["check", "--online", "--config"]).arg(&site.config);
    let checked = command.output().unwrap();
    assert_eq!(checked.status.code(), Some(1));
    Some(String::from_utf8(checked.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_and_a_file_that_cannot_be_written_are_named_by_the_check() {
    let site = Site::with(Backend::Sqlite, &config()).await.unwrap();
    let file = sqlite_file(&site.home);
    let folder = file.parent().unwrap().to_owned();
    let refused = async |mode: u32, path: &Path| {
        allow(path, mode);
        let (site, folder) = (&site, &folder);
        tokio::task::block_in_place(|| bound_check(site, folder))
    };
    let Some(said) = refused(0o555, &folder).await else {
        return;
    };
    let expected = format!(
        "cannot create monitor.db in {}: Permission denied",
        folder.display()
    );
    assert!(
        said.contains("FAIL  database: ") && said.contains(&expected),
        "{said}"
    );
    assert!(
        said.contains("ok    system a"),
        "the rest is tried all the same: {said}"
    );
    allow(&folder, 0o755);
    let mut worker = site.program("monitor-worker", &["--once"]);
    assert!(
        worker.wait(Duration::from_secs(20)).success(),
        "{}",
        worker.output()
    );
    let said = refused(0o444, &file).await.unwrap();
    assert!(
        said.contains("it cannot be written: attempt to write a readonly database"),
        "{said}"
    );
    let said = refused(0o000, &file).await.unwrap();
    assert!(
        said.contains("Permission denied") && !said.contains("No such file"),
        "{said}"
    );
    allow(&file, 0o644);
}

/// Somebody reads in the write-ahead log and does not end: it grows, and the worker says who that is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_holds_back_the_log_of_sqlite_is_named() {
    let site = Site::with(Backend::Sqlite, &config()).await.unwrap();
    let mut worker = site.program("monitor-worker", &["--once"]);
    assert!(
        worker.wait(Duration::from_secs(20)).success(),
        "{}",
        worker.output()
    );
    let reader = site.db().await;
    let (end, ends) = std::sync::mpsc::channel::<()>();
    let (reading, is_reading) = tokio::sync::oneshot::channel();
    let holding = tokio::spawn({
        let reader = reader.clone();
        async move {
            let hold = move |c: &mut monitor_model::Conn| {
                monitor_model::workers::all(c)?;
                // The statement is over; the transaction is not.
                reading.send(()).unwrap();
                ends.recv().ok();
                Ok(())
            };
            reader.read(move |c| c.transaction(hold)).await
        }
    });
    is_reading.await.unwrap();
    // More than SQLite cuts the log back to after a burst.
    let filler =
        "CREATE TABLE filler AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 70)
                  SELECT randomblob(1048576) AS bytes FROM n";
    reader.write(move |c| Ok(c.batch_execute(filler)?)).await.unwrap();
    let health = monitor_simulator::ports::free_port().unwrap();
    let listen = format!("127.0.0.1:{health}");
    let env = [
        ("MONITOR__WORKER__LISTEN", listen.as_str()),
        ("MONITOR__WORKER__HEARTBEAT", "200ms"),
    ];
    let worker = site.program_with("monitor-worker", &[], &env);
    let holder = format!("(process {})", std::process::id());
    eventually("the worker names it", async || {
        let answer = monitor_tests::http()
            .get(format!("http://{listen}/readyz"))
            .send()
            .await
            .ok()?;
        let said: serde_json::Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
        let held_by = said["database_log"]["held_by"].as_str()?;
        assert!(held_by.ends_with(&holder), "{said}");
        assert_eq!(said["status"], "ready", "readings are stored all the same");
        Some(())
    })
    .await;
    assert!(
        worker.output().contains("cannot be truncated: held back by "),
        "{}",
        worker.output()
    );
    end.send(()).unwrap();
    holding.await.unwrap().unwrap();
    reader.close().await;
}

/// Every program that opens the database says why it does not, and ends.
async fn all_programs_refuse(site: &Site, why: &str) {
    for (name, command) in [
        ("monitor-worker", &[][..]),
        ("monitor-web", &[]),
        ("monitor", &["run"]),
        ("monitor", &["migrate"]),
        ("monitor", &["check", "--online"]),
    ] {
        let config = ["--config", site.config.to_str().unwrap()];
        let mut program = Process::start(name, &[command, &config].concat(), &[]);
        let ended = program.wait(Duration::from_secs(20));
        let said = program.output();
        assert_eq!(ended.code(), Some(1), "{name} {command:?}: {said}");
        assert!(said.contains(why), "{name} {command:?}: {said}");
    }
    assert_eq!(site.world.mail.mails().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_a_newer_program_is_refused_by_all_programs() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(site) = Site::with(backend, &config()).await else {
            continue;
        };
        let db = site.db().await;
        db.migrate().await.unwrap();
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')";
        db.write(move |c| Ok(c.batch_execute(newer)?)).await.unwrap();
        db.close().await;
        all_programs_refuse(
            &site,
            "it has the migration 29991231000000, which is not known here",
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_in_another_encoding_is_refused_by_all_programs() {
    let site = Site::with(Backend::Sqlite, &config()).await.unwrap();
    let file = sqlite_file(&site.home);
    assert!(!file.exists() || std::fs::remove_file(&file).is_ok());
    let mut found = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    found
        .batch_execute("PRAGMA encoding = 'UTF-16le'; CREATE TABLE other (id BIGINT PRIMARY KEY)")
        .unwrap();
    drop(found);
    all_programs_refuse(&site, "its encoding is UTF-16le, and has to be UTF-8").await;
}

/// The web and the worker over a file that goes away under them: neither takes it for the database any more, and once
/// both were started again they are as a new start on what is there.
async fn is_noticed(what: &str, change: impl FnOnce(&Path)) {
    let site = Site::with(Backend::Sqlite, &config()).await.unwrap();
    let mut worker = site.program("monitor-worker", &[]);
    site.wait_for_reads(2).await;
    let mut web = site.program("monitor-web", &[]);
    let status = async |path: &str| {
        let answer = monitor_tests::http().get(format!("http://{}{path}", site.web));
        let answer = answer.send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    };
    let is_up = async || {
        let (code, _) = status("/get_current_values").await?;
        (code == 200).then_some(())
    };
    eventually("the web shows what is stored", is_up).await;

    change(&sqlite_file(&site.home));
    let ended = worker.wait(Duration::from_secs(20));
    let said = worker.output();
    assert_eq!(ended.code(), Some(1), "{what}: {said}");
    let why = "the database file was deleted or replaced: restart the worker and the web";
    let logged = said
        .lines()
        .filter(|line| line.contains("ERROR") && line.contains(why));
    assert!(logged.count() >= 1, "{what}: {said}");
    assert!(
        said.contains("error: the worker stopped: database: "),
        "{what}: {said}"
    );
    for path in [
        "/readyz",
        "/get_current_values",
        "/api/v1/metrics",
        "/api/v1/records",
    ] {
        eventually(path, async || {
            let (code, said) = status(path).await?;
            (code == 503 && said.contains("deleted or replaced: restart the web")).then_some(())
        })
        .await;
    }
    eventually("the page", async || {
        (status("/monitor").await?.0 == 503).then_some(())
    })
    .await;

    // As a supervisor does. What the worker opens does not make the web's the present again.
    site.world.a.set_total("x", 7.0);
    let _worker = site.program("monitor-worker", &[]);
    site.wait_for_reads(2).await;
    assert_eq!(status("/readyz").await.unwrap().0, 503, "{what}");
    assert!(web.terminate().0.success(), "{}", web.output());
    let _web = site.program("monitor-web", &[]);
    eventually("the web shows what is there", async || {
        let (code, said) = status("/get_current_values").await?;
        (code == 200 && said.contains("\"x\":7")).then_some(())
    })
    .await;
}

fn remove_all(file: &Path) {
    for ending in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{}{ending}", file.display())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_deleted_under_running_programs_is_noticed() {
    is_noticed("deleted", remove_all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_replaced_under_running_programs_is_noticed() {
    is_noticed("replaced", |file| {
        let copy = file.with_extension("copy");
        let mut live = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        live.batch_execute(&format!("VACUUM INTO '{}'", copy.display()))
            .unwrap();
        drop(live);
        remove_all(file);
        std::fs::rename(copy, file).unwrap();
    })
    .await;
}
