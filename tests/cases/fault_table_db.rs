//! The fault table, databases: locked, read-only, full, stopped, cut. Nothing can be shown by what cannot be stored, so
//! the page says how old its values are; and what rose meanwhile is reported, once, when it can be stored again.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use monitor_model::{Db, DbOptions};
use monitor_simulator::{Fault, Times};
use monitor_testkit::postgres::{Cluster, TestDatabase};
use monitor_testkit::require;
use monitor_tests::{Backend, Config, Home, Process, Site, TestApp, Web, binary, eventually};

/// Metrics that are not taken for unreadable because the database is away.
pub(super) fn config() -> Config {
    Config::metrics(
        "[metrics.x]\nalert = { rise = 1, no_data = \"1h\" }\n[metrics.y]\nalert = { rise = 1, no_data = \"1h\" }\n",
    )
}

/// Waits until the rises of x to `values` have been reported, and checks that each was reported once and nothing else.
async fn each_was_told_once(app: &TestApp, values: &[f64]) {
    let n = values.len();
    eventually("every rise is reported", || async {
        let done = app.b().alarms().len() >= n && app.mail().mails().len() >= n;
        (done && app.db.read(monitor_model::deliveries::unfinished).await.ok()? == 0).then_some(())
    })
    .await;
    let alerts = app.alerts().await;
    let reported: Vec<_> = alerts
        .iter()
        .map(|alert| (alert.kind.as_str(), alert.value.unwrap()))
        .collect();
    assert_eq!(
        reported,
        values.iter().map(|value| ("event", *value)).collect::<Vec<_>>()
    );
    assert_eq!(app.b().alarms(), vec!["x"; n]);
    assert_eq!(app.messages().await.len(), n);
    assert_eq!(app.mail().mails().len(), n, "{:?}", app.subjects());
}

async fn wait_for_reads(app: &TestApp, n: usize) {
    let so_far = app.a().reads("x");
    eventually("the worker polls", || async {
        (app.a().reads("x") >= so_far + n).then_some(())
    })
    .await;
}

pub(super) fn sqlite_file(home: &Home) -> PathBuf {
    PathBuf::from(home.url().strip_prefix("sqlite:").unwrap())
}

/// Real time: SQLite's own waiting is what is tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_by_another_process_for_10_s() {
    let app = TestApp::start(Backend::Sqlite, config()).await.unwrap();
    let web = Web::start(&app).await;
    app.while_running(async {
        wait_for_reads(&app, 2).await;
        let other = Db::open(&DbOptions::new(app.home.url())).await.unwrap();
        let (locked, is_locked) = tokio::sync::oneshot::channel();
        let mut locked = Some(locked);
        let holding = tokio::spawn(async move {
            let hold = move |_: &mut monitor_model::Conn| {
                if let Some(locked) = locked.take() {
                    locked.send(()).unwrap();
                }
                std::thread::sleep(Duration::from_secs(10));
                Ok(())
            };
            other.write(hold).await.unwrap();
            other.close().await;
        });
        is_locked.await.unwrap();
        app.a().set_total("x", 3.0);
        wait_for_reads(&app, 1).await;
        // Readers do not wait for writers: the page goes on, with what is stored and its age.
        let (status, body) = web.get("/api/v1/metrics").await;
        assert_eq!(status, 200, "{body}");
        assert!(
            body.contains(r#""value":0"#) && !body.contains(r#""value":3"#),
            "{body}"
        );
        assert_eq!(app.alerts().await.len(), 0, "what is not stored is not sent");
        assert_eq!(app.b().alarms(), Vec::<String>::new());
        holding.await.unwrap();
        each_was_told_once(&app, &[3.0]).await;
    })
    .await;
    app.finish().await;
}

/// The worker, whom file permissions bind: they do not bind root, who therefore runs it without that privilege. Another
/// user would not do, for whom the sources may be out of reach, from which a debug build reads its templates. Nothing
/// where the program for that is missing.
fn bound_worker(site: &Site, folder: &Path) -> Option<Command> {
    let mut command = bound(folder, "monitor-worker")?;
    command.arg("--config").arg(&site.config);
    Some(command)
}

/// A program whom file permissions bind.
pub(super) fn bound(folder: &Path, name: &str) -> Option<Command> {
    Some(if folder.metadata().unwrap().uid() == 0 {
        let mut command = Command::new(require("setpriv")?);
        let privileges = "-dac_override,-dac_read_search";
        command.arg(format!("--bounding-set={privileges}"));
        command.arg(format!("--inh-caps={privileges}")).arg("--");
        command.arg(binary(name));
        command
    } else {
        Command::new(binary(name))
    })
}

pub(super) fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_read_only() {
    let site = Site::with(Backend::Sqlite, &config()).await.unwrap();
    let once = |site: &Site| {
        let mut worker = site.program("monitor-worker", &["--once"]);
        let ended = worker.wait(Duration::from_secs(20));
        assert!(ended.success(), "{}", worker.output());
    };
    once(&site);
    let file = sqlite_file(&site.home);
    allow(&file, 0o444);
    site.world.a.set_total("x", 3.0);

    let Some(mut command) = bound_worker(&site, file.parent().unwrap()) else {
        return;
    };
    command.arg("--once");
    let mut worker = Process::spawn(command);
    let ended = worker.wait(Duration::from_secs(30));
    // Shown to whoever started it.
    assert_eq!(ended.code(), Some(1), "{}", worker.output());
    let said = worker.output();
    assert!(said.contains("attempt to write a readonly database"), "{said}");
    assert_eq!(
        site.world.b.alarms(),
        Vec::<String>::new(),
        "what cannot be stored is not sent"
    );
    assert_eq!(site.world.mail.mails().len(), 0);

    allow(&file, 0o666);
    for ending in ["-wal", "-shm"] {
        let beside = PathBuf::from(format!("{}{ending}", file.display()));
        if beside.exists() {
            allow(&beside, 0o666);
        }
    }
    once(&site);
    assert_eq!(site.world.b.alarms(), ["x"]);
    assert_eq!(site.world.mail.mails().len(), 1);
}

/// The disk is full for one process: its files may grow no further (RLIMIT_FSIZE), and later they may again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk() {
    let (Some(bash), Some(prlimit)) = (require("bash"), require("prlimit")) else {
        return;
    };
    let config = Config {
        interval: "100ms".into(),
        ..config()
    };
    let site = Site::with(Backend::Sqlite, &config).await.unwrap();
    let mut worker = site.program("monitor-worker", &["--once"]);
    assert!(
        worker.wait(Duration::from_secs(20)).success(),
        "{}",
        worker.output()
    );
    // What is in the log beside it may not have been moved into the file yet.
    let file = sqlite_file(&site.home);
    let log = PathBuf::from(format!("{}-wal", file.display()));
    let length = |path: &Path| path.metadata().map_or(0, |there| there.len());
    let size = length(&file) + length(&log);

    let health = monitor_simulator::ports::free_port().unwrap();
    let mut command = Command::new(bash);
    let blocks = size / 1024 + 200;
    command.args(["-c", &format!("trap '' XFSZ; ulimit -S -f {blocks}; exec \"$@\"")]);
    command
        .arg("worker")
        .arg(binary("monitor-worker"))
        .arg("--config")
        .arg(&site.config);
    command.env("MONITOR__WORKER__LISTEN", format!("127.0.0.1:{health}"));
    let worker = Process::spawn(command);
    let ready = async || {
        let answer = monitor_tests::http()
            .get(format!("http://127.0.0.1:{health}/readyz"))
            .send()
            .await
            .ok()?;
        serde_json::from_str::<serde_json::Value>(&answer.text().await.ok()?).ok()
    };
    eventually("the disk is full", async || {
        let said = ready().await?;
        let is_unsaved = said["done"]["unsaved"].as_u64()? > 0;
        (is_unsaved && said["status"] == "not_ready").then_some(())
    })
    .await;
    site.world.a.set_total("x", 3.0);
    site.wait_for_reads(5).await;
    let said = worker.output();
    assert!(said.contains("the reading could not be stored"), "{said}");
    assert_eq!(
        site.world.b.alarms(),
        Vec::<String>::new(),
        "what cannot be stored is not sent"
    );
    assert_eq!(site.world.mail.mails().len(), 0);

    // Somebody makes room. The worker goes on by itself.
    let id = worker.id().to_string();
    let made = Command::new(prlimit)
        .args(["--pid", &id, "--fsize=unlimited"])
        .status()
        .unwrap();
    assert!(made.success());
    eventually("the alarm and the mail", || async {
        (site.world.b.alarms().len() == 1 && site.world.mail.mails().len() == 1).then_some(())
    })
    .await;
    site.wait_for_reads(5).await;
    assert_eq!(site.world.b.alarms(), ["x"]);
    assert_eq!(site.world.mail.mails().len(), 1);
    let db = Db::open(&DbOptions::new(site.home.url())).await.unwrap();
    let alerts = db
        .read(|conn| monitor_model::alerts::recent(conn, 10))
        .await
        .unwrap();
    assert_eq!(
        alerts.iter().map(|alert| alert.value).collect::<Vec<_>>(),
        [Some(3.0)]
    );
    db.close().await;
}

/// The database of the test, in a cluster that it may stop.
fn database(app: &TestApp) -> &TestDatabase {
    match &app.home {
        Home::Postgres(database) => database,
        Home::Sqlite(_) => panic!("this is about PostgreSQL"),
    }
}

async fn on_a_server_of_its_own() -> Option<TestApp> {
    let cluster = Cluster::start()?;
    Some(TestApp::start_in(Home::Postgres(cluster.database().unwrap()), config()).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_stopped_and_started() {
    let Some(app) = on_a_server_of_its_own().await else {
        return;
    };
    let web = Web::start(&app).await;
    let cluster = database(&app).cluster().clone();
    app.while_running(async {
        wait_for_reads(&app, 2).await;
        assert_eq!(web.get("/readyz").await.0, 200);
        // An alarm is under way as the server goes down: it cannot be marked, and must not be sounded again for that.
        app.b().fault(
            "/api/alarm",
            Fault::DelayHead(Duration::from_secs(1)),
            Times::Once,
        );
        app.a().set_total("x", 3.0);
        eventually("the alarm", || async {
            (app.b().alarms() == ["x"]).then_some(())
        })
        .await;
        let stopping = cluster.clone();
        tokio::task::spawn_blocking(move || stopping.stop())
            .await
            .unwrap()
            .unwrap();

        app.a().set_total("x", 5.0);
        wait_for_reads(&app, 1).await;
        // The page shows what it knew, and since when it knows nothing more.
        eventually("the page says so", || async {
            let (status, body) = web.get("/api/v1/metrics").await;
            (status == 503 && body.contains("what is known is from")).then_some(())
        })
        .await;
        let (status, page) = web.get("/monitor").await;
        assert!(status == 503 && page.contains("stale since"), "{page}");
        assert_eq!(web.get("/readyz").await.0, 503);
        assert!(app.b().alarms() == ["x"], "what is not stored is not sent");

        let starting = cluster.clone();
        tokio::task::spawn_blocking(move || starting.start_again())
            .await
            .unwrap()
            .unwrap();
        each_was_told_once(&app, &[3.0, 5.0]).await;
        eventually("the page is back", || async {
            (web.get("/readyz").await.0 == 200).then_some(())
        })
        .await;
    })
    .await;
    app.finish().await;
}

/// Cuts all connections as soon as one is in the middle of a transaction that opens an alert.
async fn cut_in_mid_transaction(app: &TestApp, total: f64) {
    app.a().set_total("x", total);
    eventually("a transaction is under way", || async {
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        (database(app).sql(sleeping).unwrap() != "0").then_some(())
    })
    .await;
    // Whoever comes after it does not sleep.
    let awake =
        "CREATE OR REPLACE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'";
    database(app).sql(awake).unwrap();
    assert!(database(app).cut_connections().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_cut_in_mid_transaction() {
    let Some(app) = TestApp::start(Backend::Postgres, config()).await else {
        return;
    };
    let nap = "CREATE OR REPLACE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(20); RETURN NEW; END'";
    app.while_running(async {
        wait_for_reads(&app, 2).await;
        // In the middle of it, then in the middle of its COMMIT.
        for (total, when) in [
            (
                1.0,
                "CREATE TRIGGER nap BEFORE INSERT ON alert FOR EACH ROW EXECUTE FUNCTION nap()",
            ),
            (
                2.0,
                "DROP TRIGGER nap ON alert; CREATE CONSTRAINT TRIGGER nap AFTER INSERT ON alert \
                 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nap()",
            ),
        ] {
            database(&app).sql(nap).unwrap();
            database(&app).sql(when).unwrap();
            cut_in_mid_transaction(&app, total).await;
            eventually("the alarm", || async {
                (app.b().alarms().len() == total as usize).then_some(())
            })
            .await;
        }
        each_was_told_once(&app, &[1.0, 2.0]).await;
    })
    .await;
    let stats = app.db.stats();
    assert!(
        stats.reruns > 0 && stats.failures > 0,
        "the first was run again, of the second nobody knew: {stats:?}"
    );
    app.finish().await;
}
